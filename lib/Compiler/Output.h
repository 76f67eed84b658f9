//===- Output.h - Files that appear once complete ---------------*- C++ -*-===//
#ifndef ATTUNE_LIB_COMPILER_OUTPUT_H
#define ATTUNE_LIB_COMPILER_OUTPUT_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include <string>
#include <vector>

namespace attune {

/// A file beside a final one, removed unless renamed to it; also when a signal
/// ends the process.
class TemporaryFile {
public:
  /// Creates the directory of `path` where there is none.
  static llvm::Expected<TemporaryFile> create(llvm::StringRef path);
  TemporaryFile(TemporaryFile &&other) : path(std::move(other.path)) {
    other.path.clear();
  }
  TemporaryFile &operator=(TemporaryFile &&) = delete;
  ~TemporaryFile();
  llvm::StringRef getPath() const { return path; }
  /// Fills it with text, or any bytes that are not many.
  llvm::Error
  write(llvm::function_ref<llvm::Error(llvm::raw_ostream &)> fill) const;
  llvm::Error renameTo(llvm::StringRef target);

private:
  explicit TemporaryFile(std::string path) : path(std::move(path)) {}
  std::string path;
};

/// The files that belong together: either all of them appear or none, also when
/// a signal ends the process. Devices and pipes among them are written to just
/// before.
class OutputFiles {
public:
  using TextWriter = llvm::function_ref<llvm::Error(llvm::raw_ostream &)>;
  using BytesWriter =
      llvm::function_ref<llvm::Error(llvm::MutableArrayRef<uint8_t>)>;

  /// Adds a file and returns the path under which to write it; it is to have
  /// the permissions of a program when `executable`.
  llvm::Expected<std::string> add(llvm::StringRef path,
                                  bool executable = false);
  llvm::Error addText(llvm::StringRef path, TextWriter fill);
  /// Adds a file of `bytes` bytes that is written in memory mapped to it.
  llvm::Error addMapped(llvm::StringRef path, uint64_t bytes, bool executable,
                        BytesWriter fill);

  /// Gives all files their names and returns them.
  llvm::Expected<std::vector<std::string>> commit();

private:
  struct Entry {
    TemporaryFile file;
    std::string target;
    bool executable;
    bool isSpecial; ///< a device or a pipe
  };
  std::vector<Entry> entries;
};

/// Writes to stdout.
llvm::Error writeOut(llvm::function_ref<llvm::Error(llvm::raw_ostream &)> fill);

/// Writes one text file, or to stdout for "-".
llvm::Error
writeText(llvm::StringRef path,
          llvm::function_ref<llvm::Error(llvm::raw_ostream &)> fill);

} // namespace attune

#endif // ATTUNE_LIB_COMPILER_OUTPUT_H
