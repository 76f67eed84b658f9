//===- Embedder.h - Texts to vectors, in batches ----------------*- C++ -*-===//
#ifndef ATTUNE_LIB_RUNTIME_MAIN_EMBEDDER_H
#define ATTUNE_LIB_RUNTIME_MAIN_EMBEDDER_H

#include "Texts.h"

namespace attune::program {

/// One row a text.
struct Embeddings {
  size_t rows = 0, columns = 0;
  std::vector<float> values;

  const float *row(size_t i) const { return values.data() + i * columns; }
};

/// Runs the model on all texts. Texts of about the same length share a batch of
/// at most `maxBatch`, so that little is spent on padding; the rows come in the
/// order of the texts. Returns ExitOk or, with the error reported, the exit
/// status.
int embedTexts(const AttuneModel &descriptor, attune_model *model,
               const std::vector<TokenizedText> &texts, size_t maxBatch,
               Embeddings &result);

/// The batches that embedTexts runs: indices into `lengths`, longest first.
std::vector<std::vector<size_t>>
groupByLength(const std::vector<size_t> &lengths, size_t maxBatch);

} // namespace attune::program

#endif // ATTUNE_LIB_RUNTIME_MAIN_EMBEDDER_H
