//===- TuneOptions.cpp - Flags of attune tune -----------------------------===//
#include "TuneOptions.h"
#include "attune/Kernel/KernelSpec.h"
#include "attune/Runtime/ThreadPool.h"
#include "attune/Support/Error.h"

using namespace attune;
using namespace attune::tool;
namespace cl = llvm::cl;

/// What is spent when nothing is said.
static constexpr double kUsualSeconds = 120;

static std::string describeStrategies() {
  std::string text = "how schedules are looked for: auto (default), by what "
                     "pays, or one of";
  for (const auto &[name, summary] : getSearchStrategies())
    text += " " + name.str() + " (" + summary.str() + ")";
  return text;
}

TuneFlags::TuneFlags()
    : category("Options of attune tune"),
      command("tune", "finds the fastest kernels for a machine"),
      model(cl::Positional, cl::desc("MODEL"), cl::cat(category),
            cl::sub(command)),
      kernel("kernel", cl::value_desc("spec"),
             cl::desc("tune one kernel instead of a model, e.g. "
                      "gemm:m=128,n=768,k=768"),
             cl::cat(category), cl::sub(command)),
      time("time", cl::value_desc("duration"),
           cl::desc("what may be spent: 90s, 2m, 1h (2m, unless --trials is "
                    "given)"),
           cl::cat(category), cl::sub(command)),
      database("db", cl::init("attune-tuning.jsonl"), cl::value_desc("file"),
               cl::desc("database that records are appended to, and that "
                        "earlier ones are taken from (attune-tuning.jsonl)"),
               cl::cat(category), cl::sub(command)),
      strategy("strategy", cl::init("auto"), cl::value_desc("name"),
               cl::cat(category), cl::sub(command)),
      targetGain("target-gain", cl::value_desc("n%"),
                 cl::desc("end when the kernels together are this much "
                          "faster, e.g. 2%"),
                 cl::cat(category), cl::sub(command)),
      report("report", cl::value_desc("file.html"),
             cl::desc("write a page about what was tried and found"),
             cl::cat(category), cl::sub(command)),
      format("format", cl::init("text"), cl::value_desc("text|json"),
             cl::desc("form of the result"), cl::cat(category),
             cl::sub(command)),
      replay("replay", cl::value_desc("file"),
             cl::desc("take measurements from the records of a database "
                      "instead of measuring: the same records and seed give "
                      "the same trials"),
             cl::cat(category), cl::sub(command)),
      trials("trials", cl::init(0), cl::value_desc("n"),
             cl::desc("new trials at most"), cl::cat(category),
             cl::sub(command)),
      jobs("jobs", cl::init(0), cl::value_desc("n"),
           cl::desc("candidates compiled at the same time (one for each CPU)"),
           cl::cat(category), cl::sub(command)),
      threads("threads", cl::init(0), cl::value_desc("n"),
              cl::desc("threads that kernels run on (one for each CPU)"),
              cl::cat(category), cl::sub(command)),
      round("round", cl::init(8), cl::value_desc("n"),
            cl::desc("candidates that are measured in turns (8)"),
            cl::cat(category), cl::sub(command)),
      seed("seed", cl::init(0), cl::value_desc("n"),
           cl::desc("of everything random (0)"), cl::cat(category),
           cl::sub(command)),
      runners("runner", cl::value_desc("command"),
              cl::desc("shell command that runs a measuring program, given as "
                       "{} or on standard input, on the machine to tune for; "
                       "several share the work"),
              cl::cat(category), cl::sub(command)),
      noResume("no-resume",
               cl::desc("measure again what the database already has"),
               cl::cat(category), cl::sub(command)),
      cold("cold", cl::desc("empty the caches before each run"),
           cl::cat(category), cl::sub(command)),
      compiler(category, command, /*readsRecords=*/false),
      threadsShort("t", cl::desc("the same as --threads"),
                   cl::aliasopt(threads), cl::cat(category)),
      strategyHelp(describeStrategies()) {
  strategy.setDescription(strategyHelp);
}

std::optional<double> attune::tool::parseDuration(llvm::StringRef text) {
  if (text.empty())
    return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    size_t digits = text.find_first_not_of("0123456789.");
    llvm::StringRef number = text.take_front(digits);
    text = digits == llvm::StringRef::npos ? "" : text.substr(digits);
    double value;
    if (number.getAsDouble(value))
      return std::nullopt;
    double unit = 1;
    if (text.consume_front("ms"))
      unit = 1e-3;
    else if (text.consume_front("h"))
      unit = 3600;
    else if (text.consume_front("m") || text.consume_front("min"))
      unit = 60;
    else if (!text.consume_front("s") && !text.empty())
      return std::nullopt;
    total += value * unit;
  }
  return std::isfinite(total) ? std::optional(total) : std::nullopt;
}

/// "2%" or "2.5 %" as a fraction.
static std::optional<double> parsePercentage(llvm::StringRef text) {
  double value;
  if (!text.consume_back("%") || text.trim().getAsDouble(value) || value <= 0 ||
      value > 10000)
    return std::nullopt;
  return value / 100;
}

llvm::Expected<TuneOptions>
attune::tool::getTuneOptions(const TuneFlags &flags) {
  TuneOptions options;
  TunerOptions &tuner = options.tuner;
  if (flags.model.empty() == flags.kernel.empty())
    return userError("expected either a model or --kernel=SPEC, one of\n" +
                     getKernelSpecHelp() + "\n(--help tells more)");
  if (flags.format != "text" && flags.format != "json")
    return userErrorf("--format={0}: expected text or json",
                      flags.format.getValue());
  options.isJSON = flags.format == "json";
  if (flags.trials < 0 || (flags.trials.getNumOccurrences() && !flags.trials))
    return userErrorf("--trials={0}: expected at least 1",
                      flags.trials.getValue());
  tuner.trials = flags.trials;
  if (flags.time.getNumOccurrences()) {
    std::optional<double> seconds = parseDuration(flags.time);
    if (!seconds || *seconds <= 0)
      return userErrorf("--time={0}: expected a duration like 90s, 2m or 1h",
                        flags.time.getValue());
    options.seconds = *seconds;
  } else if (!tuner.trials) {
    options.seconds = kUsualSeconds;
  }
  if (flags.targetGain.getNumOccurrences()) {
    std::optional<double> gain = parsePercentage(flags.targetGain);
    if (!gain)
      return userErrorf("--target-gain={0}: expected a percentage like 2%",
                        flags.targetGain.getValue());
    tuner.targetGain = *gain;
  }
  auto isStrategy = [&](const auto &entry) {
    return entry.first == flags.strategy;
  };
  if (flags.strategy != "auto" &&
      !llvm::any_of(getSearchStrategies(), isStrategy)) {
    std::string names = "auto";
    for (const auto &[name, summary] : getSearchStrategies())
      names += ", " + name.str();
    return userErrorf("--strategy={0}: expected one of {1}",
                      flags.strategy.getValue(), names);
  }
  tuner.search.strategy = flags.strategy;
  tuner.search.seed = flags.seed;
  for (const auto *flag : {&flags.jobs, &flags.threads, &flags.round})
    if (flag->getNumOccurrences() && (*flag < 1 || *flag > 1024))
      return userErrorf("--{0}={1}: expected a number from 1 to 1024",
                        flag->ArgStr, flag->getValue());
  int cpus = attune_default_threads();
  tuner.measure.jobs = flags.jobs ? flags.jobs : cpus;
  tuner.measure.threads = flags.threads ? flags.threads : cpus;
  tuner.measure.coldCaches = flags.cold;
  tuner.batch = flags.round;
  tuner.resume = !flags.noResume;
  if (!flags.replay.empty() && !flags.runners.empty())
    return userError("--replay measures nothing, so that --runner has nothing "
                     "to run: give one of them");
  return options;
}
