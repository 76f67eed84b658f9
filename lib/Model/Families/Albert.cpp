//===- Albert.cpp - ALBERT ------------------------------------------------===//
//
// Lan et al. 2019: BERT with factorised embeddings and layers that share
// weights: num_hidden_layers times a group of inner_group_num layers is
// applied, with num_hidden_groups different groups.
//
//===----------------------------------------------------------------------===//

#include "Families.h"

#include "llvm/Support/CheckedArithmetic.h"

using namespace llvm;

namespace attune {

static void readAlbert(ConfigObject &config, ModelDescription &model) {
  readBertLikeConfig(config, model);
  model.ffn.activation = config.activation("hidden_act", "gelu_new");
  model.embedding.width = config.integer("embedding_size", 128);
  // The model has the layer even when both widths are equal.
  model.embedding.projection = true;

  int64_t blocks = model.layers;
  model.sharing.groups = config.integer("num_hidden_groups", 1);
  model.sharing.innerLayers = config.integer("inner_group_num", 1);
  // 0 groups would mean that nothing is shared, see SharingDescription.
  if (model.sharing.groups <= 0 || model.sharing.innerLayers <= 0) {
    config.getProblems().addf(
        "num_hidden_groups is {0} and inner_group_num is {1}, expected "
        "positive numbers",
        model.sharing.groups, model.sharing.innerLayers);
    model.sharing = {};
    return;
  }
  if (std::optional<int64_t> layers =
          checkedMul(blocks, model.sharing.innerLayers))
    model.layers = *layers;
  else
    config.getProblems().add(
        "num_hidden_layers times inner_group_num does not fit 64 bits");
}

using R = WeightRole;
static constexpr WeightPattern kPatterns[] = {
    {R::TokenEmbedding, "embeddings.word_embeddings.weight"},
    {R::PositionEmbedding, "embeddings.position_embeddings.weight"},
    {R::SegmentEmbedding, "embeddings.token_type_embeddings.weight"},
    {R::EmbeddingNormWeight, "embeddings.LayerNorm.weight"},
    {R::EmbeddingNormBias, "embeddings.LayerNorm.bias"},
    {R::EmbeddingProjectionWeight,
     "encoder.embedding_hidden_mapping_in.weight"},
    {R::EmbeddingProjectionBias, "encoder.embedding_hidden_mapping_in.bias"},
#define ALBERT_LAYER                                                           \
  "encoder.albert_layer_groups.{group}.albert_layers.{inner}."
    {R::QueryWeight, ALBERT_LAYER "attention.query.weight"},
    {R::QueryBias, ALBERT_LAYER "attention.query.bias"},
    {R::KeyWeight, ALBERT_LAYER "attention.key.weight"},
    {R::KeyBias, ALBERT_LAYER "attention.key.bias"},
    {R::ValueWeight, ALBERT_LAYER "attention.value.weight"},
    {R::ValueBias, ALBERT_LAYER "attention.value.bias"},
    {R::AttentionOutWeight, ALBERT_LAYER "attention.dense.weight"},
    {R::AttentionOutBias, ALBERT_LAYER "attention.dense.bias"},
    {R::AttentionNormWeight, ALBERT_LAYER "attention.LayerNorm.weight"},
    {R::AttentionNormBias, ALBERT_LAYER "attention.LayerNorm.bias"},
    {R::FfnInWeight, ALBERT_LAYER "ffn.weight"},
    {R::FfnInBias, ALBERT_LAYER "ffn.bias"},
    {R::FfnOutWeight, ALBERT_LAYER "ffn_output.weight"},
    {R::FfnOutBias, ALBERT_LAYER "ffn_output.bias"},
    {R::FfnNormWeight, ALBERT_LAYER "full_layer_layer_norm.weight"},
    {R::FfnNormBias, ALBERT_LAYER "full_layer_layer_norm.bias"},
#undef ALBERT_LAYER
    {R::PoolerWeight, "pooler.weight"},
    {R::PoolerBias, "pooler.bias"},
};

static constexpr WeightScheme kScheme = {"albert", kPatterns};
static constexpr StringLiteral kModelTypes[] = {"albert"};

const ModelFamily &albertFamily() {
  static const ModelFamily kFamily = {kModelTypes, readAlbert, kScheme,
                                      bertLikeFieldNames()};
  return kFamily;
}

} // namespace attune
