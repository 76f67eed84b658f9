/* In C, as the descriptor and the forward function are no more than that. */
#include "FakeModel.h"

#include <stdlib.h>
#include <string.h>

/* dims: batch, length. */
static int64_t workspaceBytes(const int64_t *dims) {
  return dims[0] * dims[1] * FAKE_HIDDEN * (int64_t)sizeof(float);
}

typedef struct {
  const int64_t *ids, *mask;
  const int32_t *types;
  const float *table;
  float *hidden, *copy, *embedding;
  int64_t length;
} RowArguments;

/* One row of the batch: hidden states into the workspace, from there to the
 * output, and their sum through the thread's scratch to the embedding. */
static void row(void *arguments, int64_t b, void *scratch) {
  RowArguments *a = arguments;
  float *sum = scratch;
  if ((uintptr_t)scratch % 64 != 0)
    abort();
  memset(sum, 0, FAKE_HIDDEN * sizeof(float));
  int64_t count = 0;
  for (int64_t l = 0; l < a->length; ++l) {
    int64_t at = b * a->length + l;
    count += a->mask[at] != 0;
    for (int64_t h = 0; h < FAKE_HIDDEN; ++h) {
      float value =
          a->table[a->ids[at] * FAKE_HIDDEN + h] * (float)(1 + a->types[at]) +
          (float)l;
      a->hidden[at * FAKE_HIDDEN + h] = value;
      if (a->mask[at])
        sum[h] += value;
    }
  }
  memcpy(a->copy + b * a->length * FAKE_HIDDEN,
         a->hidden + b * a->length * FAKE_HIDDEN,
         (size_t)a->length * FAKE_HIDDEN * sizeof(float));
  for (int64_t h = 0; h < FAKE_HIDDEN; ++h)
    a->embedding[b * FAKE_HIDDEN + h] = sum[h] / (float)(count ? count : 1);
}

static void forward(const AttuneCall *call) {
  RowArguments arguments;
  arguments.ids = call->buffers[0];
  arguments.mask = call->buffers[1];
  arguments.types = call->buffers[2];
  arguments.table =
      (const float *)((const char *)call->weights + FAKE_TABLE_OFFSET);
  arguments.hidden = call->workspace;
  arguments.copy = call->buffers[3];
  arguments.embedding = call->buffers[4];
  arguments.length = call->dims[1];
  attune_parallel_for(call, row, &arguments, call->dims[0]);
}

static void notForThisCpu(const AttuneCall *call) { abort(); }

static const AttuneSymbol symbols[] = {{"batch", 16, 1},
                                       {"length", FAKE_MAX_LENGTH, 1}};
static const int64_t rows[] = {-1, -2};
static const int64_t states[] = {-1, -2, FAKE_HIDDEN};
static const int64_t vectors[] = {-1, FAKE_HIDDEN};
static const AttuneTensorInfo inputs[] = {
    {"input_ids", ATTUNE_I64, 2, rows, ATTUNE_REQUIRED, 0, 0,
     FAKE_VOCABULARY - 1},
    {"attention_mask", ATTUNE_I64, 2, rows, ATTUNE_ONES, 0, 1, 0},
    {"token_type_ids", ATTUNE_I32, 2, rows, ATTUNE_ZEROS, 0, 0, 1},
};
static const AttuneTensorInfo outputs[] = {
    {"last_hidden_state", ATTUNE_F32, 3, states, 0, 0, 0, 0},
    {"embedding", ATTUNE_F32, 2, vectors, 0, 0, 0, 0},
};
static const AttuneVariant variants[] = {
    {"future", UINT64_C(1) << 40, notForThisCpu, workspaceBytes, 4096},
    {"baseline", 0, forward, workspaceBytes, FAKE_HIDDEN * sizeof(float)},
};

const AttuneModel attune_model_descriptor = {
    .abi_version = ATTUNE_ABI_VERSION,
    .name = "fake",
    .metadata = "{\"family\": \"fake\"}",
    .symbols = symbols,
    .inputs = inputs,
    .outputs = outputs,
    .variants = variants,
    .num_symbols = 2,
    .num_inputs = 3,
    .num_outputs = 2,
    .num_variants = 2,
    .weights_bytes = FAKE_WEIGHTS_BYTES,
    .weights_hash = FAKE_HASH,
    .tokenizer_offset = FAKE_TOKENIZER_OFFSET,
    .tokenizer_bytes = FAKE_TOKENIZER_BYTES,
    .embedding_output = 1,
};
