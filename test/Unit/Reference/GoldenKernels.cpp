//===- GoldenKernels.cpp - Kernels with what they should compute ----------===//
#include "GoldenKernels.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace attune;
namespace json = llvm::json;

namespace {

/// An input as the file describes it: elements follow from their positions.
struct Input {
  std::vector<int64_t> shape;
  int64_t multiplier = 1;
  double low = 0, high = 1;
  bool integers = false;

  Tensor make() const {
    std::vector<double> values;
    for (int64_t i = 0, e = *countElements(shape); i < e; ++i) {
      int64_t part = (i * multiplier + 3) % 251;
      values.push_back(low + (high - low) * static_cast<double>(part) / 256);
    }
    if (!integers)
      return Tensor::doubles(shape, std::move(values));
    std::vector<int64_t> rounded;
    for (double value : values)
      rounded.push_back(static_cast<int64_t>(std::floor(value)));
    return Tensor::integers(shape, std::move(rounded));
  }
};

bool fromJSON(const json::Value &value, Input &input, json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("shape", input.shape) &&
         map.map("multiplier", input.multiplier) && map.map("low", input.low) &&
         map.map("high", input.high) &&
         map.mapOptional("integers", input.integers);
}

} // namespace

namespace attune {
static bool fromJSON(const json::Value &value, GoldenKernel::Result &result,
                     json::Path path) {
  json::ObjectMapper map(value, path);
  std::vector<int64_t> shape;
  if (!map || !map.map("shape", shape) || !map.map("stride", result.stride) ||
      !map.map("values", result.values))
    return false;
  result.shape.assign(shape.begin(), shape.end());
  return true;
}

static bool fromJSON(const json::Value &value, GoldenKernel &kernel,
                     json::Path path) {
  json::ObjectMapper map(value, path);
  std::vector<Input> inputs;
  if (!map || !map.map("name", kernel.name) ||
      !map.map("kernel", kernel.text) || !map.map("inputs", inputs) ||
      !map.map("results", kernel.results))
    return false;
  for (const Input &input : inputs)
    kernel.inputs.push_back(input.make());
  return true;
}
} // namespace attune

void attune::PrintTo(const GoldenKernel &kernel, std::ostream *os) {
  *os << kernel.name;
}

std::vector<GoldenKernel> attune::readGoldenKernels() {
  std::string path =
      ATTUNE_SOURCE_DIR "/test/Unit/Reference/golden/linear_attention.json";
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer) {
    ADD_FAILURE() << path << ": " << buffer.getError().message();
    return {};
  }
  auto kernels = json::parse<std::vector<GoldenKernel>>((*buffer)->getBuffer());
  if (kernels)
    return *kernels;
  ADD_FAILURE() << path << ": " << llvm::toString(kernels.takeError());
  return {};
}

void attune::expectGolden(const Tensor &actual,
                          const GoldenKernel::Result &expected,
                          double tolerance) {
  ASSERT_EQ(actual.getShape(), llvm::ArrayRef(expected.shape));
  int64_t position = 0;
  for (double want : expected.values) {
    double have = actual.getFloat(position);
    ASSERT_LE(std::abs(have - want), tolerance * std::max(1.0, std::abs(want)))
        << "at position " << position << ": " << have << ", expected " << want;
    position += expected.stride;
  }
  EXPECT_GE(position, actual.getNumElements());
}
