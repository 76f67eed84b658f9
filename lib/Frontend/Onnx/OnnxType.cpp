//===- OnnxType.cpp - Element types of ONNX -------------------------------===//
#include "attune/Frontend/Onnx/OnnxType.h"

using namespace attune;

namespace {
struct Entry {
  llvm::StringLiteral name;
  unsigned bits;
};
} // namespace

/// By TensorProto.DataType.
static constexpr Entry kTypes[] = {
    {"undefined", 0},      {"float", 32},     {"uint8", 8},
    {"int8", 8},           {"uint16", 16},    {"int16", 16},
    {"int32", 32},         {"int64", 64},     {"string", 0},
    {"bool", 8},           {"float16", 16},   {"double", 64},
    {"uint32", 32},        {"uint64", 64},    {"complex64", 64},
    {"complex128", 128},   {"bfloat16", 16},  {"float8e4m3fn", 8},
    {"float8e4m3fnuz", 8}, {"float8e5m2", 8}, {"float8e5m2fnuz", 8},
    {"uint4", 4},          {"int4", 4},       {"float4e2m1", 4},
    {"float8e8m0", 8},     {"uint2", 2},      {"int2", 2},
    {"float6e2m3", 6},     {"float6e3m2", 6},
};
static_assert(std::size(kTypes) == kLastOnnxType + 1);

llvm::StringRef attune::toString(OnnxType type) {
  return kTypes[static_cast<int>(type)].name;
}

unsigned attune::bitWidth(OnnxType type) {
  return kTypes[static_cast<int>(type)].bits;
}

bool attune::isFloat(OnnxType type) {
  return type == OnnxType::F32 || type == OnnxType::F16 ||
         type == OnnxType::BF16 || type == OnnxType::F64;
}

bool attune::isUnsigned(OnnxType type) {
  return type == OnnxType::U8 || type == OnnxType::U16 ||
         type == OnnxType::U32 || type == OnnxType::U64;
}

bool attune::isInteger(OnnxType type) {
  return isUnsigned(type) || type == OnnxType::I8 || type == OnnxType::I16 ||
         type == OnnxType::I32 || type == OnnxType::I64;
}
