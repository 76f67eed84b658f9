//===- AttentionDescription.h - The attention of a model's layers -*- C++ -*-=//

#ifndef ATTUNE_MODEL_ATTENTIONDESCRIPTION_H
#define ATTUNE_MODEL_ATTENTIONDESCRIPTION_H

#include "attune/Model/LinearDescription.h"

namespace attune {

enum class AttentionKind {
  /// softmax(scale Q K^T) V.
  Softmax,
  /// As AttentionDescription::linear says, in the layers that it lists.
  Linear,
};

enum class AttentionMask {
  /// Each query sees all keys that are not padding.
  Padding,
  /// Each query sees itself and earlier keys; in an encoder those that are not
  /// padding. The only one of decoders.
  Causal,
};

struct AttentionDescription {
  int64_t heads = 0;
  /// Width of a head; queries have heads * headDim columns, keys and values
  /// kvHeads * headDim.
  int64_t headDim = 0;
  /// Scores are multiplied by this; usually 1 / sqrt(headDim). Linear layers
  /// use it for near keys alone.
  double scale = 0;
  bool queryBias = true;
  bool keyBias = true;
  bool valueBias = true;
  bool outputBias = true;
  AttentionMask mask = AttentionMask::Padding;
  /// Heads of keys and values, each for heads / kvHeads heads of queries.
  int64_t kvHeads = 0;
  AttentionKind kind = AttentionKind::Softmax;
  /// Of linear layers; as constructed when there are none.
  LinearDescription linear;
  bool operator==(const AttentionDescription &) const = default;

  /// Whether applied layer `layer` is linear.
  bool isLinear(int64_t layer) const;
};

llvm::StringRef toString(AttentionKind value);
llvm::StringRef toString(AttentionMask value);

} // namespace attune

#endif // ATTUNE_MODEL_ATTENTIONDESCRIPTION_H
