//===- Program.h - The program that a model becomes -------------*- C++ -*-===//
//
// The subcommands of an emitted executable, which runProgram chooses from. They
// know the model by its descriptor and run it through the C API of Model.h.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_RUNTIME_MAIN_PROGRAM_H
#define ATTUNE_LIB_RUNTIME_MAIN_PROGRAM_H

#include "Arguments.h"
#include "attune/Runtime/Model.h"
#include "attune/Runtime/Program.h"

#include <string>
#include <string_view>
#include <vector>

namespace attune::program {

/// Exit statuses of the program.
enum ExitStatus {
  ExitOk = 0,
  ExitInternal = 1,
  ExitUsage = 2,
  ExitUnsupported = 3,
  ExitVerification = 4
};

/// What a subcommand gets.
struct Context {
  const AttuneModel &model;
  Arguments arguments;
};

/// A subcommand: what its help says and what it does.
struct Command {
  const char *name;
  const char *usage;   ///< What follows the name: "TEXT... [options]".
  const char *summary; ///< One line.
  const char *details; ///< More lines for its own help, ends with a newline.
  std::vector<Option> options;
  int (*run)(const Context &context);
};

Command embedCommand();
Command infoCommand();
Command runCommand();
Command benchCommand();
Command tokenizeCommand();

/// Prints "error: message" to stderr and returns `status`.
int reportError(const std::string &message, int status = ExitUsage);

/// Writes `text` to standard output; an error when that fails.
int printText(const std::string &text);

/// An open model; closes it at the end of a scope.
class Session {
public:
  Session() = default;
  Session(const Session &) = delete;
  Session &operator=(const Session &) = delete;
  ~Session() { attune_destroy(handle); }

  /// Opens the model as --threads, --weights and --cpu say. Returns ExitOk or,
  /// with the error reported, the exit status.
  int open(const Context &context);

  /// The same with a number of threads of the caller's.
  int open(const Context &context, int64_t threads);

  attune_model *get() const { return handle; }

private:
  attune_model *handle = nullptr;
};

/// The options that Session::open reads.
std::vector<Option> sessionOptions();

/// Reports attune_error() and returns the exit status for `status`.
int reportStatus(attune_status status);

} // namespace attune::program

#endif // ATTUNE_LIB_RUNTIME_MAIN_PROGRAM_H
