//===- ImportModelTest.cpp - Modules of the four families -----------------===//
#include "FrontendTestSupport.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;
using namespace attune;
using namespace attune::test;

using Names = std::vector<std::string>;

/// All ops carry the place in the model that they come from.
static void expectNamedLocations(ModuleOp module) {
  getForward(module).getBody().walk([](Operation *op) {
    if (!isa<func::ReturnOp>(op))
      EXPECT_NE(locationOf(op), "") << op->getName().getStringRef().str();
  });
}

static int64_t maxLength(ModuleOp module) {
  auto dims = module->getAttrOfType<DictionaryAttr>(kMaxDimsAttr);
  return dims.getAs<IntegerAttr>("length").getInt();
}

static int64_t limitOf(func::FuncOp function, unsigned index) {
  return function.getArgAttrOfType<IntegerAttr>(index, kLimitAttr).getInt();
}

TEST(ImportModel, BertIsUnfused) {
  SmallModel small(bertConfig(2));
  OwningOpRef<ModuleOp> module = small.import();
  EXPECT_TRUE(succeeded(verify(*module)));
  // Query, key, value, attention output, two of the feed-forward layer and
  // two products of attention a layer, and the pooler.
  EXPECT_EQ(count<MatmulOp>(*module), 2u * 8 + 1);
  EXPECT_EQ(count<SoftmaxOp>(*module), 2u);
  EXPECT_EQ(count<MaskOp>(*module), 2u);
  EXPECT_EQ(count<ScaleOp>(*module), 2u);
  EXPECT_EQ(count<LayerNormOp>(*module), 1u + 2 * 2);
  EXPECT_EQ(count<GeluOp>(*module), 2u);
  EXPECT_EQ(count<TanhOp>(*module), 1u);
  EXPECT_EQ(count<EmbeddingOp>(*module), 3u);
  EXPECT_EQ(count<TransposeOp>(*module), 2u * 4);
  EXPECT_EQ(count<LinearOp>(*module), 0u);
  EXPECT_EQ(count<AttentionOp>(*module), 0u);
  // 5 of the embeddings, 16 a layer, 2 of the pooler.
  EXPECT_EQ(count<WeightOp>(*module), 5u + 2 * 16 + 2);
  expectNamedLocations(*module);
}

TEST(ImportModel, BertInterface) {
  SmallModel small(bertConfig(1));
  OwningOpRef<ModuleOp> module = small.import();
  func::FuncOp forward = getForward(*module);
  EXPECT_EQ(argNames(forward),
            (Names{"input_ids", "attention_mask", "token_type_ids"}));
  EXPECT_EQ(resultNames(forward),
            (Names{"last_hidden_state", "pooler_output"}));
  EXPECT_EQ(limitOf(forward, 0), 30);
  EXPECT_EQ(limitOf(forward, 1), 2);
  EXPECT_EQ(limitOf(forward, 2), 2);
  EXPECT_FALSE(forward.getArgAttr(0, kWhenAbsentAttr));
  Builder builder(&small.context);
  EXPECT_EQ(forward.getArgAttr(1, kWhenAbsentAttr),
            builder.getStringAttr("ones"));
  EXPECT_EQ(forward.getArgAttr(2, kWhenAbsentAttr),
            builder.getStringAttr("zeros"));
  for (unsigned i = 0; i < 3; ++i)
    EXPECT_EQ(forward.getArgAttr(i, kDimsAttr),
              builder.getStrArrayAttr({"batch", "length"}));
  EXPECT_EQ(forward.getResultAttr(0, kDimsAttr),
            builder.getStrArrayAttr({"batch", "length", ""}));
  EXPECT_EQ(forward.getResultAttr(1, kDimsAttr),
            builder.getStrArrayAttr({"batch", ""}));
  EXPECT_EQ(maxLength(*module), 20);
  EXPECT_TRUE((*module)->hasAttr(kNameAttr));
}

TEST(ImportModel, WeightsReferToTheFile) {
  SmallModel small(bertConfig(1), "bert.", "BF16");
  LoadedModel model = small.load();
  OwningOpRef<ModuleOp> module = valueOf(importModel(small.context, model));
  auto weight = module->lookupSymbol<WeightOp>(
      "bert.encoder.layer.0.attention.self.query.weight");
  ASSERT_TRUE(weight);
  auto type = cast<RankedTensorType>(weight.getType());
  EXPECT_EQ(type.getShape(), ArrayRef<int64_t>({16, 16}));
  EXPECT_TRUE(type.getElementType().isF32());
  ASSERT_EQ(weight.getPieces().size(), 1u);
  auto piece = cast<PieceAttr>(weight.getPieces()[0]);
  EXPECT_EQ(piece.getFile(), "model.safetensors");
  EXPECT_TRUE(piece.getType().isBF16());
  EXPECT_EQ(piece.getCount(), 256);
  const TensorEntry *entry = model.weights->find(weight.getSymName());
  ASSERT_TRUE(entry);
  EXPECT_EQ(piece.getOffset(), static_cast<int64_t>(entry->offset));
}

TEST(ImportModel, LocationsAreModulePaths) {
  SmallModel small(bertConfig(2));
  OwningOpRef<ModuleOp> module = small.import();
  Names softmaxes, norms;
  module->walk([&](SoftmaxOp op) { softmaxes.push_back(locationOf(op)); });
  module->walk([&](LayerNormOp op) { norms.push_back(locationOf(op)); });
  EXPECT_EQ(softmaxes, (Names{"encoder.layer.0.attention.self",
                              "encoder.layer.1.attention.self"}));
  ASSERT_EQ(norms.size(), 5u);
  EXPECT_EQ(norms[0], "embeddings.LayerNorm");
  EXPECT_EQ(norms[1], "encoder.layer.0.attention.output.LayerNorm");
}

TEST(ImportModel, EachActivation) {
  SmallModel relu(bertConfig(1, "relu")), silu(bertConfig(1, "silu"));
  EXPECT_EQ(count<ReluOp>(*relu.import()), 1u);
  EXPECT_EQ(count<SiluOp>(*silu.import()), 1u);
}

TEST(ImportModel, TanhGelu) {
  SmallModel small(bertConfig(1, "gelu_new"));
  OwningOpRef<ModuleOp> module = small.import();
  module->walk([](GeluOp op) { EXPECT_EQ(op.getApproximate(), "tanh"); });
  EXPECT_EQ(count<GeluOp>(*module), 1u);
}

TEST(ImportModel, RobertaCountsPositionsFromPadding) {
  SmallModel small(robertaConfig(1));
  OwningOpRef<ModuleOp> module = small.import();
  module->walk([](PositionsOp op) {
    EXPECT_EQ(op.getOffset(), 1u);
    ASSERT_TRUE(op.getPaddingId());
    EXPECT_EQ(*op.getPaddingId(), 1u);
  });
  EXPECT_EQ(count<PositionsOp>(*module), 1u);
  // 20 rows, of which the padding id and those before it are no positions.
  EXPECT_EQ(maxLength(*module), 18);
}

TEST(ImportModel, RobertaWithoutPooler) {
  SmallModel small(robertaConfig(1), "roberta.", "F32", /*withPooler=*/false);
  OwningOpRef<ModuleOp> module = small.import();
  EXPECT_EQ(resultNames(getForward(*module)), Names{"last_hidden_state"});
  EXPECT_EQ(count<TanhOp>(*module), 0u);
}

TEST(ImportModel, DistilBertHasNoSegments) {
  SmallModel small(distilBertConfig(3));
  OwningOpRef<ModuleOp> module = small.import();
  func::FuncOp forward = getForward(*module);
  EXPECT_EQ(argNames(forward), (Names{"input_ids", "attention_mask"}));
  EXPECT_EQ(resultNames(forward), Names{"last_hidden_state"});
  EXPECT_EQ(count<EmbeddingOp>(*module), 2u);
  EXPECT_EQ(count<SoftmaxOp>(*module), 3u);
  EXPECT_TRUE(module->lookupSymbol("transformer.layer.2.ffn.lin1.weight"));
}

TEST(ImportModel, AlbertSharesItsLayers) {
  SmallModel small(albertConfig(3));
  OwningOpRef<ModuleOp> module = small.import();
  // Four of the embeddings' tables and norm, two of the projection, 16 of the
  // layer, two of the pooler: the same for any number of layers.
  EXPECT_EQ(count<WeightOp>(*module), 5u + 2 + 16 + 2);
  EXPECT_EQ(count<SoftmaxOp>(*module), 3u);
  Names softmaxes;
  module->walk([&](SoftmaxOp op) { softmaxes.push_back(locationOf(op)); });
  ASSERT_EQ(softmaxes.size(), 3u);
  EXPECT_NE(softmaxes[0], softmaxes[1]);
  EXPECT_TRUE(StringRef(softmaxes[2]).ends_with("#2")) << softmaxes[2];
  // Embeddings of width 8 are normalised before they are projected to 16.
  LayerNormOp first;
  module->walk([&](LayerNormOp op) {
    first = op;
    return WalkResult::interrupt();
  });
  EXPECT_EQ(cast<RankedTensorType>(first.getType()).getDimSize(2), 8);
}

TEST(ImportModel, WeightNamedLikeTheFunction) {
  ModelDescription model = tinyBert();
  TempDirectory directory;
  model.weights.names["embedding.token"] = "forward";
  // The same names as the scheme's, but for one.
  std::vector<TestTensor> tensors = weightsOf(model);
  tensors.front().name = "forward";
  directory.write("model.safetensors", makeSafetensors(tensors));
  directory.write("config.json", kTinyBertConfig);
  LoadedModel loaded;
  loaded.directory = directory.path();
  loaded.weights = std::make_unique<WeightStore>(
      valueOf(WeightStore::open(directory.path())));
  loaded.resolved = valueOf(ResolvedWeights::resolve(model, *loaded.weights));
  loaded.description = model;
  MLIRContext context;
  OwningOpRef<ModuleOp> module = valueOf(importModel(context, loaded));
  EXPECT_TRUE(getForward(*module));
  EXPECT_TRUE(succeeded(verify(*module)));
}

TEST(ImportModel, WithoutWeights) {
  LoadedModel model;
  model.description = tinyBert();
  MLIRContext context;
  Failure failure = failureOf(importModel(context, model));
  EXPECT_EQ(failure.exitCode, ExitUserError) << failure.message;
}
