//===- Compare.cpp - An output against what was expected ------------------===//
#include "Compare.h"

#include "Tensors.h"
#include "attune/Runtime/Text.h"

#include <cmath>

namespace attune::program {

using rt::format;

namespace {

/// |found - expected| of integers of any widths, which need not fit a double.
double integerDifference(int32_t foundType, uint64_t found,
                         int32_t expectedType, uint64_t expected) {
  bool foundNegative = !rt::isUnsignedType(foundType) && int64_t(found) < 0;
  bool expectedNegative =
      !rt::isUnsignedType(expectedType) && int64_t(expected) < 0;
  if (foundNegative != expectedNegative)
    return foundNegative ? double(expected) + double(0 - found)
                         : double(found) + double(0 - expected);
  // Two's complement keeps the order of numbers of one sign.
  return double(found > expected ? found - expected : expected - found);
}

} // namespace

Comparison compare(const attune_tensor &found, const rt::NpyArray &expected,
                   Tolerance tolerance) {
  Comparison result;
  result.elements = elementsOf(found);
  double largest = -1;
  bool exact =
      !rt::isFloatType(found.type) && !rt::isFloatType(expected.type());
  for (int64_t i = 0; i < result.elements; ++i) {
    double have = rt::elementValue(found.type, found.data, i);
    double want = expected.valueAt(i);
    bool same = have == want || (std::isnan(have) && std::isnan(want));
    double difference = same ? 0 : std::fabs(have - want);
    // Written so that a NaN difference does not pass.
    bool passes =
        same ||
        difference <= tolerance.absolute + tolerance.relative * std::fabs(want);
    passes = passes && (same || std::isfinite(difference));
    if (exact) {
      difference = integerDifference(
          found.type, rt::elementBits(found.type, found.data, i),
          expected.type(),
          rt::elementBits(expected.type(), expected.data(), i));
      passes = difference <= tolerance.absolute;
    }
    result.outside += !passes;
    // One number against NaN or infinity is worse than any finite difference.
    double rank = std::isfinite(difference) ? difference : INFINITY;
    if (rank > largest) {
      largest = rank;
      result.worst = i;
      result.difference = difference;
      result.found = have;
      result.expected = want;
    }
  }
  return result;
}

std::string comparisonText(const attune_tensor &found, const Comparison &result,
                           Tolerance tolerance) {
  if (result.worst < 0)
    return format("output '%s': empty, as expected", found.name);
  int64_t index[ATTUNE_MAX_RANK] = {}, rest = result.worst;
  for (int32_t i = found.rank - 1; i >= 0; --i) {
    index[i] = rest % found.dims[i];
    rest /= found.dims[i];
  }
  std::string text = format(
      "output '%s': largest difference %.6g at %s (found %.9g, expected %.9g)",
      found.name, result.difference,
      rt::shapeText(index, size_t(found.rank)).c_str(), result.found,
      result.expected);
  if (result.outside)
    text += format("; %lld of %lld elements are outside rtol %g, atol %g",
                   (long long)result.outside, (long long)result.elements,
                   tolerance.relative, tolerance.absolute);
  else
    text += format(", within rtol %g, atol %g", tolerance.relative,
                   tolerance.absolute);
  return text;
}

} // namespace attune::program
