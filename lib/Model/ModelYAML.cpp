//===- ModelYAML.cpp - Model descriptions as YAML -------------------------===//

#include "attune/Model/ModelYAML.h"
#include "AttentionYAML.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"

#include "llvm/Support/SourceMgr.h"

#include <cmath>

using namespace llvm;

LLVM_YAML_IS_FLOW_SEQUENCE_VECTOR(attune::SentencePoolingMode)
LLVM_YAML_IS_STRING_MAP(std::string)

namespace llvm::yaml {

using namespace attune;

template <> struct MappingTraits<NormDescription> {
  static void mapping(IO &io, NormDescription &norm) {
    const NormDescription absent;
    io.mapOptional("kind", norm.kind, absent.kind);
    mapNumber(io, "epsilon", norm.epsilon, absent.epsilon);
    io.mapOptional("placement", norm.placement, absent.placement);
    io.mapOptional("embedding_norm", norm.embeddingNorm, absent.embeddingNorm);
    io.mapOptional("final_norm", norm.finalNorm, absent.finalNorm);
  }
};

template <> struct MappingTraits<PositionDescription> {
  static void mapping(IO &io, PositionDescription &position) {
    const PositionDescription absent;
    io.mapOptional("kind", position.kind, absent.kind);
    io.mapOptional("rows", position.rows, absent.rows);
    io.mapOptional("offset", position.offset, absent.offset);
    io.mapOptional("from_padding", position.fromPadding, absent.fromPadding);
    io.mapOptional("padding_id", position.paddingId, absent.paddingId);
    io.mapOptional("interleaved", position.interleaved, absent.interleaved);
    mapNumber(io, "base", position.base, absent.base);
  }
};

template <> struct MappingTraits<EmbeddingDescription> {
  static void mapping(IO &io, EmbeddingDescription &embedding) {
    const EmbeddingDescription absent;
    io.mapOptional("width", embedding.width, absent.width);
    io.mapOptional("projection", embedding.projection, absent.projection);
    io.mapOptional("segment_types", embedding.segmentTypes,
                   absent.segmentTypes);
    mapNumber(io, "scale", embedding.scale, absent.scale);
  }
};

template <> struct MappingTraits<FfnDescription> {
  static void mapping(IO &io, FfnDescription &ffn) {
    const FfnDescription absent;
    io.mapRequired("dim", ffn.dim);
    io.mapOptional("activation", ffn.activation, absent.activation);
    io.mapOptional("gated", ffn.gated, absent.gated);
    io.mapOptional("input_bias", ffn.inputBias, absent.inputBias);
    io.mapOptional("output_bias", ffn.outputBias, absent.outputBias);
  }
};

template <> struct MappingTraits<SharingDescription> {
  static void mapping(IO &io, SharingDescription &sharing) {
    const SharingDescription absent;
    io.mapOptional("groups", sharing.groups, absent.groups);
    io.mapOptional("inner_layers", sharing.innerLayers, absent.innerLayers);
  }
};

template <> struct MappingTraits<SentenceDescription> {
  static void mapping(IO &io, SentenceDescription &sentence) {
    const SentenceDescription absent;
    io.mapRequired("modes", sentence.modes);
    io.mapOptional("normalize", sentence.normalize, absent.normalize);
    io.mapOptional("max_length", sentence.maxLength, absent.maxLength);
  }
};

template <> struct MappingTraits<InputNames> {
  static void mapping(IO &io, InputNames &inputs) {
    const InputNames absent;
    io.mapOptional("input_ids", inputs.inputIds, absent.inputIds);
    io.mapOptional("attention_mask", inputs.attentionMask,
                   absent.attentionMask);
    io.mapOptional("token_type_ids", inputs.tokenTypeIds, absent.tokenTypeIds);
    io.mapOptional("position_ids", inputs.positionIds, absent.positionIds);
  }
};

template <> struct MappingTraits<HeadDescription> {
  static void mapping(IO &io, HeadDescription &head) {
    const HeadDescription absent;
    io.mapOptional("tied", head.tied, absent.tied);
    io.mapOptional("bias", head.bias, absent.bias);
  }
};

template <> struct MappingTraits<WeightsDescription> {
  static void mapping(IO &io, WeightsDescription &weights) {
    io.mapOptional("scheme", weights.scheme, std::string());
    io.mapOptional("path", weights.path, std::string());
    io.mapOptional("prefix", weights.prefix);
    // An empty map is written as {} otherwise.
    if (!io.outputting() || !weights.names.empty())
      io.mapOptional("names", weights.names);
  }
};

template <> struct MappingTraits<ModelDescription> {
  static void mapping(IO &io, ModelDescription &model) {
    io.mapRequired("name", model.name);
    io.mapRequired("family", model.family);
    io.mapOptional("topology", model.topology, Topology::Encoder);
    io.mapRequired("vocabulary_size", model.vocabularySize);
    io.mapRequired("hidden_size", model.hiddenSize);
    io.mapRequired("layers", model.layers);
    mapPart(io, "embedding", model.embedding);
    mapPart(io, "position", model.position);
    mapPart(io, "norm", model.norm);
    AttentionMask usualMask = model.topology == Topology::Decoder
                                  ? AttentionMask::Causal
                                  : AttentionMask::Padding;
    io.mapRequired("attention", model.attention, usualMask);
    io.mapRequired("ffn", model.ffn);
    mapPart(io, "sharing", model.sharing);
    io.mapOptional("pooler", model.pooler, PoolerKind::None);
    io.mapOptional("sentence", model.sentence);
    io.mapOptional("head", model.head);
    mapPart(io, "inputs", model.inputs);
    mapPart(io, "weights", model.weights);
  }
};

} // namespace llvm::yaml

namespace attune {

/// LLVM's YAML reader recurses, so nesting is limited before it sees the text.
/// Block nesting is limited by the length of a line.
static constexpr size_t kMaxYAMLBytes = 1 << 20;
static constexpr size_t kMaxLineBytes = 4096;
static constexpr size_t kMaxFlowOpeners = 256;

static Error checkYAMLText(StringRef text, StringRef file) {
  if (text.size() > kMaxYAMLBytes)
    return userErrorf("{0}: the file has {1} bytes, at most {2} are accepted",
                      file, text.size(), kMaxYAMLBytes);
  if (size_t nul = text.find('\0'); nul != StringRef::npos)
    return userErrorf("{0}: not a text file: NUL at byte {1}", file, nul);
  size_t line = 1, lineBytes = 0, openers = 0;
  for (char c : text) {
    if (c == '\n') {
      ++line;
      lineBytes = 0;
      continue;
    }
    openers += c == '[' || c == '{';
    if (++lineBytes > kMaxLineBytes)
      return userErrorf("{0}:{1}: the line has more than {2} bytes", file, line,
                        kMaxLineBytes);
    if (openers > kMaxFlowOpeners)
      return userErrorf("{0}:{1}: more than {2} brackets and braces", file,
                        line, kMaxFlowOpeners);
  }
  return Error::success();
}

/// What may be left out of the file because it follows from the rest.
static double usualScale(int64_t headDim) {
  return headDim > 0 ? 1.0 / std::sqrt(static_cast<double>(headDim)) : 0;
}

static int64_t usualHeadDim(const ModelDescription &model) {
  int64_t heads = model.attention.heads;
  return heads > 0 && model.hiddenSize > 0 && model.hiddenSize % heads == 0
             ? model.hiddenSize / heads
             : 0;
}

/// Features whose products stand for e^(scale q.k) are those of queries and
/// keys that share the scale.
static double usualFeatureScale(const FeatureDescription &features,
                                double scale) {
  bool standsForSoftmax = features.kind == FeatureKind::Favor ||
                          features.kind == FeatureKind::FavorHyperbolic ||
                          features.kind == FeatureKind::Taylor2;
  return standsForSoftmax && scale > 0 ? std::sqrt(scale) : 1;
}

/// Calls `visit` for the features of queries and those of keys.
template <typename VisitFn>
static void forEachFeatures(LinearDescription &linear, VisitFn visit) {
  visit(linear.features);
  if (linear.keyFeatures)
    visit(*linear.keyFeatures);
}

Expected<ModelDescription> readModelYAML(StringRef text, StringRef file) {
  if (Error error = checkYAMLText(text, file))
    return std::move(error);

  std::string messages;
  auto collect = [](const SMDiagnostic &diagnostic, void *context) {
    raw_string_ostream os(*static_cast<std::string *>(context));
    diagnostic.print(nullptr, os, /*ShowColors=*/false);
  };
  yaml::Input input(MemoryBufferRef(text, file), nullptr, collect, &messages);
  ModelDescription model;
  model.attention.heads = 0;
  input >> model;
  if (input.error() || !messages.empty()) {
    StringRef shown = StringRef(messages).trim();
    if (shown.empty())
      return userErrorf("{0}: expected a YAML mapping that describes a model",
                        file);
    return userErrorf("not a model description\n{0}", shown.take_front(4000));
  }

  if (model.embedding.width == 0)
    model.embedding.width = model.hiddenSize;
  AttentionDescription &attention = model.attention;
  if (attention.headDim == 0) {
    attention.headDim = usualHeadDim(model);
    if (attention.headDim == 0 && attention.heads > 0 && model.hiddenSize > 0)
      return userErrorf("{0}: attention.heads is {1}, which does not divide "
                        "hidden_size {2}; give attention.head_dim",
                        file, attention.heads, model.hiddenSize);
  }
  if (attention.scale == 0)
    attention.scale = usualScale(attention.headDim);
  if (attention.kvHeads == 0)
    attention.kvHeads = attention.heads;
  if (attention.kind == AttentionKind::Linear)
    forEachFeatures(attention.linear, [&](FeatureDescription &features) {
      if (features.scale == 0)
        features.scale = usualFeatureScale(features, attention.scale);
    });
  if (Error error = validate(model, file))
    return std::move(error);
  return model;
}

void writeModelYAML(raw_ostream &os, const ModelDescription &model) {
  ModelDescription shown = model;
  if (shown.embedding.width == shown.hiddenSize)
    shown.embedding.width = 0;
  if (shown.attention.kind == AttentionKind::Linear)
    forEachFeatures(shown.attention.linear, [&](FeatureDescription &features) {
      if (features.scale == usualFeatureScale(features, model.attention.scale))
        features.scale = 0;
    });
  if (shown.attention.kvHeads == shown.attention.heads)
    shown.attention.kvHeads = 0;
  if (shown.attention.scale == usualScale(shown.attention.headDim))
    shown.attention.scale = 0;
  if (shown.attention.headDim == usualHeadDim(shown))
    shown.attention.headDim = 0;
  yaml::Output output(os);
  output << shown;
}

} // namespace attune
