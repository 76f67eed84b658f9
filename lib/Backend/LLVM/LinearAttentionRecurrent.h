//===- LinearAttentionRecurrent.h - Linear attention by tokens --*- C++ -*-===//
//
// The state stays in memory where `present` has it; the first token reads it
// from `past`. A token reads and writes it once: the update of a row of the
// state and its part of the results are one pass. The delta rules need what the
// state has for the key before: a pass computes S^T k and S^T q together, with
// which S'^T q = S^T q + (k.q) d for the update S' = S + k d^T, and a second
// one updates.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_BACKEND_LLVM_LINEARATTENTIONRECURRENT_H
#define ATTUNE_LIB_BACKEND_LLVM_LINEARATTENTIONRECURRENT_H

#include "LinearAttentionKernel.h"

namespace attune {

class RecurrentLinearAttention {
public:
  explicit RecurrentLinearAttention(LinearAttentionKernel &kernel);

  /// Emits at the start of the task what items use.
  void prepare(ScratchAllocator &scratch);
  void emitItem();

private:
  using Vectors = llvm::SmallVector<mlir::Value>;
  /// A few vectors of value columns.
  struct Columns {
    mlir::Value first;
    Vectors masks; ///< of each vector; null: all lanes exist
    int64_t getVectors() const { return masks.size(); }
  };

  void emitHead();
  void loadSums();
  void storeSums();
  void emitCopy();
  /// A token on top of `state`, a buffer like `present`; null: zeros.
  void emitToken(mlir::Value token, mlir::Value state);
  /// The rows below of the token, z, and what is common to all of the state.
  void emitKey(mlir::Value token);
  void emitQueries(mlir::Value token);
  void emitColumns(mlir::Value token, mlir::Value state,
                   const Columns &columns);
  /// Query heads behind the first `done`, by the state after the token.
  void emitOtherHeads(mlir::Value token, int64_t done, const Columns &columns);

  void forEachColumns(llvm::function_ref<void(const Columns &)> body);
  void forEachKeyVector(
      llvm::function_ref<void(mlir::Value column, mlir::Value mask)> body);
  /// A pass over the rows of the state that adds up.
  Vectors
  sumRows(size_t count,
          llvm::function_ref<Vectors(mlir::Value row, mlir::ValueRange carried)>
              body);

  Vectors load(mlir::Value memref, mlir::ValueRange indices,
               const Columns &columns) const;
  void store(llvm::ArrayRef<mlir::Value> values, mlir::Value memref,
             mlir::ValueRange indices, const Columns &columns) const;
  /// Row `row` of the state before the token, decayed.
  Vectors loadDecayed(mlir::Value state, mlir::Value row,
                      const Columns &columns) const;
  /// Adds the row's part of the results of `heads` query heads from `first`
  /// on.
  void addResults(mlir::Value first, int64_t heads, mlir::Value row,
                  llvm::ArrayRef<mlir::Value> vectors, mlir::ValueRange sums,
                  Vectors &next) const;
  /// `head` counts from the first query head of the item.
  void storeResult(mlir::Value token, mlir::Value head,
                   llvm::ArrayRef<mlir::Value> sums, const Columns &columns);
  mlir::Value squash(mlir::Value x) const;

  LinearAttentionKernel &k;
  mlir::OpBuilder &builder;
  mlir::Location loc;
  const IndexMath &math;
  const NumberMath &scalar, &vector;
  int64_t lanes;

  mlir::Value keyRow;        ///< [keys]
  mlir::Value factorRow;     ///< decay of key columns [keys]
  mlir::Value queryRows;     ///< [group, keys]
  mlir::Value sums;          ///< z [keys]
  mlir::Value resultFactors; ///< of each query head [group]
  mlir::Value overlaps;      ///< k.q of each query head [group]
  mlir::Value maximum;       ///< [1]
  mlir::Value common;        ///< decay of the whole state; null: none
  mlir::Value reference;     ///< of log weights; null without
};

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_LLVM_LINEARATTENTIONRECURRENT_H
