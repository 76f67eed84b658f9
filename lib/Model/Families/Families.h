//===- Families.h - The families of Families.def ----------------*- C++ -*-===//

#ifndef ATTUNE_LIB_MODEL_FAMILIES_FAMILIES_H
#define ATTUNE_LIB_MODEL_FAMILIES_FAMILIES_H

#include "attune/Model/ModelFamily.h"

namespace attune {

#define ATTUNE_MODEL_FAMILY(NAME) const ModelFamily &NAME##Family();
#include "Families.def"
#undef ATTUNE_MODEL_FAMILY

/// Fills what the encoders of the BERT line have in common in their
/// config.json: sizes, heads, activation, epsilon, segments, learned positions.
/// Refuses what makes another model of them: relative positions, decoders.
void readBertLikeConfig(ConfigObject &config, ModelDescription &model);

/// What the configurations that readBertLikeConfig reads call the fields.
llvm::ArrayRef<FieldName> bertLikeFieldNames();

/// heads from the configuration; the width of a head and the usual scale,
/// 1 / sqrt(headDim), from the hidden size. Reports heads that do not divide
/// the hidden size.
void setHeads(ConfigObject &config, ModelDescription &model,
              llvm::StringRef headsKey);

} // namespace attune

#endif // ATTUNE_LIB_MODEL_FAMILIES_FAMILIES_H
