//===- WeightNames.cpp - Logical weights and what files call them ---------===//

#include "attune/Model/WeightNames.h"
#include "attune/Model/ModelFamily.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

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
  Ffn,
};

using Model = ModelDescription;

struct RoleInfo {
  WeightRole role;
  StringLiteral name;
  bool perLayer;
  Dim rows, columns;
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

using R = WeightRole;
/// One row a role, in the order of the enumeration.
static constexpr RoleInfo kRoles[] = {
    {R::TokenEmbedding, "embedding.token", false, Dim::Vocabulary,
     Dim::Embedding, always},
    {R::PositionEmbedding, "embedding.position", false, Dim::Positions,
     Dim::Embedding, hasPositions},
    {R::SegmentEmbedding, "embedding.segment", false, Dim::Segments,
     Dim::Embedding, hasSegments},
    {R::EmbeddingNormWeight, "embedding.norm.weight", false, Dim::Embedding,
     Dim::None, hasEmbeddingNorm},
    {R::EmbeddingNormBias, "embedding.norm.bias", false, Dim::Embedding,
     Dim::None, hasEmbeddingNorm},
    {R::EmbeddingProjectionWeight, "embedding.projection.weight", false,
     Dim::Hidden, Dim::Embedding, hasProjection},
    {R::EmbeddingProjectionBias, "embedding.projection.bias", false,
     Dim::Hidden, Dim::None, hasProjection},
    {R::QueryWeight, "attention.query.weight", true, Dim::Attention,
     Dim::Hidden, always},
    {R::QueryBias, "attention.query.bias", true, Dim::Attention, Dim::None,
     hasQueryBias},
    {R::KeyWeight, "attention.key.weight", true, Dim::Attention, Dim::Hidden,
     always},
    {R::KeyBias, "attention.key.bias", true, Dim::Attention, Dim::None,
     hasKeyBias},
    {R::ValueWeight, "attention.value.weight", true, Dim::Attention,
     Dim::Hidden, always},
    {R::ValueBias, "attention.value.bias", true, Dim::Attention, Dim::None,
     hasValueBias},
    {R::AttentionOutWeight, "attention.output.weight", true, Dim::Hidden,
     Dim::Attention, always},
    {R::AttentionOutBias, "attention.output.bias", true, Dim::Hidden, Dim::None,
     hasOutputBias},
    {R::AttentionNormWeight, "attention.norm.weight", true, Dim::Hidden,
     Dim::None, always},
    {R::AttentionNormBias, "attention.norm.bias", true, Dim::Hidden, Dim::None,
     always},
    {R::FfnGateWeight, "ffn.gate.weight", true, Dim::Ffn, Dim::Hidden, isGated},
    {R::FfnGateBias, "ffn.gate.bias", true, Dim::Ffn, Dim::None, hasGateBias},
    {R::FfnInWeight, "ffn.input.weight", true, Dim::Ffn, Dim::Hidden, always},
    {R::FfnInBias, "ffn.input.bias", true, Dim::Ffn, Dim::None, hasFfnInBias},
    {R::FfnOutWeight, "ffn.output.weight", true, Dim::Hidden, Dim::Ffn, always},
    {R::FfnOutBias, "ffn.output.bias", true, Dim::Hidden, Dim::None,
     hasFfnOutBias},
    {R::FfnNormWeight, "ffn.norm.weight", true, Dim::Hidden, Dim::None, always},
    {R::FfnNormBias, "ffn.norm.bias", true, Dim::Hidden, Dim::None, always},
    {R::FinalNormWeight, "final_norm.weight", false, Dim::Hidden, Dim::None,
     hasFinalNorm},
    {R::FinalNormBias, "final_norm.bias", false, Dim::Hidden, Dim::None,
     hasFinalNorm},
    {R::PoolerWeight, "pooler.weight", false, Dim::Hidden, Dim::Hidden,
     hasPooler},
    {R::PoolerBias, "pooler.bias", false, Dim::Hidden, Dim::None, hasPooler},
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

bool isPerLayer(WeightRole role) { return info(role).perLayer; }

bool isNeeded(WeightRole role, const Model &model) {
  return info(role).needed(model);
}

SmallVector<int64_t, 2> expectedShape(WeightRole role, const Model &model) {
  const RoleInfo &i = info(role);
  SmallVector<int64_t, 2> shape{extentOf(i.rows, model)};
  if (i.columns != Dim::None)
    shape.push_back(extentOf(i.columns, model));
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
  for (const ModelFamily *family : modelFamilies())
    if (family->scheme.name == name)
      return &family->scheme;
  return nullptr;
}

std::vector<std::string> weightSchemeNames() {
  std::vector<std::string> names;
  for (const ModelFamily *family : modelFamilies())
    names.push_back(family->scheme.name.str());
  llvm::sort(names);
  names.erase(llvm::unique(names), names.end());
  return names;
}

} // namespace attune
