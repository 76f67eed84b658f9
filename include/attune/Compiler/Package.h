//===- Package.h - The files a compilation ends in --------------*- C++ -*-===//
#ifndef ATTUNE_COMPILER_PACKAGE_H
#define ATTUNE_COMPILER_PACKAGE_H

#include "attune/Compiler/Code.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace attune {

struct PackageOptions {
  Emit emit = Emit::Executable;
  /// Path of the artefact; for libraries the path without "lib" and suffix:
  /// "out/minilm" gives out/libminilm.a, out/minilm.h, out/minilm.weights. For
  /// Emit::Gpu the folder.
  std::string output;
  /// Prefix of the C API; empty: made of the output's name.
  std::string prefix;
  /// Directory of libattune_runtime.a and libattune_main.a; empty: found
  /// beside the running tool.
  std::string runtimeDirectory;
  /// Program that links; empty: $CC, else cc, gcc or clang.
  std::string linker;
};

/// The file names of a library package.
struct PackageNames {
  explicit PackageNames(const PackageOptions &options);
  std::string directory; ///< "" for the working directory
  std::string base;      ///< file name without "lib" and suffixes
  std::string prefix;
  std::string weights; ///< file name of the weights
  std::string at(llvm::StringRef fileName) const;
};

/// What was written.
struct Package {
  std::vector<std::string> paths;
  /// Why the model's tokenizer is not in it; empty when it is, or when the
  /// model has none.
  std::string tokenizerNote;
};

/// Compiles to Phase::Binary and writes all files, or none of them when there
/// is an error.
llvm::Expected<Package> writePackage(Compilation &compilation,
                                     const PackageOptions &options);

} // namespace attune

#endif // ATTUNE_COMPILER_PACKAGE_H
