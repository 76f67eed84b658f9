//===- Fold.h - Combining the lanes of vectors ------------------*- C++ -*-===//
//
// Reductions keep partial results side by side, one in each lane of some
// vectors, and combine those in the end: in a few steps, each of which leaves a
// quarter. (Halide's own reductions of vectors take the lanes one after the
// other where anything in the pipeline is strict about floats.)
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_BACKEND_HALIDE_FOLD_H
#define ATTUNE_LIB_BACKEND_HALIDE_FOLD_H

#include <Halide.h>

namespace attune {

/// How results are combined; neither order nor grouping matters.
enum class Combine { Sum, Largest };
Halide::Expr combine(Combine kind, Halide::Expr a, Halide::Expr b);

/// Defines or updates a func of one value, or of several.
void defineAll(Halide::FuncRef place, const std::vector<Halide::Expr> &values);
/// Value `i` of `count`.
Halide::Expr getOne(Halide::FuncRef place, size_t i, size_t count);

class Fold {
public:
  Fold() = default;
  /// Combines partial(0..width, rest...); `width` is a power of two.
  Fold(Combine kind, Halide::Func partial, int width,
       std::vector<Halide::Var> rest);

  /// The results, of (rest...).
  Halide::Func getTotal() const { return levels.back(); }
  /// The steps, of (lane, rest...), and the results.
  std::vector<Halide::Func> &getLevels() { return levels; }

  /// Computes all steps at a loop, the results also, if `withTotal`. Without,
  /// they may be vectorised along another dimension.
  void computeAt(Halide::LoopLevel loop, bool withTotal = true);

private:
  std::vector<Halide::Func> levels;
  std::vector<int> sizes;
  Halide::Var lane{"lane"};
};

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_HALIDE_FOLD_H
