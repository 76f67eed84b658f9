//===- ScheduleSpaceTest.cpp - Any schedule computes the same -------------===//
//
// The tuner tries whatever the knobs allow: a sample of each space against the
// interpreter.
//
//===----------------------------------------------------------------------===//
#include "KernelTestSupport.h"
#include "attune/Backend/LLVM/LLVMBackend.h"
#if ATTUNE_HAS_HALIDE
#include "attune/Backend/Halide/HalideBackend.h"
#endif
#include "attune/Kernel/KernelSpec.h"
#include "mlir/IR/MLIRContext.h"
#include <random>

using namespace mlir;
using namespace attune;

namespace {

class ScheduleSpaceTest : public testing::TestWithParam<std::string> {
protected:
  ScheduleSpaceTest() : backend(createLLVMBackend()) {
    context.loadDialect<AttuneDialect>();
    auto [targetName, backendName] = StringRef(GetParam()).split('/');
    target = llvm::cantFail(getTarget(targetName));
#if ATTUNE_HAS_HALIDE
    if (backendName == "halide")
      backend = createHalideBackend();
#endif
  }

  /// Schedules that the backend accepts, drawn from all combinations.
  std::vector<Schedule> sample(KernelOp kernel, size_t count) {
    SmallVector<Knob> knobs = backend->getKnobs(kernel, target);
    std::vector<Schedule> schedules;
    for (int tries = 0; schedules.size() < count && tries < 20000; ++tries) {
      Schedule schedule;
      for (const Knob &knob : knobs)
        if (!knob.overrides)
          schedule.set(knob.name,
                       knob.choices[generator() % knob.choices.size()]);
      std::string reason;
      if (succeeded(backend->verifySchedule(kernel, schedule, target, reason)))
        schedules.push_back(schedule);
    }
    EXPECT_EQ(schedules.size(), count);
    return schedules;
  }

  void check(StringRef spec, size_t count,
             ArrayRef<SmallVector<SmallVector<int64_t>>> problems) {
    KernelProblem problem = llvm::cantFail(parseKernelSpec(context, spec));
    std::string text;
    llvm::raw_string_ostream(text) << *problem.kernel;
    for (const Schedule &schedule : sample(problem.kernel, count)) {
      SCOPED_TRACE(spec.str() + " " + schedule.str());
      KernelUnderTest kernel(text, GetParam(), {}, schedule);
      for (ArrayRef<SmallVector<int64_t>> shapes : problems) {
        std::vector<Tensor> inputs;
        for (ArrayRef<int64_t> shape : shapes)
          inputs.push_back(randomFloats(shape, inputs.size() + 1, -0.3, 0.3));
        kernel.check(inputs, 1e-4);
      }
      if (HasFailure())
        return;
    }
  }

  MLIRContext context;
  TargetDesc target;
  std::unique_ptr<Backend> backend;
  std::mt19937_64 generator{3};
};

TEST_P(ScheduleSpaceTest, Linear) {
  for (int64_t n : {200, 96}) {
    std::string spec = "gemm:m=1,k=600,n=" + std::to_string(n);
    SmallVector<SmallVector<SmallVector<int64_t>>> problems;
    for (int64_t m : {1, 13, 70})
      problems.push_back({{m, 600}, {n, 600}});
    check(spec, 10, problems);
  }
}

TEST_P(ScheduleSpaceTest, Attention) {
  SmallVector<SmallVector<SmallVector<int64_t>>> problems;
  for (auto [queries, keys] :
       {std::pair<int64_t, int64_t>(1, 9), {37, 130}, {70, 5}})
    problems.push_back({{2, queries, 80}, {2, keys, 40}, {2, keys, 40}});
  check("attention:b=1,h=2,hkv=1,q=1,k=1,d=40", 10, problems);
}

/// Those with knobs: GPUs have none.
std::vector<std::string> getTunableBackends() {
  std::vector<std::string> names = getRunnableBackends();
  llvm::erase_if(names, [](StringRef name) { return name.count('/') > 1; });
  return names;
}

INSTANTIATE_TEST_SUITE_P(Targets, ScheduleSpaceTest,
                         testing::ValuesIn(getTunableBackends()), getTestName);

} // namespace
