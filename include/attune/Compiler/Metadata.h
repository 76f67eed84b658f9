//===- Metadata.h - What a program says of its model ------------*- C++ -*-===//
#ifndef ATTUNE_COMPILER_METADATA_H
#define ATTUNE_COMPILER_METADATA_H

#include "attune/Model/ModelDescription.h"
#include <string>

namespace attune {

/// The JSON object that the program's `info` shows: family, sizes, parameters.
std::string getMetadata(const ModelDescription &model);

} // namespace attune

#endif // ATTUNE_COMPILER_METADATA_H
