//===- SettleShapes.cpp - What a model requires of its extents ------------===//
//
// Names of extents say less than the ops: a mask of `total` columns that is
// added to scores of `past + sequence` ones has that many itself. Requirements
// of the graph that say what a symbol is replace it, so that callers, memory
// and kernels know of no other; all others are checked when the model runs.
//
//===----------------------------------------------------------------------===//
#include "Import.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "llvm/Support/MathExtras.h"
#include <numeric>

using namespace mlir;
using namespace attune;

namespace {

class Settler {
public:
  Settler(ModuleOp module, func::FuncOp function)
      : module(module), function(function),
        limits(module->getAttrOfType<DictionaryAttr>(kMaxDimsAttr)) {}

  void run(ArrayRef<ShapeRequirement> given, ArrayRef<DimExpr> appended);

private:
  void findSymbols();
  bool isKnown(const DimExpr &extent) const;
  DimExpr resolve(DimExpr extent) const;
  bool solve(const ShapeRequirement &requirement);
  bool alwaysHolds(const ShapeRequirement &requirement) const;
  void replaceSymbols();
  void noteMinimums(ArrayRef<DimExpr> appended);
  ArrayAttr rename(ArrayAttr dims);
  void limitSymbols();
  ArrayAttr listOpen();

  ModuleOp module;
  func::FuncOp function;
  NamedAttrList limits;
  /// Symbols that inputs have as an extent, in their order.
  SmallVector<std::string> symbols;
  /// Symbols that are no more, and what they are.
  SmallVector<std::pair<std::string, DimExpr>> solved;
  llvm::StringSet<> mayBeEmpty;
  SmallVector<ShapeRequirement> open;
};

} // namespace

void Settler::findSymbols() {
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    auto dims = function.getArgAttrOfType<ArrayAttr>(i, kDimsAttr);
    for (size_t d = 0; dims && d < dims.size(); ++d)
      if (std::optional<DimExpr> extent = getNamedExtent(dims, d))
        if (StringRef symbol = extent->getSymbol();
            !symbol.empty() && !llvm::is_contained(symbols, symbol))
          symbols.push_back(symbol.str());
  }
}

bool Settler::isKnown(const DimExpr &extent) const {
  for (const auto &[monomial, coefficient] : extent.getTerms())
    for (const std::string &symbol : monomial)
      if (!llvm::is_contained(symbols, symbol))
        return false;
  return true;
}

DimExpr Settler::resolve(DimExpr extent) const {
  for (const auto &[symbol, value] : solved)
    extent = extent.substitute(symbol, value);
  return extent;
}

/// Divided by what all coefficients have in common.
static DimExpr withoutFactor(const DimExpr &sum) {
  uint64_t common = 0;
  for (const auto &[monomial, coefficient] : sum.getTerms())
    common = std::gcd(common, llvm::AbsoluteValue(coefficient));
  if (common <= 1 || common > std::numeric_limits<int64_t>::max())
    return sum;
  return sum.divideBy(DimExpr(static_cast<int64_t>(common))).value_or(sum);
}

/// What `symbol` is when `difference` is 0: a sum of other symbols that cannot
/// be negative.
static std::optional<DimExpr> solveFor(StringRef symbol,
                                       const DimExpr &difference) {
  int64_t factor = 0;
  for (const auto &[monomial, coefficient] : difference.getTerms()) {
    if (!llvm::is_contained(monomial, symbol))
      continue;
    if (monomial.size() != 1)
      return std::nullopt;
    factor = coefficient;
  }
  if (factor != 1 && factor != -1)
    return std::nullopt;
  DimExpr rest = difference - DimExpr::symbol(symbol) * DimExpr(factor);
  if (factor == 1)
    rest = DimExpr() - rest;
  if (rest.getConstant())
    return std::nullopt;
  for (const auto &[monomial, coefficient] : rest.getTerms())
    if (coefficient < 0)
      return std::nullopt;
  return rest;
}

/// Replaces a symbol when the requirement says what it is.
bool Settler::solve(const ShapeRequirement &requirement) {
  if (requirement.isLimit)
    return false;
  DimExpr difference = withoutFactor(requirement.left - requirement.right);
  // Of two symbols the one of the later input goes.
  for (const std::string &symbol : llvm::reverse(symbols)) {
    std::optional<DimExpr> value = solveFor(symbol, difference);
    if (!value)
      continue;
    for (auto &[other, known] : solved)
      known = known.substitute(symbol, *value);
    solved.emplace_back(symbol, *value);
    return true;
  }
  return false;
}

/// Whether the requirement is met by all extents that the model takes.
bool Settler::alwaysHolds(const ShapeRequirement &requirement) const {
  DimExpr difference = requirement.right - requirement.left;
  if (difference == DimExpr())
    return true;
  if (!requirement.isLimit)
    return false;
  // With every symbol as its smallest value and what it has more than that.
  for (const std::string &symbol : symbols)
    if (!mayBeEmpty.contains(symbol))
      difference =
          difference.substitute(symbol, DimExpr::symbol(symbol) + DimExpr(1));
  return llvm::all_of(difference.getTerms(),
                      [](const auto &term) { return term.second >= 0; });
}

ArrayAttr Settler::rename(ArrayAttr dims) {
  SmallVector<Attribute> renamed;
  for (size_t i = 0; i < dims.size(); ++i) {
    std::optional<DimExpr> extent = getNamedExtent(dims, i);
    renamed.push_back(
        extent ? StringAttr::get(dims.getContext(), resolve(*extent).str())
               : dims[i]);
  }
  return ArrayAttr::get(dims.getContext(), renamed);
}

void Settler::replaceSymbols() {
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    if (auto dims = function.getArgAttrOfType<ArrayAttr>(i, kDimsAttr))
      function.setArgAttr(i, kDimsAttr, rename(dims));
  for (unsigned i = 0; i < function.getNumResults(); ++i)
    if (auto dims = function.getResultAttrOfType<ArrayAttr>(i, kDimsAttr))
      function.setResultAttr(i, kDimsAttr, rename(dims));
  AttrTypeReplacer replacer;
  replacer.addReplacement([&](ShapeAttr shape) -> std::optional<Attribute> {
    SymbolicShape resolved;
    for (const DimExpr &extent : shape.getShape())
      resolved.push_back(resolve(extent));
    return ShapeAttr::get(shape.getContext(), resolved);
  });
  replacer.recursivelyReplaceElementsIn(function, /*replaceAttrs=*/true);
}

void Settler::noteMinimums(ArrayRef<DimExpr> appended) {
  for (const DimExpr &extent : appended) {
    DimExpr resolved = resolve(extent);
    if (StringRef symbol = resolved.getSymbol(); !symbol.empty())
      if (llvm::is_contained(symbols, symbol))
        mayBeEmpty.insert(symbol);
  }
}

/// What is subtracted from one side is added to the other.
static void balance(ShapeRequirement &requirement) {
  DimExpr difference = requirement.right - requirement.left;
  DimExpr left, right;
  for (const auto &[monomial, coefficient] : difference.getTerms()) {
    DimExpr term = coefficient;
    for (const std::string &symbol : monomial)
      term *= DimExpr::symbol(symbol);
    if (coefficient > 0)
      right += term;
    else
      left = left - term;
  }
  requirement.left = left;
  requirement.right = right;
}

/// Limits of single symbols are what attune.max_dims is for.
void Settler::limitSymbols() {
  llvm::erase_if(open, [&](const ShapeRequirement &requirement) {
    StringRef symbol = requirement.left.getSymbol();
    std::optional<int64_t> most = requirement.right.getConstant();
    if (!requirement.isLimit || symbol.empty() || !most || *most < 1)
      return false;
    auto known = dyn_cast_or_null<IntegerAttr>(limits.get(symbol));
    if (!known || known.getInt() > *most)
      limits.set(symbol, IntegerAttr::get(
                             IntegerType::get(module.getContext(), 64), *most));
    return true;
  });
}

/// The entries of attune.constraints.
ArrayAttr Settler::listOpen() {
  OpBuilder builder(module.getContext());
  SmallVector<Attribute> entries;
  llvm::StringSet<> seen;
  for (const ShapeRequirement &requirement : open) {
    StringRef relation = requirement.isLimit ? "at_most" : "equal";
    std::string left = requirement.left.str(), right = requirement.right.str();
    if (!seen.insert(left + relation.str() + right).second)
      continue;
    entries.push_back(builder.getDictionaryAttr(
        {builder.getNamedAttr("left", builder.getStringAttr(left)),
         builder.getNamedAttr("relation", builder.getStringAttr(relation)),
         builder.getNamedAttr("right", builder.getStringAttr(right)),
         builder.getNamedAttr("where",
                              builder.getStringAttr(requirement.where))}));
  }
  return builder.getArrayAttr(entries);
}

void Settler::run(ArrayRef<ShapeRequirement> given,
                  ArrayRef<DimExpr> appended) {
  findSymbols();
  // What no input gives is nothing that a call could be asked for.
  for (const ShapeRequirement &requirement : given)
    if (isKnown(requirement.left) && isKnown(requirement.right))
      open.push_back(requirement);
  auto resolveAll = [&] {
    for (ShapeRequirement &requirement : open) {
      requirement.left = resolve(requirement.left);
      requirement.right = resolve(requirement.right);
    }
  };
  // One that says what a symbol is may decide others.
  while (llvm::any_of(open, [&](const ShapeRequirement &requirement) {
    return solve(requirement);
  }))
    resolveAll();
  if (!solved.empty())
    replaceSymbols();
  noteMinimums(appended);
  for (auto &[symbol, value] : solved)
    if (auto limit = dyn_cast_or_null<IntegerAttr>(limits.erase(symbol)))
      open.push_back({value, /*isLimit=*/true, limit.getInt(),
                      "the extent '" + symbol + "'"});
  llvm::erase_if(open, [&](const ShapeRequirement &requirement) {
    return alwaysHolds(requirement);
  });
  llvm::for_each(open, balance);
  limitSymbols();

  OpBuilder builder(module.getContext());
  if (!open.empty())
    module->setAttr(kConstraintsAttr, listOpen());
  module->setAttr(kMaxDimsAttr, limits.getDictionary(module.getContext()));
  NamedAttrList minimums;
  for (const std::string &symbol : symbols)
    if (mayBeEmpty.contains(symbol))
      minimums.set(symbol, builder.getI64IntegerAttr(0));
  if (!minimums.empty())
    module->setAttr(kMinDimsAttr, minimums.getDictionary(module.getContext()));
}

void attune::settleShapes(ModuleOp module, func::FuncOp function,
                          const GraphBuilder &graph) {
  Settler(module, function)
      .run(graph.getRequirements(), graph.getAppendedExtents());
}
