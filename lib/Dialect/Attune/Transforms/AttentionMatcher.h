//===- AttentionMatcher.h - Finds attention around a softmax ----*- C++ -*-===//
#ifndef ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_ATTENTIONMATCHER_H
#define ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_ATTENTIONMATCHER_H

#include "Matchers.h"
#include "WeightContents.h"
#include "attune/Dialect/Attune/Transforms/SymbolicShapes.h"

namespace attune {

/// Softmax attention as it was found: what attune.attention takes.
struct AttentionMatch {
  /// [batch, length, heads * head size] each.
  mlir::Value query, key, value;
  /// [batch, keys], or null.
  mlir::Value keyMask;
  /// Broadcasts to [batch, heads, queries, keys], or null.
  mlir::Value bias;
  int64_t heads = 0, kvHeads = 0;
  /// The product of all constants that the scores are scaled by.
  double scale = 1.0;
  /// 0 for none.
  double softcap = 0.0;
  Causal causal = Causal::none;
  /// The product with the values, whose result that of the attention is in
  /// another form.
  MatmulOp context;
  /// [batch, heads, queries, value columns]: that result before heads are
  /// packed.
  SymbolicShape contextShape;
};

/// Matches, from the softmax outwards,
///
///   s = matmul(q, k^T)         q, k, v of any form: what packs their heads is
///   p = softmax(f(s))          built, and is nothing where they were split
///   c = matmul(p, v)           from packed heads
///
/// where f is made of scaling, softcapping, masks and sums with anything.
/// Scales may also stand on the way of q and k. Key and value heads may be
/// repeated for groups of query heads. Scores and probabilities must have no
/// other use, since attention does not store them.
class AttentionMatcher {
public:
  AttentionMatcher(SymbolicShapes &shapes, WeightContents &contents)
      : shapes(shapes), contents(contents) {}

  /// Whether a product comes behind the softmax: others are not meant to be
  /// attention.
  static bool isCandidate(SoftmaxOp softmax);

  /// Builds what the attention reads in front of the product with the values;
  /// after a failure that is dead.
  mlir::FailureOr<AttentionMatch> match(SoftmaxOp softmax);

  /// After a match, the result of the attention, with packed heads, in the form
  /// of the product with the values. Null where extents are not known by name.
  mlir::Value buildContext(mlir::OpBuilder &builder, mlir::Value packed);

  /// After a failed match: why.
  const MissedReason &getMissed() const { return missed; }

protected:
  /// Whether a reshape leaves the last two dimensions, rows and columns, alone.
  bool keepsMatrices(ReshapeOp reshape);
  /// Something added to the scores, or put in where `condition` says.
  struct Term {
    mlir::Value value;
    double factor = 1;
    /// Null for sums. True for what stays where `isVisible`.
    mlir::Value condition;
    bool isVisible = true;
    double fill = 0;
    /// The scores were multiplied with zero where something is added: no sum
    /// alone says that.
    bool isBlend = false;
    /// The rank of the scores there.
    int64_t rank = 4;
  };

  llvm::LogicalResult fail(const llvm::Twine &reason, const llvm::Twine &hint);
  /// The only user of `value`, which is `what`; null with a reason else.
  mlir::Operation *getOnlyUser(mlir::Value value, llvm::StringRef what);

  // From the softmax down to the values.
  llvm::LogicalResult matchContext(SoftmaxOp softmax);
  // From the softmax up to query and key.
  llvm::LogicalResult matchScores(SoftmaxOp softmax);
  llvm::LogicalResult matchStep(mlir::Operation *op, mlir::Value &next,
                                double &factor);
  /// scores * mask - c * (1 - mask), with a constant mask of ones and zeros.
  bool matchBlend(mlir::Operation *op, mlir::Value &next, double factor);
  llvm::LogicalResult matchSum(mlir::Operation *op, mlir::Value &next,
                               double factor);
  llvm::LogicalResult matchChoice(WhereOp op, mlir::Value &next, double factor);
  llvm::LogicalResult takeMask(MaskOp op);

  // Operands, in AttentionOperands.cpp.
  /// Sets the batch and heads that leading dimensions stand for, of the scores
  /// in each of their `stages`. The shape is that of the first, the left
  /// operand of the product with the values.
  llvm::LogicalResult findGroups(llvm::ArrayRef<mlir::Value> stages);
  /// A value of the rank that scores have somewhere with the dimensions
  /// [batch, heads, ...]; null where they are none.
  mlir::Value regroup(mlir::Value value, int64_t rank);
  mlir::Value swapApart(mlir::Value value);
  llvm::LogicalResult matchOperands();
  /// [batch, heads, length, columns] without repetition of heads, or null.
  mlir::Value stripRepeats(mlir::Value heads);
  mlir::Value takeScales(mlir::Value value);
  mlir::Value pack(mlir::Value heads);
  llvm::LogicalResult buildBias();
  /// Takes the term as the causal mask that it is, or not.
  bool takeCausal(const Term &term, bool hasOthers);
  mlir::Value buildTerm(const Term &term);

  SymbolicShapes &shapes;
  WeightContents &contents;
  AttentionMatch found;
  MissedReason missed;
  MatmulOp product;
  llvm::SmallVector<Term> terms;
  /// Of the scores: [batch, heads, queries, keys].
  SymbolicShape scores;
  mlir::OpBuilder builder{static_cast<mlir::MLIRContext *>(nullptr)};
};

} // namespace attune

#endif // ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_ATTENTIONMATCHER_H
