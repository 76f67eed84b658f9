/* Embeds the sentences of its command line with a compiled sentence encoder.
 *
 *   attune compile all-MiniLM-L6-v2 -o out/minilm --emit=static
 *   cc embed.c -Iout -Lout -lminilm -lpthread -lm -o embed
 *   ./embed "A man is eating food." "The girl plays the violin."
 *
 * A program linked with the static library looks for minilm.weights beside
 * itself; the environment's MINILM_WEIGHTS names another place here. */
#include "minilm.h"

#include <stdio.h>
#include <stdlib.h>

/* Tokens of one sentence at most, and columns of an embedding. */
enum { MAX_TOKENS = 256, COLUMNS = 384 };

static int fail(const char *what) {
  fprintf(stderr, "%s: %s\n", what, minilm_error());
  return 1;
}

int main(int argc, char **argv) {
  attune_options options = ATTUNE_OPTIONS_INIT;
  options.weights_path = getenv("MINILM_WEIGHTS");
  attune_model *model = NULL;
  if (minilm_create(&options, &model) != ATTUNE_OK)
    return fail("cannot open the model");

  for (int i = 1; i < argc; ++i) {
    /* From text to token ids, those of [CLS] and [SEP] included. */
    int64_t ids[MAX_TOKENS];
    size_t count = 0;
    if (minilm_tokenize(model, argv[i], (size_t)-1, MAX_TOKENS, ids, NULL,
                        MAX_TOKENS, &count) != ATTUNE_OK)
      return fail(argv[i]);

    /* One row of `count` ids. The mask and the segments may be left out: there
     * is no padding. */
    attune_tensor input = {"input_ids",         ATTUNE_I64, 2,
                           {1, (int64_t)count}, ids,        0};
    float embedding[COLUMNS];
    attune_tensor output = {"sentence_embedding", ATTUNE_F32, 0, {0}, embedding,
                            sizeof(embedding)};
    if (minilm_forward(model, &input, 1, &output, 1, NULL, 0) != ATTUNE_OK)
      return fail(argv[i]);

    printf("%s\n  %zu tokens, %d columns:", argv[i], count, COLUMNS);
    for (int c = 0; c < 4; ++c)
      printf(" %.4f", embedding[c]);
    printf(" ...\n");
  }
  minilm_destroy(model);
  return 0;
}
