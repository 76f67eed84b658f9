//===- AttentionYAML.h - The attention of a model as YAML -------*- C++ -*-===//

#ifndef ATTUNE_LIB_MODEL_ATTENTIONYAML_H
#define ATTUNE_LIB_MODEL_ATTENTIONYAML_H

#include "YAMLTraits.h"

namespace llvm::yaml {

template <> struct MappingTraits<attune::FeatureDescription> {
  static void mapping(IO &io, attune::FeatureDescription &features) {
    const attune::FeatureDescription absent;
    io.mapOptional("kind", features.kind, absent.kind);
    io.mapOptional("projection", features.projection, absent.projection);
    io.mapOptional("shared", features.shared, absent.shared);
    io.mapOptional("order", features.order, absent.order);
    attune::mapNumber(io, "scale", features.scale, absent.scale);
    attune::mapNumber(io, "epsilon", features.epsilon, absent.epsilon);
    io.mapOptional("norm", features.norm, absent.norm);
    attune::mapNumber(io, "norm_epsilon", features.normEpsilon,
                      absent.normEpsilon);
    io.mapOptional("bias", features.bias, absent.bias);
    io.mapOptional("mix", features.mix, absent.mix);
    io.mapOptional("tilt", features.tilt, absent.tilt);
    io.mapOptional("offset", features.offset, absent.offset);
  }
};

template <> struct MappingTraits<attune::DecayDescription> {
  static void mapping(IO &io, attune::DecayDescription &decay) {
    const attune::DecayDescription absent;
    io.mapOptional("kind", decay.kind, absent.kind);
    io.mapOptional("columns", decay.columns, absent.columns);
    io.mapOptional("bias", decay.bias, absent.bias);
    attune::mapNumber(io, "temperature", decay.temperature, absent.temperature);
  }
};

template <> struct MappingTraits<attune::BetaDescription> {
  static void mapping(IO &io, attune::BetaDescription &beta) {
    io.mapOptional("bias", beta.bias, attune::BetaDescription().bias);
  }
};

template <> struct MappingTraits<attune::LinearDescription> {
  static void mapping(IO &io, attune::LinearDescription &linear) {
    const attune::LinearDescription absent;
    attune::mapPart(io, "features", linear.features);
    io.mapOptional("key_features", linear.keyFeatures);
    io.mapOptional("rule", linear.rule, absent.rule);
    std::optional<attune::ExactDouble> denominator;
    if (linear.denominator)
      denominator = attune::ExactDouble{*linear.denominator};
    io.mapOptional("denominator", denominator);
    linear.denominator =
        denominator ? std::optional(denominator->value) : std::nullopt;
    attune::mapNumber(io, "scale", linear.scale, absent.scale);
    io.mapOptional("squash", linear.squash, absent.squash);
    attune::mapPart(io, "decay", linear.decay);
    attune::mapPart(io, "beta", linear.beta);
    io.mapOptional("window", linear.window, absent.window);
    io.mapOptional("sinks", linear.sinks, absent.sinks);
    // An empty list is written as [] otherwise.
    if (!io.outputting() || !linear.layers.empty())
      io.mapOptional("layers", linear.layers);
  }
};

/// With the mask that it has when the file says nothing of it.
template <>
struct MappingContextTraits<attune::AttentionDescription,
                            attune::AttentionMask> {
  static void mapping(IO &io, attune::AttentionDescription &attention,
                      attune::AttentionMask &usualMask) {
    const attune::AttentionDescription absent;
    io.mapRequired("heads", attention.heads);
    io.mapOptional("kv_heads", attention.kvHeads, absent.kvHeads);
    io.mapOptional("head_dim", attention.headDim, absent.headDim);
    attune::mapNumber(io, "scale", attention.scale, absent.scale);
    io.mapOptional("query_bias", attention.queryBias, absent.queryBias);
    io.mapOptional("key_bias", attention.keyBias, absent.keyBias);
    io.mapOptional("value_bias", attention.valueBias, absent.valueBias);
    io.mapOptional("output_bias", attention.outputBias, absent.outputBias);
    io.mapOptional("mask", attention.mask, usualMask);
    io.mapOptional("kind", attention.kind, absent.kind);
    attune::mapPart(io, "linear", attention.linear);
  }
};

} // namespace llvm::yaml

#endif // ATTUNE_LIB_MODEL_ATTENTIONYAML_H
