//===- Weights.cpp - Named, random and computed weights -------------------===//
#include "attune/Dialect/Attune/IR/Attune.h"
#include "attune/Reference/WeightProvider.h"
#include "attune/Support/Error.h"

#include "llvm/Support/xxhash.h"

#include <cmath>

using namespace mlir;
using namespace attune;

llvm::Expected<Tensor> CallbackWeights::load(WeightOp weight) {
  return callback(weight);
}

llvm::Expected<Tensor> NamedWeights::load(WeightOp weight) {
  auto found = tensors.find(weight.getSymName());
  if (found == tensors.end())
    return userError("weight @" + weight.getSymName() + " has no values");
  return found->second;
}

llvm::Expected<Tensor> RandomWeights::load(WeightOp weight) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(weight.getType()).getShape();
  std::optional<int64_t> count = countElements(shape);
  if (!count)
    return userError("weight @" + weight.getSymName() +
                     " is too large for any memory");
  bool isMatrix = shape.size() > 1;
  double half =
      isMatrix ? std::sqrt(3.0 / std::max<int64_t>(shape.back(), 1)) : 0.5;
  double middle = isMatrix ? 0.0 : 1.0;
  std::vector<double> values =
      randomValues(*count, llvm::xxh3_64bits(weight.getSymName()) ^ seed,
                   middle - half, middle + half);
  return Tensor::floats(shape, {values.begin(), values.end()});
}
