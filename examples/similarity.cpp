// Prints how similar the sentences of its command line are, from one batch.
//
//   attune compile all-MiniLM-L6-v2 -o out/minilm --emit=shared
//   c++ -std=c++17 similarity.cpp -Iout -Lout -lminilm -Wl,-rpath,out -o
//   similarity
//   ./similarity "A man is eating food." "Someone is having a meal."
//
// The shared library finds minilm.weights beside itself; the environment's
// MINILM_WEIGHTS names another place here.
#include "minilm.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

/// A status that is not ATTUNE_OK as an exception.
void check(attune_status status) {
  if (status != ATTUNE_OK)
    throw std::runtime_error(minilm_error());
}

class Encoder {
public:
  Encoder() {
    attune_options options = ATTUNE_OPTIONS_INIT;
    options.weights_path = std::getenv("MINILM_WEIGHTS");
    attune_model *opened = nullptr;
    check(minilm_create(&options, &opened));
    model.reset(opened);
    check(minilm_tokenizer(opened, &tokenizer));
  }

  /// One embedding a text, one after another; sets `columns`.
  std::vector<float> embed(const std::vector<std::string> &texts,
                           size_t &columns) {
    // Rows of a batch are equally long: the shorter ones are filled up with
    // padding, which the mask hides.
    std::vector<std::vector<int64_t>> rows;
    size_t length = 0;
    for (const std::string &text : texts) {
      rows.push_back(tokenize(text));
      length = std::max(length, rows.back().size());
    }
    std::vector<int64_t> ids(rows.size() * length, tokenizer.pad_id);
    std::vector<int64_t> mask(rows.size() * length, 0);
    for (size_t i = 0; i < rows.size(); ++i) {
      std::copy(rows[i].begin(), rows[i].end(), ids.begin() + i * length);
      std::fill_n(mask.begin() + i * length, rows[i].size(), 1);
    }

    int64_t batch = static_cast<int64_t>(rows.size());
    int64_t extent = static_cast<int64_t>(length);
    attune_tensor inputs[] = {
        {"input_ids", ATTUNE_I64, 2, {batch, extent}, ids.data(), 0},
        {"attention_mask", ATTUNE_I64, 2, {batch, extent}, mask.data(), 0}};
    attune_tensor output = {
        "sentence_embedding", ATTUNE_F32, 0, {0}, nullptr, 0};
    check(minilm_shapes(model.get(), inputs, 2, &output, 1));
    columns = static_cast<size_t>(output.dims[1]);
    std::vector<float> embeddings(rows.size() * columns);
    output.data = embeddings.data();
    check(minilm_forward(model.get(), inputs, 2, &output, 1, nullptr, 0));
    return embeddings;
  }

private:
  std::vector<int64_t> tokenize(const std::string &text) {
    std::vector<int64_t> ids(tokenizer.max_length);
    size_t count = 0;
    check(minilm_tokenize(model.get(), text.data(), text.size(), 0, ids.data(),
                          nullptr, ids.size(), &count));
    ids.resize(count);
    return ids;
  }

  struct Destroy {
    void operator()(attune_model *handle) const { minilm_destroy(handle); }
  };
  std::unique_ptr<attune_model, Destroy> model;
  attune_tokenizer_info tokenizer = {};
};

} // namespace

int main(int argc, char **argv) {
  std::vector<std::string> texts(argv + 1, argv + argc);
  if (texts.empty()) {
    std::fprintf(stderr, "usage: %s SENTENCE...\n", argv[0]);
    return 2;
  }
  try {
    size_t columns = 0;
    std::vector<float> embeddings = Encoder().embed(texts, columns);
    // The model's embeddings have length one, so that products are cosines.
    for (size_t i = 0; i < texts.size(); ++i)
      for (size_t j = i + 1; j < texts.size(); ++j) {
        const float *a = embeddings.data() + i * columns;
        const float *b = embeddings.data() + j * columns;
        std::printf("%.3f  %s | %s\n",
                    std::inner_product(a, a + columns, b, 0.0),
                    texts[i].c_str(), texts[j].c_str());
      }
  } catch (const std::exception &error) {
    std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
    return 1;
  }
  return 0;
}
