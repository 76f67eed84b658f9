/*===- HalideHooks.h - What Halide's kernels ask of the runtime -------------===
 *
 * Kernels that Halide generates call these in the place of Halide's own
 * runtime: they share the model's threads, and report failures as its other
 * kernels do. The user context that Halide passes on is the AttuneCall. See
 * HalideRuntime.h of Halide for the meaning of each; there the names are
 * halide_*, which an application that uses Halide itself would have, too.
 *===----------------------------------------------------------------------===*/
#ifndef ATTUNE_RUNTIME_HALIDEHOOKS_H
#define ATTUNE_RUNTIME_HALIDEHOOKS_H

#include "attune/Runtime/ABI.h"
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Runs task(user_context, i, closure) for every i in [min, min + size) on the
 * call's threads, and returns the first status that is not 0. */
int32_t attune_halide_do_par_for(void *user_context,
                                 int32_t (*task)(void *user_context,
                                                 int32_t index,
                                                 uint8_t *closure),
                                 int32_t min, int32_t size, uint8_t *closure);

/* Memory at a multiple of 64; ends the process with a message when there is
 * none, since kernels without assertions would write to it nevertheless. */
void *attune_halide_malloc(void *user_context, size_t bytes);
void attune_halide_free(void *user_context, void *memory);

/* Makes `message` the failure of the call. */
void attune_halide_error(void *user_context, const char *message);

#ifdef __cplusplus
}
#endif

#endif /* ATTUNE_RUNTIME_HALIDEHOOKS_H */
