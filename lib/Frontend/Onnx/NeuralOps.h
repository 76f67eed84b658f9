//===- NeuralOps.h - Importers of layers and what they share ----*- C++ -*-===//
//
// Products, convolutions, norms, attention and recurrent layers, of ONNX's own
// domain and of onnxruntime's "com.microsoft". Where attune has an op of the
// meaning, that is emitted for f32; everything else is put together from
// smaller ones.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_FRONTEND_ONNX_NEURALOPS_H
#define ATTUNE_LIB_FRONTEND_ONNX_NEURALOPS_H

#include "Importer.h"
#include <limits>

namespace attune {

/// The domain of onnxruntime's own operators.
inline constexpr llvm::StringLiteral kContribDomain = "com.microsoft";

// Families, one file each.
void registerMatMul(OnnxOps &ops);
void registerEinsum(OnnxOps &ops);
void registerConv(OnnxOps &ops);
void registerPooling(OnnxOps &ops);
void registerSoftmax(OnnxOps &ops);
void registerNorms(OnnxOps &ops);
void registerContribNorms(OnnxOps &ops);
void registerContribActivations(OnnxOps &ops);
void registerAttention(OnnxOps &ops);
void registerContribAttention(OnnxOps &ops);
void registerFlexAttention(OnnxOps &ops);
void registerRotary(OnnxOps &ops);
void registerRecurrent(OnnxOps &ops);
void registerLinearAttention(OnnxOps &ops);
/// All of them.
void registerNeuralOps(OnnxOps &ops);

// Emission ------------------------------------------------------------------

/// `factor * input`, as attune.scale for f32; the input where the factor is 1.
mlir::Value emitScale(GraphBuilder &b, mlir::Value input, double factor);

/// Softmax of the last dimension. Rows of -inf give zeros for f32, and NaN for
/// f64.
mlir::Value emitSoftmax(GraphBuilder &b, mlir::Value input);

/// Softmax whose rows of -inf give zeros in every type.
mlir::Value emitMaskedSoftmax(GraphBuilder &b, mlir::Value input);

/// The permutation that swaps `axis` with the last of `rank` dimensions.
llvm::SmallVector<int64_t> swapWithLast(int64_t axis, int64_t rank);

/// The product of lhs [..., M, K] and input `i` of the node, which is
/// [..., K, N], or [..., N, K] where `transposed`. A matrix that is an
/// initializer stays a weight by reference, whose rows are outputs.
mlir::Value emitProduct(NodeImporter &node, mlir::Value lhs, unsigned i,
                        bool transposed);

/// [b, s, heads * d] as [b, heads, s, d], and back.
mlir::Value splitHeads(GraphBuilder &b, mlir::Value input, int64_t heads);
mlir::Value mergeHeads(GraphBuilder &b, mlir::Value input);

/// Every head of [b, heads, s, d] `times` times, one behind the other.
mlir::Value repeatHeads(GraphBuilder &b, mlir::Value input, int64_t times);

/// Layer normalisation of the last dimension; `gamma` and `beta` of its extent,
/// `beta` may be null.
mlir::Value emitLayerNorm(GraphBuilder &b, mlir::Value input, mlir::Value gamma,
                          mlir::Value beta, double epsilon);
/// Root mean square normalisation of the last dimension.
mlir::Value emitRmsNorm(GraphBuilder &b, mlir::Value input, mlir::Value gamma,
                        double epsilon);

/// 1 / sqrt(x + epsilon).
mlir::Value emitInverseRoot(GraphBuilder &b, mlir::Value input, double epsilon);

/// Mean and biased variance over `axes`, which stay with extent 1.
struct Moments {
  mlir::Value mean, centered, variance;
};
Moments emitMoments(GraphBuilder &b, mlir::Value input,
                    llvm::ArrayRef<int64_t> axes);

/// Axes first, first + 1, ... rank - 1.
llvm::SmallVector<int64_t> axesFrom(int64_t first, int64_t rank);

/// The rotation of attune.rotary for input [batch, length, heads * d].
mlir::Value emitRotary(GraphBuilder &b, mlir::Value input, mlir::Value cos,
                       mlir::Value sin, int64_t heads, bool interleaved);

/// What attention is made of; query, key and value as [batch, length, heads *
/// head size], masks null where there are none.
struct AttentionParts {
  mlir::Value query, key, value;
  int64_t heads = 0, kvHeads = 0;
  double scale = 0;
  double softcap = 0;
  /// [batch, keys] of i64: 0 excludes a key.
  mlir::Value keyMask;
  /// Added to scores: [batch or 1, heads or 1, queries or 1, keys or 1].
  mlir::Value bias;
  Causal causal = Causal::none;
};

/// What the scores are at some point of the way, [batch, heads, q, k].
enum class ScoresAt { Product, Softcap, Masked, Softmax };

/// Attention, [batch, queries, heads * value size]: attune.attention for f32,
/// and smaller ops otherwise or where `scores` is asked for, which then gets
/// what they are at `at`.
mlir::Value emitAttention(GraphBuilder &b, const AttentionParts &parts,
                          mlir::Value *scores = nullptr,
                          ScoresAt at = ScoresAt::Product);

/// The head size of [b, s, heads * d] when it is known and whole; a problem of
/// the builder and 1 otherwise.
int64_t headSize(GraphBuilder &b, mlir::Value input, int64_t heads,
                 llvm::StringRef what);

/// Adds to a bias, which may be null.
void addBias(GraphBuilder &b, mlir::Value &bias, mlir::Value more);

/// 0 where a condition holds and -inf (or `otherwise`) where not.
mlir::Value
biasFrom(GraphBuilder &b, mlir::Value condition, mlir::Type element,
         double otherwise = -std::numeric_limits<double>::infinity());

/// Query positions minus key positions, i64 [1, 1, queries, keys], where the
/// first query is at `offset`.
mlir::Value emitDistances(GraphBuilder &b, const DimExpr &queries,
                          const DimExpr &keys, const DimExpr &offset);

/// i64 [batch, keys] that is 1 for the first lengths[b] keys.
mlir::Value maskFromLengths(GraphBuilder &b, mlir::Value lengths,
                            const DimExpr &keys);

} // namespace attune

#endif // ATTUNE_LIB_FRONTEND_ONNX_NEURALOPS_H
