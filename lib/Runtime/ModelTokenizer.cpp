//===- ModelTokenizer.cpp - The C API's tokenizer -------------------------===//
#include "Error.h"
#include "ModelHandle.h"
#include "attune/Runtime/Model.h"
#include "attune/Runtime/Text.h"

#include <algorithm>
#include <cstring>

using namespace attune::rt;

namespace {

/// Opens the tokenizer in the weights when it is used for the first time: most
/// library users never do.
attune_status openTokenizer(attune_model &model) {
  if (model.tokenizer)
    return ATTUNE_OK;
  const AttuneModel &descriptor = model.descriptor;
  uint64_t offset = descriptor.tokenizer_offset;
  uint64_t bytes = descriptor.tokenizer_bytes;
  if (bytes == 0)
    return fail(ATTUNE_UNSUPPORTED,
                format("%s was compiled without a tokenizer", descriptor.name));
  if (offset > model.weights.size() || bytes > model.weights.size() - offset)
    return fail(ATTUNE_BAD_FILE,
                format("the tokenizer of %s is not within its weights",
                       descriptor.name));
  std::string error;
  model.tokenizer =
      Tokenizer::open(static_cast<const char *>(model.weights.data()) + offset,
                      size_t(bytes), error);
  return model.tokenizer ? ATTUNE_OK : fail(ATTUNE_BAD_FILE, error);
}

/// The most tokens that both the tokenizer and the model take; 0: no limit.
size_t mostTokens(const attune_model &model) {
  size_t most = model.tokenizer->maxLength();
  const AttuneModel &descriptor = model.descriptor;
  for (int32_t k = 0; k < descriptor.num_symbols; ++k) {
    const AttuneSymbol &symbol = descriptor.symbols[k];
    if (!strcmp(symbol.name, "length") && symbol.max > 0)
      most = most ? std::min(most, size_t(symbol.max)) : size_t(symbol.max);
  }
  return most;
}

attune_status noModel() {
  return fail(ATTUNE_INVALID_ARGUMENT, "the model is NULL");
}

} // namespace

extern "C" {

attune_status attune_tokenize(attune_model *model, const char *text,
                              size_t bytes, size_t max_length, int64_t *ids,
                              int64_t *type_ids, size_t capacity,
                              size_t *count) {
  if (!model)
    return noModel();
  if (!count || (!text && bytes) || (!ids && capacity))
    return fail(ATTUNE_INVALID_ARGUMENT, "the text, the place for the ids or "
                                         "the place for their number is NULL");
  *count = 0;
  InUse use(*model);
  if (!use)
    return busyError();
  if (attune_status status = openTokenizer(*model))
    return status;
  std::string_view view(text ? text : "",
                        bytes == size_t(-1) ? strlen(text) : bytes);
  size_t most = mostTokens(*model);
  if (max_length && (!most || max_length < most))
    most = max_length;
  Tokenizer::Encoding encoding = model->tokenizer->encode(view, most);
  *count = encoding.ids.size();
  size_t fitting = std::min(*count, capacity);
  std::copy_n(encoding.ids.begin(), fitting, ids);
  if (type_ids)
    std::copy_n(encoding.typeIds.begin(),
                std::min(fitting, encoding.typeIds.size()), type_ids);
  if (fitting == *count)
    return ATTUNE_OK;
  return fail(ATTUNE_INVALID_ARGUMENT,
              format("the text has %zu tokens, there is room for %zu", *count,
                     capacity));
}

attune_status attune_tokenizer(attune_model *model,
                               attune_tokenizer_info *info) {
  if (!model)
    return noModel();
  if (!info)
    return fail(ATTUNE_INVALID_ARGUMENT, "the place for the result is NULL");
  *info = {};
  InUse use(*model);
  if (!use)
    return busyError();
  if (attune_status status = openTokenizer(*model))
    return status;
  info->max_length = mostTokens(*model);
  info->pad_id = model->tokenizer->padId();
  info->vocabulary = model->tokenizer->size();
  return ATTUNE_OK;
}

const char *attune_token(attune_model *model, int64_t id, size_t *bytes) {
  if (bytes)
    *bytes = 0;
  if (!model || !bytes)
    return nullptr;
  InUse use(*model);
  if (!use || openTokenizer(*model))
    return nullptr;
  std::string_view token = model->tokenizer->token(id);
  *bytes = token.size();
  return token.empty() ? nullptr : token.data();
}

} // extern "C"
