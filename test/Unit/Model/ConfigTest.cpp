//===- ConfigTest.cpp - config.json of each family ------------------------===//

#include "ModelTestSupport.h"
#include "attune/Model/ModelFamily.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace attune;
using namespace attune::test;
using namespace llvm;

namespace {

/// A configuration with some fields replaced; the value `null` removes one.
std::string with(StringRef config,
                 std::vector<std::pair<std::string, json::Value>> changes) {
  json::Value value = cantFail(json::parse(config));
  for (auto &[key, replacement] : changes)
    (*value.getAsObject())[key] = replacement;
  std::string text;
  raw_string_ostream(text) << value;
  return text;
}

Expected<ModelDescription> read(StringRef text) {
  return readConfig(text, "m/config.json", "m");
}

const char kTinyRoberta[] = R"({
  "model_type": "roberta", "vocab_size": 20, "hidden_size": 8,
  "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 12,
  "max_position_embeddings": 18, "type_vocab_size": 1, "hidden_act": "gelu",
  "layer_norm_eps": 1e-05, "pad_token_id": 1})";

const char kTinyDistilBert[] = R"({
  "model_type": "distilbert", "vocab_size": 20, "dim": 8, "n_layers": 2,
  "n_heads": 4, "hidden_dim": 12, "max_position_embeddings": 16,
  "activation": "gelu", "sinusoidal_pos_embds": true, "pad_token_id": 0})";

const char kTinyAlbert[] = R"({
  "model_type": "albert", "vocab_size": 20, "hidden_size": 8,
  "embedding_size": 4, "num_hidden_layers": 4, "num_hidden_groups": 2,
  "inner_group_num": 2, "num_attention_heads": 2, "intermediate_size": 12,
  "max_position_embeddings": 16, "type_vocab_size": 2,
  "hidden_act": "gelu_new", "layer_norm_eps": 1e-12})";

TEST(Config, ReadsBert) {
  ModelDescription model = valueOf(read(kTinyBertConfig));
  EXPECT_EQ(model.name, "m");
  EXPECT_EQ(model.family, "bert");
  EXPECT_EQ(model.topology, Topology::Encoder);
  EXPECT_EQ(model.vocabularySize, 10);
  EXPECT_EQ(model.hiddenSize, 8);
  EXPECT_EQ(model.layers, 2);
  EXPECT_EQ(model.distinctLayers(), 2);
  EXPECT_EQ(model.weightLayer(1), 1);
  EXPECT_EQ(model.embedding.width, 8);
  EXPECT_FALSE(model.embedding.projection);
  EXPECT_EQ(model.embedding.segmentTypes, 2);
  EXPECT_EQ(model.inputs.tokenTypeIds, "token_type_ids");
  EXPECT_EQ(model.position.rows, 16);
  EXPECT_EQ(model.position.offset, 0);
  EXPECT_FALSE(model.position.fromPadding);
  EXPECT_EQ(model.maxSequenceLength(), 16);
  EXPECT_EQ(model.norm.epsilon, 1e-12);
  EXPECT_EQ(model.norm.placement, NormPlacement::Post);
  EXPECT_TRUE(model.norm.embeddingNorm);
  EXPECT_FALSE(model.norm.finalNorm);
  EXPECT_EQ(model.attention.heads, 2);
  EXPECT_EQ(model.attention.headDim, 4);
  EXPECT_EQ(model.attention.scale, 0.5);
  EXPECT_EQ(model.ffn.dim, 12);
  EXPECT_EQ(model.ffn.activation, Activation::GeluErf);
  EXPECT_EQ(model.pooler, PoolerKind::TanhFirstToken);
  EXPECT_FALSE(model.sentence);
  EXPECT_EQ(model.weights.scheme, "bert");
}

TEST(Config, ReadsRoberta) {
  ModelDescription model = valueOf(read(kTinyRoberta));
  EXPECT_EQ(model.weights.scheme, "bert");
  EXPECT_EQ(model.embedding.segmentTypes, 1);
  EXPECT_EQ(model.inputs.tokenTypeIds, "");
  EXPECT_TRUE(model.position.fromPadding);
  EXPECT_EQ(model.position.paddingId, 1);
  EXPECT_EQ(model.position.offset, 2);
  EXPECT_EQ(model.position.rows, 18);
  EXPECT_EQ(model.maxSequenceLength(), 16);
  EXPECT_EQ(model.norm.epsilon, 1e-5);

  for (const char *type : {"xlm-roberta", "camembert"}) {
    ModelDescription sibling =
        valueOf(read(with(kTinyRoberta, {{"model_type", type}})));
    EXPECT_EQ(sibling.family, type);
    sibling.family = model.family;
    EXPECT_EQ(sibling, model);
  }
}

TEST(Config, ReadsDistilBert) {
  ModelDescription model = valueOf(read(kTinyDistilBert));
  EXPECT_EQ(model.weights.scheme, "distilbert");
  EXPECT_EQ(model.hiddenSize, 8);
  EXPECT_EQ(model.attention.heads, 4);
  EXPECT_EQ(model.ffn.dim, 12);
  EXPECT_EQ(model.embedding.segmentTypes, 0);
  EXPECT_EQ(model.inputs.tokenTypeIds, "");
  EXPECT_EQ(model.pooler, PoolerKind::None);
  EXPECT_EQ(model.position.kind, PositionKind::Learned);
  EXPECT_EQ(model.norm.epsilon, 1e-12);
}

TEST(Config, ReadsAlbert) {
  ModelDescription model = valueOf(read(kTinyAlbert));
  EXPECT_EQ(model.embedding.width, 4);
  EXPECT_TRUE(model.embedding.projection);
  // Four times a group of two layers; the first two blocks use group 0.
  EXPECT_EQ(model.layers, 8);
  EXPECT_EQ(model.distinctLayers(), 4);
  std::vector<int64_t> used;
  for (int64_t layer = 0; layer < model.layers; ++layer)
    used.push_back(model.weightLayer(layer));
  EXPECT_EQ(used, (std::vector<int64_t>{0, 1, 0, 1, 2, 3, 2, 3}));
  EXPECT_EQ(model.ffn.activation, Activation::GeluTanh);
  EXPECT_EQ(model.pooler, PoolerKind::TanhFirstToken);

  // The layer exists also when there is nothing to factorise.
  ModelDescription square =
      valueOf(read(with(kTinyAlbert, {{"embedding_size", 8}})));
  EXPECT_TRUE(square.embedding.projection);
}

TEST(Config, SpreadsOddGroupsLikeTransformers) {
  // int(i / (12 / 5)) for i in 0..11.
  ModelDescription model =
      valueOf(read(with(kTinyAlbert, {{"num_hidden_layers", 12},
                                      {"num_hidden_groups", 5},
                                      {"inner_group_num", 1}})));
  std::vector<int64_t> used;
  for (int64_t layer = 0; layer < model.layers; ++layer)
    used.push_back(model.weightLayer(layer));
  EXPECT_EQ(used, (std::vector<int64_t>{0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 4, 4}));
}

TEST(Config, EveryGroupingStaysInRange) {
  for (int64_t blocks = 1; blocks <= 48; ++blocks)
    for (int64_t groups = 1; groups <= blocks; ++groups) {
      ModelDescription model = tinyBert();
      model.layers = blocks;
      model.sharing.groups = groups;
      int64_t last = 0;
      for (int64_t layer = 0; layer < blocks; ++layer) {
        int64_t used = model.weightLayer(layer);
        ASSERT_GE(used, last);
        ASSERT_LE(used, last + 1);
        last = used;
      }
      ASSERT_EQ(last, groups - 1) << blocks << " blocks";
    }
}

TEST(Config, UsesTransformersDefaults) {
  ModelDescription model = valueOf(read(R"({"model_type": "bert",
    "vocab_size": 10, "hidden_size": 8, "num_hidden_layers": 1,
    "num_attention_heads": 1, "intermediate_size": 4,
    "position_embedding_type": null})"));
  EXPECT_EQ(model.position.rows, 512);
  EXPECT_EQ(model.embedding.segmentTypes, 2);
  EXPECT_EQ(model.norm.epsilon, 1e-12);
  EXPECT_EQ(model.ffn.activation, Activation::GeluErf);
}

TEST(Config, ReadsEveryActivation) {
  struct {
    const char *name;
    Activation expected;
  } cases[] = {{"gelu", Activation::GeluErf},
               {"gelu_new", Activation::GeluTanh},
               {"gelu_fast", Activation::GeluTanh},
               {"gelu_pytorch_tanh", Activation::GeluTanh},
               {"relu", Activation::Relu},
               {"silu", Activation::Silu},
               {"swish", Activation::Silu},
               {"quick_gelu", Activation::QuickGelu},
               {"tanh", Activation::Tanh}};
  for (const auto &[name, expected] : cases)
    EXPECT_EQ(valueOf(read(with(kTinyBertConfig, {{"hidden_act", name}})))
                  .ffn.activation,
              expected)
        << name;
}

TEST(Config, SegmentTypesDecideTheInput) {
  EXPECT_EQ(valueOf(read(with(kTinyBertConfig, {{"type_vocab_size", 0}})))
                .inputs.tokenTypeIds,
            "");
  EXPECT_EQ(valueOf(read(with(kTinyBertConfig, {{"type_vocab_size", 3}})))
                .embedding.segmentTypes,
            3);
}

TEST(Config, UnknownModelTypeListsWhatIsSupported) {
  expectUnsupported(failureOf(read(R"({"model_type": "mamba"})")),
                    {"m/config.json", "model_type 'mamba'",
                     "albert, bert, camembert, distilbert, roberta, "
                     "xlm-roberta"});
}

TEST(Config, ListsAllUnsupportedOptions) {
  expectUnsupported(
      failureOf(read(with(kTinyBertConfig,
                          {{"position_embedding_type", "relative_key_query"},
                           {"hidden_act", "mish"},
                           {"is_decoder", true}}))),
      {"m/config.json", "position_embedding_type 'relative_key_query'",
       "supported: absolute", "hidden_act 'mish'", "gelu_new",
       "is_decoder true"});
}

TEST(Config, ListsAllProblems) {
  Failure failure =
      failureOf(read(with(kTinyBertConfig, {{"vocab_size", "ten"},
                                            {"num_hidden_layers", nullptr},
                                            {"layer_norm_eps", false},
                                            {"hidden_act", json::Array{1}},
                                            {"is_decoder", 1}})));
  expectUserError(failure, {"m/config.json", "vocab_size: expected an integer",
                            "\"ten\"", "num_hidden_layers is missing",
                            "layer_norm_eps: expected a number, found false",
                            "hidden_act: expected a string, found an array",
                            "is_decoder: expected true or false, found 1"});
}

TEST(Config, ListsAllAbsurdValues) {
  expectUserError(
      failureOf(read(with(kTinyBertConfig, {{"vocab_size", -1},
                                            {"num_hidden_layers", 99999},
                                            {"num_attention_heads", 3},
                                            {"intermediate_size", 0},
                                            {"hidden_act", "mish"}}))),
      {"5 problems", "vocab_size is -1", "num_hidden_layers is 99999",
       "num_attention_heads is 3", "intermediate_size is 0",
       "not supported: hidden_act 'mish'"});
}

struct Absurd {
  const char *base;
  const char *key;
  json::Value value;
  const char *expected;
};

TEST(Config, RefusesAbsurdValues) {
  const Absurd cases[] = {
      {kTinyBertConfig, "vocab_size", 0, "vocab_size is 0"},
      {kTinyBertConfig, "vocab_size", -5, "vocab_size is -5"},
      {kTinyBertConfig, "vocab_size", INT64_MAX, "vocab_size is"},
      {kTinyBertConfig, "vocab_size", 1e300, "vocab_size: expected an integer"},
      {kTinyBertConfig, "vocab_size", 10.5, "vocab_size: expected an integer"},
      {kTinyBertConfig, "hidden_size", 0, "hidden_size is 0"},
      {kTinyBertConfig, "hidden_size", INT64_MIN, "hidden_size is -"},
      {kTinyBertConfig, "hidden_size", INT64_MAX - 1, "hidden_size is"},
      {kTinyBertConfig, "hidden_size", 9, "does not divide"},
      {kTinyBertConfig, "num_hidden_layers", 0, "num_hidden_layers is 0"},
      {kTinyBertConfig, "num_hidden_layers", 10001,
       "num_hidden_layers is 10001"},
      {kTinyBertConfig, "num_attention_heads", 0, "num_attention_heads is 0"},
      {kTinyBertConfig, "num_attention_heads", -2, "num_attention_heads is -2"},
      {kTinyBertConfig, "num_attention_heads", 3, "does not divide"},
      {kTinyBertConfig, "num_attention_heads", 16, "does not divide"},
      {kTinyBertConfig, "intermediate_size", 0, "intermediate_size is 0"},
      {kTinyBertConfig, "intermediate_size", INT64_MAX, "intermediate_size is"},
      {kTinyBertConfig, "max_position_embeddings", 0,
       "max_position_embeddings is 0"},
      {kTinyBertConfig, "max_position_embeddings", INT64_MIN,
       "max_position_embeddings is"},
      {kTinyBertConfig, "type_vocab_size", -1, "type_vocab_size is -1"},
      {kTinyBertConfig, "type_vocab_size", INT64_MAX, "type_vocab_size is"},
      {kTinyBertConfig, "layer_norm_eps", 0, "layer_norm_eps is 0"},
      {kTinyBertConfig, "layer_norm_eps", -1e-5, "layer_norm_eps is -1e-05"},
      {kTinyRoberta, "pad_token_id", -1, "pad_token_id is -1"},
      {kTinyRoberta, "pad_token_id", 18, "pad_token_id is 18"},
      {kTinyRoberta, "pad_token_id", 17, "pad_token_id + 1 is 18"},
      {kTinyRoberta, "pad_token_id", INT64_MAX, "pad_token_id is"},
      {kTinyRoberta, "vocab_size", 1, "pad_token_id is 1"},
      {kTinyDistilBert, "dim", -8, "dim is -8"},
      {kTinyDistilBert, "n_heads", 0, "n_heads is 0"},
      {kTinyDistilBert, "n_layers", -1, "n_layers is -1"},
      {kTinyDistilBert, "hidden_dim", 0, "hidden_dim is 0"},
      {kTinyAlbert, "num_hidden_groups", 0, "expected positive"},
      {kTinyAlbert, "num_hidden_groups", 5, "num_hidden_groups is 5"},
      {kTinyAlbert, "inner_group_num", -1, "expected positive"},
      {kTinyAlbert, "inner_group_num", INT64_MAX, "does not fit"},
      {kTinyAlbert, "inner_group_num", 5000, "num_hidden_layers is 20000"},
      {kTinyAlbert, "embedding_size", 0, "embedding_size is 0"},
      {kTinyAlbert, "embedding_size", INT64_MAX, "embedding_size is"},
      {kTinyBertConfig, "model_type", 7, "model_type: expected a string"},
      {kTinyBertConfig, "model_type", nullptr, "\"model_type\" is missing"},
      {kTinyBertConfig, "model_type", "", "\"model_type\" is missing"},
  };
  for (const Absurd &absurd : cases) {
    std::string text = with(absurd.base, {{absurd.key, absurd.value}});
    SCOPED_TRACE(text);
    expectUserError(failureOf(read(text)), {"m/config.json", absurd.expected});
  }
}

TEST(Config, RefusesSizesWhoseProductOverflows) {
  expectUserError(failureOf(read(with(kTinyBertConfig,
                                      {{"vocab_size", 1 << 28},
                                       {"hidden_size", 1 << 20},
                                       {"intermediate_size", 1 << 24},
                                       {"num_hidden_layers", 10000},
                                       {"num_attention_heads", 1 << 16}}))),
                  {"more weights than a machine can address"});
}

TEST(Config, RefusesWhatIsNoConfiguration) {
  for (const char *text : {"", " ", "null", "3", "[]", "\"bert\"", "{", "{]",
                           "\xff", "{\"a\":1}}", "{'model_type': 'bert'}"}) {
    SCOPED_TRACE(text);
    expectUserError(failureOf(read(text)), {"m/config.json"});
  }
  expectUserError(failureOf(read(std::string(100'000, '['))), {"nesting"});
  // A name with control characters must not reach the terminal.
  Failure failure = failureOf(read("{\"model_type\": \"a\\u001b[31mb\"}"));
  expectUnsupported(failure, {"a\\x1b[31mb"});
}

TEST(Config, SurvivesMutations) {
  uint64_t state = 99;
  auto next = [&] {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return state >> 33;
  };
  const char *bases[] = {kTinyBertConfig, kTinyRoberta, kTinyDistilBert,
                         kTinyAlbert};
  const char *values[] = {"-1",    "0",    "1e999", "9223372036854775807",
                          "null",  "true", "[]",    "{}",
                          "\"x\"", "1.5",  "99999", "-9223372036854775808"};
  unsigned accepted = 0;
  for (int round = 0; round < 4000; ++round) {
    std::string text = bases[next() % 4];
    for (unsigned edits = 1 + next() % 3; edits; --edits) {
      // Replace the value behind some colon, or any byte.
      size_t at = text.find(':', next() % text.size());
      if (next() % 3 && at != std::string::npos) {
        size_t end = text.find_first_of(",}", at);
        text.replace(at + 1, end == std::string::npos ? end : end - at - 1,
                     values[next() % std::size(values)]);
      } else {
        text[next() % text.size()] = char(next());
      }
    }
    Expected<ModelDescription> model = read(text);
    if (!model) {
      int code = failureOf(model.takeError()).exitCode;
      EXPECT_TRUE(code == ExitUserError || code == ExitUnsupported) << text;
      continue;
    }
    ++accepted;
    EXPECT_GT(parameterCount(*model), 0);
    for (int64_t layer = 0; layer < model->layers; ++layer)
      ASSERT_LT(model->weightLayer(layer), model->distinctLayers());
  }
  EXPECT_GT(accepted, 100u);
}

TEST(Families, AreConsistent) {
  std::vector<std::string> seen;
  for (const ModelFamily *family : modelFamilies()) {
    for (StringRef type : family->modelTypes) {
      EXPECT_EQ(findModelFamily(type), family);
      seen.push_back(type.str());
    }
    EXPECT_EQ(findWeightScheme(family->scheme.name), &family->scheme);
  }
  llvm::sort(seen);
  EXPECT_EQ(seen, supportedModelTypes());
  EXPECT_EQ(std::unique(seen.begin(), seen.end()), seen.end());
  EXPECT_FALSE(findModelFamily("BERT"));
  EXPECT_FALSE(findWeightScheme("roberta"));
}

} // namespace
