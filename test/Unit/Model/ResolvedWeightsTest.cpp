//===- ResolvedWeightsTest.cpp --------------------------------------------===//

#include "attune/Model/ResolvedWeights.h"
#include "ModelTestSupport.h"
#include "attune/Model/ModelFamily.h"

#include "llvm/ADT/STLExtras.h"

using namespace attune;
using namespace attune::test;
using namespace llvm;

namespace {

WeightStore storeOf(const TempDirectory &dir, ArrayRef<TestTensor> tensors) {
  return valueOf(
      WeightStore::open(dir.write("w.safetensors", makeSafetensors(tensors))));
}

TestTensor &tensorNamed(std::vector<TestTensor> &tensors, StringRef name) {
  auto it = llvm::find_if(tensors,
                          [&](const TestTensor &t) { return t.name == name; });
  EXPECT_NE(it, tensors.end()) << name.str();
  return *it;
}

TEST(WeightRoles, NamesReadBack) {
  for (WeightRole role : allWeightRoles()) {
    EXPECT_EQ(weightRoleFromString(toString(role)), role);
    EXPECT_FALSE(toString(role).empty());
  }
  EXPECT_FALSE(weightRoleFromString("attention.weight"));
}

TEST(WeightRoles, ShapesFollowTheDescription) {
  ModelDescription model = tinyBert();
  model.attention.heads = 3;
  model.attention.kvHeads = 3;
  model.attention.headDim = 5;
  using Shape = SmallVector<int64_t, 2>;
  EXPECT_EQ(expectedShape(WeightRole::TokenEmbedding, model), (Shape{10, 8}));
  EXPECT_EQ(expectedShape(WeightRole::KeyWeight, model), (Shape{15, 8}));
  EXPECT_EQ(expectedShape(WeightRole::KeyBias, model), (Shape{15}));
  EXPECT_EQ(expectedShape(WeightRole::AttentionOutWeight, model),
            (Shape{8, 15}));
  EXPECT_EQ(expectedShape(WeightRole::FfnInWeight, model), (Shape{12, 8}));
  EXPECT_EQ(expectedShape(WeightRole::FfnOutWeight, model), (Shape{8, 12}));
  model.attention.keyBias = false;
  EXPECT_FALSE(isNeeded(WeightRole::KeyBias, model));
  EXPECT_FALSE(isNeeded(WeightRole::FfnGateWeight, model));
  model.ffn.gated = true;
  EXPECT_TRUE(isNeeded(WeightRole::FfnGateWeight, model));
}

TEST(WeightNames, PatternsExpand) {
  ModelDescription model = tinyBert();
  model.sharing.innerLayers = 2;
  EXPECT_EQ(expandPattern("a.{layer}.b", 5, model), "a.5.b");
  EXPECT_EQ(expandPattern("{group}.{inner}", 5, model), "2.1");
  EXPECT_EQ(expandPattern("plain{", 5, model), "plain{");
}

TEST(ResolvedWeights, FindsEveryFamilyUnderAnyPrefix) {
  const char *configs[] = {
      kTinyBertConfig,
      R"({"model_type": "roberta", "vocab_size": 20, "hidden_size": 8,
          "num_hidden_layers": 2, "num_attention_heads": 2,
          "intermediate_size": 12, "max_position_embeddings": 18,
          "type_vocab_size": 1})",
      R"({"model_type": "distilbert", "vocab_size": 20, "dim": 8,
          "n_layers": 2, "n_heads": 4, "hidden_dim": 12})",
      R"({"model_type": "albert", "vocab_size": 20, "hidden_size": 8,
          "embedding_size": 4, "num_hidden_layers": 4, "num_hidden_groups": 2,
          "inner_group_num": 2, "num_attention_heads": 2,
          "intermediate_size": 12})"};
  TempDirectory dir;
  for (const char *config : configs)
    for (const char *prefix : {"", "bert.", "model.encoder.", "0.auto_model."})
      for (const char *dtype : {"F32", "F16", "BF16", "F64"}) {
        ModelDescription model = valueOf(readConfig(config, "c", "m"));
        std::vector<TestTensor> tensors = weightsOf(model, prefix, dtype);
        tensors.push_back({"cls.predictions.bias", "F32", {20}, ""});
        WeightStore store = storeOf(dir, tensors);
        ResolvedWeights weights =
            valueOf(ResolvedWeights::resolve(model, store));
        EXPECT_EQ(weights.prefix(), prefix);
        ASSERT_EQ(weights.unused().size(), 1u);
        EXPECT_EQ(weights.unused()[0]->name, "cls.predictions.bias");
        int64_t elements = 0;
        for (const TensorEntry &entry : store.entries())
          elements += entry.elementCount();
        EXPECT_EQ(elements - 20, parameterCount(model));
        for (WeightRole role : allWeightRoles())
          for (int64_t layer = 0; layer < model.layers; ++layer) {
            const TensorEntry *entry = weights.find(role, layer);
            ASSERT_EQ(entry != nullptr, isNeeded(role, model));
            if (entry) {
              EXPECT_EQ(ArrayRef<int64_t>(entry->shape),
                        ArrayRef<int64_t>(expectedShape(role, model)));
            }
          }
      }
}

TEST(ResolvedWeights, LayersThatShareGetTheSameTensor) {
  ModelDescription model = valueOf(readConfig(
      R"({"model_type": "albert", "vocab_size": 20, "hidden_size": 8,
          "embedding_size": 4, "num_hidden_layers": 4, "num_hidden_groups": 2,
          "inner_group_num": 2, "num_attention_heads": 2,
          "intermediate_size": 12})",
      "c", "m"));
  TempDirectory dir;
  WeightStore store = storeOf(dir, weightsOf(model, "albert."));
  ResolvedWeights weights = valueOf(ResolvedWeights::resolve(model, store));
  auto nameOf = [&](int64_t layer) {
    return weights.find(WeightRole::FfnInWeight, layer)->name;
  };
  EXPECT_EQ(nameOf(0),
            "albert.encoder.albert_layer_groups.0.albert_layers.0.ffn.weight");
  EXPECT_EQ(nameOf(2), nameOf(0));
  EXPECT_EQ(nameOf(3),
            "albert.encoder.albert_layer_groups.0.albert_layers.1.ffn.weight");
  EXPECT_EQ(nameOf(7),
            "albert.encoder.albert_layer_groups.1.albert_layers.1.ffn.weight");
}

TEST(ResolvedWeights, TakesTheOldNamesOfNorms) {
  ModelDescription model = tinyBert();
  std::vector<TestTensor> tensors = weightsOf(model, "bert.");
  for (TestTensor &tensor : tensors) {
    StringRef name = tensor.name;
    if (name.consume_back("LayerNorm.weight"))
      tensor.name = name.str() + "LayerNorm.gamma";
    else if (name.consume_back("LayerNorm.bias"))
      tensor.name = name.str() + "LayerNorm.beta";
  }
  TempDirectory dir;
  WeightStore store = storeOf(dir, tensors);
  ResolvedWeights weights = valueOf(ResolvedWeights::resolve(model, store));
  EXPECT_EQ(weights.find(WeightRole::FfnNormBias, 1)->name,
            "bert.encoder.layer.1.output.LayerNorm.beta");
}

TEST(ResolvedWeights, ReportsEverythingThatDoesNotFit) {
  ModelDescription model = tinyBert();
  std::vector<TestTensor> tensors = weightsOf(model);
  tensorNamed(tensors, "encoder.layer.0.attention.self.query.weight").name =
      "encoder.layer.0.attention.self.qery.weight";
  tensorNamed(tensors, "encoder.layer.1.intermediate.dense.bias").shape = {13};
  tensorNamed(tensors, "encoder.layer.1.output.dense.weight").shape = {12, 8};
  tensorNamed(tensors, "embeddings.word_embeddings.weight").dtype = "I32";
  tensorNamed(tensors, "pooler.dense.bias").name = "unrelated";
  TempDirectory dir;
  WeightStore store = storeOf(dir, tensors);
  Failure failure = failureOf(ResolvedWeights::resolve(model, store));
  expectUserError(
      failure,
      {"w.safetensors", "5 weights do not fit",
       "layer 0 attention.query.weight",
       "nothing, nearest is encoder.layer.0.attention.self.qery.weight",
       "layer 1 ffn.input.bias", "expected [12]", "found F32 [13]",
       "layer 1 ffn.output.weight", "expected [8, 12]", "found F32 [12, 8]",
       "embedding.token", "expected F32, F16, BF16 or F64 [10, 8]",
       "found I32 [10, 8]", "pooler.bias"});
}

TEST(ResolvedWeights, HasOneRowForManyLayers) {
  ModelDescription model = tinyBert();
  model.layers = 1000;
  TempDirectory dir;
  WeightStore store = storeOf(dir, weightsOf(tinyBert()));
  Failure failure = failureOf(ResolvedWeights::resolve(model, store));
  expectUserError(failure, {"15968 weights do not fit",
                            "layers 2-999 attention.query.weight",
                            "encoder.layer.2.attention.self.query.weight",
                            "layers 2-999 ffn.norm.bias"});
  EXPECT_EQ(StringRef(failure.message).count('\n'), 16u) << failure.message;
}

TEST(ResolvedWeights, LimitsTheTable) {
  ModelDescription model = tinyBert();
  model.layers = 1000;
  std::vector<TestTensor> tensors = weightsOf(model);
  // No two neighbours have the same problem.
  for (size_t i = 0; i < tensors.size(); ++i)
    tensors[i].shape = {int64_t(i % 7)};
  TempDirectory dir;
  WeightStore store = storeOf(dir, tensors);
  Failure failure = failureOf(ResolvedWeights::resolve(model, store));
  expectUserError(failure, {"weights do not fit", "more"});
  EXPECT_EQ(StringRef(failure.message).count('\n'), 31u) << failure.message;
}

TEST(ResolvedWeights, ReportsFilesOfAnotherFamily) {
  TempDirectory dir;
  WeightStore store = storeOf(dir, {{"wte.weight", "F32", {10, 8}, ""}});
  expectUserError(failureOf(ResolvedWeights::resolve(tinyBert(), store)),
                  {"weights do not fit", "embedding.token", "nothing"});
  WeightStore none = storeOf(dir, {});
  expectUserError(failureOf(ResolvedWeights::resolve(tinyBert(), none)),
                  {"weights do not fit"});
}

TEST(ResolvedWeights, AsksWhichOfTwoModels) {
  ModelDescription model = tinyBert();
  std::vector<TestTensor> tensors = weightsOf(model, "question.");
  std::vector<TestTensor> more = weightsOf(model, "context.");
  tensors.insert(tensors.end(), more.begin(), more.end());
  TempDirectory dir;
  WeightStore store = storeOf(dir, tensors);
  expectUserError(failureOf(ResolvedWeights::resolve(model, store)),
                  {"2 models", "'context.'", "'question.'", "weights.prefix"});
  model.weights.prefix = "question.";
  ResolvedWeights weights = valueOf(ResolvedWeights::resolve(model, store));
  EXPECT_EQ(weights.find(WeightRole::QueryBias, 1)->name,
            "question.encoder.layer.1.attention.self.query.bias");
  EXPECT_EQ(weights.unused().size(), more.size());
}

TEST(ResolvedWeights, PrefersTheCompleteModel) {
  ModelDescription model = tinyBert();
  std::vector<TestTensor> tensors = weightsOf(model, "b.");
  tensors.push_back(
      {"a.embeddings.word_embeddings.weight", "F32", {10, 8}, ""});
  TempDirectory dir;
  WeightStore store = storeOf(dir, tensors);
  EXPECT_EQ(valueOf(ResolvedWeights::resolve(model, store)).prefix(), "b.");
}

TEST(ResolvedWeights, RefusesManyModels) {
  std::vector<TestTensor> tensors;
  for (int i = 0; i < 50; ++i)
    tensors.push_back({std::to_string(i) + ".embeddings.word_embeddings.weight",
                       "F32",
                       {10, 8},
                       ""});
  TempDirectory dir;
  WeightStore store = storeOf(dir, tensors);
  expectUserError(failureOf(ResolvedWeights::resolve(tinyBert(), store)),
                  {"50 models"});
}

TEST(ResolvedWeights, TakesNamesOfTheDescription) {
  ModelDescription model = tinyBert();
  std::vector<TestTensor> tensors = weightsOf(model);
  for (int layer = 0; layer < 2; ++layer)
    tensorNamed(tensors, "encoder.layer." + std::to_string(layer) +
                             ".attention.self.query.weight")
        .name = "blocks." + std::to_string(layer) + ".q";
  model.weights.names["attention.query.weight"] = "blocks.{layer}.q";
  TempDirectory dir;
  WeightStore store = storeOf(dir, tensors);
  ResolvedWeights weights = valueOf(ResolvedWeights::resolve(model, store));
  EXPECT_EQ(weights.find(WeightRole::QueryWeight, 1)->name, "blocks.1.q");

  // Without a scheme nothing else has a name.
  model.weights.scheme.clear();
  expectUserError(failureOf(ResolvedWeights::resolve(model, store)),
                  {"(no name)", "weights.names has no pattern"});
}

TEST(AdaptToWeights, DropsOnlyAPoolerThatIsMissingAltogether) {
  ModelDescription model = tinyBert();
  std::vector<TestTensor> tensors = weightsOf(model, "bert.");
  TempDirectory dir;
  {
    WeightStore store = storeOf(dir, tensors);
    EXPECT_EQ(adaptToWeights(model, store), model);
  }
  llvm::erase_if(tensors, [](const TestTensor &t) {
    return t.name == "bert.pooler.dense.bias";
  });
  {
    WeightStore store = storeOf(dir, tensors);
    EXPECT_EQ(adaptToWeights(model, store), model);
  }
  llvm::erase_if(tensors, [](const TestTensor &t) {
    return t.name == "bert.pooler.dense.weight";
  });
  WeightStore store = storeOf(dir, tensors);
  ModelDescription adapted = adaptToWeights(model, store);
  EXPECT_EQ(adapted.pooler, PoolerKind::None);
  EXPECT_EQ(failureOf(ResolvedWeights::resolve(adapted, store)).exitCode, 0);
}

} // namespace
