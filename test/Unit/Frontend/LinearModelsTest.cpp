//===- LinearModelsTest.cpp - Decoders and linear attention imported ------===//
#include "FrontendTestSupport.h"
#include "attune/Reference/BindInputs.h"
#include "attune/Reference/FileWeights.h"
#include "attune/Reference/Interpreter.h"
#include "attune/Runtime/Npy.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <numeric>

using namespace mlir;
using namespace attune;
using namespace attune::test;

namespace {

constexpr char kGolden[] = ATTUNE_SOURCE_DIR "/test/EndToEnd/golden/linear/";

/// A context with the models that the interpreter runs ops by.
struct ReferenceContext {
  ReferenceContext() : context(makeRegistry()) {}
  static DialectRegistry makeRegistry() {
    DialectRegistry registry;
    registerReferenceModels(registry);
    return registry;
  }

  MLIRContext context;
};

/// A golden model, imported.
struct Golden : ReferenceContext {
  explicit Golden(StringRef name)
      : model(valueOf(loadModel(kGolden + name.str() + "/model.yaml"))),
        module(valueOf(importModel(context, model))) {}

  LoadedModel model;
  OwningOpRef<ModuleOp> module;
};

Tensor readTensor(const std::string &path) {
  rt::NpyArray array;
  std::string error;
  if (!array.open(path.c_str(), error)) {
    ADD_FAILURE() << path << ": " << error;
    return Tensor();
  }
  if (array.type() == ATTUNE_I64) {
    std::vector<int64_t> values(array.elements());
    for (auto [i, value] : llvm::enumerate(values))
      value = static_cast<int64_t>(array.valueAt(i));
    return Tensor::integers(array.shape(), std::move(values));
  }
  std::vector<double> values(array.elements());
  for (auto [i, value] : llvm::enumerate(values))
    value = array.valueAt(i);
  return Tensor::doubles(array.shape(), std::move(values));
}

/// Columns [begin, end) of a matrix of integers.
Tensor columns(const Tensor &matrix, int64_t begin, int64_t end) {
  std::vector<int64_t> values;
  for (int64_t row = 0; row < matrix.getDim(0); ++row)
    for (int64_t column = begin; column < end; ++column)
      values.push_back(matrix.getInteger(row * matrix.getDim(1) + column));
  return Tensor::integers({matrix.getDim(0), end - begin}, std::move(values));
}

void expectNear(const Tensor &got, const Tensor &expected) {
  ASSERT_EQ(got.getShape(), expected.getShape());
  for (int64_t i = 0; i < expected.getNumElements(); ++i) {
    double value = expected.getFloat(i);
    // Golden values are rounded to f32.
    ASSERT_NEAR(got.getFloat(i), value, 1e-6 * (1 + std::abs(value)))
        << "element " << i;
  }
}

/// Runs a case in calls of `parts` tokens and compares the last call's results
/// with the golden ones.
void checkCase(Golden &golden, const std::string &folder,
               ArrayRef<int64_t> parts) {
  func::FuncOp forward = getForward(*golden.module);
  FileWeights weights(golden.model.directory);
  InterpreterOptions options;
  options.keepDouble = true;
  Interpreter interpreter(*golden.module, weights, options);
  Tensor ids = readTensor(folder + "/input_ids.npy");
  int64_t batch = ids.getDim(0), begin = 0;
  llvm::StringMap<Tensor> inputs;
  for (const std::string &name : argNames(forward)) {
    if (name == "attention_mask")
      inputs[name] = readTensor(folder + "/attention_mask.npy");
    if (StringRef(name).ends_with(".key") ||
        StringRef(name).ends_with(".value"))
      inputs[name] =
          Tensor::doubles({batch, 0, golden.model.description.keyWidth()}, {});
  }
  std::vector<std::string> results = resultNames(forward);
  SmallVector<Tensor> values;
  for (int64_t length : parts) {
    inputs["input_ids"] = columns(ids, begin, begin + length);
    if (llvm::is_contained(argNames(forward), "position_ids")) {
      std::vector<int64_t> positions(batch * length);
      for (auto [i, position] : llvm::enumerate(positions))
        position = begin + static_cast<int64_t>(i) % length;
      inputs["position_ids"] =
          Tensor::integers({batch, length}, std::move(positions));
    }
    values = valueOf(
        interpreter.run("forward", valueOf(bindInputs(forward, inputs))));
    for (auto [name, value] : llvm::zip_equal(results, values))
      if (StringRef(name).starts_with("present."))
        inputs["past." + name.substr(8)] = value;
    begin += length;
  }
  bool isWhole = parts.size() == 1;
  for (auto [name, value] : llvm::zip_equal(results, values)) {
    SCOPED_TRACE(name);
    if (isWhole || StringRef(name).starts_with("present."))
      expectNear(value, readTensor(folder + "/" + name + ".npy"));
  }
}

class LinearModel : public testing::TestWithParam<const char *> {};

TEST_P(LinearModel, HasTheGoldenValues) {
  Golden golden(GetParam());
  std::error_code error;
  unsigned cases = 0;
  for (llvm::sys::fs::directory_iterator
           it(kGolden + std::string(GetParam()), error),
       end;
       it != end && !error; it.increment(error)) {
    if (!llvm::sys::fs::is_directory(it->path()))
      continue;
    SCOPED_TRACE(it->path());
    ++cases;
    int64_t length = readTensor(it->path() + "/input_ids.npy").getDim(1);
    checkCase(golden, it->path(), {length});
    if (golden.model.description.topology == Topology::Decoder)
      checkCase(golden, it->path(), {1, length - 3, 2});
  }
  EXPECT_EQ(cases, 2u);
}

INSTANTIATE_TEST_SUITE_P(
    Golden, LinearModel,
    testing::Values("linear-transformer", "linear-transformer-encoder",
                    "performer", "performer-encoder", "performer-relu-encoder",
                    "delta-net", "delta-net-causal",
                    "fast-weight-programmer-1991",
                    "fast-weight-programmer-1992", "transformer-decoder",
                    "alibi-linear", "gated-linear", "gated-delta-net",
                    "mixed-decoder", "mapped-decoder", "hybrid-encoder",
                    "hybrid-causal", "causal-encoder"),
    [](const auto &info) {
      std::string name = info.param;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

TEST(Decoder, StatesAreInputsAndOutputs) {
  Golden golden("mixed-decoder");
  func::FuncOp forward = getForward(*golden.module);
  EXPECT_EQ(
      argNames(forward),
      (std::vector<std::string>{"input_ids", "position_ids", "past.0.key",
                                "past.0.value", "past.1.state", "past.1.sum"}));
  EXPECT_EQ(
      resultNames(forward),
      (std::vector<std::string>{"logits", "present.0.key", "present.0.value",
                                "present.1.state", "present.1.sum"}));
  // States begin with zeros; keys and values have to be given.
  EXPECT_FALSE(forward.getArgAttr(2, kWhenAbsentAttr));
  EXPECT_EQ(forward.getArgAttrOfType<StringAttr>(4, kWhenAbsentAttr), "zeros");
  auto least = golden.module->getOperation()->getAttrOfType<DictionaryAttr>(
      kMinDimsAttr);
  ASSERT_TRUE(least);
  EXPECT_EQ(cast<IntegerAttr>(least.get("past")).getInt(), 0);
  EXPECT_EQ(count<AttentionOp>(*golden.module), 1u);
  EXPECT_EQ(count<LinearAttentionOp>(*golden.module), 1u);
  golden.module->walk([](AttentionOp op) {
    EXPECT_EQ(op.getCausal(), Causal::end);
    EXPECT_EQ(op.getKvHeads(), 2u);
    EXPECT_EQ(locationOf(op), "layers.0.attention");
  });
  golden.module->walk([](LinearAttentionOp op) {
    EXPECT_FALSE(op.getFull());
    EXPECT_TRUE(op.getPast());
    EXPECT_EQ(locationOf(op), "layers.1.attention");
  });
}

TEST(Decoder, OfLinearLayersHasNoGrowingInput) {
  Golden golden("performer");
  EXPECT_FALSE((*golden.module)->hasAttr(kMinDimsAttr));
  golden.module->walk([](LinearAttentionOp op) {
    EXPECT_TRUE(op.getLogWeights());
    EXPECT_TRUE(op.getPastMax());
    EXPECT_EQ(op.getDenominator()->convertToDouble(), 1e-6);
  });
  // One projection for queries and keys of a layer.
  SmallVector<Value> projections;
  golden.module->walk([&](FeatureMapOp op) {
    EXPECT_EQ(op.getMap(), FeatureMap::favor);
    EXPECT_DOUBLE_EQ(op.getScale().convertToDouble(),
                     std::sqrt(std::sqrt(1.0 / 8)));
    projections.push_back(op.getProjection());
  });
  ASSERT_EQ(projections.size(), 4u);
  EXPECT_EQ(projections[0], projections[1]);
  EXPECT_NE(projections[1], projections[2]);
}

TEST(Encoder, HybridLayersRepeatGroupedKeys) {
  Golden golden("hybrid-causal");
  golden.module->walk([](HybridAttentionOp op) {
    EXPECT_FALSE(op.getFull());
    EXPECT_TRUE(op.getKeyMask());
    EXPECT_TRUE(op.getQueryScale());
    EXPECT_EQ(op.getWindow(), 2u);
    EXPECT_EQ(op.getSinks(), 1u);
  });
  EXPECT_EQ(count<HybridAttentionOp>(*golden.module), 2u);
  EXPECT_EQ(count<GatherOp>(*golden.module), 2u);
}

TEST(Decoder, SinusoidsAreAComputedWeight) {
  Golden golden("linear-transformer");
  unsigned tables = 0;
  for (WeightOp weight : golden.module->getOps<WeightOp>()) {
    if (!weight.getValue())
      continue;
    ++tables;
    EXPECT_TRUE(weight.getPieces().empty());
    auto values = llvm::to_vector(
        cast<DenseElementsAttr>(*weight.getValue()).getValues<float>());
    ASSERT_EQ(values.size(), 64u * 32u);
    EXPECT_EQ(values[0], 0.0f);
    EXPECT_EQ(values[1], 1.0f);
    // Position 5, pair 3.
    double angle = 5 * std::pow(10000.0, -3.0 / 16);
    EXPECT_FLOAT_EQ(values[5 * 32 + 6], std::sin(angle));
    EXPECT_FLOAT_EQ(values[5 * 32 + 7], std::cos(angle));
  }
  EXPECT_EQ(tables, 1u);
}

} // namespace
