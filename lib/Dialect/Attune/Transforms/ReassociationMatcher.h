//===- ReassociationMatcher.h - Finds attention without softmax --*- C++
//-*-===//
#ifndef ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_REASSOCIATIONMATCHER_H
#define ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_REASSOCIATIONMATCHER_H

#include "AttentionMatcher.h"

namespace attune {

/// Attention whose scores are used as they are: what attune.linear_attention of
/// the rule linear takes.
struct Reassociation {
  /// Operands, heads and the product with the values. `bias`, `softcap` and
  /// `causal` are not used; `scale` is that of the results.
  AttentionMatch attention;
  bool isCausal = false;
  /// Set where results are divided by sums over the keys.
  std::optional<double> denominator;
  /// Multiplies keys, [batch, keys, 1]; or null.
  mlir::Value keyFactor;
  /// What the context is multiplied or divided by behind the attention, in
  /// order, with extent one along its columns.
  struct RowFactor {
    mlir::Value value;
    bool isDivisor;
  };
  llvm::SmallVector<RowFactor, 2> rowFactors;
  /// What the result stands for: the context, or its quotient by the sums.
  mlir::Value replaced;
  /// The ops that compute it now, which disappear.
  llvm::SmallVector<mlir::Operation *> ops;
};

/// Matches, from the product with the values upwards,
///
///   s = matmul(q, k^T)
///   c = matmul(f(s), v)
///
/// where f is linear in s: constants, masks that multiply (a causal one, or one
/// of keys), factors of rows, and the division by the sums of rows, which may
/// stand behind the product as well. How operands may look is the business of
/// AttentionMatcher, whose parts this uses.
class ReassociationMatcher : private AttentionMatcher {
public:
  using AttentionMatcher::AttentionMatcher;
  using AttentionMatcher::buildContext;
  using AttentionMatcher::getMissed;

  /// Whether the left operand is computed from a product of two activations.
  static bool isCandidate(MatmulOp context);

  /// Builds what the attention reads in front of the context; after a failure
  /// that is dead.
  mlir::FailureOr<Reassociation> match(MatmulOp context);

private:
  llvm::LogicalResult walk();
  llvm::LogicalResult step(mlir::Operation *op, mlir::Value &next);
  llvm::LogicalResult takeQuotient(mlir::Value dividend, mlir::Value divisor);
  llvm::LogicalResult takeFactor(mlir::Value stage, mlir::Value factor,
                                 bool isDivisor);
  llvm::LogicalResult takeChoice(WhereOp op, mlir::Value &next);
  bool takeTriangle(mlir::Value mask, double below, double above);
  llvm::LogicalResult takeKeyFactor(mlir::Value stage, mlir::Value factor);
  llvm::LogicalResult checkUses(mlir::Value stage, mlir::Operation *user);
  llvm::LogicalResult finish();
  llvm::LogicalResult buildKeyFactor();

  /// Whether `value` is the sums of rows, plus `epsilon`, of one of the stages
  /// from `stage` on, and of which.
  mlir::Value getRowSums(mlir::Value value, double &epsilon);

  Reassociation result;
  llvm::SmallVector<mlir::Value> stages;
  /// The constants above the division, if there is one, and below it.
  double inner = 1, outer = 1;
  double epsilon = 0;
  /// What is summed up for the division, until the walk comes to it.
  mlir::Value summed;
  mlir::Operation *sum = nullptr;
  bool isMasked = false;
  mlir::Value keyFactor;
  int64_t keyFactorRank = 4;
};

} // namespace attune

#endif // ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_REASSOCIATIONMATCHER_H
