//===- WeightProvider.h - Values of declared weights ------------*- C++ -*-===//
#ifndef ATTUNE_REFERENCE_WEIGHTPROVIDER_H
#define ATTUNE_REFERENCE_WEIGHTPROVIDER_H

#include "attune/Reference/Tensor.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"

#include <functional>

namespace attune {
class WeightOp;

/// Gives the interpreter the values of `attune.weight` ops.
class WeightProvider {
public:
  virtual ~WeightProvider() = default;

  /// The logical, row-major values of `weight`, whatever layout it is to be
  /// packed in: a float tensor of its type's shape. May be a view of memory
  /// that lives as long as the provider. Called once an execution of a
  /// load_weight.
  virtual llvm::Expected<Tensor> load(WeightOp weight) = 0;
};

/// Weights from a function.
class CallbackWeights : public WeightProvider {
public:
  using Callback = std::function<llvm::Expected<Tensor>(WeightOp)>;
  explicit CallbackWeights(Callback callback) : callback(std::move(callback)) {}
  llvm::Expected<Tensor> load(WeightOp weight) override;

private:
  Callback callback;
};

/// Weights by the name of their symbol; others are UserErrors.
class NamedWeights : public WeightProvider {
public:
  NamedWeights() = default;
  explicit NamedWeights(llvm::StringMap<Tensor> tensors)
      : tensors(std::move(tensors)) {}
  void set(llvm::StringRef name, Tensor tensor) {
    tensors[name] = std::move(tensor);
  }
  llvm::Expected<Tensor> load(WeightOp weight) override;

private:
  llvm::StringMap<Tensor> tensors;
};

/// Values that depend on the symbol's name and the seed alone: evenly spread
/// over [-a, a) with a = sqrt(3 / columns) for matrices, so that products keep
/// the variance of their input, and over [0.5, 1.5) for vectors.
class RandomWeights : public WeightProvider {
public:
  explicit RandomWeights(uint64_t seed = 0) : seed(seed) {}
  llvm::Expected<Tensor> load(WeightOp weight) override;

private:
  uint64_t seed;
};

} // namespace attune

#endif // ATTUNE_REFERENCE_WEIGHTPROVIDER_H
