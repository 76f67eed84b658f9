//===- WeightNames.h - Logical weights and what files call them -*- C++ -*-===//
//
// A weight has a role in the model ("the query weight of layer 3"), which fixes
// its shape and whether a model needs it, and a name in the file, which a
// scheme (one a family of names) gives as a pattern.
//
//===----------------------------------------------------------------------===//

#ifndef ATTUNE_MODEL_WEIGHTNAMES_H
#define ATTUNE_MODEL_WEIGHTNAMES_H

#include "attune/Model/ModelDescription.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

#include <optional>
#include <string>
#include <vector>

namespace attune {

/// The logical weights. Matrices are [out, in]: a linear layer is x W^T + b.
enum class WeightRole {
  // Once a model.
  TokenEmbedding,            // [vocabulary, W]
  PositionEmbedding,         // [position.rows, W]
  SegmentEmbedding,          // [segmentTypes, W]
  EmbeddingNormWeight,       // [W]
  EmbeddingNormBias,         // [W]
  EmbeddingProjectionWeight, // [H, W]
  EmbeddingProjectionBias,   // [H]
  // Once a layer.
  QueryWeight,         // [A, H], A = heads * headDim
  QueryBias,           // [A]
  KeyWeight,           // [K, H], K = kvHeads * headDim
  KeyBias,             // [K]
  ValueWeight,         // [K, H]
  ValueBias,           // [K]
  AttentionOutWeight,  // [H, A]
  AttentionOutBias,    // [H]
  AttentionNormWeight, // [H], the norm of the attention sub-layer
  AttentionNormBias,   // [H]
  // Of linear layers alone. With Hq = heads, Hk = kvHeads (heads in hybrid
  // layers), or 1 where features share their weights.
  QueryFeatureProjection, // [Hq, R, headDim]
  QueryFeatureBias,       // [Hq, R]
  QueryFeatureMix,        // [Hq, M, features of the map]
  QueryFeatureTilt,       // [Hq, headDim]
  QueryFeatureOffset,     // [Hq]
  KeyFeatureProjection,   // [Hk, R, headDim], when keys have features of their
  KeyFeatureBias,         // [Hk, R]                                      own
  KeyFeatureMix,          // [Hk, M, features of the map]
  KeyFeatureTilt,         // [Hk, headDim]
  KeyFeatureOffset,       // [Hk]
  DecaySlopes,            // [G], G = kvHeads, or kvHeads * M for columns
  DecayWeight,            // [G, H]
  DecayBias,              // [G]
  BetaWeight,             // [kvHeads, H]
  BetaBias,               // [kvHeads]
  // Once a layer.
  FfnGateWeight, // [ffn.dim, H], only when gated
  FfnGateBias,   // [ffn.dim]
  FfnInWeight,   // [ffn.dim, H]
  FfnInBias,     // [ffn.dim]
  FfnOutWeight,  // [H, ffn.dim]
  FfnOutBias,    // [H]
  FfnNormWeight, // [H], the norm of the feed-forward sub-layer
  FfnNormBias,   // [H]
  // Once a model.
  FinalNormWeight, // [H]
  FinalNormBias,   // [H]
  PoolerWeight,    // [H, H]
  PoolerBias,      // [H]
  HeadWeight,      // [vocabulary, H]
  HeadBias,        // [vocabulary]
};
constexpr unsigned kWeightRoleCount =
    static_cast<unsigned>(WeightRole::HeadBias) + 1;

/// Every role, in the order of the enumeration.
llvm::ArrayRef<WeightRole> allWeightRoles();
/// The name of a role, e.g. "attention.query.weight" or "embedding.token".
llvm::StringRef toString(WeightRole role);
std::optional<WeightRole> weightRoleFromString(llvm::StringRef name);
/// Whether there is one for each layer.
bool isPerLayer(WeightRole role);
/// Whether a model of this description has the weight, in some layer.
bool isNeeded(WeightRole role, const ModelDescription &model);
/// Whether it has the weight in distinct layer `layer` (ignored for weights
/// that are there once a model).
bool isNeeded(WeightRole role, const ModelDescription &model, int64_t layer);
/// How many tensors of this role the model has.
int64_t countWeights(WeightRole role, const ModelDescription &model);
/// The shape the weight must have.
llvm::SmallVector<int64_t, 2> expectedShape(WeightRole role,
                                            const ModelDescription &model);

/// One row of a scheme. `pattern` is the name in the file without the prefix;
/// {layer} stands for the index of the distinct layer, {group} and {inner} for
/// its two parts when layers are shared in groups. Several rows of one role
/// are alternatives, the first that is in the file is taken.
struct WeightPattern {
  WeightRole role;
  llvm::StringLiteral pattern;
};

/// How a family of files names its weights.
struct WeightScheme {
  llvm::StringLiteral name;
  llvm::ArrayRef<WeightPattern> patterns;
};

/// The scheme of models in Attune's own form, "attune": a weight has the name
/// of its role, and stands behind "layers.{layer}." when there is one a layer.
const WeightScheme &attuneWeightScheme();

/// The scheme of that name, Attune's own or that of a registered family, or
/// null.
const WeightScheme *findWeightScheme(llvm::StringRef name);
/// The names of all schemes, sorted.
std::vector<std::string> weightSchemeNames();

/// Fills {layer}, {group}, {inner} of a pattern for distinct layer `layer` of
/// the model (ignored when the pattern has none of them).
std::string expandPattern(llvm::StringRef pattern, int64_t layer,
                          const ModelDescription &model);

} // namespace attune

#endif // ATTUNE_MODEL_WEIGHTNAMES_H
