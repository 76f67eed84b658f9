//===- FeatureMapEmitter.h - Features of a few tokens of a head -*- C++ -*-===//
#ifndef ATTUNE_LIB_BACKEND_LLVM_FEATUREMAPEMITTER_H
#define ATTUNE_LIB_BACKEND_LLVM_FEATUREMAPEMITTER_H

#include "FeatureMapProduct.h"
#include "NumberMath.h"
#include "attune/Backend/LLVM/KernelFamily.h"
#include <optional>

namespace attune {

class ScratchAllocator;

/// Emits code that computes attune.feature_map for a few tokens of one head:
/// the body of the map's own kernels, and of those that read features (linear
/// attention) block by block.
///
/// Products with the projection and with `mix` are those of a block of tokens;
/// between them each token is a row of vectors.
class FeatureMapEmitter {
public:
  /// `tokens` is the largest number of tokens of one call.
  FeatureMapEmitter(const KernelEmission &emission, mlir::OpBuilder &builder,
                    FeatureMapOp map, int64_t tokens);

  /// Emits at the start of `function` what the code uses; takes scratch where
  /// it needs any.
  void prepare(mlir::func::FuncOp function, ScratchAllocator &scratch);

  /// Writes the features of `count` tokens from `token` on, of `head` in
  /// `batch`, to the first rows of `features`, a memref [tokens, columns] whose
  /// rows have unit stride and at least M columns (what is behind M is left as
  /// it is), and their log scales to `scales`, a memref [tokens], unless it is
  /// null. All numbers are of type index; `count` is in [1, tokens].
  void emit(mlir::Value batch, mlir::Value head, mlir::Value token,
            mlir::Value count, mlir::Value features, mlir::Value scales);

private:
  /// A row of a memref.
  struct Row {
    mlir::Value memref, index;
  };
  /// What is computed of a token: its row of y, where its features go before
  /// `mix`, and the largest and the least element of y.
  struct Token {
    mlir::Value batch, head, position;
    Row y, target;
    mlir::Value highest, lowest; ///< scalars; null where not needed
  };
  /// The body of a loop over the vectors of a row.
  using Body = llvm::function_ref<mlir::Value(
      const NumberMath &number, mlir::Value column, mlir::Value mask)>;

  mlir::Value emitWhich(mlir::Value weight, mlir::Value head) const;
  mlir::Value loadRow(const NumberMath &number, const Row &row,
                      mlir::Value column, mlir::Value mask,
                      mlir::Value otherwise = {}) const;
  /// Writes `body` to the columns from `first` on of a row, of which there are
  /// `count` (index).
  void writeRow(const Row &row, mlir::Value first, mlir::Value count,
                Body body);
  /// The sum of `body` over [0, count).
  mlir::Value sumRow(int64_t count, Body body);
  mlir::Value emitPower(mlir::Value difference) const;
  mlir::Value clamp(mlir::Value value) const;

  /// y of a token, where the product with the projection is there already.
  void emitRow(Token &token);
  void emitFeatures(const Token &token, mlir::Value shift, double factor);
  void emitSoftmax(const Token &token);
  void emitDpfp(const Token &token);
  void emitTaylor(const Token &token);
  void emitNorm(const Token &token);
  /// |x|^2 / 2 of a token.
  mlir::Value emitHalfSquare(const Token &token);
  mlir::Value emitTilt(const Token &token);
  void emitToken(Token &token, mlir::Value scales, mlir::Value row);

  const KernelEmission &emission;
  mlir::OpBuilder &builder;
  FeatureMapOp map;
  int64_t tokens;
  mlir::Location loc;
  IndexMath math;
  NumberMath scalar, vector;
  int64_t lanes, headDim, rows, number, features;
  bool isScaled; ///< exponentials are divided by the largest one
  std::optional<FeatureMapProduct> projecting, mixing;
  mlir::Value input, projection, bias, mix, tilt; ///< buffers
  /// Scratch: y of tokens [tokens, rows], dpfp's z twice, features before
  /// `mix`.
  mlir::Value products, rolled, unmixed;
};

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_LLVM_FEATUREMAPEMITTER_H
