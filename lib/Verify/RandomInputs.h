//===- RandomInputs.h - Inputs that exercise a model ------------*- C++ -*-===//
#ifndef ATTUNE_LIB_VERIFY_RANDOMINPUTS_H
#define ATTUNE_LIB_VERIFY_RANDOMINPUTS_H

#include "attune/Runtime/ABI.h"
#include "attune/Verify/Verify.h"

namespace attune {

/// One tensor an input of the model: those given, after a check of their type
/// and shape, and random ones within the limits for the rest. Sets the value
/// of each symbol.
llvm::Expected<std::vector<Tensor>> makeInputs(const AttuneModel &model,
                                               const VerifyOptions &options,
                                               std::vector<int64_t> &symbols);

} // namespace attune

#endif // ATTUNE_LIB_VERIFY_RANDOMINPUTS_H
