// similarity.cpp - Compares sentences from C++, with a sentence model such as
// all-MiniLM-L6-v2 compiled as "model" (see embed.c and CMakeLists.txt):
//
//   ./similarity lib/model.weights "A cat sits." "A kitten rests." "It rains."
#include "model.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

namespace {

[[noreturn]] void fail(const char *function) {
  std::fprintf(stderr, "%s: %s\n", function, model_error());
  std::exit(1);
}

struct Destroy {
  void operator()(attune_model *model) const { model_destroy(model); }
};
using Model = std::unique_ptr<attune_model, Destroy>;

/// The ids of a text, special tokens included.
std::vector<int64_t> tokenize(const Model &model, const char *text) {
  attune_tokenizer_info info;
  if (model_tokenizer(model.get(), &info))
    fail("model_tokenizer");
  std::vector<int64_t> ids(info.max_length);
  size_t count = 0;
  if (model_tokenize(model.get(), text, size_t(-1), 0, ids.data(), nullptr,
                     ids.size(), &count))
    fail("model_tokenize");
  ids.resize(count);
  return ids;
}

/// The vectors of all texts in one call: rows of one length, the shorter ones
/// padded and masked.
std::vector<std::vector<float>> embed(const Model &model, char **texts,
                                      size_t count) {
  std::vector<std::vector<int64_t>> rows;
  size_t length = 0;
  for (size_t i = 0; i < count; ++i) {
    rows.push_back(tokenize(model, texts[i]));
    length = std::max(length, rows.back().size());
  }
  attune_tokenizer_info info;
  if (model_tokenizer(model.get(), &info))
    fail("model_tokenizer");
  std::vector<int64_t> ids(count * length, info.pad_id), mask(count * length);
  for (size_t i = 0; i < count; ++i)
    for (size_t k = 0; k < rows[i].size(); ++k) {
      ids[i * length + k] = rows[i][k];
      mask[i * length + k] = 1;
    }

  auto tensor = [&](const char *name, std::vector<int64_t> &values) {
    attune_tensor result = {};
    result.name = name;
    result.type = ATTUNE_I64;
    result.rank = 2;
    result.dims[0] = int64_t(count);
    result.dims[1] = int64_t(length);
    result.data = values.data();
    return result;
  };
  attune_tensor inputs[] = {tensor("input_ids", ids),
                            tensor("attention_mask", mask)};
  attune_tensor output = {};
  output.name = "sentence_embedding";
  if (model_shapes(model.get(), inputs, 2, &output, 1))
    fail("model_shapes");
  size_t columns = size_t(output.dims[1]);
  std::vector<float> values(count * columns);
  output.data = values.data();
  if (model_forward(model.get(), inputs, 2, &output, 1, nullptr, 0))
    fail("model_forward");

  std::vector<std::vector<float>> result;
  for (size_t i = 0; i < count; ++i)
    result.emplace_back(values.begin() + long(i * columns),
                        values.begin() + long((i + 1) * columns));
  return result;
}

double cosine(const std::vector<float> &a, const std::vector<float> &b) {
  auto dot = [](const std::vector<float> &x, const std::vector<float> &y) {
    return std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
  };
  return dot(a, b) / std::sqrt(dot(a, a) * dot(b, b));
}

} // namespace

int main(int argc, char **argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: %s WEIGHTS|- SENTENCE SENTENCE...\n", argv[0]);
    return 2;
  }
  attune_options options = ATTUNE_OPTIONS_INIT;
  options.weights_path = argv[1] == std::string("-") ? nullptr : argv[1];
  attune_model *handle = nullptr;
  if (model_create(&options, &handle))
    fail("model_create");
  Model model(handle);
  auto vectors = embed(model, argv + 2, size_t(argc - 2));
  for (size_t i = 1; i < vectors.size(); ++i)
    std::printf("%.4f  %s\n", cosine(vectors[0], vectors[i]), argv[i + 2]);
  return 0;
}
