//===- Compare.h - An output against what was expected ----------*- C++ -*-===//
#ifndef ATTUNE_LIB_RUNTIME_MAIN_COMPARE_H
#define ATTUNE_LIB_RUNTIME_MAIN_COMPARE_H

#include "attune/Runtime/Npy.h"
#include "attune/Runtime/Types.h"

namespace attune::program {

/// An element passes when |found - expected| <= absolute + relative *
/// |expected|, or when both are NaN or the same infinity; integers and bools
/// when they differ by at most `absolute`.
struct Tolerance {
  double relative = 1e-4;
  double absolute = 1e-4;
};

struct Comparison {
  int64_t elements = 0;
  int64_t outside = 0;   ///< Elements that do not pass.
  int64_t worst = -1;    ///< Where the difference is largest; -1: no elements.
  double difference = 0; ///< There; NaN when one side is not a number.
  double found = 0, expected = 0; ///< The values there.
};

/// Compares a tensor with an array of the same number of elements.
Comparison compare(const attune_tensor &found, const rt::NpyArray &expected,
                   Tolerance tolerance);

/// One line for people.
std::string comparisonText(const attune_tensor &found, const Comparison &result,
                           Tolerance tolerance);

} // namespace attune::program

#endif // ATTUNE_LIB_RUNTIME_MAIN_COMPARE_H
