//===- Report.cpp - A tuning run as a page --------------------------------===//
#include "attune/Tuning/Report.h"
#include "attune/Support/HTMLPage.h"
#include "attune/Support/Plot.h"
#include "llvm/ADT/StringMap.h"
#include <map>

using namespace attune;

/// Colours of the sources, by number.
static int getColour(llvm::StringRef source) {
  static constexpr llvm::StringLiteral sources[] = {
      "default",   "neighbour",  "random",
      "evolution", "coordinate", "autoscheduler"};
  for (auto [i, name] : llvm::enumerate(sources))
    if (name == source)
      return static_cast<int>(i);
  return 6;
}

static std::string printGain(double speedup) {
  return llvm::formatv("{0}{1:f1} %", speedup >= 1 ? "+" : "",
                       100 * (speedup - 1))
      .str();
}

namespace {

/// Writes the page of one report.
class Page {
public:
  Page(const TuningReport &report, llvm::raw_ostream &os)
      : report(report), os(os) {}
  void write();

private:
  void writeSummary();
  void writeModel();
  void writeKernels();
  void writeKernel(const ReportKernel &kernel, size_t number);
  void writeTrials(const ReportKernel &kernel);
  void writeTrialPlots(const ReportKernel &kernel);
  void writeCostModel();
  void writeFailures();
  void writeMachine();
  void row(llvm::StringRef name, llvm::StringRef value) {
    os << "<tr><th>" << escapeHTML(name) << "</th><td>" << escapeHTML(value)
       << "</td></tr>\n";
  }
  void number(llvm::StringRef text) {
    os << "<td class=\"n\">" << escapeHTML(text) << "</td>";
  }
  void gain(double speedup) {
    os << "<td class=\"n"
       << (speedup > 1   ? " good"
           : speedup < 1 ? " bad"
                         : "")
       << "\">" << printGain(speedup) << "</td>";
  }

  const TuningReport &report;
  llvm::raw_ostream &os;
};

} // namespace

void Page::writeSummary() {
  int64_t trials = 0, known = 0, failed = 0;
  for (const ReportKernel &kernel : report.kernels) {
    trials += kernel.progress.trials;
    known += kernel.progress.known;
    failed += kernel.progress.failed;
  }
  os << "<h1>Tuning of " << escapeHTML(report.title)
     << "</h1>\n<p class=\"lead\">"
     << llvm::formatv("{0} trials in {1:f1} s, {2} known from earlier runs, "
                      "{3} failed",
                      trials, report.seconds, known, failed)
     << (report.interrupted ? ", interrupted" : "") << ".</p>\n";
}

void Page::writeModel() {
  os << "<h2>The model</h2>\n";
  if (report.model) {
    const PairedTimes &times = *report.model;
    os << "<table><tr><th></th><th class=\"n\">min ms</th><th class=\"n\">"
          "median ms</th></tr>\n<tr><th>without tuning</th>";
    number(llvm::formatv("{0:f3}", times.minBefore).str());
    number(llvm::formatv("{0:f3}", times.medianBefore).str());
    os << "</tr>\n<tr><th>tuned</th>";
    number(llvm::formatv("{0:f3}", times.minAfter).str());
    number(llvm::formatv("{0:f3}", times.medianAfter).str());
    os << "</tr></table>\n<p>"
       << llvm::formatv("Median of {0} pairs run in turns: {1}, 95 % interval "
                        "{2} to {3}.",
                        times.pairs, printGain(times.speedup),
                        printGain(times.low), printGain(times.high))
       << "</p>\n";
  }
  if (!report.modelNote.empty())
    os << "<p>" << escapeHTML(report.modelNote) << "</p>\n";
  PlotSeries line{"all kernels", 4, /*isLine=*/true, {}};
  double best = 0;
  for (auto [seconds, value] : report.gains) {
    best = std::max(best, value);
    line.points.push_back({seconds, 100 * value});
  }
  PlotOptions options;
  options.title = "Expected gain over time";
  options.xLabel = "seconds";
  options.yLabel = "gain of all kernels, %";
  options.baseline = 0;
  os << "<div class=\"plots\">" << renderPlot(options, line) << "</div>\n";
}

void Page::writeKernels() {
  double total = 0;
  for (const ReportKernel &kernel : report.kernels)
    total += kernel.progress.getModelMsBefore();
  os << "<h2>Kernels</h2>\n<div class=\"scroll\"><table><tr><th>#</th>"
        "<th>kernel</th><th>where</th><th class=\"n\">calls</th>"
        "<th class=\"n\">share</th><th class=\"n\">default ms</th>"
        "<th class=\"n\">tuned ms</th><th class=\"n\">gain</th><th>backend</th>"
        "<th>schedule</th><th>source</th><th class=\"n\">trials</th></tr>\n";
  for (auto [i, kernel] : llvm::enumerate(report.kernels)) {
    const KernelProgress &progress = kernel.progress;
    os << "<tr><td><a href=\"#k" << i << "\">" << i + 1 << "</a></td><td>"
       << escapeHTML(progress.task->workload.label) << "</td><td>"
       << escapeHTML(progress.task->where) << "</td>";
    number(std::to_string(progress.task->calls));
    number(llvm::formatv("{0:f1} %",
                         total > 0 ? 100 * progress.getModelMsBefore() / total
                                   : 0.0)
               .str());
    if (!progress.failure.empty() || !(progress.defaultMs > 0)) {
      os << "<td colspan=\"7\">"
         << escapeHTML(progress.failure.empty() ? "not measured"
                                                : progress.failure)
         << "</td></tr>\n";
      continue;
    }
    number(llvm::formatv("{0:f4}", progress.defaultMs).str());
    number(llvm::formatv("{0:f4}", progress.defaultMs / progress.bestSpeedup)
               .str());
    gain(progress.bestSpeedup);
    os << "<td>" << escapeHTML(progress.best.backend)
       << "</td><td class=\"code\">" << escapeHTML(progress.best.schedule.str())
       << "</td><td>" << escapeHTML(progress.best.source)
       << (progress.bestSpeedup > 1 && !progress.confirmed ? " (not confirmed)"
                                                           : "")
       << "</td>";
    number(std::to_string(progress.trials + progress.known));
    os << "</tr>\n";
  }
  os << "</table></div>\n";
}

void Page::writeTrialPlots(const ReportKernel &kernel) {
  std::map<int, PlotSeries> bySource;
  PlotSeries best{"best so far", 4, /*isLine=*/true, {}};
  double most = 0;
  for (auto [i, trial] : llvm::enumerate(kernel.trials)) {
    const TrialRecord &record = trial.record;
    if (record.result.status != TrialStatus::Ok)
      continue;
    int colour = getColour(record.candidate.source);
    PlotSeries &series = bySource[colour];
    series.name = colour == 6 ? "other" : record.candidate.source;
    series.colour = colour;
    double x = static_cast<double>(i + 1);
    series.points.push_back(
        {x, record.result.speedup,
         llvm::formatv("{0} {1}: {2:f4} ms", record.candidate.backend,
                       record.candidate.schedule.str(),
                       record.result.time.median)
             .str()});
    most = std::max(most, record.result.speedup);
    best.points.push_back({x, most});
  }
  std::vector<PlotSeries> all{best};
  for (auto &[colour, series] : bySource)
    all.push_back(std::move(series));
  PlotOptions options;
  options.title = "Speedup of every trial";
  options.xLabel = "trial";
  options.yLabel = "speedup over the default";
  options.baseline = 1;
  os << renderPlot(options, all);

  PlotSeries overTime{"best so far", 4, /*isLine=*/true, {}};
  most = 1;
  for (const ReportTrial &trial : kernel.trials) {
    if (trial.record.result.status == TrialStatus::Ok)
      most = std::max(most, trial.record.result.speedup);
    if (trial.seconds >= 0)
      overTime.points.push_back({trial.seconds, most});
  }
  options.title = "Best so far over time";
  options.xLabel = "seconds";
  os << renderPlot(options, overTime);
}

void Page::writeTrials(const ReportKernel &kernel) {
  os << "<details><summary>" << kernel.trials.size()
     << " trials</summary><div class=\"scroll\"><table><tr><th class=\"n\">#"
        "</th><th>source</th><th>backend</th><th>schedule</th><th>status</th>"
        "<th class=\"n\">median ms</th><th class=\"n\">min ms</th>"
        "<th class=\"n\">quartiles</th><th class=\"n\">speedup</th>"
        "<th class=\"n\">predicted ms</th><th class=\"n\">error</th>"
        "<th class=\"n\">at s</th></tr>\n";
  for (auto [i, trial] : llvm::enumerate(kernel.trials)) {
    const TrialRecord &record = trial.record;
    const Measurement &result = record.result;
    bool isOk = result.status == TrialStatus::Ok;
    os << "<tr>";
    number(std::to_string(i + 1));
    os << "<td>" << escapeHTML(record.candidate.source)
       << (record.confirmed ? " (again)" : "") << "</td><td>"
       << escapeHTML(record.candidate.backend) << "</td><td class=\"code\">"
       << escapeHTML(record.candidate.schedule.str()) << "</td><td"
       << (isOk ? "" : " class=\"bad\"") << '>' << getName(result.status);
    if (!result.detail.empty())
      os << ": " << escapeHTML(result.detail);
    os << "</td>";
    auto milliseconds = [&](double value) {
      number(isOk ? llvm::formatv("{0:f4}", value).str() : "");
    };
    milliseconds(result.time.median);
    milliseconds(result.time.min);
    number(isOk ? llvm::formatv("{0:f4} - {1:f4}", result.time.quartile1,
                                result.time.quartile3)
                      .str()
                : "");
    number(isOk ? llvm::formatv("{0:f3}", result.speedup).str() : "");
    number(record.predictedMs > 0
               ? llvm::formatv("{0:f4}", record.predictedMs).str()
               : "");
    number(isOk ? llvm::formatv("{0:e1}", result.error).str() : "");
    number(trial.seconds >= 0 ? llvm::formatv("{0:f1}", trial.seconds).str()
                              : "earlier");
    os << "</tr>\n";
  }
  os << "</table></div></details>\n";
}

void Page::writeKernel(const ReportKernel &kernel, size_t number) {
  const KernelTask &task = *kernel.progress.task;
  os << "<h3 id=\"k" << number << "\">" << number + 1 << ". "
     << escapeHTML(task.workload.label) << "</h3>\n<p class=\"lead\">workload "
     << escapeHTML(task.workload.id) << ", shapes";
  for (const std::vector<int64_t> &shape : task.shapes)
    os << ' ' << escapeHTML(printShape(shape));
  os << llvm::formatv(", {0:f2} MFLOP, {1:f2} MB</p>\n", task.flops / 1e6,
                      task.bytes / 1e6);
  if (kernel.trials.empty()) {
    os << "<p class=\"none\">Nothing was tried.</p>\n";
    return;
  }
  os << "<div class=\"plots\">\n";
  writeTrialPlots(kernel);
  os << "</div>\n";
  writeTrials(kernel);
}

void Page::writeCostModel() {
  os << "<h2>Cost model</h2>\n";
  PlotSeries dots{"trials", 3, false, {}};
  std::vector<double> within;
  for (const ReportKernel &kernel : report.kernels) {
    std::vector<double> predicted, measured;
    for (const ReportTrial &trial : kernel.trials) {
      const TrialRecord &record = trial.record;
      if (record.result.status != TrialStatus::Ok ||
          !(record.predictedMs > 0) || record.confirmed)
        continue;
      predicted.push_back(record.predictedMs);
      measured.push_back(record.result.time.median);
      dots.points.push_back({record.predictedMs, record.result.time.median,
                             kernel.progress.task->workload.label + ": " +
                                 record.candidate.schedule.str()});
    }
    if (predicted.size() >= 5)
      within.push_back(computeRankCorrelation(predicted, measured));
  }
  if (report.rankCorrelation)
    os << llvm::formatv("<p>Rank correlation (Spearman) by cross-validation on "
                        "the database: {0:f2}.</p>\n",
                        *report.rankCorrelation);
  if (!within.empty()) {
    double sum = 0;
    for (double one : within)
      sum += one;
    os << llvm::formatv(
        "<p>Between what was predicted before a trial ran and what it then "
        "took: {0:f2}, the mean over {1} kernels of five such trials or "
        "more.</p>\n",
        sum / static_cast<double>(within.size()), within.size());
  }
  PlotOptions options;
  options.title = "Predicted and measured";
  options.xLabel = "predicted ms";
  options.yLabel = "measured ms";
  options.logX = options.logY = options.diagonal = true;
  os << "<div class=\"plots\">" << renderPlot(options, dots) << "</div>\n";
}

void Page::writeFailures() {
  std::map<std::pair<std::string, std::string>, int64_t> counts;
  for (const ReportKernel &kernel : report.kernels)
    for (const ReportTrial &trial : kernel.trials)
      if (trial.record.result.status != TrialStatus::Ok)
        ++counts[{getName(trial.record.result.status).str(),
                  trial.record.result.detail}];
  os << "<h2>Failures</h2>\n";
  if (counts.empty()) {
    os << "<p class=\"none\">None.</p>\n";
    return;
  }
  os << "<div class=\"scroll\"><table><tr><th>status</th><th>why</th>"
        "<th class=\"n\">trials</th></tr>\n";
  for (const auto &[what, count] : counts) {
    os << "<tr><td>" << escapeHTML(what.first) << "</td><td>"
       << escapeHTML(what.second) << "</td>";
    number(std::to_string(count));
    os << "</tr>\n";
  }
  os << "</table></div>\n";
}

void Page::writeMachine() {
  const TargetKey &target = report.target;
  os << "<h2>Machine</h2>\n<table>\n";
  row("CPU", target.arch + " " + target.cpu);
  row("features", llvm::join(target.features, " "));
  row("vectors", std::to_string(target.vectorBits) + " bits");
  row("caches",
      llvm::formatv("L1 {0} KiB, L2 {1} KiB, L3 {2} KiB", target.l1Bytes >> 10,
                    target.l2Bytes >> 10, target.l3Bytes >> 10)
          .str());
  row("cores", std::to_string(target.cores));
  row("compiler", getCompilerVersion());
  os << "</table>\n<h2>Options</h2>\n<table>\n";
  for (const auto &[name, value] : report.options)
    row(name, value);
  os << "</table>\n";
}

void Page::write() {
  writeSummary();
  writeModel();
  writeKernels();
  for (auto [i, kernel] : llvm::enumerate(report.kernels))
    writeKernel(kernel, i);
  writeCostModel();
  writeFailures();
  writeMachine();
}

std::string attune::renderReport(const TuningReport &report) {
  HTMLPage page;
  page.title = "Tuning of " + report.title;
  page.style = getPlotStyle().str();
  llvm::raw_string_ostream os(page.body);
  Page(report, os).write();
  return renderPage(page);
}

llvm::Error attune::writeReport(llvm::StringRef path,
                                const TuningReport &report) {
  return writePage(path, renderReport(report));
}
