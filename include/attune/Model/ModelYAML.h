//===- ModelYAML.h - Model descriptions as YAML -----------------*- C++ -*-===//

#ifndef ATTUNE_MODEL_MODELYAML_H
#define ATTUNE_MODEL_MODELYAML_H

#include "attune/Model/ModelDescription.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

namespace attune {

/// Reads a description from YAML. Keys may be left out when their value is the
/// usual one: embedding.width (hidden size), attention.head_dim (hidden size /
/// heads), attention.scale (1 / sqrt(head_dim)), and all with defaults in
/// ModelDescription.h. `file` names the text in messages, which have line and
/// column. UserError: not YAML, unknown keys or values, absurd values.
llvm::Expected<ModelDescription> readModelYAML(llvm::StringRef text,
                                               llvm::StringRef file);

/// Writes a description that readModelYAML reads back as an equal one.
void writeModelYAML(llvm::raw_ostream &os, const ModelDescription &model);

} // namespace attune

#endif // ATTUNE_MODEL_MODELYAML_H
