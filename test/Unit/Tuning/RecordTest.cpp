//===- RecordTest.cpp - Lines of the tuning database ----------------------===//
#include "DatabaseTestSupport.h"
#include "gtest/gtest.h"
#include <limits>

using namespace attune;

namespace {

std::optional<TrialRecord> parse(llvm::StringRef line) {
  RecordProblem problem;
  return parseRecord(line, problem);
}

void expectSame(const TrialRecord &a, const TrialRecord &b) {
  EXPECT_EQ(a.workload, b.workload);
  EXPECT_EQ(a.family, b.family);
  EXPECT_EQ(a.label, b.label);
  EXPECT_EQ(a.shapes, b.shapes);
  EXPECT_EQ(a.target, b.target);
  EXPECT_EQ(a.threads, b.threads);
  EXPECT_TRUE(a.candidate.isSame(b.candidate));
  EXPECT_EQ(a.candidate.source, b.candidate.source);
  EXPECT_EQ(a.scheduleVersion, b.scheduleVersion);
  EXPECT_EQ(a.compiler, b.compiler);
  EXPECT_EQ(a.result.status, b.result.status);
  EXPECT_EQ(a.result.detail, b.result.detail);
  EXPECT_EQ(a.result.time.samples, b.result.time.samples);
  EXPECT_EQ(a.result.time.min, b.result.time.min);
  EXPECT_EQ(a.result.time.median, b.result.time.median);
  EXPECT_EQ(a.result.time.quartile1, b.result.time.quartile1);
  EXPECT_EQ(a.result.time.quartile3, b.result.time.quartile3);
  EXPECT_EQ(a.result.error, b.result.error);
  EXPECT_EQ(a.result.speedup, b.result.speedup);
  EXPECT_EQ(a.predictedMs, b.predictedMs);
  EXPECT_EQ(a.confirmed, b.confirmed);
  EXPECT_EQ(a.time, b.time);
}

TEST(RecordTest, SurvivesWritingAndReading) {
  TrialRecord record = makeRecord();
  record.result.time.median = 0.1 + 0.2; // needs all its digits
  record.candidate.schedule.set("big", std::numeric_limits<int64_t>::max());
  record.candidate.schedule.set("small", std::numeric_limits<int64_t>::min());
  record.shapes.push_back({});
  record.confirmed = true;
  record.target.gpu = "cuda:sm_90";
  std::string line = toLine(record);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  std::optional<TrialRecord> back = parse(line);
  ASSERT_TRUE(back);
  expectSame(record, *back);
}

TEST(RecordTest, KeepsFailures) {
  for (TrialStatus status : {TrialStatus::Wrong, TrialStatus::CompileFailed,
                             TrialStatus::Crashed, TrialStatus::Timeout}) {
    TrialRecord record = makeRecord();
    record.result = {};
    record.result.status = status;
    record.result.detail = "line one\nline \"two\"";
    std::optional<TrialRecord> back = parse(toLine(record));
    ASSERT_TRUE(back);
    expectSame(record, *back);
    EXPECT_EQ(parseTrialStatus(getName(status)), status);
  }
}

TEST(RecordTest, WritesWhatJSONCannotHold) {
  TrialRecord record = makeRecord();
  record.result.speedup = std::numeric_limits<double>::infinity();
  record.result.time.min = std::numeric_limits<double>::quiet_NaN();
  record.result.detail = "\xff\xfe crashed";
  std::optional<TrialRecord> back = parse(toLine(record));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->result.speedup, 0);
  EXPECT_EQ(back->result.time.min, 0);
  EXPECT_NE(back->result.detail.find("crashed"), std::string::npos);
}

TEST(RecordTest, IgnoresFieldsItDoesNotKnow) {
  std::string line = toLine(makeRecord());
  line.insert(1, "\"colour\":{\"r\":1},");
  EXPECT_TRUE(parse(line));
}

TEST(RecordTest, TellsNewerFromDamaged) {
  std::string line = toLine(makeRecord());
  size_t at = line.find("\"schema\":1");
  ASSERT_NE(at, std::string::npos);
  std::string newer = line;
  newer.replace(at, 10, "\"schema\":2");
  RecordProblem problem = RecordProblem::Damaged;
  std::string reason;
  EXPECT_FALSE(parseRecord(newer, problem, &reason));
  EXPECT_EQ(problem, RecordProblem::Newer);
  EXPECT_EQ(reason, "schema 2, this build reads up to 1");
  // A newer record may look like nothing known.
  EXPECT_FALSE(parseRecord("{\"schema\":3}", problem));
  EXPECT_EQ(problem, RecordProblem::Newer);
  EXPECT_FALSE(parseRecord("{\"schema\":0}", problem));
  EXPECT_EQ(problem, RecordProblem::Damaged);
}

struct Damage {
  const char *from, *to, *reason;
};

class DamagedRecordTest : public testing::TestWithParam<Damage> {};

TEST_P(DamagedRecordTest, SaysWhatItExpected) {
  std::string line = toLine(makeRecord());
  size_t at = line.find(GetParam().from);
  ASSERT_NE(at, std::string::npos) << line;
  line.replace(at, strlen(GetParam().from), GetParam().to);
  RecordProblem problem = RecordProblem::Newer;
  std::string reason;
  EXPECT_FALSE(parseRecord(line, problem, &reason));
  EXPECT_EQ(problem, RecordProblem::Damaged);
  EXPECT_NE(reason.find(GetParam().reason), std::string::npos) << reason;
}

INSTANTIATE_TEST_SUITE_P(
    All, DamagedRecordTest,
    testing::Values(
        Damage{"\"schema\":1", "\"schema\":\"1\"", "'schema'"},
        Damage{"\"schema\":1", "\"schema\":1e300", "'schema'"},
        Damage{"\"schema\":1,", "", "'schema'"},
        Damage{"\"workload\":\"0123456789abcdef\"", "\"workload\":\"../x\"",
               "16 hexadecimal digits"},
        Damage{"\"family\":\"linear\"", "\"family\":\"\"", "'family'"},
        Damage{"\"speedup\":1.25", "\"speedup\":\"fast\"", "'speedup'"},
        Damage{"\"speedup\":1.25", "\"speedup\":-1", "'speedup'"},
        Damage{"\"speedup\":1.25", "\"speedup\":1e999", "'speedup'"},
        Damage{"\"speedup\":1.25", "\"speedup\":null", "'speedup'"},
        Damage{"\"samples\":9", "\"samples\":-9", "'samples'"},
        Damage{"\"threads\":2", "\"threads\":0", "'threads'"},
        Damage{"\"threads\":2", "\"threads\":99999999999999999999",
               "'threads'"},
        Damage{"\"cores\":4", "\"cores\":4.5", "'cores'"},
        Damage{"\"l1\":32768", "\"l1\":1e18", "'l1'"},
        Damage{"\"mr\":6", "\"mr\":6.5", "'schedule'"},
        Damage{"\"mr\":6", "\"mr\":[]", "'schedule'"},
        Damage{"\"shapes\":[[1,", "\"shapes\":[1,[", "'shapes'"},
        Damage{"\"shapes\":[[1,", "\"shapes\":[[-1,", "'shapes'"},
        Damage{"\"shapes\":[[1,", "\"shapes\":[[4611686018427387904,",
               "'shapes'"},
        Damage{"\"features\":[", "\"features\":[7,", "'features'"},
        Damage{"\"target\":{", "\"target\":[{", ""},
        Damage{"\"status\":\"ok\"", "\"status\":\"fine\"", "found 'fine'"},
        Damage{"\"predicted_ms\":0.9", "\"confirmed\":1", "'confirmed'"},
        Damage{"{", "", ""}, Damage{"}", "", ""}));

TEST(RecordTest, SurvivesHostileLines) {
  RecordProblem problem;
  for (const char *line : {"", "{}", "[]", "null", "1", "\"x\"", "{\"schema\"",
                           "\xff\xff", "{\"schema\":1}", "{}{}"})
    EXPECT_FALSE(parseRecord(line, problem)) << line;
  // Deep nesting must not reach a parser that recurses.
  EXPECT_FALSE(parseRecord(std::string(60000, '['), problem));
  EXPECT_FALSE(parseRecord("{\"schema\":" + std::string(60000, '{'), problem));
  EXPECT_FALSE(parseRecord(std::string(1 << 20, '7'), problem));
  std::string zero("{\"schema\":1,\0}", 14);
  EXPECT_FALSE(parseRecord(zero, problem));
  // Every prefix of a line is damaged, none is a record.
  std::string line = toLine(makeRecord());
  for (size_t length = 0; length < line.size(); ++length)
    EXPECT_FALSE(parseRecord(llvm::StringRef(line).take_front(length), problem))
        << length;
}

} // namespace
