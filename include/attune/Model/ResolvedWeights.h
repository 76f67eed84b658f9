//===- ResolvedWeights.h - Each logical weight's tensor ---------*- C++ -*-===//

#ifndef ATTUNE_MODEL_RESOLVEDWEIGHTS_H
#define ATTUNE_MODEL_RESOLVEDWEIGHTS_H

#include "attune/Model/ModelDescription.h"
#include "attune/Model/WeightNames.h"
#include "attune/Model/WeightStore.h"

#include "llvm/Support/Error.h"

#include <vector>

namespace attune {

/// The tensor of every weight that a model needs, all of the expected shape and
/// of a type that convertToF32 takes. Points into the store it was resolved
/// against.
class ResolvedWeights {
public:
  /// Finds all weights. Everything that is missing, has another shape or
  /// another type is reported in one UserError: a table of role, name in the
  /// file, expected, found, with the nearest name in the files for those that
  /// are missing. Also an error: the files hold several models (equally
  /// complete prefixes) and model.weights.prefix does not say which.
  static llvm::Expected<ResolvedWeights> resolve(const ModelDescription &model,
                                                 const WeightStore &store);

  /// The tensor of a weight that is there once a model; null when the model
  /// has no such weight (isNeeded is false).
  const TensorEntry *find(WeightRole role) const { return find(role, 0); }

  /// The tensor of a weight of applied layer `layer` in [0, model.layers):
  /// layers that share weights get the same tensor. Null as above.
  const TensorEntry *find(WeightRole role, int64_t layer) const;

  /// What stands before the names of the scheme in these files.
  llvm::StringRef prefix() const { return namePrefix; }

  /// Tensors of the store that no role uses (heads of other tasks,
  /// position_ids, ...), in the order of the store.
  llvm::ArrayRef<const TensorEntry *> unused() const { return leftOver; }

private:
  std::string namePrefix;
  /// Indexed by role, then by distinct layer (one element when not per
  /// layer, none when not needed).
  std::vector<std::vector<const TensorEntry *>> byRole;
  /// The distinct layer of each applied layer.
  std::vector<int64_t> distinctOf;
  std::vector<const TensorEntry *> leftOver;
};

/// The description with parts removed that files of this family may lack: no
/// pooler when no tensor of the pooler is in the store.
ModelDescription adaptToWeights(ModelDescription model,
                                const WeightStore &store);

} // namespace attune

#endif // ATTUNE_MODEL_RESOLVEDWEIGHTS_H
