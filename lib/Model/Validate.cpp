//===- Validate.cpp - Checks of a model description -----------------------===//

#include "Validate.h"
#include "attune/Model/WeightNames.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"

#include <cmath>

using namespace llvm;

namespace attune {

// As kMaxWidth is.
static constexpr int64_t kMaxTableRows = int64_t(1) << 28;
static constexpr int64_t kMaxFfn = int64_t(1) << 24;
static constexpr int64_t kMaxLayers = 10000;
static constexpr int64_t kMaxSegments = int64_t(1) << 16;
static constexpr int64_t kMaxSinusoids = int64_t(1) << 26;
static constexpr size_t kMaxTextBytes = 1000;
/// Weights of 8 bytes must be countable in 63 bits, with room for padding.
static constexpr int64_t kMaxParameters = int64_t(1) << 58;

static bool isControl(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

StringRef FieldChecks::nameOf(StringRef field) const {
  for (const FieldName &name : names)
    if (name.field == field)
      return name.inConfig;
  return field;
}

bool FieldChecks::inRange(StringRef what, int64_t value, int64_t low,
                          int64_t high) {
  if (value >= low && value <= high)
    return true;
  problems.addf("{0} is {1}, expected {2} to {3}", nameOf(what), value, low,
                high);
  return false;
}

void FieldChecks::positiveFinite(StringRef what, double value) {
  if (!std::isfinite(value) || value <= 0)
    problems.addf("{0} is {1}, expected a positive finite number", nameOf(what),
                  llvm::format("%g", value));
}

void FieldChecks::notNegative(StringRef what, double value) {
  if (!std::isfinite(value) || value < 0)
    problems.addf("{0} is {1}, expected a finite number of 0 or more",
                  nameOf(what), llvm::format("%g", value));
}

void FieldChecks::refuse(bool wrong, StringRef field, const Twine &what,
                         const Twine &why) {
  if (wrong)
    problems.add(nameOf(field) + " is " + what + ": " + why);
}

namespace {

class Validator : FieldChecks {
public:
  Validator(const ModelDescription &model, ArrayRef<FieldName> names,
            ProblemList &problems)
      : FieldChecks(names, problems), model(model), problems(problems),
        problemsBefore(problems.size()) {}

  void run() {
    checkSizes();
    checkEmbedding();
    checkPosition();
    checkNorm();
    checkAttention(model, *this);
    checkSharing();
    checkSentence();
    checkTopology();
    checkNames();
    // Only sizes that are sane by themselves can be multiplied.
    if (problems.size() == problemsBefore)
      checkTotal();
  }

private:
  void checkSizes() {
    inRange("vocabulary_size", model.vocabularySize, 1, kMaxTableRows);
    inRange("hidden_size", model.hiddenSize, 1, kMaxWidth);
    inRange("layers", model.layers, 1, kMaxLayers);
    inRange("ffn.dim", model.ffn.dim, 1, kMaxFfn);
  }

  void checkEmbedding() {
    const EmbeddingDescription &embedding = model.embedding;
    inRange("embedding.segment_types", embedding.segmentTypes, 0, kMaxSegments);
    positiveFinite("embedding.scale", embedding.scale);
    if (inRange("embedding.width", embedding.width, 1, kMaxWidth) &&
        embedding.width != model.hiddenSize && !embedding.projection)
      problems.addf("{0} is {1} and {2} is {3}: they must be equal unless "
                    "embedding.projection is true",
                    nameOf("embedding.width"), embedding.width,
                    nameOf("hidden_size"), model.hiddenSize);
  }

  void checkPosition() {
    const PositionDescription &position = model.position;
    positionsAreSane = position.kind == PositionKind::None;
    if (positionsAreSane)
      return;
    if (!inRange("position.rows", position.rows, 1, kMaxTableRows))
      return;
    positionsAreSane = inRange("position.offset", position.offset,
                               position.fromPadding ? 1 : 0, position.rows - 1);
    if (position.kind == PositionKind::Sinusoidal)
      checkSinusoids();
    if (position.fromPadding)
      inRange("position.padding_id", position.paddingId, 0,
              std::max<int64_t>(model.vocabularySize, 1) - 1);
  }

  /// The table is computed while compiling.
  void checkSinusoids() {
    int64_t width = model.embedding.width;
    positiveFinite("position.base", model.position.base);
    refuse(width % 2 != 0, "embedding.width", Twine(width),
           "sinusoidal positions need an even number");
    refuse(width > 0 && model.position.rows > kMaxSinusoids / width,
           "position.rows", Twine(model.position.rows),
           "a sinusoidal table of this width may have " +
               Twine(kMaxSinusoids / std::max<int64_t>(width, 1)) + " rows");
  }

  void checkNorm() { positiveFinite("norm.epsilon", model.norm.epsilon); }

  void checkSharing() {
    const SharingDescription &sharing = model.sharing;
    bool sane = inRange("sharing.groups", sharing.groups, 0, kMaxLayers);
    sane &= inRange("sharing.inner_layers", sharing.innerLayers, 1, kMaxLayers);
    if (!sane)
      return;
    if (sharing.groups == 0) {
      if (sharing.innerLayers != 1)
        problems.add("sharing.inner_layers needs sharing.groups");
      return;
    }
    if (model.layers % sharing.innerLayers != 0)
      problems.addf("{0} is {1}, expected a multiple of {2}, which is {3}",
                    nameOf("layers"), model.layers,
                    nameOf("sharing.inner_layers"), sharing.innerLayers);
    else if (sharing.groups > model.layers / sharing.innerLayers)
      problems.addf("{0} is {1}, expected at most {2}, the number of "
                    "blocks of layers",
                    nameOf("sharing.groups"), sharing.groups,
                    model.layers / sharing.innerLayers);
  }

  void checkSentence() {
    if (!model.sentence)
      return;
    const SentenceDescription &sentence = *model.sentence;
    if (sentence.modes.empty())
      problems.add("sentence.modes is empty, expected at least one mode");
    for (size_t i = 0; i < sentence.modes.size(); ++i)
      if (llvm::is_contained(ArrayRef(sentence.modes).take_front(i),
                             sentence.modes[i]))
        problems.addf("sentence.modes has {0} twice",
                      toString(sentence.modes[i]));
    int64_t limit = positionsAreSane ? model.maxSequenceLength() : 0;
    inRange("sentence.max_length", sentence.maxLength, 0,
            limit > 0 ? limit : kMaxTableRows);
  }

  /// What only one of the topologies has.
  void checkTopology() {
    const PositionDescription &position = model.position;
    if (model.topology == Topology::Encoder) {
      if (model.head)
        problems.add("head: only decoders have one (topology: decoder)");
      return;
    }
    refuse(model.attention.mask != AttentionMask::Causal, "attention.mask",
           toString(model.attention.mask), "decoders are causal");
    refuse(model.pooler != PoolerKind::None, "pooler", toString(model.pooler),
           "only encoders have a pooler");
    if (model.sentence)
      problems.add("sentence: only encoders make embeddings of sentences");
    refuse(model.embedding.segmentTypes > 0, "embedding.segment_types",
           Twine(model.embedding.segmentTypes), "only encoders have segments");
    refuse(position.kind != PositionKind::None && position.fromPadding,
           "position.from_padding", "true",
           "the positions of a decoder are an input");
    refuse(model.head && model.head->tied &&
               model.embedding.width != model.hiddenSize,
           "head.tied", "true",
           "the token embedding has another width than the hidden states");
  }

  /// Strings end up in messages, symbols and lines of YAML.
  void checkText(StringRef what, StringRef text) {
    if (text.size() > kMaxTextBytes)
      problems.addf("{0} has {1} bytes, at most {2} are accepted", nameOf(what),
                    text.size(), kMaxTextBytes);
    else if (llvm::any_of(text, [](char c) { return isControl(c); }) ||
             !json::isUTF8(text))
      problems.addf("{0} is '{1}', which has control characters or is not "
                    "UTF-8",
                    nameOf(what), printable(text));
  }

  void checkNames() {
    if (model.name.empty())
      problems.add("name is empty");
    checkText("name", model.name);
    checkText("family", model.family);
    checkText("inputs.input_ids", model.inputs.inputIds);
    checkText("inputs.attention_mask", model.inputs.attentionMask);
    checkText("inputs.token_type_ids", model.inputs.tokenTypeIds);
    checkText("inputs.position_ids", model.inputs.positionIds);
    checkText("weights.path", model.weights.path);
    checkText("weights.prefix", model.weights.prefix.value_or(""));
    for (const auto &[key, pattern] : model.weights.names)
      checkText("a pattern of weights.names", pattern);
    checkInputNames();
    const InputNames &in = model.inputs;
    if (!in.tokenTypeIds.empty() && model.embedding.segmentTypes == 0)
      problems.addf("inputs.token_type_ids is '{0}', but the model has no "
                    "segment table (embedding.segment_types is 0)",
                    printable(in.tokenTypeIds));
    checkWeightNames();
  }

  /// Inputs that the model has need names, which differ.
  void checkInputNames() {
    const InputNames &in = model.inputs;
    bool isDecoder = model.topology == Topology::Decoder;
    struct Input {
      StringRef field, name;
      bool isThere;
    } inputs[] = {{"inputs.input_ids", in.inputIds, true},
                  {"inputs.attention_mask", in.attentionMask, !isDecoder},
                  {"inputs.position_ids", in.positionIds,
                   isDecoder && model.position.kind != PositionKind::None},
                  {"inputs.token_type_ids", in.tokenTypeIds,
                   !isDecoder && !in.tokenTypeIds.empty()}};
    SmallVector<StringRef> taken;
    for (const Input &input : inputs) {
      if (!input.isThere)
        continue;
      if (input.name.empty())
        problems.addf("{0} is empty, expected a name", input.field);
      else if (llvm::is_contained(taken, input.name))
        problems.addf("two inputs have the name '{0}'", printable(input.name));
      refuse(isDecoder && input.name.starts_with("past."), input.field,
             printable(input.name), "the names of states begin so");
      taken.push_back(input.name);
    }
  }

  /// distinctLayers() > 1, also for values whose product overflows.
  bool hasSeveralLayers() const {
    return model.sharing.groups == 0
               ? model.layers > 1
               : model.sharing.groups > 1 || model.sharing.innerLayers > 1;
  }

  void checkWeightNames() {
    const WeightScheme *scheme = findWeightScheme(model.weights.scheme);
    if (!model.weights.scheme.empty() && !scheme)
      problems.addf("weights.scheme is '{0}', expected one of {1}",
                    printable(model.weights.scheme),
                    llvm::join(weightSchemeNames(), ", "));
    for (const auto &[key, pattern] : model.weights.names) {
      std::optional<WeightRole> role = weightRoleFromString(key);
      if (!role)
        problems.addf("weights.names has '{0}', which is no weight",
                      printable(key));
      else if (pattern.empty())
        problems.addf("weights.names has an empty pattern for {0}", key);
      else if (isPerLayer(*role) && hasSeveralLayers() &&
               !StringRef(pattern).contains("{layer}") &&
               !StringRef(pattern).contains("{group}") &&
               !StringRef(pattern).contains("{inner}"))
        problems.addf("weights.names: the pattern '{0}' of {1} must contain "
                      "{{layer}, for there is one in each layer",
                      printable(pattern), key);
    }
  }

  void checkTotal() {
    int64_t total = 0;
    for (WeightRole role : allWeightRoles()) {
      std::optional<int64_t> count = countWeights(role, model);
      for (int64_t extent : expectedShape(role, model))
        if (count)
          count = checkedMul(*count, extent);
      std::optional<int64_t> sum;
      if (count)
        sum = checkedAdd(total, *count);
      if (!sum || *sum > kMaxParameters) {
        problems.add("the sizes together give more weights than a machine can "
                     "address");
        return;
      }
      total = *sum;
    }
  }

  const ModelDescription &model;
  ProblemList &problems;
  size_t problemsBefore;
  /// position.rows - position.offset can be computed.
  bool positionsAreSane = false;
};

} // namespace

void collectProblems(const ModelDescription &model, ArrayRef<FieldName> names,
                     ProblemList &problems) {
  Validator(model, names, problems).run();
}

Error validate(const ModelDescription &model, StringRef subject) {
  ProblemList problems;
  collectProblems(model, {}, problems);
  return problems.take(subject);
}

} // namespace attune
