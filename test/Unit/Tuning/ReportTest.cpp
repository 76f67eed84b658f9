//===- ReportTest.cpp - The page about a tuning run -----------------------===//
#include "attune/Tuning/Report.h"
#include "TunerTestSupport.h"

using namespace attune;

namespace {

size_t countOf(llvm::StringRef text, llvm::StringRef part) {
  return text.count(part);
}

class ReportTest : public TunerTest {
protected:
  TuningReport makeReport() {
    measurer.status = [](const Candidate &candidate) {
      return candidate.source == "default" || describe(candidate).size() % 5
                 ? TrialStatus::Ok
                 : TrialStatus::Wrong;
    };
    TunerResult result = tune({makeTask("gemm:m=64,n=64,k=64")}, trials(50));
    TuningReport report;
    report.title = "models/<b>bold</b> & \"quoted\"";
    report.options = {{"runner", "ssh 'host' <script>alert(1)</script>"}};
    report.target = recorder.records.front().target;
    report.seconds = 12.5;
    report.gains = {{1, 0}, {2, 0.1}};
    report.rankCorrelation = 0.625;
    report.model = comparePairs({2, 2, 2, 2, 2, 2}, {1, 1, 1, 1, 1, 1});
    report.modelNote = "The tuned model is faster beyond noise.";
    report.kernels.push_back({result.kernels[0], {}});
    double seconds = 0;
    for (const TrialRecord &record : recorder.records)
      report.kernels[0].trials.push_back({record, seconds++});
    report.kernels[0].trials[0].seconds = -1;
    return report;
  }
};

TEST_F(ReportTest, ShowsEverything) {
  TuningReport report = makeReport();
  std::string page = renderReport(report);
  const KernelProgress &kernel = report.kernels[0].progress;
  for (llvm::StringRef part :
       {"<!DOCTYPE html>", "</html>", "Expected gain over time",
        "Speedup of every trial", "Best so far over time",
        "Predicted and measured", "by cross-validation on the database: 0.62",
        "+100.0 %", "Median of 6 pairs", "by the test", "earlier",
        "prefers-color-scheme"})
    EXPECT_GE(countOf(page, part), 1u) << part.str();
  EXPECT_GE(countOf(page, kernel.best.schedule.str()), 2u);
  EXPECT_GE(countOf(page, kernel.task->workload.id), 1u);
  // A row for each trial, in the table that can be opened.
  llvm::StringRef table = llvm::StringRef(page).split("<details>").second;
  table = table.split("</details>").first;
  EXPECT_EQ(countOf(table, "<tr>"), report.kernels[0].trials.size() + 1);
}

TEST_F(ReportTest, IsSelfContainedAndEscaped) {
  std::string page = renderReport(makeReport());
  EXPECT_EQ(countOf(page, "<script"), 0u);
  EXPECT_EQ(countOf(page, "<b>"), 0u);
  EXPECT_GE(countOf(page, "&lt;b&gt;bold"), 1u);
  for (llvm::StringRef part : {"http:", "https:", "src=", "@import", "url("})
    EXPECT_EQ(countOf(page, part), 0u) << part.str();
  // Tags are balanced.
  for (llvm::StringRef tag :
       {"table", "tr", "div", "svg", "figure", "details", "p", "td", "th"}) {
    size_t opened = countOf(page, ("<" + tag + ">").str()) +
                    countOf(page, ("<" + tag + " ").str());
    EXPECT_EQ(opened, countOf(page, ("</" + tag + ">").str())) << tag.str();
  }
}

TEST_F(ReportTest, NothingToShow) {
  TuningReport report;
  report.title = "nothing";
  std::string page = renderReport(report);
  EXPECT_GE(countOf(page, "nothing to show"), 1u);
  KernelTask task = makeTask("gemm:m=1,n=1,k=1");
  ReportKernel kernel;
  kernel.progress.task = &task;
  kernel.progress.failure = "it <fails>";
  report.kernels.push_back(kernel);
  page = renderReport(report);
  EXPECT_GE(countOf(page, "it &lt;fails&gt;"), 1u);
  EXPECT_GE(countOf(page, "Nothing was tried"), 1u);
}

TEST_F(ReportTest, OddNumbersBreakNoPlot) {
  TuningReport report = makeReport();
  TrialRecord &record = report.kernels[0].trials[1].record;
  record.result.status = TrialStatus::Ok;
  record.result.speedup = NAN;
  record.result.time.median = INFINITY;
  record.predictedMs = INFINITY;
  record.candidate.source = "\x01<evil>";
  std::string page = renderReport(report);
  EXPECT_EQ(countOf(page, "=\"nan"), 0u);
  EXPECT_EQ(countOf(page, "=\"inf"), 0u);
  EXPECT_EQ(countOf(page, "\x01"), 0u);
}

TEST_F(ReportTest, SaysWhenItCannotBeWritten) {
  llvm::Error error = writeReport("/nowhere/at/all/report.html", makeReport());
  EXPECT_NE(llvm::toString(std::move(error)).find("cannot write"),
            std::string::npos);
}

} // namespace
