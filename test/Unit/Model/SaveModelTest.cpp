//===- SaveModelTest.cpp --------------------------------------------------===//

#include "attune/Model/SaveModel.h"
#include "ModelTestSupport.h"
#include "attune/Model/ModelFamily.h"

#include "llvm/Support/FileSystem.h"

using namespace attune;
using namespace attune::test;
using namespace llvm;

namespace {

/// The tiny BERT as a directory, each weight with bytes of its own.
std::string writeBert(const TempDirectory &dir) {
  ModelDescription model = tinyBert();
  std::vector<TestTensor> tensors = weightsOf(model, "bert.", "F16");
  for (auto [i, tensor] : llvm::enumerate(tensors)) {
    size_t count = 1;
    for (int64_t extent : tensor.shape)
      count *= extent;
    tensor.bytes = std::string(2 * count, static_cast<char>(i + 1));
  }
  dir.write("bert/config.json", kTinyBertConfig);
  dir.write("bert/model.safetensors", makeSafetensors(tensors));
  dir.write("bert/vocab.txt", "[PAD]\n");
  return dir.path("bert");
}

void expectSameWeights(const LoadedModel &model, const LoadedModel &other) {
  for (WeightRole role : allWeightRoles()) {
    SCOPED_TRACE(toString(role).str());
    for (int64_t layer = 0; layer < model.description.layers; ++layer) {
      const TensorEntry *entry = model.resolved->find(role, layer);
      const TensorEntry *back = other.resolved->find(role, layer);
      if (!entry)
        continue;
      ASSERT_TRUE(back);
      EXPECT_EQ(entry->dtype, back->dtype);
      EXPECT_EQ(entry->shape, back->shape);
      EXPECT_EQ(model.weights->data(*entry), other.weights->data(*back));
    }
  }
}

TEST(SaveModel, ComesBackAsItWas) {
  TempDirectory dir;
  LoadedModel model = valueOf(loadModel(writeBert(dir)));
  Error error = saveModel(dir.path("out/deep"), model.description,
                          ModelWeights(model), model.directory);
  ASSERT_FALSE(error) << toString(std::move(error));
  LoadedModel back = valueOf(loadModel(dir.path("out/deep/model.yaml")));
  ModelDescription expected = model.description;
  expected.weights = {"attune", "model.safetensors", "", {}};
  EXPECT_EQ(back.description, expected);
  expectSameWeights(model, back);
  EXPECT_TRUE(back.resolved->unused().empty());
  EXPECT_TRUE(sys::fs::exists(dir.path("out/deep/vocab.txt")));

  // Over itself, whose files are mapped meanwhile.
  Error again = saveModel(dir.path("out/deep"), back.description,
                          ModelWeights(back), back.directory);
  ASSERT_FALSE(again) << toString(std::move(again));
  expectSameWeights(model, valueOf(loadModel(dir.path("out/deep/model.yaml"))));
}

TEST(SaveModel, TakesLayersThatBecameLinear) {
  TempDirectory dir;
  LoadedModel model = valueOf(loadModel(writeBert(dir)));
  ModelDescription rewritten = model.description;
  rewritten.attention.kind = AttentionKind::Linear;
  LinearDescription &linear = rewritten.attention.linear;
  linear.features.kind = FeatureKind::Favor;
  linear.features.scale = 1;
  linear.features.projection = 6;
  linear.keyFeatures = linear.features;
  linear.keyFeatures->tilt = true;
  linear.denominator = 0;
  linear.layers = {1};
  ModelWeights weights(model);
  // Two heads of width 4.
  std::vector<float> queries(2 * 6 * 4, 0.5f), keys(2 * 6 * 4, -2.0f);
  weights.set(WeightRole::QueryFeatureProjection, 1, queries);
  weights.set(WeightRole::KeyFeatureProjection, 1, keys);
  std::string out = dir.path("out");
  Failure lacking = failureOf(saveModel(out, rewritten, weights));
  EXPECT_EQ(lacking.exitCode, ExitInternalError);
  EXPECT_NE(lacking.message.find("layers.1.attention.key_features.tilt"),
            std::string::npos)
      << lacking.message;
  EXPECT_FALSE(sys::fs::exists(out));

  weights.set(WeightRole::KeyFeatureTilt, 1, std::vector<float>(2 * 4, 3.0f));
  Error error = saveModel(out, rewritten, weights);
  ASSERT_FALSE(error) << toString(std::move(error));
  LoadedModel back = valueOf(loadModel(out + "/model.yaml"));
  EXPECT_EQ(back.description.attention, rewritten.attention);
  expectSameWeights(model, back);
  const TensorEntry *entry =
      back.resolved->find(WeightRole::KeyFeatureProjection, 1);
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->dtype, TensorDType::F32);
  EXPECT_EQ(entry->shape, (SmallVector<int64_t, 4>{2, 6, 4}));
  ArrayRef<uint8_t> bytes = back.weights->data(*entry);
  EXPECT_EQ(memcmp(bytes.data(), keys.data(), bytes.size()), 0);

  weights.set(WeightRole::KeyFeatureTilt, 1, {1.0f});
  EXPECT_EQ(failureOf(saveModel(out, rewritten, weights)).exitCode,
            ExitInternalError);
  rewritten.hiddenSize = 0;
  expectUserError(failureOf(saveModel(out, rewritten, weights)),
                  {"hidden_size is 0"});
}

TEST(SaveModel, DirectoriesThatCannotBeMade) {
  TempDirectory dir;
  LoadedModel model = valueOf(loadModel(writeBert(dir)));
  std::string file = dir.write("file", "text");
  expectUserError(failureOf(saveModel(file + "/sub", model.description,
                                      ModelWeights(model))),
                  {"file/sub", "cannot be made"});
}

} // namespace
