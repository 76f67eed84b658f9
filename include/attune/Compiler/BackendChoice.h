//===- BackendChoice.h - Which backend is asked for -------------*- C++ -*-===//
#ifndef ATTUNE_COMPILER_BACKENDCHOICE_H
#define ATTUNE_COMPILER_BACKENDCHOICE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <map>
#include <string>

namespace attune {

/// What `--backend=` says: a backend for the model and others for families of
/// kernels, e.g. "auto,linear=halide,attention=llvm". "auto" leaves the choice
/// to what is known of the kernel, any other name is binding.
struct BackendChoice {
  std::string otherwise = "auto";
  std::map<std::string, std::string> families;

  /// Reads the form above. A UserError about the form; whether there are such
  /// backends and families check() says.
  static llvm::Expected<BackendChoice> parse(llvm::StringRef text);

  /// A UserError that lists the backends of this build, or the families of
  /// kernels, when one that is named does not exist.
  llvm::Error check() const;

  /// "auto" or the backend for kernels of a family.
  llvm::StringRef get(llvm::StringRef family) const;

  /// The form that parse() reads.
  std::string str() const;
};

} // namespace attune

#endif // ATTUNE_COMPILER_BACKENDCHOICE_H
