//===- AutoscheduleTest.cpp - Kernels that Halide schedules itself --------===//
#include "KernelTestSupport.h"
#include "attune/Backend/Halide/HalideBackend.h"
#include "attune/Backend/LLVM/LLVMBackend.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace mlir;
using namespace attune;

namespace {

/// Those whose plugins are there, by number.
SmallVector<int64_t> getAutoschedulers() {
  SmallVector<int64_t> numbers;
  DialectRegistry registry;
  registry.insert<AttuneDialect>();
  MLIRContext context(registry);
  auto module = parseSourceString<ModuleOp>(
      "attune.kernel @relu(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {\n"
      "  %0 = attune.relu %x : tensor<?x8xf32>\n"
      "  attune.yield %0 : tensor<?x8xf32>\n}",
      ParserConfig(&context));
  KernelOp kernel = *module->getOps<KernelOp>().begin();
  for (const Knob &knob : createHalideBackend()->getKnobs(kernel, TargetDesc()))
    if (knob.name == "autoscheduler")
      numbers.append(knob.choices.begin(), knob.choices.end());
  llvm::erase(numbers, 0);
  return numbers;
}

Schedule withAutoscheduler(int64_t number) {
  return Schedule().set("autoscheduler", number);
}

std::string getName(const testing::TestParamInfo<int64_t> &info) {
  return "Number" + std::to_string(info.param);
}

class AutoscheduleTest : public testing::TestWithParam<int64_t> {};

// Every size is right: those for which the schedule found is not fit, too.
TEST_P(AutoscheduleTest, Elementwise) {
  KernelUnderTest kernel(
      "attune.kernel @sum(%x: tensor<?x?xf32>, %y: tensor<?x?xf32>) -> "
      "tensor<?x?xf32> {\n"
      "  %0 = attune.gelu %x : tensor<?x?xf32>\n"
      "  %1 = attune.add %0, %y : (tensor<?x?xf32>, tensor<?x?xf32>) -> "
      "tensor<?x?xf32>\n"
      "  attune.yield %1 : tensor<?x?xf32>\n}",
      getRunnableTargets().back() + "/halide", {},
      withAutoscheduler(GetParam()));
  for (auto [rows, columns] : {std::pair<int64_t, int64_t>(0, 5),
                               {1, 1},
                               {1, 7},
                               {3, 1},
                               {1, 300},
                               {300, 1},
                               {16, 16},
                               {17, 31},
                               {150, 200}})
    kernel.check({randomFloats({rows, columns}, 1, -4, 4),
                  randomFloats({rows, columns}, 2)},
                 1e-6, 2);
}

TEST_P(AutoscheduleTest, Linear) {
  for (auto [n, k] : {std::pair<int64_t, int64_t>(3, 5), {70, 24}, {96, 64}}) {
    std::string x = llvm::formatv("tensor<?x{0}xf32>", k);
    std::string y = llvm::formatv("tensor<?x{0}xf32>", n);
    std::string w = llvm::formatv("tensor<{0}x{1}xf32>", n, k);
    std::string b = llvm::formatv("tensor<{0}xf32>", n);
    std::string text = llvm::formatv(
        "attune.kernel @linear(%x: {0}, %w: {1}, %b: {2}, %r: {3}) -> {3} {{\n"
        "  %0 = attune.linear %x, %w bias(%b : {2}) : ({0}, {1}) -> {3}\n"
        "  %1 = attune.relu %0 : {3}\n"
        "  %2 = attune.add %1, %r : ({3}, {3}) -> {3}\n"
        "  attune.yield %2 : {3}\n}",
        x, w, b, y);
    KernelUnderTest kernel(text, getRunnableTargets().back() + "/halide", {},
                           withAutoscheduler(GetParam()));
    for (int64_t m : {0, 1, 2, 7, 16, 33, 128, 200})
      kernel.check({randomFloats({m, k}, 1), randomFloats({n, k}, 2, -0.2, 0.2),
                    randomFloats({n}, 3), randomFloats({m, n}, 4)},
                   1e-5, 2);
  }
}

TEST_P(AutoscheduleTest, Matmul) {
  constexpr int64_t slow = 2; // Adams2019 searches for seconds
  for (bool transposed : {false, true}) {
    if (transposed && GetParam() == slow)
      continue;
    KernelUnderTest kernel(
        llvm::formatv("attune.kernel @matmul(%a: tensor<?x2x?x?xf32>, %b: "
                      "tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32> {{\n"
                      "  %0 = attune.matmul %a, %b {0} : (tensor<?x2x?x?xf32>, "
                      "tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>\n"
                      "  attune.yield %0 : tensor<?x2x?x?xf32>\n}",
                      transposed ? "{transpose_rhs}" : "")
            .str(),
        getRunnableTargets().back() + "/halide", {},
        withAutoscheduler(GetParam()));
    for (auto [batch, m, n, k] :
         {std::tuple<int64_t, int64_t, int64_t, int64_t>(1, 1, 1, 1),
          {2, 5, 3, 0},
          {1, 17, 40, 9},
          {3, 64, 128, 32},
          {1, 130, 140, 20}}) {
      SmallVector<int64_t> right = {batch, 2, k, n};
      if (transposed)
        std::swap(right[2], right[3]);
      kernel.check({randomFloats({batch, 2, m, k}, 1),
                    randomFloats(right, 2, -0.5, 0.5)},
                   1e-5, 2);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Numbers, AutoscheduleTest,
                         testing::ValuesIn(getAutoschedulers()), getName);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(AutoscheduleTest);

/// Compiles a kernel; what is said when that fails.
std::string compileKernelOf(StringRef text, const Schedule &schedule) {
  DialectRegistry registry;
  registerLLVMBackendDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  std::string messages;
  context.getDiagEngine().registerHandler([&](Diagnostic &diagnostic) {
    messages += diagnostic.str();
    return success();
  });
  auto module = parseSourceString<ModuleOp>(text, ParserConfig(&context));
  auto target = llvm::cantFail(getTarget("x86-64-v3"));
  KernelRunner::Options options;
  options.schedule = schedule;
  auto backend = createHalideBackend();
  auto runner = KernelRunner::create(*module->getOps<KernelOp>().begin(),
                                     *backend, target, options);
  if (runner)
    return "";
  llvm::consumeError(runner.takeError());
  return messages;
}

TEST(Autoschedule, UnknownNumber) {
  std::string text = "attune.kernel @k(%x: tensor<?x8xf32>) -> tensor<?x8xf32> "
                     "{\n  %0 = attune.relu %x : tensor<?x8xf32>\n"
                     "  attune.yield %0 : tensor<?x8xf32>\n}";
  EXPECT_NE(compileKernelOf(text, withAutoscheduler(9))
                .find("there is no autoscheduler 9"),
            std::string::npos);
}

} // namespace
