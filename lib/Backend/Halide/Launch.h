//===- Launch.h - Funcs as launches on GPUs ---------------------*- C++ -*-===//
#ifndef ATTUNE_LIB_BACKEND_HALIDE_LAUNCH_H
#define ATTUNE_LIB_BACKEND_HALIDE_LAUNCH_H

#include <Halide.h>

namespace attune {

/// Computes every stage of `func` in a launch of its own: threads along the
/// first of its pure dimensions, the others in the grid, reductions as loops of
/// a thread.
inline void launch(Halide::Func func) {
  using Halide::Var;
  func.compute_root();
  for (int i = 0; i <= func.num_update_definitions(); ++i) {
    Halide::Stage stage = i ? func.update(i - 1) : Halide::Stage(func);
    std::vector<Var> dims;
    for (const Halide::Internal::Dim &dim : stage.get_schedule().dims())
      if (dim.is_pure() && dim.var != Var::outermost().name() &&
          llvm::any_of(func.args(),
                       [&](const Var &arg) { return arg.name() == dim.var; }))
        dims.push_back(Var(dim.var));
    Var block("block_of_threads"), thread("thread"), rest("rest");
    stage.split(dims.front(), block, thread, 32,
                Halide::TailStrategy::GuardWithIf);
    std::vector<Halide::VarOrRVar> order{thread};
    // Reductions next: loops of a thread.
    for (const Halide::Internal::Dim &dim : stage.get_schedule().dims())
      if (dim.is_rvar())
        order.push_back(Halide::RVar(dim.var));
    order.push_back(block);
    for (size_t d = 1; d < dims.size(); ++d)
      order.push_back(dims[d]);
    stage.reorder(order);
    Var whole = block;
    for (size_t d = 1; d < dims.size(); ++d) {
      stage.fuse(whole, dims[d], rest);
      whole = rest;
    }
    stage.gpu_threads(thread).gpu_blocks(whole);
  }
}

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_HALIDE_LAUNCH_H
