//===- SafetensorsHeader.h - The header of one safetensors file -*- C++ -*-===//

#ifndef ATTUNE_LIB_MODEL_SAFETENSORSHEADER_H
#define ATTUNE_LIB_MODEL_SAFETENSORSHEADER_H

#include "attune/Model/WeightStore.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <vector>

namespace attune {

/// Reads and checks the header of the safetensors file whose bytes are `bytes`.
/// The entries come back ordered by offset, with `file` left 0. `path` names
/// the file in messages.
llvm::Expected<std::vector<TensorEntry>>
readSafetensorsHeader(llvm::StringRef bytes, llvm::StringRef path);

} // namespace attune

#endif // ATTUNE_LIB_MODEL_SAFETENSORSHEADER_H
