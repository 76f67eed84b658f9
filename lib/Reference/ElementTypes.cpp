//===- ElementTypes.cpp - Element types of the IR in tensors --------------===//
#include "attune/Reference/ElementTypes.h"

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;
using namespace attune;

ElementType attune::getStorage(Type element) {
  if (element.isF64())
    return ElementType::F64;
  return isa<FloatType>(element) ? ElementType::F32 : ElementType::I64;
}

double attune::roundTo(Type element, double value) {
  if (element.isF64())
    return value;
  if (element.isF32())
    return static_cast<float>(value);
  llvm::APFloat rounded(value);
  bool losesInfo;
  rounded.convert(cast<FloatType>(element).getFloatSemantics(),
                  llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  return rounded.convertToDouble();
}

int64_t attune::wrapTo(Type element, int64_t value) {
  unsigned width = element.getIntOrFloatBitWidth();
  if (width == 1)
    return value != 0;
  if (width >= 64)
    return value;
  if (element.isUnsignedInteger())
    return value & llvm::maskTrailingOnes<uint64_t>(width);
  return llvm::SignExtend64(value, width);
}

int64_t attune::truncateTo(Type element, double value) {
  unsigned width = element.getIntOrFloatBitWidth();
  if (width == 1)
    return value != 0;
  if (std::isnan(value))
    return 0;
  bool isUnsigned = element.isUnsignedInteger();
  double limit = std::ldexp(1.0, isUnsigned ? width : width - 1);
  value = std::trunc(value);
  if (value >= limit)
    return isUnsigned ? llvm::maskTrailingOnes<uint64_t>(width)
                      : llvm::maxIntN(width);
  if (isUnsigned)
    return value <= 0 ? 0 : static_cast<int64_t>(static_cast<uint64_t>(value));
  return value < -limit ? llvm::minIntN(width) : static_cast<int64_t>(value);
}

double attune::integerToDouble(Type element, int64_t value) {
  if (element.isUnsignedInteger())
    return static_cast<double>(static_cast<uint64_t>(value));
  return static_cast<double>(value);
}

Tensor attune::conform(const Tensor &tensor, Type element) {
  ArrayRef<int64_t> shape = tensor.getShape();
  int64_t count = tensor.getNumElements();
  if (!isa<FloatType>(element)) {
    if (!tensor.isFloat() && element.isInteger(64))
      return tensor;
    std::vector<int64_t> values(count);
    for (int64_t i = 0; i < count; ++i)
      values[i] = tensor.isFloat() ? truncateTo(element, tensor.getFloat(i))
                                   : wrapTo(element, tensor.getInteger(i));
    return Tensor::integers(shape, std::move(values));
  }
  if (tensor.isFloat() && (element.isF32() || element.isF64()))
    return tensor.castFloat(getStorage(element));
  std::vector<double> values(count);
  for (int64_t i = 0; i < count; ++i)
    values[i] =
        roundTo(element, tensor.isFloat() ? tensor.getFloat(i)
                                          : double(tensor.getInteger(i)));
  return Tensor::doubles(shape, std::move(values))
      .castFloat(getStorage(element));
}
