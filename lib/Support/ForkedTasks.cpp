//===- ForkedTasks.cpp - Work that may crash or never end -----------------===//
#include "attune/Support/ForkedTasks.h"
#include "llvm/ADT/STLExtras.h"
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace attune;

using Clock = std::chrono::steady_clock;

/// How often deadlines and the flag are looked at.
static constexpr int kPollMs = 50;

namespace {

struct Process {
  size_t number;
  pid_t pid;
  int pipe;
  Clock::time_point deadline;
  std::string text;
};

} // namespace

/// What the copy does; it never returns to the caller's code.
[[noreturn]] static void
becomeTask(pid_t parent, int pipe, llvm::function_ref<std::string(size_t)> task,
           size_t number) {
  // Ctrl-C is for the parent, with which all copies end.
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent)
    ::_exit(1);
  // A crash is the parent's to report.
  for (int signal :
       {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGTERM, SIGINT})
    ::signal(signal, SIG_DFL);
  if (int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC); nowhere >= 0)
    for (int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
      ::dup2(nowhere, fd);
  std::string text = task(number);
  for (size_t done = 0; done < text.size();) {
    ssize_t bytes = ::write(pipe, text.data() + done, text.size() - done);
    if (bytes < 0 && errno != EINTR)
      ::_exit(1);
    done += bytes > 0 ? static_cast<size_t>(bytes) : 0;
  }
  // Without destructors and handlers, which belong to the parent.
  ::_exit(0);
}

static bool start(Process &process,
                  llvm::function_ref<std::string(size_t)> task) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return false;
  pid_t parent = ::getpid();
  process.pid = ::fork();
  if (process.pid == 0)
    becomeTask(parent, ends[1], task, process.number);
  ::close(ends[1]);
  process.pipe = ends[0];
  if (process.pid > 0)
    return true;
  ::close(ends[0]);
  return false;
}

/// Ends the process if it still runs; whether it had ended well by itself.
static bool finish(const Process &process, bool kill) {
  if (kill)
    ::kill(process.pid, SIGKILL);
  ::close(process.pipe);
  int status = 0;
  while (::waitpid(process.pid, &status, 0) < 0 && errno == EINTR)
    ;
  return !kill && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

std::vector<ForkedTasks::Result>
ForkedTasks::run(llvm::function_ref<std::string(size_t)> task) {
  std::vector<Result> results(count);
  std::vector<Process> running;
  auto limit = std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double>(std::min(seconds, 1e8)));
  for (size_t next = 0; next < count || !running.empty();) {
    bool isStopped = stop && *stop;
    while (!isStopped && next < count &&
           running.size() < static_cast<size_t>(std::max(jobs, 1))) {
      Process process{next, -1, -1, Clock::now() + limit, {}};
      if (start(process, task))
        running.push_back(std::move(process));
      else
        results[next].end = End::Failed;
      ++next;
    }
    if (isStopped) {
      for (const Process &process : running)
        finish(process, /*kill=*/true);
      return results;
    }
    std::vector<pollfd> fds;
    for (const Process &process : running)
      fds.push_back({process.pipe, POLLIN, 0});
    ::poll(fds.data(), fds.size(), kPollMs);
    for (size_t i = 0; i < fds.size(); ++i) {
      Process &process = running[i];
      Result &result = results[process.number];
      bool isOver = false;
      if (fds[i].revents) {
        char buffer[1 << 16];
        ssize_t bytes = ::read(process.pipe, buffer, sizeof buffer);
        if (bytes > 0)
          process.text.append(buffer, static_cast<size_t>(bytes));
        isOver = bytes == 0 || (bytes < 0 && errno != EINTR);
      }
      if (isOver) {
        bool isDone = finish(process, /*kill=*/false);
        result.end = isDone ? End::Done : End::Failed;
        if (isDone)
          result.text = std::move(process.text);
        process.pid = -1;
      } else if (Clock::now() > process.deadline) {
        finish(process, /*kill=*/true);
        result.end = End::TimedOut;
        process.pid = -1;
      }
    }
    llvm::erase_if(running,
                   [](const Process &process) { return process.pid < 0; });
  }
  return results;
}
