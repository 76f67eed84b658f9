//===- Windows.h - Windows of convolutions and pooling ----------*- C++ -*-===//
#ifndef ATTUNE_LIB_FRONTEND_ONNX_WINDOWS_H
#define ATTUNE_LIB_FRONTEND_ONNX_WINDOWS_H

#include "NeuralOps.h"

namespace attune {

/// How a window walks over the spatial dimensions, one entry each.
struct Windows {
  llvm::SmallVector<int64_t> kernel, strides, dilations;
  /// Padding before and behind; `extraHigh` beyond that makes the last window
  /// of ceil_mode whole.
  llvm::SmallVector<int64_t> low, high, extraHigh;
  /// Results.
  llvm::SmallVector<int64_t> results;

  /// Reads strides, dilations, pads, auto_pad and ceil_mode for windows of
  /// `kernel` over an input [batch, channels, ...].
  static llvm::Expected<Windows> read(NodeImporter &node,
                                      llvm::ArrayRef<int64_t> kernel);
};

} // namespace attune

#endif // ATTUNE_LIB_FRONTEND_ONNX_WINDOWS_H
