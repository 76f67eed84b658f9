//===- AttentionMatcher.h - Finds attention around a softmax ----*- C++ -*-===//
#ifndef ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_ATTENTIONMATCHER_H
#define ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_ATTENTIONMATCHER_H

#include "Common.h"

namespace attune {

/// Softmax attention as it was found: what attune.attention takes.
struct AttentionMatch {
  /// [batch, length, heads * head size] each.
  mlir::Value query, key, value;
  /// [batch, keys], or null.
  mlir::Value keyMask;
  int64_t heads = 0;
  /// The product of all constants that the scores are scaled by.
  double scale = 1.0;
  /// The op whose result is that of the attention: the merge of the heads.
  mlir::Operation *merged = nullptr;
};

/// Matches, with H heads of D columns,
///
///   q, k, v = transpose(reshape(x_i, [0, 0, H, D]), [0, 2, 1, 3])
///   s = matmul(q, k) {transpose_rhs}      (or with k as [B, H, D, T])
///   c = matmul(softmax(mask(scale(s))), v)
///   r = reshape(transpose(c, [0, 2, 1, 3]), [0, 0, H * D])
///
/// from the softmax outwards. Scales may stand anywhere on the way of q, k and
/// s; mask and scales may be absent. Values between q, k, v and the softmax
/// and those behind it must have no other use, since fusing would compute
/// them twice.
class AttentionMatcher {
public:
  mlir::FailureOr<AttentionMatch> match(SoftmaxOp softmax);

  /// After a failed match: why.
  const MissedReason &getMissed() const { return missed; }

private:
  llvm::LogicalResult fail(const llvm::Twine &reason, const llvm::Twine &hint);
  /// The only user of `value`, which is `what`; null with a reason else.
  mlir::Operation *getOnlyUser(mlir::Value value, llvm::StringRef what);
  llvm::LogicalResult matchContext(SoftmaxOp softmax);
  llvm::LogicalResult matchScores(SoftmaxOp softmax);
  llvm::LogicalResult takeMask(MaskOp op);
  /// Follows `value` through transpositions (that together must be
  /// `expected`) and, where `takeScales`, scales to the split of heads, and
  /// sets `packed` to what is split.
  llvm::LogicalResult matchHeads(mlir::Value value, llvm::StringRef name,
                                 llvm::ArrayRef<int64_t> expected,
                                 bool takeScales, mlir::Value &packed);
  llvm::LogicalResult checkTypes();

  AttentionMatch found;
  MissedReason missed;
};

} // namespace attune

#endif // ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_ATTENTIONMATCHER_H
