//===- ValidateAttention.cpp - Checks of a model's attention --------------===//

#include "Validate.h"
#include "attune/Model/WeightNames.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CheckedArithmetic.h"

using namespace llvm;

namespace attune {

static constexpr int64_t kMaxHeads = int64_t(1) << 16;
static constexpr int64_t kMaxOrder = 256;
/// As long as sequences may be.
static constexpr int64_t kMaxWindow = int64_t(1) << 31;
/// Elements of the states of a layer, of one sequence.
static constexpr int64_t kMaxState = int64_t(1) << 40;

namespace {

/// The checks of `linear:`. Heads are sane by themselves.
class LinearChecks {
public:
  LinearChecks(const ModelDescription &model, FieldChecks &checks)
      : model(model), attention(model.attention), linear(attention.linear),
        checks(checks), problems(checks.getProblems()) {}

  void run() {
    bool counted = checkFeatures(linear.features, "attention.linear.features");
    if (linear.keyFeatures)
      counted &=
          checkFeatures(*linear.keyFeatures, "attention.linear.key_features");
    if (counted)
      checkState();
    checkSharedFeatures();
    checkRule();
    checkDenominator();
    checkHybrid();
    checkTilt();
    checkOffset();
    checkLayers();
  }

private:
  static constexpr char kRule[] = "attention.linear.rule";
  static constexpr char kDecay[] = "attention.linear.decay.kind";

  /// Whether there is a number of features that can go on to be used.
  bool checkFeatures(const FeatureDescription &f, StringRef path) {
    auto name = [&](StringRef field) { return (path + "." + field).str(); };
    bool sane = checks.inRange(name("projection"), f.projection, 0, kMaxWidth);
    sane &= checks.inRange(name("order"), f.order, 1, kMaxOrder);
    sane &= checks.inRange(name("mix"), f.mix, 0, kMaxWidth);
    checks.refuse(f.kind != FeatureKind::Dpfp && f.order != 1, name("order"),
                  Twine(f.order), "only dpfp has an order");
    checks.positiveFinite(name("scale"), f.scale);
    checks.notNegative(name("epsilon"), f.epsilon);
    checks.notNegative(name("norm_epsilon"), f.normEpsilon);
    checks.refuse(f.shared && !f.hasWeights(), name("shared"), "true",
                  "the features have no weights");
    if (sane && !f.mapFeatures(attention.headDim)) {
      problems.addf("{0}: {1} of {2} elements has more than {3} features", path,
                    toString(f.kind), f.rows(attention.headDim), kMostFeatures);
      return false;
    }
    return sane;
  }

  void checkState() {
    int64_t queries = *linear.features.features(attention.headDim),
            keys = *linear.ofKeys().features(attention.headDim);
    if (queries != keys) {
      problems.addf("attention.linear: the features of queries are {0}, those "
                    "of keys {1}; expected as many",
                    queries, keys);
      return;
    }
    if (keys > kMostFeatures / attention.heads)
      problems.addf("attention.linear: {0} features in each of {1} heads, "
                    "expected at most {2} together",
                    keys, attention.heads, kMostFeatures);
    else if (attention.kvHeads * keys > kMaxState / attention.headDim)
      problems.addf("attention.linear: the state of a layer has more than {0} "
                    "elements",
                    kMaxState);
  }

  /// Queries and keys can only share weights that are as many.
  void checkSharedFeatures() {
    const FeatureDescription &f = linear.features;
    if (!linear.keyFeatures && !linear.isHybrid() && f.hasWeights() &&
        !f.shared && attention.heads != attention.kvHeads)
      problems.addf("attention.linear.features has weights for each of {0} "
                    "heads, but keys have {1} heads: give key_features, or "
                    "set features.shared",
                    attention.heads, attention.kvHeads);
  }

  void checkRule() {
    const DecayDescription &decay = linear.decay;
    bool decays = decay.kind != DecayKind::None;
    StringRef rule = toString(linear.rule);
    if (decays != linear.isGated())
      problems.addf("{0} is {1} and {2} is {3}: the gated rules have a decay, "
                    "the others none",
                    kRule, rule, kDecay, toString(decay.kind));
    bool hasGates = decays && decay.kind != DecayKind::Slopes;
    checks.refuse(decay.columns && !hasGates, "attention.linear.decay.columns",
                  "true", "only log_sigmoid and softplus have columns");
    checks.refuse(decay.bias && !hasGates, "attention.linear.decay.bias",
                  "true", "only log_sigmoid and softplus have a bias");
    checks.positiveFinite("attention.linear.decay.temperature",
                          decay.temperature);
    checks.refuse(decay.temperature != 1 && decay.kind != DecayKind::LogSigmoid,
                  "attention.linear.decay.temperature", "given",
                  "only log_sigmoid has one");
    checks.refuse(linear.beta.bias && !linear.isDelta(),
                  "attention.linear.beta.bias", "true",
                  "only the delta rules have a beta");
    checks.positiveFinite("attention.linear.scale", linear.scale);
    if (linear.rule == LinearRule::Linear)
      return;
    checks.refuse(linear.squash != SquashKind::None, "attention.linear.squash",
                  toString(linear.squash),
                  "only the rule linear has a squashed state");
    checks.refuse(attention.mask != AttentionMask::Causal, kRule, rule,
                  "a state that forgets or corrects depends on the order of "
                  "tokens, expected attention.mask to be causal");
  }

  void checkDenominator() {
    if (!linear.denominator)
      return;
    checks.notNegative("attention.linear.denominator", *linear.denominator);
    checks.refuse(linear.isDelta(), "attention.linear.denominator", "given",
                  "the delta rules have none");
    checks.refuse(linear.squash != SquashKind::None,
                  "attention.linear.denominator", "given",
                  "a squashed state has none");
    checks.refuse(linear.isHybrid(), "attention.linear.denominator", "given",
                  "with a window or sinks the sum itself divides");
  }

  void checkHybrid() {
    checks.inRange("attention.linear.window", linear.window, 0, kMaxWindow);
    checks.inRange("attention.linear.sinks", linear.sinks, 0, kMaxWindow);
    if (linear.squash != SquashKind::None)
      checks.refuse(attention.mask != AttentionMask::Causal,
                    "attention.linear.squash", toString(linear.squash),
                    "a squashed state depends on the order of tokens, expected "
                    "attention.mask to be causal");
    if (!linear.isHybrid())
      return;
    checks.refuse(linear.rule != LinearRule::Linear, kRule,
                  toString(linear.rule),
                  "with a window or sinks it has to be linear");
    checks.refuse(linear.squash != SquashKind::None, "attention.linear.squash",
                  toString(linear.squash),
                  "with a window or sinks there is none");
    checks.refuse(linear.scale != 1, "attention.linear.scale", "given",
                  "with a window or sinks results are averages");
    if (model.topology == Topology::Decoder)
      problems.add("attention.linear has a window or sinks, which decoders "
                   "cannot carry from call to call; use topology: encoder with "
                   "attention.mask: causal, which runs over whole sequences");
  }

  void checkTilt() {
    bool vanishes = linear.isHybrid() || linear.denominator == 0.0;
    checks.refuse(linear.features.tilt && !vanishes,
                  "attention.linear.features.tilt", "true",
                  "queries have one with a window, sinks or a denominator of 0 "
                  "alone; give key_features for a tilt of keys");
    checks.refuse(linear.ofKeys().tilt && (linear.rule != LinearRule::Linear ||
                                           linear.squash != SquashKind::None),
                  linear.keyFeatures ? "attention.linear.key_features.tilt"
                                     : "attention.linear.features.tilt",
                  "true", "only the rule linear, not squashed, has one");
  }

  void checkOffset() {
    checks.refuse((linear.features.offset || linear.ofKeys().offset) &&
                      !linear.isHybrid(),
                  "an offset of attention.linear", "given",
                  "it has no effect without a window or sinks");
  }

  void checkLayers() {
    const std::vector<int64_t> &layers = linear.layers;
    for (size_t i = 0; i < layers.size(); ++i) {
      if (!checks.inRange("attention.linear.layers", layers[i], 0,
                          std::max<int64_t>(model.layers, 1) - 1))
        return;
      if (i > 0 && layers[i] <= layers[i - 1]) {
        problems.add("attention.linear.layers is not ascending");
        return;
      }
    }
    bool all =
        layers.empty() || static_cast<int64_t>(layers.size()) == model.layers;
    if (!all && model.sharing.groups != 0)
      problems.add("attention.linear.layers names some of the layers, but "
                   "layers share weights (sharing.groups): expected all");
  }

  const ModelDescription &model;
  const AttentionDescription &attention;
  const LinearDescription &linear;
  FieldChecks &checks;
  ProblemList &problems;
};

} // namespace

void checkAttention(const ModelDescription &model, FieldChecks &checks) {
  const AttentionDescription &attention = model.attention;
  ProblemList &problems = checks.getProblems();
  bool sane = checks.inRange("attention.heads", attention.heads, 1, kMaxHeads);
  sane &= checks.inRange("attention.head_dim", attention.headDim, 1, kMaxWidth);
  if (sane)
    sane = checks.inRange("attention.heads * attention.head_dim",
                          model.attentionWidth(), 1, kMaxWidth);
  sane &= checks.inRange("attention.kv_heads", attention.kvHeads, 1, kMaxHeads);
  if (sane && attention.heads % attention.kvHeads != 0) {
    problems.addf("attention.kv_heads is {0}, which does not divide {1}, the "
                  "heads",
                  attention.kvHeads, attention.heads);
    sane = false;
  }
  checks.positiveFinite("attention.scale", attention.scale);
  if (attention.kind == AttentionKind::Softmax) {
    if (attention.linear != LinearDescription())
      problems.add("attention.linear needs attention.kind: linear");
    return;
  }
  if (sane)
    LinearChecks(model, checks).run();
}

} // namespace attune
