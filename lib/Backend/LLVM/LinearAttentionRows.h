//===- LinearAttentionRows.h - Features where they are read -----*- C++ -*-===//
#ifndef ATTUNE_LIB_BACKEND_LLVM_LINEARATTENTIONROWS_H
#define ATTUNE_LIB_BACKEND_LLVM_LINEARATTENTIONROWS_H

#include "FeatureMapEmitter.h"
#include "IndexMath.h"
#include "NumberMath.h"
#include "attune/Backend/LLVM/KernelFamily.h"
#include <optional>

namespace attune {

/// Queries or keys of linear attention, a few tokens of one head at a time.
/// They are operands of the kernel, or features that the kernel computes: maps
/// of single elements while rows are loaded, all others by FeatureMapEmitter
/// into scratch memory before.
class LinearAttentionRows {
public:
  /// `operand` is [batch, tokens, heads * columns]: an operand of the kernel or
  /// the features of a map of one.
  LinearAttentionRows(const KernelEmission &emission, mlir::OpBuilder &builder,
                      mlir::Value operand, int64_t heads);

  /// Whether `operand` is one of these; else the reason is written.
  static llvm::LogicalResult supports(mlir::Value operand, std::string &reason);

  /// The map that computes the rows; null: they are operands.
  FeatureMapOp getMap() const { return map; }
  /// Whether rows are computed into scratch memory when they are selected.
  bool areStored() const { return map && !isInline; }
  int64_t getColumns() const { return columns; }

  /// Takes the buffer of `function`.
  void enter(mlir::func::FuncOp function);
  /// Emits at the start of the task what `select` uses; `tokens` is the largest
  /// number of rows.
  void prepare(mlir::func::FuncOp task, ScratchAllocator &scratch,
               int64_t tokens);

  mlir::Value getBatch() const;
  mlir::Value getLength() const;

  /// Makes `count` tokens of a head from `first` on the rows to load. All are
  /// of type index.
  void select(mlir::Value batch, mlir::Value head, mlir::Value first,
              mlir::Value count);
  /// Columns of a row of what was selected last; with a mask the others are
  /// zero.
  mlir::Value load(const NumberMath &number, mlir::Value row,
                   mlir::Value column, mlir::Value mask = {}) const;
  /// Log scales of the rows selected last, a memref [tokens]; null where the
  /// map has none, or rows are not stored.
  mlir::Value getScales() const { return scales; }
  /// Fetches a row of the same head into the cache, given by its token.
  void prefetch(mlir::Value token) const;

private:
  mlir::Value apply(const NumberMath &number, mlir::Value x) const;

  const KernelEmission &emission;
  mlir::OpBuilder &builder;
  mlir::Location loc;
  IndexMath math;
  mlir::Value source;       ///< the operand, or the map's
  mutable FeatureMapOp map; ///< a handle: its accessors are not const
  bool isInline = false;
  int64_t columns;
  std::optional<FeatureMapEmitter> features;
  mlir::Value buffer; ///< of `source`
  mlir::Value stored; ///< [tokens, columns]
  mlir::Value scales;
  mlir::Value batch, first, column; ///< of what is selected
};

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_LLVM_LINEARATTENTIONROWS_H
