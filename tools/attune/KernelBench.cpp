//===- KernelBench.cpp - Timing one kernel --------------------------------===//
#include "KernelBench.h"
#include "Commands.h"
#include "ModelOptions.h"
#include "attune/Backend/LLVM/KernelRunner.h"
#include "attune/Compiler/Compilation.h"
#include "attune/Kernel/ArgumentRange.h"
#include "attune/Kernel/KernelSpec.h"
#include "attune/Kernel/Peak.h"
#include "attune/Support/Error.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/JSON.h"
#include <chrono>
#include <random>

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

/// A compiled kernel on memory of its own.
class KernelTimer {
public:
  static llvm::Expected<std::unique_ptr<KernelTimer>>
  create(mlir::MLIRContext &context, const Options &flags);
  llvm::Expected<Result> run(int threads, int repetitions);

private:
  llvm::Expected<double> timeOnce(int threads, int iterations);
  llvm::Error bindRandom();

  std::string spec;
  std::string source;
  const Backend *backend = nullptr;
  KernelProblem problem;
  std::unique_ptr<KernelRunner> runner;
  std::vector<std::vector<float>> floats;
  std::vector<std::vector<int64_t>> integers;
};

/// The chosen schedule with the knobs that were given.
llvm::Expected<Schedule> readSchedule(const Options &flags, KernelOp kernel,
                                      const Backend &backend, Schedule schedule,
                                      const TargetDesc &target) {
  llvm::SmallVector<Knob> knobs = backend.getKnobs(kernel, target);
  for (llvm::StringRef part : flags.schedule) {
    auto [name, number] = part.split('=');
    int64_t value;
    bool known = llvm::any_of(knobs, [&, name = name](const Knob &knob) {
      return knob.name == name;
    });
    if (!known || number.getAsInteger(10, value)) {
      std::string names;
      for (const Knob &knob : knobs)
        names += "\n  " + knob.name.str() + ": " + knob.description.str();
      return userErrorf("--schedule={0}: expected knob=value with one of{1}",
                        part, names);
    }
    schedule.set(name, value);
  }
  std::string reason;
  if (failed(backend.verifySchedule(kernel, schedule, target, reason)))
    return userErrorf("schedule '{0}' does not fit: {1}", schedule.str(),
                      reason);
  return schedule;
}

llvm::Expected<ScheduleChoice> chooseSchedule(const Options &flags,
                                              const KernelProblem &problem,
                                              const TargetDesc &target) {
  llvm::Expected<ScheduleOptions> options = flags.schedules.get();
  if (!options)
    return options.takeError();
  bool requireTuned = options->requireTuned;
  llvm::Expected<std::unique_ptr<ScheduleChooser>> chooser =
      ScheduleChooser::create(std::move(*options));
  if (!chooser)
    return chooser.takeError();
  KernelShapes shapes;
  for (llvm::ArrayRef<int64_t> shape : problem.shapes)
    shapes.push_back(shape.vec());
  llvm::Expected<ScheduleChoice> choice =
      (*chooser)->choose(problem.kernel, shapes, target);
  for (const std::string &warning : (*chooser)->takeWarnings())
    printWarning(warning);
  if (choice && requireTuned && choice->source != ScheduleSource::Tuned)
    return userErrorf("--require-tuned: no schedule of '{0}' was tuned on a "
                      "machine like '{1}'",
                      flags.kernel.getValue(), target.name);
  return choice;
}

llvm::Expected<std::unique_ptr<KernelTimer>>
KernelTimer::create(mlir::MLIRContext &context, const Options &flags) {
  auto result = std::make_unique<KernelTimer>();
  result->spec = flags.kernel;
  llvm::Expected<TargetDesc> target = getTarget(flags.cpu);
  if (!target)
    return target.takeError();
  llvm::Expected<KernelProblem> problem =
      parseKernelSpec(context, flags.kernel);
  if (!problem)
    return problem.takeError();
  result->problem = std::move(*problem);
  KernelOp kernel = result->problem.kernel;
  llvm::Expected<ScheduleChoice> choice =
      chooseSchedule(flags, result->problem, *target);
  if (!choice)
    return choice.takeError();
  result->backend = choice->backend;
  result->source = flags.schedule.empty()
                       ? getName(choice->source).str()
                       : getName(ScheduleSource::Given).str();
  llvm::Expected<Schedule> schedule =
      readSchedule(flags, kernel, *result->backend, choice->schedule, *target);
  if (!schedule)
    return schedule.takeError();
  KernelRunner::Options options;
  options.schedule = *schedule;
  llvm::Expected<std::unique_ptr<KernelRunner>> runner =
      KernelRunner::create(kernel, *result->backend, *target, options);
  if (!runner)
    return runner.takeError();
  result->runner = std::move(*runner);
  if (llvm::Error error = result->bindRandom())
    return std::move(error);
  return result;
}

int64_t countElements(llvm::ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  return count;
}

llvm::Error KernelTimer::bindRandom() {
  std::mt19937 rng(0);
  llvm::SmallVector<KernelBuffer> buffers;
  double bytes = 0;
  for (llvm::ArrayRef<int64_t> shape : problem.shapes)
    bytes += 8 * static_cast<double>(countElements(shape));
  if (bytes > 32e9)
    return userErrorf("kernel '{0}': its operands take {1:f1} GB", spec,
                      bytes / 1e9);
  for (auto [i, shape] : llvm::enumerate(problem.shapes)) {
    KernelBuffer buffer;
    buffer.shape.assign(shape.begin(), shape.end());
    int64_t limit = i < problem.limits.size() ? problem.limits[i] : 0;
    if (limit) {
      std::vector<int64_t> &values =
          integers.emplace_back(countElements(shape));
      for (int64_t &value : values)
        value = static_cast<int64_t>(rng() % limit);
      buffer.data = values.data();
    } else {
      std::vector<float> &values = floats.emplace_back(countElements(shape));
      // Results start as whatever there is.
      ArgumentRange range = i < problem.kernel.getNumArguments()
                                ? getArgumentRange(problem.kernel, i)
                                : ArgumentRange();
      for (float &value : values)
        value = static_cast<float>(range.low + (range.high - range.low) *
                                                   (rng() % 2048) / 2048);
      buffer.data = values.data();
    }
    buffers.push_back(std::move(buffer));
  }
  return runner->bind(buffers);
}

/// Milliseconds of one run, from the time of several.
llvm::Expected<double> KernelTimer::timeOnce(int threads, int iterations) {
  auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < iterations; ++i)
    if (llvm::Error error = runner->run(threads))
      return std::move(error);
  std::chrono::duration<double, std::milli> time =
      std::chrono::steady_clock::now() - begin;
  return time.count() / iterations;
}

llvm::Expected<Result> KernelTimer::run(int threads, int repetitions) {
  Result result;
  result.kernel = spec;
  result.backend = backend->getName().str();
  result.schedule = runner->getSchedule().str();
  result.source = source;
  result.threads = threads;
  // Warm up, and find how often to run so that clocks do not matter.
  llvm::Expected<double> once = timeOnce(threads, 2);
  if (!once)
    return once.takeError();
  int iterations =
      std::clamp(static_cast<int>(20 / std::max(*once, 1e-4)), 1, 100000);
  std::vector<double> times;
  for (int i = 0; i < repetitions; ++i) {
    // The ceiling in turns with the kernel: clocks and neighbours change.
    result.peakGflops = std::max(result.peakGflops, measurePeakGflops(threads));
    llvm::Expected<double> time = timeOnce(threads, iterations);
    if (!time)
      return time.takeError();
    times.push_back(*time);
  }
  result.peakGbytes = measureReadBandwidth(threads);
  llvm::sort(times);
  result.msMin = times.front();
  result.msMedian =
      times.size() % 2
          ? times[times.size() / 2]
          : (times[times.size() / 2 - 1] + times[times.size() / 2]) / 2;
  result.gflops = problem.flops / result.msMin / 1e6;
  result.gbytes = problem.bytes / result.msMin / 1e6;
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
      KernelTimer::create(context, flags);
  if (!timer)
    return timer.takeError();
  std::vector<Result> results;
  for (int count : threads) {
    llvm::Expected<Result> result = (*timer)->run(count, flags.repetitions);
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
