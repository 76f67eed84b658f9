//===- ForkedTasks.h - Work that may crash or never end ---------*- C++ -*-===//
#ifndef ATTUNE_SUPPORT_FORKEDTASKS_H
#define ATTUNE_SUPPORT_FORKEDTASKS_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include <atomic>
#include <string>
#include <vector>

namespace attune {

/// Runs functions in copies of this process, several at a time. A copy has
/// everything that this process has in memory, but only the one thread; what it
/// prints is dropped. It can be ended at any moment, which threads cannot.
class ForkedTasks {
public:
  /// `count` tasks, at most `jobs` at the same time, none longer than
  /// `seconds`. All end soon after `*stop` has become true; null: never.
  ForkedTasks(size_t count, int jobs, double seconds,
              const std::atomic<bool> *stop)
      : count(count), jobs(jobs), seconds(seconds), stop(stop) {}

  enum class End {
    Done,
    Failed, ///< it crashed, or could not be started
    TimedOut,
    Stopped
  };
  struct Result {
    End end = End::Stopped;
    std::string text; ///< what the task returned, when it is done
  };

  /// Calls `task` with the numbers from 0 to count - 1; results in that order.
  std::vector<Result> run(llvm::function_ref<std::string(size_t)> task);

private:
  size_t count;
  int jobs;
  double seconds;
  const std::atomic<bool> *stop;
};

} // namespace attune

#endif // ATTUNE_SUPPORT_FORKEDTASKS_H
