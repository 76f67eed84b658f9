//===- RotaryMatcher.h - Finds rotary position embeddings -------*- C++ -*-===//
#ifndef ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_ROTARYMATCHER_H
#define ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_ROTARYMATCHER_H

#include "Matchers.h"
#include "WeightContents.h"
#include "attune/Dialect/Attune/Transforms/SymbolicShapes.h"

namespace attune {

/// Rotary position embedding as it was found.
struct RotaryMatch {
  /// [batch, heads, length, D] or [batch, length, heads, D].
  mlir::Value input;
  /// Broadcast to the input, but for the last dimension, which is `rotated` or
  /// half of it.
  mlir::Value cos, sin;
  /// Columns that are rotated.
  int64_t rotated = 0;
  bool interleaved = false;
  /// Cosines and sines have a column for each of the rotated ones: the second
  /// half is as the first, or both of a pair are the same where interleaved.
  bool isDoubled = false;
  /// The op whose result is that of the embedding.
  mlir::Operation *root = nullptr;
};

/// Matches, with x1 and x2 the halves of x (or its even and odd columns),
///
///   x * cos + concat(-x2, x1) * sin                     (halves)
///   x * cos + reshape(concat(-x2, x1)) * sin            (columns interleaved)
///   concat(x1 * cos - x2 * sin, x1 * sin + x2 * cos)
///
/// and what puts columns behind that are not rotated.
class RotaryMatcher {
public:
  RotaryMatcher(SymbolicShapes &shapes, WeightContents &contents)
      : shapes(shapes), contents(contents) {}

  /// `op` concatenates what only a rotation does.
  static bool isCandidate(ConcatOp op);

  mlir::FailureOr<RotaryMatch> match(ConcatOp op);
  const MissedReason &getMissed() const { return missed; }

private:
  llvm::LogicalResult fail(const llvm::Twine &reason, const llvm::Twine &hint);
  llvm::LogicalResult matchTurned(ConcatOp op);
  llvm::LogicalResult matchParts(ConcatOp op);
  /// Takes columns along that are not rotated.
  void matchRest();

  SymbolicShapes &shapes;
  WeightContents &contents;
  RotaryMatch found;
  MatchedOps ops;
  MissedReason missed;
};

} // namespace attune

#endif // ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_ROTARYMATCHER_H
