//===- Execution.h - One run of a measured code -----------------*- C++ -*-===//
#ifndef ATTUNE_LIB_RUNTIME_MEASURE_EXECUTION_H
#define ATTUNE_LIB_RUNTIME_MEASURE_EXECUTION_H

#include "Operands.h"
#include "attune/Runtime/ThreadPool.h"

namespace attune::measure {

/// Runs codes on a pool of their own.
class Execution {
public:
  Execution() = default;
  Execution(const Execution &) = delete;
  Execution &operator=(const Execution &) = delete;
  ~Execution() { attune_pool_destroy(pool); }

  bool create(const AttuneMeasuredKernel &kernel, int32_t threads,
              std::string &error);

  /// A code with its operands.
  struct Bound {
    const AttuneMeasuredCode *code = nullptr;
    /// One block for each copy of the weights, which runs take by turns.
    std::vector<std::vector<int64_t>> arguments;
    size_t runs = 0;
  };

  /// Runs it once. Returns the milliseconds that it took; `failure` is what
  /// it says went wrong.
  double run(Bound &bound, AttuneFailure &failure);

  /// Takes the operands out of all caches.
  void evict(const Operands &operands);

private:
  AttunePool *pool = nullptr;
  Pages other; ///< that takes their place, where there is no other way
};

} // namespace attune::measure

#endif // ATTUNE_LIB_RUNTIME_MEASURE_EXECUTION_H
