//===- Workload.cpp - What a kernel computes, as a key --------------------===//
#include "attune/Tuning/Workload.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace attune;

/// Limits of a text that comes from elsewhere: MLIR's parser recurses.
static constexpr size_t kMaxTextBytes = 1 << 20;
static constexpr int kMaxNesting = 64;
/// Labels are for tables.
static constexpr size_t kMaxLabelParts = 8;

//===----------------------------------------------------------------------===//
// The canonical form
//===----------------------------------------------------------------------===//

/// A kernel of its own with nothing but the specification of the other: what
/// may be dropped without changing what is computed is dropped.
static OwningOpRef<KernelOp> makeCanonical(KernelOp kernel) {
  MLIRContext *context = kernel.getContext();
  OpBuilder builder(context);
  OwningOpRef<KernelOp> canonical = KernelOp::create(
      builder, builder.getUnknownLoc(), "kernel", kernel.getFunctionType(),
      /*backend=*/StringAttr(), /*schedule=*/DictionaryAttr(),
      /*arg_attrs=*/ArrayAttr(), /*res_attrs=*/ArrayAttr());
  IRMapping mapping;
  kernel.getBody().cloneInto(&canonical->getBody(), mapping);
  canonical->walk([&](Operation *op) {
    if (op != canonical->getOperation())
      op->setDiscardableAttrs(DictionaryAttr::get(context));
  });
  return canonical;
}

static std::string printCanonical(KernelOp kernel) {
  OwningOpRef<KernelOp> canonical = makeCanonical(kernel);
  std::string text;
  llvm::raw_string_ostream os(text);
  // Said explicitly, for some of these follow command line options of
  // attune-opt.
  OpPrintingFlags flags;
  flags.enableDebugInfo(false).printGenericOpForm(false);
  flags.useLocalScope().assumeVerified().printUniqueSSAIDs(false);
  flags.printNameLocAsPrefix(false);
  canonical->getOperation()->print(os, flags);
  os << '\n';
  return text;
}

//===----------------------------------------------------------------------===//
// Labels
//===----------------------------------------------------------------------===//

static StringRef getShortName(Operation *op) {
  return op->getName().stripDialect();
}

/// The last extent of a tensor, when it is static.
static std::optional<int64_t> getLastExtent(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || tensor.getRank() == 0 ||
      tensor.isDynamicDim(tensor.getRank() - 1))
    return std::nullopt;
  return tensor.getShape().back();
}

/// "384x1536": from which to how many columns; "199x64" for a table that is
/// looked up; "" when nothing is static.
static std::string getSizes(TypeRange operands, TypeRange results) {
  std::optional<int64_t> in, out;
  if (!operands.empty())
    in = getLastExtent(operands.front());
  if (!results.empty())
    out = getLastExtent(results.front());
  if (in)
    return std::to_string(*in) +
           (out && out != in ? "x" + std::to_string(*out) : "");
  for (Type type : operands)
    if (auto tensor = dyn_cast<RankedTensorType>(type);
        tensor && tensor.hasStaticShape() && tensor.getRank() > 0)
      return llvm::join(llvm::map_range(tensor.getShape(),
                                        [](int64_t extent) {
                                          return std::to_string(extent);
                                        }),
                        "x");
  return out ? std::to_string(*out) : "";
}

/// Attributes that tell kernels of a family apart: switches and counts.
static std::string getTraits(Operation *op) {
  std::string text;
  for (NamedAttribute entry : op->getAttrs()) {
    std::string name = entry.getName().strref().str();
    // How optional operands are stored.
    if (isa<DenseArrayAttr>(entry.getValue()))
      continue;
    if (isa<UnitAttr>(entry.getValue())) {
      text += " " + name;
    } else if (auto value = dyn_cast<IntegerAttr>(entry.getValue())) {
      SmallString<24> digits;
      value.getValue().toStringSigned(digits);
      text += " " + name + "=" + digits.str().str();
    }
  }
  return text;
}

static std::string makeLabel(KernelOp kernel) {
  Block &block = kernel.getBody().front();
  KernelOpInterface anchor = kernel.getAnchor();
  std::vector<std::string> parts;
  if (!anchor) {
    std::string sizes =
        getSizes(kernel.getArgumentTypes(), kernel.getResultTypes());
    parts.push_back(kernel.getFamily().str() +
                    (sizes.empty() ? "" : " " + sizes));
  }
  for (Operation &op : block.without_terminator()) {
    if (anchor && &op == anchor.getOperation()) {
      std::string sizes = getSizes(op.getOperandTypes(), op.getResultTypes());
      parts.push_back(kernel.getFamily().str() +
                      (sizes.empty() ? "" : " " + sizes) + getTraits(&op));
    } else {
      parts.push_back(getShortName(&op).str());
    }
  }
  if (parts.size() > kMaxLabelParts) {
    size_t left = parts.size() - kMaxLabelParts;
    parts.resize(kMaxLabelParts);
    parts.push_back(std::to_string(left) + " more");
  }
  std::string label = llvm::join(parts, " + ");
  llvm::raw_string_ostream os(label);
  if (!kernel.getResultTypes().empty())
    os << ' ' << getElementTypeOrSelf(kernel.getResultTypes().front());
  return label;
}

Workload attune::getWorkload(KernelOp kernel) {
  Workload workload;
  workload.text = printCanonical(kernel);
  workload.id = llvm::utohexstr(llvm::xxh3_64bits(workload.text),
                                /*LowerCase=*/true, /*Width=*/16);
  workload.family = kernel.getFamily().str();
  workload.label = makeLabel(kernel);
  return workload;
}

//===----------------------------------------------------------------------===//
// Reading it back
//===----------------------------------------------------------------------===//

/// Whether brackets nest so deep that a recursive parser is in danger.
static bool nestsTooDeep(StringRef text) {
  int depth = 0;
  char before = 0;
  for (char c : text) {
    if (StringRef("([{<").contains(c)) {
      if (++depth > kMaxNesting)
        return true;
    } else if (StringRef(")]}>").contains(c) && depth > 0 &&
               !(c == '>' && before == '-')) {
      --depth;
    }
    before = c;
  }
  return false;
}

llvm::Expected<OwningOpRef<ModuleOp>>
attune::parseWorkload(MLIRContext &context, StringRef text) {
  auto fail = [](const Twine &what) {
    return userError("a kernel's text: " + what);
  };
  if (text.size() > kMaxTextBytes)
    return fail("expected at most " + Twine(kMaxTextBytes) + " bytes, found " +
                Twine(text.size()));
  if (nestsTooDeep(text))
    return fail("more than " + Twine(kMaxNesting) + " levels of brackets");
  context.getOrLoadDialect<AttuneDialect>();
  std::string problems;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() != DiagnosticSeverity::Error)
      return success();
    llvm::raw_string_ostream os(problems);
    os << (problems.empty() ? "" : "; ");
    if (auto place = dyn_cast<FileLineColLoc>(diagnostic.getLocation()))
      os << "line " << place.getLine() << ": ";
    os << diagnostic.str();
    return success();
  });
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(
      text, ParserConfig(&context, /*verifyAfterParse=*/true), "kernel");
  if (!module)
    return fail(printable(problems.empty() ? "not IR" : problems, 600));
  Block *body = module->getBody();
  if (!llvm::hasSingleElement(*body) || !isa<KernelOp>(body->front()))
    return fail("expected one attune.kernel and nothing else");
  return std::move(module);
}
