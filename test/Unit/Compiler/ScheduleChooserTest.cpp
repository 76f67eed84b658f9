//===- ScheduleChooserTest.cpp - Backend and schedule of kernels ----------===//
#include "attune/Compiler/ScheduleChooser.h"
#include "CompilerTestSupport.h"
#include "attune/Compiler/Backends.h"
#include "attune/Kernel/KernelSpec.h"
#include "attune/Support/Error.h"

using namespace mlir;
using namespace attune;
using namespace attune::test;

namespace {

class ScheduleChooserTest : public CompilerTest {
protected:
  ScheduleChooserTest() : target(llvm::cantFail(getTarget("x86-64-v3"))) {
    context.loadAllAvailableDialects();
    problem = llvm::cantFail(parseKernelSpec(context, "gemm:m=128,n=96,k=64"));
    for (ArrayRef<int64_t> shape : problem.shapes)
      shapes.push_back(shape.vec());
  }

  /// A trial of the kernel on this machine, with another register tile.
  TrialRecord makeRecord(int64_t rows, double speedup) {
    const Backend *backend = getBackends().front();
    Workload workload = getWorkload(problem.kernel);
    TrialRecord record;
    record.workload = workload.id;
    record.family = workload.family;
    record.label = workload.label;
    record.shapes = shapes;
    record.target = getTargetKey(target);
    record.candidate.backend = backend->getName().str();
    record.candidate.schedule =
        backend->getDefaultSchedule(problem.kernel, target).set("mr", rows);
    record.candidate.source = "random";
    record.scheduleVersion = backend->getScheduleVersion().str();
    record.compiler = getCompilerVersion();
    record.result.time = {9, 1, 1, 1, 1};
    record.result.speedup = speedup;
    record.time = "2026-01-31T12:00:00Z";
    return record;
  }

  std::string write(llvm::StringRef name, ArrayRef<TrialRecord> records) {
    std::string text;
    llvm::raw_string_ostream os(text);
    for (const TrialRecord &record : records)
      os << toJSON(record) << '\n';
    return directory.write(name, text);
  }

  std::unique_ptr<ScheduleChooser> make(ScheduleOptions options) {
    options.useSeedDatabase = false;
    return llvm::cantFail(ScheduleChooser::create(std::move(options)));
  }

  TemporaryDirectory directory;
  TargetDesc target;
  KernelProblem problem;
  KernelShapes shapes;
};

TEST_F(ScheduleChooserTest, RecordsComeBeforeAnalysis) {
  ScheduleOptions options;
  options.databases = {write("a.jsonl", {makeRecord(2, 1.2)}),
                       write("b.jsonl", {makeRecord(3, 1.4)})};
  auto chooser = make(options);
  ScheduleChoice choice =
      llvm::cantFail(chooser->choose(problem.kernel, shapes, target));
  EXPECT_EQ(choice.source, ScheduleSource::Tuned);
  EXPECT_EQ(choice.schedule.get("mr", 0), 3);
  // Of a kernel that nothing launches no record can be about.
  choice = llvm::cantFail(chooser->choose(problem.kernel, {}, target));
  EXPECT_EQ(choice.source, ScheduleSource::Analytic);
  EXPECT_TRUE(chooser->takeWarnings().empty());
}

TEST_F(ScheduleChooserTest, WhatIsGivenStays) {
  ScheduleOptions options;
  options.databases = {write("a.jsonl", {makeRecord(2, 1.2)})};
  auto chooser = make(options);
  Schedule given = makeRecord(4, 1).candidate.schedule;
  problem.kernel.setScheduleAttr(given.toAttr(&context));
  ScheduleChoice choice =
      llvm::cantFail(chooser->choose(problem.kernel, shapes, target));
  EXPECT_EQ(choice.source, ScheduleSource::Given);
  EXPECT_EQ(choice.schedule, given);
  // Where an earlier choice came from is remembered.
  problem.kernel->setAttr(
      kScheduleSourceAttr,
      StringAttr::get(&context, getName(ScheduleSource::Transferred)));
  choice = llvm::cantFail(chooser->choose(problem.kernel, shapes, target));
  EXPECT_EQ(choice.source, ScheduleSource::Transferred);
}

TEST_F(ScheduleChooserTest, WarnsOnceOfWhatCannotBeUsed) {
  TrialRecord old = makeRecord(2, 1.2), foreign = makeRecord(2, 1.2),
              wide = makeRecord(2, 1.2);
  old.scheduleVersion = "0";
  foreign.target.features = {"avx2"};
  wide.candidate.schedule.set("mr", 40);
  ScheduleOptions options;
  options.databases = {write("a.jsonl", {old, foreign, wide})};
  auto chooser = make(options);
  for (int i = 0; i < 2; ++i) {
    ScheduleChoice choice =
        llvm::cantFail(chooser->choose(problem.kernel, shapes, target));
    EXPECT_EQ(choice.source, ScheduleSource::Analytic);
  }
  std::vector<std::string> warnings = chooser->takeWarnings();
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_EQ(warnings.front(),
            "records of these kernels are not used: 1 of another version of "
            "its backend's schedules, 1 with a schedule that does not fit the "
            "kernel, 1 of machines unlike this one");
  EXPECT_TRUE(chooser->takeWarnings().empty());
}

TEST_F(ScheduleChooserTest, SizesOfTheOptimizationFitTheModel) {
  auto module = parse(R"(
module attributes {attune.max_dims = {length = 64 : i64}} {
  func.func @forward(%x: tensor<?x?x?xf32> {attune.dims = ["batch", "length", "heads"]}) { return }
})");
  ASSERT_TRUE(module);
  auto sizes = llvm::cantFail(getOptimizedSizes(*module, {{"batch", 8}}));
  EXPECT_EQ(sizes.lookup("batch"), 8);
  EXPECT_EQ(sizes.lookup("length"), 64);
  EXPECT_EQ(sizes.lookup("heads"), 128);
  auto refuse = [&](const llvm::StringMap<int64_t> &wanted) {
    auto result = getOptimizedSizes(*module, wanted);
    return result ? "" : message(result.takeError());
  };
  EXPECT_EQ(refuse({{"length", 65}}), "--optimize-for=length=65: expected at "
                                      "most 64, the largest this model takes");
  EXPECT_EQ(refuse({{"n", 1}}), "--optimize-for=n=1: the model has no symbol "
                                "'n'; expected batch or length or heads");
  for (const char *text : {"batch", "batch=", "=1", "batch=0", "batch=-1",
                           "batch=x", "batch=99999999999999999999"}) {
    auto values = parseOptimizeFor(text);
    EXPECT_FALSE(static_cast<bool>(values)) << text;
    llvm::consumeError(values.takeError());
  }
  EXPECT_EQ(llvm::cantFail(parseOptimizeFor("a=1,b=2")).lookup("b"), 2);
}

} // namespace
