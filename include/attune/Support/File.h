//===- File.h - Reading files and JSON that may be hostile ------*- C++ -*-===//

#ifndef ATTUNE_SUPPORT_FILE_H
#define ATTUNE_SUPPORT_FILE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cstdint>
#include <memory>

namespace attune {

/// No limit on the size of a file.
constexpr uint64_t kNoSizeLimit = ~uint64_t(0);

/// Opens a regular file, mapped into memory when it is large. Errors (all
/// UserError): it does not exist, is not readable, is a directory or a device,
/// or is larger than `maxBytes`.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
readFile(llvm::StringRef path, uint64_t maxBytes = kNoSizeLimit);

/// What parseJSON accepts.
struct JSONOptions {
  /// Objects and arrays within each other; llvm::json recurses, so a limit
  /// keeps a hostile file from exhausting the stack.
  unsigned maxDepth = 64;
  /// Refuse objects that have the same key twice. llvm::json keeps the last.
  bool refuseDuplicateKeys = false;
  /// Values in the whole text, counted by commas and brackets: each takes much
  /// more memory than its text.
  size_t maxValues = 4'000'000;
};

/// Parses JSON text of any origin. `name` is the file's name for messages,
/// which have line and column. Errors are UserErrors.
llvm::Expected<llvm::json::Value>
parseJSON(llvm::StringRef text, llvm::StringRef name, JSONOptions options = {});

/// readFile and parseJSON.
llvm::Expected<llvm::json::Value>
readJSONFile(llvm::StringRef path, uint64_t maxBytes, JSONOptions options = {});

/// Whether `path`, taken from a file's text, stays below the directory that it
/// is relative to: not absolute, no "..", no NUL, not empty.
bool isContainedRelativePath(llvm::StringRef path);

/// `text` made fit for a message: control characters and invalid UTF-8 are
/// escaped and more than `maxLength` bytes are cut with "...".
std::string printable(llvm::StringRef text, size_t maxLength = 120);

} // namespace attune

#endif // ATTUNE_SUPPORT_FILE_H
