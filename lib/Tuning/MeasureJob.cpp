//===- MeasureJob.cpp - One measuring program and its results -------------===//
#include "MeasureJob.h"
#include "MeasureReport.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <csignal>

using namespace attune;

/// A run that ends without a word while a code runs may be the machine's
/// fault, once.
static constexpr int kSuspicions = 2;

std::vector<std::string>
MeasureJob::getArguments(const MeasureOptions &options) const {
  auto number = [](llvm::StringRef name, double value) {
    return llvm::formatv("--{0}={1:e6}", name, value).str();
  };
  std::vector<std::string> arguments{
      llvm::formatv("--threads={0}", options.threads),
      llvm::formatv("--rounds={0}", options.rounds),
      number("kill-ratio", options.killRatio),
      number("sample-ms", options.sampleMs),
      number("tolerance", options.tolerance),
      number("timeout", options.timeout)};
  if (options.coldCaches)
    arguments.push_back("--cold");
  if (options.weightBytes)
    arguments.push_back(
        llvm::formatv("--weight-bytes={0}", options.weightBytes));
  std::string known;
  for (auto [code, result] : llvm::enumerate(results))
    if (code && result)
      known += (known.empty() ? "" : ",") + std::to_string(code);
  if (!known.empty())
    arguments.push_back("--skip=" + known);
  return arguments;
}

std::optional<Measurement> MeasureJob::blame(size_t code,
                                             const Runner::Outcome &outcome) {
  bool isCrash = llvm::is_contained(
      {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP}, outcome.signal);
  if (!isCrash && ++suspicions[code] < kSuspicions)
    return std::nullopt;
  Measurement result;
  result.status =
      outcome.timedOut ? TrialStatus::Timeout : TrialStatus::Crashed;
  result.detail = outcome.timedOut ? outcome.failure
                  : outcome.signal ? describeCrash(outcome.signal)
                                   : "it ended the program";
  return result;
}

std::string
MeasureJob::run(Runner &runner, const MeasureOptions &options,
                const std::function<bool()> &stopCondition,
                llvm::function_ref<void(size_t, const Measurement &)> ended) {
  auto keep = [&](size_t code, const Measurement &result) {
    if (results[code])
      return false;
    results[code] = result;
    ended(code, result);
    return true;
  };
  // The program itself notices what hangs: what prints nothing for longer does
  // not run at all.
  double silence = 2 * options.timeout + 1;
  runner.stopWhen(stopCondition);
  while (true) {
    MeasureReport report(results.size());
    bool endedByCode = false;
    size_t linesRead = 0;
    auto read = [&](llvm::StringRef line) {
      ++linesRead;
      std::optional<size_t> code = report.read(line);
      if (!code)
        return;
      const Measurement &result = report.results[*code];
      endedByCode |=
          keep(*code, result) && (result.status == TrialStatus::Crashed ||
                                  result.status == TrialStatus::Timeout);
    };
    runner.tellLines(read);
    Runner::Outcome outcome = runner.run(path, getArguments(options), silence);
    runner.tellLines(nullptr);
    started |= report.started;
    if (stopCondition())
      return "interrupted";
    // What a runner had all at once.
    while (linesRead < outcome.lines.size())
      read(outcome.lines[linesRead]);
    started |= report.started;
    if (isFailed() ||
        llvm::all_of(results, [](const auto &result) { return !!result; }))
      return "";
    if (!report.failed.empty())
      return report.failed;
    // What ended the program is left out of the next run.
    if (endedByCode)
      continue;
    if (report.inFlight && !results[*report.inFlight]) {
      size_t code = *report.inFlight;
      if (std::optional<Measurement> result = blame(code, outcome)) {
        keep(code, *result);
        continue;
      }
      return outcome.failure.empty() ? "it ended in the middle of measuring"
                                     : outcome.failure;
    }
    if (!outcome.failure.empty())
      return outcome.failure;
    return report.started ? "it did not print all results"
                          : "it printed no results";
  }
}
