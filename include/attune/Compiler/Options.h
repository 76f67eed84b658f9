//===- Options.h - What can be asked of the compiler ------------*- C++ -*-===//
#ifndef ATTUNE_COMPILER_OPTIONS_H
#define ATTUNE_COMPILER_OPTIONS_H

#include "attune/Compiler/Phase.h"
#include "attune/Compiler/ScheduleChooser.h"
#include "attune/Frontend/FixedInput.h"
#include <functional>
#include <string>
#include <vector>

namespace attune {

/// What a compilation produces.
enum class Emit {
  Executable, ///< one program, weights inside
  Static,     ///< header, archive, weights, CMake and pkg-config files
  Shared,     ///< the same with a shared library
  Object,     ///< header, object, weights
  LLVM,       ///< LLVM IR text
  MLIR,       ///< the IR of the last phase before binary, or of compileTo
  Assembly,   ///< assembly text
  Gpu         ///< a folder with the text of each kernel for the GPU
};

/// Prints "attune: warning: TEXT" on stderr.
void printWarning(llvm::StringRef text);

struct CompilerOptions {
  /// A model directory, a .yaml, an .onnx, or .mlir of any phase.
  std::string input;
  /// Names in `--cpu`: one variant each, the best first.
  std::vector<std::string> cpus = {"native"};
  /// `--gpu`: "opencl", "cuda:sm_90"; empty: kernels run on the CPU.
  std::string gpu;
  /// Backends and schedules of the kernels.
  ScheduleOptions schedules;
  /// Names of fusions to leave out.
  std::vector<std::string> disabledFusions;
  /// Inputs of an ONNX model that are known now.
  std::vector<FixedInput> fixedInputs;
  /// Largest sequence length; 0: the model's own.
  int64_t maxLength = 0;
  /// The phase that .mlir input has reached; unset: what it says itself.
  std::optional<Phase> compileFrom;
  /// The phase to stop after.
  Phase compileTo = Phase::Binary;
  /// Directory for the IR after each phase; empty: none.
  std::string dumpPhasesTo;
  /// Gives every intermediate memory of its own (see attune-plan-memory).
  bool keepAll = false;
  /// Directory of weight files; empty: what the input says.
  std::string weightsDirectory;
  /// Is told what is odd but no error.
  std::function<void(llvm::StringRef)> warn = printWarning;
};

} // namespace attune

#endif // ATTUNE_COMPILER_OPTIONS_H
