/*===- ABI.h - Between compiled models and the runtime ----------------------===
 *
 * What a compiled model and the runtime that is linked with it agree on. The
 * compiler emits one AttuneModel descriptor and, for each ISA, one forward
 * function; the runtime never knows more of a model than the descriptor says.
 * Plain C, so that emitted code, the runtime and applications share it.
 *
 * Applications do not include this file: each emitted library comes with a
 * header of its own, which declares the functions of Model.h under the model's
 * prefix.
 *===----------------------------------------------------------------------===*/
#ifndef ATTUNE_RUNTIME_ABI_H
#define ATTUNE_RUNTIME_ABI_H

#include "attune/Runtime/Types.h" /* AttuneElementType */

#ifdef __cplusplus
extern "C" {
#endif

/* Grows whenever a struct below or the meaning of a field changes. */
#define ATTUNE_ABI_VERSION 5u

/* What an input stands for when the caller leaves it out. */
typedef enum AttuneDefault {
  ATTUNE_REQUIRED = 0,
  ATTUNE_ZEROS = 1, /* e.g. token_type_ids */
  ATTUNE_ONES = 2   /* e.g. attention_mask */
} AttuneDefault;

/* One input or output, of at most ATTUNE_MAX_RANK dimensions. dims[i] >= 0 is a
 * static extent; a negative value -1-k stands for the value of symbol k in the
 * call when k < num_symbols, else for that of polynomial k - num_symbols.
 * Row-major, no padding. */
typedef struct AttuneTensorInfo {
  const char *name;
  int32_t type; /* AttuneElementType */
  int32_t rank;
  const int64_t *dims;
  int32_t when_absent; /* AttuneDefault; outputs: ignored */
  int32_t reserved;
  int64_t min; /* integer inputs: the values that kernels can take, e.g. */
  int64_t max; /* 0 and vocabulary size - 1; min > max: not checked */
} AttuneTensorInfo;

/* A dynamic extent, e.g. "batch" or "length". */
typedef struct AttuneSymbol {
  const char *name;
  int64_t max; /* largest value accepted; 0: no limit */
  int64_t min; /* smallest value accepted: 1, or 0 for what may be empty */
} AttuneSymbol;

/* coefficient * symbols[0] * symbols[1] * ...: numbers of symbols of the model,
 * one that repeats for its power; none for a constant. */
typedef struct AttuneTerm {
  int64_t coefficient;
  const int32_t *symbols;
  int32_t num_symbols;
  int32_t reserved;
} AttuneTerm;

/* An extent that follows from symbols: the sum of its terms. Outputs may have
 * any; inputs with such an extent must have the value that it has once inputs
 * whose extents are symbols have given those. */
typedef struct AttunePolynomial {
  const char *text; /* "past_sequence + sequence" */
  const AttuneTerm *terms;
  int32_t num_terms;
  int32_t reserved;
} AttunePolynomial;

typedef enum AttuneRelation {
  ATTUNE_EQUAL = 0,
  ATTUNE_AT_MOST = 1
} AttuneRelation;

/* What the code counts on and checks nowhere, e.g. that two symbols have the
 * same value: no call runs where it does not hold. */
typedef struct AttuneConstraint {
  int32_t relation; /* AttuneRelation, of the left to the right */
  int32_t reserved;
  int64_t left, right; /* as AttuneTensorInfo::dims */
  const char *where;   /* what needs it, e.g. "node '/wpe/Gather'" */
} AttuneConstraint;

/* Opaque: the threads that run a model's kernels. */
typedef struct AttunePool AttunePool;

/* Opaque: a GPU with the model's memory on it, and how it is reached (Gpu.h).
 */
typedef struct AttuneGpu AttuneGpu;
typedef struct AttuneGpuDriver AttuneGpuDriver;

/* What went wrong in a kernel: the first failure of a call. Zeroed before. */
typedef struct AttuneFailure {
  int32_t failed;
  char message[252]; /* terminated */
} AttuneFailure;

/* Everything one forward call needs. Lives on the caller's stack. */
typedef struct AttuneCall {
  void *const *buffers; /* inputs, then outputs, in the descriptor's order */
  const int64_t *dims;  /* the value of each symbol */
  void *workspace;      /* 64-byte aligned, AttuneVariant::workspace bytes */
  const void *weights;  /* start of the mapped weights file */
  AttunePool *pool;
  AttuneFailure *failure; /* where attune_fail() writes */
  AttuneGpu *gpu;         /* that runs the kernels; NULL: the CPU */
} AttuneCall;

/* One grain of a kernel: grain `index` of the `count` that it was launched
 * with. `scratch` is 64-byte aligned memory of AttuneVariant::scratch_bytes
 * that belongs to the executing thread for the time of the task. */
typedef void (*AttuneTask)(void *args, int64_t index, void *scratch);

/* CPU features a variant may need; see Cpu.h for how they are read. */
#define ATTUNE_CPU_AVX2_FMA (UINT64_C(1) << 0) /* AVX2, FMA, F16C, BMI2 */
#define ATTUNE_CPU_AVX512 (UINT64_C(1) << 1)   /* F, BW, DQ, VL, CD */
#define ATTUNE_CPU_AVX512_VNNI (UINT64_C(1) << 2)
#define ATTUNE_CPU_AVX512_BF16 (UINT64_C(1) << 3)
#define ATTUNE_CPU_NEON (UINT64_C(1) << 4)

/* The model compiled for one ISA. */
typedef struct AttuneVariant {
  const char *cpu;   /* the name given to --cpu, e.g. "x86-64-v4" */
  uint64_t features; /* ATTUNE_CPU_*: all must be present */
  void (*forward)(const AttuneCall *call);
  int64_t (*workspace)(const int64_t *dims); /* bytes for these extents */
  int64_t scratch_bytes;                     /* per thread */
  const AttuneGpuDriver *gpu;                /* NULL: kernels run on the CPU */
} AttuneVariant;

/* A compiled model. Variants are ordered best first: the first whose features
 * the CPU has is taken. */
typedef struct AttuneModel {
  uint32_t abi_version;
  uint32_t reserved;
  const char *name;
  const char *metadata; /* JSON text, shown by the program's `info` */
  const AttuneSymbol *symbols;
  const AttuneTensorInfo *inputs;
  const AttuneTensorInfo *outputs;
  const AttuneVariant *variants;
  const AttunePolynomial *polynomials;
  const AttuneConstraint *constraints;
  int32_t num_symbols;
  int32_t num_inputs;
  int32_t num_outputs;
  int32_t num_variants;
  int32_t num_polynomials;
  int32_t num_constraints;
  uint64_t weights_bytes;    /* size of the weights file, header included */
  uint64_t weights_hash;     /* must equal the file's */
  uint64_t tokenizer_offset; /* a tokenizer image inside the weights file, */
  uint64_t tokenizer_bytes;  /* 0 bytes: none */
  int32_t embedding_output;  /* output that `embed` prints; -1: none */
  int32_t reserved2;
} AttuneModel;

/* First bytes of a weights file. Data begin at offset 4096, every tensor is
 * 64-byte aligned, offsets count from the file's first byte. In an executable
 * the same image is appended at a multiple of 4096, and the last 64 bytes of
 * the executable are an AttuneWeightsTrailer. */
#define ATTUNE_WEIGHTS_MAGIC "ATTUNEW1"
#define ATTUNE_TRAILER_MAGIC "ATTUNEX1"

typedef struct AttuneWeightsHeader {
  char magic[8];
  uint32_t abi_version;
  uint32_t reserved;
  uint64_t bytes; /* of the whole file */
  uint64_t hash;  /* of the compiled model and its weights */
} AttuneWeightsHeader;

typedef struct AttuneWeightsTrailer {
  char magic[8];
  uint64_t offset; /* of the image in the executable */
  uint64_t bytes;
  uint8_t reserved[40];
} AttuneWeightsTrailer;

/* Called by compiled code: runs `task` for every index in [0, count) on the
 * call's threads and returns when all are done. Tasks may run in any order. */
void attune_parallel_for(const AttuneCall *call, AttuneTask task, void *args,
                         int64_t count);

/* Called by compiled code and the runtime, from any thread: the call has failed
 * for this reason, in one line. What it computes is of no use; it still runs to
 * its end, and then reports the first failure. */
void attune_fail(const AttuneCall *call, const char *message);

#ifdef __cplusplus
}
#endif

#endif /* ATTUNE_RUNTIME_ABI_H */
