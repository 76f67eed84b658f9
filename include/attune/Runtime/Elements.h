//===- Elements.h - Elements of tensors of every type -----------*- C++ -*-===//
//
// Names, sizes and values of the types of AttuneElementType. Types are given as
// numbers, because callers of the C interface may pass any.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_RUNTIME_ELEMENTS_H
#define ATTUNE_RUNTIME_ELEMENTS_H

#include "attune/Runtime/Types.h"

#include <cstddef>
#include <cstdint>

namespace attune::rt {

/// "float32" for ATTUNE_F32 and so on, as NumPy says; "unknown" for other
/// numbers.
const char *elementTypeName(int32_t type);

/// Bytes of one element; 0 for an unknown type.
size_t elementSize(int32_t type);

/// Whether it is a float type: float16, bfloat16, float32 or float64.
bool isFloatType(int32_t type);

/// Whether it is an unsigned integer or bool.
bool isUnsignedType(int32_t type);

/// Element `index` of an array of `type` as a double: exact for all but
/// integers of 64 bits, which are rounded.
double elementValue(int32_t type, const void *data, int64_t index);

/// Element `index` of an array of integers or bools, modulo 2^64: negative
/// values of signed types in two's complement.
uint64_t elementBits(int32_t type, const void *data, int64_t index);

/// Stores a value as element `index` of an array of any type. Floats are
/// rounded to nearest even; integers that the type does not have wrap around;
/// as a bool everything but 0 is 1.
void setElement(int32_t type, void *data, int64_t index, int64_t value);
/// Stores a value as element `index` of an array of floats.
void setFloat(int32_t type, void *data, int64_t index, double value);

/// IEEE binary16 and bfloat16 as floats, exact.
float halfToFloat(uint16_t bits);
float bfloat16ToFloat(uint16_t bits);
/// Rounded to nearest even; what is too large becomes infinite, NaN stays NaN.
uint16_t floatToHalf(float value);
uint16_t floatToBfloat16(float value);

} // namespace attune::rt

#endif // ATTUNE_RUNTIME_ELEMENTS_H
