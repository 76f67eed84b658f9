//===- LoadModelTest.cpp --------------------------------------------------===//

#include "attune/Model/LoadModel.h"
#include "ModelTestSupport.h"
#include "attune/Model/ModelYAML.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace attune;
using namespace attune::test;
using namespace llvm;

namespace {

const char kModules[] = R"([
  {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
  {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
  {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}])";

/// Writes the tiny BERT into a directory.
void writeTinyBert(const TempDirectory &dir, StringRef below = "") {
  std::string base = below.empty() ? "" : below.str() + "/";
  dir.write(base + "config.json", kTinyBertConfig);
  dir.write(base + "model.safetensors", makeSafetensors(weightsOf(tinyBert())));
}

TEST(LoadModel, ReadsADirectory) {
  TempDirectory dir;
  writeTinyBert(dir, "tiny");
  for (const char *spelling : {"tiny", "tiny/", "./tiny/."}) {
    LoadedModel model = valueOf(loadModel(dir.path(spelling)));
    EXPECT_EQ(model.description, tinyBert()) << spelling;
    ASSERT_TRUE(model.weights);
    ASSERT_TRUE(model.resolved);
    EXPECT_EQ(model.resolved->find(WeightRole::PoolerBias)->name,
              "pooler.dense.bias");
    EXPECT_EQ(failureOf(model.requireWeights()).exitCode, 0);
    EXPECT_FALSE(model.description.sentence);
  }
}

TEST(LoadModel, DropsAPoolerThatIsNotThere) {
  TempDirectory dir;
  dir.write("config.json", kTinyBertConfig);
  ModelDescription bare = tinyBert();
  bare.pooler = PoolerKind::None;
  dir.write("model.safetensors", makeSafetensors(weightsOf(bare, "bert.")));
  LoadedModel model = valueOf(loadModel(dir.path()));
  EXPECT_EQ(model.description.pooler, PoolerKind::None);
  EXPECT_FALSE(model.resolved->find(WeightRole::PoolerBias));
  EXPECT_EQ(model.resolved->prefix(), "bert.");
}

TEST(LoadModel, ReadsSentenceModules) {
  TempDirectory dir;
  writeTinyBert(dir);
  dir.write("modules.json", kModules);
  dir.write("1_Pooling/config.json", R"({"word_embedding_dimension": 8,
    "pooling_mode_cls_token": false, "pooling_mode_mean_tokens": true,
    "pooling_mode_max_tokens": false,
    "pooling_mode_mean_sqrt_len_tokens": false})");
  dir.write("sentence_bert_config.json",
            R"({"max_seq_length": 12, "do_lower_case": false})");
  LoadedModel model = valueOf(loadModel(dir.path()));
  ASSERT_TRUE(model.description.sentence);
  EXPECT_EQ(*model.description.sentence,
            (SentenceDescription{{SentencePoolingMode::Mean}, true, 12}));
  EXPECT_EQ(valueOf(loadModelDescription(dir.path())), model.description);

  // Longer than the model's positions is cut.
  dir.write("sentence_bert_config.json", R"({"max_seq_length": 999})");
  EXPECT_EQ(valueOf(loadModel(dir.path())).description.sentence->maxLength, 16);
  dir.write("sentence_bert_config.json", R"({"max_seq_length": null})");
  EXPECT_EQ(valueOf(loadModel(dir.path())).description.sentence->maxLength, 0);
}

TEST(LoadModel, ReadsOldSentenceDirectories) {
  TempDirectory dir;
  writeTinyBert(dir, "0_Transformer");
  dir.write(
      "modules.json",
      R"([{"path": "0_Transformer", "type": "sentence_transformers.models.Transformer"},
                {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}])");
  dir.write("1_Pooling/config.json", R"({"pooling_mode_cls_token": true})");
  LoadedModel model = valueOf(loadModel(dir.path()));
  EXPECT_EQ(model.directory, dir.path("0_Transformer"));
  EXPECT_EQ(*model.description.sentence,
            (SentenceDescription{{SentencePoolingMode::Cls}, false, 0}));
}

TEST(SentenceModules, ReadsEveryMode) {
  TempDirectory dir;
  dir.write("modules.json",
            R"([{"path": "", "type": "a.Transformer"},
                {"path": "1_Pooling", "type": "Pooling"}])");
  using M = SentencePoolingMode;
  struct {
    const char *config;
    std::vector<M> expected;
  } cases[] = {
      {R"({"pooling_mode_cls_token": true})", {M::Cls}},
      {R"({"pooling_mode_max_tokens": true})", {M::Max}},
      {R"({"pooling_mode_mean_sqrt_len_tokens": true})", {M::MeanSqrtLength}},
      {R"({"pooling_mode_weightedmean_tokens": true})", {M::WeightedMean}},
      {R"({"pooling_mode_lasttoken": true})", {M::LastToken}},
      {R"({"pooling_mode_mean_tokens": true, "pooling_mode_cls_token": true,
           "pooling_mode_max_tokens": true})",
       {M::Cls, M::Max, M::Mean}},
      {R"({"pooling_mode": "lasttoken"})", {M::LastToken}},
      {R"({"pooling_mode": "mean_sqrt_len_tokens"})", {M::MeanSqrtLength}},
      {"{}", {M::Mean}},
  };
  for (const auto &[config, expected] : cases) {
    SCOPED_TRACE(config);
    dir.write("1_Pooling/config.json", config);
    std::string path;
    std::optional<SentenceDescription> sentence =
        valueOf(readSentenceModules(dir.path(), path));
    ASSERT_TRUE(sentence);
    EXPECT_EQ(sentence->modes, expected);
    EXPECT_FALSE(sentence->normalize);
  }
}

TEST(SentenceModules, ListsWhatIsUnsupported) {
  TempDirectory dir;
  dir.write("1_Pooling/config.json", R"({"pooling_mode": "attention"})");
  dir.write(
      "modules.json",
      R"([{"path": "", "type": "sentence_transformers.models.Transformer"},
                {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
                {"path": "2_Dense", "type": "sentence_transformers.models.Dense"},
                {"path": "3_LSTM", "type": "sentence_transformers.models.LSTM"},
                {"path": "4_Dense", "type": "sentence_transformers.models.Dense"}])");
  std::string path;
  expectUnsupported(failureOf(readSentenceModules(dir.path(), path)),
                    {"modules.json",
                     "2 x module 'sentence_transformers.models.Dense'",
                     "1 x module 'sentence_transformers.models.LSTM'",
                     "pooling_mode 'attention'"});
  dir.write("modules.json", R"([{"path": "", "type": "CLIPModel"}])");
  expectUnsupported(failureOf(readSentenceModules(dir.path(), path)),
                    {"module 'CLIPModel'", "no module of type Transformer"});
  // Normalising first and pooling then is another function.
  dir.write(
      "modules.json",
      R"([{"path": "", "type": "Transformer"}, {"path": "", "type": "Normalize"},
                {"path": "1_Pooling", "type": "Pooling"}])");
  expectUnsupported(failureOf(readSentenceModules(dir.path(), path)),
                    {"module 'Normalize'"});
}

TEST(SentenceModules, RefusesBadFiles) {
  TempDirectory dir;
  std::string path;
  for (
      const char *text :
      {"", "{}", "3", "[3]", "[{}]", R"([{"type": "Transformer"}])",
       R"([{"type": 3, "path": ""}])",
       R"([{"type": "Transformer", "path": "../other"}])",
       R"([{"type": "Transformer", "path": "/etc"}])",
       R"([{"type": "Transformer", "path": ""}, {"type": "Pooling", "path": "none"}])"}) {
    SCOPED_TRACE(text);
    dir.write("modules.json", text);
    expectUserError(failureOf(readSentenceModules(dir.path(), path)), {});
  }
  std::string many = "[";
  for (int i = 0; i < 65; ++i)
    many += std::string(i ? "," : "") + R"({"type": "Dense", "path": ""})";
  dir.write("modules.json", many + "]");
  expectUserError(failureOf(readSentenceModules(dir.path(), path)),
                  {"65 modules"});
  dir.write("modules.json", R"([{"type": "Transformer", "path": ""},
                                {"type": "Pooling", "path": "p"}])");
  dir.write("p/config.json", R"({"pooling_mode_cls_token": "yes"})");
  expectUserError(failureOf(readSentenceModules(dir.path(), path)),
                  {"pooling_mode_cls_token: expected true or false"});
  dir.write("p/config.json", "{}");
  dir.write("sentence_bert_config.json", R"({"max_seq_length": -4})");
  expectUserError(failureOf(readSentenceModules(dir.path(), path)),
                  {"max_seq_length is -4"});
}

TEST(LoadModel, ReadsYAMLWithWeights) {
  TempDirectory dir;
  dir.write("weights/w.safetensors",
            makeSafetensors(weightsOf(tinyBert(), "bert.")));
  ModelDescription description = tinyBert();
  description.weights.path = "weights/w.safetensors";
  std::string text;
  raw_string_ostream os(text);
  writeModelYAML(os, description);
  LoadedModel model = valueOf(loadModel(dir.write("m.yaml", text)));
  EXPECT_EQ(model.description, description);
  EXPECT_EQ(model.directory, dir.path());
  EXPECT_EQ(model.resolved->prefix(), "bert.");
}

TEST(LoadModel, YAMLWithoutWeightsHasNone) {
  TempDirectory dir;
  std::string text;
  raw_string_ostream os(text);
  writeModelYAML(os, tinyBert());
  LoadedModel model = valueOf(loadModel(dir.write("m.yml", text)));
  EXPECT_FALSE(model.weights);
  EXPECT_FALSE(model.resolved);
  expectUserError(failureOf(model.requireWeights()),
                  {"names no weights", "path: model.safetensors"});
}

TEST(LoadModel, TakesADirectoryThatAttuneSaved) {
  TempDirectory dir;
  std::string model =
      (ATTUNE_SOURCE_DIR "/test/EndToEnd/golden/linear/performer-encoder");
  for (const char *name : {"model.yaml", "model.safetensors"})
    ASSERT_FALSE(sys::fs::copy_file(model + "/" + name, dir.path(name)));
  Expected<LoadedModel> loaded = loadModel(dir.path());
  ASSERT_TRUE(static_cast<bool>(loaded))
      << failureOf(std::move(loaded)).message;
  EXPECT_EQ(loaded->description.attention.kind, AttentionKind::Linear);
  EXPECT_TRUE(loaded->weights);
  // A config.json goes first: the directory is of Hugging Face's form.
  dir.write("config.json", "{}");
  EXPECT_FALSE(failureOf(loadModel(dir.path())).message.empty());
}

TEST(LoadModel, NamesWhatIsWrong) {
  TempDirectory dir;
  expectUserError(failureOf(loadModel("")), {"empty"});
  expectUserError(failureOf(loadModel(dir.path("none"))),
                  {"none", "No such file"});
  expectUserError(failureOf(loadModel(dir.path())),
                  {"neither config.json nor model.yaml"});
  expectUserError(failureOf(loadModel(dir.write("a.txt", "x"))),
                  {"a.txt", "expected a Hugging Face directory"});
  dir.write("config.json", kTinyBertConfig);
  expectUserError(failureOf(loadModel(dir.path())),
                  {"expected model.safetensors"});
  dir.write("model.safetensors", makeSafetensors({}));
  expectUserError(failureOf(loadModel(dir.path())), {"weights do not fit"});
  sys::fs::remove(dir.path("config.json"));
  sys::fs::create_directories(dir.path("config.json"));
  expectUserError(failureOf(loadModel(dir.path())),
                  {"config.json", "found a directory"});
}

/// The examples say what the config.json of the same model says.
class ExampleTest : public testing::TestWithParam<const char *> {};

TEST_P(ExampleTest, EqualsItsConfiguration) {
  std::string name = GetParam();
  LoadedModel example = valueOf(
      loadModel(ATTUNE_SOURCE_DIR "/examples/models/" + name + ".yaml"));
  ModelDescription fromConfig = valueOf(loadModelDescription(
      ATTUNE_SOURCE_DIR "/test/Unit/Model/Inputs/" + name));
  EXPECT_EQ(example.description, fromConfig);
}

INSTANTIATE_TEST_SUITE_P(Examples, ExampleTest,
                         testing::Values("bert-base", "roberta-base",
                                         "distilbert-base", "albert-base",
                                         "minilm"),
                         [](const auto &info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(Examples, HaveTheKnownNumbersOfParameters) {
  struct {
    const char *name;
    int64_t parameters;
  } cases[] = {{"bert-base", 109'482'240},
               {"roberta-base", 124'645'632},
               {"distilbert-base", 66'362'880},
               {"albert-base", 11'683'584},
               {"minilm", 22'713'216},
               {"linear-transformer", 19'177'728},
               {"transformer-decoder", 19'177'728},
               {"performer", 19'030'016},
               {"delta-net", 43'766'912},
               {"fast-weight-programmer-1991", 855'808}};
  for (const auto &[name, parameters] : cases)
    EXPECT_EQ(parameterCount(valueOf(loadModelDescription(
                  std::string(ATTUNE_SOURCE_DIR "/examples/models/") + name +
                  ".yaml"))),
              parameters)
        << name;
}

/// Decoders carry one state a layer; the others of examples are encoders.
TEST(Examples, OfLinearAttentionAreLinear) {
  for (const char *name : {"linear-transformer", "performer", "delta-net",
                           "fast-weight-programmer-1991"}) {
    SCOPED_TRACE(name);
    ModelDescription model = valueOf(loadModelDescription(
        std::string(ATTUNE_SOURCE_DIR "/examples/models/") + name + ".yaml"));
    EXPECT_EQ(model.attention.kind, AttentionKind::Linear);
    for (int64_t layer = 0; layer < model.layers; ++layer)
      EXPECT_TRUE(model.attention.isLinear(layer));
    bool isEncoder = model.name == "performer";
    EXPECT_EQ(model.topology == Topology::Encoder, isEncoder);
  }
}

/// Directories that transformers wrote.
TEST(LoadModel, ReadsTheGoldenModels) {
  std::string root = ATTUNE_SOURCE_DIR "/test/EndToEnd/golden/models";
  std::error_code code;
  unsigned loaded = 0;
  for (sys::fs::directory_iterator it(root, code), end; it != end && !code;
       it.increment(code)) {
    std::string path = it->path();
    SCOPED_TRACE(path);
    ModelDescription description = valueOf(loadModelDescription(path));
    EXPECT_EQ(description.name, sys::path::filename(path).str());
    if (!sys::fs::exists(path + "/model.safetensors") &&
        !sys::fs::exists(path + "/model.safetensors.index.json"))
      continue;
    LoadedModel model = valueOf(loadModel(path));
    ++loaded;
    StringRef name = sys::path::filename(path);
    EXPECT_EQ(model.description.pooler == PoolerKind::None,
              name.starts_with("distilbert") || name.contains("no-pooler"))
        << toString(model.description.pooler).str();
  }
  EXPECT_FALSE(code) << code.message();
  EXPECT_GE(loaded, 8u);
}

} // namespace
