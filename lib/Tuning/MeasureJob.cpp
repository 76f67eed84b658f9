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
  std::string known;
  for (auto [code, result] : llvm::enumerate(results))
    if (code && result)
      known += (known.empty() ? "" : ",") + std::to_string(code);
  if (!known.empty())
    arguments.push_back("--skip=" + known);
  return arguments;
}

bool MeasureJob::blame(size_t code, const Runner::Outcome &outcome) {
  bool isCrash = llvm::is_contained(
      {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP}, outcome.signal);
  if (!isCrash && ++suspicions[code] < kSuspicions)
    return false;
  Measurement result;
  result.status =
      outcome.timedOut ? TrialStatus::Timeout : TrialStatus::Crashed;
  result.detail = outcome.timedOut ? outcome.failure
                  : outcome.signal ? describeCrash(outcome.signal)
                                   : "it ended the program";
  results[code] = std::move(result);
  return true;
}

std::string MeasureJob::run(Runner &runner, const MeasureOptions &options,
                            const std::function<bool()> &stopCondition) {
  // The program itself notices what hangs: what prints nothing for longer does
  // not run at all.
  double silence = 2 * options.timeout + 1;
  runner.stopWhen(stopCondition);
  while (true) {
    Runner::Outcome outcome = runner.run(path, getArguments(options), silence);
    MeasureReport report = readMeasureReport(outcome.lines, results.size());
    started |= report.started;
    if (stopCondition())
      return "interrupted";
    bool endedByCode = false;
    for (auto &[code, result] : report.results) {
      if (results[code])
        continue;
      endedByCode |= result.status == TrialStatus::Crashed ||
                     result.status == TrialStatus::Timeout;
      results[code] = std::move(result);
    }
    if (isFailed() ||
        llvm::all_of(results, [](const auto &result) { return !!result; }))
      return "";
    if (!report.failed.empty())
      return report.failed;
    // What ended the program is left out of the next run.
    if (endedByCode)
      continue;
    if (report.inFlight && !results[*report.inFlight]) {
      if (blame(*report.inFlight, outcome))
        continue;
      return outcome.failure.empty() ? "it ended in the middle of measuring"
                                     : outcome.failure;
    }
    if (!outcome.failure.empty())
      return outcome.failure;
    return report.started ? "it did not print all results"
                          : "it printed no results";
  }
}
