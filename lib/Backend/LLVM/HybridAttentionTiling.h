//===- HybridAttentionTiling.h - Register tiles, blocks, bounds -*- C++ -*-===//
#ifndef ATTUNE_LIB_BACKEND_LLVM_HYBRIDATTENTIONTILING_H
#define ATTUNE_LIB_BACKEND_LLVM_HYBRIDATTENTIONTILING_H

#include "attune/Kernel/Target.h"

namespace attune {

/// Register tiles of hybrid attention: rows of keys, columns or features by
/// vectors of queries.
struct HybridTiling {
  explicit HybridTiling(const TargetDesc &target)
      : vectors(target.vectorRegisters >= 32 ? 2 : 3),
        height(target.vectorRegisters >= 32 ? 8 : 4) {}
  int64_t vectors, height;
  /// Elements of a tile of the state.
  int64_t getStateTile() const { return vectors * height; }
};

/// Blocks of queries for which the sum of features ahead is kept.
inline constexpr int64_t kKeptSums = 64;

/// The exponent of nothing, and bounds of the exponents of keys: their sums and
/// differences are finite, and larger than that of nothing.
inline constexpr float kNothing = -3.0e38f, kMostScore = 2.0e38f,
                       kMostScale = 5.0e37f;

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_LLVM_HYBRIDATTENTIONTILING_H
