//===- KernelRunner.h - One kernel, compiled and run here -------*- C++ -*-===//
//
// Compiles a kernel given on tensors for a target, binds memory of this
// process to its arguments and results, and runs it on the runtime's pool:
// what tests, `attune bench --kernel` and the tuner need.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_BACKEND_LLVM_KERNELRUNNER_H
#define ATTUNE_BACKEND_LLVM_KERNELRUNNER_H

#include "attune/Backend/Backend.h"
#include "attune/Backend/LLVM/CompileKernel.h"
#include "attune/Backend/LLVM/Jit.h"
#include "attune/Backend/LLVM/OpenGpu.h"
#include "attune/Runtime/ABI.h"
#include <memory>
#include <optional>
#include <vector>

namespace attune {

/// Memory for one argument or result. Weights are given row-major; the runner
/// stores them in the layout that the kernel asks for.
struct KernelBuffer {
  void *data = nullptr;
  llvm::SmallVector<int64_t> shape;
  /// In elements; empty: row-major without gaps.
  llvm::SmallVector<int64_t> strides = {};
};

class KernelRunner {
public:
  struct Options {
    /// Null: the backend's default.
    std::optional<Schedule> schedule;
    /// Buffer types of arguments and results by number; null entries and
    /// missing ones are row-major without gaps.
    llvm::SmallVector<mlir::MemRefType> buffers;
    /// For kernels that run on a GPU: the one to use. Null: it is opened.
    std::shared_ptr<OpenGpu> gpu;
  };

  /// Compiles a copy of `kernel`, whose context must know the backend's
  /// dialects. The target must be one that this CPU can run.
  static llvm::Expected<std::unique_ptr<KernelRunner>>
  create(KernelOp kernel, const Backend &backend, const TargetDesc &target,
         const Options &options);
  ~KernelRunner();

  const Schedule &getSchedule() const { return schedule; }

  /// Sets the memory of arguments, then results, in order; packs weights.
  /// The memory must live until the last run, which on a GPU includes copying
  /// it there and results back. Fails when an extent or a stride is not the
  /// kernel's.
  llvm::Error bind(llvm::ArrayRef<KernelBuffer> buffers);

  /// Runs the kernel once on `threads` threads. The first run with another
  /// number of threads starts them.
  llvm::Error run(int threads = 1);

  /// The number of tasks of one run on the bound memory; 1 for a kernel that
  /// shares out its work itself.
  int64_t getTaskCount() const;

private:
  KernelRunner() = default;

  Schedule schedule;
  std::vector<KernelOperand> operands; // arguments, then results
  size_t numResults = 0;
  std::unique_ptr<Jit> jit;
  AttuneTask task = nullptr;
  int64_t (*count)(void *args) = nullptr;
  /// In the place of both, for kernels that share out their work themselves.
  void (*launch)(const AttuneCall *call, void *args) = nullptr;
  int64_t scratchBytes = 0;
  std::vector<int64_t> descriptors;
  std::vector<std::unique_ptr<float[], void (*)(void *)>> packed;
  /// What runs the kernel when it is not the CPU, and all of its memory.
  std::shared_ptr<OpenGpu> gpu;
  std::vector<AttuneGpuRange> ranges;
  AttunePool *pool = nullptr;
  int poolThreads = 0;
};

} // namespace attune

#endif // ATTUNE_BACKEND_LLVM_KERNELRUNNER_H
