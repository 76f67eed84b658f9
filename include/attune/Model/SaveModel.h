//===- SaveModel.h - A model as YAML and safetensors ------------*- C++ -*-===//
//
// Writes a model that was changed while it was in memory in Attune's own form:
// a description and weights under the names of the scheme "attune". loadModel
// reads it as any other.
//
//===----------------------------------------------------------------------===//

#ifndef ATTUNE_MODEL_SAVEMODEL_H
#define ATTUNE_MODEL_SAVEMODEL_H

#include "attune/Model/LoadModel.h"
#include "attune/Model/WeightNames.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace attune {

/// The weights of a model by role and distinct layer (0 for those that are
/// there once a model).
class ModelWeights {
public:
  ModelWeights() = default;
  /// All weights of `model`, which has some. They stay in its files, so that
  /// `model` has to live longer.
  explicit ModelWeights(const LoadedModel &model);

  /// Sets a weight, row-major in the shape that expectedShape will give for the
  /// description that is saved.
  void set(WeightRole role, int64_t layer, std::vector<float> values);

private:
  friend llvm::Error saveModel(llvm::StringRef, ModelDescription,
                               const ModelWeights &, llvm::StringRef);
  /// Elements in a file, or own ones.
  struct Weight {
    TensorDType dtype = TensorDType::F32;
    llvm::ArrayRef<uint8_t> stored;
    std::vector<float> own;

    llvm::ArrayRef<uint8_t> bytes() const;
  };
  std::map<std::pair<WeightRole, int64_t>, Weight> weights;
};

/// Writes model.yaml and model.safetensors into `directory`, which is made when
/// it is not there; files of these names are replaced, each in one step. Where
/// the weights of `description` come from is set to the file that is written.
/// The files of a tokenizer in `tokenizerFrom`, a directory (or empty), are
/// copied along. Weights that the description does not need are left out.
///
/// UserErrors: a description that does not validate, files that cannot be
/// written. InternalErrors: a weight that the description needs is missing or
/// has another number of elements.
llvm::Error saveModel(llvm::StringRef directory, ModelDescription description,
                      const ModelWeights &weights,
                      llvm::StringRef tokenizerFrom = "");

} // namespace attune

#endif // ATTUNE_MODEL_SAVEMODEL_H
