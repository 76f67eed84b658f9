//===- DistilBert.cpp - DistilBERT ----------------------------------------===//
//
// Sanh et al. 2019: BERT without segments and pooler, other names for the
// fields of the configuration and the weights. Sinusoidal positions, where
// chosen, are stored as weights like learned ones.
//
//===----------------------------------------------------------------------===//

#include "Families.h"

using namespace llvm;

namespace attune {

static void readDistilBert(ConfigObject &config, ModelDescription &model) {
  model.vocabularySize = config.requireInteger("vocab_size");
  model.hiddenSize = config.requireInteger("dim");
  model.layers = config.requireInteger("n_layers");
  setHeads(config, model, "n_heads");

  model.embedding.width = model.hiddenSize;
  model.position.kind = PositionKind::Learned;
  model.position.rows = config.integer("max_position_embeddings", 512);
  // The code of the model has this epsilon as a constant.
  model.norm.epsilon = 1e-12;

  model.ffn.dim = config.requireInteger("hidden_dim");
  model.ffn.activation = config.activation("activation", "gelu");
  config.refuseTrue("is_decoder", "only the encoder form is supported");
}

static constexpr FieldName kFieldNames[] = {
    {"vocabulary_size", "vocab_size"},
    {"hidden_size", "dim"},
    {"layers", "n_layers"},
    {"position.rows", "max_position_embeddings"},
    {"attention.heads", "n_heads"},
    {"attention.head_dim", "dim / n_heads"},
    {"ffn.dim", "hidden_dim"},
};

using R = WeightRole;
static constexpr WeightPattern kPatterns[] = {
    {R::TokenEmbedding, "embeddings.word_embeddings.weight"},
    {R::PositionEmbedding, "embeddings.position_embeddings.weight"},
    {R::EmbeddingNormWeight, "embeddings.LayerNorm.weight"},
    {R::EmbeddingNormBias, "embeddings.LayerNorm.bias"},
    {R::QueryWeight, "transformer.layer.{layer}.attention.q_lin.weight"},
    {R::QueryBias, "transformer.layer.{layer}.attention.q_lin.bias"},
    {R::KeyWeight, "transformer.layer.{layer}.attention.k_lin.weight"},
    {R::KeyBias, "transformer.layer.{layer}.attention.k_lin.bias"},
    {R::ValueWeight, "transformer.layer.{layer}.attention.v_lin.weight"},
    {R::ValueBias, "transformer.layer.{layer}.attention.v_lin.bias"},
    {R::AttentionOutWeight,
     "transformer.layer.{layer}.attention.out_lin.weight"},
    {R::AttentionOutBias, "transformer.layer.{layer}.attention.out_lin.bias"},
    {R::AttentionNormWeight, "transformer.layer.{layer}.sa_layer_norm.weight"},
    {R::AttentionNormBias, "transformer.layer.{layer}.sa_layer_norm.bias"},
    {R::FfnInWeight, "transformer.layer.{layer}.ffn.lin1.weight"},
    {R::FfnInBias, "transformer.layer.{layer}.ffn.lin1.bias"},
    {R::FfnOutWeight, "transformer.layer.{layer}.ffn.lin2.weight"},
    {R::FfnOutBias, "transformer.layer.{layer}.ffn.lin2.bias"},
    {R::FfnNormWeight, "transformer.layer.{layer}.output_layer_norm.weight"},
    {R::FfnNormBias, "transformer.layer.{layer}.output_layer_norm.bias"},
};

static constexpr WeightScheme kScheme = {"distilbert", kPatterns};
static constexpr StringLiteral kModelTypes[] = {"distilbert"};

const ModelFamily &distilbertFamily() {
  static constexpr ModelFamily kFamily = {kModelTypes, readDistilBert, kScheme,
                                          kFieldNames};
  return kFamily;
}

} // namespace attune
