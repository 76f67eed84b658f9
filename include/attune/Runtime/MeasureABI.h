/*===- MeasureABI.h - Between measured kernels and their program ------------===
 *
 * A measuring program is one kernel, compiled in several ways, and the main
 * function of libattune_measure.a, which runs what this description names. The
 * compiler emits the description as `attune_measured_kernel`.
 *===----------------------------------------------------------------------===*/
#ifndef ATTUNE_RUNTIME_MEASUREABI_H
#define ATTUNE_RUNTIME_MEASUREABI_H

#include "attune/Runtime/ABI.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Grows whenever a struct below or the meaning of a field changes. */
#define ATTUNE_MEASURE_VERSION 2u

/* How an operand is filled before any run. */
typedef enum AttuneFill {
  ATTUNE_FILL_NONE = 0,    /* a result */
  ATTUNE_FILL_UNIFORM = 1, /* f32: [min / 1024, max / 1024), [-1, 1) when they
                              are equal; i64: `min` to `max` */
  ATTUNE_FILL_MASK = 2     /* i64: ones, then zeros at the end of some rows */
} AttuneFill;

/* An argument or result of the kernel, row-major without gaps. */
typedef struct AttuneMeasuredOperand {
  int32_t type; /* ATTUNE_F32 or ATTUNE_I64 */
  int32_t fill; /* AttuneFill */
  int32_t rank; /* at most ATTUNE_MAX_RANK */
  int32_t reserved;
  int64_t dims[ATTUNE_MAX_RANK];
  int64_t min, max;
} AttuneMeasuredOperand;

/* The kernel compiled in one way: `task` and `count`, or `launch`. `args` is
 * the block of memref descriptors that KernelEntries.h describes. */
typedef struct AttuneMeasuredCode {
  AttuneTask task;
  int64_t (*count)(void *args);
  void (*launch)(const AttuneCall *call, void *args);
  int64_t scratch_bytes;
  /* For each operand 0, or the width of the panels [ceil(N / width)][K][width]
   * in which it wants an [N, K] operand. */
  const int64_t *panels;
} AttuneMeasuredCode;

typedef struct AttuneMeasuredKernel {
  uint32_t version;  /* ATTUNE_MEASURE_VERSION */
  int32_t num_codes; /* the first is the reference */
  int32_t num_operands;
  int32_t reserved;
  uint64_t features;                     /* ATTUNE_CPU_* that the code needs */
  const AttuneMeasuredOperand *operands; /* arguments, then results */
  const AttuneMeasuredCode *codes;
} AttuneMeasuredKernel;

extern const AttuneMeasuredKernel attune_measured_kernel;

/* Last bytes of a program that comes with its arguments: they are the `bytes`
 * before it, each word ended by a NUL. */
#define ATTUNE_ARGUMENTS_MAGIC "ATTUNEA1"
typedef struct AttuneArgumentsTrailer {
  char magic[8];
  uint64_t bytes;
} AttuneArgumentsTrailer;

#ifdef __cplusplus
}
#endif

#endif /* ATTUNE_RUNTIME_MEASUREABI_H */
