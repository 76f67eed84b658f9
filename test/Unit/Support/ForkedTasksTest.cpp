//===- ForkedTasksTest.cpp - Work that may crash or never end -------------===//
#include "attune/Support/ForkedTasks.h"
#include "gtest/gtest.h"
#include <csignal>
#include <thread>
#include <unistd.h>

using namespace attune;

namespace {

using End = ForkedTasks::End;

TEST(ForkedTasks, GivesResultsInOrder) {
  std::vector<ForkedTasks::Result> results =
      ForkedTasks(20, 3, 60, nullptr).run([](size_t i) {
        // Larger than what a pipe holds.
        return std::to_string(i) + std::string(i * 20000, 'x');
      });
  ASSERT_EQ(results.size(), 20u);
  for (size_t i = 0; i < results.size(); ++i) {
    EXPECT_EQ(results[i].end, End::Done);
    EXPECT_EQ(results[i].text, std::to_string(i) + std::string(i * 20000, 'x'));
  }
  EXPECT_TRUE(
      ForkedTasks(0, 1, 60, nullptr).run([](size_t) { return ""; }).empty());
}

TEST(ForkedTasks, OneThatCrashesOrHangsCostsThatOne) {
  int here = 1;
  std::vector<ForkedTasks::Result> results =
      ForkedTasks(5, 2, 1, nullptr).run([&](size_t i) -> std::string {
        here = 2; // of the copy
        if (i == 1)
          ::raise(SIGSEGV);
        if (i == 2)
          ::_exit(3);
        while (i == 3)
          ::pause();
        return "fine";
      });
  EXPECT_EQ(here, 1);
  EXPECT_EQ(results[0].end, End::Done);
  EXPECT_EQ(results[1].end, End::Failed);
  EXPECT_EQ(results[2].end, End::Failed);
  EXPECT_EQ(results[3].end, End::TimedOut);
  EXPECT_EQ(results[4].end, End::Done);
  EXPECT_EQ(results[4].text, "fine");
}

TEST(ForkedTasks, EndsWhenToldTo) {
  std::atomic<bool> stop = false;
  std::thread teller([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    stop = true;
  });
  std::vector<ForkedTasks::Result> results =
      ForkedTasks(3, 2, 600, &stop).run([](size_t) -> std::string {
        while (true)
          ::pause();
      });
  teller.join();
  for (const ForkedTasks::Result &result : results)
    EXPECT_EQ(result.end, End::Stopped);
}

} // namespace
