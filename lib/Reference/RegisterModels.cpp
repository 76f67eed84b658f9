//===- RegisterModels.cpp - Attaches the models of all families -----------===//
#include "Models.h"
#include "attune/Support/Error.h"

#include "mlir/IR/DialectRegistry.h"

using namespace mlir;
using namespace attune;

#include "attune/Reference/ReferenceOpInterface.cpp.inc"

void attune::registerReferenceModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, AttuneDialect *) {
    attachAttentionModels(*context);
    attachCausalConvModels(*context);
    attachConvModels(*context);
    attachElementwiseModels(*context);
    attachFeatureMapModels(*context);
    attachHybridAttentionModels(*context);
    attachIndexModels(*context);
    attachKernelModels(*context);
    attachLinearAttentionModels(*context);
    attachLinearModels(*context);
    attachNormModels(*context);
    attachNumberModels(*context);
    attachPositionModels(*context);
    attachRecurrentModels(*context);
    attachReduceModels(*context);
    attachScatterModels(*context);
    attachShapeModels(*context);
  });
}

/// "file:line:column", a name, or several of them.
static void printLocation(llvm::raw_ostream &os, Location location) {
  if (auto file = dyn_cast<FileLineColLoc>(location)) {
    os << file.getFilename().getValue() << ':' << file.getLine() << ':'
       << file.getColumn();
  } else if (auto name = dyn_cast<NameLoc>(location)) {
    os << name.getName().getValue();
    if (!isa<UnknownLoc>(name.getChildLoc())) {
      os << " at ";
      printLocation(os, name.getChildLoc());
    }
  } else if (auto fused = dyn_cast<FusedLoc>(location)) {
    llvm::interleaveComma(fused.getLocations(), os,
                          [&](Location part) { printLocation(os, part); });
  } else if (isa<UnknownLoc>(location)) {
    os << "unknown location";
  } else {
    location.print(os);
  }
}

llvm::Error attune::errorAt(Operation *op, const Twine &message) {
  std::string text;
  llvm::raw_string_ostream os(text);
  printLocation(os, op->getLoc());
  os << ": '" << op->getName() << "': " << message;
  return userError(text);
}

std::string attune::extentsText(ArrayRef<int64_t> shape) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << '[';
  llvm::interleaveComma(shape, os);
  os << ']';
  return text;
}

llvm::Expected<std::vector<double>>
attune::makeValues(Operation *op, ArrayRef<int64_t> shape) {
  if (std::optional<int64_t> count = countElements(shape))
    return std::vector<double>(*count, 0.0);
  return errorAt(op, "the result would have the shape " + extentsText(shape) +
                         ", too large for any memory; use smaller inputs");
}

llvm::Error attune::expectShape(Operation *op, StringRef what,
                                const Tensor &tensor,
                                ArrayRef<int64_t> expected) {
  if (tensor.getShape() == expected)
    return llvm::Error::success();
  return errorAt(op, "expected " + what + " of shape " + extentsText(expected) +
                         ", got " + extentsText(tensor.getShape()));
}
