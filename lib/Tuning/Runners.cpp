//===- Runners.cpp - Where measuring programs run -------------------------===//
#include "Subprocess.h"
#include "attune/Runtime/MeasureABI.h"
#include "attune/Support/File.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include <cstring>

using namespace attune;

namespace {

class LocalRunner : public Runner {
public:
  std::string describe() const override { return "this machine"; }
  Outcome run(llvm::StringRef path, llvm::ArrayRef<std::string> arguments,
              double silence) override {
    Subprocess process;
    process.command.push_back(path.str());
    llvm::append_range(process.command, arguments);
    process.silence = silence;
    process.stopCondition = stopCondition;
    process.lineTold = lineTold;
    return runSubprocess(process);
  }
};

class CommandRunner : public Runner {
public:
  explicit CommandRunner(std::string command) : command(std::move(command)) {}
  std::string describe() const override {
    return "'" + printable(command) + "'";
  }
  Outcome run(llvm::StringRef path, llvm::ArrayRef<std::string> arguments,
              double silence) override;

private:
  std::string command;
};

} // namespace

/// A word as the shell reads it back.
static std::string quote(llvm::StringRef word) {
  std::string quoted = "'";
  for (char c : word)
    quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

/// Writes a copy of a program that brings its arguments along, beside it; its
/// name goes to `copy`. Several runners may do so at the same time.
static std::error_code writeWithArguments(llvm::StringRef program,
                                          llvm::ArrayRef<std::string> arguments,
                                          llvm::SmallString<128> &copy) {
  auto buffer = llvm::MemoryBuffer::getFile(program, false, false);
  if (!buffer)
    return buffer.getError();
  int fd;
  if (std::error_code code = llvm::sys::fs::createUniqueFile(
          program + "-%%%%%%%%.input", fd, copy))
    return code;
  llvm::raw_fd_ostream os(fd, /*shouldClose=*/true);
  AttuneArgumentsTrailer trailer;
  std::memcpy(trailer.magic, ATTUNE_ARGUMENTS_MAGIC, sizeof trailer.magic);
  trailer.bytes = 0;
  os << (*buffer)->getBuffer();
  for (const std::string &argument : arguments) {
    os << argument << '\0';
    trailer.bytes += argument.size() + 1;
  }
  os.write(reinterpret_cast<const char *>(&trailer), sizeof trailer);
  os.close();
  std::error_code code = os.error();
  os.clear_error();
  return code;
}

Runner::Outcome CommandRunner::run(llvm::StringRef path,
                                   llvm::ArrayRef<std::string> arguments,
                                   double silence) {
  Subprocess process;
  process.silence = silence;
  process.stopCondition = stopCondition;
  process.lineTold = lineTold;
  llvm::SmallString<128> copy;
  llvm::scope_exit removeCopy([&] {
    if (!copy.empty())
      llvm::sys::fs::remove(copy);
  });
  std::string text = command;
  if (llvm::StringRef(command).contains("{}")) {
    std::string words = quote(path);
    for (const std::string &argument : arguments)
      words += " " + quote(argument);
    llvm::SmallVector<llvm::StringRef> parts;
    llvm::StringRef(command).split(parts, "{}");
    text = llvm::join(parts, words);
  } else {
    process.environment.push_back("ATTUNE_MEASURE_ARGUMENTS=" +
                                  llvm::join(arguments, " "));
    if (std::error_code code = writeWithArguments(path, arguments, copy)) {
      Outcome outcome;
      outcome.failure =
          ("the program cannot be copied: " + llvm::Twine(code.message()))
              .str();
      return outcome;
    }
    process.input = copy.str().str();
  }
  process.command = {"/bin/sh", "-c", text};
  return runSubprocess(process);
}

std::unique_ptr<Runner> attune::createLocalRunner() {
  return std::make_unique<LocalRunner>();
}

std::unique_ptr<Runner> attune::createCommandRunner(std::string command) {
  return std::make_unique<CommandRunner>(std::move(command));
}
