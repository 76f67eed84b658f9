//===- Link.h - Running the linker ------------------------------*- C++ -*-===//
#ifndef ATTUNE_COMPILER_LINK_H
#define ATTUNE_COMPILER_LINK_H

#include "attune/Compiler/Package.h"

namespace attune {

/// The path of a runtime archive: "libattune_runtime.a", "libattune_main.a" or
/// "libattune_measure.a".
llvm::Expected<std::string> findRuntime(const PackageOptions &options,
                                        llvm::StringRef fileName);

/// Runs the C compiler's driver as a linker with these arguments.
llvm::Error runLinker(const PackageOptions &options,
                      llvm::ArrayRef<std::string> arguments);

} // namespace attune

#endif // ATTUNE_COMPILER_LINK_H
