//===- Files.h - Mapping and replacing files --------------------*- C++ -*-===//
//
// Errors are one line that names the file and the reason.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_RUNTIME_FILES_H
#define ATTUNE_RUNTIME_FILES_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace attune::rt {

/// A read-only private mapping of a file or of a part of it.
class MappedFile {
public:
  MappedFile() = default;
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;
  MappedFile(MappedFile &&other) noexcept { *this = std::move(other); }
  MappedFile &operator=(MappedFile &&other) noexcept;
  ~MappedFile() { close(); }

  /// Maps the whole regular file at `path`.
  bool open(const char *path, std::string &error);

  /// Maps [offset, offset + bytes) of the open file `fd`. `name` is for
  /// messages.
  bool map(int fd, const char *name, uint64_t offset, uint64_t bytes,
           std::string &error);

  /// Asks the system to read the file ahead.
  void prefetch() const;

  void close();

  const unsigned char *data() const { return start; }
  size_t size() const { return length; }

private:
  const unsigned char *start = nullptr;
  size_t length = 0;
  size_t lead = 0; ///< Mapped bytes before `start`.
};

/// Writes a file beside `path` and renames it into place at commit(), so that
/// no reader ever sees half a file. Without commit() nothing is left behind.
/// Existing files that are not regular (/dev/stdout, a pipe) are written
/// directly.
class FileWriter {
public:
  FileWriter() = default;
  FileWriter(const FileWriter &) = delete;
  FileWriter &operator=(const FileWriter &) = delete;
  ~FileWriter();

  bool open(const std::string &path, std::string &error);
  bool write(const void *data, size_t bytes, std::string &error);
  bool commit(std::string &error);

private:
  std::string target, temporary;
  int fd = -1;
};

/// FileWriter in one call.
bool writeFile(const std::string &path, const void *data, size_t bytes,
               std::string &error);

/// "cannot open 'x': No such file or directory" from errno.
std::string systemError(const char *action, const char *path, int reason);

} // namespace attune::rt

#endif // ATTUNE_RUNTIME_FILES_H
