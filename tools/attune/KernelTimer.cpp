//===- KernelTimer.cpp - A kernel of the command line, timed --------------===//
#include "KernelTimer.h"
#include "attune/Compiler/Options.h"
#include "attune/Kernel/ArgumentRange.h"
#include "attune/Support/Error.h"
#include <chrono>
#include <random>

using namespace attune;
using namespace attune::tool;

/// The chosen schedule with the knobs that were given.
static llvm::Expected<Schedule> readSchedule(const TimedKernelOptions &options,
                                             KernelOp kernel,
                                             const Backend &backend,
                                             Schedule schedule,
                                             const TargetDesc &target) {
  llvm::SmallVector<Knob> knobs = backend.getKnobs(kernel, target);
  for (llvm::StringRef part : options.knobs) {
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

static llvm::Expected<ScheduleChoice>
chooseSchedule(ScheduleChooser &chooser, const TimedKernelOptions &options,
               const KernelProblem &problem) {
  KernelShapes shapes;
  for (llvm::ArrayRef<int64_t> shape : problem.shapes)
    shapes.push_back(shape.vec());
  llvm::Expected<ScheduleChoice> choice =
      chooser.choose(problem.kernel, shapes, options.target);
  for (const std::string &warning : chooser.takeWarnings())
    printWarning(warning);
  if (choice && options.requireTuned && choice->source != ScheduleSource::Tuned)
    return userErrorf("--require-tuned: no schedule of '{0}' was tuned on a "
                      "machine like '{1}'",
                      options.spec, options.target.name);
  return choice;
}

llvm::Expected<std::unique_ptr<KernelTimer>>
KernelTimer::create(mlir::MLIRContext &context, ScheduleChooser &chooser,
                    const TimedKernelOptions &options) {
  auto result = std::make_unique<KernelTimer>();
  llvm::Expected<KernelProblem> problem =
      parseKernelSpec(context, options.spec);
  if (!problem)
    return problem.takeError();
  result->problem = std::move(*problem);
  KernelOp kernel = result->problem.kernel;
  llvm::Expected<ScheduleChoice> choice =
      chooseSchedule(chooser, options, result->problem);
  if (!choice)
    return choice.takeError();
  result->backend = choice->backend;
  result->source =
      options.knobs.empty() ? choice->source : ScheduleSource::Given;
  llvm::Expected<Schedule> schedule = readSchedule(
      options, kernel, *result->backend, choice->schedule, options.target);
  if (!schedule)
    return schedule.takeError();
  KernelRunner::Options how;
  how.schedule = *schedule;
  llvm::Expected<std::unique_ptr<KernelRunner>> runner =
      KernelRunner::create(kernel, *result->backend, options.target, how);
  if (!runner)
    return runner.takeError();
  result->runner = std::move(*runner);
  if (llvm::Error error = result->bindRandom(options.spec))
    return std::move(error);
  return result;
}

static int64_t countElements(llvm::ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  return count;
}

llvm::Error KernelTimer::bindRandom(llvm::StringRef spec) {
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

llvm::Expected<double> KernelTimer::time(int threads, int iterations) {
  auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < iterations; ++i)
    if (llvm::Error error = runner->run(threads))
      return std::move(error);
  std::chrono::duration<double, std::milli> elapsed =
      std::chrono::steady_clock::now() - begin;
  return elapsed.count() / iterations;
}

double attune::tool::getMedian(std::vector<double> values) {
  llvm::sort(values);
  size_t middle = values.size() / 2;
  return values.size() % 2 ? values[middle]
                           : (values[middle - 1] + values[middle]) / 2;
}
