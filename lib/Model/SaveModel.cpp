//===- SaveModel.cpp - A model as YAML and safetensors --------------------===//

#include "attune/Model/SaveModel.h"
#include "attune/Model/ModelYAML.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"

#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace attune {

static constexpr StringLiteral kWeightsFile = "model.safetensors";
static constexpr StringLiteral kDescriptionFile = "model.yaml";

ModelWeights::ModelWeights(const LoadedModel &model) {
  const ModelDescription &description = model.description;
  for (int64_t layer = 0; layer < description.layers; ++layer)
    for (WeightRole role : allWeightRoles()) {
      const TensorEntry *entry = model.resolved->find(role, layer);
      if (!entry || (!isPerLayer(role) && layer > 0))
        continue;
      int64_t distinct = isPerLayer(role) ? description.weightLayer(layer) : 0;
      weights[{role, distinct}] = {
          entry->dtype, model.weights->data(*entry), {}};
    }
}

void ModelWeights::set(WeightRole role, int64_t layer,
                       std::vector<float> values) {
  weights[{role, layer}] = {TensorDType::F32, {}, std::move(values)};
}

ArrayRef<uint8_t> ModelWeights::Weight::bytes() const {
  if (own.empty())
    return stored;
  return {reinterpret_cast<const uint8_t *>(own.data()),
          own.size() * sizeof(float)};
}

namespace {
/// One tensor of the file.
struct Saved {
  std::string name;
  TensorDType dtype;
  SmallVector<int64_t, 2> shape;
  ArrayRef<uint8_t> bytes;
};
} // namespace

/// The length of the header in 8 bytes, and the header, padded so that data
/// are aligned to 8 bytes.
static std::string makeHeader(ArrayRef<Saved> tensors) {
  json::Object object;
  int64_t offset = 0;
  for (const Saved &tensor : tensors) {
    auto end = offset + static_cast<int64_t>(tensor.bytes.size());
    object[tensor.name] =
        json::Object{{"dtype", toString(tensor.dtype)},
                     {"shape", json::Array(tensor.shape)},
                     {"data_offsets", json::Array{offset, end}}};
    offset = end;
  }
  std::string text;
  raw_string_ostream(text) << json::Value(std::move(object));
  text.append(alignTo(text.size(), 8) - text.size(), ' ');
  std::string header(8, '\0');
  support::endian::write64le(header.data(), text.size());
  return header + text;
}

static std::string pathIn(StringRef directory, StringRef file) {
  SmallString<256> path(directory);
  sys::path::append(path, file);
  return std::string(path);
}

/// Writes a file that is there as a whole or not at all.
static Error writeFile(StringRef path,
                       function_ref<Error(raw_ostream &)> write) {
  if (Error error = writeToOutput(path, write))
    return userErrorf("{0}: cannot be written: {1}", printable(path, 400),
                      toString(std::move(error)));
  return Error::success();
}

static Error copyTokenizer(StringRef from, StringRef directory) {
  for (StringRef name :
       {"tokenizer.json", "tokenizer_config.json", "sentence_bert_config.json",
        "vocab.txt", "vocab.json", "merges.txt"}) {
    std::string source = pathIn(from, name), target = pathIn(directory, name);
    if (!sys::fs::exists(source) || sys::fs::equivalent(source, target))
      continue;
    Expected<std::unique_ptr<MemoryBuffer>> content = readFile(source);
    if (!content)
      return content.takeError();
    if (Error error = writeFile(target, [&](raw_ostream &os) {
          os << (*content)->getBuffer();
          return Error::success();
        }))
      return error;
  }
  return Error::success();
}

Error saveModel(StringRef directory, ModelDescription description,
                const ModelWeights &weights, StringRef tokenizerFrom) {
  const WeightScheme &scheme = attuneWeightScheme();
  description.weights = {scheme.name.str(), kWeightsFile.str(), "", {}};
  if (Error error = validate(description, directory))
    return error;

  std::vector<Saved> tensors;
  for (const WeightPattern &row : scheme.patterns) {
    WeightRole role = row.role;
    int64_t count = isPerLayer(role) ? description.distinctLayers() : 1;
    for (int64_t layer = 0; layer < count; ++layer) {
      if (!isNeeded(role, description, layer))
        continue;
      auto found = weights.weights.find({role, layer});
      SmallVector<int64_t, 2> shape = expectedShape(role, description);
      int64_t bytes = 1;
      for (int64_t extent : shape)
        bytes *= extent;
      std::string name = expandPattern(row.pattern, layer, description);
      if (found == weights.weights.end())
        return internalError("the model to be saved has no " + name);
      const ModelWeights::Weight &weight = found->second;
      bytes *= bitWidth(weight.dtype) / 8;
      if (static_cast<int64_t>(weight.bytes().size()) != bytes)
        return internalError("the model to be saved has another size of " +
                             name + " than " + formatShape(shape));
      tensors.push_back({name, weight.dtype, shape, weight.bytes()});
    }
  }

  if (std::error_code error = sys::fs::create_directories(directory))
    return userErrorf("{0}: cannot be made: {1}", printable(directory, 400),
                      error.message());
  if (Error error =
          writeFile(pathIn(directory, kWeightsFile), [&](raw_ostream &os) {
            os << makeHeader(tensors);
            for (const Saved &tensor : tensors)
              os.write(reinterpret_cast<const char *>(tensor.bytes.data()),
                       tensor.bytes.size());
            return Error::success();
          }))
    return error;
  if (!tokenizerFrom.empty())
    if (Error error = copyTokenizer(tokenizerFrom, directory))
      return error;
  return writeFile(pathIn(directory, kDescriptionFile), [&](raw_ostream &os) {
    writeModelYAML(os, description);
    return Error::success();
  });
}

} // namespace attune
