//===- WeightNames.cpp - Logical weights and what files call them ---------===//

#include "attune/Model/WeightNames.h"
#include "attune/Model/ModelFamily.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <array>

using namespace llvm;

namespace attune {

namespace {

/// The extents a weight's shape is made of.
enum class Dim {
  None,
  Vocabulary,
  Positions,
  Segments,
  Embedding,
  Hidden,
  Attention,
  Keys,
  HeadDim,
  KvHeads,
  Gates,
  QuerySets,
  QueryRows,
  QueryMapped,
  QueryMixed,
  KeySets,
  KeyRows,
  KeyMapped,
  KeyMixed,
  Ffn,
};

using Model = ModelDescription;

/// How many tensors of a role there are.
enum class Per { Model, Layer, LinearLayer };

struct RoleInfo {
  WeightRole role;
  StringLiteral name;
  Per per;
  /// None behind the last one.
  std::array<Dim, 3> dims;
  bool (*needed)(const Model &);
};

} // namespace

static bool always(const Model &) { return true; }
static bool hasPositions(const Model &m) {
  return m.position.kind == PositionKind::Learned;
}
static bool hasSegments(const Model &m) { return m.embedding.segmentTypes > 0; }
static bool hasEmbeddingNorm(const Model &m) { return m.norm.embeddingNorm; }
static bool hasProjection(const Model &m) { return m.embedding.projection; }
static bool hasQueryBias(const Model &m) { return m.attention.queryBias; }
static bool hasKeyBias(const Model &m) { return m.attention.keyBias; }
static bool hasValueBias(const Model &m) { return m.attention.valueBias; }
static bool hasOutputBias(const Model &m) { return m.attention.outputBias; }
static bool isGated(const Model &m) { return m.ffn.gated; }
static bool hasGateBias(const Model &m) {
  return m.ffn.gated && m.ffn.inputBias;
}
static bool hasFfnInBias(const Model &m) { return m.ffn.inputBias; }
static bool hasFfnOutBias(const Model &m) { return m.ffn.outputBias; }
static bool hasFinalNorm(const Model &m) { return m.norm.finalNorm; }
static bool hasPooler(const Model &m) {
  return m.pooler == PoolerKind::TanhFirstToken;
}

static const LinearDescription &linearOf(const Model &m) {
  return m.attention.linear;
}
static bool hasQueryProjection(const Model &m) {
  return linearOf(m).features.projection > 0;
}
static bool hasQueryFeatureBias(const Model &m) {
  return linearOf(m).features.bias;
}
static bool hasQueryMix(const Model &m) { return linearOf(m).features.mix > 0; }
static bool hasQueryTilt(const Model &m) { return linearOf(m).features.tilt; }
static bool hasQueryOffset(const Model &m) {
  return linearOf(m).features.offset;
}
static bool hasKeyProjection(const Model &m) {
  return linearOf(m).keyFeatures && linearOf(m).keyFeatures->projection > 0;
}
static bool hasKeyFeatureBias(const Model &m) {
  return linearOf(m).keyFeatures && linearOf(m).keyFeatures->bias;
}
static bool hasKeyMix(const Model &m) {
  return linearOf(m).keyFeatures && linearOf(m).keyFeatures->mix > 0;
}
static bool hasKeyTilt(const Model &m) {
  return linearOf(m).keyFeatures && linearOf(m).keyFeatures->tilt;
}
static bool hasKeyOffset(const Model &m) {
  return linearOf(m).keyFeatures && linearOf(m).keyFeatures->offset;
}
static bool hasSlopes(const Model &m) {
  DecayKind kind = linearOf(m).decay.kind;
  return kind == DecayKind::Slopes || kind == DecayKind::Softplus;
}
static bool hasGates(const Model &m) {
  DecayKind kind = linearOf(m).decay.kind;
  return kind == DecayKind::LogSigmoid || kind == DecayKind::Softplus;
}
static bool hasDecayBias(const Model &m) {
  return hasGates(m) && linearOf(m).decay.bias;
}
static bool hasBeta(const Model &m) { return linearOf(m).isDelta(); }
static bool hasBetaBias(const Model &m) {
  return hasBeta(m) && linearOf(m).beta.bias;
}
static bool hasHeadWeight(const Model &m) { return m.head && !m.head->tied; }
static bool hasHeadBias(const Model &m) { return m.head && m.head->bias; }

using R = WeightRole;
/// One row a role, in the order of the enumeration.
static constexpr RoleInfo kRoles[] = {
    {R::TokenEmbedding,
     "embedding.token",
     Per::Model,
     {Dim::Vocabulary, Dim::Embedding},
     always},
    {R::PositionEmbedding,
     "embedding.position",
     Per::Model,
     {Dim::Positions, Dim::Embedding},
     hasPositions},
    {R::SegmentEmbedding,
     "embedding.segment",
     Per::Model,
     {Dim::Segments, Dim::Embedding},
     hasSegments},
    {R::EmbeddingNormWeight,
     "embedding.norm.weight",
     Per::Model,
     {Dim::Embedding},
     hasEmbeddingNorm},
    {R::EmbeddingNormBias,
     "embedding.norm.bias",
     Per::Model,
     {Dim::Embedding},
     hasEmbeddingNorm},
    {R::EmbeddingProjectionWeight,
     "embedding.projection.weight",
     Per::Model,
     {Dim::Hidden, Dim::Embedding},
     hasProjection},
    {R::EmbeddingProjectionBias,
     "embedding.projection.bias",
     Per::Model,
     {Dim::Hidden},
     hasProjection},
    {R::QueryWeight,
     "attention.query.weight",
     Per::Layer,
     {Dim::Attention, Dim::Hidden},
     always},
    {R::QueryBias,
     "attention.query.bias",
     Per::Layer,
     {Dim::Attention},
     hasQueryBias},
    {R::KeyWeight,
     "attention.key.weight",
     Per::Layer,
     {Dim::Keys, Dim::Hidden},
     always},
    {R::KeyBias, "attention.key.bias", Per::Layer, {Dim::Keys}, hasKeyBias},
    {R::ValueWeight,
     "attention.value.weight",
     Per::Layer,
     {Dim::Keys, Dim::Hidden},
     always},
    {R::ValueBias,
     "attention.value.bias",
     Per::Layer,
     {Dim::Keys},
     hasValueBias},
    {R::AttentionOutWeight,
     "attention.output.weight",
     Per::Layer,
     {Dim::Hidden, Dim::Attention},
     always},
    {R::AttentionOutBias,
     "attention.output.bias",
     Per::Layer,
     {Dim::Hidden},
     hasOutputBias},
    {R::AttentionNormWeight,
     "attention.norm.weight",
     Per::Layer,
     {Dim::Hidden},
     always},
    {R::AttentionNormBias,
     "attention.norm.bias",
     Per::Layer,
     {Dim::Hidden},
     always},
    {R::QueryFeatureProjection,
     "attention.query_features.projection",
     Per::LinearLayer,
     {Dim::QuerySets, Dim::QueryRows, Dim::HeadDim},
     hasQueryProjection},
    {R::QueryFeatureBias,
     "attention.query_features.bias",
     Per::LinearLayer,
     {Dim::QuerySets, Dim::QueryRows},
     hasQueryFeatureBias},
    {R::QueryFeatureMix,
     "attention.query_features.mix",
     Per::LinearLayer,
     {Dim::QuerySets, Dim::QueryMixed, Dim::QueryMapped},
     hasQueryMix},
    {R::QueryFeatureTilt,
     "attention.query_features.tilt",
     Per::LinearLayer,
     {Dim::QuerySets, Dim::HeadDim},
     hasQueryTilt},
    {R::QueryFeatureOffset,
     "attention.query_features.offset",
     Per::LinearLayer,
     {Dim::QuerySets},
     hasQueryOffset},
    {R::KeyFeatureProjection,
     "attention.key_features.projection",
     Per::LinearLayer,
     {Dim::KeySets, Dim::KeyRows, Dim::HeadDim},
     hasKeyProjection},
    {R::KeyFeatureBias,
     "attention.key_features.bias",
     Per::LinearLayer,
     {Dim::KeySets, Dim::KeyRows},
     hasKeyFeatureBias},
    {R::KeyFeatureMix,
     "attention.key_features.mix",
     Per::LinearLayer,
     {Dim::KeySets, Dim::KeyMixed, Dim::KeyMapped},
     hasKeyMix},
    {R::KeyFeatureTilt,
     "attention.key_features.tilt",
     Per::LinearLayer,
     {Dim::KeySets, Dim::HeadDim},
     hasKeyTilt},
    {R::KeyFeatureOffset,
     "attention.key_features.offset",
     Per::LinearLayer,
     {Dim::KeySets},
     hasKeyOffset},
    {R::DecaySlopes,
     "attention.decay.slopes",
     Per::LinearLayer,
     {Dim::Gates},
     hasSlopes},
    {R::DecayWeight,
     "attention.decay.weight",
     Per::LinearLayer,
     {Dim::Gates, Dim::Hidden},
     hasGates},
    {R::DecayBias,
     "attention.decay.bias",
     Per::LinearLayer,
     {Dim::Gates},
     hasDecayBias},
    {R::BetaWeight,
     "attention.beta.weight",
     Per::LinearLayer,
     {Dim::KvHeads, Dim::Hidden},
     hasBeta},
    {R::BetaBias,
     "attention.beta.bias",
     Per::LinearLayer,
     {Dim::KvHeads},
     hasBetaBias},
    {R::FfnGateWeight,
     "ffn.gate.weight",
     Per::Layer,
     {Dim::Ffn, Dim::Hidden},
     isGated},
    {R::FfnGateBias, "ffn.gate.bias", Per::Layer, {Dim::Ffn}, hasGateBias},
    {R::FfnInWeight,
     "ffn.input.weight",
     Per::Layer,
     {Dim::Ffn, Dim::Hidden},
     always},
    {R::FfnInBias, "ffn.input.bias", Per::Layer, {Dim::Ffn}, hasFfnInBias},
    {R::FfnOutWeight,
     "ffn.output.weight",
     Per::Layer,
     {Dim::Hidden, Dim::Ffn},
     always},
    {R::FfnOutBias,
     "ffn.output.bias",
     Per::Layer,
     {Dim::Hidden},
     hasFfnOutBias},
    {R::FfnNormWeight, "ffn.norm.weight", Per::Layer, {Dim::Hidden}, always},
    {R::FfnNormBias, "ffn.norm.bias", Per::Layer, {Dim::Hidden}, always},
    {R::FinalNormWeight,
     "final_norm.weight",
     Per::Model,
     {Dim::Hidden},
     hasFinalNorm},
    {R::FinalNormBias,
     "final_norm.bias",
     Per::Model,
     {Dim::Hidden},
     hasFinalNorm},
    {R::PoolerWeight,
     "pooler.weight",
     Per::Model,
     {Dim::Hidden, Dim::Hidden},
     hasPooler},
    {R::PoolerBias, "pooler.bias", Per::Model, {Dim::Hidden}, hasPooler},
    {R::HeadWeight,
     "head.weight",
     Per::Model,
     {Dim::Vocabulary, Dim::Hidden},
     hasHeadWeight},
    {R::HeadBias, "head.bias", Per::Model, {Dim::Vocabulary}, hasHeadBias},
};

static_assert(std::size(kRoles) == kWeightRoleCount);
static constexpr bool rolesAreInOrder() {
  for (size_t i = 0; i < std::size(kRoles); ++i)
    if (static_cast<size_t>(kRoles[i].role) != i)
      return false;
  return true;
}
static_assert(rolesAreInOrder(), "kRoles is indexed by role");

static const RoleInfo &info(WeightRole role) {
  return kRoles[static_cast<unsigned>(role)];
}

static int64_t extentOf(Dim dim, const Model &model) {
  const AttentionDescription &attention = model.attention;
  const LinearDescription &linear = attention.linear;
  int64_t headDim = attention.headDim;
  switch (dim) {
  case Dim::None:
    break;
  case Dim::Vocabulary:
    return model.vocabularySize;
  case Dim::Positions:
    return model.position.rows;
  case Dim::Segments:
    return model.embedding.segmentTypes;
  case Dim::Embedding:
    return model.embedding.width;
  case Dim::Hidden:
    return model.hiddenSize;
  case Dim::Attention:
    return model.attentionWidth();
  case Dim::Keys:
    return model.keyWidth();
  case Dim::HeadDim:
    return headDim;
  case Dim::KvHeads:
    return attention.kvHeads;
  case Dim::Gates:
    return attention.kvHeads *
           (linear.decay.columns ? linear.ofKeys().features(headDim).value_or(0)
                                 : 1);
  case Dim::QuerySets:
    return linear.features.shared ? 1 : attention.heads;
  case Dim::QueryRows:
    return linear.features.rows(headDim);
  case Dim::QueryMapped:
    return linear.features.mapFeatures(headDim).value_or(0);
  case Dim::QueryMixed:
    return linear.features.mix;
  case Dim::KeySets:
    return linear.ofKeys().shared ? 1
           : linear.isHybrid()    ? attention.heads
                                  : attention.kvHeads;
  case Dim::KeyRows:
    return linear.ofKeys().rows(headDim);
  case Dim::KeyMapped:
    return linear.ofKeys().mapFeatures(headDim).value_or(0);
  case Dim::KeyMixed:
    return linear.ofKeys().mix;
  case Dim::Ffn:
    return model.ffn.dim;
  }
  return 1;
}

ArrayRef<WeightRole> allWeightRoles() {
  static constexpr auto kAll = [] {
    std::array<WeightRole, kWeightRoleCount> all{};
    for (unsigned i = 0; i < kWeightRoleCount; ++i)
      all[i] = static_cast<WeightRole>(i);
    return all;
  }();
  return kAll;
}

StringRef toString(WeightRole role) { return info(role).name; }

std::optional<WeightRole> weightRoleFromString(StringRef name) {
  for (const RoleInfo &i : kRoles)
    if (i.name == name)
      return i.role;
  return std::nullopt;
}

bool isPerLayer(WeightRole role) { return info(role).per != Per::Model; }

bool isNeeded(WeightRole role, const Model &model) {
  const RoleInfo &i = info(role);
  return (i.per != Per::LinearLayer ||
          model.attention.kind == AttentionKind::Linear) &&
         i.needed(model);
}

bool isNeeded(WeightRole role, const Model &model, int64_t layer) {
  // Layers that are not all alike share no weights, so that distinct layers are
  // applied ones.
  return isNeeded(role, model) && (info(role).per != Per::LinearLayer ||
                                   model.attention.isLinear(layer));
}

int64_t countWeights(WeightRole role, const Model &model) {
  if (!isNeeded(role, model))
    return 0;
  const std::vector<int64_t> &linear = model.attention.linear.layers;
  // Layers that share weights are all alike.
  if (info(role).per == Per::LinearLayer && !linear.empty() &&
      model.sharing.groups == 0)
    return static_cast<int64_t>(linear.size());
  return isPerLayer(role) ? model.distinctLayers() : 1;
}

SmallVector<int64_t, 2> expectedShape(WeightRole role, const Model &model) {
  SmallVector<int64_t, 2> shape;
  for (Dim dim : info(role).dims)
    if (dim != Dim::None)
      shape.push_back(extentOf(dim, model));
  return shape;
}

std::string expandPattern(StringRef pattern, int64_t layer,
                          const Model &model) {
  int64_t inner = std::max<int64_t>(model.sharing.innerLayers, 1);
  std::pair<StringRef, int64_t> values[] = {
      {"{layer}", layer},
      {"{group}", layer / inner},
      {"{inner}", layer % inner},
  };
  std::string name;
  while (!pattern.empty()) {
    const auto *field = llvm::find_if(values, [&](const auto &value) {
      return pattern.starts_with(value.first);
    });
    if (field != std::end(values)) {
      name += std::to_string(field->second);
      pattern = pattern.drop_front(field->first.size());
      continue;
    }
    name += pattern.front();
    pattern = pattern.drop_front();
  }
  return name;
}

const WeightScheme *findWeightScheme(StringRef name) {
  if (name == attuneWeightScheme().name)
    return &attuneWeightScheme();
  for (const ModelFamily *family : modelFamilies())
    if (family->scheme.name == name)
      return &family->scheme;
  return nullptr;
}

std::vector<std::string> weightSchemeNames() {
  std::vector<std::string> names = {attuneWeightScheme().name.str()};
  for (const ModelFamily *family : modelFamilies())
    names.push_back(family->scheme.name.str());
  llvm::sort(names);
  names.erase(llvm::unique(names), names.end());
  return names;
}

} // namespace attune
