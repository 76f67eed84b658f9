//===- Fold.cpp - Combining the lanes of vectors --------------------------===//
#include "Fold.h"

using namespace attune;
using Halide::Expr;
using Halide::Func;
using Halide::Var;

Expr attune::combine(Combine kind, Expr a, Expr b) {
  return kind == Combine::Sum ? a + b : Halide::max(a, b);
}

void attune::defineAll(Halide::FuncRef place, const std::vector<Expr> &values) {
  if (values.size() == 1)
    place = values.front();
  else
    place = Halide::Tuple(values);
}

Expr attune::getOne(Halide::FuncRef place, size_t i, size_t count) {
  return count == 1 ? Expr(place) : Expr(place[static_cast<int>(i)]);
}

Fold::Fold(Combine kind, Func partial, int width, std::vector<Var> rest) {
  auto count = static_cast<size_t>(partial.outputs());
  Func last = partial;
  while (width > 1) {
    int parts = std::min(width, 4);
    width /= parts;
    // The element of part `number`; the only dimension left is `rest`'s in the
    // end.
    auto get = [&](int number, size_t i) {
      std::vector<Expr> position(rest.begin(), rest.end());
      Expr first = number * width;
      position.insert(position.begin(), width > 1 ? lane + first : first);
      return getOne(last(position), i, count);
    };
    std::vector<Expr> values;
    for (size_t i = 0; i < count; ++i) {
      Expr value = combine(kind, get(0, i), get(1, i));
      if (parts == 4)
        value = combine(kind, value, combine(kind, get(2, i), get(3, i)));
      values.push_back(value);
    }
    Func level(partial.name() + "_fold" + std::to_string(width));
    std::vector<Var> position = rest;
    if (width > 1)
      position.insert(position.begin(), lane);
    defineAll(level(position), values);
    levels.push_back(level);
    sizes.push_back(width);
    last = level;
  }
}

void Fold::computeAt(Halide::LoopLevel loop, bool withTotal) {
  for (size_t i = 0; i < levels.size(); ++i) {
    if (i + 1 == levels.size() && !withTotal)
      return;
    levels[i].compute_at(loop).store_in(Halide::MemoryType::Stack);
    if (sizes[i] > 1)
      levels[i].bound_extent(lane, sizes[i]).vectorize(lane);
  }
}
