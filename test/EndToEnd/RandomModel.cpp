//===- RandomModel.cpp - Writes a model whose weights come from a formula -===//
//
//   attune-random-model GOLDEN|DESCRIPTION.yaml OUTPUT
//
// GOLDEN holds config.json and weights.json (a seed, names and shapes); OUTPUT
// becomes a Hugging Face directory with config.json and model.safetensors. The
// formula is that of scripts/golden/random_weights.py: with it, golden values
// of full-size models are committed without their weights.
//
// Of a description, as those of examples/models, OUTPUT becomes a directory
// with model.yaml and model.safetensors: a model to run and to time.
//
//===----------------------------------------------------------------------===//

#include "attune/Model/SaveModel.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <string>
#include <vector>

using namespace llvm;

namespace {

struct Tensor {
  std::string name;
  std::vector<int64_t> shape;

  uint64_t count() const {
    uint64_t n = 1;
    for (int64_t extent : shape)
      n *= extent;
    return n;
  }
};

struct Manifest {
  uint64_t seed = 0;
  std::vector<Tensor> tensors;
};

bool fromJSON(const json::Value &value, Tensor &tensor, json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("name", tensor.name) && map.map("shape", tensor.shape);
}

bool fromJSON(const json::Value &value, Manifest &manifest, json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("seed", manifest.seed) &&
         map.map("tensors", manifest.tensors);
}

struct Distribution {
  double mean;
  double scale;
};

Distribution distributionOf(const Tensor &tensor) {
  std::string lower = StringRef(tensor.name).lower();
  StringRef name(lower);
  // Log decays of a state are negative.
  if (name.ends_with("decay.slopes"))
    return {-0.25, 0x1p-4};
  bool norm = name.contains("norm.");
  if (norm && (name.ends_with(".weight") || name.ends_with(".gamma")))
    return {1.0, 0x1p-3};
  if (norm || tensor.shape.size() < 2)
    return {0.0, 0x1p-4};
  if ((name.contains("embeddings.") || name.starts_with("embedding.")) &&
      !name.contains("projection"))
    return {0.0, 0x1p-2};
  double scale = 1.0;
  while (scale * scale * tensor.shape.back() > 4.5)
    scale /= 2;
  return {0.0, scale};
}

uint64_t fnv1a64(StringRef text) {
  uint64_t value = 0xcbf29ce484222325;
  for (unsigned char byte : text.bytes())
    value = (value ^ byte) * 0x100000001b3;
  return value;
}

uint64_t splitmix64(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

/// The header of a safetensors file: its length in 8 bytes, then JSON, padded
/// with spaces so that the data are aligned to 8 bytes.
std::string headerOf(const Manifest &manifest) {
  json::Object object;
  uint64_t offset = 0;
  for (const Tensor &tensor : manifest.tensors) {
    uint64_t end = offset + tensor.count() * sizeof(float);
    object[tensor.name] =
        json::Object{{"dtype", "F32"},
                     {"shape", json::Array(tensor.shape)},
                     {"data_offsets", json::Array{static_cast<int64_t>(offset),
                                                  static_cast<int64_t>(end)}}};
    offset = end;
  }
  std::string text;
  raw_string_ostream(text) << json::Value(std::move(object));
  text.append(alignTo(text.size(), 8) - text.size(), ' ');
  std::string header(8, '\0');
  support::endian::write64le(header.data(), text.size());
  return header + text;
}

/// Elements [begin, begin + count) of a tensor.
std::vector<float> makeValues(const Tensor &tensor, uint64_t seed,
                              uint64_t begin, uint64_t count) {
  Distribution distribution = distributionOf(tensor);
  uint64_t key = fnv1a64(tensor.name) ^ seed;
  std::vector<float> values(count);
  for (auto [i, value] : llvm::enumerate(values)) {
    uint64_t h = splitmix64(key + (begin + i + 1) * 0x9e3779b97f4a7c15);
    double u = static_cast<double>(h >> 40) * 0x1p-23 - 1.0;
    value = static_cast<float>(distribution.mean + distribution.scale * u);
  }
  return values;
}

void writeValues(raw_ostream &out, const Tensor &tensor, uint64_t seed) {
  constexpr uint64_t chunk = 1 << 16;
  for (uint64_t begin = 0, count = tensor.count(); begin < count;
       begin += chunk) {
    std::vector<float> values =
        makeValues(tensor, seed, begin, std::min(chunk, count - begin));
    out.write(reinterpret_cast<const char *>(values.data()),
              values.size() * sizeof(float));
  }
}

/// Writes a model of a description.
Error writeDescribed(StringRef path, StringRef output) {
  Expected<attune::ModelDescription> model = attune::loadModelDescription(path);
  if (!model)
    return model.takeError();
  attune::ModelWeights weights;
  for (const attune::WeightPattern &row :
       attune::attuneWeightScheme().patterns) {
    int64_t count = isPerLayer(row.role) ? model->distinctLayers() : 1;
    for (int64_t layer = 0; layer < count; ++layer) {
      if (!isNeeded(row.role, *model, layer))
        continue;
      SmallVector<int64_t, 2> shape = expectedShape(row.role, *model);
      Tensor tensor = {expandPattern(row.pattern, layer, *model),
                       {shape.begin(), shape.end()}};
      weights.set(row.role, layer,
                  makeValues(tensor, /*seed=*/1, 0, tensor.count()));
    }
  }
  return saveModel(output, *model, weights);
}

std::string pathIn(StringRef folder, StringRef name) {
  SmallString<128> path(folder);
  sys::path::append(path, name);
  return std::string(path);
}

Error writeModel(StringRef golden, StringRef output) {
  std::string manifestPath = pathIn(golden, "weights.json");
  auto buffer = MemoryBuffer::getFile(manifestPath);
  if (!buffer)
    return createFileError(manifestPath, buffer.getError());
  Expected<Manifest> manifest =
      json::parse<Manifest>((*buffer)->getBuffer(), "manifest");
  if (!manifest)
    return createFileError(manifestPath, manifest.takeError());

  if (std::error_code error = sys::fs::create_directories(output))
    return createFileError(output, error);
  if (std::error_code error = sys::fs::copy_file(pathIn(golden, "config.json"),
                                                 pathIn(output, "config.json")))
    return createFileError(pathIn(golden, "config.json"), error);

  std::string path = pathIn(output, "model.safetensors");
  std::error_code error;
  raw_fd_ostream out(path, error);
  if (error)
    return createFileError(path, error);
  out << headerOf(*manifest);
  for (const Tensor &tensor : manifest->tensors)
    writeValues(out, tensor, manifest->seed);
  out.close();
  if (out.has_error()) {
    error = out.error();
    out.clear_error();
    return createFileError(path, error);
  }
  return Error::success();
}

} // namespace

int main(int argc, char **argv) {
  InitLLVM init(argc, argv);
  if (argc != 3) {
    errs() << "usage: attune-random-model GOLDEN|DESCRIPTION.yaml OUTPUT\n";
    return 2;
  }
  bool isDescription = StringRef(argv[1]).ends_with(".yaml");
  if (Error error = isDescription ? writeDescribed(argv[1], argv[2])
                                  : writeModel(argv[1], argv[2])) {
    errs() << "attune-random-model: " << toString(std::move(error)) << "\n";
    return 1;
  }
  return 0;
}
