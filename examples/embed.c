/* embed.c - Runs an encoder from C: token ids in, a vector out.
 *
 * Needs a library that was compiled from a model under the name "model":
 *
 *   attune compile all-MiniLM-L6-v2 -o lib/model --emit=static
 *   cc embed.c $(pkg-config --cflags --libs lib/model.pc) -o embed
 *   ./embed lib/model.weights sentence_embedding 101 7592 2088 102
 *
 * CMakeLists.txt does the same with find_package. `./embed -` looks for the
 * weights where the library does: beside itself, or beside the program.
 */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(const char *function) {
  fprintf(stderr, "%s: %s\n", function, model_error());
  return 1;
}

/* Runs the model on one sequence of `count` ids and prints an output. */
static int run(attune_model *model, const char *name, int64_t *ids,
               int64_t count) {
  /* Optional inputs (attention_mask, token_type_ids) may be left out. */
  attune_tensor input = {.name = "input_ids", .type = ATTUNE_I64, .rank = 2};
  input.dims[0] = 1;
  input.dims[1] = count;
  input.data = ids;

  /* The outputs' shapes follow from the inputs': ask, then give memory. */
  attune_tensor output = {.name = name};
  if (model_shapes(model, &input, 1, &output, 1))
    return fail("model_shapes");
  size_t elements = 1;
  for (int32_t i = 0; i < output.rank; ++i)
    elements *= (size_t)output.dims[i];
  float *values = malloc(elements * sizeof(float));
  if (!values) {
    fprintf(stderr, "out of memory\n");
    return 1;
  }
  output.data = values;

  int status = 0;
  if (model_forward(model, &input, 1, &output, 1, NULL, 0))
    status = fail("model_forward");
  for (size_t i = 0; !status && i < elements; ++i)
    printf("%.6f%c", values[i], i + 1 < elements ? ' ' : '\n');
  free(values);
  return status;
}

int main(int argc, char **argv) {
  if (argc < 4) {
    fprintf(stderr, "usage: %s WEIGHTS|- OUTPUT TOKEN_ID...\n", argv[0]);
    return 2;
  }
  /* Once a program: maps the weights and starts the threads. */
  attune_options options = ATTUNE_OPTIONS_INIT;
  options.weights_path = strcmp(argv[1], "-") ? argv[1] : NULL;
  attune_model *model;
  if (model_create(&options, &model))
    return fail("model_create");

  int64_t count = argc - 3;
  int64_t *ids = malloc((size_t)count * sizeof(int64_t));
  for (int64_t i = 0; ids && i < count; ++i)
    ids[i] = strtoll(argv[i + 3], NULL, 10);
  int status = ids ? run(model, argv[2], ids, count) : 1;
  free(ids);
  model_destroy(model);
  return status;
}
