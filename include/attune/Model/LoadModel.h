//===- LoadModel.h - A model from a directory or a YAML file ----*- C++ -*-===//

#ifndef ATTUNE_MODEL_LOADMODEL_H
#define ATTUNE_MODEL_LOADMODEL_H

#include "attune/Model/ModelDescription.h"
#include "attune/Model/ResolvedWeights.h"
#include "attune/Model/WeightStore.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <optional>
#include <string>

namespace attune {

/// A model whose description validates and whose weights, where it has any, fit
/// the description.
struct LoadedModel {
  ModelDescription description;
  /// The weight files; null when a YAML description names none. On the heap
  /// so that `resolved` stays valid when the model is moved.
  std::unique_ptr<WeightStore> weights;
  /// Each weight's tensor; there exactly when `weights` is.
  std::optional<ResolvedWeights> resolved;
  /// The directory of config.json or of the YAML file, where the tokenizer's
  /// files lie too.
  std::string directory;

  /// Success, or the UserError that tells how to name weights.
  llvm::Error requireWeights() const;
};

/// Loads
///  - a Hugging Face directory: config.json, model.safetensors or its shards,
///    and where there is a modules.json (sentence-transformers) the pooling
///    that its modules say;
///  - a .yaml or .yml description with the weights it names, or a directory
///    with a model.yaml and no config.json, as Attune saves models.
/// Errors are UserErrors or UnsupportedErrors.
llvm::Expected<LoadedModel> loadModel(llvm::StringRef path);

/// Only the description of what loadModel takes: no weight file is opened,
/// so a pooler that the files turn out to lack is still in it.
llvm::Expected<ModelDescription> loadModelDescription(llvm::StringRef path);

/// Reads modules.json of a sentence-transformers directory and the files it
/// names. nullopt when there is none. UnsupportedError lists all modules and
/// pooling modes without code. `transformerPath` becomes the sub-directory of
/// the transformer module ("" in new directories, "0_Transformer" in old).
llvm::Expected<std::optional<SentenceDescription>>
readSentenceModules(llvm::StringRef directory, std::string &transformerPath);

} // namespace attune

#endif // ATTUNE_MODEL_LOADMODEL_H
