/* generate.c - Continues a sequence with a linear decoder, from C.
 *
 * Needs a library that was compiled from a decoder without positions, all of
 * whose layers are linear with nothing but a state, under the name "model":
 *
 *   attune compile delta-net.yaml -o lib/model --emit=static
 *   cc generate.c $(pkg-config --cflags --libs lib/model.pc) -o generate
 *   ./generate lib/model.weights 20 5 17 101
 *
 * prints the 20 tokens that the model finds most likely behind 5, 17, 101. The
 * prompt is one call, each token that follows another; between them goes
 * nothing but one state a layer, whose size does not depend on the length.
 */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LAYERS = 64, NAME_BYTES = 32 };

/* The states of all layers, before and after a call. */
typedef struct states {
  int layers;
  char past_names[MAX_LAYERS][NAME_BYTES];
  char present_names[MAX_LAYERS][NAME_BYTES];
  attune_tensor past[MAX_LAYERS], present[MAX_LAYERS];
} states;

static int fail(const char *function) {
  fprintf(stderr, "%s: %s\n", function, model_error());
  return 1;
}

static size_t bytes_of(const attune_tensor *tensor) {
  size_t bytes = sizeof(float);
  for (int32_t i = 0; i < tensor->rank; ++i)
    bytes *= (size_t)tensor->dims[i];
  return bytes;
}

/* Finds the layers by the names of their states, and makes zeros of them: the
 * begin of a sequence. */
static int make_states(attune_model *model, states *s) {
  int64_t id = 0;
  attune_tensor input = {.name = "input_ids",
                         .type = ATTUNE_I64,
                         .rank = 2,
                         .dims = {1, 1},
                         .data = &id};
  for (s->layers = 0; s->layers < MAX_LAYERS; ++s->layers) {
    int i = s->layers;
    snprintf(s->past_names[i], NAME_BYTES, "past.%d.state", i);
    snprintf(s->present_names[i], NAME_BYTES, "present.%d.state", i);
    s->present[i] = (attune_tensor){.name = s->present_names[i]};
    if (model_shapes(model, &input, 1, &s->present[i], 1))
      break;
    s->past[i] = s->present[i];
    s->past[i].name = s->past_names[i];
    s->past[i].data = calloc(1, bytes_of(&s->past[i]));
    s->present[i].data = malloc(bytes_of(&s->present[i]));
    if (!s->past[i].data || !s->present[i].data) {
      fprintf(stderr, "out of memory\n");
      return 1;
    }
  }
  return s->layers == 0 ? fail("model_shapes") : 0;
}

/* Runs `count` tokens behind those before; the most likely next one, or -1. */
static int64_t step(attune_model *model, states *s, int64_t *ids,
                    int64_t count) {
  attune_tensor inputs[1 + MAX_LAYERS], outputs[1 + MAX_LAYERS];
  inputs[0] = (attune_tensor){.name = "input_ids",
                              .type = ATTUNE_I64,
                              .rank = 2,
                              .dims = {1, count},
                              .data = ids};
  memcpy(&inputs[1], s->past, (size_t)s->layers * sizeof(attune_tensor));
  outputs[0] = (attune_tensor){.name = "logits"};
  size_t number = 1 + (size_t)s->layers;
  if (model_shapes(model, inputs, number, outputs, 1)) {
    fail("model_shapes");
    return -1;
  }
  memcpy(&outputs[1], s->present, (size_t)s->layers * sizeof(attune_tensor));
  float *logits = malloc(bytes_of(&outputs[0]));
  outputs[0].data = logits;
  int64_t best = -1;
  if (!logits)
    fprintf(stderr, "out of memory\n");
  else if (model_forward(model, inputs, number, outputs, number, NULL, 0))
    fail("model_forward");
  else {
    int64_t vocabulary = outputs[0].dims[2];
    const float *last = logits + (count - 1) * vocabulary;
    best = 0;
    for (int64_t i = 1; i < vocabulary; ++i)
      if (last[i] > last[best])
        best = i;
  }
  free(logits);
  /* What is present now is past in the next call. */
  for (int i = 0; i < s->layers; ++i) {
    void *data = s->past[i].data;
    s->past[i].data = s->present[i].data;
    s->present[i].data = data;
  }
  return best;
}

int main(int argc, char **argv) {
  if (argc < 4) {
    fprintf(stderr, "usage: %s WEIGHTS|- COUNT TOKEN_ID...\n", argv[0]);
    return 2;
  }
  attune_options options = ATTUNE_OPTIONS_INIT;
  options.weights_path = strcmp(argv[1], "-") ? argv[1] : NULL;
  attune_model *model;
  if (model_create(&options, &model))
    return fail("model_create");

  int64_t count = argc - 3;
  int64_t *ids = malloc((size_t)count * sizeof(int64_t));
  for (int64_t i = 0; ids && i < count; ++i)
    ids[i] = strtoll(argv[i + 3], NULL, 10);
  static states s;
  int status = !ids || make_states(model, &s);
  int64_t next = status ? -1 : step(model, &s, ids, count);
  for (long left = strtol(argv[2], NULL, 10); next >= 0 && left > 0; --left) {
    printf("%lld%c", (long long)next, left > 1 ? ' ' : '\n');
    if (left > 1)
      next = step(model, &s, &next, 1);
  }
  for (int i = 0; i < s.layers; ++i) {
    free(s.past[i].data);
    free(s.present[i].data);
  }
  free(ids);
  model_destroy(model);
  return next < 0;
}
