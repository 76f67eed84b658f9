//===- Validate.h - Checks of a model description ---------------*- C++ -*-===//

#ifndef ATTUNE_LIB_MODEL_VALIDATE_H
#define ATTUNE_LIB_MODEL_VALIDATE_H

#include "attune/Model/ModelFamily.h"
#include "attune/Support/Error.h"

namespace attune {

/// Adds all problems of a description to `problems`. `names` are what the file
/// that it came from calls its fields; the others have their names in YAML.
void collectProblems(const ModelDescription &model,
                     llvm::ArrayRef<FieldName> names, ProblemList &problems);

} // namespace attune

#endif // ATTUNE_LIB_MODEL_VALIDATE_H
