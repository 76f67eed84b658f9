//===- HalideHooks.cpp - What Halide's kernels ask of the runtime ---------===//
#include "attune/Runtime/HalideHooks.h"

#include <cstdio>
#include <cstdlib>

namespace {

/// A parallel loop as a launch.
struct Loop {
  void *userContext;
  int32_t (*task)(void *, int32_t, uint8_t *);
  int32_t min;
  uint8_t *closure;
  int32_t status; ///< first that is not 0; atomic

  static void run(void *args, int64_t index, void *) {
    auto *loop = static_cast<Loop *>(args);
    int32_t status = loop->task(loop->userContext, loop->min + int32_t(index),
                                loop->closure);
    if (!status)
      return;
    int32_t none = 0;
    __atomic_compare_exchange_n(&loop->status, &none, status, false,
                                __ATOMIC_RELAXED, __ATOMIC_RELAXED);
  }
};

} // namespace

extern "C" {

int32_t attune_halide_do_par_for(void *user_context,
                                 int32_t (*task)(void *, int32_t, uint8_t *),
                                 int32_t min, int32_t size, uint8_t *closure) {
  Loop loop{user_context, task, min, closure, 0};
  attune_parallel_for(static_cast<const AttuneCall *>(user_context), Loop::run,
                      &loop, size);
  return loop.status;
}

void *attune_halide_malloc(void *user_context, size_t bytes) {
  void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
  if (!memory && bytes) {
    fprintf(stderr, "attune: out of memory: a kernel needs %zu bytes\n", bytes);
    _Exit(1);
  }
  return memory;
}

void attune_halide_free(void *user_context, void *memory) { free(memory); }

void attune_halide_error(void *user_context, const char *message) {
  attune_fail(static_cast<const AttuneCall *>(user_context), message);
}

} // extern "C"
