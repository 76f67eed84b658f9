//===- Elements.cpp - Elements of tensors of every type -------------------===//
#include "attune/Runtime/Elements.h"

#include <bit>

namespace attune::rt {

namespace {

/// IEEE binary16 and bfloat16 as they lie in memory.
struct Half {
  uint16_t bits;
};
struct Bfloat16 {
  uint16_t bits;
};
/// A byte that is 0 or 1.
struct Bool {
  uint8_t bits;
};

struct TypeEntry {
  AttuneElementType type;
  const char *name;
  size_t size;
};

constexpr TypeEntry types[] = {
    {ATTUNE_F32, "float32", 4}, {ATTUNE_F64, "float64", 8},
    {ATTUNE_F16, "float16", 2}, {ATTUNE_BF16, "bfloat16", 2},
    {ATTUNE_I64, "int64", 8},   {ATTUNE_I32, "int32", 4},
    {ATTUNE_I16, "int16", 2},   {ATTUNE_I8, "int8", 1},
    {ATTUNE_U64, "uint64", 8},  {ATTUNE_U32, "uint32", 4},
    {ATTUNE_U16, "uint16", 2},  {ATTUNE_U8, "uint8", 1},
    {ATTUNE_BOOL, "bool", 1},
};

const TypeEntry *entryOf(int32_t type) {
  for (const TypeEntry &entry : types)
    if (entry.type == type)
      return &entry;
  return nullptr;
}

/// Calls `visit` with the data as an array of the type's C++ type. Numbers that
/// name no type count as bytes.
template <typename Pointer, typename Visit>
auto withType(int32_t type, Pointer data, Visit visit) {
  auto as = [&]<typename T>(T *) {
    if constexpr (std::is_const_v<std::remove_pointer_t<Pointer>>)
      return visit(static_cast<const T *>(data));
    else
      return visit(static_cast<T *>(data));
  };
  switch (type) {
  case ATTUNE_F32:
    return as((float *)nullptr);
  case ATTUNE_F64:
    return as((double *)nullptr);
  case ATTUNE_F16:
    return as((Half *)nullptr);
  case ATTUNE_BF16:
    return as((Bfloat16 *)nullptr);
  case ATTUNE_I64:
    return as((int64_t *)nullptr);
  case ATTUNE_I32:
    return as((int32_t *)nullptr);
  case ATTUNE_I16:
    return as((int16_t *)nullptr);
  case ATTUNE_I8:
    return as((int8_t *)nullptr);
  case ATTUNE_U64:
    return as((uint64_t *)nullptr);
  case ATTUNE_U32:
    return as((uint32_t *)nullptr);
  case ATTUNE_U16:
    return as((uint16_t *)nullptr);
  case ATTUNE_BOOL:
    return as((Bool *)nullptr);
  default:
    return as((uint8_t *)nullptr);
  }
}

double toDouble(Half value) { return double(halfToFloat(value.bits)); }
double toDouble(Bfloat16 value) { return double(bfloat16ToFloat(value.bits)); }
double toDouble(Bool value) { return double(value.bits); }
template <typename T> double toDouble(T value) { return double(value); }

uint64_t toBits(Bool value) { return value.bits; }
template <typename T> uint64_t toBits(T value) {
  if constexpr (std::is_integral_v<T>)
    return uint64_t(value);
  else
    return 0;
}

template <typename V> void store(Half &element, V value) {
  element.bits = floatToHalf(float(value));
}
template <typename V> void store(Bfloat16 &element, V value) {
  element.bits = floatToBfloat16(float(value));
}
template <typename V> void store(Bool &element, V value) {
  element.bits = value != V(0);
}
template <typename T, typename V> void store(T &element, V value) {
  element = T(value);
}

/// The upper bits of `bits` without its last `count`, rounded to nearest even.
uint32_t roundOff(uint32_t bits, int count) {
  uint32_t half = (uint32_t(1) << (count - 1)) - 1;
  return (bits + half + ((bits >> count) & 1)) >> count;
}

} // namespace

const char *elementTypeName(int32_t type) {
  const TypeEntry *entry = entryOf(type);
  return entry ? entry->name : "unknown";
}

size_t elementSize(int32_t type) {
  const TypeEntry *entry = entryOf(type);
  return entry ? entry->size : 0;
}

bool isFloatType(int32_t type) {
  return type == ATTUNE_F32 || type == ATTUNE_F64 || type == ATTUNE_F16 ||
         type == ATTUNE_BF16;
}

bool isUnsignedType(int32_t type) {
  return type == ATTUNE_U8 || type == ATTUNE_U16 || type == ATTUNE_U32 ||
         type == ATTUNE_U64 || type == ATTUNE_BOOL;
}

double elementValue(int32_t type, const void *data, int64_t index) {
  return withType(type, data,
                  [&](auto *values) { return toDouble(values[index]); });
}

uint64_t elementBits(int32_t type, const void *data, int64_t index) {
  return withType(type, data,
                  [&](auto *values) { return toBits(values[index]); });
}

void setElement(int32_t type, void *data, int64_t index, int64_t value) {
  withType(type, data, [&](auto *values) { store(values[index], value); });
}

void setFloat(int32_t type, void *data, int64_t index, double value) {
  switch (type) {
  case ATTUNE_F32:
    return store(static_cast<float *>(data)[index], value);
  case ATTUNE_F64:
    return store(static_cast<double *>(data)[index], value);
  case ATTUNE_F16:
    return store(static_cast<Half *>(data)[index], value);
  case ATTUNE_BF16:
    return store(static_cast<Bfloat16 *>(data)[index], value);
  default:
    return;
  }
}

float halfToFloat(uint16_t bits) {
  uint32_t sign = uint32_t(bits & 0x8000) << 16;
  uint32_t exponent = (bits >> 10) & 31, fraction = bits & 1023;
  if (exponent == 31)
    return std::bit_cast<float>(sign | 0x7f800000 | fraction << 13);
  if (exponent)
    return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
  float value = float(fraction) * 0x1p-24f;
  return sign ? -value : value;
}

float bfloat16ToFloat(uint16_t bits) {
  return std::bit_cast<float>(uint32_t(bits) << 16);
}

uint16_t floatToHalf(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  uint16_t sign = uint16_t(bits >> 16 & 0x8000);
  uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000)
    return uint16_t(sign | 0x7e00 | (magnitude >> 13 & 0x1ff));
  if (magnitude >= 0x47800000)
    return uint16_t(sign | 0x7c00);
  // Rounding may carry into the exponent, up to infinity, as it should.
  if (magnitude >= 0x38800000)
    return uint16_t(sign | roundOff(magnitude - (112u << 23), 13));
  if (magnitude < 0x33000000)
    return sign;
  // A subnormal: the fraction with its leading one, shifted to units of 2^-24.
  int shift = 126 - int(magnitude >> 23);
  return uint16_t(sign | roundOff((magnitude & 0x7fffff) | 0x800000, shift));
}

uint16_t floatToBfloat16(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffff) > 0x7f800000)
    return uint16_t(bits >> 16 | 0x40);
  return uint16_t(roundOff(bits, 16));
}

} // namespace attune::rt
