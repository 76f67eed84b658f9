//===- Output.cpp - Files that appear once complete -----------------------===//
#include "Output.h"
#include "attune/Support/Error.h"
#include "llvm/Support/FileOutputBuffer.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"
#include <csignal>

using namespace attune;
namespace fs = llvm::sys::fs;

//===----------------------------------------------------------------------===//
// TemporaryFile
//===----------------------------------------------------------------------===//

llvm::Expected<TemporaryFile> TemporaryFile::create(llvm::StringRef path) {
  llvm::StringRef parent = llvm::sys::path::parent_path(path);
  if (!parent.empty())
    if (std::error_code code = fs::create_directories(parent))
      return fileUserError(parent, "create", code);
  llvm::SmallString<256> name;
  int descriptor;
  // A name of its own: '%' in the path stands for itself.
  llvm::SmallString<256> model(path);
  model += ".%%%%%%%%.tmp";
  for (size_t i = 0; i < path.size(); ++i)
    if (path[i] == '%')
      model[i] = '_';
  if (std::error_code code = fs::createUniqueFile(model, descriptor, name))
    return fileUserError(path, "write", code);
  llvm::raw_fd_ostream(descriptor, /*shouldClose=*/true).flush();
  llvm::sys::RemoveFileOnSignal(name);
  return TemporaryFile(name.str().str());
}

TemporaryFile::~TemporaryFile() {
  if (path.empty())
    return;
  (void)fs::remove(path);
  llvm::sys::DontRemoveFileOnSignal(path);
}

llvm::Error TemporaryFile::write(
    llvm::function_ref<llvm::Error(llvm::raw_ostream &)> fill) const {
  std::error_code code;
  llvm::raw_fd_ostream os(path, code);
  if (code)
    return fileUserError(path, "write", code);
  llvm::Error error = fill(os);
  os.close();
  if (os.has_error()) {
    code = os.error();
    os.clear_error();
    return llvm::joinErrors(std::move(error),
                            fileUserError(path, "write", code));
  }
  return error;
}

llvm::Error TemporaryFile::renameTo(llvm::StringRef target) {
  if (std::error_code code = fs::rename(path, target))
    return fileUserError(target, "write", code);
  llvm::sys::DontRemoveFileOnSignal(path);
  path.clear();
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// OutputFiles
//===----------------------------------------------------------------------===//

llvm::Expected<std::string> OutputFiles::add(llvm::StringRef path,
                                             bool executable) {
  if (fs::is_directory(path))
    return userErrorf("'{0}': expected the path of a file, found a directory",
                      path);
  // A device or a pipe is written to and never replaced.
  fs::file_status status;
  bool isSpecial = !fs::status(path, status) && fs::exists(status) &&
                   !fs::is_regular_file(status);
  llvm::SmallString<128> beside(path);
  if (isSpecial) {
    llvm::sys::path::system_temp_directory(/*ErasedOnReboot=*/true, beside);
    llvm::sys::path::append(beside, "attune-output");
  }
  llvm::Expected<TemporaryFile> file = TemporaryFile::create(beside);
  if (!file)
    return file.takeError();
  std::string name = file->getPath().str();
  entries.push_back({std::move(*file), path.str(), executable, isSpecial});
  return name;
}

llvm::Error OutputFiles::addText(llvm::StringRef path, TextWriter fill) {
  if (llvm::Error error = add(path).takeError())
    return error;
  return entries.back().file.write(fill);
}

llvm::Error OutputFiles::addMapped(llvm::StringRef path, uint64_t bytes,
                                   bool executable, BytesWriter fill) {
  llvm::Expected<std::string> name = add(path, executable);
  if (!name)
    return name.takeError();
  auto cannotWrite = [&](llvm::Error error) {
    return userErrorf("'{0}': cannot write {1} bytes: {2}", path, bytes,
                      llvm::toString(std::move(error)));
  };
  llvm::Expected<std::unique_ptr<llvm::FileOutputBuffer>> buffer =
      llvm::FileOutputBuffer::create(*name, bytes);
  if (!buffer)
    return cannotWrite(buffer.takeError());
  if (llvm::Error error =
          fill({(*buffer)->getBufferStart(), (*buffer)->getBufferSize()})) {
    (*buffer)->discard();
    return error;
  }
  if (llvm::Error error = (*buffer)->commit())
    return cannotWrite(std::move(error));
  return llvm::Error::success();
}

/// Writes the contents of a file to a device or a pipe. The file goes first:
/// a pipe that closes may end the process.
static llvm::Error copyTo(llvm::StringRef target, TemporaryFile source) {
  auto buffer = llvm::MemoryBuffer::getFile(source.getPath(), false, false);
  if (!buffer)
    return fileUserError(source.getPath(), "read", buffer.getError());
  {
    TemporaryFile removed = std::move(source);
  }
  std::error_code code;
  llvm::raw_fd_ostream os(target, code, fs::CD_OpenExisting);
  if (code)
    return fileUserError(target, "write", code);
  os << (*buffer)->getBuffer();
  os.close();
  code = os.error();
  os.clear_error();
  return code ? fileUserError(target, "write", code) : llvm::Error::success();
}

namespace {

/// Holds back the signals that ask the process to end, so that they do not
/// come between two renames.
class SignalsHeld {
public:
  SignalsHeld() {
    sigset_t ending;
    sigemptyset(&ending);
    for (int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT})
      sigaddset(&ending, number);
    pthread_sigmask(SIG_BLOCK, &ending, &before);
  }
  SignalsHeld(const SignalsHeld &) = delete;
  SignalsHeld &operator=(const SignalsHeld &) = delete;
  ~SignalsHeld() { pthread_sigmask(SIG_SETMASK, &before, nullptr); }

private:
  sigset_t before;
};

} // namespace

llvm::Expected<std::vector<std::string>> OutputFiles::commit() {
  unsigned masked = fs::getUmask();
  std::vector<std::string> names;
  for (Entry &entry : entries) {
    unsigned mode = (entry.executable ? 0777 : 0666) & ~masked;
    if (std::error_code code = fs::setPermissions(entry.file.getPath(),
                                                  static_cast<fs::perms>(mode)))
      return fileUserError(entry.target, "write", code);
  }
  // A pipe may keep us waiting, so devices and pipes come before files.
  for (Entry &entry : entries)
    if (entry.isSpecial)
      if (llvm::Error error = copyTo(entry.target, std::move(entry.file)))
        return std::move(error);
  SignalsHeld held;
  for (Entry &entry : entries) {
    names.push_back(entry.target);
    if (entry.isSpecial)
      continue;
    if (llvm::Error error = entry.file.renameTo(entry.target)) {
      for (const Entry &other : entries)
        if (!other.isSpecial && other.file.getPath().empty())
          (void)fs::remove(other.target);
      return std::move(error);
    }
  }
  entries.clear();
  return names;
}

llvm::Error
attune::writeOut(llvm::function_ref<llvm::Error(llvm::raw_ostream &)> fill) {
  llvm::raw_fd_ostream &os = llvm::outs();
  if (llvm::Error error = fill(os))
    return error;
  os.flush();
  std::error_code code = os.error();
  os.clear_error();
  return code ? fileUserError("standard output", "write", code)
              : llvm::Error::success();
}

llvm::Error
attune::writeText(llvm::StringRef path,
                  llvm::function_ref<llvm::Error(llvm::raw_ostream &)> fill) {
  if (path == "-")
    return writeOut(fill);
  OutputFiles files;
  if (llvm::Error error = files.addText(path, fill))
    return error;
  return files.commit().takeError();
}
