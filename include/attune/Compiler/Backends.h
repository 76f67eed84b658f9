//===- Backends.h - The backends of this build ------------------*- C++ -*-===//
#ifndef ATTUNE_COMPILER_BACKENDS_H
#define ATTUNE_COMPILER_BACKENDS_H

#include "attune/Backend/Backend.h"

namespace attune {

/// All backends of this build, the preferred one first.
llvm::ArrayRef<const Backend *> getBackends();

/// The backend of that name, or null.
const Backend *findBackend(llvm::StringRef name);

} // namespace attune

#endif // ATTUNE_COMPILER_BACKENDS_H
