//===- ElementTypes.cpp - Element types in memory -------------------------===//
#include "attune/Kernel/ElementTypes.h"

using namespace mlir;
using namespace attune;

std::optional<AttuneElementType> attune::getRuntimeType(Type element) {
  if (element.isF32())
    return ATTUNE_F32;
  if (element.isF64())
    return ATTUNE_F64;
  if (element.isF16())
    return ATTUNE_F16;
  if (element.isBF16())
    return ATTUNE_BF16;
  auto integer = dyn_cast<IntegerType>(element);
  if (!integer || integer.isSigned())
    return std::nullopt;
  bool isUnsigned = integer.isUnsigned();
  switch (integer.getWidth()) {
  case 1:
    return isUnsigned ? std::nullopt : std::optional(ATTUNE_BOOL);
  case 8:
    return isUnsigned ? ATTUNE_U8 : ATTUNE_I8;
  case 16:
    return isUnsigned ? ATTUNE_U16 : ATTUNE_I16;
  case 32:
    return isUnsigned ? ATTUNE_U32 : ATTUNE_I32;
  case 64:
    return isUnsigned ? ATTUNE_U64 : ATTUNE_I64;
  default:
    return std::nullopt;
  }
}

int64_t attune::getElementBytes(Type element) {
  assert(getRuntimeType(element) && "an element type of tensors");
  return std::max<int64_t>(element.getIntOrFloatBitWidth() / 8, 1);
}

Type attune::getBufferElementType(Type element) {
  if (!element.isUnsignedInteger())
    return element;
  return IntegerType::get(element.getContext(),
                          element.getIntOrFloatBitWidth());
}

MemRefType attune::getBufferType(RankedTensorType type) {
  return MemRefType::get(type.getShape(),
                         getBufferElementType(type.getElementType()));
}
