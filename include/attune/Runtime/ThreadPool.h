/*===- ThreadPool.h - The threads that run a model's kernels ----------------===
 *
 * A pool is the calling thread and threads - 1 workers. A launch hands out the
 * indices of attune_parallel_for (ABI.h) through atomic words: each thread has
 * a run of neighbouring indices to begin with and helps with the others' when
 * it is done. Workers spin for some tens of microseconds after their last task,
 * so that launches that follow closely cost no system call, and then sleep on a
 * futex. No launch allocates.
 *
 * Launches from inside a task, and launches while another thread uses the same
 * pool, run on the thread that makes them (with scratch memory of their own,
 * the one case that allocates).
 *===----------------------------------------------------------------------===*/
#ifndef ATTUNE_RUNTIME_THREADPOOL_H
#define ATTUNE_RUNTIME_THREADPOOL_H

#include "attune/Runtime/ABI.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Most threads a pool may have. */
#define ATTUNE_MAX_THREADS 1024

/* The number of CPUs this process may run on, or ATTUNE_NUM_THREADS from the
 * environment when that is a number from 1 to ATTUNE_MAX_THREADS. */
int32_t attune_default_threads(void);

/* Starts `threads` - 1 workers (0: attune_default_threads()) and allocates
 * `scratch_bytes` of 64-byte aligned memory for each thread. Returns NULL, and
 * sets errno, when threads or memory are refused or the numbers are absurd. */
AttunePool *attune_pool_create(int32_t threads, int64_t scratch_bytes);

/* Ends the workers. No launch may be under way. NULL is allowed. */
void attune_pool_destroy(AttunePool *pool);

/* Threads of the pool, the calling one included. */
int32_t attune_pool_threads(const AttunePool *pool);

/* What attune_parallel_for does, for callers without an AttuneCall. A null pool
 * runs everything on the calling thread with null scratch. */
void attune_pool_run(AttunePool *pool, AttuneTask task, void *args,
                     int64_t count);

#ifdef __cplusplus
}
#endif

#endif /* ATTUNE_RUNTIME_THREADPOOL_H */
