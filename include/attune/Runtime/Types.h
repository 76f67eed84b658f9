/* Types that the headers of all libraries emitted by Attune share. */
#ifndef ATTUNE_RUNTIME_TYPES_H
#define ATTUNE_RUNTIME_TYPES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Element types of tensors, little endian. */
typedef enum AttuneElementType {
  ATTUNE_F32 = 0,
  ATTUNE_F64 = 1,
  ATTUNE_I32 = 2,
  ATTUNE_I64 = 3,
  ATTUNE_I8 = 4,
  ATTUNE_BOOL = 5, /* one byte, 0 or 1 */
  ATTUNE_U8 = 6,
  ATTUNE_F16 = 7,  /* IEEE binary16 */
  ATTUNE_BF16 = 8, /* the upper half of a float */
  ATTUNE_I16 = 9,
  ATTUNE_U16 = 10,
  ATTUNE_U32 = 11,
  ATTUNE_U64 = 12
} AttuneElementType;

/* What a function came to. Everything but ATTUNE_OK leaves a message. */
typedef enum attune_status {
  ATTUNE_OK = 0,
  ATTUNE_INVALID_ARGUMENT = 1, /* a shape, type, value or name is wrong */
  ATTUNE_BAD_FILE = 2,         /* the weights are missing or do not match */
  ATTUNE_UNSUPPORTED_CPU = 3, /* the CPU lacks what the code was compiled for */
  ATTUNE_OUT_OF_MEMORY = 4,
  ATTUNE_UNSUPPORTED = 5, /* the model has no such part: a tokenizer, say */
  ATTUNE_BUSY = 6,        /* the handle is in use by another thread */
  ATTUNE_SYSTEM_ERROR = 7 /* threads could not be started, a device failed */
} attune_status;

/* Most dimensions of a tensor. */
#define ATTUNE_MAX_RANK 8

/* A model that is ready to run: its weights mapped, its threads started. One
 * thread at a time may use a handle; a second one gets ATTUNE_BUSY. Threads
 * that run the model side by side make a handle each: the weights are mapped
 * from the same file and take up memory once. */
typedef struct attune_model attune_model;

/* Row-major without gaps; `data` is aligned to the element size. Inputs are
 * only read. A scalar has rank 0; extents may be 0, `data` then points to no
 * element. */
typedef struct attune_tensor {
  const char *name; /* NULL: the model's tensor at this place of the array */
  int32_t type;     /* AttuneElementType */
  int32_t rank;
  int64_t dims[ATTUNE_MAX_RANK];
  void *data;   /* NULL: an input left out, an output not wanted */
  size_t bytes; /* Size of the buffer at `data`, or 0: what `dims` say. An
                 * output with 0 must state its exact dims; with a size any
                 * result that fits is taken and `rank` and `dims` are set. */
} attune_tensor;

/* How to make a handle. Start from ATTUNE_OPTIONS_INIT: all defaults. */
typedef struct attune_options {
  size_t size;              /* sizeof(attune_options) */
  const char *weights_path; /* NULL: the default file beside the library or
                             * program, or the image inside the program */
  const void *weights_data; /* weights in memory, used instead of a file: kept
                             * by the caller until destroy, 64-byte aligned */
  size_t weights_bytes;
  int32_t threads;  /* 0: the CPUs this process may use, or the
                     * environment's ATTUNE_NUM_THREADS */
  int32_t reserved; /* 0 */
  const char *cpu;  /* NULL: the best variant for this CPU, or the
                     * environment's ATTUNE_CPU; else its name, as it
                     * was given to --cpu */
} attune_options;

#define ATTUNE_OPTIONS_INIT {sizeof(attune_options), 0, 0, 0, 0, 0, 0}

/* What a model's tokenizer is like. */
typedef struct attune_tokenizer_info {
  size_t max_length;  /* most tokens of a text that tokenizer and model take,
                       * special tokens included; 0: no limit */
  int64_t pad_id;     /* fills up the shorter rows of a batch */
  int64_t vocabulary; /* ids are from 0 to vocabulary - 1 */
} attune_tokenizer_info;

#ifdef __cplusplus
}
#endif

#endif /* ATTUNE_RUNTIME_TYPES_H */
