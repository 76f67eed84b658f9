//===- GoldenKernels.h - Kernels with what they should compute --*- C++ -*-===//
#ifndef ATTUNE_TEST_UNIT_REFERENCE_GOLDENKERNELS_H
#define ATTUNE_TEST_UNIT_REFERENCE_GOLDENKERNELS_H

#include "attune/Reference/Tensor.h"

#include <iosfwd>

namespace attune {

/// A case of a file that scripts/golden/linear_attention.py made.
struct GoldenKernel {
  struct Result {
    llvm::SmallVector<int64_t> shape;
    int64_t stride = 1;
    std::vector<double> values; ///< elements 0, stride, 2 * stride ..
  };
  std::string name;
  std::string text; ///< of an attune.kernel
  std::vector<Tensor> inputs;
  std::vector<Result> results;
};

/// The name, in messages of tests.
void PrintTo(const GoldenKernel &kernel, std::ostream *os);

/// The cases of test/Unit/Reference/golden/linear_attention.json. A test fails
/// when the file is not as expected.
std::vector<GoldenKernel> readGoldenKernels();

/// That `actual` has the shape and the elements of `expected`, within
/// `tolerance`, absolute up to a magnitude of one and relative beyond.
void expectGolden(const Tensor &actual, const GoldenKernel::Result &expected,
                  double tolerance);

} // namespace attune

#endif // ATTUNE_TEST_UNIT_REFERENCE_GOLDENKERNELS_H
