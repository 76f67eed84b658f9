//===- ModelDescription.h - The typed description of a model ----*- C++ -*-===//
//
// One schema that every reader fills (config.json of each family, Attune's own
// YAML) and that the frontend lowers. It says what is computed, with all
// defaults resolved: nothing in it depends on which file it came from.
//
// Notation: B batch, T tokens, H hidden size, W embedding width, A = heads *
// headDim.
//
//===----------------------------------------------------------------------===//

#ifndef ATTUNE_MODEL_MODELDESCRIPTION_H
#define ATTUNE_MODEL_MODELDESCRIPTION_H

#include "attune/Model/AttentionDescription.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace attune {

/// Which stacks a model has and how they are joined.
enum class Topology {
  /// One stack over whole sequences, with the mask that the attention has.
  Encoder,
  /// One causal stack that runs on where it stopped: what later tokens need of
  /// earlier ones goes out and in again, as states of fixed size of linear
  /// layers, as keys and values of all tokens of the others.
  Decoder,
};

enum class NormKind {
  /// y = (x - mean(x)) / sqrt(var(x) + epsilon) * weight + bias, with the
  /// biased variance, over the last dimension.
  LayerNorm,
};

/// Where the norm of a sub-layer f stands.
enum class NormPlacement {
  /// x <- norm(x + f(x)) (Transformer 2017, BERT).
  Post,
  /// x <- x + f(norm(x)) (GPT-2, ViT).
  Pre,
};

enum class PositionKind {
  /// The model has no notion of position outside of attention.
  None,
  /// A table with one row a position is added to the token embedding.
  Learned,
  /// The same with a table that is computed: sines and cosines of the position
  /// at falling frequencies (1706.03762).
  Sinusoidal,
};

/// Elementwise functions of the feed-forward layer.
enum class Activation {
  /// 0.5 x (1 + erf(x / sqrt 2)).
  GeluErf,
  /// 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).
  GeluTanh,
  /// max(x, 0).
  Relu,
  /// x sigmoid(x), also called swish.
  Silu,
  /// x sigmoid(1.702 x).
  QuickGelu,
  Tanh,
};

/// What stands behind the last layer to give one vector a sequence.
enum class PoolerKind {
  None,
  /// tanh(x[:, 0] W^T + b), W of shape [H, H] (BERT's pooler_output).
  TanhFirstToken,
};

/// How a sentence embedding is made of the hidden states x [B, T, H] and the
/// mask m [B, T] (1 for tokens, 0 for padding); n = sum of m over T.
enum class SentencePoolingMode {
  /// x[:, 0].
  Cls,
  /// Maximum over the tokens with m = 1.
  Max,
  /// sum(x m) / max(n, 1e-9).
  Mean,
  /// sum(x m) / sqrt(max(n, 1e-9)).
  MeanSqrtLength,
  /// sum(x m w) / max(sum(m w), 1e-9) with w = 1, 2, 3, ... over T.
  WeightedMean,
  /// The last token with m = 1.
  LastToken,
};

struct NormDescription {
  NormKind kind = NormKind::LayerNorm;
  /// Added to the variance.
  double epsilon = 1e-12;
  NormPlacement placement = NormPlacement::Post;
  /// A norm behind the sum of the embeddings, over W (before a factorised
  /// embedding is projected to H).
  bool embeddingNorm = true;
  /// A norm behind the last layer (pre-norm models).
  bool finalNorm = false;
  bool operator==(const NormDescription &) const = default;
};

/// Positions of an encoder count from the begin of a sequence; those of a
/// decoder are an input.
struct PositionDescription {
  PositionKind kind = PositionKind::Learned;
  /// Rows of the table of positions. The longest sequence is `rows - offset`.
  int64_t rows = 512;
  /// The row of the first token (RoBERTa: padding id + 1).
  int64_t offset = 0;
  /// False: token t takes row offset + t. True (RoBERTa): with
  /// r[t] = (ids[t] != paddingId), token t takes row
  /// offset - 1 + r[t] * (r[0] + ... + r[t]); offset is then at least 1.
  bool fromPadding = false;
  /// The token id that counts as padding for fromPadding.
  int64_t paddingId = 0;
  /// Sinusoidal, with n = W / 2 and position p. True: column 2i is
  /// sin(p base^(-i/n)), column 2i + 1 the cosine (1706.03762). False: column i
  /// is sin(p base^(-i/(n-1))), column n + i the cosine (tensor2tensor,
  /// fairseq).
  bool interleaved = true;
  double base = 10000;
  bool operator==(const PositionDescription &) const = default;
};

struct EmbeddingDescription {
  /// W, the width of the token, position and segment tables and of the norm
  /// behind them.
  int64_t width = 0;
  /// A linear layer [H, W] with bias brings the embeddings to H (ALBERT,
  /// ELECTRA). Needed when width differs from H; ALBERT has one in any case.
  bool projection = false;
  /// Rows of the segment ("token type") table; 0: the model has none.
  int64_t segmentTypes = 0;
  /// The token embedding is multiplied by this before the sum.
  double scale = 1.0;
  bool operator==(const EmbeddingDescription &) const = default;
};

struct FfnDescription {
  /// Width of the inner layer.
  int64_t dim = 0;
  Activation activation = Activation::GeluErf;
  /// False: act(x U^T) D^T. True: (act(x G^T) * (x U^T)) D^T.
  bool gated = false;
  /// Biases of the layers into (U, G) and out of (D) the inner width.
  bool inputBias = true;
  bool outputBias = true;
  bool operator==(const FfnDescription &) const = default;
};

/// Layers that share weights (ALBERT). The stack of `layers` is cut into
/// blocks of `innerLayers`; block b of n uses the weights of group
/// floor(b / (n / groups)).
struct SharingDescription {
  /// Groups of weights; 0: every layer has its own.
  int64_t groups = 0;
  /// Layers in a group, each with its own weights.
  int64_t innerLayers = 1;
  bool operator==(const SharingDescription &) const = default;
};

/// What makes a sentence embedding of the hidden states (the modules of a
/// sentence-transformers directory).
struct SentenceDescription {
  /// At least one; the results of several are concatenated in this order.
  std::vector<SentencePoolingMode> modes;
  /// The embedding is divided by max(its L2 norm, 1e-12).
  bool normalize = false;
  /// Sentences are cut to this number of tokens, specials included; 0: to
  /// ModelDescription::maxSequenceLength().
  int64_t maxLength = 0;
  bool operator==(const SentenceDescription &) const = default;
};

/// What makes logits [B, T, vocabulary] of the hidden states x of a decoder:
/// x E^T + b.
struct HeadDescription {
  /// Whether E is the token embedding; else it is a weight of its own.
  bool tied = true;
  /// Whether there is a b.
  bool bias = false;
  bool operator==(const HeadDescription &) const = default;
};

/// The names of the inputs, all of shape [B, T] and integer. Those of states
/// follow from the layers: past.{layer}.state and so on.
struct InputNames {
  std::string inputIds = "input_ids";
  /// 1 for tokens, 0 for padding. Encoders have it.
  std::string attentionMask = "attention_mask";
  /// Rows of the segment table. Empty: the model takes no such input; when it
  /// has a segment table, row 0 is used for every token.
  std::string tokenTypeIds;
  /// Position of each token in its sequence, from 0. Decoders with a table of
  /// positions have it.
  std::string positionIds = "position_ids";
  bool operator==(const InputNames &) const = default;
};

/// Where the weights are and what they are called.
struct WeightsDescription {
  /// A name scheme of findWeightScheme(), e.g. "bert".
  std::string scheme;
  /// A .safetensors file, a .safetensors.index.json or a directory with
  /// either, relative to the YAML file; empty: the model's directory.
  std::string path;
  /// What stands before every tensor name of the scheme, e.g. "bert."; unset:
  /// found from the names in the files.
  std::optional<std::string> prefix;
  /// Patterns that replace those of the scheme, by role name:
  /// {"attention.query.weight": "blocks.{layer}.q.weight"}.
  std::map<std::string, std::string> names;
  bool operator==(const WeightsDescription &) const = default;
};

struct ModelDescription {
  /// A name for people and for the default prefix of emitted symbols; never
  /// empty after reading.
  std::string name;
  /// The family as config.json calls it ("model_type").
  std::string family;
  Topology topology = Topology::Encoder;
  /// Rows of the token embedding table; token ids are below it.
  int64_t vocabularySize = 0;
  /// H.
  int64_t hiddenSize = 0;
  /// Layers applied one after the other, shared ones counted as often as they
  /// are applied.
  int64_t layers = 0;

  EmbeddingDescription embedding;
  PositionDescription position;
  NormDescription norm;
  AttentionDescription attention;
  FfnDescription ffn;
  SharingDescription sharing;
  PoolerKind pooler = PoolerKind::None;
  std::optional<SentenceDescription> sentence;
  /// Of decoders; nothing: the results are the hidden states.
  std::optional<HeadDescription> head;
  InputNames inputs;
  WeightsDescription weights;

  bool operator==(const ModelDescription &) const = default;

  /// heads * headDim, the width of queries and of the result.
  int64_t attentionWidth() const { return attention.heads * attention.headDim; }
  /// kvHeads * headDim, the width of keys and values.
  int64_t keyWidth() const { return attention.kvHeads * attention.headDim; }

  /// The longest sequence the model takes: position.rows - position.offset
  /// where there is a table of positions, 0 for no limit.
  int64_t maxSequenceLength() const;

  /// How many layers have weights of their own: groups * innerLayers when
  /// layers share weights, else `layers`.
  int64_t distinctLayers() const;

  /// The index in [0, distinctLayers()) of the weights that applied layer
  /// `layer` in [0, layers) uses. Only for descriptions that validate.
  int64_t weightLayer(int64_t layer) const;
};

/// Checks every value and how they fit together, so that what follows need not:
/// sizes are positive and bounded, products of them do not overflow, heads
/// divide what they must, epsilons are finite. Reports ALL problems in one
/// UserError; `subject` names the file in it.
llvm::Error validate(const ModelDescription &model, llvm::StringRef subject);

/// The number of weights that a description which validates has, shared ones
/// counted once.
int64_t parameterCount(const ModelDescription &model);

/// The names that YAML uses for the values: "gelu_erf", "post", "mean", ...
llvm::StringRef toString(Topology value);
llvm::StringRef toString(NormKind value);
llvm::StringRef toString(NormPlacement value);
llvm::StringRef toString(PositionKind value);
llvm::StringRef toString(Activation value);
llvm::StringRef toString(PoolerKind value);
llvm::StringRef toString(SentencePoolingMode value);

/// The activation that transformers calls `name` ("gelu", "gelu_new",
/// "gelu_pytorch_tanh", "relu", "silu", "swish", "quick_gelu", "tanh", ...);
/// nullopt: unknown.
std::optional<Activation> activationFromHuggingFace(llvm::StringRef name);

} // namespace attune

#endif // ATTUNE_MODEL_MODELDESCRIPTION_H
