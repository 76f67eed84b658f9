//===- Pooling.cpp - One vector a sequence --------------------------------===//
#include "Importers.h"

using namespace mlir;
using namespace attune;

void attune::importPooler(ModelBuilder &builder, Value hidden,
                          SmallVectorImpl<ModelOutput> &outputs) {
  switch (builder.description().pooler) {
  case PoolerKind::None:
    return;
  case PoolerKind::TanhFirstToken: {
    builder.enter(WeightRole::PoolerWeight, 0, /*levels=*/2);
    Value first = builder.firstPosition(hidden);
    Value pooled =
        builder.linear(first, WeightRole::PoolerWeight, WeightRole::PoolerBias);
    outputs.push_back({builder.activation(Activation::Tanh, pooled),
                       "pooler_output",
                       {"batch", ""}});
    return;
  }
  }
}

/// The op's mode for those poolings that attune.pool computes.
static std::optional<PoolMode> getPoolMode(SentencePoolingMode mode) {
  switch (mode) {
  case SentencePoolingMode::Mean:
    return PoolMode::Mean;
  case SentencePoolingMode::Max:
    return PoolMode::Max;
  case SentencePoolingMode::MeanSqrtLength:
    return PoolMode::MeanSqrt;
  case SentencePoolingMode::Cls:
  case SentencePoolingMode::WeightedMean:
  case SentencePoolingMode::LastToken:
    return std::nullopt;
  }
  return std::nullopt;
}

void attune::checkSentencePooling(const ModelDescription &model,
                                  ProblemList &problems) {
  if (!model.sentence)
    return;
  constexpr llvm::StringLiteral where = "sentence pooling";
  if (model.sentence->modes.size() != 1)
    problems.addUnsupported(Twine(model.sentence->modes.size()) +
                                " pooling modes together",
                            where, "use one of them");
  for (SentencePoolingMode mode : model.sentence->modes)
    if (mode != SentencePoolingMode::Cls && !getPoolMode(mode))
      problems.addUnsupported("pooling mode '" + toString(mode) + "'", where,
                              "mean, max, mean_sqrt_length and cls have code");
}

void attune::importSentenceEmbedding(ModelBuilder &builder, Value hidden,
                                     Value attentionMask,
                                     SmallVectorImpl<ModelOutput> &outputs) {
  const std::optional<SentenceDescription> &sentence =
      builder.description().sentence;
  if (!sentence)
    return;
  builder.enter("sentence_pooling");
  OpBuilder &ops = builder.ops();
  Value embedding;
  if (std::optional<PoolMode> mode = getPoolMode(sentence->modes.front())) {
    auto type = cast<RankedTensorType>(hidden.getType());
    embedding =
        PoolOp::create(ops, builder.loc(),
                       type.clone({type.getDimSize(0), type.getDimSize(2)}),
                       hidden, attentionMask, *mode);
  } else {
    embedding = builder.firstPosition(hidden);
  }
  if (sentence->normalize)
    embedding = L2NormalizeOp::create(ops, builder.loc(), embedding.getType(),
                                      embedding, ops.getF64FloatAttr(1e-12));
  outputs.push_back({embedding, "sentence_embedding", {"batch", ""}});
}
