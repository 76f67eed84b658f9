//===- Weights.cpp - Finding and mapping a model's weights ----------------===//
#include "attune/Runtime/Weights.h"

#include "attune/Runtime/Text.h"

#include <cerrno>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

namespace attune::rt {

static_assert(sizeof(AttuneWeightsHeader) == 32);
static_assert(sizeof(AttuneWeightsTrailer) == 64);

namespace {

const char *nameOf(const AttuneModel &model) {
  return model.name ? model.name : "this model";
}

/// Closes a file descriptor at the end of a scope.
struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0)
      ::close(fd);
  }
};

enum class Trailer { None, Found, Bad };

/// Looks for an AttuneWeightsTrailer in the last bytes of a file.
Trailer readTrailer(int fd, const char *path, uint64_t fileBytes,
                    AttuneWeightsTrailer &trailer, std::string &error) {
  if (fileBytes < sizeof trailer ||
      pread(fd, &trailer, sizeof trailer, off_t(fileBytes - sizeof trailer)) !=
          ssize_t(sizeof trailer) ||
      memcmp(trailer.magic, ATTUNE_TRAILER_MAGIC, sizeof trailer.magic) != 0)
    return Trailer::None;
  uint64_t room = fileBytes - sizeof trailer;
  if (trailer.offset % 4096 != 0 || trailer.offset > room ||
      trailer.bytes > room - trailer.offset) {
    error = format("the weights inside '%s' are damaged: %llu bytes at offset "
                   "%llu do not fit into a file of %llu. Copy the program "
                   "again, and do not strip it",
                   path, (unsigned long long)trailer.bytes,
                   (unsigned long long)trailer.offset,
                   (unsigned long long)fileBytes);
    return Trailer::Bad;
  }
  return Trailer::Found;
}

} // namespace

bool checkWeights(const AttuneModel &model, const void *data, size_t bytes,
                  const char *name, std::string &error) {
  AttuneWeightsHeader header;
  if (bytes < sizeof header ||
      memcmp(data, ATTUNE_WEIGHTS_MAGIC, sizeof header.magic) != 0) {
    error = format("'%s' is not a weights file of Attune: it does not start "
                   "with %s",
                   name, ATTUNE_WEIGHTS_MAGIC);
    return false;
  }
  memcpy(&header, data, sizeof header);
  if (header.abi_version != ATTUNE_ABI_VERSION) {
    error = format("'%s' was written for version %u of the runtime interface, "
                   "this is version %u: compile the model again",
                   name, header.abi_version, ATTUNE_ABI_VERSION);
    return false;
  }
  if (header.bytes != bytes) {
    error = format("'%s' is %s: its header says %llu bytes, there are %llu",
                   name, header.bytes > bytes ? "truncated" : "damaged",
                   (unsigned long long)header.bytes, (unsigned long long)bytes);
    return false;
  }
  if (header.hash != model.weights_hash || bytes != model.weights_bytes) {
    error = format("'%s' belongs to another model or another compilation "
                   "(hash %016llx, %s expects %016llx): use the weights file "
                   "that was written together with this code",
                   name, (unsigned long long)header.hash, nameOf(model),
                   (unsigned long long)model.weights_hash);
    return false;
  }
  return true;
}

std::string moduleFile(const void *address) {
  Dl_info module, program;
  if (!dladdr(address, &module) || !module.dli_fname)
    return "";
  // For the program itself the loader only knows argv[0], which may be
  // relative to another folder by now.
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the system gives it so.
  auto *headers = reinterpret_cast<const void *>(getauxval(AT_PHDR));
  bool isProgram = headers && dladdr(headers, &program) &&
                   program.dli_fbase == module.dli_fbase;
  if (!isProgram)
    return module.dli_fname;
  std::string path(256, '\0');
  while (path.size() < (1 << 16)) {
    ssize_t length = readlink("/proc/self/exe", path.data(), path.size());
    if (length < 0)
      return module.dli_fname;
    if (size_t(length) < path.size()) {
      path.resize(size_t(length));
      return path;
    }
    path.resize(path.size() * 2);
  }
  return module.dli_fname;
}

bool Weights::openFile(const AttuneModel &model, const char *path,
                       std::string &error) {
  Descriptor file{::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  struct stat status;
  if (file.fd < 0 || fstat(file.fd, &status) != 0) {
    error = systemError("open weights", path, errno);
    return false;
  }
  if (!S_ISREG(status.st_mode)) {
    error = format("cannot open weights '%s': it is not a regular file", path);
    return false;
  }
  uint64_t offset = 0, bytes = uint64_t(status.st_size);
  AttuneWeightsTrailer trailer;
  switch (readTrailer(file.fd, path, bytes, trailer, error)) {
  case Trailer::Bad:
    return false;
  case Trailer::Found:
    offset = trailer.offset;
    bytes = trailer.bytes;
    break;
  case Trailer::None:
    break;
  }
  // Checked before mapping too, so that a wrong file is never mapped whole.
  AttuneWeightsHeader header = {};
  ssize_t got = pread(file.fd, &header, sizeof header, off_t(offset));
  if (got != ssize_t(sizeof header) ||
      memcmp(header.magic, ATTUNE_WEIGHTS_MAGIC, sizeof header.magic) != 0)
    return checkWeights(model, &header, 0, path, error);
  if (!mapping.map(file.fd, path, offset, bytes, error) ||
      !checkWeights(model, mapping.data(), mapping.size(), path, error)) {
    mapping.close();
    return false;
  }
  mapping.prefetch();
  start = mapping.data();
  length = mapping.size();
  return true;
}

bool Weights::openDefault(const AttuneModel &model, const WeightsSource &source,
                          std::string &error) {
  std::string module = moduleFile(source.anchor);
  if (!module.empty()) {
    Descriptor file{::open(module.c_str(), O_RDONLY | O_CLOEXEC)};
    struct stat status;
    AttuneWeightsTrailer trailer;
    if (file.fd >= 0 && fstat(file.fd, &status) == 0)
      switch (readTrailer(file.fd, module.c_str(), uint64_t(status.st_size),
                          trailer, error)) {
      case Trailer::Bad:
        return false;
      case Trailer::Found:
        return openFile(model, module.c_str(), error);
      case Trailer::None:
        break;
      }
  }
  if (!source.defaultName) {
    error = format("no weights for %s: neither a path nor data were given, and "
                   "'%s' does not contain them",
                   nameOf(model), module.c_str());
    return false;
  }
  size_t slash = module.rfind('/');
  std::string path =
      slash == module.npos ? std::string() : module.substr(0, slash + 1);
  path += source.defaultName;
  if (access(path.c_str(), F_OK) != 0) {
    error = format("no weights for %s: '%s' does not exist. Put the weights "
                   "file there, or give its path when creating the model",
                   nameOf(model), path.c_str());
    return false;
  }
  return openFile(model, path.c_str(), error);
}

bool Weights::open(const AttuneModel &model, const WeightsSource &source,
                   std::string &error) {
  mapping.close();
  start = nullptr;
  length = 0;
  if (model.weights_bytes == 0)
    return true;
  if (!source.data)
    return source.path ? openFile(model, source.path, error)
                       : openDefault(model, source, error);
  if (reinterpret_cast<uintptr_t>(source.data) % 64 != 0) {
    error = "the weights in memory are not aligned to 64 bytes";
    return false;
  }
  if (!checkWeights(model, source.data, source.bytes, "weights in memory",
                    error))
    return false;
  start = source.data;
  length = source.bytes;
  return true;
}

} // namespace attune::rt
