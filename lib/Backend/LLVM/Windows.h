//===- Windows.h - Windows that walk over spatial dimensions ----*- C++ -*-===//
#ifndef ATTUNE_LIB_BACKEND_LLVM_WINDOWS_H
#define ATTUNE_LIB_BACKEND_LLVM_WINDOWS_H

#include "IndexMath.h"
#include "NumberMath.h"

namespace attune {

/// Windows along one dimension; all numbers are static.
struct WindowDim {
  int64_t extent; ///< of the operand
  int64_t count;  ///< windows: the result's extent
  int64_t kernel, stride, low, dilation;

  /// Whether no window reaches beyond the operand.
  bool isWithin() const {
    return low == 0 &&
           (count == 0 ||
            (count - 1) * stride + (kernel - 1) * dilation < extent);
  }
  /// Whether windows are the elements themselves.
  bool isPointwise() const {
    return kernel == 1 && stride == 1 && low == 0 && count == extent;
  }
};

/// The spatial dimensions of a convolution or pooling. Vectors hold neighbours
/// of the last one.
class Windows {
public:
  /// Pointwise windows along all dimensions become those of one dimension.
  explicit Windows(llvm::ArrayRef<WindowDim> dims);
  /// As attune.conv and attune.pool_window have them: `input` and `result` are
  /// spatial extents.
  static Windows
  get(llvm::ArrayRef<int64_t> input, llvm::ArrayRef<int64_t> result,
      llvm::ArrayRef<int64_t> kernel, llvm::ArrayRef<int64_t> strides,
      llvm::ArrayRef<int64_t> low, llvm::ArrayRef<int64_t> dilations);

  llvm::ArrayRef<WindowDim> getDims() const { return dims; }
  llvm::ArrayRef<WindowDim> getOuter() const {
    return llvm::ArrayRef(dims).drop_back();
  }
  const WindowDim &getLast() const { return dims.back(); }

  /// Lanes of vectors of `element` that suit the extent of the last dimension.
  int64_t getLanes(mlir::Type element, const TargetDesc &target) const;

  /// A position within a window: the index into the kernel in each dimension,
  /// and the operand's indices in all dimensions but the last.
  struct Position {
    llvm::SmallVector<mlir::Value> kernel, outer;
  };
  using Body = llvm::function_ref<llvm::SmallVector<mlir::Value>(
      const Position &, mlir::ValueRange carried)>;
  /// Emits loops over the positions within the window whose place in the outer
  /// dimensions is `window`, without those outside of the operand there.
  llvm::SmallVector<mlir::Value> emit(mlir::OpBuilder &builder,
                                      mlir::Location loc,
                                      llvm::ArrayRef<mlir::Value> window,
                                      mlir::ValueRange init, Body body) const;

  /// Loads the elements at index `k` of the windows from `column` on along the
  /// last dimension, `otherwise` (of the number's type) outside of the operand.
  /// `indices` are those of the memref's other dimensions. `valid` becomes
  /// which lanes are elements of the operand; null: all that `mask` has.
  mlir::Value load(mlir::OpBuilder &builder, mlir::Location loc,
                   const NumberMath &number, mlir::Value memref,
                   llvm::ArrayRef<mlir::Value> indices, mlir::Value column,
                   mlir::Value k, mlir::Value mask, mlir::Value otherwise,
                   mlir::Value &valid) const;

private:
  llvm::SmallVector<WindowDim> dims;
};

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_LLVM_WINDOWS_H
