/* A model small enough to check by hand, with a descriptor like those that the
 * compiler emits. Its weights are made by FakeWeights.cpp. */
#ifndef ATTUNE_TEST_FAKEMODEL_H
#define ATTUNE_TEST_FAKEMODEL_H

#include "attune/Runtime/ABI.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  FAKE_VOCABULARY = 56,
  FAKE_HIDDEN = 4,
  FAKE_MAX_LENGTH = 64,
  FAKE_TABLE_OFFSET = 4096,
  FAKE_TOKENIZER_OFFSET = 8192,
  FAKE_TOKENIZER_BYTES = 8192,
  FAKE_WEIGHTS_BYTES = 16384
};
#define FAKE_HASH UINT64_C(0x1234567890abcdef)

/* hidden[b, l, h] = table[id][h] * (1 + type) + l; embedding[b] is the mean of
 * hidden over the positions whose mask is not 0. */
extern const AttuneModel attune_model_descriptor;

#ifdef __cplusplus
}
#endif

#endif
