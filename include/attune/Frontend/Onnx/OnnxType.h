//===- OnnxType.h - Element types of ONNX -----------------------*- C++ -*-===//
#ifndef ATTUNE_FRONTEND_ONNX_ONNXTYPE_H
#define ATTUNE_FRONTEND_ONNX_ONNXTYPE_H

#include "llvm/ADT/StringRef.h"

namespace attune {

/// TensorProto.DataType, with its numbers.
enum class OnnxType : int {
  Undefined = 0,
  F32 = 1,
  U8 = 2,
  I8 = 3,
  U16 = 4,
  I16 = 5,
  I32 = 6,
  I64 = 7,
  String = 8,
  Bool = 9,
  F16 = 10,
  F64 = 11,
  U32 = 12,
  U64 = 13,
  C64 = 14,
  C128 = 15,
  BF16 = 16,
  F8E4M3FN = 17,
  F8E4M3FNUZ = 18,
  F8E5M2 = 19,
  F8E5M2FNUZ = 20,
  U4 = 21,
  I4 = 22,
  F4E2M1 = 23,
  F8E8M0 = 24,
  U2 = 25,
  I2 = 26,
  F6E2M3 = 27,
  F6E3M2 = 28,
};

/// The last number there is.
constexpr int kLastOnnxType = static_cast<int>(OnnxType::F6E3M2);

/// The name in ONNX's documentation: "float16", "int64"; "type 99".
llvm::StringRef toString(OnnxType type);
/// Bits of an element; 0 for strings and Undefined.
unsigned bitWidth(OnnxType type);
/// float32, float16, bfloat16, float64.
bool isFloat(OnnxType type);
/// Integers of 8 to 64 bits, signed or not.
bool isInteger(OnnxType type);
bool isUnsigned(OnnxType type);

} // namespace attune

#endif // ATTUNE_FRONTEND_ONNX_ONNXTYPE_H
