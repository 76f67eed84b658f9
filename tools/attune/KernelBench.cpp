//===- KernelBench.cpp - Timing one kernel --------------------------------===//
#include "KernelBench.h"
#include "Commands.h"
#include "KernelTimer.h"
#include "ModelOptions.h"
#include "attune/Compiler/Compilation.h"
#include "attune/Kernel/Peak.h"
#include "attune/Support/Error.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/JSON.h"

using namespace attune;
using namespace attune::tool;
namespace cl = llvm::cl;

namespace {

struct Options {
  cl::OptionCategory category{"Options of attune bench --kernel"};
  cl::SubCommand command{"bench", "times one kernel"};
  std::string kernelHelp = "the kernel, one of:\n" + getKernelSpecHelp().str();
  cl::opt<std::string> kernel{"kernel", cl::value_desc("spec"),
                              cl::desc(kernelHelp), cl::cat(category),
                              cl::sub(command)};
  cl::list<int> threads{"t",
                        cl::CommaSeparated,
                        cl::value_desc("n,..."),
                        cl::desc("threads (1)"),
                        cl::cat(category),
                        cl::sub(command)};
  cl::opt<int> repetitions{"r",
                           cl::init(5),
                           cl::value_desc("n"),
                           cl::desc("timed repetitions (5)"),
                           cl::cat(category),
                           cl::sub(command)};
  cl::opt<std::string> format{"o",
                              cl::init("md"),
                              cl::value_desc("md|json"),
                              cl::desc("form of the result"),
                              cl::cat(category),
                              cl::sub(command)};
  cl::opt<std::string> cpu{"cpu",
                           cl::init("native"),
                           cl::value_desc("name"),
                           cl::desc("CPU to compile for (native)"),
                           cl::cat(category),
                           cl::sub(command)};
  ScheduleFlags schedules{category, command, /*readsRecords=*/true,
                          /*hasModel=*/false};
  cl::list<std::string> schedule{
      "schedule",
      cl::CommaSeparated,
      cl::value_desc("knob=value,..."),
      cl::desc("knobs that differ from the default schedule"),
      cl::cat(category),
      cl::sub(command)};
};

struct Result {
  std::string kernel, backend, schedule, source;
  int threads = 0;
  double msMedian = 0, msMin = 0, gflops = 0, gbytes = 0, peakGflops = 0,
         peakGbytes = 0;
};

llvm::Expected<std::unique_ptr<KernelTimer>>
createTimer(mlir::MLIRContext &context, const Options &flags) {
  llvm::Expected<TargetDesc> target = getTarget(flags.cpu);
  if (!target)
    return target.takeError();
  llvm::Expected<ScheduleOptions> schedules = flags.schedules.get();
  if (!schedules)
    return schedules.takeError();
  TimedKernelOptions options;
  options.spec = flags.kernel;
  options.target = std::move(*target);
  options.knobs.assign(flags.schedule.begin(), flags.schedule.end());
  options.requireTuned = schedules->requireTuned;
  llvm::Expected<std::unique_ptr<ScheduleChooser>> chooser =
      ScheduleChooser::create(std::move(*schedules));
  if (!chooser)
    return chooser.takeError();
  return KernelTimer::create(context, **chooser, options);
}

llvm::Expected<Result> timeKernel(KernelTimer &timer, const Options &flags,
                                  int threads) {
  Result result;
  result.kernel = flags.kernel;
  result.backend = timer.getBackend().getName().str();
  result.schedule = timer.getSchedule().str();
  result.source = getName(timer.getSource()).str();
  result.threads = threads;
  // Warm up, and find how often to run so that clocks do not matter.
  llvm::Expected<double> once = timer.time(threads, 2);
  if (!once)
    return once.takeError();
  int iterations =
      std::clamp(static_cast<int>(20 / std::max(*once, 1e-4)), 1, 100000);
  std::vector<double> times;
  for (int i = 0; i < flags.repetitions; ++i) {
    // The ceiling in turns with the kernel: clocks and neighbours change.
    result.peakGflops = std::max(result.peakGflops, measurePeakGflops(threads));
    llvm::Expected<double> time = timer.time(threads, iterations);
    if (!time)
      return time.takeError();
    times.push_back(*time);
  }
  result.peakGbytes = measureReadBandwidth(threads);
  result.msMin = *llvm::min_element(times);
  result.msMedian = getMedian(std::move(times));
  result.gflops = timer.getProblem().flops / result.msMin / 1e6;
  result.gbytes = timer.getProblem().bytes / result.msMin / 1e6;
  return result;
}

llvm::json::Object toJSON(const Result &result) {
  return llvm::json::Object{{"kernel", result.kernel},
                            {"backend", result.backend},
                            {"schedule", result.schedule},
                            {"source", result.source},
                            {"threads", result.threads},
                            {"ms_median", result.msMedian},
                            {"ms_min", result.msMin},
                            {"gflops", result.gflops},
                            {"gbytes_per_s", result.gbytes},
                            {"peak_gflops", result.peakGflops},
                            {"peak_gbytes_per_s", result.peakGbytes}};
}

void print(llvm::raw_ostream &os, llvm::ArrayRef<Result> results, bool json) {
  if (json && results.size() == 1) {
    os << llvm::json::Value(toJSON(results.front())) << '\n';
    return;
  }
  if (json) {
    llvm::json::Array list;
    for (const Result &result : results)
      list.push_back(toJSON(result));
    os << llvm::json::Value(std::move(list)) << '\n';
    return;
  }
  os << "| kernel | backend | threads | ms median | ms min | GFLOP/s | of peak "
        "| GB/s | of read bandwidth |\n"
        "|---|---|--:|--:|--:|--:|--:|--:|--:|\n";
  for (const Result &result : results)
    os << llvm::formatv(
        "| {0} | {1} | {2} | {3:f3} | {4:f3} | {5:f1} | {6:f1} % | {7:f1} | "
        "{8:f1} % |\n",
        result.kernel, result.backend, result.threads, result.msMedian,
        result.msMin, result.gflops, 100 * result.gflops / result.peakGflops,
        result.gbytes, 100 * result.gbytes / std::max(result.peakGbytes, 1e-9));
  os << "\nschedule (" << results.front().source
     << "): " << results.front().schedule
     << "\nRates are those of the fastest repetition; the peaks were measured "
        "in the same run.\n";
}

llvm::Error bench(Options &flags) {
  if (flags.format != "md" && flags.format != "json")
    return userErrorf("-o {0}: expected md or json", flags.format.getValue());
  if (flags.repetitions < 1 || flags.repetitions > 10000)
    return userErrorf("-r {0}: expected a number from 1 to 10000",
                      flags.repetitions.getValue());
  std::vector<int> threads(flags.threads.begin(), flags.threads.end());
  if (threads.empty())
    threads = {1};
  for (int count : threads)
    if (count < 1 || count > 1024)
      return userErrorf("-t {0}: expected a number from 1 to 1024", count);
  mlir::DialectRegistry registry;
  registerCompilerDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  llvm::Expected<std::unique_ptr<KernelTimer>> timer =
      createTimer(context, flags);
  if (!timer)
    return timer.takeError();
  std::vector<Result> results;
  for (int count : threads) {
    llvm::Expected<Result> result = timeKernel(**timer, flags, count);
    if (!result)
      return result.takeError();
    results.push_back(std::move(*result));
  }
  print(llvm::outs(), results, flags.format == "json");
  return llvm::Error::success();
}

} // namespace

int attune::tool::runKernelBench(int argc, const char **argv) {
  Options flags;
  parseOptions(argc, argv, flags.category, flags.command,
               "Times one kernel beside the peaks of this machine.\n");
  return reportError(llvm::errs(), argv[0], bench(flags));
}
