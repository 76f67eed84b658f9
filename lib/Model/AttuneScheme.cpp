//===- AttuneScheme.cpp - What Attune's own models call their weights -----===//

#include "attune/Model/WeightNames.h"

using namespace llvm;

namespace attune {

using R = WeightRole;
static constexpr WeightPattern kPatterns[] = {
    {R::TokenEmbedding, "embedding.token"},
    {R::PositionEmbedding, "embedding.position"},
    {R::SegmentEmbedding, "embedding.segment"},
    {R::EmbeddingNormWeight, "embedding.norm.weight"},
    {R::EmbeddingNormBias, "embedding.norm.bias"},
    {R::EmbeddingProjectionWeight, "embedding.projection.weight"},
    {R::EmbeddingProjectionBias, "embedding.projection.bias"},
    {R::QueryWeight, "layers.{layer}.attention.query.weight"},
    {R::QueryBias, "layers.{layer}.attention.query.bias"},
    {R::KeyWeight, "layers.{layer}.attention.key.weight"},
    {R::KeyBias, "layers.{layer}.attention.key.bias"},
    {R::ValueWeight, "layers.{layer}.attention.value.weight"},
    {R::ValueBias, "layers.{layer}.attention.value.bias"},
    {R::AttentionOutWeight, "layers.{layer}.attention.output.weight"},
    {R::AttentionOutBias, "layers.{layer}.attention.output.bias"},
    {R::AttentionNormWeight, "layers.{layer}.attention.norm.weight"},
    {R::AttentionNormBias, "layers.{layer}.attention.norm.bias"},
    {R::QueryFeatureProjection,
     "layers.{layer}.attention.query_features.projection"},
    {R::QueryFeatureBias, "layers.{layer}.attention.query_features.bias"},
    {R::QueryFeatureMix, "layers.{layer}.attention.query_features.mix"},
    {R::QueryFeatureTilt, "layers.{layer}.attention.query_features.tilt"},
    {R::QueryFeatureOffset, "layers.{layer}.attention.query_features.offset"},
    {R::KeyFeatureProjection,
     "layers.{layer}.attention.key_features.projection"},
    {R::KeyFeatureBias, "layers.{layer}.attention.key_features.bias"},
    {R::KeyFeatureMix, "layers.{layer}.attention.key_features.mix"},
    {R::KeyFeatureTilt, "layers.{layer}.attention.key_features.tilt"},
    {R::KeyFeatureOffset, "layers.{layer}.attention.key_features.offset"},
    {R::DecaySlopes, "layers.{layer}.attention.decay.slopes"},
    {R::DecayWeight, "layers.{layer}.attention.decay.weight"},
    {R::DecayBias, "layers.{layer}.attention.decay.bias"},
    {R::BetaWeight, "layers.{layer}.attention.beta.weight"},
    {R::BetaBias, "layers.{layer}.attention.beta.bias"},
    {R::FfnGateWeight, "layers.{layer}.ffn.gate.weight"},
    {R::FfnGateBias, "layers.{layer}.ffn.gate.bias"},
    {R::FfnInWeight, "layers.{layer}.ffn.input.weight"},
    {R::FfnInBias, "layers.{layer}.ffn.input.bias"},
    {R::FfnOutWeight, "layers.{layer}.ffn.output.weight"},
    {R::FfnOutBias, "layers.{layer}.ffn.output.bias"},
    {R::FfnNormWeight, "layers.{layer}.ffn.norm.weight"},
    {R::FfnNormBias, "layers.{layer}.ffn.norm.bias"},
    {R::FinalNormWeight, "final_norm.weight"},
    {R::FinalNormBias, "final_norm.bias"},
    {R::PoolerWeight, "pooler.weight"},
    {R::PoolerBias, "pooler.bias"},
    {R::HeadWeight, "head.weight"},
    {R::HeadBias, "head.bias"},
};
static_assert(std::size(kPatterns) == kWeightRoleCount);

const WeightScheme &attuneWeightScheme() {
  static constexpr WeightScheme kScheme = {"attune", kPatterns};
  return kScheme;
}

} // namespace attune
