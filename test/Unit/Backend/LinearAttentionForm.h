//===- LinearAttentionForm.h - Kernels of linear attention ------*- C++ -*-===//
#ifndef ATTUNE_TEST_UNIT_BACKEND_LINEARATTENTIONFORM_H
#define ATTUNE_TEST_UNIT_BACKEND_LINEARATTENTIONFORM_H

#include "attune/Reference/Tensor.h"

namespace attune {

/// A kernel with one linear attention and the maps that it reads.
struct LinearAttentionForm {
  std::string rule = "linear";
  int64_t heads = 2, kvHeads = 2, dim = 16, valueDim = 16;
  /// "head", "column" or "fixed" for the gated rules.
  std::string decay = "head";
  bool sharedBeta = false;
  bool masked = false, past = false, full = false, weighted = false;
  std::optional<double> denominator;
  std::string squash;
  /// The map of queries and keys with its attributes: "elu1", and rows of its
  /// projection, 0 without. With `weighted` its scale weighs the keys.
  std::string map, mapAttributes;
  int64_t rows = 0, features = 0;
  double scale = 0.5;
  double values = 1; ///< the largest

  bool isGated() const { return llvm::StringRef(rule).starts_with("gated"); }
  bool isDelta() const { return llvm::StringRef(rule).ends_with("delta"); }
  int64_t keyDim() const { return features ? features : dim; }
  double tolerance() const { return isDelta() ? 1e-4 : 1e-5; }

  std::string getText() const;
  /// Inputs of sequences of `queries` and `keys` tokens, which are equal but
  /// for `full`.
  llvm::SmallVector<Tensor> makeInputs(int64_t batch, int64_t queries,
                                       int64_t keys, uint64_t seed) const;
};

} // namespace attune

#endif // ATTUNE_TEST_UNIT_BACKEND_LINEARATTENTIONFORM_H
