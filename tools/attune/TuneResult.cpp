//===- TuneResult.cpp - What attune tune prints at its end ----------------===//
#include "TuneResult.h"
#include "Table.h"
#include "attune/Support/File.h"
#include "llvm/Support/JSON.h"

using namespace attune;
using namespace attune::tool;

static double getModelMs(const TunerResult &result) {
  double total = 0;
  for (const KernelProgress &kernel : result.kernels)
    total += kernel.getModelMsBefore();
  return total;
}

/// "tuned" and who found it, or why the default stays.
static std::string describeSource(const TuneOutcome &outcome, size_t number) {
  const KernelProgress &kernel = outcome.result.kernels[number];
  if (!kernel.failure.empty())
    return "cannot be tuned";
  if (!(kernel.defaultMs > 0))
    return "not measured";
  if (outcome.isDropped(number))
    return "default: not faster in the model";
  if (kernel.bestSpeedup <= 1)
    return "default";
  return kernel.best.source + (kernel.confirmed ? "" : ", not confirmed");
}

void attune::tool::printTuneJSON(llvm::raw_ostream &os,
                                 const TuneOutcome &outcome) {
  const TunerResult &result = outcome.result;
  double total = getModelMs(result);
  llvm::json::Array kernels;
  for (auto [i, kernel] : llvm::enumerate(result.kernels)) {
    llvm::json::Array shapes;
    for (const std::vector<int64_t> &shape : kernel.task->shapes)
      shapes.push_back(llvm::json::Array(shape));
    llvm::json::Object object{
        {"kernel", kernel.task->workload.label},
        {"workload", kernel.task->workload.id},
        {"where", llvm::json::fixUTF8(kernel.task->where)},
        {"shapes", std::move(shapes)},
        {"calls", kernel.task->calls},
        {"share", total > 0 ? kernel.getModelMsBefore() / total : 0},
        {"default_ms", nullptr},
        {"tuned_ms", nullptr},
        {"gain", nullptr},
        {"backend", kernel.best.backend},
        {"schedule", kernel.best.schedule.str()},
        {"source", kernel.best.source},
        {"confirmed", kernel.confirmed},
        {"held_in_model", !outcome.isDropped(i)},
        {"trials", kernel.trials},
        {"known", kernel.known},
        {"failed", kernel.failed}};
    if (kernel.defaultMs > 0) {
      object["default_ms"] = kernel.defaultMs;
      object["tuned_ms"] = kernel.defaultMs / kernel.bestSpeedup;
      object["gain"] = kernel.bestSpeedup - 1;
    }
    if (!kernel.failure.empty())
      object["failure"] = llvm::json::fixUTF8(kernel.failure);
    kernels.push_back(std::move(object));
  }
  llvm::json::Object object{{"trials", result.trials},
                            {"confirmations", result.confirmations},
                            {"seconds", outcome.seconds},
                            {"model_ms_before", nullptr},
                            {"model_ms_after", nullptr},
                            {"kernels", std::move(kernels)},
                            {"input", llvm::json::fixUTF8(outcome.input)},
                            {"database", llvm::json::fixUTF8(outcome.database)},
                            {"threads", outcome.threads},
                            {"interrupted", result.interrupted},
                            {"expected_gain", getExpectedGain(result.kernels)},
                            {"rank_correlation", nullptr}};
  if (result.rankCorrelation)
    object["rank_correlation"] = *result.rankCorrelation;
  if (const std::optional<PairedTimes> &times = outcome.verdict.times) {
    object["model_ms_before"] = times->medianBefore;
    object["model_ms_after"] = times->medianAfter;
    llvm::json::Object model{{"pairs", times->pairs},
                             {"ms_min_before", times->minBefore},
                             {"ms_min_after", times->minAfter},
                             {"speedup", times->speedup},
                             {"low", times->low},
                             {"high", nullptr},
                             {"faster", times->isFaster()},
                             {"slower", times->isSlower()},
                             {"note", outcome.verdict.note}};
    if (std::isfinite(times->high))
      model["high"] = times->high;
    object["model"] = std::move(model);
  }
  os << llvm::json::Value(std::move(object)) << '\n';
}

static std::string printPercent(double ratio) {
  return llvm::formatv("{0}{1:f1} %", ratio >= 1 ? "+" : "", 100 * (ratio - 1));
}

static void printKernels(llvm::raw_ostream &os, const TuneOutcome &outcome) {
  const TunerResult &result = outcome.result;
  double total = getModelMs(result);
  Table table({{"kernel"},
               {"where"},
               {"calls", true},
               {"share", true},
               {"default ms", true},
               {"tuned ms", true},
               {"gain", true},
               {"backend"},
               {"schedule"},
               {"source"}});
  for (auto [i, kernel] : llvm::enumerate(result.kernels)) {
    bool isMeasured = kernel.defaultMs > 0;
    auto number = [&](auto &&text) {
      return isMeasured ? std::string(text) : std::string("-");
    };
    table.addRow(
        {kernel.task->workload.label, kernel.task->where,
         std::to_string(kernel.task->calls),
         number(llvm::formatv(
                    "{0:f1} %",
                    total > 0 ? 100 * kernel.getModelMsBefore() / total : 0.0)
                    .str()),
         number(llvm::formatv("{0:f4}", kernel.defaultMs).str()),
         number(llvm::formatv("{0:f4}", kernel.defaultMs / kernel.bestSpeedup)
                    .str()),
         number(printPercent(kernel.bestSpeedup)), kernel.best.backend,
         kernel.best.schedule.str(), describeSource(outcome, i)});
  }
  table.print(os);
}

void attune::tool::printTuneText(llvm::raw_ostream &os,
                                 const TuneOutcome &outcome) {
  const TunerResult &result = outcome.result;
  os << "Kernels of " << printable(outcome.input);
  std::vector<std::string> sizes;
  for (const auto &size : outcome.sizes)
    sizes.push_back((size.first() + "=" + llvm::Twine(size.second)).str());
  llvm::sort(sizes);
  if (!sizes.empty())
    os << " at " << llvm::join(sizes, ", ");
  os << llvm::formatv(", {0} thread{1} of {2}:\n\n", outcome.threads,
                      outcome.threads == 1 ? "" : "s", outcome.target.cpu);
  printKernels(os, outcome);
  os << '\n';
  if (const std::optional<PairedTimes> &times = outcome.verdict.times) {
    Table table({{"model"}, {"ms min", true}, {"ms median", true}});
    table.addRow({"without tuning", llvm::formatv("{0:f3}", times->minBefore),
                  llvm::formatv("{0:f3}", times->medianBefore)});
    table.addRow({"tuned", llvm::formatv("{0:f3}", times->minAfter),
                  llvm::formatv("{0:f3}", times->medianAfter)});
    table.print(os);
    os << llvm::formatv("\n{0} (median of {1} pairs run in turns; 95 % "
                        "interval {2} to {3}, by the sign test). {4}\n",
                        printPercent(times->speedup), times->pairs,
                        printPercent(times->low), printPercent(times->high),
                        outcome.verdict.note);
  } else if (!outcome.verdict.note.empty()) {
    os << outcome.verdict.note << '\n';
  }
  int64_t known = 0, failed = 0;
  bool isConfirmed = true;
  for (const KernelProgress &kernel : result.kernels) {
    known += kernel.known;
    failed += kernel.failed;
    isConfirmed &= kernel.bestSpeedup <= 1 || kernel.confirmed;
  }
  os << llvm::formatv("{0} trials in {1:f1} s ({2} failed), {3} known from "
                      "before.\n",
                      result.trials, outcome.seconds, failed, known);
  if (result.rankCorrelation)
    os << llvm::formatv("Rank correlation of the cost model: {0:f2}.\n",
                        *result.rankCorrelation);
  if (result.interrupted)
    os << "Interrupted: the same command goes on from here.\n";
  else if (!isConfirmed)
    os << "Winners were not measured again: the same command does that.\n";
  if (outcome.database.empty())
    return;
  os << "The records are in '" << printable(outcome.database) << "'.";
  if (outcome.isModel)
    os << " To compile with them: attune compile " << printable(outcome.input)
       << " --db=" << printable(outcome.database);
  os << '\n';
}
