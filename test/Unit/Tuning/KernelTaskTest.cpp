//===- KernelTaskTest.cpp - A kernel that is to be tuned ------------------===//
#include "attune/Tuning/KernelTask.h"
#include "attune/Support/Error.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace attune;

namespace {

/// Two kernels that compute the same under two names, and one that is launched
/// at two sizes.
const char *const kText = R"(
attune.kernel @dense(%x: tensor<?x4xf32>, %w: tensor<8x4xf32>) -> tensor<?x8xf32>
    attributes {attune.schedule_source = "analytic", backend = "llvm", schedule = {mr = 6 : i64}} {
  %0 = attune.linear %x, %w : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
  %1 = attune.relu %0 : tensor<?x8xf32>
  attune.yield %1 : tensor<?x8xf32>
}
attune.kernel @again(%a: tensor<?x4xf32>, %b: tensor<8x4xf32>) -> tensor<?x8xf32> {
  %0 = attune.linear %a, %b : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32>
  %1 = attune.relu %0 : tensor<?x8xf32>
  attune.yield %1 : tensor<?x8xf32>
}
attune.kernel @lookup(%i: tensor<?xi64>, %t: tensor<100x4xf32>) -> tensor<?x4xf32> {
  %0 = attune.embedding %i, %t : (tensor<?xi64>, tensor<100x4xf32>) -> tensor<?x4xf32>
  attune.yield %0 : tensor<?x4xf32>
}
attune.weight @w : tensor<8x4xf32> from [#attune.piece<"w", 0, f32, 32>]
attune.weight @t : tensor<100x4xf32> from [#attune.piece<"t", 0, f32, 400>]
func.func @forward(%i: tensor<?xi64> {attune.dims = ["length"]}, %s: tensor<?xi64> {attune.dims = ["batch"]}) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %w = attune.load_weight @w : tensor<8x4xf32>
  %t = attune.load_weight @t : tensor<100x4xf32>
  %x = attune.launch @lookup(%i, %t) : (tensor<?xi64>, tensor<100x4xf32>) -> tensor<?x4xf32> loc("embeddings")
  %y = attune.launch @lookup(%s, %t) : (tensor<?xi64>, tensor<100x4xf32>) -> tensor<?x4xf32> loc("sentence")
  %0 = attune.launch @dense(%x, %w) : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32> loc("layer.0.dense")
  %1 = attune.launch @again(%x, %w) : (tensor<?x4xf32>, tensor<8x4xf32>) -> tensor<?x8xf32> loc("layer.1.dense")
  return %0, %1 : tensor<?x8xf32>, tensor<?x8xf32>
}
)";

class KernelTaskTest : public ::testing::Test {
protected:
  KernelTaskTest() {
    context.loadDialect<AttuneDialect, func::FuncDialect>();
    module = parseSourceString<ModuleOp>(kText, ParserConfig(&context));
  }
  MLIRContext context;
  OwningOpRef<ModuleOp> module;
};

TEST_F(KernelTaskTest, EqualKernelsAtEqualSizesAreOne) {
  ASSERT_TRUE(module);
  auto tasks = extractKernelTasks(*module, {{"batch", 2}, {"length", 10}});
  ASSERT_TRUE(static_cast<bool>(tasks)) << llvm::toString(tasks.takeError());
  ASSERT_EQ(tasks->size(), 3u);
  const KernelTask &first = (*tasks)[0], &second = (*tasks)[1],
                   &dense = (*tasks)[2];
  EXPECT_EQ(first.workload.family, "embedding");
  EXPECT_EQ(first.workload.id, second.workload.id);
  EXPECT_EQ(first.shapes, (KernelShapes{{10}, {100, 4}, {10, 4}}));
  EXPECT_EQ(second.shapes, (KernelShapes{{2}, {100, 4}, {2, 4}}));
  EXPECT_EQ(first.where, "embeddings");
  EXPECT_EQ(first.calls, 1);
  // Ids, the rows asked for, the result.
  EXPECT_EQ(first.bytes, 10 * 8.0 + 2 * 10 * 4 * 4.0);
  EXPECT_EQ(first.flops, 0);

  EXPECT_EQ(dense.workload.family, "linear");
  EXPECT_EQ(dense.calls, 2);
  EXPECT_EQ(dense.where, "layer.0.dense");
  EXPECT_EQ(dense.shapes, (KernelShapes{{10, 4}, {8, 4}, {10, 8}}));
  EXPECT_EQ(dense.flops, 10 * 8 * (2.0 * 4 + 1));
  EXPECT_EQ(dense.bytes, 4.0 * (10 * 4 + 8 * 4 + 10 * 8));
  // The text is the kernel, whatever it was called and given.
  auto parsed = parseWorkload(context, dense.workload.text);
  ASSERT_TRUE(static_cast<bool>(parsed)) << llvm::toString(parsed.takeError());
  KernelOp kernel = *parsed->get().getOps<KernelOp>().begin();
  EXPECT_EQ(getWorkload(kernel).id, dense.workload.id);
  EXPECT_FALSE(kernel.getBackend());
  EXPECT_FALSE(kernel.getScheduleAttr());
}

TEST_F(KernelTaskTest, EverySymbolNeedsAValue) {
  ASSERT_TRUE(module);
  auto tasks = extractKernelTasks(*module, {{"batch", 2}});
  ASSERT_FALSE(static_cast<bool>(tasks));
  llvm::Error error = tasks.takeError();
  EXPECT_EQ(exitCodeFor(error), ExitUserError);
  EXPECT_NE(llvm::toString(std::move(error)).find("'length'"),
            std::string::npos);
  auto empty = ModuleOp::create(UnknownLoc::get(&context));
  auto none = extractKernelTasks(empty, {});
  EXPECT_FALSE(static_cast<bool>(none));
  llvm::consumeError(none.takeError());
  empty->erase();
}

TEST_F(KernelTaskTest, KernelsByName) {
  auto task = getKernelTask(context, "gemm:m=10,n=8,k=4,epilogue=relu");
  ASSERT_TRUE(static_cast<bool>(task)) << llvm::toString(task.takeError());
  EXPECT_EQ(task->calls, 1);
  EXPECT_EQ(task->where, "gemm:m=10,n=8,k=4,epilogue=relu");
  EXPECT_EQ(task->shapes, (KernelShapes{{10, 4}, {8, 4}, {10, 8}}));
  // The same kernel as the model's.
  ASSERT_TRUE(module);
  auto tasks = extractKernelTasks(*module, {{"batch", 2}, {"length", 10}});
  ASSERT_TRUE(static_cast<bool>(tasks)) << llvm::toString(tasks.takeError());
  EXPECT_EQ(task->workload.id, tasks->back().workload.id);
  EXPECT_EQ(task->flops, tasks->back().flops);
  EXPECT_EQ(task->bytes, tasks->back().bytes);
  auto unknown = getKernelTask(context, "fft:n=8");
  ASSERT_FALSE(static_cast<bool>(unknown));
  EXPECT_NE(llvm::toString(unknown.takeError()).find("unknown kernel 'fft'"),
            std::string::npos);
}

} // namespace
