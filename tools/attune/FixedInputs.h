//===- FixedInputs.h - Inputs that become part of the model -----*- C++ -*-===//
#ifndef ATTUNE_TOOLS_ATTUNE_FIXEDINPUTS_H
#define ATTUNE_TOOLS_ATTUNE_FIXEDINPUTS_H

#include "attune/Frontend/FixedInput.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace attune::tool {

/// "NAME=@FILE.npy", or "NAME=2" (a scalar), or "NAME=2,-1" (a vector).
llvm::Expected<FixedInput> parseFixedInput(llvm::StringRef text);

/// Takes the options --input=NAME=@FILE out of a program's arguments whose
/// files hold what shapes are computed from: integers and bools of at most one
/// dimension and 64 elements, or a single number.
std::vector<FixedInput> takeShapeInputs(std::vector<const char *> &arguments);

} // namespace attune::tool

#endif // ATTUNE_TOOLS_ATTUNE_FIXEDINPUTS_H
