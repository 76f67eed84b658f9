//===- BenchSizes.h - What -b and -p mean to a model ------------*- C++ -*-===//
#ifndef ATTUNE_LIB_RUNTIME_MAIN_BENCHSIZES_H
#define ATTUNE_LIB_RUNTIME_MAIN_BENCHSIZES_H

#include "attune/Runtime/ABI.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace attune::program {

/// Which of a model's symbolic extents `bench` sets to what. Models of a graph
/// name their extents as they like: where there is no "batch", that is every
/// extent that comes first in an input, and where there is no "length", every
/// other one that cannot be 0; those are numbers of past tokens, which are 0.
class BenchSizes {
public:
  explicit BenchSizes(const AttuneModel &model);

  /// Takes values of `--extent=NAME=N`, which -b and -p leave alone then. False
  /// and an error of one line when one of them is wrong.
  bool fix(const std::vector<std::string_view> &extents, std::string &error);

  /// The values of all symbols for a batch size and a length.
  std::vector<int64_t> values(int64_t batch, int64_t length) const;

  /// The largest batch size and length that the model takes; 0: no limit.
  int64_t maxBatch() const { return limit(Role::Batch); }
  int64_t maxLength() const { return limit(Role::Length); }

  /// A line that tells what the sizes are where their names do not, else empty.
  std::string note() const;

private:
  enum class Role { Batch, Length, Fixed };

  int64_t limit(Role role) const;
  std::string names(Role role) const;

  const AttuneModel &model;
  std::vector<Role> roles;    ///< Of each symbol.
  std::vector<int64_t> fixed; ///< Of each symbol; read where its role is Fixed.
};

} // namespace attune::program

#endif // ATTUNE_LIB_RUNTIME_MAIN_BENCHSIZES_H
