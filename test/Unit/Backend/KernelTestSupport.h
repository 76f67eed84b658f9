//===- KernelTestSupport.h - Kernels against the interpreter ----*- C++ -*-===//
#ifndef ATTUNE_TEST_UNIT_BACKEND_KERNELTESTSUPPORT_H
#define ATTUNE_TEST_UNIT_BACKEND_KERNELTESTSUPPORT_H

#include "attune/Backend/LLVM/KernelRunner.h"
#include "attune/Reference/Interpreter.h"
#include "mlir/IR/OwningOpRef.h"
#include "gtest/gtest.h"

namespace attune {

/// Names of targets whose code this CPU runs: one for each vector width.
std::vector<std::string> getRunnableTargets();

/// Names of targets, each for every backend of this build: "x86-64-v3" for the
/// LLVM backend, "x86-64-v3/halide" for that of Halide; and, where there is an
/// OpenCL device, "x86-64-v3/halide/opencl".
std::vector<std::string> getRunnableBackends();

/// Whether kernels can run on an OpenCL device; else the reason is written.
bool hasOpenCL(std::string &reason);

/// A test's parameter as part of its name.
std::string getTestName(const testing::TestParamInfo<std::string> &info);

/// Whether the backend of a test's parameter takes the kernel in `text`; else
/// the reason is written.
bool supportsKernel(llvm::StringRef text, llvm::StringRef target,
                    std::string &reason);

/// Up to `count` schedules that the backend accepts for it, from anywhere in
/// its space and all different.
std::vector<Schedule> drawSchedules(llvm::StringRef text,
                                    llvm::StringRef target, size_t count);

/// An input of a kernel. With a pitch, rows of the last dimension lie that
/// many elements apart, between elements that are no part of the input.
struct KernelInput {
  Tensor tensor;
  int64_t pitch = 0;
};

/// One kernel, compiled by a backend and known to the interpreter.
class KernelUnderTest {
public:
  /// `text` holds one attune.kernel; `target` is one of getRunnableBackends().
  /// `pitches` are those of the inputs that
  /// `check` will give: zero, or absent, for contiguous ones.
  KernelUnderTest(llvm::StringRef text, llvm::StringRef target,
                  llvm::ArrayRef<int64_t> pitches = {},
                  std::optional<Schedule> schedule = std::nullopt);

  /// Runs both on the inputs and expects results within
  /// `tolerance` of each other, absolute up to a magnitude of one and relative
  /// beyond, the same NaNs and infinities, and no other memory written.
  void check(llvm::ArrayRef<Tensor> inputs, double tolerance, int threads = 1);

  /// Runs the compiled kernel alone, whose results have these shapes and are
  /// floats; nothing after a failure, which has been reported.
  std::vector<Tensor> run(llvm::ArrayRef<Tensor> inputs,
                          llvm::ArrayRef<llvm::SmallVector<int64_t>> shapes,
                          int threads = 1);

  /// Values of the model's symbols for the interpreter.
  llvm::StringMap<int64_t> symbols;

private:
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  llvm::SmallVector<int64_t> pitches;
  std::unique_ptr<Backend> backend;
  std::unique_ptr<KernelRunner> runner;
};

/// Random values in [low, high), and ids in [0, limit).
Tensor randomFloats(llvm::ArrayRef<int64_t> shape, uint64_t seed,
                    double low = -1.0, double high = 1.0);
Tensor randomIds(llvm::ArrayRef<int64_t> shape, uint64_t seed, int64_t limit);

/// Random numbers for an element type by its name ("f64", "ui8"): floats in
/// [low, high), integers rounded down, without their sign for unsigned types.
Tensor randomNumbers(llvm::StringRef element, llvm::ArrayRef<int64_t> shape,
                     uint64_t seed, double low = -20, double high = 20);

} // namespace attune

#endif // ATTUNE_TEST_UNIT_BACKEND_KERNELTESTSUPPORT_H
