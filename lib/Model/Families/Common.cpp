//===- Common.cpp - What the encoders of the BERT line share --------------===//

#include "Families.h"

#include <cmath>

using namespace llvm;

namespace attune {

void setHeads(ConfigObject &config, ModelDescription &model,
              StringRef headsKey) {
  AttentionDescription &attention = model.attention;
  attention.heads = config.requireInteger(headsKey);
  if (attention.heads <= 0 || model.hiddenSize <= 0) {
    // The validation reports these; stand-ins keep it from reporting more.
    attention.kvHeads = 1;
    attention.headDim = 1;
    attention.scale = 1;
    return;
  }
  if (model.hiddenSize % attention.heads != 0)
    config.getProblems().addf(
        "{0} is {1}, which does not divide the hidden size {2}", headsKey,
        attention.heads, model.hiddenSize);
  attention.kvHeads = attention.heads;
  attention.headDim = std::max<int64_t>(model.hiddenSize / attention.heads, 1);
  attention.scale = 1.0 / std::sqrt(static_cast<double>(attention.headDim));
}

ArrayRef<FieldName> bertLikeFieldNames() {
  static constexpr FieldName kNames[] = {
      {"vocabulary_size", "vocab_size"},
      {"layers", "num_hidden_layers"},
      {"embedding.width", "embedding_size"},
      {"embedding.segment_types", "type_vocab_size"},
      {"position.rows", "max_position_embeddings"},
      {"position.offset", "pad_token_id + 1"},
      {"position.padding_id", "pad_token_id"},
      {"norm.epsilon", "layer_norm_eps"},
      {"attention.heads", "num_attention_heads"},
      {"attention.head_dim", "hidden_size / num_attention_heads"},
      {"ffn.dim", "intermediate_size"},
      {"sharing.groups", "num_hidden_groups"},
      {"sharing.inner_layers", "inner_group_num"},
  };
  return kNames;
}

void readBertLikeConfig(ConfigObject &config, ModelDescription &model) {
  model.vocabularySize = config.requireInteger("vocab_size");
  model.hiddenSize = config.requireInteger("hidden_size");
  model.layers = config.requireInteger("num_hidden_layers");
  setHeads(config, model, "num_attention_heads");

  model.embedding.width = model.hiddenSize;
  model.embedding.segmentTypes = config.integer("type_vocab_size", 2);
  model.position.kind = PositionKind::Learned;
  model.position.rows = config.integer("max_position_embeddings", 512);

  model.norm.kind = NormKind::LayerNorm;
  model.norm.placement = NormPlacement::Post;
  model.norm.epsilon = config.number("layer_norm_eps", 1e-12);
  model.norm.embeddingNorm = true;

  model.ffn.dim = config.requireInteger("intermediate_size");
  model.pooler = PoolerKind::TanhFirstToken;
  // With one row there is nothing to choose: the row is always used.
  model.inputs.tokenTypeIds =
      model.embedding.segmentTypes > 1 ? "token_type_ids" : "";

  config.refuseOtherThan("position_embedding_type", "absolute");
  config.refuseTrue("is_decoder", "only the encoder form is supported");
  config.refuseTrue("add_cross_attention",
                    "only the encoder form is supported");
  config.refuseTrue("is_encoder_decoder", "only the encoder form is supported");
}

} // namespace attune
