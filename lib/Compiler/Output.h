//===- Output.h - Files that appear once complete ---------------*- C++ -*-===//
#ifndef ATTUNE_LIB_COMPILER_OUTPUT_H
#define ATTUNE_LIB_COMPILER_OUTPUT_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

namespace attune {

/// Writes a text file through a temporary one beside it.
llvm::Error
writeText(llvm::StringRef path,
          llvm::function_ref<llvm::Error(llvm::raw_ostream &)> fill);

/// Writes `bytes` bytes through a mapped temporary file.
llvm::Error writeMapped(
    llvm::StringRef path, uint64_t bytes, bool executable,
    llvm::function_ref<llvm::Error(llvm::MutableArrayRef<uint8_t>)> fill);

/// Creates the directory of `path`.
llvm::Error createParent(llvm::StringRef path);

/// A temporary file beside a final one, removed unless renamed to it.
class TemporaryFile {
public:
  static llvm::Expected<TemporaryFile> create(llvm::StringRef path);
  TemporaryFile(TemporaryFile &&other) : path(std::move(other.path)) {
    other.path.clear();
  }
  ~TemporaryFile();
  llvm::StringRef getPath() const { return path; }
  llvm::Error renameTo(llvm::StringRef target);

private:
  explicit TemporaryFile(std::string path) : path(std::move(path)) {}
  std::string path;
};

} // namespace attune

#endif // ATTUNE_LIB_COMPILER_OUTPUT_H
