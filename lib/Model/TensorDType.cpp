//===- TensorDType.cpp - Element types of safetensors ---------------------===//

#include "attune/Model/WeightStore.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace attune {

namespace {
struct DTypeInfo {
  TensorDType type;
  StringLiteral name;
  unsigned bits;
};
} // namespace

static constexpr DTypeInfo kTypes[] = {
    {TensorDType::Bool, "BOOL", 8},      {TensorDType::F4, "F4", 4},
    {TensorDType::F6E2M3, "F6_E2M3", 6}, {TensorDType::F6E3M2, "F6_E3M2", 6},
    {TensorDType::U8, "U8", 8},          {TensorDType::I8, "I8", 8},
    {TensorDType::F8E5M2, "F8_E5M2", 8}, {TensorDType::F8E4M3, "F8_E4M3", 8},
    {TensorDType::F8E8M0, "F8_E8M0", 8}, {TensorDType::I16, "I16", 16},
    {TensorDType::U16, "U16", 16},       {TensorDType::F16, "F16", 16},
    {TensorDType::BF16, "BF16", 16},     {TensorDType::I32, "I32", 32},
    {TensorDType::U32, "U32", 32},       {TensorDType::F32, "F32", 32},
    {TensorDType::C64, "C64", 64},       {TensorDType::F64, "F64", 64},
    {TensorDType::I64, "I64", 64},       {TensorDType::U64, "U64", 64},
};

static const DTypeInfo &info(TensorDType type) {
  return *llvm::find_if(kTypes,
                        [&](const DTypeInfo &i) { return i.type == type; });
}

StringRef toString(TensorDType type) { return info(type).name; }

unsigned bitWidth(TensorDType type) { return info(type).bits; }

std::optional<TensorDType> dtypeFromString(StringRef name) {
  for (const DTypeInfo &i : kTypes)
    if (i.name == name)
      return i.type;
  return std::nullopt;
}

} // namespace attune
