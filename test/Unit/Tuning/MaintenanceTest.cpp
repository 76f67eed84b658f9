//===- MaintenanceTest.cpp - Grouping, thinning out, checking -------------===//
#include "attune/Tuning/Maintenance.h"
#include "DatabaseTestSupport.h"
#include "attune/Tuning/Summary.h"
#include "llvm/ADT/StringExtras.h"
#include "gtest/gtest.h"

using namespace attune;

namespace {

TuningDatabase makeDatabase(std::vector<TrialRecord> records) {
  TuningDatabase database;
  for (TrialRecord &record : records)
    database.add(std::move(record));
  return database;
}

TrialRecord failing(TrialRecord record) {
  record.result = {};
  record.result.status = TrialStatus::Crashed;
  return record;
}

RecordUse isUsable(const TrialRecord &record, std::string &reason) {
  if (record.candidate.backend != "llvm")
    return RecordUse::UnknownBackend;
  if (record.scheduleVersion != "llvm-1")
    return RecordUse::Stale;
  if (record.candidate.schedule.get("speed", 0)) {
    reason = "no knob 'speed'";
    return RecordUse::Invalid;
  }
  return RecordUse::Usable;
}

/// Rows of tiles of the records.
std::vector<int64_t> getRows(llvm::ArrayRef<TrialRecord> records) {
  std::vector<int64_t> rows;
  for (const TrialRecord &record : records)
    rows.push_back(record.candidate.schedule.get("mr", 0));
  return rows;
}

TEST(SummaryTest, GroupsWhatCanBeCompared) {
  TrialRecord threads = makeRecord(8, 2);
  threads.threads = 1;
  TrialRecord machine = makeRecord(9, 3);
  machine.target.cores = 8;
  TuningDatabase database = makeDatabase(
      {makeRecord(4, 1.1), makeRecord(6, 1.3), threads, failing(makeRecord(5)),
       machine, makeRecord(7, 1.2, 192), makeRecord(3, 0.5, 64)});
  std::vector<TaskRecords> tasks = summarize(database);
  ASSERT_EQ(tasks.size(), 5u);
  // Sizes come in order; near ones are tasks of their own.
  EXPECT_EQ(tasks[0].front().shapes[0][1], 64);
  EXPECT_EQ(tasks[0].best, nullptr);
  EXPECT_EQ(tasks[0].getSpeedup(), 0);
  EXPECT_EQ(tasks[1].front().threads, 1);
  EXPECT_EQ(tasks[2].records.size(), 3u);
  EXPECT_EQ(tasks[2].ok, 2);
  EXPECT_EQ(tasks[2].failed, 1);
  EXPECT_EQ(tasks[2].best, &database.getRecords()[1]);
  EXPECT_EQ(tasks[3].best, &database.getRecords()[4]);
  EXPECT_EQ(tasks[4].getSpeedup(), 1.2);
  EXPECT_TRUE(isSameTask(*tasks[2].records[0], *tasks[2].records[1]));
  EXPECT_FALSE(isSameTask(tasks[1].front(), tasks[2].front()));
}

TEST(SummaryTest, ComparesWinners) {
  TuningDatabase a =
      makeDatabase({makeRecord(4, 1.1), makeRecord(6, 1.3, 64),
                    makeRecord(6, 1.3, 32), makeRecord(2, 0.5, 16)});
  TuningDatabase b =
      makeDatabase({makeRecord(4, 1.4), makeRecord(8, 1.2, 64),
                    makeRecord(6, 1.3, 256), makeRecord(3, 0.5, 16)});
  std::vector<TaskRecords> before = summarize(a), after = summarize(b);
  std::vector<TaskDifference> differences = compare(before, after, false);
  // Equal winners at 128 whatever their times, and none on both sides at 16.
  ASSERT_EQ(differences.size(), 3u);
  EXPECT_EQ(differences[0].before->front().shapes[0][1], 32);
  EXPECT_EQ(differences[0].after, nullptr);
  EXPECT_EQ(differences[1].before->front().shapes[0][1], 64);
  EXPECT_EQ(differences[1].after->best->result.speedup, 1.2);
  EXPECT_EQ(differences[2].before, nullptr);
  EXPECT_EQ(differences[2].after->front().shapes[0][1], 256);
  EXPECT_EQ(compare(before, after, true).size(), 5u);
  EXPECT_TRUE(compare(before, before, false).empty());
  EXPECT_EQ(compare({}, after, false).size(), after.size());
}

TEST(SummaryTest, PrintsForPeople) {
  TrialRecord record = makeRecord();
  EXPECT_EQ(printShapes(record.shapes), "1x128x384 -> 1x128x1536");
  EXPECT_EQ(printShapes({{7}}), "7");
  EXPECT_EQ(printShapes({}), "");
  EXPECT_EQ(printAllShapes({{7}, {}}), "7, scalar");
  EXPECT_EQ(printMachine(record.target), "haswell, 4 cores");
  record.target.cores = 1;
  record.target.l1Bytes = 1000;
  EXPECT_EQ(printMachine(record.target), "haswell, 1 core");
  record.target.gpu = "opencl";
  EXPECT_EQ(printMachine(record.target), "haswell, 1 core, opencl");
  EXPECT_EQ(printFeatures(record.target),
            "x86_64, avx2 f16c fma, 256-bit vectors, L1 1000 bytes, L2 256 "
            "KB, L3 8 MB");
}

TEST(SummaryTest, QuotesWhatCSVNeeds) {
  TrialRecord record = failing(makeRecord());
  record.result.detail = "said \"no\",\nthen died";
  std::string text;
  llvm::raw_string_ostream os(text);
  writeCSV(os, {&record});
  EXPECT_NE(text.find(",crashed,0,,,,,,,0.9,no,2026-01-31T12:00:00Z,\"said "
                      "\"\"no\"\",\nthen died\"\n"),
            std::string::npos)
      << text;
}

TEST(MaintenanceTest, DropsEqualRecordsOnly) {
  TrialRecord later = makeRecord(4);
  later.time = "2026-02-01T00:00:00Z";
  std::vector<TrialRecord> records{later, makeRecord(4), makeRecord(6), later,
                                   makeRecord(4)};
  EXPECT_EQ(dropDuplicates(records), 2);
  EXPECT_EQ(getRows(records), (std::vector<int64_t>{4, 4, 6}));
  sortByTime(records);
  EXPECT_EQ(getRows(records), (std::vector<int64_t>{4, 6, 4}));
  EXPECT_EQ(records.back().time, later.time);
}

TEST(MaintenanceTest, PrunesWhatLookUpsDoNotNeed) {
  TrialRecord stale = makeRecord(20, 9);
  stale.scheduleVersion = "llvm-0";
  TrialRecord invalid = makeRecord(21, 9);
  invalid.candidate.schedule.set("speed", 11);
  TrialRecord untimed = makeRecord(22, 9);
  untimed.result.time.median = 0;
  TrialRecord foreign = makeRecord(23, 1.1);
  foreign.candidate.backend = "elsewhere";
  TrialRecord byDefault = makeRecord(1, 1);
  byDefault.candidate.source = "default";
  TrialRecord confirmed = makeRecord(5, 1.2);
  confirmed.confirmed = true;
  TuningDatabase database = makeDatabase(
      {byDefault, makeRecord(2, 1.05), makeRecord(3, 1.5), makeRecord(4, 1.4),
       makeRecord(5, 1.6), failing(makeRecord(6)), stale, invalid, untimed,
       foreign, confirmed, makeRecord(7, 1.01, 64)});
  PruneResult result = prune(database, {/*keep=*/2}, isUsable);
  EXPECT_EQ(getRows(result.records), (std::vector<int64_t>{1, 3, 23, 5, 7}));
  EXPECT_EQ(result.failed, 1);
  EXPECT_EQ(result.stale, 3);
  EXPECT_EQ(result.repeated, 1);
  EXPECT_EQ(result.slower, 2);
  EXPECT_EQ(prune(database, {2, /*keepFailed=*/true}, isUsable).records.size(),
            6u);
  EXPECT_EQ(
      prune(database, {100, true, /*keepStale=*/true}, isUsable).records.size(),
      11u);
  // What was found is found.
  std::vector<TaskRecords> before = summarize(database);
  TuningDatabase pruned = makeDatabase(std::move(result.records));
  EXPECT_EQ(summarize(pruned).front().best->candidate.schedule,
            before.front().best->candidate.schedule);
}

TEST(MaintenanceTest, ChecksEveryLine) {
  TrialRecord stale = makeRecord(20, 9);
  stale.scheduleVersion = "llvm-0";
  TrialRecord invalid = makeRecord(21, 9);
  invalid.candidate.schedule.set("speed", 11);
  std::string text = toLine(makeRecord()) + "\n" + toLine(stale) + "\n" +
                     toLine(makeRecord()) + "\n" +
                     toLine(failing(makeRecord())) + "\n";
  DatabaseReport report = checkDatabase(text, isUsable);
  EXPECT_FALSE(report.isDamaged());
  EXPECT_EQ(report.records, 4);
  EXPECT_EQ(report.ok, 3);
  EXPECT_EQ(report.failed, 1);
  EXPECT_EQ(report.duplicates, 1);
  EXPECT_EQ(report.stale, 1);
  EXPECT_TRUE(report.details.empty());

  TrialRecord disordered = makeRecord();
  disordered.result.time.quartile3 = 0.1;
  text += "\n" + toLine(invalid) + "\n{\"schema\":2}\n" + toLine(disordered) +
          "\n{";
  report = checkDatabase(text, isUsable);
  EXPECT_TRUE(report.isDamaged());
  EXPECT_EQ(report.invalid, 1);
  EXPECT_EQ(report.untimed, 1);
  EXPECT_EQ(report.file.newer, 1);
  EXPECT_EQ(report.file.damaged, 1);
  EXPECT_TRUE(report.file.tornEnd);
  ASSERT_EQ(report.details.size(), 3u);
  EXPECT_EQ(report.details[0], "line 6: no knob 'speed'");
  EXPECT_EQ(report.details[1].substr(0, 8), "line 8: ");
  EXPECT_EQ(report.details[2].substr(0, 8), "line 9: ");
}

} // namespace
