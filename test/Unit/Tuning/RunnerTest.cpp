//===- RunnerTest.cpp - Where measuring programs run ----------------------===//
#include "MeasureTestSupport.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace attune;

namespace {

Runner::Outcome runCommand(const char *command, double silence = 20) {
  return createCommandRunner(command)->run("/bin/true", {"--a=1", "--b=2"},
                                           silence);
}

/// Whether a process is gone, or becomes so in two seconds: nobody may have
/// waited for it yet.
bool becomesGone(int process) {
  std::string path = llvm::formatv("/proc/{0}/stat", process);
  for (int i = 0; i < 100; ++i) {
    auto text = llvm::MemoryBuffer::getFileAsStream(path);
    if (!text || (*text)->getBuffer().contains(") Z "))
      return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
}

TEST(RunnerTest, Local) {
  auto runner = createLocalRunner();
  EXPECT_EQ(runner->describe(), "this machine");
  Runner::Outcome outcome =
      runner->run("/bin/echo", {"a b", "c"}, /*silence=*/20);
  EXPECT_EQ(outcome.lines, std::vector<std::string>{"a b c"});
  EXPECT_EQ(outcome.failure, "");
  EXPECT_FALSE(outcome.timedOut);
}

TEST(RunnerTest, LocalWithoutProgram) {
  Runner::Outcome outcome = createLocalRunner()->run("/nowhere", {}, 20);
  EXPECT_EQ(outcome.failure,
            "it ended with status 126: /nowhere: cannot be run");
}

TEST(RunnerTest, Placeholders) {
  Runner::Outcome outcome = createCommandRunner("echo {} and {}")
                                ->run("a 'b'", {"--c=\"1\"", "$d"}, 20);
  EXPECT_EQ(outcome.lines, std::vector<std::string>{
                               "a 'b' --c=\"1\" $d and a 'b' --c=\"1\" $d"});
}

TEST(RunnerTest, StandardInput) {
  llvm::SmallString<128> program;
  ASSERT_FALSE(llvm::sys::fs::createTemporaryFile("program", "", program));
  std::ofstream(program.c_str()) << "text";
  Runner::Outcome outcome =
      createCommandRunner("echo $ATTUNE_MEASURE_ARGUMENTS; head -c 4; echo; "
                          "wc -c")
          ->run(program, {"--a=1", "--b=2"}, 20);
  llvm::sys::fs::remove(program);
  ASSERT_EQ(outcome.lines.size(), 3u) << outcome.failure;
  EXPECT_EQ(outcome.lines[0], "--a=1 --b=2");
  EXPECT_EQ(outcome.lines[1], "text");
  // The arguments with a zero each, and what says that they are there.
  EXPECT_EQ(outcome.lines[2], std::to_string(6 + 6 + 16));
}

TEST(RunnerTest, Failures) {
  Runner::Outcome outcome = runCommand("echo it is {}; echo no >&2; exit 3");
  EXPECT_EQ(outcome.failure, "it ended with status 3: no");
  EXPECT_EQ(outcome.lines.size(), 1u);
  outcome = runCommand("kill -SEGV $$; true");
  EXPECT_EQ(outcome.signal, SIGSEGV);
  // What a shell says of a child that a signal ended.
  outcome = runCommand("sh -c 'kill -BUS $$'; exit $?");
  EXPECT_EQ(outcome.signal, SIGBUS);
}

TEST(RunnerTest, UnfinishedLines) {
  Runner::Outcome outcome = runCommand("printf 'one\\ntwo'");
  EXPECT_EQ(outcome.lines, std::vector<std::string>{"one"});
}

TEST(RunnerTest, LinesAreToldAsTheyCome) {
  llvm::SmallString<128> file;
  ASSERT_FALSE(llvm::sys::fs::createTemporaryFile("told", "", file));
  ASSERT_FALSE(llvm::sys::fs::remove(file));
  std::string command =
      llvm::formatv("echo one; until [ -e {0} ]; do sleep 0.01; done; "
                    "echo two; printf three",
                    file)
          .str();
  auto runner = createCommandRunner(command);
  std::vector<std::string> told;
  runner->tellLines([&](llvm::StringRef line) {
    told.push_back(line.str());
    std::ofstream(file.c_str()) << "told";
  });
  Runner::Outcome outcome = runner->run("/bin/true", {}, 20);
  llvm::sys::fs::remove(file);
  EXPECT_EQ(outcome.failure, "");
  EXPECT_EQ(told, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(outcome.lines, told);
}

TEST(RunnerTest, Silence) {
  Runner::Outcome outcome =
      runCommand("echo begin; echo busy >&2; sleep 1000", 0.3);
  EXPECT_TRUE(outcome.timedOut);
  EXPECT_EQ(outcome.failure, "it printed nothing for 0.3 s: busy");
  EXPECT_EQ(outcome.lines, std::vector<std::string>{"begin"});
}

TEST(RunnerTest, ChildrenDoNotOutliveIt) {
  // The child says who it is and closes what it has of its parent.
  Runner::Outcome outcome =
      runCommand("sleep 1000 >&- 2>&- & echo $!; sleep 1000", 0.3);
  ASSERT_EQ(outcome.lines.size(), 1u);
  int child = std::atoi(outcome.lines.front().c_str());
  ASSERT_GT(child, 1);
  EXPECT_TRUE(becomesGone(child));
}

TEST(RunnerTest, BackgroundChildrenHoldNothingUp) {
  Runner::Outcome outcome = runCommand("sleep 1000 & echo done", 20);
  EXPECT_EQ(outcome.failure, "");
  EXPECT_EQ(outcome.lines, std::vector<std::string>{"done"});
}

TEST(RunnerTest, EndlessOutput) {
  Runner::Outcome outcome = runCommand("yes 'a line of some length, again'");
  EXPECT_EQ(outcome.failure, "it printed more than a measuring program does");
}

TEST(RunnerTest, Stop) {
  std::atomic<bool> stop = false;
  auto runner = createCommandRunner("sleep 1000");
  runner->stopWhen([&] { return stop.load(); });
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    stop = true;
  });
  Runner::Outcome outcome = runner->run("/bin/true", {}, 1000);
  other.join();
  EXPECT_EQ(outcome.failure, "interrupted");
}

TEST(RunnerTest, EndsWithItsParent) {
  // A process that dies in the middle of a run.
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  pid_t parent = ::fork();
  ASSERT_GE(parent, 0);
  if (parent == 0) {
    ::close(ends[0]);
    std::string command = llvm::formatv(
        "echo $$ >/proc/{0}/fd/{1}; exec sleep 1000", ::getpid(), ends[1]);
    runCommand(command.c_str(), 1000);
    ::_exit(0);
  }
  ::close(ends[1]);
  char text[32] = {};
  ASSERT_GT(::read(ends[0], text, sizeof text - 1), 0);
  ::close(ends[0]);
  int child = std::atoi(text);
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  EXPECT_TRUE(becomesGone(child));
}

/// Codes measured by several runners.
class RunnersTest : public ::testing::Test {
protected:
  void addRunner(const char *command) {
    runners.push_back(command ? createCommandRunner(command)
                              : createLocalRunner());
  }

  llvm::Expected<std::vector<Measurement>> measure(size_t candidates,
                                                   double timeout = 20) {
    if (!pool)
      pool = std::make_unique<MeasurePool>(getTestTarget(), std::move(runners),
                                           warnings.listen(), getTestTools());
    std::vector<MeasuredCode> codes;
    for (size_t i = 0; i <= candidates; ++i)
      codes.push_back(makeDoubling("code" + std::to_string(i)));
    MeasureOptions options = getTestOptions();
    options.timeout = timeout;
    return pool->measure(getDoublingOperands(), codes, options);
  }

  void expectAll(size_t candidates, double timeout = 20) {
    auto results = measure(candidates, timeout);
    ASSERT_TRUE(bool(results)) << llvm::toString(results.takeError());
    ASSERT_EQ(results->size(), candidates + 1);
    for (const Measurement &result : *results) {
      EXPECT_EQ(result.status, TrialStatus::Ok) << result.detail;
      EXPECT_GT(result.time.median, 0);
    }
    EXPECT_EQ(results->front().speedup, 1);
  }

  std::vector<std::unique_ptr<Runner>> runners;
  Warnings warnings;
  std::unique_ptr<MeasurePool> pool;
};

TEST_F(RunnersTest, Commands) {
  addRunner("{}");
  addRunner("f=$(mktemp) && cat >$f && chmod +x $f && $f; rm $f");
  expectAll(4);
  EXPECT_EQ(warnings.count(""), 0u);
}

TEST_F(RunnersTest, ProgramsBringTheirArguments) {
  // Without ATTUNE_MEASURE_ARGUMENTS, as on another machine: the code that
  // crashes is left out of the second run all the same.
  addRunner("unset ATTUNE_MEASURE_ARGUMENTS; f=$(mktemp) && cat >$f && "
            "chmod +x $f && $f; rm $f");
  pool = std::make_unique<MeasurePool>(getTestTarget(), std::move(runners),
                                       warnings.listen(), getTestTools());
  std::vector<MeasuredCode> codes;
  codes.push_back(makeDoubling("first"));
  codes.push_back(makeDoubling("second", "raise(8);"));
  auto results = pool->measure(getDoublingOperands(), codes, getTestOptions());
  ASSERT_TRUE(bool(results)) << llvm::toString(results.takeError());
  EXPECT_EQ((*results)[0].status, TrialStatus::Ok);
  EXPECT_EQ((*results)[0].time.samples, getTestOptions().rounds);
  EXPECT_EQ((*results)[1].status, TrialStatus::Crashed);
}

TEST_F(RunnersTest, OneFailsAndOneHangs) {
  // The one that works takes over what the others have.
  addRunner("echo no such host >&2; exit 1");
  addRunner("cat >/dev/null; sleep 1000");
  addRunner(nullptr);
  for (int i = 0; i < 4; ++i)
    expectAll(6);
  EXPECT_GE(warnings.count("no such host"), 1u);
  EXPECT_GE(warnings.count("the program had not begun to run"), 1u);
}

TEST_F(RunnersTest, TheOnlyOneHangs) {
  addRunner("cat >/dev/null; sleep 1000");
  auto results = measure(2, /*timeout=*/0.2);
  ASSERT_FALSE(bool(results));
  EXPECT_EQ(llvm::toString(results.takeError()),
            "nothing can be measured: none of the runners works\n"
            "  'cat >/dev/null; sleep 1000': it printed nothing for 1.4 s");
  EXPECT_EQ(warnings.count("it printed nothing for 1.4 s"), 3u);
}

TEST_F(RunnersTest, AllFail) {
  addRunner("echo no such host >&2; exit 1");
  addRunner("echo {} >/dev/null; echo something else");
  std::string wanted =
      "nothing can be measured: none of the runners works\n"
      "  'echo no such host >&2; exit 1': it ended with status 1: no such "
      "host\n"
      "  'echo {} >/dev/null; echo something else': it printed no results";
  auto results = measure(2);
  ASSERT_FALSE(bool(results));
  EXPECT_EQ(llvm::toString(results.takeError()), wanted);
  EXPECT_EQ(warnings.count("it is used no more"), 2u);
  // They stay dropped.
  auto again = measure(2);
  ASSERT_FALSE(bool(again));
  EXPECT_EQ(llvm::toString(again.takeError()), wanted);
}

TEST_F(RunnersTest, LiesDoNotEndInLoops) {
  addRunner("echo '{\"attune_measure\": 1}'; echo '{\"begin\": 1}'; "
            "echo '{\"crash\": 1, \"signal\": 4}'");
  addRunner("echo '{\"attune_measure\": 1}'; echo '{\"begin\": 1}'");
  addRunner("printf '{\"attune_measure\": 1}\\n{\"result\": 77}\\n{\"result\": "
            "0, \"status\": \"ok\"}\\n[[[\\n{\"end\": true}\\n'");
  auto results = measure(3);
  ASSERT_FALSE(bool(results));
  llvm::consumeError(results.takeError());
}

TEST_F(RunnersTest, NothingIsLeftBehind) {
  llvm::SmallString<128> parent;
  ASSERT_FALSE(
      llvm::sys::fs::createUniqueDirectory("attune-runner-test", parent));
  std::string before = llvm::sys::Process::GetEnv("TMPDIR").value_or("");
  ::setenv("TMPDIR", parent.c_str(), 1);
  // Nor what a process that was killed left an hour ago.
  std::string abandoned = (parent + "/attune-measure-abcdef").str();
  ASSERT_FALSE(llvm::sys::fs::create_directory(abandoned));
  std::ofstream(abandoned + "/measure0") << "x";
  std::filesystem::last_write_time(
      abandoned,
      std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  addRunner(nullptr);
  addRunner("cat >/dev/null");
  expectAll(2);
  before.empty() ? ::unsetenv("TMPDIR") : ::setenv("TMPDIR", before.c_str(), 1);
  EXPECT_FALSE(llvm::sys::fs::remove(parent)) << "not empty";
}

} // namespace
