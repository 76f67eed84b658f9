//===- Verify.h - Compiled code against the interpreter ---------*- C++ -*-===//
#ifndef ATTUNE_VERIFY_VERIFY_H
#define ATTUNE_VERIFY_VERIFY_H

#include "attune/Compiler/Compilation.h"
#include "attune/Reference/Tensor.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace attune {

struct VerifyOptions {
  /// Inputs by name; the others are random.
  llvm::StringMap<Tensor> inputs;
  /// Extents of random inputs: sequences of different lengths, padded.
  int64_t batch = 2;
  int64_t length = 17;
  uint64_t seed = 0;
  /// Largest difference allowed, of an element, relative to the larger of 1
  /// and the largest magnitude in its tensor.
  double tolerance = 1e-4;
  int threads = 2;
};

/// How far one tensor is from its reference.
struct Difference {
  /// The place in the model that computes it, and by which kernel; for the
  /// model's results their name and "".
  std::string where, kernel;
  double maxError = 0;      ///< largest difference of two elements
  double relativeError = 0; ///< the same relative to max(1, max |reference|)
  bool passes = true;
};

struct VerifyReport {
  /// Every kernel launch in order, compared with the interpreter's run of the
  /// same kernels.
  std::vector<Difference> launches;
  /// The model's results, compared with the interpreter's run of the model as
  /// it was imported: this covers the fusions too.
  std::vector<Difference> results;
  std::string inputs; ///< what was run: "input_ids [2, 17], ..."

  bool passes() const;
  /// The first launch that is off; null when all are within tolerance.
  const Difference *getFirstFailure() const;
};

/// Registers what verification needs beside registerCompilerDialects.
void registerVerifyDialects(mlir::DialectRegistry &registry);

/// Compiles a loaded model, or IR up to the phase `kernels`, with memory of
/// its own for every intermediate (CompilerOptions::keepAll), runs it in this
/// process and compares with the interpreter's run of the same, or of
/// `against` when given: a model or IR that is to compute the same in the same
/// kernels. UserErrors: inputs that do not fit the model, phases beyond
/// `kernels`, models whose kernels cannot be paired.
llvm::Expected<VerifyReport> verifyModel(Compilation &compilation,
                                         const VerifyOptions &options,
                                         Compilation *against = nullptr);

} // namespace attune

#endif // ATTUNE_VERIFY_VERIFY_H
