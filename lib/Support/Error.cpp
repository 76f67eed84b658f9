//===- Error.cpp - The three classes of errors Attune reports -------------===//

#include "attune/Support/Error.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>

using namespace llvm;

namespace attune {

char UserError::ID = 0;
char UnsupportedError::ID = 0;
char InternalError::ID = 0;

std::error_code UserError::convertToErrorCode() const {
  return std::make_error_code(std::errc::invalid_argument);
}

std::error_code UnsupportedError::convertToErrorCode() const {
  return std::make_error_code(std::errc::not_supported);
}

std::error_code InternalError::convertToErrorCode() const {
  return inconvertibleErrorCode();
}

void UnsupportedError::log(raw_ostream &os) const {
  os << title;
  size_t countWidth = 0, whatWidth = 0;
  for (const Item &item : items) {
    countWidth = std::max(countWidth, std::to_string(item.count).size());
    // A single long entry must not push the other columns off the screen.
    if (item.what.size() <= 60)
      whatWidth = std::max(whatWidth, item.what.size());
  }
  for (const Item &item : items) {
    os << "\n  " << right_justify(std::to_string(item.count), countWidth)
       << " x " << left_justify(item.what, whatWidth);
    if (!item.where.empty())
      os << "  in " << item.where;
    if (!item.hint.empty())
      os << "\n  " << std::string(countWidth + 3, ' ') << item.hint;
  }
}

void InternalError::log(raw_ostream &os) const {
  os << text;
  if (!reproducer.empty())
    os << "\n  reproducer: " << reproducer;
  if (!command.empty())
    os << "\n  rerun with: " << command;
}

Error userError(const Twine &message) {
  return make_error<UserError>(message.str());
}

Error fileUserError(StringRef path, StringRef verb, std::error_code code) {
  return userError(path + ": cannot " + verb + ": " + code.message());
}

Error unsupportedError(const Twine &title, const Twine &what,
                       const Twine &where, const Twine &hint) {
  return make_error<UnsupportedError>(
      title.str(), std::vector<UnsupportedError::Item>{
                       {what.str(), where.str(), hint.str(), 1}});
}

Error internalError(const Twine &message) {
  return make_error<InternalError>(message.str());
}

void ProblemList::addUnsupported(const Twine &what, const Twine &where,
                                 const Twine &hint) {
  std::string text = what.str();
  for (UnsupportedError::Item &item : unsupported) {
    if (item.what == text) {
      ++item.count;
      return;
    }
  }
  unsupported.push_back({std::move(text), where.str(), hint.str(), 1});
}

Error ProblemList::take(const Twine &subject) {
  std::vector<std::string> lines = std::move(problems);
  std::vector<UnsupportedError::Item> items = std::move(unsupported);
  problems.clear();
  unsupported.clear();
  if (lines.empty() && items.empty())
    return Error::success();
  if (lines.empty())
    return make_error<UnsupportedError>(
        (subject + ": this model is not supported").str(), std::move(items));
  for (const UnsupportedError::Item &item : items)
    lines.push_back("not supported: " + item.what +
                    (item.hint.empty() ? "" : " (" + item.hint + ")"));
  if (lines.size() == 1)
    return userError(subject + ": " + lines.front());
  return userError(subject + ": " + Twine(lines.size()) + " problems\n  " +
                   llvm::join(lines, "\n  "));
}

int exitCodeFor(const Error &error) {
  bool internal = false, user = false, unsupported = false;
  visitErrors(error, [&](const ErrorInfoBase &info) {
    if (info.isA<UserError>())
      user = true;
    else if (info.isA<UnsupportedError>())
      unsupported = true;
    else
      internal = true;
  });
  if (internal)
    return ExitInternalError;
  if (user)
    return ExitUserError;
  return unsupported ? ExitUnsupported : ExitSuccess;
}

int reportError(raw_ostream &os, StringRef tool, Error error) {
  int code = exitCodeFor(error);
  handleAllErrors(std::move(error), [&](const ErrorInfoBase &info) {
    os << tool << ": ";
    if (info.isA<UserError>())
      os << "error: ";
    else if (info.isA<UnsupportedError>())
      os << "unsupported model: ";
    else
      os << "internal error: ";
    info.log(os);
    os << '\n';
  });
  return code;
}

} // namespace attune
