//===- LaunchShapesTest.cpp - Sizes at which kernels are launched ---------===//
#include "attune/Kernel/LaunchShapes.h"
#include "attune/Support/Error.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace attune;

namespace {

using Shapes = std::vector<std::vector<int64_t>>;

const char *const kText = R"(
attune.kernel @linear(%x: tensor<?x?x4xf32>, %w: tensor<8x4xf32>) -> tensor<?x?x8xf32> {
  %0 = attune.linear %x, %w : (tensor<?x?x4xf32>, tensor<8x4xf32>) -> tensor<?x?x8xf32>
  attune.yield %0 : tensor<?x?x8xf32>
}
attune.kernel @act(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %0 = attune.relu %x : tensor<?x4xf32>
  attune.yield %0 : tensor<?x4xf32>
}
attune.kernel @unused(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %0 = attune.tanh %x : tensor<?x4xf32>
  attune.yield %0 : tensor<?x4xf32>
}
func.func @forward(%x: tensor<?x?x4xf32> {attune.dims = ["batch", "length", ""]}, %y: tensor<?x4xf32> {attune.dims = ["batch", ""]}) -> (tensor<?x?x8xf32>, tensor<?x4xf32>) {
  %w = attune.load_weight @w : tensor<8x4xf32>
  %a = attune.launch @act(%y) : (tensor<?x4xf32>) -> tensor<?x4xf32> loc("pooler")
  %0 = attune.launch @linear(%x, %w) : (tensor<?x?x4xf32>, tensor<8x4xf32>) -> tensor<?x?x8xf32> loc("layer.0.dense")
  %f = attune.reshape %x {shape = array<i64: -1, 4>} : tensor<?x?x4xf32> -> tensor<?x4xf32>
  %b = attune.launch @act(%f) : (tensor<?x4xf32>) -> tensor<?x4xf32> loc("layer.0.act")
  return %0, %b : tensor<?x?x8xf32>, tensor<?x4xf32>
}
attune.weight @w : tensor<8x4xf32> from [#attune.piece<"w", 0, f32, 32>]
)";

class LaunchShapesTest : public ::testing::Test {
protected:
  LaunchShapesTest() {
    context.loadDialect<AttuneDialect, func::FuncDialect>();
  }
  func::FuncOp parse(StringRef text) {
    module = parseSourceString<ModuleOp>(text, ParserConfig(&context));
    EXPECT_TRUE(module) << text.str();
    return module ? findModelFunction(*module) : func::FuncOp();
  }
  std::string refuse(StringRef text, const llvm::StringMap<int64_t> &symbols) {
    auto launches = evaluateLaunchShapes(parse(text), symbols);
    if (launches) {
      ADD_FAILURE() << "no error";
      return "";
    }
    llvm::Error error = launches.takeError();
    EXPECT_EQ(exitCodeFor(error), ExitUserError);
    return llvm::toString(std::move(error));
  }
  MLIRContext context;
  OwningOpRef<ModuleOp> module;
};

TEST_F(LaunchShapesTest, EvaluatesWhatLaunchesReadAndWrite) {
  auto launches =
      evaluateLaunchShapes(parse(kText), {{"batch", 3}, {"length", 5}});
  ASSERT_TRUE(static_cast<bool>(launches))
      << llvm::toString(launches.takeError());
  ASSERT_EQ(launches->size(), 3u);
  EXPECT_EQ((*launches)[0].shapes, (Shapes{{3, 4}, {3, 4}}));
  EXPECT_EQ((*launches)[1].launch.getKernel(), "linear");
  EXPECT_EQ((*launches)[1].shapes, (Shapes{{3, 5, 4}, {8, 4}, {3, 5, 8}}));
  EXPECT_EQ((*launches)[2].shapes, (Shapes{{15, 4}, {15, 4}}));
}

TEST_F(LaunchShapesTest, UsesAreThoseOfTheLargestLaunch) {
  func::FuncOp function = parse(kText);
  auto uses = getKernelUses(*module, function, {{"batch", 3}, {"length", 5}});
  ASSERT_TRUE(static_cast<bool>(uses)) << llvm::toString(uses.takeError());
  ASSERT_EQ(uses->size(), 3u);
  EXPECT_EQ((*uses)[0].where, "layer.0.dense");
  EXPECT_EQ((*uses)[0].launches, 1);
  EXPECT_EQ((*uses)[1].kernel.getSymName(), "act");
  EXPECT_EQ((*uses)[1].launches, 2);
  EXPECT_EQ((*uses)[1].where, "pooler");
  EXPECT_EQ((*uses)[1].shapes, (Shapes{{15, 4}, {15, 4}}));
  EXPECT_EQ((*uses)[2].launches, 0);
  EXPECT_TRUE((*uses)[2].shapes.empty());
}

TEST_F(LaunchShapesTest, SymbolsComeInOrder) {
  SmallVector<std::string> symbols = getSymbols(parse(kText));
  EXPECT_EQ(symbols, (SmallVector<std::string>{"batch", "length"}));
}

TEST_F(LaunchShapesTest, SaysWhatHasNoSize) {
  EXPECT_NE(refuse(kText, {{"batch", 1}}).find("no value for 'length'"),
            std::string::npos);
  EXPECT_NE(refuse("func.func @f(%x: tensor<?xf32>) { return }", {})
                .find("'attune.dims' gives it no name"),
            std::string::npos);
  EXPECT_NE(
      refuse("func.func @f(%x: memref<4xf32>) { return }", {}).find("tensors"),
      std::string::npos);
  // More than can be counted.
  EXPECT_NE(
      refuse(kText, {{"batch", int64_t(1) << 40}, {"length", int64_t(1) << 40}})
          .find("no size that can be computed"),
      std::string::npos);
  // What an op of another dialect gives.
  EXPECT_NE(refuse("func.func private @g() -> tensor<?x4xf32>\n"
                   "func.func @f() -> tensor<?x4xf32> {\n"
                   "  %0 = func.call @g() : () -> tensor<?x4xf32>\n"
                   "  return %0 : tensor<?x4xf32>\n}",
                   {})
                .find("'func.call'"),
            std::string::npos);
}

} // namespace
