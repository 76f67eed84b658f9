//===- TensorConversion.h - Weights to f32 ----------------------*- C++ -*-===//

#ifndef ATTUNE_MODEL_TENSORCONVERSION_H
#define ATTUNE_MODEL_TENSORCONVERSION_H

#include "attune/Model/WeightStore.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

namespace attune {

/// Whether convertToF32 takes this type: F32, F16, BF16, F64.
bool isConvertibleToF32(TensorDType type);

/// Converts little-endian elements of any alignment to f32. `source` holds
/// exactly destination.size() elements; any part of a tensor will do. F32, F16
/// and BF16 are exact (subnormals, infinities and NaN payloads included), F64
/// rounds to nearest even. Errors: a type that is not convertible (UserError),
/// sizes that do not fit (InternalError).
llvm::Error convertToF32(TensorDType type, llvm::ArrayRef<uint8_t> source,
                         llvm::MutableArrayRef<float> destination);

/// One F16 (IEEE binary16) value.
float halfToFloat(uint16_t bits);
/// One BF16 value.
float bfloat16ToFloat(uint16_t bits);

} // namespace attune

#endif // ATTUNE_MODEL_TENSORCONVERSION_H
