//===- Link.cpp - Running the linker --------------------------------------===//
#include "attune/Compiler/Link.h"
#include "attune/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"

using namespace attune;

llvm::Expected<std::string> attune::findRuntime(const PackageOptions &options,
                                                llvm::StringRef fileName) {
  llvm::SmallVector<std::string> candidates;
  if (!options.runtimeDirectory.empty())
    candidates.push_back(options.runtimeDirectory);
  else {
    // Any address of this program will do.
    std::string self = llvm::sys::fs::getMainExecutable(
        "attune", reinterpret_cast<void *>(&findRuntime));
    std::string prefix =
        llvm::sys::path::parent_path(llvm::sys::path::parent_path(self)).str();
    candidates = {prefix + "/lib", prefix + "/lib/attune"};
  }
  for (const std::string &directory : candidates) {
    std::string path = directory + "/" + fileName.str();
    if (llvm::sys::fs::exists(path))
      return path;
  }
  return userErrorf("expected {0} in '{1}', where Attune's runtime is "
                    "installed, but it is not there",
                    fileName, candidates.front());
}

/// The C compiler that links.
static llvm::Expected<std::string> findLinker(const PackageOptions &options) {
  llvm::SmallVector<std::string> names;
  if (!options.linker.empty())
    names.push_back(options.linker);
  else if (std::optional<std::string> cc = llvm::sys::Process::GetEnv("CC"))
    names.push_back(*cc);
  names.append({"cc", "gcc", "clang", "clang-22"});
  for (const std::string &name : names) {
    llvm::ErrorOr<std::string> path = llvm::sys::findProgramByName(name);
    if (path && llvm::sys::fs::can_execute(*path))
      return *path;
    if (name == options.linker)
      return userErrorf("--linker={0}: no such program", name);
  }
  return userError("linking needs a C compiler, and there is none of cc, gcc "
                   "and clang: install one, or name it with --linker or CC, or "
                   "use --emit=obj");
}

llvm::Error attune::runLinker(const PackageOptions &options,
                              llvm::ArrayRef<std::string> arguments) {
  llvm::Expected<std::string> linker = findLinker(options);
  if (!linker)
    return linker.takeError();
  llvm::SmallVector<llvm::StringRef> command{*linker};
  command.append(arguments.begin(), arguments.end());
  llvm::SmallString<128> output;
  if (std::error_code code =
          llvm::sys::fs::createTemporaryFile("attune-link", "txt", output))
    return fileUserError("temporary file", "create", code);
  std::string message;
  std::optional<llvm::StringRef> redirects[] = {std::nullopt, output.str(),
                                                output.str()};
  int status = llvm::sys::ExecuteAndWait(*linker, command, std::nullopt,
                                         redirects, 0, 0, &message);
  if (status != 0)
    if (auto buffer = llvm::MemoryBuffer::getFile(output))
      message += (*buffer)->getBuffer().take_front(4000);
  llvm::sys::fs::remove(output);
  if (status == 0)
    return llvm::Error::success();
  return internalError(*linker + " failed with status " + llvm::Twine(status) +
                       ":\n" + message);
}
