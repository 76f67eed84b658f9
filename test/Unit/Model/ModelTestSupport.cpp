//===- ModelTestSupport.cpp - Files and models made for tests -------------===//

#include "ModelTestSupport.h"
#include "attune/Model/ModelFamily.h"
#include "attune/Model/WeightNames.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace attune::test {

const char kTinyBertConfig[] = R"({
  "model_type": "bert", "vocab_size": 10, "hidden_size": 8,
  "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 12,
  "max_position_embeddings": 16, "type_vocab_size": 2, "hidden_act": "gelu",
  "layer_norm_eps": 1e-12, "pad_token_id": 0,
  "position_embedding_type": "absolute", "architectures": ["BertModel"]
})";

ModelDescription tinyBert() {
  return valueOf(readConfig(kTinyBertConfig, "config.json", "tiny"));
}

TempDirectory::TempDirectory() {
  SmallString<128> path;
  if (std::error_code code = sys::fs::createUniqueDirectory("attune", path))
    ADD_FAILURE() << code.message();
  root = std::string(path);
}

TempDirectory::~TempDirectory() { sys::fs::remove_directories(root); }

std::string TempDirectory::path(StringRef file) const {
  SmallString<128> full(root);
  sys::path::append(full, file);
  return std::string(full);
}

std::string TempDirectory::write(StringRef file, StringRef content) const {
  std::string full = path(file);
  sys::fs::create_directories(sys::path::parent_path(full));
  std::error_code code;
  raw_fd_ostream os(full, code);
  EXPECT_FALSE(code) << full << ": " << code.message();
  os << content;
  return full;
}

std::string makeRawSafetensors(StringRef header, StringRef data) {
  char length[8];
  support::endian::write64le(length, header.size());
  return std::string(length, 8) + header.str() + data.str();
}

std::string makeSafetensors(ArrayRef<TestTensor> tensors) {
  json::Object header;
  std::string data;
  for (const TestTensor &tensor : tensors) {
    TensorEntry entry;
    entry.dtype = *dtypeFromString(tensor.dtype);
    entry.shape.assign(tensor.shape.begin(), tensor.shape.end());
    size_t size = entry.elementCount() * bitWidth(entry.dtype) / 8;
    size_t begin = data.size();
    data += tensor.bytes;
    data.resize(begin + size);
    header[tensor.name] = json::Object{
        {"dtype", tensor.dtype},
        {"shape", json::Array(tensor.shape)},
        {"data_offsets", json::Array{begin, data.size()}},
    };
  }
  std::string text;
  raw_string_ostream(text) << json::Value(std::move(header));
  return makeRawSafetensors(text, data);
}

std::vector<TestTensor> weightsOf(const ModelDescription &model,
                                  StringRef prefix, StringRef dtype) {
  std::vector<TestTensor> tensors;
  const WeightScheme *scheme = findWeightScheme(model.weights.scheme);
  for (WeightRole role : allWeightRoles()) {
    if (!isNeeded(role, model))
      continue;
    const WeightPattern *row =
        llvm::find_if(scheme->patterns,
                      [&](const WeightPattern &p) { return p.role == role; });
    if (row == scheme->patterns.end()) {
      ADD_FAILURE() << "no name for " << toString(role).str();
      continue;
    }
    int64_t count = isPerLayer(role) ? model.distinctLayers() : 1;
    SmallVector<int64_t, 2> shape = expectedShape(role, model);
    for (int64_t layer = 0; layer < count; ++layer)
      if (isNeeded(role, model, layer))
        tensors.push_back(
            {(prefix + expandPattern(row->pattern, layer, model)).str(),
             dtype.str(), std::vector<int64_t>(shape.begin(), shape.end()),
             ""});
  }
  return tensors;
}

Failure failureOf(Error error) {
  Failure failure;
  failure.exitCode = exitCodeFor(error);
  failure.message = toString(std::move(error));
  return failure;
}

static void expectParts(const Failure &failure, ArrayRef<std::string> parts) {
  for (const std::string &part : parts)
    EXPECT_NE(failure.message.find(part), std::string::npos)
        << "expected to find: " << part << "\nin: " << failure.message;
}

void expectUserError(const Failure &failure, std::vector<std::string> parts) {
  EXPECT_EQ(failure.exitCode, ExitUserError) << failure.message;
  expectParts(failure, parts);
}

void expectUnsupported(const Failure &failure, std::vector<std::string> parts) {
  EXPECT_EQ(failure.exitCode, ExitUnsupported) << failure.message;
  expectParts(failure, parts);
}

} // namespace attune::test
