//===- FusionGroups.h - Which ops run as one kernel -------------*- C++ -*-===//
#ifndef ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_FUSIONGROUPS_H
#define ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_FUSIONGROUPS_H

#include "Common.h"
#include "llvm/ADT/MapVector.h"
#include <deque>

namespace attune {

/// Ops of one block that run as one kernel. One of them, the last in program
/// order, has the only result that is used outside: everything the group
/// reads stands before it, and everybody who reads the group behind it.
struct FusionGroup {
  /// The op with KernelOpInterface; null for a group of elementwise and indexed
  /// ops.
  mlir::Operation *anchor = nullptr;
  /// The op whose result the group has.
  mlir::Operation *last = nullptr;
  llvm::SmallVector<mlir::Operation *> members;
  unsigned numPrologue = 0;
  unsigned numEpilogue = 0;
  /// Whether there are members that move elements, and such that compute much.
  /// Never both: code that moves elements may not become vectors.
  bool moves = false;
  bool computes = false;
};

/// Divides the anchors, elementwise and indexed ops of a block into groups.
///
/// An elementwise op on f32 joins
///  1. the epilogue of the anchor whose result it reads, else
///  2. the prologue of the anchor that reads its result,
/// where it must have all uses of what it reads from the group, the shape of
/// the anchor's result (or operand), and other operands that have that shape
/// too or are repeated along leading dimensions. Epilogues come first, so that
/// a residual is added where the linear map's result is at hand and not in the
/// norm behind.
///
/// All other elementwise and indexed ops form groups: an op takes the producers
/// of its operands that nobody else reads, and those theirs, as long as no
/// element is computed more often than it would be alone.
///
/// Cheap ops without operands, such as constants, belong to no group: each
/// group that reads one has a copy (isCloned).
class FusionGrouping {
public:
  /// With `join` false every op stays alone.
  FusionGrouping(mlir::Block &block, bool join);

  /// The groups, by the place of their last op.
  llvm::SmallVector<const FusionGroup *> getGroups() const;

  /// Whether the group of `user` has a copy of the op that computes this
  /// operand.
  bool isCloned(mlir::OpOperand &operand) const;

  /// Ops that are cloned where that is possible and still have users which
  /// need them in memory.
  llvm::SmallVector<FusionGroup> getStored() const;

  /// Elementwise ops and head maps that joined no anchor though they read or
  /// feed one, and why.
  const llvm::MapVector<mlir::Operation *, MissedReason> &getMissed() const {
    return missed;
  }

private:
  /// Notes why no anchor computes a head map that one would take.
  void missReader(mlir::Operation *map);
  void growEpilogue(FusionGroup &group);
  void growPrologue(FusionGroup &group);
  /// Adds the elementwise producers of the anchor's operands, and theirs, that
  /// nobody else reads.
  void takeProducers(FusionGroup &group, mlir::Operation *anchor);
  /// Adds producers to a group without an anchor.
  void growGroup(FusionGroup &group);
  bool canTake(mlir::Operation *producer, mlir::Operation *consumer) const;
  bool canJoin(const FusionGroup &group, mlir::OpOperand &operand) const;
  FusionGroup &createGroup(mlir::Operation *op);
  void add(FusionGroup &group, mlir::Operation *op);
  void miss(mlir::Operation *op, std::string reason, std::string hint);

  mlir::Block &block;
  /// A deque keeps its elements in place.
  std::deque<FusionGroup> groups;
  llvm::DenseMap<mlir::Operation *, FusionGroup *> groupOf;
  llvm::MapVector<mlir::Operation *, MissedReason> missed;
};

} // namespace attune

#endif // ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_FUSIONGROUPS_H
