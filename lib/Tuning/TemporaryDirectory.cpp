//===- TemporaryDirectory.cpp - A place for measuring programs ------------===//
#include "TemporaryDirectory.h"
#include "attune/Support/Error.h"
#include "llvm/Support/Errno.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace attune;

static constexpr llvm::StringLiteral kPrefix = "attune-measure-";
/// Younger directories may belong to a process that is about to lock its own.
static constexpr time_t kFreshSeconds = 60;

static int openDirectory(const std::string &path) {
  return llvm::sys::RetryAfterSignal(-1, [&] {
    return ::open(path.c_str(),
                  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  });
}

/// Removes what killed processes of this user left.
static void removeAbandoned(llvm::StringRef parent) {
  std::error_code code;
  for (llvm::sys::fs::directory_iterator entry(parent, code), end;
       entry != end && !code; entry.increment(code)) {
    std::string path = entry->path();
    if (!llvm::sys::path::filename(path).starts_with(kPrefix))
      continue;
    int fd = openDirectory(path);
    if (fd < 0)
      continue;
    struct stat status;
    if (::fstat(fd, &status) == 0 && status.st_uid == ::geteuid() &&
        status.st_mtime + kFreshSeconds < ::time(nullptr) &&
        ::flock(fd, LOCK_EX | LOCK_NB) == 0)
      llvm::sys::fs::remove_directories(path);
    ::close(fd);
  }
}

llvm::Expected<TemporaryDirectory> TemporaryDirectory::create() {
  llvm::SmallString<128> parent;
  llvm::sys::path::system_temp_directory(/*ErasedOnReboot=*/true, parent);
  removeAbandoned(parent);
  TemporaryDirectory result;
  result.path = (parent + "/" + kPrefix + "XXXXXX").str();
  if (!::mkdtemp(result.path.data())) {
    result.path.clear();
    return fileUserError(parent, "create a directory in",
                         std::error_code(errno, std::generic_category()));
  }
  result.lock = openDirectory(result.path);
  if (result.lock >= 0)
    ::flock(result.lock, LOCK_SH | LOCK_NB);
  return std::move(result);
}

TemporaryDirectory::TemporaryDirectory(TemporaryDirectory &&other) noexcept
    : path(std::move(other.path)), lock(other.lock) {
  other.path.clear();
  other.lock = -1;
}

TemporaryDirectory::~TemporaryDirectory() {
  if (!path.empty())
    llvm::sys::fs::remove_directories(path);
  if (lock >= 0)
    ::close(lock);
}

std::string TemporaryDirectory::at(llvm::StringRef name) const {
  return path + "/" + name.str();
}
