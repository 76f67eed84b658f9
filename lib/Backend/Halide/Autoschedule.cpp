//===- Autoschedule.cpp - Halide's autoschedulers -------------------------===//
#include "Autoschedule.h"
#include "CompilePipeline.h"
#include "attune/Support/ForkedTasks.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include <dlfcn.h>

using namespace attune;

namespace {

struct Autoscheduler {
  int64_t number;
  llvm::StringLiteral name;
  llvm::StringLiteral library;
};

constexpr Autoscheduler autoschedulers[] = {
    {1, "Mullapudi2016", "libautoschedule_mullapudi2016.so"},
    {2, "Adams2019", "libautoschedule_adams2019.so"},
    {3, "Li2018", "libautoschedule_li2018.so"},
    {4, "Anderson2021", "libautoschedule_anderson2021.so"},
};
/// For GPUs.
constexpr int64_t kAnderson2021 = 4;

const Autoscheduler *find(int64_t number) {
  for (const Autoscheduler &entry : autoschedulers)
    if (entry.number == number)
      return &entry;
  return nullptr;
}

/// The plugin's path: it lies beside libHalide.
std::string getPath(const Autoscheduler &entry) {
  Dl_info info;
  auto address = reinterpret_cast<void *>(&Halide::load_plugin);
  if (!dladdr(address, &info) || !info.dli_fname)
    return {};
  llvm::SmallString<256> path(llvm::sys::path::parent_path(info.dli_fname));
  llvm::sys::path::append(path, entry.library);
  return path.str().str();
}

bool isThere(const Autoscheduler &entry) {
  return llvm::sys::fs::exists(getPath(entry));
}

} // namespace

bool attune::usesAutoscheduler(const Schedule &schedule) {
  return schedule.get(kAutoschedulerKnob, 0) != 0;
}

Schedule attune::withoutAutoscheduler(const Schedule &schedule) {
  Schedule own;
  for (const auto &[name, value] : schedule.getValues())
    if (name != kAutoschedulerKnob)
      own.set(name, value);
  return own;
}

/// Whether an autoscheduler is for such machines.
static bool makesCodeFor(const Autoscheduler &entry, const TargetDesc &target) {
  return (entry.number == kAnderson2021) == bool(target.gpu);
}

void attune::addAutoschedulerKnob(const TargetDesc &target,
                                  llvm::SmallVectorImpl<Knob> &knobs) {
  Knob knob{kAutoschedulerKnob,
            "a schedule found by Halide in the place of all other knobs: 1 "
            "Mullapudi2016, 2 Adams2019, 3 Li2018, 4 Anderson2021 (for GPUs, "
            "and no other is); 0 none",
            {0},
            /*overrides=*/true};
  for (const Autoscheduler &entry : autoschedulers)
    if (makesCodeFor(entry, target) && isThere(entry))
      knob.choices.push_back(entry.number);
  knobs.push_back(std::move(knob));
}

llvm::LogicalResult attune::verifyAutoscheduler(const Schedule &schedule,
                                                const TargetDesc &target,
                                                std::string &reason) {
  int64_t number = schedule.get(kAutoschedulerKnob, 0);
  if (number == 0)
    return llvm::success();
  const Autoscheduler *entry = find(number);
  if (!entry) {
    reason = llvm::formatv("there is no autoscheduler {0}", number);
    return llvm::failure();
  }
  if (!makesCodeFor(*entry, target)) {
    reason = llvm::formatv("the autoscheduler {0} makes no schedules for {1}",
                           entry->name, target.gpu ? "GPUs" : "CPUs");
    return llvm::failure();
  }
  if (!isThere(*entry)) {
    reason = llvm::formatv("the autoscheduler {0} is not beside Halide: {1} is "
                           "missing",
                           entry->name, getPath(*entry));
    return llvm::failure();
  }
  return llvm::success();
}

/// Schedules a pipeline. Throws Halide::Error, and may end the process.
static void autoschedule(KernelPipeline &pipeline, const Autoscheduler &entry) {
  Halide::load_plugin(getPath(entry));
  Halide::AutoschedulerParams params(entry.name.str());
  if (entry.number == 1) {
    const TargetDesc &target = pipeline.getTarget();
    params.extra["parallelism"] = "16";
    params.extra["last_level_cache_size"] = std::to_string(target.l2Bytes);
    params.extra["balance"] = "40";
  } else if (entry.number == 2) {
    params.extra["parallelism"] = "16";
    // The same candidates in every run.
    params.extra["random_dropout_seed"] = "1";
  } else if (entry.number == kAnderson2021) {
    // Multiprocessors: of a large GPU.
    params.extra["parallelism"] = "80";
    params.extra["random_dropout_seed"] = "1";
  }
  std::vector<Halide::Func> results(pipeline.getResults().begin(),
                                    pipeline.getResults().end());
  Halide::Pipeline(results).apply_autoscheduler(pipeline.getHalideTarget(),
                                                params);
}

llvm::LogicalResult attune::compileAutoscheduled(KernelPipeline &pipeline,
                                                 const Schedule &schedule,
                                                 llvm::StringRef symbol,
                                                 std::string &bitcode,
                                                 std::string &reason) {
  const Autoscheduler *entry = find(schedule.get(kAutoschedulerKnob, 0));
  constexpr int seconds = 120;
  constexpr char done = 'd', failed = 'f';
  ForkedTasks::Result answer =
      ForkedTasks(1, 1, seconds, /*stop=*/nullptr)
          .run([&](size_t) -> std::string {
            std::string code, problem;
            try {
              autoschedule(pipeline, *entry);
              if (llvm::succeeded(
                      compilePipeline(pipeline, symbol, code, problem)))
                return done + code;
            } catch (const Halide::Error &error) {
              problem = llvm::StringRef(error.what()).trim().str();
            }
            return failed + problem;
          })
          .front();
  if (answer.end == ForkedTasks::End::TimedOut)
    reason = llvm::formatv("{0} found no schedule in {1} seconds", entry->name,
                           seconds);
  else if (answer.end != ForkedTasks::End::Done || answer.text.empty())
    reason = llvm::formatv("{0} cannot schedule such a kernel", entry->name);
  else if (answer.text.front() == failed)
    reason = llvm::formatv("{0}: {1}", entry->name, answer.text.substr(1));
  else {
    bitcode = answer.text.substr(1);
    return llvm::success();
  }
  return llvm::failure();
}
