//===- Embedder.cpp - Texts to vectors, in batches ------------------------===//
#include "Embedder.h"

#include "Tensors.h"
#include "attune/Runtime/Elements.h"
#include "attune/Runtime/Text.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace attune::program {

using rt::format;

std::vector<std::vector<size_t>>
groupByLength(const std::vector<size_t> &lengths, size_t maxBatch) {
  std::vector<size_t> order(lengths.size());
  std::iota(order.begin(), order.end(), size_t(0));
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return lengths[a] != lengths[b] ? lengths[a] > lengths[b] : a < b;
  });
  std::vector<std::vector<size_t>> batches;
  for (size_t index : order) {
    // Up to a fifth of a row may be padding, and a few tokens in any case.
    bool fits = !batches.empty() && batches.back().size() < maxBatch &&
                lengths[index] + lengths[batches.back().front()] / 5 + 4 >=
                    lengths[batches.back().front()];
    if (!fits)
      batches.emplace_back();
    batches.back().push_back(index);
  }
  return batches;
}

namespace {

/// Whether `embed` can run this model; reports why not.
int checkModel(const AttuneModel &model) {
  const char *name = model.name ? model.name : "this model";
  int32_t index = model.embedding_output;
  if (index < 0 || index >= model.num_outputs)
    return reportError(format("%s has no embedding output: use the command "
                              "'run' for its other outputs",
                              name),
                       ExitUnsupported);
  const AttuneTensorInfo &output = model.outputs[index];
  if (output.type != ATTUNE_F32 || output.rank != 2)
    return reportError(format("output '%s' of %s is not a matrix of float32, "
                              "one row a text",
                              output.name, name),
                       ExitUnsupported);
  if (!findInput(model, "input_ids") || findSymbol(model, "batch") < 0 ||
      findSymbol(model, "length") < 0)
    return reportError(format("%s does not take texts: it has no input "
                              "'input_ids' of [batch, length]",
                              name),
                       ExitUnsupported);
  return ExitOk;
}

/// Runs one batch and stores its rows.
int runBatch(const AttuneModel &descriptor, attune_model *model, int64_t padId,
             const std::vector<TokenizedText> &texts,
             const std::vector<size_t> &batch, Embeddings &result) {
  size_t length = texts[batch.front()].ids.size();
  std::vector<int64_t> symbols(size_t(descriptor.num_symbols), 1);
  symbols[size_t(findSymbol(descriptor, "batch"))] = int64_t(batch.size());
  symbols[size_t(findSymbol(descriptor, "length"))] = int64_t(length);
  Tensors inputs, outputs;
  for (int32_t i = 0; i < descriptor.num_inputs; ++i) {
    const AttuneTensorInfo &info = descriptor.inputs[i];
    bool isIds = !strcmp(info.name, "input_ids");
    bool isMask = !strcmp(info.name, "attention_mask");
    bool isTypes = !strcmp(info.name, "token_type_ids");
    if (!isIds && !isMask && !isTypes)
      continue;
    attune_tensor &tensor = inputs.add(info, dimsOf(descriptor, info, symbols));
    for (size_t row = 0; row < batch.size(); ++row) {
      const TokenizedText &text = texts[batch[row]];
      for (size_t column = 0; column < length; ++column) {
        bool within = column < text.ids.size();
        int64_t value = isMask    ? within
                        : isTypes ? within ? text.typeIds[column] : 0
                        : within  ? text.ids[column]
                                  : padId;
        rt::setElement(tensor.type, tensor.data, int64_t(row * length + column),
                       value);
      }
    }
  }
  const AttuneTensorInfo &info =
      descriptor.outputs[descriptor.embedding_output];
  attune_tensor &output = outputs.add(info, dimsOf(descriptor, info, symbols));
  if (attune_status status =
          attune_forward(model, inputs.data(), inputs.size(), outputs.data(),
                         outputs.size(), nullptr, 0))
    return reportStatus(status);
  size_t columns = size_t(output.dims[1]);
  if (result.values.empty()) {
    result.columns = columns;
    result.values.resize(result.rows * columns);
  }
  for (size_t row = 0; row < batch.size(); ++row)
    std::copy_n(static_cast<const float *>(output.data) + row * columns,
                columns, result.values.data() + batch[row] * columns);
  return ExitOk;
}

} // namespace

int embedTexts(const AttuneModel &descriptor, attune_model *model,
               const std::vector<TokenizedText> &texts, size_t maxBatch,
               Embeddings &result) {
  if (int status = checkModel(descriptor))
    return status;
  attune_tokenizer_info tokenizer;
  if (attune_status status = attune_tokenizer(model, &tokenizer))
    return reportStatus(status);
  // What stands under a mask of 0 only has to be a valid id.
  int64_t padId = std::max<int64_t>(tokenizer.pad_id, 0);
  int64_t most = descriptor.symbols[findSymbol(descriptor, "batch")].max;
  if (most > 0)
    maxBatch = std::min(maxBatch, size_t(most));
  result.rows = texts.size();
  std::vector<size_t> lengths;
  for (const TokenizedText &text : texts) {
    if (text.ids.empty())
      return reportError(format("the text '%s' has no tokens",
                                rt::repairUtf8(text.text).c_str()));
    lengths.push_back(text.ids.size());
  }
  for (const std::vector<size_t> &batch : groupByLength(lengths, maxBatch))
    if (int status = runBatch(descriptor, model, padId, texts, batch, result))
      return status;
  return ExitOk;
}

} // namespace attune::program
