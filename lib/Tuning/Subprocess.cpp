//===- Subprocess.cpp - Processes that may hang or crash ------------------===//
#include "Subprocess.h"
#include "attune/Support/File.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/FormatVariadic.h"
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

using namespace attune;

namespace {

using Clock = std::chrono::steady_clock;

/// How often the condition to stop and the process itself are looked at.
constexpr int kPollMs = 50;
/// The same once its pipes are closed and it is about to end.
constexpr int kExitPollMs = 2;
/// What pipes may still hold after a process has ended takes no longer.
constexpr std::chrono::milliseconds kDrain(200);
/// A measuring program prints far less.
constexpr size_t kMostOutput = size_t(16) << 20;
/// Bytes of the errors that are kept, the last ones.
constexpr size_t kKeptErrors = 2000;

/// A file descriptor that closes itself.
struct Descriptor {
  int fd = -1;
  Descriptor() = default;
  Descriptor(const Descriptor &) = delete;
  Descriptor &operator=(const Descriptor &) = delete;
  ~Descriptor() { reset(); }
  void reset() {
    if (fd >= 0)
      ::close(fd);
    fd = -1;
  }
};

bool makePipe(Descriptor &from, Descriptor &to) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return false;
  from.fd = ends[0];
  to.fd = ends[1];
  ::fcntl(from.fd, F_SETFL, O_NONBLOCK);
  return true;
}

/// What a process prints, while it runs.
class Conversation {
public:
  Conversation(const Subprocess &process) : process(process) {}

  /// The failure is set when it could not be started.
  Runner::Outcome run();

private:
  bool start();
  [[noreturn]] void becomeProcess(const char *const *arguments,
                                  const char *const *environment);
  /// Reads what is there; closes the pipe at its end.
  void read(Descriptor &pipe, std::string &text);
  /// Takes the whole lines of the output.
  void takeLines();
  /// Whether it has ended; it stays a zombie until finish().
  bool hasEnded() const;
  void finish();
  void listen();

  const Subprocess &process;
  Runner::Outcome outcome;
  Descriptor input, output, outputEnd, errors, errorsEnd;
  std::string outputText, errorsText;
  size_t outputBytes = 0;
  pid_t pid = -1, parent = -1;
  std::string killed; ///< why it was killed
};

void Conversation::becomeProcess(const char *const *arguments,
                                 const char *const *environment) {
  // Between fork and exec of a process with threads: system calls only.
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent)
    ::_exit(127);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  if (::dup2(input.fd, STDIN_FILENO) >= 0 &&
      ::dup2(outputEnd.fd, STDOUT_FILENO) >= 0 &&
      ::dup2(errorsEnd.fd, STDERR_FILENO) >= 0)
    ::execve(arguments[0], const_cast<char *const *>(arguments),
             const_cast<char *const *>(environment));
  const char *reason = errno == EACCES    ? "permission denied"
                       : errno == ENOEXEC ? "not a program for this machine"
                                          : "cannot be run";
  // Nobody to tell when this fails too.
  (void)!::write(STDERR_FILENO, arguments[0], std::strlen(arguments[0]));
  (void)!::write(STDERR_FILENO, ": ", 2);
  (void)!::write(STDERR_FILENO, reason, std::strlen(reason));
  ::_exit(126);
}

bool Conversation::start() {
  const char *file =
      process.input.empty() ? "/dev/null" : process.input.c_str();
  input.fd = ::open(file, O_RDONLY | O_CLOEXEC);
  if (input.fd < 0 || !makePipe(output, outputEnd) ||
      !makePipe(errors, errorsEnd))
    return false;
  llvm::SmallVector<const char *> arguments, environment;
  for (const std::string &word : process.command)
    arguments.push_back(word.c_str());
  arguments.push_back(nullptr);
  for (char **entry = environ; *entry; ++entry)
    environment.push_back(*entry);
  for (const std::string &entry : process.environment)
    environment.push_back(entry.c_str());
  environment.push_back(nullptr);
  parent = ::getpid();
  pid = ::fork();
  if (pid == 0)
    becomeProcess(arguments.data(), environment.data());
  if (pid < 0)
    return false;
  // Both do it: neither may be too late.
  ::setpgid(pid, pid);
  input.reset();
  outputEnd.reset();
  errorsEnd.reset();
  return true;
}

void Conversation::read(Descriptor &pipe, std::string &text) {
  char buffer[1 << 14];
  ssize_t bytes = ::read(pipe.fd, buffer, sizeof buffer);
  if (bytes > 0)
    text.append(buffer, size_t(bytes));
  else if (bytes == 0 || (errno != EAGAIN && errno != EINTR))
    pipe.reset();
}

void Conversation::takeLines() {
  size_t begin = 0;
  for (size_t end; (end = outputText.find('\n', begin)) != std::string::npos;
       begin = end + 1) {
    outcome.lines.push_back(outputText.substr(begin, end - begin));
    if (process.lineTold)
      process.lineTold(outcome.lines.back());
  }
  outputBytes += begin;
  outputText.erase(0, begin);
}

bool Conversation::hasEnded() const {
  siginfo_t info = {};
  return ::waitid(P_PID, id_t(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == pid;
}

void Conversation::listen() {
  using Seconds = std::chrono::duration<double>;
  auto silence = std::chrono::duration_cast<Clock::duration>(
      Seconds(std::min(process.silence, 1e8)));
  Clock::time_point deadline = Clock::now() + silence;
  while (true) {
    pollfd fds[] = {{output.fd, POLLIN, 0}, {errors.fd, POLLIN, 0}};
    bool isOver = output.fd < 0 && errors.fd < 0;
    ::poll(fds, 2, isOver ? kExitPollMs : kPollMs);
    if (output.fd >= 0 && fds[0].revents) {
      read(output, outputText);
      takeLines();
      deadline = Clock::now() + silence;
    }
    if (errors.fd >= 0 && fds[1].revents) {
      read(errors, errorsText);
      if (errorsText.size() > 2 * kKeptErrors)
        errorsText.erase(0, errorsText.size() - kKeptErrors);
    }
    isOver = output.fd < 0 && errors.fd < 0;
    bool ended = hasEnded();
    if (ended && isOver)
      return;
    // A child of the process may hold its pipes open: what is in them now is
    // all that counts.
    if (ended && !(fds[0].revents | fds[1].revents)) {
      deadline = std::min(deadline, Clock::now() + kDrain);
      if (Clock::now() + kDrain / 2 > deadline)
        return;
    }
    if (process.stopCondition && process.stopCondition())
      killed = "interrupted";
    else if (Clock::now() > deadline) {
      outcome.timedOut = true;
      killed =
          llvm::formatv("it printed nothing for {0:f1} s", process.silence);
    } else if (outputBytes + outputText.size() > kMostOutput)
      killed = "it printed more than a measuring program does";
    if (!killed.empty())
      return;
  }
}

void Conversation::finish() {
  // The group first: as long as nobody has waited for its leader, its number
  // is not given to another one.
  ::kill(-pid, SIGKILL);
  ::kill(pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR)
    ;
  if (!killed.empty()) {
    outcome.failure = killed;
  } else if (WIFSIGNALED(status)) {
    outcome.signal = WTERMSIG(status);
    outcome.failure =
        llvm::formatv("it was ended by signal {0} ({1})", outcome.signal,
                      ::strsignal(outcome.signal));
  } else if (int code = WEXITSTATUS(status)) {
    outcome.failure = llvm::formatv("it ended with status {0}", code);
    // What shells say of processes that signals end.
    if (code > 128 && code <= 128 + SIGRTMAX)
      outcome.signal = code - 128;
  }
  if (outcome.failure.empty())
    return;
  llvm::StringRef said = llvm::StringRef(errorsText).trim();
  if (!said.empty())
    outcome.failure += ": " + printable(said.take_back(300), 400);
}

Runner::Outcome Conversation::run() {
  if (!start()) {
    outcome.failure =
        llvm::formatv("it cannot be started: {0}", std::strerror(errno));
    return std::move(outcome);
  }
  listen();
  finish();
  return std::move(outcome);
}

} // namespace

Runner::Outcome attune::runSubprocess(const Subprocess &process) {
  return Conversation(process).run();
}
