//===- Files.cpp - Mapping and replacing files ----------------------------===//
#include "attune/Runtime/Files.h"

#include "attune/Runtime/Text.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace attune::rt {

std::string systemError(const char *action, const char *path, int reason) {
  char text[128] = "unknown error";
  // The GNU form of strerror_r may return a string of its own.
  const char *message = strerror_r(reason, text, sizeof text);
  return format("cannot %s '%s': %s", action, path, message);
}

MappedFile &MappedFile::operator=(MappedFile &&other) noexcept {
  if (this != &other) {
    close();
    start = std::exchange(other.start, nullptr);
    length = std::exchange(other.length, 0);
    lead = std::exchange(other.lead, 0);
  }
  return *this;
}

void MappedFile::close() {
  if (start)
    munmap(const_cast<unsigned char *>(start) - lead, length + lead);
  start = nullptr;
  length = lead = 0;
}

bool MappedFile::map(int fd, const char *name, uint64_t offset, uint64_t bytes,
                     std::string &error) {
  close();
  if (bytes == 0)
    return true;
  if (bytes > SIZE_MAX / 2 || offset > INT64_MAX) {
    error = format("cannot map '%s': it is too large", name);
    return false;
  }
  // Mappings begin at page boundaries, and pages may be larger than 4096.
  uint64_t skip = offset % uint64_t(sysconf(_SC_PAGESIZE));
  void *memory = mmap(nullptr, size_t(bytes + skip), PROT_READ, MAP_PRIVATE, fd,
                      off_t(offset - skip));
  if (memory == MAP_FAILED) {
    error = systemError("map", name, errno);
    return false;
  }
  start = static_cast<const unsigned char *>(memory) + skip;
  length = size_t(bytes);
  lead = size_t(skip);
  return true;
}

void MappedFile::prefetch() const {
  if (!start)
    return;
  void *memory = const_cast<unsigned char *>(start) - lead;
  madvise(memory, length + lead, MADV_WILLNEED);
  // Some kernels have huge pages for files; the others refuse, which is fine.
  madvise(memory, length + lead, MADV_HUGEPAGE);
}

bool MappedFile::open(const char *path, std::string &error) {
  close();
  // O_NONBLOCK: a FIFO must not hang the open.
  int fd = ::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    error = systemError("open", path, errno);
    return false;
  }
  struct stat status;
  bool ok = false;
  if (fstat(fd, &status) != 0)
    error = systemError("read", path, errno);
  else if (!S_ISREG(status.st_mode))
    error =
        format("cannot read '%s': it is %s", path,
               S_ISDIR(status.st_mode) ? "a directory" : "not a regular file");
  else
    ok = map(fd, path, 0, uint64_t(status.st_size), error);
  ::close(fd);
  return ok;
}

FileWriter::~FileWriter() {
  if (fd >= 0)
    ::close(fd);
  if (!temporary.empty())
    unlink(temporary.c_str());
}

bool FileWriter::open(const std::string &path, std::string &error) {
  target = path;
  struct stat status;
  bool exists = stat(path.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) {
    error = format("cannot write '%s': it is a directory", path.c_str());
    return false;
  }
  if (exists && !S_ISREG(status.st_mode)) {
    fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0)
      error = systemError("write", path.c_str(), errno);
    return fd >= 0;
  }
  // Beside the target, since rename() stays within a file system. A name that
  // is taken belongs to another writer.
  for (int attempt = 0; attempt < 100 && fd < 0; ++attempt) {
    temporary = format("%s.%ld-%d.tmp", path.c_str(), long(getpid()), attempt);
    fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                0666);
    if (fd < 0 && errno != EEXIST)
      break;
  }
  if (fd < 0) {
    error = systemError("write", path.c_str(), errno);
    temporary.clear();
    return false;
  }
  if (exists)
    fchmod(fd, status.st_mode & 0777);
  return true;
}

bool FileWriter::write(const void *data, size_t bytes, std::string &error) {
  const char *at = static_cast<const char *>(data);
  while (bytes) {
    ssize_t wrote = ::write(fd, at, bytes < (1u << 30) ? bytes : 1u << 30);
    if (wrote < 0 && errno == EINTR)
      continue;
    if (wrote <= 0) {
      error = systemError("write", target.c_str(), wrote ? errno : ENOSPC);
      return false;
    }
    at += wrote;
    bytes -= size_t(wrote);
  }
  return true;
}

bool FileWriter::commit(std::string &error) {
  int closed = ::close(std::exchange(fd, -1));
  if (closed != 0) {
    error = systemError("write", target.c_str(), errno);
    return false;
  }
  if (temporary.empty())
    return true;
  if (rename(temporary.c_str(), target.c_str()) != 0) {
    error = systemError("write", target.c_str(), errno);
    return false;
  }
  temporary.clear();
  return true;
}

bool writeFile(const std::string &path, const void *data, size_t bytes,
               std::string &error) {
  FileWriter writer;
  return writer.open(path, error) && writer.write(data, bytes, error) &&
         writer.commit(error);
}

} // namespace attune::rt
