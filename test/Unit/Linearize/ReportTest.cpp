//===- ReportTest.cpp - What is said about a rewritten model --------------===//
#include "attune/Linearize/Report.h"
#include "Samples.h"
#include "attune/Linearize/ReportPage.h"
#include "gtest/gtest.h"
#include <cmath>
#include <regex>

using namespace attune;

namespace {

AttentionCosts makeCosts(std::vector<AttentionTimes> times) {
  AttentionCosts costs;
  costs.softmax = "attention:b=1,h=4,hkv=2,q=N,k=N,d=8";
  costs.linear = "linear_attention:b=1,h=4,hkv=2,n=N,d=8";
  costs.threads = 2;
  costs.times = std::move(times);
  costs.flopCrossover = 48;
  return costs;
}

TEST(AttentionCosts, CrossoverBetweenNeighbours) {
  // 128 tokens: 1 ms slower; 256: 3 ms faster. A quarter of the way.
  EXPECT_EQ(makeCosts({{128, 1, 2}, {256, 6, 3}, {512, 20, 6}}).getCrossover(),
            160);
  // Equal at a length: from there on.
  EXPECT_EQ(makeCosts({{128, 1, 2}, {256, 3, 3}, {512, 20, 6}}).getCrossover(),
            256);
}

TEST(AttentionCosts, CrossoverAtTheEnds) {
  EXPECT_EQ(makeCosts({{128, 2, 1}, {256, 4, 2}}).getCrossover(), 128);
  EXPECT_EQ(makeCosts({{128, 1, 2}, {256, 2, 4}}).getCrossover(), std::nullopt);
  EXPECT_EQ(makeCosts({}).getCrossover(), std::nullopt);
  EXPECT_EQ(makeCosts({{128, 1, 2}}).getCrossover(), std::nullopt);
  EXPECT_EQ(makeCosts({{128, 2, 1}}).getCrossover(), 128);
}

TEST(AttentionCosts, CrossoverIsTheLastOne) {
  // Faster, slower, faster again: what holds from a length on is what counts.
  EXPECT_EQ(makeCosts({{128, 2, 1}, {256, 1, 2}, {512, 4, 3}}).getCrossover(),
            384);
  // Faster in between only.
  EXPECT_EQ(makeCosts({{128, 1, 2}, {256, 4, 2}, {512, 4, 5}}).getCrossover(),
            std::nullopt);
}

TEST(AttentionCosts, FlopsOfFeatures) {
  LayerParameters parameters;
  parameters.query.features = 256;
  EXPECT_EQ(getFlopCrossover(parameters, /*causal=*/false), 512);
  // Half of the keys are masked: softmax is as cheap for twice as long.
  EXPECT_EQ(getFlopCrossover(parameters, /*causal=*/true), 1024);
}

constexpr llvm::StringLiteral kHostile =
    "</script><img src=x onerror=\"a\"> & \x01\xff{0}";

/// Two layers that were judged, the second chosen; one that cannot be linear.
LinearizeReport makeReport(bool isDecoder = false) {
  LinearizeReport report;
  report.model = ("model " + kHostile).str();
  report.isDecoder = isDecoder;
  report.fit.map = LinearMap::Favor;
  report.fit.features = 24;
  report.calibration.file = "calibration.txt";
  report.calibration.hash = std::string(64, 'a');
  report.calibration.sequences = {{1, 2, 3}, {4, 5}};
  report.holdout.file = ("held-out " + kHostile).str();
  report.holdout.hash = std::string(64, 'b');
  report.holdout.sequences = {{1, 2, 3, 4, 5, 6, 7, 8}};
  AttentionSamples samples = makeSamples(3, 1, 0.5, isDecoder);
  for (int64_t index : {0, 1}) {
    report.parameters.push_back(
        std::make_unique<LayerParameters>(fitLayer(samples, report.fit)));
    LayerOutcome &layer = report.layers.emplace_back();
    layer.report = reportLayer(*report.parameters.back(), samples, samples);
    layer.report.layer = ("layer " + kHostile).str();
    layer.report.index = index;
    layer.isolated.emplace().cosineMean = index ? 0.9975 : 0.875;
    layer.cumulative.emplace().cosineMean = index ? 0.9975 : 0.8125;
  }
  LayerOutcome &refused = report.layers.emplace_back();
  refused.report.layer = "the last";
  refused.report.index = 2;
  refused.refusal = MissedReason{"a <bias> is added", "leave it"};
  report.parameters.push_back(nullptr);
  report.order = {1, 0};
  report.layers[1].isChosen = true;
  report.results = *report.layers[1].isolated;
  for (int64_t length : {2, 4, 8})
    report.lengths.push_back({length, report.results});
  report.seeds = {*report.layers[0].isolated};
  report.passes = true;
  report.passingLayers = {1};
  report.passingResults = report.results;
  return report;
}

bool has(const std::string &text, llvm::StringRef part) {
  return llvm::StringRef(text).contains(part);
}

/// Elements that are opened and not closed, or the other way round.
std::string findUnbalanced(const std::string &page) {
  std::vector<std::string> open;
  static const std::regex tag("<(/?)([a-z0-9]+)[^>]*?(/?)>");
  for (std::sregex_iterator it(page.begin(), page.end(), tag), end; it != end;
       ++it) {
    std::string name = (*it)[2];
    if ((*it)[3].length() || name == "meta")
      continue;
    if (!(*it)[1].length()) {
      open.push_back(name);
      continue;
    }
    if (open.empty() || open.back() != name)
      return "</" + name + ">";
    open.pop_back();
  }
  return open.empty() ? "" : "<" + open.back() + ">";
}

/// What holds of every page.
void checkPage(const std::string &page) {
  for (llvm::StringRef outside :
       {"http:", "https:", "url(", "@import", "src=x onerror=\"", "<img",
        "<script", "<link", "=\"nan", "=\"inf", "=\"-nan"})
    EXPECT_FALSE(has(page, outside)) << outside.str();
  EXPECT_EQ(findUnbalanced(page), "");
  for (char c : page)
    EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n');
  EXPECT_TRUE(has(page, "color-scheme: light dark"));
}

TEST(LinearizePage, SaysTheVerdictFirst) {
  LinearizeReport report = makeReport();
  std::string page = renderLinearizePage({report});
  checkPage(page);
  size_t verdict = page.find("The budget is kept.");
  ASSERT_NE(verdict, std::string::npos);
  EXPECT_LT(verdict, page.find("<h2>"));
  EXPECT_TRUE(has(page, "With layer 1 linear, of 3"));
  EXPECT_TRUE(has(page, "0.9975"));
  report.passes = false;
  report.layers[0].isChosen = true;
  page = renderLinearizePage({report});
  EXPECT_TRUE(has(page, "The budget is not kept."));
  EXPECT_TRUE(has(page, "With layers 0, 1 linear, of 3"));
  EXPECT_TRUE(has(page, "that was found to keep it: 1, with 0.9975"));
}

TEST(LinearizePage, ShowsNamesAsText) {
  LinearizeReport report = makeReport();
  AttentionCosts costs = makeCosts({{128, 1, 2}, {256, 6, 3}});
  costs.softmax += kHostile;
  std::string page =
      renderLinearizePage({report, &costs, {{"a <fact>", kHostile.str()}}});
  checkPage(page);
  EXPECT_TRUE(has(page, "&lt;/script&gt;&lt;img src=x onerror="));
  EXPECT_TRUE(has(page, "a &lt;fact&gt;"));
  EXPECT_TRUE(has(page, "cannot be linear: a &lt;bias&gt; is added; leave it"));
}

TEST(LinearizePage, HasTheFigures) {
  LinearizeReport report = makeReport();
  report.layers[1].report.heads[2].guarded = 17;
  AttentionCosts costs = makeCosts({{128, 1, 2}, {256, 6, 3}});
  std::string page = renderLinearizePage({report, &costs});
  checkPage(page);
  EXPECT_TRUE(has(page, report.calibration.hash));
  EXPECT_TRUE(has(page, report.holdout.hash));
  // A bar for each layer and comparison, but window only, and those of the
  // legend; a cell for each head.
  auto count = [&](llvm::StringRef what) {
    return llvm::StringRef(page).count(what);
  };
  EXPECT_EQ(count("<rect class=\"bar c"), 4u * 2 + 4);
  EXPECT_EQ(count("<rect class=\"heat\""), 2u * 4);
  EXPECT_TRUE(has(page, "layer 1, head 3:"));
  EXPECT_TRUE(has(page, "so that their rows are zeros: 17."));
  EXPECT_TRUE(has(page, "faster from 160 tokens on"));
  EXPECT_TRUE(has(page, "operations from 48."));
  EXPECT_TRUE(has(page, "up to 4 tokens"));
  // Of 0.9975 and 0.875.
  EXPECT_TRUE(has(page, "Over 2 random projections: mean cosine of results "
                        "0.9363, standard deviation 0.0866"));
  int64_t bytes = report.layers[1].report.stateBytes;
  EXPECT_TRUE(has(page, "layer 1 takes " + std::to_string(bytes)));
  EXPECT_FALSE(has(page, ">window only, "));
  EXPECT_FALSE(has(renderLinearizePage({report}), "<h2>Time</h2>"));
}

TEST(LinearizePage, HasMeasuresOfDecoders) {
  LinearizeReport report = makeReport(/*isDecoder=*/true);
  report.budget = {ErrorBudget::Metric::Perplexity, 1.05};
  report.results.perplexityRatio = 1.03125;
  std::string page = renderLinearizePage({report});
  checkPage(page);
  EXPECT_TRUE(has(page, "perplexity ratio at most 1.05"));
  EXPECT_TRUE(has(page, "the held-out texts give 1.0312"));
  EXPECT_TRUE(has(page, "KL p99"));
}

TEST(LinearizePage, ShowsWhatIsNoNumber) {
  LinearizeReport report = makeReport();
  report.layers[0].report.heads[0].error = {NAN, INFINITY, INFINITY, NAN};
  report.layers[0].isolated->cosineMean = NAN;
  report.layers[0].cumulative->cosineMean = -INFINITY;
  report.results.cosineMean = NAN;
  report.lengths.back().results.cosineMean = NAN;
  report.passes = false;
  std::string page = renderLinearizePage({report});
  checkPage(page);
  EXPECT_TRUE(has(page, "no number"));
  EXPECT_TRUE(has(page, "<line class=\"cross\""));
}

TEST(LinearizePage, OfModelsWithoutCandidates) {
  LinearizeReport report = makeReport();
  report.layers.erase(report.layers.begin(), report.layers.begin() + 2);
  report.layers[0].report.index = 0;
  report.parameters.clear();
  report.order.clear();
  report.passingLayers.clear();
  report.passes = false;
  std::string page = renderLinearizePage({report});
  checkPage(page);
  EXPECT_TRUE(has(page, "No layer can be linear within it"));
  EXPECT_TRUE(has(page, "nothing to show"));
}

} // namespace
