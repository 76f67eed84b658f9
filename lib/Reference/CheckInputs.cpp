//===- CheckInputs.cpp - Whether tensors fit a function -------------------===//
#include "CheckInputs.h"
#include "attune/Dialect/Attune/IR/Attune.h"
#include "attune/Reference/ReferenceOpInterface.h"

#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace attune;

bool attune::fits(const Tensor &tensor, Type type) {
  auto expected = dyn_cast<RankedTensorType>(type);
  if (!expected || expected.getRank() != tensor.getRank())
    return false;
  if (tensor.isFloat() != isa<FloatType>(expected.getElementType()))
    return false;
  return llvm::all_of_zip(expected.getShape(), tensor.getShape(),
                          [](int64_t wanted, int64_t actual) {
                            return ShapedType::isDynamic(wanted) ||
                                   wanted == actual;
                          });
}

namespace {
/// An extent that a symbol stands for, and the input it was first seen at.
struct SeenExtent {
  int64_t extent;
  std::string input;
};
} // namespace

/// Checks that each symbol stands for one extent in all inputs.
static llvm::Error checkSymbols(FunctionOpInterface function, StringRef name,
                                const Tensor &tensor, ArrayAttr symbols,
                                llvm::StringMap<SeenExtent> &seen) {
  for (auto [d, extent] : llvm::enumerate(tensor.getShape())) {
    std::optional<DimExpr> named = getNamedExtent(symbols, d);
    StringRef symbol = named ? named->getSymbol() : StringRef();
    if (symbol.empty())
      continue;
    auto [entry, isNew] =
        seen.try_emplace(symbol, SeenExtent{extent, name.str()});
    if (!isNew && entry->second.extent != extent)
      return errorAt(function, "expected one value of '" + symbol + "', got " +
                                   Twine(entry->second.extent) + " at " +
                                   entry->second.input + " and " +
                                   Twine(extent) + " at " + name);
  }
  return llvm::Error::success();
}

static std::string describeInput(FunctionOpInterface function, unsigned i) {
  auto given = function.getArgAttrOfType<StringAttr>(i, kNameAttr);
  return given ? ("input '" + given.getValue() + "'").str()
               : ("input " + Twine(i)).str();
}

/// Checks extents that follow from symbols.
static llvm::Error checkPolynomials(FunctionOpInterface function,
                                    ArrayRef<Tensor> inputs,
                                    const llvm::StringMap<SeenExtent> &seen) {
  llvm::StringMap<int64_t> values;
  for (const auto &entry : seen)
    values[entry.getKey()] = entry.getValue().extent;
  for (auto [i, tensor] : llvm::enumerate(inputs)) {
    auto dims = function.getArgAttrOfType<ArrayAttr>(i, kDimsAttr);
    for (auto [d, extent] : llvm::enumerate(tensor.getShape())) {
      std::optional<DimExpr> named = getNamedExtent(dims, d);
      if (!named || !named->getSymbol().empty() ||
          named->evaluateExactly(values) == extent)
        continue;
      return errorAt(function, "expected " + Twine(named->str()) +
                                   " as dimension " + Twine(d) + " of " +
                                   describeInput(function, i) + ", got " +
                                   Twine(extent));
    }
  }
  return llvm::Error::success();
}

llvm::Error attune::checkInputs(FunctionOpInterface function,
                                ArrayRef<Tensor> inputs) {
  if (function.getNumArguments() != inputs.size())
    return errorAt(function, "expected " + Twine(function.getNumArguments()) +
                                 " inputs, got " + Twine(inputs.size()));
  llvm::StringMap<SeenExtent> seen;
  for (auto [i, tensor] : llvm::enumerate(inputs)) {
    std::string name = describeInput(function, i);
    Type type = function.getArgumentTypes()[i];
    if (!fits(tensor, type)) {
      std::string text;
      llvm::raw_string_ostream(text) << "expected " << name << " of type "
                                     << type << ", got " << tensor.describe();
      return errorAt(function, text);
    }
    if (auto symbols = function.getArgAttrOfType<ArrayAttr>(i, kDimsAttr))
      if (llvm::Error error =
              checkSymbols(function, name, tensor, symbols, seen))
        return error;
    auto limit = function.getArgAttrOfType<IntegerAttr>(i, kLimitAttr);
    if (!limit || tensor.isFloat() ||
        limit.getValue().getSignificantBits() > 64)
      continue; // nothing exceeds a limit of more than 64 bits
    for (int64_t value : tensor.getIntegers())
      if (value < 0 || value >= limit.getValue().getSExtValue())
        return errorAt(function, "expected values of " + name + " in [0, " +
                                     Twine(limit.getValue().getSExtValue()) +
                                     "), got " + Twine(value));
  }
  return checkPolynomials(function, inputs, seen);
}
