//===- BindInputs.cpp - Inputs of a function by name ----------------------===//
#include "attune/Reference/BindInputs.h"
#include "attune/Dialect/Attune/IR/Attune.h"
#include "attune/Reference/ElementTypes.h"
#include "attune/Reference/ReferenceOpInterface.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace attune;

using Extents = llvm::StringMap<int64_t>;

static StringRef inputName(FunctionOpInterface function, unsigned i) {
  auto name = function.getArgAttrOfType<StringAttr>(i, kNameAttr);
  return name ? name.getValue() : StringRef();
}

/// What attune.dims says of dimension `d` of parameter `i`.
static std::optional<DimExpr> namedExtent(FunctionOpInterface function,
                                          unsigned i, size_t d) {
  return getNamedExtent(function.getArgAttrOfType<ArrayAttr>(i, kDimsAttr), d);
}

/// The tensor that stands for an input which was left out.
static llvm::Expected<Tensor> makeAbsent(FunctionOpInterface function,
                                         unsigned i, const Extents &extents) {
  StringRef name = inputName(function, i);
  auto fill = function.getArgAttrOfType<StringAttr>(i, kWhenAbsentAttr);
  auto type = dyn_cast<RankedTensorType>(function.getArgumentTypes()[i]);
  if (!type || !fill ||
      (fill.getValue() != "zeros" && fill.getValue() != "ones"))
    return errorAt(function, "expected an input '" + name +
                                 "', which is needed, but none was given");
  SmallVector<int64_t, 4> shape(type.getShape());
  for (auto [d, extent] : llvm::enumerate(shape)) {
    if (!ShapedType::isDynamic(extent))
      continue;
    std::optional<DimExpr> named = namedExtent(function, i, d);
    std::optional<int64_t> known =
        named ? named->evaluateExactly(extents) : std::nullopt;
    if (!known || *known < 0)
      return errorAt(function, "dimension " + Twine(d) + " of the input '" +
                                   name +
                                   "', which was left out, follows from no "
                                   "other input; give that input");
    extent = *known;
  }
  std::optional<int64_t> count = countElements(shape);
  if (!count)
    return errorAt(function, "the input '" + name + "' is too large");
  int64_t value = fill.getValue() == "ones";
  return conform(Tensor::integers(shape, std::vector<int64_t>(*count, value)),
                 type.getElementType());
}

llvm::Expected<SmallVector<Tensor>>
attune::bindInputs(FunctionOpInterface function,
                   const llvm::StringMap<Tensor> &named) {
  Extents extents;
  SmallVector<StringRef> names;
  size_t used = 0;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    names.push_back(inputName(function, i));
    auto given = named.find(names.back());
    if (given == named.end())
      continue;
    ++used;
    for (auto [d, extent] : llvm::enumerate(given->second.getShape()))
      if (std::optional<DimExpr> named = namedExtent(function, i, d))
        if (StringRef symbol = named->getSymbol(); !symbol.empty())
          extents.try_emplace(symbol, extent);
  }
  if (used < named.size())
    for (const auto &entry : named)
      if (!llvm::is_contained(names, entry.first()))
        return errorAt(function, "has no input '" + entry.first() +
                                     "'; its inputs are " +
                                     llvm::join(names, ", "));

  SmallVector<Tensor> inputs;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    auto given = named.find(inputName(function, i));
    if (given != named.end()) {
      inputs.push_back(given->second);
      continue;
    }
    llvm::Expected<Tensor> absent = makeAbsent(function, i, extents);
    if (!absent)
      return absent.takeError();
    inputs.push_back(std::move(*absent));
  }
  return inputs;
}
