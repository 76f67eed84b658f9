//===- MeasureTest.cpp - Timing candidates --------------------------------===//
#include "MeasureTestSupport.h"
#include "attune/Compiler/Backends.h"
#include "attune/Compiler/Compilation.h"
#include "mlir/IR/MLIRContext.h"

using namespace mlir;
using namespace attune;

namespace {

/// A context, a kernel named on a command line, and its schedules.
class MeasureTest : public ::testing::Test {
protected:
  MeasureTest() : context(makeRegistry(), MLIRContext::Threading::DISABLED) {
    context.loadAllAvailableDialects();
    backend = findBackend("llvm");
  }

  static DialectRegistry makeRegistry() {
    DialectRegistry registry;
    registerCompilerDialects(registry);
    return registry;
  }

  KernelTask getTask(llvm::StringRef spec) {
    llvm::Expected<KernelTask> task = getKernelTask(context, spec);
    if (task)
      return std::move(*task);
    ADD_FAILURE() << llvm::toString(task.takeError());
    return {};
  }

  /// The default schedule, then up to `count` others that fit.
  std::vector<Candidate> getCandidates(const KernelTask &task, size_t count) {
    auto module = parseWorkload(context, task.workload.text);
    if (!module) {
      ADD_FAILURE() << llvm::toString(module.takeError());
      return {};
    }
    KernelOp kernel = *(*module)->getOps<KernelOp>().begin();
    Schedule schedule = backend->getDefaultSchedule(kernel, target);
    std::vector<Candidate> candidates{{"llvm", schedule, "default"}};
    for (const Knob &knob : backend->getKnobs(kernel, target))
      for (int64_t choice : knob.choices) {
        Candidate other{"llvm", schedule, "coordinate"};
        other.schedule.set(knob.name, choice);
        std::string reason;
        if (candidates.size() <= count &&
            !llvm::any_of(
                candidates,
                [&](const Candidate &known) { return known.isSame(other); }) &&
            succeeded(backend->verifySchedule(kernel, other.schedule, target,
                                              reason)))
          candidates.push_back(other);
      }
    return candidates;
  }

  std::vector<Measurement> measure(const KernelTask &task,
                                   const Candidate &reference,
                                   llvm::ArrayRef<Candidate> candidates,
                                   const MeasureOptions &options) {
    std::vector<std::unique_ptr<Runner>> runners;
    runners.push_back(createLocalRunner());
    auto measurer =
        createMeasurer(target, std::move(runners), nullptr, getTestTools());
    auto results = measurer->measure(task, reference, candidates, options);
    if (results)
      return std::move(*results);
    ADD_FAILURE() << llvm::toString(results.takeError());
    return {};
  }

  void expectMeasured(const Measurement &result, double tolerance) {
    EXPECT_EQ(result.status, TrialStatus::Ok) << result.detail;
    EXPECT_LE(result.error, tolerance);
    EXPECT_GT(result.time.samples, 0);
    EXPECT_GT(result.time.min, 0);
    EXPECT_LE(result.time.min, result.time.quartile1);
    EXPECT_LE(result.time.quartile1, result.time.median);
    EXPECT_LE(result.time.median, result.time.quartile3);
    EXPECT_GT(result.speedup, 0);
  }

  MLIRContext context;
  TargetDesc target = getTestTarget();
  const Backend *backend;
};

TEST_F(MeasureTest, SchedulesOfAProduct) {
  KernelTask task = getTask("gemm:m=70,n=50,k=33");
  std::vector<Candidate> all = getCandidates(task, 3);
  ASSERT_EQ(all.size(), 4u);
  MeasureOptions options = getTestOptions();
  options.jobs = 2;
  options.threads = 2;
  std::vector<Measurement> results =
      measure(task, all.front(), llvm::ArrayRef(all).drop_front(), options);
  ASSERT_EQ(results.size(), 4u);
  for (const Measurement &result : results) {
    expectMeasured(result, 1e-5);
    EXPECT_EQ(result.time.samples, 3);
  }
  EXPECT_EQ(results.front().error, 0);
  EXPECT_EQ(results.front().speedup, 1);
}

TEST_F(MeasureTest, OtherFamilies) {
  for (const char *spec : {"attention:b=2,h=2,q=9,k=17,d=8",
                           "attention:b=2,h=2,q=9,k=17,d=8,mask=1",
                           "embedding:rows=10,vocabulary=11,columns=24",
                           "layer_norm:rows=5,columns=40,residual=1"}) {
    SCOPED_TRACE(spec);
    llvm::Expected<KernelTask> task = getKernelTask(context, spec);
    if (!task) {
      ADD_FAILURE() << llvm::toString(task.takeError());
      continue;
    }
    std::vector<Candidate> all = getCandidates(*task, 1);
    std::vector<Measurement> results = measure(
        *task, all.front(), llvm::ArrayRef(all).drop_front(), getTestOptions());
    ASSERT_EQ(results.size(), all.size());
    for (const Measurement &result : results)
      expectMeasured(result, 1e-5);
  }
}

TEST_F(MeasureTest, ColdCaches) {
  KernelTask task = getTask("gemm:m=8,n=16,k=16");
  MeasureOptions options = getTestOptions();
  options.coldCaches = true;
  options.rounds = 1;
  std::vector<Measurement> results =
      measure(task, getCandidates(task, 0).front(), {}, options);
  ASSERT_EQ(results.size(), 1u);
  expectMeasured(results.front(), 0);
}

/// Every copy of the weights gives the same results, in each layout.
TEST_F(MeasureTest, CopiesOfWeights) {
  KernelTask task = getTask("gemm:m=5,n=50,k=33");
  std::vector<Candidate> all = getCandidates(task, 1);
  Candidate other = all.front();
  other.schedule.set("panel", 48).set("nv", 1).set("nc", 48);
  all.push_back(other);
  MeasureOptions options = getTestOptions();
  options.killRatio = 1e9;
  for (int64_t bytes : {1, 40000, 10000000}) {
    SCOPED_TRACE(bytes);
    options.weightBytes = bytes;
    std::vector<Measurement> results =
        measure(task, all.front(), llvm::ArrayRef(all).drop_front(), options);
    ASSERT_EQ(results.size(), all.size());
    for (const Measurement &result : results)
      expectMeasured(result, 1e-5);
  }
}

TEST_F(MeasureTest, WhatDoesNotCompile) {
  KernelTask task = getTask("gemm:m=8,n=16,k=16");
  Candidate reference = getCandidates(task, 0).front();
  Candidate unfit = reference, foreign = reference;
  unfit.schedule.set("mr", -3);
  foreign.backend = "vax";
  // What does not compile is told before anything has run.
  std::vector<size_t> told;
  MeasureOptions options = getTestOptions();
  options.ended = [&](size_t place, const Measurement &) {
    told.push_back(place);
  };
  std::vector<Measurement> results =
      measure(task, reference, {unfit, foreign, reference}, options);
  EXPECT_EQ(told, (std::vector<size_t>{1, 2, 0, 3}));
  ASSERT_EQ(results.size(), 4u);
  EXPECT_EQ(results[1].status, TrialStatus::CompileFailed);
  EXPECT_NE(results[1].detail, "");
  EXPECT_EQ(results[2].status, TrialStatus::CompileFailed);
  EXPECT_EQ(results[2].detail, "this build has no backend 'vax'");
  expectMeasured(results[3], 0);

  std::vector<std::unique_ptr<Runner>> runners;
  runners.push_back(createLocalRunner());
  auto measurer =
      createMeasurer(target, std::move(runners), nullptr, getTestTools());
  auto none = measurer->measure(task, foreign, {}, getTestOptions());
  ASSERT_FALSE(bool(none));
  EXPECT_EQ(llvm::toString(none.takeError()),
            "the reference schedule of backend 'vax' does not compile: this "
            "build has no backend 'vax'");
}

TEST_F(MeasureTest, Stopped) {
  KernelTask task = getTask("gemm:m=8,n=16,k=16");
  Candidate reference = getCandidates(task, 0).front();
  std::atomic<bool> stop = true;
  MeasureOptions options = getTestOptions();
  options.stop = &stop;
  std::vector<Measurement> results =
      measure(task, reference, {reference}, options);
  ASSERT_EQ(results.size(), 2u);
  for (const Measurement &result : results) {
    EXPECT_EQ(result.status, TrialStatus::Crashed);
    EXPECT_EQ(result.detail, "interrupted");
  }
}

TEST_F(MeasureTest, OtherArchitectures) {
  llvm::Expected<TargetDesc> other =
      getTarget(target.triple.starts_with("x86_64") ? "aarch64" : "x86-64-v3");
  if (!other) {
    llvm::consumeError(other.takeError());
    GTEST_SKIP() << "no other architecture";
  }
  llvm::Error error =
      linkMeasureProgram({}, {}, *other, getTestTools(), "never-written");
  EXPECT_NE(llvm::toString(std::move(error)).find("cannot be measured"),
            std::string::npos);
}

TEST_F(MeasureTest, OperandsThatKernelsCanTake) {
  KernelTask task = getTask("embedding:rows=10,vocabulary=11,columns=24");
  auto module = parseWorkload(context, task.workload.text);
  ASSERT_TRUE(bool(module)) << llvm::toString(module.takeError());
  KernelOp kernel = *(*module)->getOps<KernelOp>().begin();
  auto operands = describeOperands(kernel, task.shapes);
  ASSERT_TRUE(bool(operands)) << llvm::toString(operands.takeError());
  ASSERT_EQ(operands->size(), 3u);
  for (const AttuneMeasuredOperand &operand : *operands)
    if (operand.type == ATTUNE_I64) {
      EXPECT_EQ(operand.fill, ATTUNE_FILL_UNIFORM);
      EXPECT_EQ(operand.min, 0);
      EXPECT_EQ(operand.max, 10);
    }
  EXPECT_EQ(operands->back().fill, ATTUNE_FILL_NONE);

  KernelShapes wrong = task.shapes;
  wrong.back().back() += 1;
  auto unfit = describeOperands(kernel, wrong);
  ASSERT_FALSE(bool(unfit));
  EXPECT_EQ(llvm::toString(unfit.takeError()),
            "operand 2 does not have the kernel's shape");
}

} // namespace
