//===- Features.h - Features of blocks of tokens as Halide funcs -*- C++
//-*-===//
//
// attune.feature_map for blocks of tokens of one head, as linear attention
// reads them and as the kernels of the map itself write them:
//
//   inputs   [D][tokens]   scale * input
//   rows     [R][tokens]   W inputs + bias, where there is a projection
//   squares  [tokens]      |inputs|^2 / 2, for the maps of FAVOR+
//   features [M][tokens]
//
// Tokens lie across lanes, so that all of it is plain vector operations. Where
// there is neither a projection nor a square they need not: then the features
// of a token lie beside each other, as they do in the input.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_BACKEND_HALIDE_FEATURES_H
#define ATTUNE_LIB_BACKEND_HALIDE_FEATURES_H

#include "KernelPipeline.h"
#include <functional>

namespace attune {

class Features {
public:
  /// The features of `value`, packed heads [batch, length, heads * columns]: an
  /// argument of the kernel, or a supported map of one. Blocks have `tokens`
  /// tokens.
  Features(KernelPipeline &pipeline, mlir::Value value, int heads, int tokens,
           const std::string &name);

  /// Success when Halide has code for whatever `value` is; else the reason is
  /// written.
  static llvm::LogicalResult supports(mlir::Value value, std::string &reason);

  /// Features of a head, which is M.
  int getColumns() const { return columns; }
  /// Tokens of the sequence.
  Halide::Expr getLength() const { return length; }
  /// The kernel's argument behind the features.
  Halide::ImageParam getInput() const { return input; }

  /// Whether a token of a block counts; the batch is for masks.
  using Condition = std::function<Halide::Expr(
      Halide::Expr token, Halide::Expr block, Halide::Expr batch)>;
  /// Defines the func: features where `condition` (if any) holds, else zeros.
  /// Beyond the last token it has those of the last.
  void define(const Condition &condition = nullptr);
  /// Of (token of block, column, block, head, batch).
  Halide::Func getFunc() const { return features; }

  /// Whether the features of a token lie beside each other, and not those of
  /// a column: where no product has tokens across its lanes.
  bool isRowMajor(int lanes) const;
  /// Computes all of it at a loop that needs one block of one head. `lanes`
  /// divides the tokens, or there is one.
  void scheduleCpu(Halide::LoopLevel loop, int lanes);
  /// Every func is a launch.
  void scheduleGpu();

private:
  std::vector<Halide::Func> getFuncs() const;
  Halide::Expr getFeature(Halide::Expr column);
  Halide::Expr getRow(Halide::Expr row) const;

  KernelPipeline &pipeline;
  FeatureMapOp map; ///< null for an argument of the kernel
  int tokens, columns, headDim, rowCount;
  Halide::ImageParam input;
  Halide::Expr length;
  Halide::Var token{"token"}, column{"column"}, block{"block"}, head{"head"},
      batch{"batch"};
  Halide::RDom elements;
  Halide::Func inputs, rows, squares, features;
};

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_HALIDE_FEATURES_H
