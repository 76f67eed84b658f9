//===- CostModelTest.cpp - Whether guesses rank ---------------------------===//
#include "attune/Tuning/CostModel.h"
#include "gtest/gtest.h"
#include <cmath>
#include <limits>
#include <random>

using namespace attune;

namespace {

TEST(RankCorrelation, OrdersAndTies) {
  EXPECT_DOUBLE_EQ(computeRankCorrelation({1, 2, 3, 4}, {10, 20, 30, 400}), 1);
  EXPECT_DOUBLE_EQ(computeRankCorrelation({1, 2, 3, 4}, {4, 3, 2, 1}), -1);
  EXPECT_DOUBLE_EQ(computeRankCorrelation({1, 1, 1}, {1, 2, 3}), 0);
  EXPECT_DOUBLE_EQ(computeRankCorrelation({}, {}), 0);
  EXPECT_DOUBLE_EQ(computeRankCorrelation({1}, {1}), 0);
  // Ranks 0, 1.5, 1.5, 3 and 0, 1, 2, 3: 4.5 / sqrt(4.5 * 5).
  EXPECT_NEAR(computeRankCorrelation({1, 2, 2, 3}, {1, 2, 3, 4}),
              std::sqrt(0.9), 1e-12);
  EXPECT_DOUBLE_EQ(computeRankCorrelation({1, 2, 2, 3}, {5, 6, 6, 7}), 1);
}

TargetKey makeTarget() {
  TargetKey target;
  target.arch = "x86_64";
  target.cpu = "znver4";
  target.features = {"avx2", "avx512f"};
  target.vectorBits = 512;
  target.l1Bytes = 32 << 10;
  target.l2Bytes = 1 << 20;
  target.l3Bytes = 32 << 20;
  target.cores = 2;
  return target;
}

/// Records whose times follow a formula: products with tiles that waste what
/// remains, blocks that should fit a cache, and two backends.
class CostModelTest : public ::testing::Test {
protected:
  int64_t draw(std::initializer_list<int64_t> choices) {
    return choices.begin()[generator() % choices.size()];
  }

  static KernelShapes getShapes(int64_t m, int64_t n, int64_t k) {
    return {{m, k}, {n, k}, {m, n}};
  }

  Candidate drawCandidate() {
    Candidate candidate;
    candidate.backend = draw({0, 1}) ? "llvm" : "halide";
    candidate.schedule.set("mr", draw({1, 2, 4, 6, 8, 12}))
        .set("nv", draw({1, 2, 3, 4}))
        .set("mc", draw({12, 24, 48, 96, 192}))
        .set("unroll", draw({1, 2, 4, 8}));
    return candidate;
  }

  static double getTime(const KernelShapes &shapes,
                        const Candidate &candidate) {
    auto knob = [&](llvm::StringRef name) {
      return static_cast<double>(candidate.schedule.get(name, 1));
    };
    double m = static_cast<double>(shapes[0][0]),
           k = static_cast<double>(shapes[0][1]),
           n = static_cast<double>(shapes[1][0]);
    double wasted = std::ceil(m / knob("mr")) * knob("mr") / m;
    double sums = knob("mr") * knob("nv");
    double latency = sums < 10 ? 10 / sums : sums > 28 ? sums / 20 : 1;
    double cache = knob("mc") * k * 4 > 300e3 ? 1.4 : 1;
    double loop = 1 + 0.3 / knob("unroll");
    double backend = candidate.backend == "llvm" ? 1 : 1.2;
    return m * n * k * 1e-8 * wasted * latency * cache * loop * backend;
  }

  TrialRecord makeRecord(const KernelShapes &shapes) {
    TrialRecord record;
    record.family = "linear";
    record.workload =
        std::to_string(shapes[1][0]) + "x" + std::to_string(shapes[1][1]);
    record.shapes = shapes;
    record.target = makeTarget();
    record.candidate = drawCandidate();
    record.result.time.median = getTime(shapes, record.candidate);
    // The default would be mr=6 nv=2.
    Candidate reference{
        "llvm",
        Schedule().set("mr", 6).set("nv", 2).set("mc", 48).set("unroll", 4),
        "default"};
    record.result.speedup =
        getTime(shapes, reference) / record.result.time.median;
    return record;
  }

  std::vector<TrialRecord> makeRecords(size_t count) {
    const KernelShapes shapes[] = {
        getShapes(128, 768, 768), getShapes(128, 3072, 768),
        getShapes(10, 384, 1536), getShapes(1, 768, 3072)};
    std::vector<TrialRecord> records;
    for (size_t i = 0; i < count; ++i)
      records.push_back(makeRecord(shapes[i % std::size(shapes)]));
    return records;
  }

  /// Rank correlation on new candidates of a kernel.
  double rank(const CostModel &model, const KernelShapes &shapes) {
    std::vector<double> said, measured;
    for (int i = 0; i < 120; ++i) {
      Candidate candidate = drawCandidate();
      said.push_back(
          model.predict("linear", shapes, candidate, makeTarget(), 1));
      measured.push_back(getTime(shapes, candidate));
    }
    return computeRankCorrelation(said, measured);
  }

  std::mt19937_64 generator{1};
};

TEST_F(CostModelTest, RecoversAnOrder) {
  CostModel model;
  EXPECT_FALSE(model.isFitted());
  EXPECT_FALSE(model.getRankCorrelation().has_value());
  std::vector<TrialRecord> records = makeRecords(400);
  EXPECT_EQ(model.fit(records, makeTarget()), 400u);
  ASSERT_TRUE(model.isFitted());
  EXPECT_GT(rank(model, getShapes(128, 768, 768)), 0.85);
  EXPECT_GT(rank(model, getShapes(10, 384, 1536)), 0.85);
  EXPECT_GT(rank(model, getShapes(1, 768, 3072)), 0.85);
  // Kernels that no record is of.
  EXPECT_GT(rank(model, getShapes(100, 1024, 768)), 0.75);
  ASSERT_TRUE(model.getRankCorrelation().has_value());
  EXPECT_GT(*model.getRankCorrelation(), 0.8);
  EXPECT_LE(*model.getRankCorrelation(), 1.0);
}

TEST_F(CostModelTest, FewRecordsHelpAlready) {
  CostModel model;
  std::vector<TrialRecord> records;
  for (int i = 0; i < 48; ++i)
    records.push_back(makeRecord(getShapes(128, 768, 768)));
  EXPECT_EQ(model.fit(records, makeTarget()), 48u);
  EXPECT_GT(rank(model, getShapes(128, 768, 768)), 0.6);
}

TEST_F(CostModelTest, PredictsMilliseconds) {
  CostModel model;
  model.fit(makeRecords(400), makeTarget());
  for (const KernelShapes &shapes :
       {getShapes(128, 768, 768), getShapes(1, 768, 3072),
        getShapes(256, 768, 768)}) { // the last one from its neighbour
    double logs = 0;
    for (int i = 0; i < 50; ++i) {
      Candidate candidate = drawCandidate();
      double said = model.predict("linear", shapes, candidate, makeTarget(), 1);
      EXPECT_GT(said, 0);
      logs += std::abs(std::log(said / getTime(shapes, candidate)));
    }
    EXPECT_LT(logs / 50, std::log(1.35));
  }
  // A family that no record is of still gets a number.
  double other =
      model.predict("attention", {{1, 2, 3}}, drawCandidate(), makeTarget(), 1);
  EXPECT_TRUE(std::isfinite(other));
}

TEST_F(CostModelTest, SameRecordsSameModel) {
  std::vector<TrialRecord> records = makeRecords(200);
  CostModel first, second;
  second.fit(makeRecords(300), makeTarget()); // is forgotten
  first.fit(records, makeTarget());
  second.fit(records, makeTarget());
  for (int i = 0; i < 50; ++i) {
    Candidate candidate = drawCandidate();
    KernelShapes shapes = getShapes(i + 1, 768, 768);
    EXPECT_EQ(first.predict("linear", shapes, candidate, makeTarget(), 1),
              second.predict("linear", shapes, candidate, makeTarget(), 1));
  }
  EXPECT_EQ(first.getRankCorrelation(), second.getRankCorrelation());
}

TEST_F(CostModelTest, NoiseHasNoOrder) {
  std::vector<TrialRecord> records = makeRecords(200);
  for (TrialRecord &record : records) {
    double speedup = 0.5 + static_cast<double>(generator() % 1000) / 1000;
    record.result.time.median *= record.result.speedup / speedup;
    record.result.speedup = speedup;
  }
  CostModel model;
  model.fit(records, makeTarget());
  ASSERT_TRUE(model.getRankCorrelation().has_value());
  EXPECT_LT(std::abs(*model.getRankCorrelation()), 0.35);
}

TEST_F(CostModelTest, TimesWithoutSpeedups) {
  std::vector<TrialRecord> records = makeRecords(400);
  for (TrialRecord &record : records)
    record.result.speedup = 0;
  CostModel model;
  EXPECT_EQ(model.fit(records, makeTarget()), 400u);
  EXPECT_GT(rank(model, getShapes(128, 768, 768)), 0.8);
}

TEST_F(CostModelTest, UsesWhatIsUsable) {
  std::vector<TrialRecord> records = makeRecords(16);
  CostModel model;
  EXPECT_EQ(model.fit(llvm::ArrayRef(records).drop_back(), makeTarget()), 15u);
  EXPECT_FALSE(model.isFitted());
  EXPECT_EQ(model.predict("linear", records[0].shapes, records[0].candidate,
                          makeTarget(), 1),
            0);
  // Failures, times that are none, and other machines.
  auto spoil = [&](llvm::function_ref<void(TrialRecord &)> change) {
    TrialRecord record = records[0];
    change(record);
    records.push_back(record);
  };
  constexpr double infinity = std::numeric_limits<double>::infinity();
  spoil([](TrialRecord &r) { r.result.status = TrialStatus::Wrong; });
  spoil([](TrialRecord &r) { r.result.status = TrialStatus::Timeout; });
  spoil([](TrialRecord &r) { r.result.time.median = 0; });
  spoil([](TrialRecord &r) { r.result.time.median = -1; });
  spoil([](TrialRecord &r) { r.result.time.median = std::nan(""); });
  spoil([](TrialRecord &r) { r.result.time.median = infinity; });
  spoil([](TrialRecord &r) { r.target.arch = "aarch64"; });
  EXPECT_EQ(model.fit(records, makeTarget()), 16u);
  EXPECT_TRUE(model.isFitted());
  EXPECT_EQ(model.fit({}, makeTarget()), 0u);
  EXPECT_FALSE(model.isFitted());
}

TEST_F(CostModelTest, WithstandsWhatRecordsSay) {
  std::vector<TrialRecord> records = makeRecords(64);
  constexpr int64_t most = std::numeric_limits<int64_t>::max();
  constexpr int64_t least = std::numeric_limits<int64_t>::min();
  records[0].shapes = {};
  records[1].shapes = {{}, {0}, {-5, most, most}, {least}};
  records[2].candidate.schedule.set("mr", most).set("nv", least).set("mc", 0);
  records[3].result.speedup = 1e300;
  records[4].result.speedup = 1e-300;
  records[5].result.speedup = -1;
  records[11].result.speedup = 1e-320; // its inverse is infinite
  records[6].result.time.median = 1e-300;
  records[7].threads = -3;
  for (int i = 0; i < 100; ++i)
    records[8].candidate.schedule.set("knob" + std::to_string(i), i);
  records[9].family = "";
  records[10].candidate.backend = "";
  CostModel model;
  EXPECT_EQ(model.fit(records, makeTarget()), 64u);
  for (const TrialRecord &record : records)
    EXPECT_FALSE(
        std::isnan(model.predict(record.family, record.shapes, record.candidate,
                                 record.target, record.threads)));
  ASSERT_TRUE(model.getRankCorrelation().has_value());
  EXPECT_TRUE(std::isfinite(*model.getRankCorrelation()));
}

TEST_F(CostModelTest, ManyRecords) {
  std::vector<TrialRecord> records = makeRecords(10000);
  CostModel model;
  size_t used = model.fit(records, makeTarget());
  EXPECT_GE(used, 2000u);
  EXPECT_LE(used, 10000u);
  EXPECT_GT(rank(model, getShapes(128, 768, 768)), 0.9);
}

} // namespace
