//===- DatabaseFile.cpp - A file that others append to --------------------===//
#include "DatabaseFile.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"
#include "attune/Tuning/Database.h"
#include "llvm/Support/Errno.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"
#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace attune;
namespace fs = llvm::sys::fs;

/// Larger files are no databases; reading one would exhaust the memory.
static constexpr int64_t kMaxFileBytes = int64_t(4) << 30;

static llvm::Error systemError(llvm::StringRef path, llvm::StringRef verb) {
  return fileUserError(printable(path, 400), verb,
                       std::error_code(errno, std::generic_category()));
}

/// File systems without locks are used without: appending a line is one write.
static bool lockFile(int descriptor, int operation) {
  int result = llvm::sys::RetryAfterSignal(-1, ::flock, descriptor, operation);
  return result == 0 || errno == ENOTSUP || errno == ENOSYS || errno == EINVAL;
}

/// Makes the name of a new file as durable as its contents.
static void syncParent(llvm::StringRef path) {
  std::string parent = llvm::sys::path::parent_path(path).str();
  int directory = ::open(parent.empty() ? "." : parent.c_str(),
                         O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0)
    return;
  (void)::fsync(directory);
  ::close(directory);
}

//===----------------------------------------------------------------------===//
// LockedFile
//===----------------------------------------------------------------------===//

LockedFile::LockedFile(LockedFile &&other)
    : path(std::move(other.path)), descriptor(other.descriptor) {
  other.descriptor = -1;
}

LockedFile::~LockedFile() {
  // Closing unlocks.
  if (descriptor >= 0)
    ::close(descriptor);
}

llvm::Expected<LockedFile> LockedFile::acquire(llvm::StringRef path, Mode mode,
                                               int descriptor) {
  bool reads = mode == Mode::Read;
  LockedFile file(path.str(), descriptor);
  if (path.empty() || path.contains('\0'))
    return userErrorf("'{0}': expected the path of a database",
                      printable(path, 400));
  while (true) {
    if (file.descriptor < 0) {
      // Opening a pipe would wait for ever; it is refused below.
      int flags = O_CLOEXEC | O_NONBLOCK |
                  (reads ? O_RDONLY : O_RDWR | O_APPEND | O_CREAT);
      file.descriptor = llvm::sys::RetryAfterSignal(
          -1, [&] { return ::open(file.path.c_str(), flags, 0666); });
      if (file.descriptor < 0)
        return systemError(path, "open");
    }
    struct stat opened, named;
    if (::fstat(file.descriptor, &opened) != 0)
      return systemError(path, "open");
    if (!S_ISREG(opened.st_mode))
      return userErrorf("{0}: expected a regular file", printable(path, 400));
    if (!lockFile(file.descriptor, reads ? LOCK_SH : LOCK_EX))
      return systemError(path, "lock");
    // While this waited, another may have put a new file in its place.
    if (::stat(file.path.c_str(), &named) == 0 &&
        named.st_dev == opened.st_dev && named.st_ino == opened.st_ino)
      return file;
    ::close(file.descriptor);
    file.descriptor = -1;
  }
}

llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> LockedFile::read() const {
  struct stat status;
  if (::fstat(descriptor, &status) != 0)
    return systemError(path, "read");
  if (status.st_size > kMaxFileBytes)
    return userErrorf("{0}: the file has {1} bytes, at most {2} are accepted",
                      printable(path, 400), int64_t(status.st_size),
                      kMaxFileBytes);
  llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> buffer =
      llvm::MemoryBuffer::getOpenFile(
          fs::convertFDToNativeFile(descriptor), path, status.st_size,
          /*RequiresNullTerminator=*/false, /*IsVolatile=*/true);
  if (!buffer)
    return fileUserError(printable(path, 400), "read", buffer.getError());
  return std::move(*buffer);
}

/// All of `text`, in one call unless the system takes it in parts.
static bool writeAll(int descriptor, llvm::StringRef text) {
  while (!text.empty()) {
    ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return false;
    text = text.drop_front(written);
  }
  return true;
}

llvm::Error LockedFile::append(llvm::StringRef text) const {
  struct stat status;
  if (::fstat(descriptor, &status) != 0)
    return systemError(path, "write");
  char last = '\n';
  if (status.st_size > 0 &&
      ::pread(descriptor, &last, 1, status.st_size - 1) != 1)
    return systemError(path, "read");
  std::string torn;
  if (last != '\n')
    text = torn = "\n" + text.str();
  if (!writeAll(descriptor, text)) {
    llvm::Error error = systemError(path, "write");
    // Under the lock nobody has added anything since.
    (void)::ftruncate(descriptor, status.st_size);
    return error;
  }
  if (::fdatasync(descriptor) != 0 && errno != EINVAL && errno != EROFS)
    return systemError(path, "write");
  if (status.st_size == 0)
    syncParent(path);
  return llvm::Error::success();
}

int LockedFile::release() {
  (void)::flock(descriptor, LOCK_UN);
  return std::exchange(descriptor, -1);
}

void LockedFile::close(int descriptor) { ::close(descriptor); }

llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
attune::readDatabaseFile(llvm::StringRef path) {
  llvm::Expected<LockedFile> file =
      LockedFile::acquire(path, LockedFile::Mode::Read);
  if (!file)
    return file.takeError();
  return file->read();
}

void attune::forEachLine(
    llvm::StringRef text,
    llvm::function_ref<void(int64_t, llvm::StringRef, bool)> visit) {
  for (int64_t number = 1; !text.empty(); ++number) {
    bool isWhole = text.contains('\n');
    llvm::StringRef line;
    std::tie(line, text) = text.split('\n');
    line = line.trim(" \t\r");
    if (!line.empty())
      visit(number, line, isWhole);
  }
}

//===----------------------------------------------------------------------===//
// replaceFile
//===----------------------------------------------------------------------===//

llvm::Error attune::replaceFile(llvm::StringRef path, llvm::StringRef text) {
  std::string shown = printable(path, 400);
  // What a link points to is replaced, not the link.
  llvm::SmallString<256> target(path);
  if (fs::exists(path))
    if (std::error_code code = fs::real_path(path, target))
      return fileUserError(shown, "write", code);
  fs::file_status status;
  bool exists = !fs::status(target, status);
  if (exists && status.type() != fs::file_type::regular_file)
    return userErrorf("{0}: expected a regular file", shown);
  // mkostemp leaves the rest of the path alone, whatever it holds.
  std::string name = (target + ".XXXXXX").str();
  int descriptor = ::mkostemp(name.data(), O_CLOEXEC);
  if (descriptor < 0)
    return systemError(path, "write");
  llvm::sys::RemoveFileOnSignal(name);
  unsigned permissions =
      exists ? status.permissions() : (0666 & ~fs::getUmask());
  bool written = writeAll(descriptor, text) &&
                 ::fchmod(descriptor, permissions) == 0 &&
                 ::fsync(descriptor) == 0;
  llvm::Error error = llvm::Error::success();
  if (!written)
    error = systemError(path, "write");
  ::close(descriptor);
  if (written && ::rename(name.c_str(), target.c_str()) != 0) {
    error = systemError(path, "write");
    written = false;
  }
  if (!written)
    (void)fs::remove(name);
  llvm::sys::DontRemoveFileOnSignal(name);
  if (written)
    syncParent(target);
  return error;
}
