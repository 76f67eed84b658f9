//===- Bert.cpp - BERT ----------------------------------------------------===//
//
// Devlin et al. 2018, as transformers' models/bert computes it: token, segment
// and position embeddings, LayerNorm, post-norm layers, tanh pooler.
//
//===----------------------------------------------------------------------===//

#include "Families.h"

using namespace llvm;

namespace attune {

static void readBert(ConfigObject &config, ModelDescription &model) {
  readBertLikeConfig(config, model);
  model.ffn.activation = config.activation("hidden_act", "gelu");
}

using R = WeightRole;
/// The rows with gamma and beta are the names of checkpoints converted from
/// TensorFlow, bert-base-uncased among them.
static constexpr WeightPattern kPatterns[] = {
    {R::TokenEmbedding, "embeddings.word_embeddings.weight"},
    {R::PositionEmbedding, "embeddings.position_embeddings.weight"},
    {R::SegmentEmbedding, "embeddings.token_type_embeddings.weight"},
    {R::EmbeddingNormWeight, "embeddings.LayerNorm.weight"},
    {R::EmbeddingNormWeight, "embeddings.LayerNorm.gamma"},
    {R::EmbeddingNormBias, "embeddings.LayerNorm.bias"},
    {R::EmbeddingNormBias, "embeddings.LayerNorm.beta"},
    {R::QueryWeight, "encoder.layer.{layer}.attention.self.query.weight"},
    {R::QueryBias, "encoder.layer.{layer}.attention.self.query.bias"},
    {R::KeyWeight, "encoder.layer.{layer}.attention.self.key.weight"},
    {R::KeyBias, "encoder.layer.{layer}.attention.self.key.bias"},
    {R::ValueWeight, "encoder.layer.{layer}.attention.self.value.weight"},
    {R::ValueBias, "encoder.layer.{layer}.attention.self.value.bias"},
    {R::AttentionOutWeight,
     "encoder.layer.{layer}.attention.output.dense.weight"},
    {R::AttentionOutBias, "encoder.layer.{layer}.attention.output.dense.bias"},
    {R::AttentionNormWeight,
     "encoder.layer.{layer}.attention.output.LayerNorm.weight"},
    {R::AttentionNormWeight,
     "encoder.layer.{layer}.attention.output.LayerNorm.gamma"},
    {R::AttentionNormBias,
     "encoder.layer.{layer}.attention.output.LayerNorm.bias"},
    {R::AttentionNormBias,
     "encoder.layer.{layer}.attention.output.LayerNorm.beta"},
    {R::FfnInWeight, "encoder.layer.{layer}.intermediate.dense.weight"},
    {R::FfnInBias, "encoder.layer.{layer}.intermediate.dense.bias"},
    {R::FfnOutWeight, "encoder.layer.{layer}.output.dense.weight"},
    {R::FfnOutBias, "encoder.layer.{layer}.output.dense.bias"},
    {R::FfnNormWeight, "encoder.layer.{layer}.output.LayerNorm.weight"},
    {R::FfnNormWeight, "encoder.layer.{layer}.output.LayerNorm.gamma"},
    {R::FfnNormBias, "encoder.layer.{layer}.output.LayerNorm.bias"},
    {R::FfnNormBias, "encoder.layer.{layer}.output.LayerNorm.beta"},
    {R::PoolerWeight, "pooler.dense.weight"},
    {R::PoolerBias, "pooler.dense.bias"},
};

static constexpr WeightScheme kScheme = {"bert", kPatterns};
static constexpr StringLiteral kModelTypes[] = {"bert"};

const ModelFamily &bertFamily() {
  static const ModelFamily kFamily = {kModelTypes, readBert, kScheme,
                                      bertLikeFieldNames()};
  return kFamily;
}

} // namespace attune
