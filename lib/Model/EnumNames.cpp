//===- EnumNames.cpp - The names of the description's values --------------===//

#include "EnumNames.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace attune {

static constexpr EnumName<Topology> kTopologies[] = {
    {Topology::Encoder, "encoder"},
    {Topology::Decoder, "decoder"},
};
static constexpr EnumName<NormKind> kNormKinds[] = {
    {NormKind::LayerNorm, "layer_norm"},
};
static constexpr EnumName<NormPlacement> kNormPlacements[] = {
    {NormPlacement::Post, "post"},
    {NormPlacement::Pre, "pre"},
};
static constexpr EnumName<PositionKind> kPositionKinds[] = {
    {PositionKind::None, "none"},
    {PositionKind::Learned, "learned"},
    {PositionKind::Sinusoidal, "sinusoidal"},
};
static constexpr EnumName<Activation> kActivations[] = {
    {Activation::GeluErf, "gelu_erf"},
    {Activation::GeluTanh, "gelu_tanh"},
    {Activation::Relu, "relu"},
    {Activation::Silu, "silu"},
    {Activation::QuickGelu, "quick_gelu"},
    {Activation::Tanh, "tanh"},
};
static constexpr EnumName<AttentionMask> kAttentionMasks[] = {
    {AttentionMask::Padding, "padding"},
    {AttentionMask::Causal, "causal"},
};
static constexpr EnumName<AttentionKind> kAttentionKinds[] = {
    {AttentionKind::Softmax, "softmax"},
    {AttentionKind::Linear, "linear"},
};
static constexpr EnumName<FeatureKind> kFeatureKinds[] = {
    {FeatureKind::Identity, "identity"},
    {FeatureKind::Elu1, "elu1"},
    {FeatureKind::Relu, "relu"},
    {FeatureKind::Exp, "exp"},
    {FeatureKind::Favor, "favor"},
    {FeatureKind::FavorHyperbolic, "favor_hyperbolic"},
    {FeatureKind::Dpfp, "dpfp"},
    {FeatureKind::Taylor2, "taylor2"},
    {FeatureKind::Softmax, "softmax"},
    {FeatureKind::SoftmaxHalves, "softmax_halves"},
};
static constexpr EnumName<FeatureNormKind> kFeatureNormKinds[] = {
    {FeatureNormKind::None, "none"},
    {FeatureNormKind::Sum, "sum"},
    {FeatureNormKind::L2, "l2"},
};
static constexpr EnumName<LinearRule> kLinearRules[] = {
    {LinearRule::Linear, "linear"},
    {LinearRule::Gated, "gated"},
    {LinearRule::Delta, "delta"},
    {LinearRule::GatedDelta, "gated_delta"},
};
static constexpr EnumName<DecayKind> kDecayKinds[] = {
    {DecayKind::None, "none"},
    {DecayKind::Slopes, "slopes"},
    {DecayKind::LogSigmoid, "log_sigmoid"},
    {DecayKind::Softplus, "softplus"},
};
static constexpr EnumName<SquashKind> kSquashKinds[] = {
    {SquashKind::None, "none"},         {SquashKind::Tanh, "tanh"},
    {SquashKind::Sigmoid, "sigmoid"},   {SquashKind::Relu, "relu"},
    {SquashKind::Softsign, "softsign"}, {SquashKind::Softplus, "softplus"},
};
static constexpr EnumName<PoolerKind> kPoolerKinds[] = {
    {PoolerKind::None, "none"},
    {PoolerKind::TanhFirstToken, "tanh_first_token"},
};
static constexpr EnumName<SentencePoolingMode> kSentencePoolingModes[] = {
    {SentencePoolingMode::Cls, "cls"},
    {SentencePoolingMode::Max, "max"},
    {SentencePoolingMode::Mean, "mean"},
    {SentencePoolingMode::MeanSqrtLength, "mean_sqrt_length"},
    {SentencePoolingMode::WeightedMean, "weighted_mean"},
    {SentencePoolingMode::LastToken, "last_token"},
};

template <> ArrayRef<EnumName<Topology>> enumNames() { return kTopologies; }
template <> ArrayRef<EnumName<NormKind>> enumNames() { return kNormKinds; }
template <> ArrayRef<EnumName<NormPlacement>> enumNames() {
  return kNormPlacements;
}
template <> ArrayRef<EnumName<PositionKind>> enumNames() {
  return kPositionKinds;
}
template <> ArrayRef<EnumName<Activation>> enumNames() { return kActivations; }
template <> ArrayRef<EnumName<AttentionMask>> enumNames() {
  return kAttentionMasks;
}
template <> ArrayRef<EnumName<AttentionKind>> enumNames() {
  return kAttentionKinds;
}
template <> ArrayRef<EnumName<FeatureKind>> enumNames() {
  return kFeatureKinds;
}
template <> ArrayRef<EnumName<FeatureNormKind>> enumNames() {
  return kFeatureNormKinds;
}
template <> ArrayRef<EnumName<LinearRule>> enumNames() { return kLinearRules; }
template <> ArrayRef<EnumName<DecayKind>> enumNames() { return kDecayKinds; }
template <> ArrayRef<EnumName<SquashKind>> enumNames() { return kSquashKinds; }
template <> ArrayRef<EnumName<PoolerKind>> enumNames() { return kPoolerKinds; }
template <> ArrayRef<EnumName<SentencePoolingMode>> enumNames() {
  return kSentencePoolingModes;
}

template <typename T> static StringRef nameOf(T value) {
  const auto *entry = llvm::find_if(
      enumNames<T>(), [&](const EnumName<T> &e) { return e.value == value; });
  return entry == enumNames<T>().end() ? StringRef("?")
                                       : StringRef(entry->name);
}

StringRef toString(Topology value) { return nameOf(value); }
StringRef toString(NormKind value) { return nameOf(value); }
StringRef toString(NormPlacement value) { return nameOf(value); }
StringRef toString(PositionKind value) { return nameOf(value); }
StringRef toString(Activation value) { return nameOf(value); }
StringRef toString(AttentionMask value) { return nameOf(value); }
StringRef toString(AttentionKind value) { return nameOf(value); }
StringRef toString(FeatureKind value) { return nameOf(value); }
StringRef toString(FeatureNormKind value) { return nameOf(value); }
StringRef toString(LinearRule value) { return nameOf(value); }
StringRef toString(DecayKind value) { return nameOf(value); }
StringRef toString(SquashKind value) { return nameOf(value); }
StringRef toString(PoolerKind value) { return nameOf(value); }
StringRef toString(SentencePoolingMode value) { return nameOf(value); }

} // namespace attune
