//===- FuseModelTest.cpp - Whole models through the fusions ---------------===//
#include "FrontendTestSupport.h"
#include "attune/Dialect/Attune/Transforms/Pipelines.h"

using namespace mlir;
using namespace attune;
using namespace attune::test;

namespace {
struct Family {
  const char *name;
  std::string (*config)(int layers);
  bool hasPooler;
};

std::string bert(int layers) { return bertConfig(layers); }

class FuseModel : public testing::TestWithParam<Family> {
protected:
  OwningOpRef<ModuleOp> fused(SmallModel &small) {
    OwningOpRef<ModuleOp> module = small.import();
    fuse(*module);
    return module;
  }
};
} // namespace

TEST_P(FuseModel, OneAttentionALayer) {
  SmallModel small(GetParam().config(3));
  OwningOpRef<ModuleOp> module = fused(small);
  EXPECT_EQ(count<AttentionOp>(*module), 3u);
  EXPECT_EQ(count<SoftmaxOp>(*module), 0u);
  EXPECT_EQ(count<MatmulOp>(*module), 0u);
  EXPECT_EQ(count<TransposeOp>(*module), 0u);
  // Merged projections, the attention's output and two of the feed-forward
  // layer; the pooler, and ALBERT's projection of the embeddings.
  unsigned outside = GetParam().hasPooler;
  outside += StringRef(GetParam().name) == "albert";
  EXPECT_EQ(count<LinearOp>(*module), 3u * 4 + outside);
}

TEST_P(FuseModel, EverythingIsInARegion) {
  SmallModel small(GetParam().config(1));
  OwningOpRef<ModuleOp> module = fused(small);
  for (Operation &op : getForward(*module).getBody().front()) {
    EXPECT_FALSE((isa<KernelOpInterface, ElementwiseOpInterface>(op)))
        << op.getName().getStringRef().str();
    if (isa<FusedOp>(op))
      EXPECT_NE(locationOf(&op), "");
  }
}

TEST_P(FuseModel, ResidualsJoinTheLinearMaps) {
  SmallModel small(GetParam().config(1));
  OwningOpRef<ModuleOp> module = fused(small);
  unsigned residuals = 0;
  module->walk([&](FusedOp fused) {
    Block &body = fused.getBody().front();
    bool linear = !body.getOps<LinearOp>().empty();
    if (linear)
      residuals += llvm::range_size(body.getOps<AddOp>());
  });
  EXPECT_EQ(residuals, 2u);
}

TEST_P(FuseModel, KernelsDoNotGrowWithLayers) {
  unsigned kernels[2], launches[2];
  for (int i : {0, 1}) {
    SmallModel small(GetParam().config(i == 0 ? 2 : 4));
    OwningOpRef<ModuleOp> module = fused(small);
    outline(*module);
    EXPECT_EQ(count<FusedOp>(*module), 0u);
    kernels[i] = count<KernelOp>(*module);
    launches[i] = count<LaunchOp>(*module);
  }
  EXPECT_EQ(kernels[0], kernels[1]);
  // Projections, attention, its output, norm, two of the feed-forward layer,
  // norm.
  EXPECT_EQ(launches[1] - launches[0], 2u * 7);
}

TEST_P(FuseModel, LaunchesKeepTheLayersName) {
  SmallModel small(GetParam().config(2));
  OwningOpRef<ModuleOp> module = fused(small);
  outline(*module);
  std::vector<std::string> names;
  module->walk([&](LaunchOp op) {
    if (op.getKernel() == "attention")
      names.push_back(locationOf(op));
  });
  ASSERT_EQ(names.size(), 2u);
  EXPECT_NE(names[0], names[1]);
  EXPECT_TRUE(StringRef(names[0]).contains("attention"));
}

INSTANTIATE_TEST_SUITE_P(Families, FuseModel,
                         testing::Values(Family{"bert", bert, true},
                                         Family{"roberta", robertaConfig, true},
                                         Family{"distilbert", distilBertConfig,
                                                false},
                                         Family{"albert", albertConfig, true}),
                         [](const auto &info) { return info.param.name; });

TEST(FuseSharedLayers, MergedWeightsAreSharedByAlbertsLayers) {
  SmallModel small(albertConfig(3));
  OwningOpRef<ModuleOp> module = small.import();
  unsigned before = count<WeightOp>(*module);
  fuse(*module);
  // Three weights and three biases became one each.
  EXPECT_EQ(count<WeightOp>(*module), before - 4);
  EXPECT_TRUE(module->lookupSymbol<WeightOp>(
      "encoder.albert_layer_groups.0.albert_layers.0.attention."
      "{query,key,value}.weight"));
}

TEST(FuseModelOptions, FusionsCanBeLeftOut) {
  SmallModel small(bertConfig(1));
  OwningOpRef<ModuleOp> module = small.import();
  fuse(*module, {"attention", "elementwise"});
  EXPECT_EQ(count<AttentionOp>(*module), 0u);
  EXPECT_EQ(count<SoftmaxOp>(*module), 1u);
  module->walk([](FusedOp op) {
    EXPECT_EQ(op.getBody().front().getOperations().size(), 2u);
  });
  EXPECT_EQ(failureOf(checkFuseOptions({{"attention", "atention"}})).exitCode,
            ExitUserError);
  EXPECT_EQ(failureOf(checkFuseOptions({{"attention"}})).exitCode, ExitSuccess);
}
