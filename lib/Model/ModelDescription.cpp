//===- ModelDescription.cpp - What follows from a description -------------===//

#include "attune/Model/ModelDescription.h"
#include "attune/Model/WeightNames.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>

using namespace llvm;

namespace attune {

bool AttentionDescription::isLinear(int64_t layer) const {
  return kind == AttentionKind::Linear &&
         (linear.layers.empty() || llvm::is_contained(linear.layers, layer));
}

int64_t ModelDescription::maxSequenceLength() const {
  if (position.kind == PositionKind::None)
    return 0;
  return position.rows - position.offset;
}

int64_t ModelDescription::distinctLayers() const {
  return sharing.groups == 0 ? layers : sharing.groups * sharing.innerLayers;
}

int64_t ModelDescription::weightLayer(int64_t layer) const {
  if (sharing.groups == 0)
    return layer;
  int64_t block = layer / sharing.innerLayers;
  int64_t inner = layer % sharing.innerLayers;
  // In double precision and in this order because transformers computes
  // int(i / (layers / groups)) so, and the rounding of an odd ratio decides.
  int64_t blocks = layers / sharing.innerLayers;
  double perGroup =
      static_cast<double>(blocks) / static_cast<double>(sharing.groups);
  auto group = static_cast<int64_t>(static_cast<double>(block) / perGroup);
  return std::min(group, sharing.groups - 1) * sharing.innerLayers + inner;
}

int64_t parameterCount(const ModelDescription &model) {
  int64_t total = 0;
  for (WeightRole role : allWeightRoles()) {
    int64_t count = countWeights(role, model);
    for (int64_t extent : expectedShape(role, model))
      count *= extent;
    total += count;
  }
  return total;
}

} // namespace attune
