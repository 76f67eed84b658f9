//===- LinearAttentionKernel.h - What its forms share -----------*- C++ -*-===//
//
// One item of a kernel of linear attention is a few heads of keys and values,
// which lie beside each other in memory, with all queries that belong to them;
// where there are few heads, it is one head and a run of value columns, which
// do not depend on each other. Two forms compute an item:
//
// - recurrent (LinearAttentionRecurrent.cpp), token by token on the state in
//   memory: any rule, and what short sequences take;
// - chunked (LinearAttentionChunked.cpp), products of matrices within chunks
//   of tokens, with the state in scratch memory. A sequence of one chunk is the
//   parallel form.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_BACKEND_LLVM_LINEARATTENTIONKERNEL_H
#define ATTUNE_LIB_BACKEND_LLVM_LINEARATTENTIONKERNEL_H

#include "LinearAttentionRows.h"
#include "PlainLoops.h"

namespace attune {

/// Values of the knobs.
struct LinearAttentionTiling {
  int64_t lanes;     ///< f32 elements of a vector
  int64_t chunk;     ///< most tokens of a chunk
  int64_t recurrent; ///< sequences shorter than this go token by token
  int64_t mr;        ///< rows of a register tile
  int64_t nv;        ///< vectors of a register tile
  int64_t unroll;    ///< of the loops within tiles
  int64_t tasks;     ///< items to make where there are columns enough

  /// Columns of a register tile and of a panel of the state.
  int64_t getColumns() const { return lanes * nv; }
};

/// The op, its sizes, buffers and the item that is being emitted.
struct LinearAttentionKernel {
  LinearAttentionKernel(KernelEmission &emission, mlir::OpBuilder &builder,
                        const LinearAttentionTiling &tiling);

  /// Takes the buffers of `function` and says how many items there are.
  ItemCounts enter(mlir::func::FuncOp function);
  /// Sets the members below from the number of an item.
  void setItem(mlir::Value item);
  /// Makes head `slot` of the item the one that is emitted.
  void setHead(mlir::Value slot);

  KernelEmission &emission;
  mlir::OpBuilder &builder;
  mutable LinearAttentionOp op; ///< a handle: its accessors are not const
  LinearAttentionTiling tiling;
  mlir::Location loc;
  IndexMath math;
  NumberMath scalar, vector;
  int64_t lanes, keyDim, valueDim, kvHeads;
  int64_t group;      ///< query heads of a head of keys
  int64_t paddedKeys; ///< keyDim in whole vectors
  int64_t panels;     ///< of `getColumns()` value columns
  int64_t mostPanels; ///< of one item
  int64_t mostHeads;  ///< of one item
  bool isGated, isDelta, decaysColumns;
  LinearAttentionRows queryRows, keyRows;

  // Buffers; null where the op has none.
  mlir::Value value, mask, decay, beta, past, pastSum, pastMax;
  mlir::Value weights; ///< null also where keyRows computes them
  mlir::Value output, present, presentSum, presentMax;
  mlir::Value queries, keys; ///< lengths (index)

  // The item.
  mlir::Value headsOfItem;              ///< how many
  mlir::Value batch, head;              ///< of keys and values
  mlir::Value firstPanel, panelsOfItem; ///< the run of columns
  mlir::Value isFirst;                  ///< the run begins with column 0: i1

  /// Scratch memory of f32 for all tasks.
  mlir::Value allocate(ScratchAllocator &scratch,
                       llvm::ArrayRef<int64_t> shape) const;

  /// Elements of a token, scalars; `token` counts from the start.
  mlir::Value loadMask(mlir::Value token) const;  ///< i1: takes part
  mlir::Value loadDecay(mlir::Value token) const; ///< g of the head
  /// g of key columns.
  mlir::Value loadDecay(const NumberMath &number, mlir::Value token,
                        mlir::Value column, mlir::Value mask) const;
  mlir::Value loadBeta(mlir::Value token) const;
  /// w of a token that is row `row` of keyRows.
  mlir::Value loadWeight(mlir::Value token, mlir::Value row) const;
  bool hasWeights() const { return op.getLogWeights() != nullptr; }
  bool hasSum() const { return op.getDenominator().has_value(); }

  /// The mask of a vector of key columns from `column` on; null: all exist.
  mlir::Value getKeyMask(mlir::Value column) const;
  /// The same of value columns.
  mlir::Value getValueMask(mlir::Value column) const;

  /// The maximum that a state is divided by, as an exponent that is finite:
  /// 0 in place of minus infinity, where all is zero anyway.
  mlir::Value emitReference(mlir::Value maximum) const;
  /// The factor of a state when its maximum goes to one with that reference.
  mlir::Value emitRescale(mlir::Value maximum, mlir::Value reference) const;
  /// What results are multiplied by: `scale`, over the divisor where there is
  /// one. `sum` is z'^T q, `reference` null without log weights. All are
  /// scalars, or vectors as `number` says.
  mlir::Value emitResultFactor(const NumberMath &number, mlir::Value sum,
                               mlir::Value reference) const;

private:
  mlir::Value emitTail(int64_t extent, mlir::Value column) const;

  mlir::Value countPanels, countHeads; ///< of an item, at most
  mlir::Value allHeads;                ///< of all batch elements
  mlir::Value firstHead;
};

/// Registers that tiles of the chunked form need.
inline int64_t getRegisters(const LinearAttentionTiling &tiling) {
  return tiling.mr * tiling.nv + tiling.nv + 1;
}

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_LLVM_LINEARATTENTIONKERNEL_H
