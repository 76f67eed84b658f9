//===- LinearModelTest.cpp - Descriptions of linear attention -------------===//

#include "ModelTestSupport.h"
#include "attune/Model/ModelYAML.h"
#include "attune/Model/ResolvedWeights.h"
#include "attune/Model/WeightNames.h"

#include "llvm/Support/raw_ostream.h"

using namespace attune;
using namespace attune::test;
using namespace llvm;

namespace {

/// A decoder of two layers, four heads of width 4; `attention` are lines of
/// its attention.
std::string decoder(StringRef attention, StringRef rest = "") {
  return ("name: small\nfamily: linear\ntopology: decoder\n"
          "vocabulary_size: 10\nhidden_size: 16\nlayers: 2\n"
          "ffn:\n  dim: 12\n" +
          rest + "attention:\n  heads: 4\n" + attention)
      .str();
}

Expected<ModelDescription> read(StringRef text) {
  return readModelYAML(text, "m.yaml");
}

std::string write(const ModelDescription &model) {
  std::string text;
  raw_string_ostream os(text);
  writeModelYAML(os, model);
  return text;
}

void expectRoundTrip(const ModelDescription &model) {
  std::string text = write(model);
  SCOPED_TRACE(text);
  ModelDescription back = valueOf(read(text));
  EXPECT_EQ(back, model);
  EXPECT_EQ(write(back), text);
}

TEST(LinearModel, FillsInWhatIsUsual) {
  ModelDescription model = valueOf(read(decoder("  kind: linear\n")));
  EXPECT_EQ(model.topology, Topology::Decoder);
  EXPECT_EQ(model.attention.mask, AttentionMask::Causal);
  EXPECT_EQ(model.attention.kvHeads, 4);
  const LinearDescription &linear = model.attention.linear;
  EXPECT_EQ(linear.features.kind, FeatureKind::Elu1);
  EXPECT_EQ(linear.features.scale, 1);
  EXPECT_EQ(linear.rule, LinearRule::Linear);
  EXPECT_FALSE(linear.denominator);
  EXPECT_TRUE(model.attention.isLinear(0));
  EXPECT_TRUE(model.attention.isLinear(1));
  expectRoundTrip(model);
}

TEST(LinearModel, FeaturesOfTheSoftmaxKernelShareItsScale) {
  for (const char *kind : {"favor", "favor_hyperbolic", "taylor2"}) {
    ModelDescription model = valueOf(
        read(decoder("  kind: linear\n  linear:\n    features:\n      kind: " +
                     std::string(kind) + "\n")));
    EXPECT_DOUBLE_EQ(model.attention.linear.features.scale, 1 / std::sqrt(2.0));
    expectRoundTrip(model);
  }
}

TEST(LinearModel, RoundTripsEveryField) {
  ModelDescription model = valueOf(read(decoder("")));
  model.position = {PositionKind::Sinusoidal, 77, 2, false, 0, false, 500};
  model.head = HeadDescription{/*tied=*/false, /*bias=*/true};
  model.inputs.positionIds = "where";
  model.attention.kvHeads = 2;
  model.attention.kind = AttentionKind::Linear;
  LinearDescription &linear = model.attention.linear;
  linear.features = {FeatureKind::Softmax,
                     /*projection=*/6,
                     /*shared=*/true,
                     /*order=*/1,
                     /*scale=*/0.3,
                     /*epsilon=*/1.0 / 3,
                     FeatureNormKind::L2,
                     /*normEpsilon=*/1e-9,
                     /*bias=*/true,
                     /*mix=*/16};
  linear.keyFeatures = FeatureDescription();
  linear.keyFeatures->kind = FeatureKind::Dpfp;
  linear.keyFeatures->order = 2;
  linear.keyFeatures->scale = 2;
  linear.rule = LinearRule::GatedDelta;
  linear.scale = 0.25;
  linear.decay = {DecayKind::LogSigmoid, true, true, 16};
  linear.beta.bias = true;
  linear.layers = {1};
  expectRoundTrip(model);
  EXPECT_FALSE(model.attention.isLinear(0));
  EXPECT_TRUE(model.attention.isLinear(1));

  model.topology = Topology::Encoder;
  model.head.reset();
  linear = LinearDescription();
  linear.features.kind = FeatureKind::Favor;
  linear.features.scale = 1;
  linear.features.tilt = linear.features.offset = true;
  linear.features.shared = true;
  linear.window = 64;
  linear.sinks = 4;
  expectRoundTrip(model);
}

TEST(LinearModel, RoundTripsEveryEnumerator) {
  ModelDescription model = valueOf(read(decoder("  kind: linear\n")));
  LinearDescription &linear = model.attention.linear;
  for (FeatureKind kind :
       {FeatureKind::Identity, FeatureKind::Elu1, FeatureKind::Relu,
        FeatureKind::Exp, FeatureKind::Favor, FeatureKind::FavorHyperbolic,
        FeatureKind::Dpfp, FeatureKind::Taylor2, FeatureKind::Softmax,
        FeatureKind::SoftmaxHalves}) {
    linear.features.kind = kind;
    expectRoundTrip(model);
  }
  for (SquashKind kind :
       {SquashKind::Tanh, SquashKind::Sigmoid, SquashKind::Relu,
        SquashKind::Softsign, SquashKind::Softplus, SquashKind::None}) {
    linear.squash = kind;
    expectRoundTrip(model);
  }
  for (FeatureNormKind kind : {FeatureNormKind::None, FeatureNormKind::Sum}) {
    linear.features.norm = kind;
    expectRoundTrip(model);
  }
  linear.rule = LinearRule::Gated;
  for (DecayKind kind :
       {DecayKind::Slopes, DecayKind::LogSigmoid, DecayKind::Softplus}) {
    linear.decay.kind = kind;
    expectRoundTrip(model);
  }
}

TEST(LinearModel, ValidatesAttention) {
  struct {
    const char *attention;
    std::vector<std::string> expected;
  } cases[] = {
      {"  kv_heads: 3\n", {"attention.kv_heads is 3", "divide 4"}},
      {"  kv_heads: -1\n", {"attention.kv_heads is -1"}},
      {"  mask: padding\n", {"attention.mask is padding", "causal"}},
      {"  linear:\n    rule: delta\n", {"needs attention.kind: linear"}},
      {"  kind: linear\n  linear:\n    rule: gated\n",
       {"attention.linear.rule is gated", "decay.kind is none"}},
      {"  kind: linear\n  linear:\n    decay:\n      kind: slopes\n"
       "      columns: true\n      temperature: 2\n",
       {"rule is linear", "decay.columns is true", "decay.temperature"}},
      {"  kind: linear\n  linear:\n    rule: delta\n    denominator: 0\n"
       "    squash: tanh\n",
       {"attention.linear.denominator is given", "attention.linear.squash"}},
      {"  kind: linear\n  linear:\n    denominator: -1\n", {"is -1"}},
      {"  kind: linear\n  linear:\n    window: 4\n",
       {"decoders cannot carry", "attention.mask: causal"}},
      {"  kind: linear\n  linear:\n    layers: [0, 2]\n",
       {"attention.linear.layers is 2, expected 0 to 1"}},
      {"  kind: linear\n  linear:\n    layers: [1, 0]\n", {"not ascending"}},
      {"  kind: linear\n  linear:\n    features:\n      order: 2\n",
       {"features.order is 2", "only dpfp"}},
      {"  kind: linear\n  linear:\n    features:\n      kind: dpfp\n"
       "      order: 1000\n",
       {"features.order is 1000"}},
      {"  kind: linear\n  linear:\n    features:\n      shared: true\n",
       {"features.shared is true", "no weights"}},
      {"  kind: linear\n  linear:\n    features:\n      kind: taylor2\n"
       "      projection: 10000\n",
       {"taylor2 of 10000 elements", "16777216"}},
      {"  kind: linear\n  linear:\n    features:\n      mix: 3\n"
       "    key_features:\n      kind: relu\n",
       {"queries are 3", "keys 4"}},
      {"  kv_heads: 2\n  kind: linear\n  linear:\n    features:\n"
       "      mix: 3\n",
       {"weights for each of 4 heads", "keys have 2"}},
      {"  kind: linear\n  linear:\n    features:\n      tilt: true\n",
       {"features.tilt is true", "denominator of 0"}},
      {"  kind: linear\n  linear:\n    features:\n      offset: true\n",
       {"offset", "without a window"}},
      {"  kind: linear\n  linear:\n    beta:\n      bias: true\n",
       {"beta.bias is true", "delta"}},
      {"  kind: fast\n", {"unknown enumerated scalar"}},
      {"  kind: linear\n  linear:\n    feature: elu1\n",
       {"unknown key 'feature'"}},
  };
  for (const auto &[attention, expected] : cases) {
    SCOPED_TRACE(attention);
    expectUserError(failureOf(read(decoder(attention))), expected);
  }
}

TEST(LinearModel, ValidatesTopologies) {
  struct {
    const char *rest;
    std::vector<std::string> expected;
  } cases[] = {
      {"pooler: tanh_first_token\n", {"pooler is tanh_first_token"}},
      {"sentence:\n  modes: [mean]\n", {"sentence: only encoders"}},
      {"embedding:\n  segment_types: 2\n", {"segment_types is 2"}},
      {"embedding:\n  width: 8\n  projection: true\nhead:\n  tied: true\n",
       {"head.tied is true"}},
      {"position:\n  from_padding: true\n  offset: 1\n",
       {"position.from_padding is true"}},
      {"position:\n  kind: sinusoidal\n  base: 0\n", {"position.base is 0"}},
      {"position:\n  kind: sinusoidal\n  rows: 100000000\n",
       {"position.rows is 100000000", "4194304 rows"}},
      {"inputs:\n  position_ids: input_ids\n", {"two inputs", "'input_ids'"}},
      {"inputs:\n  input_ids: past.0.state\n", {"names of states"}},
  };
  for (const auto &[rest, expected] : cases) {
    SCOPED_TRACE(rest);
    expectUserError(failureOf(read(decoder("", rest))), expected);
  }
  std::string encoder = decoder("  kind: linear\n  linear:\n    rule: delta\n",
                                "head:\n  bias: true\n");
  encoder.replace(encoder.find("decoder"), 7, "encoder");
  expectUserError(failureOf(read(encoder)),
                  {"head: only decoders", "expected attention.mask to be"});
}

TEST(LinearModel, WeightsFollowTheDescription) {
  ModelDescription model = valueOf(read(decoder(R"(
  kv_heads: 2
  kind: linear
  linear:
    features: { kind: dpfp, order: 3, projection: 5, mix: 7, shared: true }
    key_features: { kind: relu, projection: 7, bias: true }
    rule: gated_delta
    decay: { kind: softplus, columns: true }
    layers: [ 1 ]
)",
                                                "weights:\n  scheme: attune\n"
                                                "head:\n  tied: false\n")));
  using Shape = SmallVector<int64_t, 2>;
  using R = WeightRole;
  EXPECT_EQ(expectedShape(R::QueryFeatureProjection, model), (Shape{1, 5, 4}));
  EXPECT_EQ(expectedShape(R::QueryFeatureMix, model), (Shape{1, 7, 30}));
  EXPECT_EQ(expectedShape(R::KeyFeatureProjection, model), (Shape{2, 7, 4}));
  EXPECT_EQ(expectedShape(R::KeyFeatureBias, model), (Shape{2, 7}));
  EXPECT_EQ(expectedShape(R::KeyWeight, model), (Shape{8, 16}));
  EXPECT_EQ(expectedShape(R::DecayWeight, model), (Shape{14, 16}));
  EXPECT_EQ(expectedShape(R::DecaySlopes, model), (Shape{14}));
  EXPECT_EQ(expectedShape(R::BetaWeight, model), (Shape{2, 16}));
  EXPECT_EQ(expectedShape(R::HeadWeight, model), (Shape{10, 16}));
  EXPECT_FALSE(isNeeded(R::BetaWeight, model, 0));
  EXPECT_TRUE(isNeeded(R::BetaWeight, model, 1));
  EXPECT_EQ(countWeights(R::BetaWeight, model), 1);
  EXPECT_EQ(countWeights(R::QueryWeight, model), 2);
  EXPECT_FALSE(isNeeded(R::DecayBias, model));
  EXPECT_FALSE(isNeeded(R::QueryFeatureTilt, model));

  TempDirectory dir;
  std::vector<TestTensor> tensors = weightsOf(model);
  size_t elements = 0;
  for (const TestTensor &tensor : tensors) {
    size_t count = 1;
    for (int64_t extent : tensor.shape)
      count *= extent;
    elements += count;
  }
  EXPECT_EQ(parameterCount(model), static_cast<int64_t>(elements));
  WeightStore store = valueOf(
      WeightStore::open(dir.write("w.safetensors", makeSafetensors(tensors))));
  ResolvedWeights weights = valueOf(ResolvedWeights::resolve(model, store));
  EXPECT_EQ(weights.find(R::KeyFeatureBias, 0), nullptr);
  ASSERT_NE(weights.find(R::KeyFeatureBias, 1), nullptr);
  EXPECT_EQ(weights.find(R::KeyFeatureBias, 1)->name,
            "layers.1.attention.key_features.bias");
  EXPECT_TRUE(weights.unused().empty());

  // A weight of the linear layer that is missing is named with its layer.
  llvm::erase_if(tensors, [](const TestTensor &tensor) {
    return tensor.name == "layers.1.attention.beta.weight";
  });
  WeightStore lacking = valueOf(
      WeightStore::open(dir.write("l.safetensors", makeSafetensors(tensors))));
  expectUserError(failureOf(ResolvedWeights::resolve(model, lacking)),
                  {"layer 1 attention.beta.weight", "expected [2, 16]"});
}

TEST(LinearModel, SharedLayersAreCountedOnce) {
  ModelDescription model =
      valueOf(read(decoder("  kind: linear\n  linear:\n    rule: delta\n"
                           "    layers: [0, 1]\n",
                           "sharing:\n  groups: 1\n")));
  EXPECT_EQ(countWeights(WeightRole::BetaWeight, model), 1);
  EXPECT_EQ(countWeights(WeightRole::QueryWeight, model), 1);
  expectUserError(
      failureOf(read(decoder("  kind: linear\n  linear:\n    layers: [1]\n",
                             "sharing:\n  groups: 1\n"))),
      {"attention.linear.layers", "layers share weights"});
}

TEST(LinearModel, ExtremeNumbersAreRefused) {
  std::string whole = write(valueOf(read(decoder(R"(
  kv_heads: 2
  kind: linear
  linear:
    features: { kind: dpfp, order: 3, projection: 5, mix: 7, shared: true }
    key_features: { kind: relu, projection: 7, bias: true }
    rule: gated_delta
    decay: { kind: softplus, columns: true }
    layers: [ 1 ]
)"))));
  unsigned numbers = 0;
  for (const char *extreme : {"-9223372036854775808", "9223372036854775807"})
    for (size_t at = 0; at < whole.size();) {
      size_t end = whole.find('\n', at) + 1;
      size_t value = whole.find_first_not_of(' ', whole.find(':', at) + 1);
      if (value < end && (isdigit(whole[value]) || whole[value] == '-')) {
        std::string text =
            whole.substr(0, value) + extreme + "\n" + whole.substr(end);
        SCOPED_TRACE(text);
        ++numbers;
        Expected<ModelDescription> model = read(text);
        if (!model)
          EXPECT_EQ(failureOf(model.takeError()).exitCode, ExitUserError);
      }
      at = end;
    }
  EXPECT_GT(numbers, 20u);
}

} // namespace
