//===- Output.cpp - Files that appear once complete -----------------------===//
#include "Output.h"
#include "attune/Support/Error.h"
#include "llvm/Support/FileOutputBuffer.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"

using namespace attune;

llvm::Error attune::createParent(llvm::StringRef path) {
  llvm::StringRef parent = llvm::sys::path::parent_path(path);
  if (parent.empty())
    return llvm::Error::success();
  if (std::error_code code = llvm::sys::fs::create_directories(parent))
    return fileUserError(parent, "create", code);
  return llvm::Error::success();
}

llvm::Expected<TemporaryFile> TemporaryFile::create(llvm::StringRef path) {
  if (llvm::Error error = createParent(path))
    return std::move(error);
  llvm::SmallString<256> name;
  if (std::error_code code =
          llvm::sys::fs::createUniqueFile(path + ".%%%%%%%%.tmp", name))
    return fileUserError(path, "write", code);
  llvm::sys::RemoveFileOnSignal(name);
  return TemporaryFile(name.str().str());
}

TemporaryFile::~TemporaryFile() {
  if (path.empty())
    return;
  llvm::sys::fs::remove(path);
  llvm::sys::DontRemoveFileOnSignal(path);
}

llvm::Error TemporaryFile::renameTo(llvm::StringRef target) {
  if (std::error_code code = llvm::sys::fs::rename(path, target))
    return fileUserError(target, "write", code);
  llvm::sys::DontRemoveFileOnSignal(path);
  path.clear();
  return llvm::Error::success();
}

llvm::Error
attune::writeText(llvm::StringRef path,
                  llvm::function_ref<llvm::Error(llvm::raw_ostream &)> fill) {
  if (path == "-")
    return fill(llvm::outs());
  llvm::Expected<TemporaryFile> file = TemporaryFile::create(path);
  if (!file)
    return file.takeError();
  std::error_code code;
  llvm::raw_fd_ostream os(file->getPath(), code);
  if (code)
    return fileUserError(path, "write", code);
  if (llvm::Error error = fill(os))
    return error;
  os.close();
  if (os.has_error()) {
    code = os.error();
    os.clear_error();
    return fileUserError(path, "write", code);
  }
  if (auto allowed = llvm::sys::fs::getPermissions(path))
    (void)llvm::sys::fs::setPermissions(file->getPath(), *allowed);
  else
    (void)llvm::sys::fs::setPermissions(
        file->getPath(),
        static_cast<llvm::sys::fs::perms>(0666 & ~llvm::sys::fs::getUmask()));
  return file->renameTo(path);
}

llvm::Error attune::writeMapped(
    llvm::StringRef path, uint64_t bytes, bool executable,
    llvm::function_ref<llvm::Error(llvm::MutableArrayRef<uint8_t>)> fill) {
  if (llvm::Error error = createParent(path))
    return error;
  llvm::Expected<std::unique_ptr<llvm::FileOutputBuffer>> buffer =
      llvm::FileOutputBuffer::create(
          path, bytes, executable ? llvm::FileOutputBuffer::F_executable : 0);
  if (!buffer)
    return userErrorf("'{0}': cannot write {1} bytes: {2}", path, bytes,
                      llvm::toString(buffer.takeError()));
  if (llvm::Error error =
          fill({(*buffer)->getBufferStart(), (*buffer)->getBufferSize()})) {
    (*buffer)->discard();
    return error;
  }
  if (llvm::Error error = (*buffer)->commit())
    return userErrorf("'{0}': cannot write: {1}", path,
                      llvm::toString(std::move(error)));
  return llvm::Error::success();
}
