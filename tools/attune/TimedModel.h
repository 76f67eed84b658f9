//===- TimedModel.h - Models timed in turns ---------------------*- C++ -*-===//
#ifndef ATTUNE_TOOLS_ATTUNE_TIMEDMODEL_H
#define ATTUNE_TOOLS_ATTUNE_TIMEDMODEL_H

#include "attune/Compiler/InMemoryModel.h"
#include "attune/Runtime/Model.h"
#include "attune/Tuning/PairedTimes.h"
#include "llvm/ADT/StringMap.h"
#include <atomic>
#include <random>

namespace attune::tool {

/// A model compiled into this process, with inputs of one size.
class TimedModel {
public:
  /// Compiles what has been loaded. `sizes` are the values of its symbols.
  static llvm::Expected<std::unique_ptr<TimedModel>>
  create(Compilation &compilation, const llvm::StringMap<int64_t> &sizes,
         int threads);
  ~TimedModel();

  /// Milliseconds of one run.
  llvm::Expected<double> run();

private:
  TimedModel() = default;
  llvm::Error makeTensors(const llvm::StringMap<int64_t> &sizes);
  attune_tensor &addTensor(std::vector<attune_tensor> &list,
                           const AttuneTensorInfo &info,
                           llvm::ArrayRef<int64_t> symbols);

  std::unique_ptr<InMemoryModel> compiled;
  attune_model *handle = nullptr;
  std::vector<attune_tensor> inputs, outputs;
  std::vector<std::vector<uint64_t>> memory;
};

/// Runs both in turns for about so many seconds, after runs to warm up; which
/// one of a pair is first is left to chance, so that nothing that comes and
/// goes on the machine can keep in step. Ends early, with what there is, when
/// `stop` becomes true. Both may be the same model.
class ModelComparison {
public:
  llvm::Error run(TimedModel &before, TimedModel &after, double seconds,
                  const std::atomic<bool> &stop);
  PairedTimes get() const { return comparePairs(first, second); }

private:
  std::vector<double> first, second;
  std::mt19937 random;
};

} // namespace attune::tool

#endif // ATTUNE_TOOLS_ATTUNE_TIMEDMODEL_H
