//===- DatabaseFile.h - A file that others append to ------------*- C++ -*-===//
#ifndef ATTUNE_LIB_TUNING_DATABASEFILE_H
#define ATTUNE_LIB_TUNING_DATABASEFILE_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <string>

namespace llvm {
class MemoryBuffer;
}

namespace attune {

/// An open file under the advisory lock (flock) that all readers and writers of
/// databases take. The lock ends with the object. Replacing a file by rename
/// keeps those out that lock the new one, so acquire() makes sure that what was
/// locked is still what the path names.
class LockedFile {
public:
  enum class Mode { Read, Append };

  /// Opens and locks the file: shared for reading, exclusive and created where
  /// there is none for appending. Waits for others. `descriptor` is a file that
  /// is open already, or -1; it is used when the path still names it and closed
  /// otherwise. A UserError when the file cannot be opened or is no regular
  /// file.
  static llvm::Expected<LockedFile> acquire(llvm::StringRef path, Mode mode,
                                            int descriptor = -1);
  LockedFile(LockedFile &&other);
  LockedFile &operator=(LockedFile &&) = delete;
  ~LockedFile();

  /// The whole text, read and not mapped: writers may change the file later.
  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> read() const;
  /// Adds `text` at the end in one write, behind the end of a torn line, and
  /// waits until it is on the disk. On failure the file is as it was.
  llvm::Error append(llvm::StringRef text) const;
  /// Unlocks, and leaves the file open for the next acquire().
  int release();
  /// Closes what release() left open.
  static void close(int descriptor);

private:
  LockedFile(std::string path, int descriptor)
      : path(std::move(path)), descriptor(descriptor) {}
  std::string path;
  int descriptor;
};

/// The text of a database, under its lock.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
readDatabaseFile(llvm::StringRef path);

/// Calls `visit` with each line that is not blank: its number from 1 on, its
/// text without spaces around it, and whether it has an end.
void forEachLine(
    llvm::StringRef text,
    llvm::function_ref<void(int64_t, llvm::StringRef, bool)> visit);

} // namespace attune

#endif // ATTUNE_LIB_TUNING_DATABASEFILE_H
