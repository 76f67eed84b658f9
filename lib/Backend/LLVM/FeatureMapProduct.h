//===- FeatureMapProduct.h - Few rows times a weight as it is ---*- C++ -*-===//
#ifndef ATTUNE_LIB_BACKEND_LLVM_FEATUREMAPPRODUCT_H
#define ATTUNE_LIB_BACKEND_LLVM_FEATUREMAPPRODUCT_H

#include "IndexMath.h"
#include "NumberMath.h"

namespace attune {

/// Emits products of a few rows with a small weight of one head,
/// `target[t, n] = sum_k source[t, k] * weight[n, k]`, where nothing is packed
/// before.
///
/// Rows of the source are transposed, so that they lie across the lanes of
/// vectors and the weight is read one broadcast element at a time; register
/// tiles of results are transposed back. One or two rows would leave lanes
/// empty: they are multiplied by dot products.
class FeatureMapProduct {
public:
  /// Elements of the source, and of the target, at a row and a column; masked
  /// (null: all lanes) where columns do not fill a vector.
  using Load =
      llvm::function_ref<mlir::Value(const NumberMath &number, mlir::Value row,
                                     mlir::Value column, mlir::Value mask)>;
  using Store = llvm::function_ref<void(const NumberMath &number,
                                        mlir::Value vector, mlir::Value row,
                                        mlir::Value column, mlir::Value mask)>;

  /// `rows` is the largest number of rows of one call; `inner` and `outer` are
  /// the numbers of k and n.
  FeatureMapProduct(mlir::OpBuilder &builder, mlir::Location loc,
                    const TargetDesc &target, int64_t rows, int64_t inner,
                    int64_t outer);

  /// Takes scratch.
  void prepare(ScratchAllocator &scratch);

  /// Rows [0, count); `count` is an index in [1, rows]. `weight` is a memref
  /// [weights, outer, inner], of which `which` is read.
  void emit(mlir::Value count, mlir::Value weight, mlir::Value which, Load load,
            Store store);

private:
  void emitTransposed(mlir::Value count, int64_t vectors, mlir::Value weight,
                      mlir::Value which, Load load, Store store);
  void emitTile(int64_t height, int64_t vectors, mlir::Value weight,
                mlir::Value which, mlir::Value first);
  void emitDots(mlir::Value row, mlir::Value weight, mlir::Value which,
                Load load, Store store);

  mlir::OpBuilder &builder;
  mlir::Location loc;
  IndexMath math;
  NumberMath scalar, vector;
  int64_t rows, inner, outer, lanes, vectors, height;
  /// Scratch: [k][rows] and [n][rows], whole squares.
  mlir::Value source, sums;
};

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_LLVM_FEATUREMAPPRODUCT_H
