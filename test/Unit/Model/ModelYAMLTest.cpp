//===- ModelYAMLTest.cpp --------------------------------------------------===//

#include "attune/Model/ModelYAML.h"
#include "ModelTestSupport.h"

#include "llvm/Support/raw_ostream.h"

using namespace attune;
using namespace attune::test;
using namespace llvm;

namespace {

Expected<ModelDescription> read(StringRef text) {
  return readModelYAML(text, "m.yaml");
}

std::string write(const ModelDescription &model) {
  std::string text;
  raw_string_ostream os(text);
  writeModelYAML(os, model);
  return text;
}

const char kMinimal[] = R"(name: small
family: bert
vocabulary_size: 10
hidden_size: 8
layers: 2
attention:
  heads: 2
ffn:
  dim: 12
)";

TEST(ModelYAML, FillsInWhatIsUsual) {
  ModelDescription model = valueOf(read(kMinimal));
  EXPECT_EQ(model.name, "small");
  EXPECT_EQ(model.embedding.width, 8);
  EXPECT_EQ(model.attention.headDim, 4);
  EXPECT_EQ(model.attention.scale, 0.5);
  EXPECT_EQ(model.norm.epsilon, 1e-12);
  EXPECT_EQ(model.ffn.activation, Activation::GeluErf);
  EXPECT_EQ(model.pooler, PoolerKind::None);
  EXPECT_EQ(model.position.rows, 512);
  EXPECT_FALSE(model.sentence);
}

/// A line of repetitions of `text`, as long as a line may be.
std::string deep(StringRef text) {
  std::string line;
  while (line.size() + text.size() <= 4096)
    line += text;
  return line;
}

void expectUserErrorOrValue(Expected<ModelDescription> model) {
  if (!model)
    EXPECT_EQ(failureOf(model.takeError()).exitCode, ExitUserError);
}

/// A description in which no value is the default one.
ModelDescription unusual() {
  ModelDescription model;
  model.name = "odd: name # with 'quotes' \"and\" \\ more";
  model.family = "roberta";
  model.vocabularySize = 1234;
  model.hiddenSize = 24;
  model.layers = 8;
  model.embedding = {/*width=*/10, /*projection=*/true, /*segmentTypes=*/3,
                     /*scale=*/4.898979485566356};
  model.position = {PositionKind::Learned, /*rows=*/99,     /*offset=*/5,
                    /*fromPadding=*/true,  /*paddingId=*/4,
                    /*interleaved=*/false, /*base=*/100};
  model.norm = {NormKind::LayerNorm, 1.0 / 3, NormPlacement::Pre, false, true};
  model.attention.heads = model.attention.kvHeads = 5;
  model.attention.headDim = 7;
  model.attention.scale = 0.1;
  model.attention.queryBias = model.attention.keyBias = false;
  model.attention.valueBias = model.attention.outputBias = false;
  model.ffn = {/*dim=*/33, Activation::QuickGelu, /*gated=*/true, false, false};
  model.sharing = {/*groups=*/2, /*innerLayers=*/2};
  model.pooler = PoolerKind::TanhFirstToken;
  model.sentence = SentenceDescription{
      {SentencePoolingMode::Mean, SentencePoolingMode::LastToken}, true, 64};
  model.inputs = {"ids", "mask", "types", "positions"};
  model.weights.scheme = "albert";
  model.weights.path = "../weights dir/w.safetensors";
  model.weights.prefix = "";
  model.weights.names = {{"attention.query.weight", "b.{layer}.q"},
                         {"embedding.token", "wte"}};
  return model;
}

TEST(ModelYAML, RoundTrips) {
  for (const ModelDescription &model : {unusual(), tinyBert()}) {
    std::string text = write(model);
    SCOPED_TRACE(text);
    ModelDescription back = valueOf(read(text));
    EXPECT_EQ(back, model);
    EXPECT_EQ(write(back), text);
  }
}

TEST(ModelYAML, RoundTripsEveryEnumerator) {
  ModelDescription model = tinyBert();
  model.sentence = SentenceDescription{};
  for (Activation activation :
       {Activation::GeluErf, Activation::GeluTanh, Activation::Relu,
        Activation::Silu, Activation::QuickGelu, Activation::Tanh}) {
    model.ffn.activation = activation;
    for (SentencePoolingMode mode :
         {SentencePoolingMode::Cls, SentencePoolingMode::Max,
          SentencePoolingMode::Mean, SentencePoolingMode::MeanSqrtLength,
          SentencePoolingMode::WeightedMean, SentencePoolingMode::LastToken}) {
      model.sentence->modes = {mode};
      EXPECT_EQ(valueOf(read(write(model))), model);
    }
  }
  model.position = {PositionKind::None, 1, 0, false, 0, true, 10000};
  EXPECT_EQ(valueOf(read(write(model))), model);
  EXPECT_EQ(model.maxSequenceLength(), 0);
}

TEST(ModelYAML, KeepsEveryDigit) {
  ModelDescription model = tinyBert();
  for (double value : {0.1, 1.0 / 3, 1e-300, 12345678.9, 5e-324, 0x1p-40}) {
    model.norm.epsilon = value;
    EXPECT_EQ(valueOf(read(write(model))).norm.epsilon, value);
  }
}

TEST(ModelYAML, WritesNothingThatIsUsual) {
  std::string text = write(valueOf(read(kMinimal)));
  for (const char *key : {"width", "head_dim", "scale", "norm", "position",
                          "sharing", "inputs", "weights", "sentence"})
    EXPECT_EQ(text.find(key), std::string::npos) << key << " in " << text;
}

TEST(ModelYAML, ErrorsHaveTheirLine) {
  struct {
    std::string text;
    std::vector<std::string> expected;
  } cases[] = {
      {std::string(kMinimal) + "hiden_size: 8\n",
       {"m.yaml:10:", "unknown key 'hiden_size'"}},
      {std::string(kMinimal) + "pooler: mean\n",
       {"m.yaml:10:", "unknown enumerated scalar"}},
      {std::string(kMinimal) + "norm:\n  epsilon: many\n",
       {"m.yaml:11:", "expected a finite number"}},
      {std::string(kMinimal) + "norm:\n  epsilon: nan\n",
       {"m.yaml:11:", "expected a finite number"}},
      {std::string(kMinimal) + "norm:\n  epsilon: 1e999\n",
       {"m.yaml:11:", "expected a finite number"}},
      {std::string(kMinimal) + "sharing:\n  groups: 1.5\n",
       {"m.yaml:11:", "invalid number"}},
      {std::string(kMinimal) + "sharing: 3\n", {"m.yaml:10:", "not a mapping"}},
      {std::string(kMinimal) + "sentence:\n  modes: mean\n",
       {"m.yaml:11:", "not a sequence"}},
      {"name: x\nfamily: bert\n", {"m.yaml:", "missing required key"}},
      {std::string(kMinimal) + "  layers: 3\n", {"m.yaml:"}},
      {std::string(kMinimal) + "layers: 3\n", {"m.yaml:10:", "duplicate"}},
      {"name: [\n", {"m.yaml:"}},
      {"- a\n- b\n", {"m.yaml:", "not a mapping"}},
      {"just text", {"m.yaml:", "not a mapping"}},
      {"&a [*a]\n", {"m.yaml:"}},
      {"? {a: b}\n: c\n", {"m.yaml:"}},
      {"\t\tname: x", {"m.yaml:"}},
      {"", {"m.yaml"}},
      {"---\n...\n", {"m.yaml"}},
      {"# only a comment\n", {"m.yaml"}},
      {std::string("name: \0", 7), {"NUL at byte 6"}},
      {"\xff\xfe", {"m.yaml"}},
      {std::string(5000, 'x'), {"m.yaml:1", "more than 4096 bytes"}},
      {"a: " + std::string(500, '['), {"m.yaml:1", "brackets"}},
      // As deep as a line allows.
      {deep("- "), {"m.yaml"}},
      {deep("? "), {"m.yaml"}},
      {deep("a: "), {"m.yaml"}},
      {"a: " + std::string(120, '[') + std::string(120, '{'), {"m.yaml"}},
      {std::string(2 << 20, '\n'), {"at most"}},
  };
  for (const auto &[text, expected] : cases) {
    SCOPED_TRACE(text.substr(0, 300));
    expectUserError(failureOf(read(text)), expected);
  }
}

TEST(ModelYAML, ValidatesValues) {
  struct {
    std::string text;
    std::vector<std::string> expected;
  } cases[] = {
      {"attention:\n  heads: 3\nffn:\n  dim: 12\n", {"does not divide"}},
      {"attention:\n  heads: 0\nffn:\n  dim: 0\n",
       {"attention.heads is 0", "ffn.dim is 0"}},
      {"attention:\n  heads: 2\nffn:\n  dim: 12\nembedding:\n  width: 4\n",
       {"embedding.width is 4", "embedding.projection"}},
      {"attention:\n  heads: 2\nffn:\n  dim: 12\nposition:\n  rows: 4\n"
       "  offset: 4\n",
       {"position.offset is 4"}},
      {"attention:\n  heads: 2\nffn:\n  dim: 12\nposition:\n"
       "  from_padding: true\n",
       {"position.offset is 0"}},
      {"attention:\n  heads: 2\nffn:\n  dim: 12\nsentence:\n  modes: []\n",
       {"sentence.modes is empty"}},
      {"attention:\n  heads: 2\nffn:\n  dim: 12\nsentence:\n"
       "  modes: [mean, mean]\n  max_length: 513\n",
       {"has mean twice", "sentence.max_length is 513"}},
      {"attention:\n  heads: 2\nffn:\n  dim: 12\ninputs:\n"
       "  input_ids: a\n  attention_mask: a\n  token_type_ids: b\n",
       {"two inputs have the name 'a'", "no segment table"}},
      {"attention:\n  heads: 2\nffn:\n  dim: 12\nweights:\n"
       "  scheme: gpt9\n  names:\n    q: w\n    ffn.input.bias: b\n",
       {"weights.scheme is 'gpt9'", "albert, attune, bert, distilbert",
        "weights.names has 'q'", "must contain {layer}"}},
      {"attention:\n  heads: 2\nffn:\n  dim: 12\nsharing:\n  groups: 3\n",
       {"sharing.groups is 3"}},
      {"attention:\n  heads: 2\nffn:\n  dim: 12\nsharing:\n"
       "  inner_layers: 3\n  groups: 1\n",
       {"layers is 2, expected a multiple of sharing.inner_layers"}},
      {"attention:\n  heads: 2\nffn:\n  dim: 12\nweights:\n  path: "
       "\"a\\x1bb\"\n"
       "  prefix: " +
           std::string(1001, 'p') + "\n",
       {"weights.path is 'a\\x1bb'", "weights.prefix has 1001 bytes"}},
      {"attention:\n  heads: 2\n  scale: -1\nffn:\n  dim: 12\n",
       {"attention.scale is -1"}},
  };
  for (const auto &[text, expected] : cases) {
    SCOPED_TRACE(text);
    expectUserError(
        failureOf(read("name: x\nfamily: bert\nvocabulary_size: 10\n"
                       "hidden_size: 8\nlayers: 2\n" +
                       text)),
        expected);
  }
}

TEST(ModelYAML, SurvivesExtremeNumbers) {
  // Every number of a description in turn, then all at once, is extreme.
  std::string whole = write(unusual());
  for (const char *extreme :
       {"-9223372036854775808", "9223372036854775807", "-1", "0"}) {
    std::string all;
    unsigned refused = 0, numbers = 0;
    for (size_t at = 0; at < whole.size();) {
      size_t end = whole.find('\n', at) + 1;
      size_t colon = whole.find(':', at);
      size_t value = whole.find_first_not_of(' ', colon + 1);
      std::string line = whole.substr(at, end - at);
      if (colon < end && (isdigit(whole[value]) || whole[value] == '-')) {
        line = whole.substr(at, value - at) + extreme + "\n";
        ++numbers;
        Expected<ModelDescription> model =
            read(whole.substr(0, at) + line + whole.substr(end));
        refused += !model;
        expectUserErrorOrValue(std::move(model));
      }
      all += line;
      at = end;
    }
    EXPECT_EQ(numbers, 18u) << whole;
    EXPECT_GE(refused, 11u);
    expectUserError(failureOf(read(all)), {"m.yaml"});
  }
}

TEST(ModelYAML, SurvivesMutations) {
  std::string whole = write(unusual());
  uint64_t state = 7;
  auto next = [&] {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return state >> 33;
  };
  unsigned accepted = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string text = whole;
    for (unsigned edits = 1 + next() % 4; edits; --edits) {
      size_t at = next() % text.size();
      switch (next() % 4) {
      case 0:
        text[at] = char(next());
        break;
      case 1:
        text[at] = "0-:[]{}&*!|>'\"%@`#?,\n \t"[next() % 23];
        break;
      case 2:
        text.erase(at, 1 + next() % 5);
        break;
      default:
        text.insert(at, text.substr(next() % text.size(), next() % 20));
        break;
      }
      if (text.empty())
        text = "x";
    }
    Expected<ModelDescription> model = read(text);
    if (!model) {
      EXPECT_EQ(failureOf(model.takeError()).exitCode, ExitUserError);
      continue;
    }
    ++accepted;
    EXPECT_EQ(valueOf(read(write(*model))), *model) << text;
  }
  EXPECT_GT(accepted, 30u);
}

} // namespace
