//===- TemporaryDirectory.h - A place for measuring programs ----*- C++ -*-===//
#ifndef ATTUNE_LIB_TUNING_TEMPORARYDIRECTORY_H
#define ATTUNE_LIB_TUNING_TEMPORARYDIRECTORY_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace attune {

/// A directory of this process's user alone in the system's directory for
/// temporary files, removed with all that is in it. A process that is killed
/// leaves its directory, locked by nobody: the next one removes it.
class TemporaryDirectory {
public:
  static llvm::Expected<TemporaryDirectory> create();
  TemporaryDirectory(TemporaryDirectory &&other) noexcept;
  TemporaryDirectory &operator=(TemporaryDirectory &&) = delete;
  ~TemporaryDirectory();

  std::string at(llvm::StringRef name) const;

private:
  TemporaryDirectory() = default;
  std::string path;
  int lock = -1;
};

} // namespace attune

#endif // ATTUNE_LIB_TUNING_TEMPORARYDIRECTORY_H
