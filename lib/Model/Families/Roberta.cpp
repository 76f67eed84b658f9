//===- Roberta.cpp - RoBERTa, XLM-RoBERTa, CamemBERT ----------------------===//
//
// Liu et al. 2019: BERT's layers and names; positions are counted from the
// tokens that are not padding and begin behind the padding id.
//
//===----------------------------------------------------------------------===//

#include "Families.h"

using namespace llvm;

namespace attune {

static void readRoberta(ConfigObject &config, ModelDescription &model) {
  readBertLikeConfig(config, model);
  model.ffn.activation = config.activation("hidden_act", "gelu");
  int64_t padding = config.integer("pad_token_id", 1);
  if (padding < 0 || padding >= model.position.rows) {
    // Nothing that padding + 1 could be computed with.
    config.getProblems().addf(
        "pad_token_id is {0}, expected at least 0 and less than "
        "max_position_embeddings, which is {1}",
        padding, model.position.rows);
    return;
  }
  model.position.fromPadding = true;
  model.position.paddingId = padding;
  model.position.offset = padding + 1;
}

static constexpr StringLiteral kModelTypes[] = {"roberta", "xlm-roberta",
                                                "camembert"};

const ModelFamily &robertaFamily() {
  static const ModelFamily kFamily = {
      kModelTypes, readRoberta, bertFamily().scheme, bertLikeFieldNames()};
  return kFamily;
}

} // namespace attune
