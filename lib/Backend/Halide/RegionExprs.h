//===- RegionExprs.h - A kernel's region as expressions ---------*- C++ -*-===//
//
// Evaluates values of a kernel's region at one position, as the LLVM backend's
// RegionEmitter does: families use it for what the anchor reads and for what
// follows the anchor, so that any elementwise op can join any kernel.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_BACKEND_HALIDE_REGIONEXPRS_H
#define ATTUNE_LIB_BACKEND_HALIDE_REGIONEXPRS_H

#include "KernelPipeline.h"
#include "llvm/ADT/DenseMap.h"

namespace attune {

/// A place in the space of the kernel's first result: its last dimension gives
/// the columns, all others together, in row-major order, the rows.
struct Position {
  Halide::Expr column, row;
};

/// Values that are known at a position, such as the anchor's result.
using KnownExprs = llvm::SmallDenseMap<mlir::Value, Halide::Expr, 4>;

class RegionExprs {
public:
  explicit RegionExprs(KernelPipeline &pipeline) : pipeline(pipeline) {}

  /// The value of the region at a position. Arguments of lower rank or with
  /// static extents of one are repeated as NumPy does. Every value on the way
  /// is one that supportsValue takes.
  Halide::Expr get(mlir::Value value, const Position &position,
                   const KnownExprs &known = KnownExprs()) const;

  /// The elements of the kernel's results at a position, from the anchor's.
  llvm::SmallVector<Halide::Expr> getResults(const Position &position,
                                             const KnownExprs &known) const;

  /// Success when everything that `value` is computed from, down to block
  /// arguments and `known`, is elementwise and known to Halide; else the reason
  /// is written.
  static llvm::LogicalResult
  supportsValue(mlir::Value value, mlir::ValueRange known, std::string &reason);

  /// supportsValue of all that the kernel yields: one result, or `several` of
  /// one shape.
  static llvm::LogicalResult supportsResults(KernelOp kernel,
                                             mlir::ValueRange known,
                                             std::string &reason,
                                             bool several = false);

private:
  Halide::Expr load(unsigned argument, const Position &position) const;

  KernelPipeline &pipeline;
};

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_HALIDE_REGIONEXPRS_H
