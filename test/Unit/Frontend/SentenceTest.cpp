//===- SentenceTest.cpp - Sentence embeddings -----------------------------===//
#include "FrontendTestSupport.h"

using namespace mlir;
using namespace attune;
using namespace attune::test;

/// A loaded BERT whose sentence embedding is made as `sentence` says.
static llvm::Expected<OwningOpRef<ModuleOp>>
importWith(SmallModel &small, SentenceDescription sentence) {
  LoadedModel model = small.load();
  model.description.sentence = std::move(sentence);
  return importModel(small.context, model);
}

TEST(Sentence, MeanAndNormalize) {
  SmallModel small(bertConfig(1));
  auto module = valueOf(
      importWith(small, {{SentencePoolingMode::Mean}, /*normalize=*/true, 0}));
  func::FuncOp forward = getForward(*module);
  EXPECT_EQ(resultNames(forward),
            (std::vector<std::string>{"last_hidden_state", "pooler_output",
                                      "sentence_embedding"}));
  EXPECT_EQ(count<L2NormalizeOp>(*module), 1u);
  unsigned pools = 0;
  module->walk([&](PoolOp op) {
    ++pools;
    EXPECT_EQ(op.getMode(), PoolMode::Mean);
    EXPECT_EQ(op.getMask(), forward.getArgument(1));
  });
  EXPECT_EQ(pools, 1u);
}

TEST(Sentence, OtherModes) {
  SmallModel small(bertConfig(1));
  for (auto [mode, expected] :
       {std::pair(SentencePoolingMode::Max, PoolMode::Max),
        {SentencePoolingMode::MeanSqrtLength, PoolMode::MeanSqrt}}) {
    auto module = valueOf(importWith(small, {{mode}, false, 0}));
    module->walk([&, expected = expected](PoolOp op) {
      EXPECT_EQ(op.getMode(), expected);
    });
    EXPECT_EQ(count<PoolOp>(*module), 1u);
    EXPECT_EQ(count<L2NormalizeOp>(*module), 0u);
  }
}

TEST(Sentence, FirstToken) {
  SmallModel small(bertConfig(1));
  auto module =
      valueOf(importWith(small, {{SentencePoolingMode::Cls}, false, 0}));
  EXPECT_EQ(count<PoolOp>(*module), 0u);
  EXPECT_EQ(count<SelectOp>(*module), 2u);
  // A part of the hidden states cannot be a result: it is copied.
  fuse(*module);
  auto returned = getForward(*module).getBody().front().getTerminator();
  EXPECT_TRUE(returned->getOperand(2).getDefiningOp<FusedOp>());
}

TEST(Sentence, ModesWithoutCode) {
  SmallModel small(bertConfig(1));
  expectUnsupported(failureOf(importWith(
                        small, {{SentencePoolingMode::LastToken}, false, 0})),
                    {"last_token"});
  expectUnsupported(
      failureOf(importWith(
          small,
          {{SentencePoolingMode::Mean, SentencePoolingMode::Max}, false, 0})),
      {"2 pooling modes"});
}
