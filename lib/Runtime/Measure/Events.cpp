//===- Events.cpp - What a measuring program prints -----------------------===//
#include "Events.h"

#include "attune/Runtime/Text.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstring>
#include <sys/time.h>
#include <unistd.h>

namespace attune::measure {

using rt::format;

namespace {

/// The code that runs, for signal handlers; -1: none.
std::atomic<int64_t> running{-1};
static_assert(std::atomic<int64_t>::is_always_lock_free);

void write(const char *text, size_t bytes) {
  while (bytes) {
    ssize_t written = ::write(STDOUT_FILENO, text, bytes);
    if (written < 0 && errno == EINTR)
      continue;
    // Nobody listens any more.
    if (written <= 0)
      _exit(1);
    text += written;
    bytes -= size_t(written);
  }
}

void print(std::string line) {
  line += '\n';
  write(line.data(), line.size());
}

/// A line put together without anything that signal handlers must not call.
class SignalLine {
public:
  SignalLine &text(const char *part) {
    while (*part && length < sizeof line)
      line[length++] = *part++;
    return *this;
  }
  SignalLine &number(int64_t value) {
    char digits[20];
    int count = 0;
    do
      digits[count++] = char('0' + value % 10);
    while ((value /= 10) > 0);
    while (count && length < sizeof line)
      line[length++] = digits[--count];
    return *this;
  }
  void print() const { write(line, length); }

private:
  char line[96];
  size_t length = 0;
};

void onSignal(int signal) {
  int64_t code = running.load();
  if (code < 0) {
    // The program's own doing.
    ::signal(signal, SIG_DFL);
    raise(signal);
    return;
  }
  SignalLine line;
  if (signal == SIGALRM)
    line.text("{\"timeout\": ").number(code).text("}\n").print();
  else
    line.text("{\"crash\": ")
        .number(code)
        .text(", \"signal\": ")
        .number(signal)
        .text("}\n")
        .print();
  _exit(0);
}

/// Once in a process. A stack of its own, since a code may have used up the
/// other one.
void installHandlers() {
  static char stack[64 << 10];
  stack_t alternate = {};
  alternate.ss_sp = stack;
  alternate.ss_size = sizeof stack;
  sigaltstack(&alternate, nullptr);
  struct sigaction action = {};
  action.sa_handler = onSignal;
  action.sa_flags = SA_ONSTACK | SA_NODEFER;
  sigemptyset(&action.sa_mask);
  for (int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGALRM})
    sigaction(signal, &action, nullptr);
}

void setAlarm(double seconds) {
  itimerval timer = {};
  timer.it_value.tv_sec = time_t(seconds);
  timer.it_value.tv_usec =
      suseconds_t((seconds - double(timer.it_value.tv_sec)) * 1e6);
  setitimer(ITIMER_REAL, &timer, nullptr);
}

} // namespace

void printStart(int64_t codes) {
  installHandlers();
  print(format("{\"attune_measure\": 1, \"codes\": %lld}", (long long)codes));
}

void printResult(const CodeResult &result) {
  std::string line =
      format("{\"result\": %lld, \"status\": \"%s\"", (long long)result.code,
             result.wrong.empty() ? "ok" : "wrong");
  auto add = [&](const char *name, double value) {
    line += format(", \"%s\": ", name);
    rt::appendJsonNumber(line, value);
  };
  add("error", result.error);
  if (result.wrong.empty()) {
    add("samples", double(result.samples));
    add("min", result.min);
    add("quartile1", result.quartile1);
    add("median", result.median);
    add("quartile3", result.quartile3);
    add("speedup", result.speedup);
  } else {
    line += ", \"detail\": ";
    rt::appendJsonString(line, result.wrong);
  }
  print(line + "}");
}

void printFailure(std::string_view message) {
  std::string line = "{\"failed\": ";
  rt::appendJsonString(line, message);
  print(line + "}");
}

void printEnd() { print("{\"end\": true}"); }

InFlight::InFlight(int64_t code, double seconds) {
  print(format("{\"begin\": %lld}", (long long)code));
  running.store(code);
  // A timer of nothing never goes off; one of more than a year is none.
  setAlarm(std::clamp(seconds, 1e-3, 3e7));
}

InFlight::~InFlight() {
  setAlarm(0);
  running.store(-1);
}

} // namespace attune::measure
