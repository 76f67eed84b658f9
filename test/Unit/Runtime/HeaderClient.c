/* An application in C that includes a rendered header, and the forwarders that
 * the compiler would emit. The rendered header comes first: it must not need
 * another. */
#include "fake.h"

#include "HeaderClient.h"

#include "FakeModel.h"
#include "attune/Runtime/Model.h"

static const char *const weightsName = "fake.weights";

uint32_t fake_abi_version(void) { return attune_abi_version(); }
const char *fake_info(void) { return attune_info(&attune_model_descriptor); }
const char *fake_error(void) { return attune_error(); }
attune_status fake_create(const attune_options *options, attune_model **model) {
  return attune_create(&attune_model_descriptor, weightsName, options, model);
}
void fake_destroy(attune_model *model) { attune_destroy(model); }
attune_status fake_forward(attune_model *model, const attune_tensor *inputs,
                           size_t num_inputs, attune_tensor *outputs,
                           size_t num_outputs, void *workspace,
                           size_t workspace_bytes) {
  return attune_forward(model, inputs, num_inputs, outputs, num_outputs,
                        workspace, workspace_bytes);
}
attune_status fake_shapes(attune_model *model, const attune_tensor *inputs,
                          size_t num_inputs, attune_tensor *outputs,
                          size_t num_outputs) {
  return attune_shapes(model, inputs, num_inputs, outputs, num_outputs);
}
attune_status fake_workspace_size(const attune_model *model,
                                  const int64_t *dims, size_t num_dims,
                                  size_t *bytes) {
  return attune_workspace_size(model, dims, num_dims, bytes);
}
attune_status fake_reserve(attune_model *model, const int64_t *dims,
                           size_t num_dims) {
  return attune_reserve(model, dims, num_dims);
}
const char *fake_cpu(const attune_model *model) { return attune_cpu(model); }
int32_t fake_threads(const attune_model *model) {
  return attune_threads(model);
}
attune_status fake_tokenize(attune_model *model, const char *text, size_t bytes,
                            size_t max_length, int64_t *ids, int64_t *type_ids,
                            size_t capacity, size_t *count) {
  return attune_tokenize(model, text, bytes, max_length, ids, type_ids,
                         capacity, count);
}
attune_status fake_tokenizer(attune_model *model, attune_tokenizer_info *info) {
  return attune_tokenizer(model, info);
}
const char *fake_token(attune_model *model, int64_t id, size_t *bytes) {
  return attune_token(model, id, bytes);
}

const char *headerClient(const char *weights, float *embedding) {
  if (fake_abi_version() != FAKE_ABI_VERSION)
    return "version";
  attune_options options = ATTUNE_OPTIONS_INIT;
  options.weights_path = weights;
  attune_model *model;
  if (fake_create(&options, &model))
    return fake_error();
  int64_t ids[2][2] = {{4, 4}, {5, 5}};
  attune_tensor in = {"input_ids", ATTUNE_I64, 2, {2, 2}, ids, sizeof ids};
  attune_tensor out = {"embedding", ATTUNE_F32, 0,
                       {0},         embedding,  2 * 4 * sizeof(float)};
  attune_status status = fake_forward(model, &in, 1, &out, 1, 0, 0);
  fake_destroy(model);
  return status ? fake_error() : "";
}
