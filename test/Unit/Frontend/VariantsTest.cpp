//===- VariantsTest.cpp - Encoders that no family of ours is --------------===//
//
// What a YAML description can say beyond the four families: norms in front,
// gated feed-forward layers, no biases, no positions, scaled embeddings.
//
//===----------------------------------------------------------------------===//
#include "FrontendTestSupport.h"
#include "attune/Model/WeightNames.h"

using namespace mlir;
using namespace attune;
using namespace attune::test;

namespace {
/// A module of any description: its weights are named by their roles.
class Described {
public:
  explicit Described(ModelDescription description) {
    std::vector<TestTensor> tensors;
    for (WeightRole role : allWeightRoles()) {
      if (!isNeeded(role, description))
        continue;
      std::string name = toString(role).str();
      std::string pattern = isPerLayer(role) ? "layers.{layer}." + name : name;
      description.weights.names[name] = pattern;
      SmallVector<int64_t, 2> shape = expectedShape(role, description);
      int64_t count = isPerLayer(role) ? description.distinctLayers() : 1;
      for (int64_t layer = 0; layer < count; ++layer)
        if (isNeeded(role, description, layer))
          tensors.push_back({expandPattern(pattern, layer, description),
                             "F32",
                             {shape.begin(), shape.end()},
                             ""});
    }
    LoadedModel model;
    model.directory = directory.path();
    model.weights = std::make_unique<WeightStore>(valueOf(WeightStore::open(
        directory.write("model.safetensors", makeSafetensors(tensors)))));
    model.resolved =
        valueOf(ResolvedWeights::resolve(description, *model.weights));
    model.description = std::move(description);
    module = valueOf(importModel(context, model));
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;

private:
  TempDirectory directory;
};
} // namespace

TEST(Variants, PreNorm) {
  ModelDescription model = tinyBert();
  model.norm.placement = NormPlacement::Pre;
  model.norm.embeddingNorm = false;
  model.norm.finalNorm = true;
  Described described(model);
  ModuleOp module = *described.module;
  EXPECT_EQ(count<LayerNormOp>(module), 2u * 2 + 1);
  // The result is the final norm's.
  Operation *terminator = getForward(module).front().getTerminator();
  EXPECT_TRUE(terminator->getOperand(0).getDefiningOp<LayerNormOp>());
  fuse(module);
  EXPECT_EQ(count<AttentionOp>(module), 2u);
  // Sums that are used as residuals too end the regions of linear maps.
  unsigned residuals = 0;
  module.walk([&](FusedOp op) {
    Block &body = op.getBody().front();
    if (!body.getOps<LinearOp>().empty())
      residuals += llvm::range_size(body.getOps<AddOp>());
  });
  EXPECT_EQ(residuals, 4u);
}

TEST(Variants, GatedFeedForward) {
  ModelDescription model = tinyBert();
  model.ffn.gated = true;
  model.ffn.activation = Activation::Silu;
  model.ffn.inputBias = false;
  Described described(model);
  ModuleOp module = *described.module;
  EXPECT_EQ(count<MulOp>(module), 2u);
  EXPECT_EQ(count<SiluOp>(module), 2u);
  module.walk([](MulOp op) {
    EXPECT_TRUE(op.getLhs().getDefiningOp<SiluOp>());
    EXPECT_TRUE(op.getRhs().getDefiningOp<MatmulOp>());
  });
  fuse(module);
  // Gate with its activation and the product run in one region.
  module.walk([](SiluOp op) {
    Block &body = *op->getBlock();
    EXPECT_FALSE(body.getOps<LinearOp>().empty());
    EXPECT_FALSE(body.getOps<MulOp>().empty());
  });
}

TEST(Variants, WithoutSomeBiases) {
  ModelDescription model = tinyBert();
  model.attention.keyBias = false;
  Described described(model);
  ModuleOp module = *described.module;
  fuse(module);
  EXPECT_EQ(count<AttentionOp>(module), 2u);
  // Projections of which some have a bias stay apart.
  EXPECT_EQ(count<SliceOp>(module), 0u);
  EXPECT_EQ(count<LinearOp>(module), 2u * 6 + 1);
}

TEST(Variants, ScaledEmbeddingsWithoutPositions) {
  ModelDescription model = tinyBert();
  model.position.kind = PositionKind::None;
  model.embedding.scale = 4.0;
  model.pooler = PoolerKind::None;
  Described described(model);
  ModuleOp module = *described.module;
  EXPECT_EQ(count<PositionsOp>(module), 0u);
  EXPECT_EQ(count<EmbeddingOp>(module), 2u);
  EXPECT_EQ(count<ScaleOp>(module), 1u + 2);
  // Without a table of positions there is no longest sequence.
  EXPECT_TRUE(module->getAttrOfType<DictionaryAttr>(kMaxDimsAttr).empty());
}

TEST(Variants, SegmentsWithoutAnInput) {
  ModelDescription model = tinyBert();
  model.inputs.tokenTypeIds.clear();
  Described described(model);
  ModuleOp module = *described.module;
  EXPECT_EQ(getForward(module).getNumArguments(), 2u);
  EXPECT_EQ(count<EmbeddingOp>(module), 2u);
  // The first row of the table is all that is needed of it.
  auto row = module.lookupSymbol<WeightOp>("embedding.segment[0]");
  ASSERT_TRUE(row);
  EXPECT_EQ(cast<RankedTensorType>(row.getType()).getShape(),
            ArrayRef<int64_t>(8));
}

TEST(Variants, AttentionOfAnotherWidth) {
  ModelDescription model = tinyBert();
  model.attention.heads = model.attention.kvHeads = 3;
  model.attention.headDim = 5;
  model.attention.scale = 1.0;
  Described described(model);
  ModuleOp module = *described.module;
  EXPECT_EQ(count<ScaleOp>(module), 0u);
  fuse(module);
  module.walk([](AttentionOp op) {
    EXPECT_EQ(op.getHeads(), 3u);
    EXPECT_EQ(op.getHeadDim(), 5);
    EXPECT_EQ(op.getScale().convertToFloat(), 1.0f);
  });
  EXPECT_EQ(count<AttentionOp>(module), 2u);
}
