//===- DatabaseTest.cpp - What was measured before ------------------------===//
#include "DatabaseTestSupport.h"
#include "llvm/ADT/StringExtras.h"
#include "gtest/gtest.h"
#include <limits>

using namespace attune;

namespace {

struct Lookup {
  TuningDatabase database;

  void add(TrialRecord record) { database.add(std::move(record)); }
  std::optional<DatabaseMatch>
  find(int64_t rows = 128,
       llvm::function_ref<bool(const TrialRecord &)> accepts = nullptr,
       TargetKey target = makeTarget(), int threads = 0) {
    TrialRecord wanted = makeRecord(0, 0, rows);
    return database.find(
        {wanted.workload, wanted.shapes, target, accepts, threads});
  }
  /// Rows of a tile in the record that is found; 0: nothing.
  int64_t findRows(int64_t rows = 128) {
    std::optional<DatabaseMatch> match = find(rows);
    return match ? match->record->candidate.schedule.get("mr", -1) : 0;
  }
};

TrialRecord withStatus(TrialRecord record, TrialStatus status) {
  record.result.status = status;
  return record;
}

TrialRecord confirmed(TrialRecord record) {
  record.confirmed = true;
  return record;
}

TrialRecord fromDefault(TrialRecord record) {
  record.candidate.source = "default";
  return record;
}

TrialRecord onOther(TrialRecord record) {
  record.target.cpu = "alderlake";
  record.target.l2Bytes *= 2;
  return record;
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

TEST(DatabaseTest, CountsWhatItDoesNotUse) {
  std::string good = toLine(makeRecord());
  std::string newer = "{\"schema\":7,\"what\":\"ever\"}";
  TuningDatabase database =
      TuningDatabase::parse(good + "\r\n\n  \nnonsense\n" + newer + "\n" +
                            good + "\n" + good.substr(0, 40));
  EXPECT_EQ(database.getRecords().size(), 2u);
  const DatabaseProblems &problems = database.getProblems();
  EXPECT_EQ(problems.damaged, 2);
  EXPECT_EQ(problems.newer, 1);
  EXPECT_TRUE(problems.tornEnd);
  EXPECT_EQ(problems.describe(), "2 damaged lines (the last one torn), 1 "
                                 "record of a newer version");
  ASSERT_EQ(problems.details.size(), 2u);
  EXPECT_EQ(problems.details[0].substr(0, 8), "line 4: ");
  EXPECT_EQ(problems.details[1].substr(0, 8), "line 7: ");
  ASSERT_EQ(database.getNewerLines().size(), 1u);
  EXPECT_EQ(database.getNewerLines()[0], newer);
}

TEST(DatabaseTest, TakesAWholeLastLineWithoutItsEnd) {
  TuningDatabase database = TuningDatabase::parse(toLine(makeRecord()));
  EXPECT_EQ(database.getRecords().size(), 1u);
  EXPECT_EQ(database.getProblems().describe(), "");
  EXPECT_TRUE(TuningDatabase::parse("").getRecords().empty());
}

TEST(DatabaseTest, DescribesOnlyTheFirstDamagedLines) {
  std::string text;
  for (int i = 0; i < 1000; ++i)
    text += "{\n";
  TuningDatabase database = TuningDatabase::parse(text);
  EXPECT_EQ(database.getProblems().damaged, 1000);
  EXPECT_FALSE(database.getProblems().tornEnd);
  EXPECT_EQ(database.getProblems().details.size(), 20u);
}

TEST(DatabaseTest, Merges) {
  TuningDatabase a = TuningDatabase::parse(toLine(makeRecord(4)) + "\nx\n");
  TuningDatabase b =
      TuningDatabase::parse(toLine(makeRecord(8, 2)) + "\n{\"schema\":2}\nx\n");
  a.merge(b);
  EXPECT_EQ(a.getRecords().size(), 2u);
  EXPECT_EQ(a.getProblems().damaged, 2);
  EXPECT_EQ(a.getNewerLines().size(), 1u);
  a.merge(a);
  EXPECT_EQ(a.getRecords().size(), 4u);
}

TEST(DatabaseTest, CountsForeignRecords) {
  TuningDatabase database;
  database.add(makeRecord());
  database.add(onOther(makeRecord()));
  TrialRecord wide = makeRecord();
  wide.target.features.push_back("avx512f");
  database.add(wide);
  database.add(wide);
  EXPECT_EQ(database.countForeign(makeTarget()), 2);
}

//===----------------------------------------------------------------------===//
// Looking up
//===----------------------------------------------------------------------===//

TEST(DatabaseTest, FindsTheFastest) {
  Lookup lookup;
  EXPECT_FALSE(lookup.find());
  lookup.add(makeRecord(4, 1.1));
  lookup.add(makeRecord(6, 1.3));
  lookup.add(makeRecord(8, 1.2));
  EXPECT_EQ(lookup.findRows(), 6);
  EXPECT_EQ(lookup.find()->knowledge, Knowledge::Tuned);
  TrialRecord other = makeRecord(10, 9);
  other.workload = "fedcba9876543210";
  lookup.add(other);
  EXPECT_EQ(lookup.findRows(), 6);
}

TEST(DatabaseTest, NeverTakesWhatFailed) {
  Lookup lookup;
  for (TrialStatus status : {TrialStatus::Wrong, TrialStatus::CompileFailed,
                             TrialStatus::Crashed, TrialStatus::Timeout})
    lookup.add(withStatus(makeRecord(2 + int(status), 5), status));
  EXPECT_FALSE(lookup.find());
}

TEST(DatabaseTest, NeverTakesWhatIsSlowerThanTheDefault) {
  Lookup lookup;
  lookup.add(makeRecord(4, 0.9));
  lookup.add(makeRecord(5, std::numeric_limits<double>::quiet_NaN()));
  EXPECT_FALSE(lookup.find());
  lookup.add(fromDefault(makeRecord(6, 1)));
  EXPECT_EQ(lookup.findRows(), 6);
  // Also when the default is farther away than what is slower.
  Lookup far;
  far.add(makeRecord(4, 0.9));
  far.add(fromDefault(makeRecord(6, 1, 192)));
  EXPECT_EQ(far.findRows(), 6);
}

TEST(DatabaseTest, TakesTheNearestShapes) {
  Lookup lookup;
  lookup.add(makeRecord(4, 1.5, 250));
  lookup.add(makeRecord(6, 1.1, 140));
  lookup.add(makeRecord(8, 1.4, 80));
  EXPECT_EQ(lookup.findRows(128), 6);
  EXPECT_EQ(lookup.findRows(256), 4);
  EXPECT_EQ(lookup.findRows(70), 8);
  // Exact shapes before others.
  lookup.add(makeRecord(10, 1.01, 128));
  EXPECT_EQ(lookup.findRows(128), 10);
}

TEST(DatabaseTest, TransfersFromOtherShapesUpToALimit) {
  Lookup lookup;
  lookup.add(makeRecord(6, 1.3, 128));
  EXPECT_EQ(lookup.find(256)->knowledge, Knowledge::Tuned);
  EXPECT_EQ(lookup.find(64)->knowledge, Knowledge::Tuned);
  ASSERT_TRUE(lookup.find(257));
  EXPECT_EQ(lookup.find(257)->knowledge, Knowledge::Transferred);
  EXPECT_EQ(lookup.find(8)->knowledge, Knowledge::Transferred);
  EXPECT_FALSE(lookup.find(7));
  EXPECT_FALSE(lookup.find(128 * 16 + 1));
}

TEST(DatabaseTest, MeasuresDistancesOfShapes) {
  EXPECT_EQ(getDistance({{4, 8}}, {{4, 8}})->sum, 0);
  EXPECT_EQ(getDistance({{4, 8}}, {{8, 2}})->sum, 3);
  EXPECT_EQ(getDistance({{4, 8}}, {{8, 2}})->largestRatio, 4);
  EXPECT_EQ(getDistance({{0}}, {{2}})->sum, 1);
  EXPECT_EQ(getDistance({{}}, {{}})->sum, 0);
  EXPECT_FALSE(getDistance({{4}}, {{4, 1}}));
  EXPECT_FALSE(getDistance({{4}}, {{4}, {1}}));
}

TEST(DatabaseTest, PrefersThisMachine) {
  Lookup lookup;
  lookup.add(onOther(makeRecord(8, 3)));
  ASSERT_TRUE(lookup.find());
  EXPECT_EQ(lookup.find()->knowledge, Knowledge::Transferred);
  EXPECT_EQ(lookup.findRows(), 8);
  // At near shapes it comes before this machine at far ones.
  lookup.add(makeRecord(4, 2, 1024));
  EXPECT_EQ(lookup.findRows(), 8);
  EXPECT_EQ(lookup.findRows(400), 4);
  lookup.add(makeRecord(6, 1.1));
  EXPECT_EQ(lookup.findRows(), 6);
  EXPECT_EQ(lookup.find()->knowledge, Knowledge::Tuned);
}

TEST(DatabaseTest, NeverTakesWhatAForeignMachineMeasured) {
  auto differs = [](auto change) {
    Lookup lookup;
    TrialRecord record = makeRecord(8, 3);
    change(record.target);
    lookup.add(record);
    EXPECT_FALSE(lookup.find());
  };
  differs([](TargetKey &target) { target.arch = "aarch64"; });
  differs([](TargetKey &target) { target.features.push_back("avx512f"); });
  differs([](TargetKey &target) { target.features.pop_back(); });
  differs([](TargetKey &target) { target.vectorBits = 512; });
  differs([](TargetKey &target) { target.gpu = "opencl"; });
  differs([](TargetKey &target) { target.l1Bytes = 65 << 10; });
  differs([](TargetKey &target) { target.l2Bytes = 127 << 10; });
  differs([](TargetKey &target) { target.l2Bytes = 0; });
}

TEST(DatabaseTest, AsksWhetherARecordIsAccepted) {
  Lookup lookup;
  lookup.add(makeRecord(4, 1.1));
  lookup.add(makeRecord(6, 1.3));
  TrialRecord stale = makeRecord(8, 1.9);
  stale.scheduleVersion = "llvm-0";
  lookup.add(confirmed(stale));
  stale.result.speedup = 0.5;
  stale.candidate.schedule.set("mr", 10);
  lookup.add(confirmed(stale));
  std::vector<int64_t> asked;
  auto accepts = [&](const TrialRecord &record) {
    asked.push_back(record.candidate.schedule.get("mr", 0));
    return record.scheduleVersion == "llvm-1";
  };
  std::optional<DatabaseMatch> match = lookup.find(128, accepts);
  ASSERT_TRUE(match);
  EXPECT_EQ(match->record->candidate.schedule.get("mr", 0), 6);
  EXPECT_EQ(asked, (std::vector<int64_t>{8, 10, 6}));
  EXPECT_FALSE(lookup.find(128, [](const TrialRecord &) { return false; }));
}

TEST(DatabaseTest, TrustsConfirmedRecords) {
  Lookup lookup;
  lookup.add(makeRecord(4, 1.5));
  lookup.add(makeRecord(6, 1.4));
  lookup.add(fromDefault(makeRecord(2, 1)));
  lookup.add(confirmed(makeRecord(6, 1.2)));
  EXPECT_EQ(lookup.findRows(), 6);
  // Found no faster when measured again: the default it is.
  lookup.add(confirmed(makeRecord(6, 0.99)));
  EXPECT_EQ(lookup.findRows(), 2);
  // A passing measurement does not take that back.
  lookup.add(makeRecord(6, 1.4));
  EXPECT_EQ(lookup.findRows(), 2);
  Lookup bare;
  bare.add(makeRecord(4, 1.5));
  bare.add(makeRecord(4, 1.5, 200));
  bare.add(confirmed(makeRecord(6, 1)));
  EXPECT_FALSE(bare.find());
}

TEST(DatabaseTest, MeasuresTheOnlyBackendByItsOwnDefault) {
  auto byOther = [](TrialRecord record) {
    record.candidate.backend = "halide";
    return record;
  };
  TuningDatabase database;
  database.add(fromDefault(makeRecord(2, 1)));
  database.add(byOther(fromDefault(makeRecord(2, 0.7))));
  database.add(byOther(makeRecord(4, 0.9)));
  database.add(byOther(makeRecord(8, 0.6)));
  TrialRecord wanted = makeRecord();
  auto accepts = [](const TrialRecord &record) {
    return record.candidate.backend == "halide";
  };
  DatabaseQuery query{wanted.workload, wanted.shapes, wanted.target, accepts};
  // The reference is faster than all of them.
  EXPECT_FALSE(database.find(query));
  query.backend = "halide";
  auto findRows = [&] {
    std::optional<DatabaseMatch> match = database.find(query);
    return match ? match->record->candidate.schedule.get("mr", 0) : 0;
  };
  EXPECT_EQ(findRows(), 4);
  // Measured again, it does not beat the backend's own default.
  database.add(byOther(confirmed(makeRecord(4, 0.7))));
  EXPECT_EQ(findRows(), 2);
}

TEST(DatabaseTest, CountsOnlyTheLastOfRepeatedTrials) {
  Lookup lookup;
  lookup.add(makeRecord(4, 1.1));
  lookup.add(makeRecord(6, 1.5));
  lookup.add(makeRecord(6, 1.05));
  EXPECT_EQ(lookup.findRows(), 4);
  lookup.add(withStatus(makeRecord(4, 1.1), TrialStatus::Wrong));
  EXPECT_EQ(lookup.findRows(), 6);
}

TEST(DatabaseTest, PrefersRecordsOfAsManyThreads) {
  Lookup lookup;
  lookup.add(makeRecord(4, 1.1));
  TrialRecord single = makeRecord(6, 1.5);
  single.threads = 1;
  lookup.add(single);
  EXPECT_EQ(lookup.findRows(), 6);
  std::optional<DatabaseMatch> match =
      lookup.find(128, nullptr, makeTarget(), /*threads=*/2);
  ASSERT_TRUE(match);
  EXPECT_EQ(match->record->threads, 2);
}

TEST(DatabaseTest, FindsTrials) {
  TuningDatabase database;
  TrialRecord record = makeRecord();
  database.add(record);
  auto find = [&](auto change) {
    TrialRecord wanted = record;
    change(wanted);
    return database.findTrial(wanted.workload, wanted.shapes, wanted.target,
                              wanted.threads, wanted.candidate,
                              wanted.scheduleVersion);
  };
  EXPECT_TRUE(find([](TrialRecord &r) {}));
  EXPECT_TRUE(find([](TrialRecord &r) { r.candidate.source = "evolution"; }));
  EXPECT_FALSE(find([](TrialRecord &r) { r.workload[0] = 'f'; }));
  EXPECT_FALSE(find([](TrialRecord &r) { r.shapes[0][1] = 127; }));
  EXPECT_FALSE(find([](TrialRecord &r) { r.target.cores = 5; }));
  EXPECT_FALSE(find([](TrialRecord &r) { r.target.gpu = "cuda:sm_90"; }));
  EXPECT_FALSE(find([](TrialRecord &r) { r.threads = 1; }));
  EXPECT_FALSE(find([](TrialRecord &r) { r.candidate.backend = "halide"; }));
  EXPECT_FALSE(find([](TrialRecord &r) { r.candidate.schedule.set("mr", 7); }));
  EXPECT_FALSE(find([](TrialRecord &r) { r.scheduleVersion = "llvm-2"; }));
  record.result.status = TrialStatus::Timeout;
  database.add(record);
  EXPECT_EQ(find([](TrialRecord &r) {})->result.status, TrialStatus::Timeout);
}

TEST(DatabaseTest, FindsAmongManyRecords) {
  TuningDatabase database;
  for (int64_t i = 0; i < 100'000; ++i) {
    TrialRecord record = makeRecord(i, 1 + double(i % 1000) / 1000);
    record.workload = llvm::utohexstr(i % 50, /*LowerCase=*/true, 16);
    database.add(std::move(record));
  }
  TrialRecord wanted = makeRecord();
  int64_t accepted = 0;
  for (int64_t i = 0; i < 50; ++i) {
    std::optional<DatabaseMatch> match =
        database.find({llvm::utohexstr(i, true, 16), wanted.shapes,
                       wanted.target, [&](const TrialRecord &) {
                         ++accepted;
                         return true;
                       }});
    ASSERT_TRUE(match);
    EXPECT_EQ(match->record->result.speedup, 1 + double(950 + i) / 1000);
  }
  // Schedules are verified one by one only until one fits.
  EXPECT_EQ(accepted, 50);
}

} // namespace
