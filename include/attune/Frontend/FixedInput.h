//===- FixedInput.h - Inputs that become part of the model ------*- C++ -*-===//
#ifndef ATTUNE_FRONTEND_FIXEDINPUT_H
#define ATTUNE_FRONTEND_FIXEDINPUT_H

#include "attune/Runtime/Types.h"
#include <cstdint>
#include <string>
#include <vector>

namespace attune {

/// The value of an input that is known when the model is compiled. Shapes of a
/// graph may be computed from it, and the compiled model lacks the input.
struct FixedInput {
  std::string name;
  /// i64 stands for any type of integers that holds the values.
  AttuneElementType type = ATTUNE_I64;
  std::vector<int64_t> shape;
  /// Row-major, without gaps.
  std::vector<uint8_t> data;
};

} // namespace attune

#endif // ATTUNE_FRONTEND_FIXEDINPUT_H
