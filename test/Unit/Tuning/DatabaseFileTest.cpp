//===- DatabaseFileTest.cpp - Files that several processes write ----------===//
#include "DatabaseTestSupport.h"
#include "attune/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "gtest/gtest.h"
#include <csignal>
#include <fstream>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace attune;

namespace {

class DatabaseFileTest : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("attune-db", folder));
    path = (folder + "/a%b.jsonl").str();
  }
  void TearDown() override { llvm::sys::fs::remove_directories(folder); }

  void write(llvm::StringRef text) {
    std::ofstream(path, std::ios::binary) << text.str();
  }
  std::string read() {
    auto buffer = llvm::MemoryBuffer::getFile(path);
    return buffer ? (*buffer)->getBuffer().str() : "";
  }
  TuningDatabase load() {
    llvm::Expected<TuningDatabase> database = TuningDatabase::load(path);
    EXPECT_TRUE(bool(database)) << llvm::toString(database.takeError());
    return std::move(*database);
  }
  std::unique_ptr<DatabaseWriter> open() {
    auto writer = DatabaseWriter::open(path);
    EXPECT_TRUE(bool(writer)) << llvm::toString(writer.takeError());
    return std::move(*writer);
  }
  static void append(DatabaseWriter &writer, const TrialRecord &record) {
    llvm::Error error = writer.append(record);
    EXPECT_FALSE(bool(error)) << llvm::toString(std::move(error));
  }
  /// Runs `work` in a process of its own, which ends with its result.
  template <typename Work> static pid_t start(Work work) {
    pid_t child = fork();
    if (child == 0)
      _exit(work());
    return child;
  }
  /// Appends `count` records that say who wrote them.
  int appendMany(int writerIndex, int count) {
    auto writer = DatabaseWriter::open(path);
    if (!writer) {
      llvm::consumeError(writer.takeError());
      return 1;
    }
    for (int i = 0; i < count; ++i) {
      TrialRecord record = makeRecord(i);
      record.threads = writerIndex + 1;
      if (llvm::Error error = (*writer)->append(record)) {
        llvm::consumeError(std::move(error));
        return 1;
      }
    }
    return 0;
  }

  llvm::SmallString<128> folder;
  std::string path;
};

TEST_F(DatabaseFileTest, AppendsLines) {
  append(*open(), makeRecord(1));
  std::unique_ptr<DatabaseWriter> writer = open();
  append(*writer, makeRecord(2));
  append(*writer, makeRecord(3));
  EXPECT_EQ(read(), toLine(makeRecord(1)) + "\n" + toLine(makeRecord(2)) +
                        "\n" + toLine(makeRecord(3)) + "\n");
  EXPECT_EQ(load().getRecords().size(), 3u);
}

TEST_F(DatabaseFileTest, EndsTheTornLineOfAnother) {
  std::string line = toLine(makeRecord(1));
  write(line + "\n" + line.substr(0, 100));
  EXPECT_TRUE(load().getProblems().tornEnd);
  std::unique_ptr<DatabaseWriter> writer = open();
  append(*writer, makeRecord(2));
  append(*writer, makeRecord(3));
  TuningDatabase database = load();
  EXPECT_EQ(database.getRecords().size(), 3u);
  EXPECT_EQ(database.getProblems().damaged, 1);
  EXPECT_FALSE(database.getProblems().tornEnd);
  // A whole line whose end alone is missing is not lost.
  write(line);
  append(*writer, makeRecord(2));
  EXPECT_EQ(load().getRecords().size(), 2u);
  EXPECT_EQ(load().getProblems().damaged, 0);
}

TEST_F(DatabaseFileTest, TakesManyWritersAtOnce) {
  constexpr int kWriters = 4, kRecords = 200;
  std::vector<pid_t> children;
  for (int i = 0; i < kWriters; ++i)
    children.push_back(start([&] { return appendMany(i, kRecords); }));
  // Readers see whole lines only, for they wait for those who write.
  for (int i = 0; i < 20; ++i)
    if (llvm::sys::fs::exists(path))
      EXPECT_EQ(load().getProblems().describe(), "");
  for (pid_t child : children) {
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  TuningDatabase database = load();
  EXPECT_EQ(database.getProblems().describe(), "");
  std::map<std::pair<int, int64_t>, int> counts;
  for (const TrialRecord &record : database.getRecords())
    ++counts[{record.threads, record.candidate.schedule.get("mr", -1)}];
  EXPECT_EQ(counts.size(), size_t(kWriters) * kRecords);
  for (const auto &[who, count] : counts)
    EXPECT_EQ(count, 1);
}

TEST_F(DatabaseFileTest, LosesNoFinishedTrialOfAKilledWriter) {
  int64_t before = 0;
  for (int round = 0; round < 10; ++round) {
    int reports[2];
    ASSERT_EQ(pipe(reports), 0);
    pid_t child = start([&] {
      auto writer = DatabaseWriter::open(path);
      if (!writer)
        return 1;
      for (int64_t i = 0;; ++i) {
        if ((*writer)->append(makeRecord(i)))
          return 1;
        char one = 1;
        if (::write(reports[1], &one, 1) != 1)
          return 1;
      }
    });
    close(reports[1]);
    // Killed at some moment after `round + 1` records.
    int64_t reported = 0;
    char one;
    while (reported <= round && ::read(reports[0], &one, 1) == 1)
      ++reported;
    usleep(round * 137);
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status));
    while (::read(reports[0], &one, 1) == 1)
      ++reported;
    close(reports[0]);
    // The lock went with the process.
    append(*open(), makeRecord(-1));
    TuningDatabase database = load();
    int64_t now = database.getRecords().size();
    EXPECT_GE(now, before + reported + 1);
    EXPECT_LE(database.getProblems().damaged, round + 1);
    before = now;
  }
}

TEST_F(DatabaseFileTest, GoesOnInAFileThatTookItsPlace) {
  std::unique_ptr<DatabaseWriter> writer = open();
  append(*writer, makeRecord(1));
  ASSERT_FALSE(writeDatabase(path, {makeRecord(7), makeRecord(8)}));
  append(*writer, makeRecord(2));
  EXPECT_EQ(load().getRecords().size(), 3u);
  llvm::sys::fs::remove(path);
  append(*writer, makeRecord(3));
  EXPECT_EQ(load().getRecords().size(), 1u);
}

TEST_F(DatabaseFileTest, RewritesWhileOthersAppend) {
  constexpr int kRecords = 300;
  pid_t child = start([&] { return appendMany(0, kRecords); });
  for (int i = 0; i < 30; ++i) {
    llvm::Error error =
        rewriteDatabase(path,
                        [](TuningDatabase &database)
                            -> llvm::Expected<std::vector<TrialRecord>> {
                          std::vector<TrialRecord> records =
                              database.getRecords().vec();
                          std::reverse(records.begin(), records.end());
                          return records;
                        });
    EXPECT_FALSE(bool(error)) << llvm::toString(std::move(error));
    usleep(1000);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(load().getRecords().size(), size_t(kRecords));
  EXPECT_EQ(load().getProblems().describe(), "");
}

TEST_F(DatabaseFileTest, KeepsNewerRecordsWhenRewriting) {
  std::string newer = "{\"schema\":9,\"a\":[1,2]}";
  write(toLine(makeRecord(1)) + "\ndamaged\n" + newer + "\n" +
        toLine(makeRecord(2)) + "\n");
  ASSERT_EQ(chmod(path.c_str(), 0640), 0);
  llvm::Error error = rewriteDatabase(
      path,
      [](TuningDatabase &database) -> llvm::Expected<std::vector<TrialRecord>> {
        return std::vector<TrialRecord>{database.getRecords()[1]};
      });
  EXPECT_FALSE(bool(error));
  EXPECT_EQ(read(), toLine(makeRecord(2)) + "\n" + newer + "\n");
  struct stat status;
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
  // An error of the change leaves the file alone.
  error = rewriteDatabase(
      path, [](TuningDatabase &) -> llvm::Expected<std::vector<TrialRecord>> {
        return userError("no");
      });
  EXPECT_EQ(llvm::toString(std::move(error)), "no");
  EXPECT_EQ(load().getRecords().size(), 1u);
  // Nothing is left beside it.
  std::error_code code;
  int files = 0;
  for (llvm::sys::fs::directory_iterator it(folder, code), end; it != end;
       it.increment(code))
    ++files;
  EXPECT_EQ(files, 1);
}

TEST_F(DatabaseFileTest, FollowsLinks) {
  std::string link = (folder + "/link").str();
  write("");
  ASSERT_EQ(symlink(path.c_str(), link.c_str()), 0);
  ASSERT_FALSE(writeDatabase(link, {makeRecord()}));
  EXPECT_TRUE(llvm::sys::fs::is_symlink_file(link));
  EXPECT_EQ(load().getRecords().size(), 1u);
}

TEST_F(DatabaseFileTest, ReportsFilesThatItCannotUse) {
  auto messageOf = [](auto expected) {
    EXPECT_FALSE(bool(expected));
    return expected ? "" : llvm::toString(expected.takeError());
  };
  EXPECT_NE(messageOf(TuningDatabase::load(path)).find("No such file"),
            std::string::npos);
  llvm::Expected<TuningDatabase> none = TuningDatabase::load(path, true);
  ASSERT_TRUE(bool(none));
  EXPECT_TRUE(none->getRecords().empty());
  EXPECT_FALSE(llvm::sys::fs::exists(path));
  EXPECT_NE(messageOf(TuningDatabase::load(folder)).find("a regular file"),
            std::string::npos);
  EXPECT_NE(messageOf(DatabaseWriter::open(folder)).find("Is a directory"),
            std::string::npos);
  EXPECT_NE(messageOf(DatabaseWriter::open((folder + "/no/such").str()))
                .find("No such file"),
            std::string::npos);
  EXPECT_NE(messageOf(DatabaseWriter::open("")).find("expected the path"),
            std::string::npos);
  std::string pipe = (folder + "/pipe").str();
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_NE(messageOf(DatabaseWriter::open(pipe)).find("a regular file"),
            std::string::npos);
  EXPECT_NE(messageOf(TuningDatabase::load(pipe)).find("a regular file"),
            std::string::npos);
}

TEST_F(DatabaseFileTest, LeavesNoPartOfALineOnAFullDisk) {
  append(*open(), makeRecord(1));
  std::string before = read();
  pid_t child = start([&] {
    // The file must not grow by more than a part of a line.
    rlimit limit{before.size() + 100, before.size() + 100};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    auto writer = DatabaseWriter::open(path);
    if (!writer)
      return 1;
    llvm::Error error = (*writer)->append(makeRecord(2));
    return error ? (llvm::consumeError(std::move(error)), 7) : 2;
  });
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 7);
  EXPECT_EQ(read(), before);
}

} // namespace
