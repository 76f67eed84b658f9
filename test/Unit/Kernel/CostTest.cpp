//===- CostTest.cpp - FLOPs and bytes of a model --------------------------===//
#include "attune/Kernel/Cost.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace attune;

namespace {

constexpr const char *kText = R"(
attune.weight @w : tensor<8x4xf32> from [#attune.piece<"x", 0, f32, 32>]
attune.kernel @linear(%a: tensor<?x?x4xf32>, %b: tensor<8x4xf32>) -> tensor<?x?x8xf32> {
  %0 = attune.linear %a, %b : (tensor<?x?x4xf32>, tensor<8x4xf32>) -> tensor<?x?x8xf32>
  %1 = attune.relu %0 : tensor<?x?x8xf32>
  attune.yield %1 : tensor<?x?x8xf32>
}
func.func @plain(%x: tensor<?x?x4xf32> {attune.dims = ["batch", "length", ""]}) -> tensor<?x?x8xf32> {
  %w = attune.load_weight @w : tensor<8x4xf32>
  %0 = attune.linear %x, %w : (tensor<?x?x4xf32>, tensor<8x4xf32>) -> tensor<?x?x8xf32>
  %1 = attune.relu %0 : tensor<?x?x8xf32>
  return %1 : tensor<?x?x8xf32>
}
func.func @fused(%x: tensor<?x?x4xf32> {attune.dims = ["batch", "length", ""]}) -> tensor<?x?x8xf32> {
  %w = attune.load_weight @w : tensor<8x4xf32>
  %0 = attune.fused(%a = %x, %b = %w) : (tensor<?x?x4xf32>, tensor<8x4xf32>) -> tensor<?x?x8xf32> {
    %1 = attune.linear %a, %b : (tensor<?x?x4xf32>, tensor<8x4xf32>) -> tensor<?x?x8xf32>
    %2 = attune.relu %1 : tensor<?x?x8xf32>
    attune.yield %2 : tensor<?x?x8xf32>
  }
  return %0 : tensor<?x?x8xf32>
}
func.func @launched(%x: tensor<?x?x4xf32> {attune.dims = ["batch", "length", ""]}) -> tensor<?x?x8xf32> {
  %w = attune.load_weight @w : tensor<8x4xf32>
  %0 = attune.launch @linear(%x, %w) : (tensor<?x?x4xf32>, tensor<8x4xf32>) -> tensor<?x?x8xf32>
  return %0 : tensor<?x?x8xf32>
}
attune.weight @table : tensor<1000x8xf32> from [#attune.piece<"x", 0, f32, 8000>]
attune.kernel @embedding(%a: tensor<?x?xi64>, %b: tensor<1000x8xf32>) -> tensor<?x?x8xf32> {
  %0 = attune.embedding %a, %b : (tensor<?x?xi64>, tensor<1000x8xf32>) -> tensor<?x?x8xf32>
  attune.yield %0 : tensor<?x?x8xf32>
}
func.func @lookup(%x: tensor<?x?xi64> {attune.dims = ["batch", "length"]}) -> tensor<?x?x8xf32> {
  %w = attune.load_weight @table : tensor<1000x8xf32>
  %0 = attune.launch @embedding(%x, %w) : (tensor<?x?xi64>, tensor<1000x8xf32>) -> tensor<?x?x8xf32>
  return %0 : tensor<?x?x8xf32>
}
func.func @lookup_unfused(%x: tensor<?x?xi64> {attune.dims = ["batch", "length"]}) -> tensor<?x?x8xf32> {
  %w = attune.load_weight @table : tensor<1000x8xf32>
  %0 = attune.embedding %x, %w : (tensor<?x?xi64>, tensor<1000x8xf32>) -> tensor<?x?x8xf32>
  return %0 : tensor<?x?x8xf32>
}
)";

class CostTest : public ::testing::Test {
protected:
  CostTest() {
    context.loadDialect<AttuneDialect, func::FuncDialect>();
    module = parseSourceString<ModuleOp>(kText, ParserConfig(&context));
  }
  CostAnalysis analyse(StringRef name) {
    return CostAnalysis(module->lookupSymbol<func::FuncOp>(name));
  }
  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  DimExpr rows = DimExpr::symbol("batch") * DimExpr::symbol("length");
};

TEST_F(CostTest, FusionSavesTrafficAndNoArithmetic) {
  ASSERT_TRUE(module);
  CostAnalysis plain = analyse("plain"), fused = analyse("fused"),
               launched = analyse("launched");
  DimExpr flops = rows * 8 * 4 * 2 + rows * 8;
  for (const CostAnalysis *cost : {&plain, &fused, &launched}) {
    EXPECT_EQ(cost->getTotal().flops, flops) << cost->getTotal().flops.str();
    EXPECT_EQ(cost->getTotal().weightBytes, DimExpr(8 * 4 * 4));
    EXPECT_EQ(cost->getCounts().at("linear"), 1);
    EXPECT_EQ(cost->getCounts().at("relu"), 1);
  }
  // The input and the result; unfused, the product is written and read too.
  EXPECT_EQ(fused.getTotal().activationBytes, rows * (4 + 8) * 4);
  EXPECT_EQ(launched.getTotal().activationBytes, rows * (4 + 8) * 4);
  EXPECT_EQ(plain.getTotal().activationBytes, rows * (4 + 3 * 8) * 4);
  EXPECT_EQ(plain.getOps().size(), 2u);
  EXPECT_EQ(fused.getOps().size(), 1u);
}

/// A look-up reads the rows that are asked for, not the table.
TEST_F(CostTest, LookUpsReadRows) {
  ASSERT_TRUE(module);
  for (StringRef name : {"lookup", "lookup_unfused"}) {
    Cost cost = analyse(name).getTotal();
    EXPECT_EQ(cost.weightBytes, rows * 8 * 4) << cost.weightBytes.str();
    EXPECT_EQ(cost.activationBytes, rows * 8 + rows * 8 * 4);
  }
}

} // namespace
