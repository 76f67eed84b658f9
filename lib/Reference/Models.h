//===- Models.h - The families' models and what they share ------*- C++ -*-===//
#ifndef ATTUNE_LIB_REFERENCE_MODELS_H
#define ATTUNE_LIB_REFERENCE_MODELS_H

#include "attune/Dialect/Attune/IR/Attune.h"
#include "attune/Reference/Interpreter.h"

namespace attune {

/// What a model's method `interpret` has as parameters and what is in it.
using Operands = llvm::ArrayRef<const Tensor *>;
using Results = llvm::SmallVectorImpl<Tensor>;

/// Each attaches the models of one family of ops.
void attachAttentionModels(mlir::MLIRContext &context);
void attachCausalConvModels(mlir::MLIRContext &context);
void attachConvModels(mlir::MLIRContext &context);
void attachElementwiseModels(mlir::MLIRContext &context);
void attachFeatureMapModels(mlir::MLIRContext &context);
void attachHybridAttentionModels(mlir::MLIRContext &context);
void attachIndexModels(mlir::MLIRContext &context);
void attachKernelModels(mlir::MLIRContext &context);
void attachLinearAttentionModels(mlir::MLIRContext &context);
void attachLinearModels(mlir::MLIRContext &context);
void attachNormModels(mlir::MLIRContext &context);
void attachNumberModels(mlir::MLIRContext &context);
void attachPositionModels(mlir::MLIRContext &context);
void attachRecurrentModels(mlir::MLIRContext &context);
void attachReduceModels(mlir::MLIRContext &context);
void attachScatterModels(mlir::MLIRContext &context);
void attachShapeModels(mlir::MLIRContext &context);

/// Space for a float result, as zeros. An error when `shape` has more elements
/// than can be, as a product of the extents of several operands may.
llvm::Expected<std::vector<double>> makeValues(mlir::Operation *op,
                                               llvm::ArrayRef<int64_t> shape);

/// An error unless `tensor` has shape `expected`: "expected a mask of shape
/// [2, 7], got [2, 8]".
llvm::Error expectShape(mlir::Operation *op, llvm::StringRef what,
                        const Tensor &tensor, llvm::ArrayRef<int64_t> expected);

/// "[2, 7]".
std::string extentsText(llvm::ArrayRef<int64_t> shape);

/// Replaces a row of scores by their softmax: exp(x - m) / sum exp(x - m) with
/// m the largest; zeros when all are -inf (no key is left).
void softmaxRow(llvm::MutableArrayRef<double> row);

} // namespace attune

#endif // ATTUNE_LIB_REFERENCE_MODELS_H
