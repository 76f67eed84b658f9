//===- Error.h - The three classes of errors Attune reports -----*- C++ -*-===//
//
// Everything that can go wrong because of what a user gave us travels as an
// llvm::Error of one of three classes, which differ in how they are printed
// and in the exit status of the tool:
//
//   UserError         a bad file, flag, shape or value          exit status 2
//   UnsupportedError  a valid model that Attune cannot compile  exit status 3
//   InternalError     a defect of Attune                        exit status 1
//
// Errors of any other llvm::ErrorInfo class count as internal.
//
//===----------------------------------------------------------------------===//

#ifndef ATTUNE_SUPPORT_ERROR_H
#define ATTUNE_SUPPORT_ERROR_H

#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FormatVariadic.h"

#include <cstdint>
#include <string>
#include <system_error>
#include <vector>

namespace attune {

/// The exit statuses of every Attune tool and of emitted programs.
enum ExitCode : int {
  ExitSuccess = 0,
  ExitInternalError = 1,
  ExitUserError = 2,
  ExitUnsupported = 3,
  ExitVerificationFailed = 4,
  ExitBudgetSpent = 5,
};

/// What the user can put right: a bad file, a bad flag, a wrong shape. The
/// message names the thing, what was expected, what was found, what to do.
class UserError : public llvm::ErrorInfo<UserError> {
public:
  static char ID;
  explicit UserError(std::string message) : text(std::move(message)) {}
  void log(llvm::raw_ostream &os) const override { os << text; }
  std::error_code convertToErrorCode() const override;
  llvm::StringRef getText() const { return text; }

private:
  std::string text;
};

/// A model that is well-formed but asks for things Attune has no code for.
/// Lists ALL such things, each with its place and how often it occurs.
class UnsupportedError : public llvm::ErrorInfo<UnsupportedError> {
public:
  static char ID;

  struct Item {
    /// What is not supported, e.g. "position_embedding_type 'relative_key'".
    std::string what;
    /// Where it was found, e.g. "config.json" or "node /encoder/Einsum".
    std::string where;
    /// What is supported or what to do instead; may be empty.
    std::string hint;
    /// How many times it occurs.
    uint64_t count = 1;
  };

  /// `title` says which model, e.g. "models/x: this model is not supported".
  UnsupportedError(std::string title, std::vector<Item> items)
      : title(std::move(title)), items(std::move(items)) {}
  void log(llvm::raw_ostream &os) const override;
  std::error_code convertToErrorCode() const override;
  llvm::StringRef getTitle() const { return title; }
  llvm::ArrayRef<Item> getItems() const { return items; }

private:
  std::string title;
  std::vector<Item> items;
};

/// A defect of Attune, with what is needed to look into it.
class InternalError : public llvm::ErrorInfo<InternalError> {
public:
  static char ID;
  /// `reproducer` is a file that was written, `command` reruns the failure;
  /// either may be empty.
  explicit InternalError(std::string message, std::string reproducer = "",
                         std::string command = "")
      : text(std::move(message)), reproducer(std::move(reproducer)),
        command(std::move(command)) {}
  void log(llvm::raw_ostream &os) const override;
  std::error_code convertToErrorCode() const override;

private:
  std::string text, reproducer, command;
};

/// A UserError from a message.
llvm::Error userError(const llvm::Twine &message);

/// A UserError from an llvm::formatv format:
/// `userErrorf("{0}: expected {1}", file, what)`.
template <typename... Ts>
llvm::Error userErrorf(const char *format, Ts &&...values) {
  return userError(llvm::formatv(format, std::forward<Ts>(values)...).str());
}

/// A UserError about a file the system would not give: "PATH: cannot VERB:
/// No such file or directory".
llvm::Error fileUserError(llvm::StringRef path, llvm::StringRef verb,
                          std::error_code code);

/// An UnsupportedError with a single item.
llvm::Error unsupportedError(const llvm::Twine &title, const llvm::Twine &what,
                             const llvm::Twine &where,
                             const llvm::Twine &hint = "");

/// An InternalError from a message.
llvm::Error internalError(const llvm::Twine &message);

/// Collects problems so that one run reports all of them. Turn it into an
/// error with take(); a list without problems gives success.
class ProblemList {
public:
  /// Something the user can put right; becomes one line of a UserError.
  void add(const llvm::Twine &problem) { problems.push_back(problem.str()); }
  template <typename... Ts> void addf(const char *format, Ts &&...values) {
    problems.push_back(
        llvm::formatv(format, std::forward<Ts>(values)...).str());
  }
  /// Something Attune does not support. Equal `what` are counted together.
  void addUnsupported(const llvm::Twine &what, const llvm::Twine &where,
                      const llvm::Twine &hint = "");

  bool empty() const { return problems.empty() && unsupported.empty(); }
  size_t size() const { return problems.size() + unsupported.size(); }

  /// All problems as one error, and empties the list. When both kinds were
  /// found the result is a UserError that lists the unsupported ones too:
  /// they may be a consequence of the former. `subject` is what the
  /// problems are about, e.g. "models/x/config.json".
  llvm::Error take(const llvm::Twine &subject);

private:
  std::vector<std::string> problems;
  std::vector<UnsupportedError::Item> unsupported;
};

/// The exit status a tool ends with because of `error`, which stays as it is.
/// In a list of errors an internal one decides, then a user error, then an
/// unsupported one. Success gives 0.
int exitCodeFor(const llvm::Error &error);

/// Prints `error` to `os` as "TOOL: error: ...", "TOOL: unsupported model:
/// ..." or "TOOL: internal error: ...", consumes it and returns its exit
/// status. Prints nothing on success.
int reportError(llvm::raw_ostream &os, llvm::StringRef tool, llvm::Error error);

} // namespace attune

#endif // ATTUNE_SUPPORT_ERROR_H
