//===- FakeWeights.cpp - The weights of the fake model --------------------===//
#include "FakeWeights.h"

#include "FakeModel.h"
#include "attune/Runtime/TokenizerImage.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <stdlib.h>

namespace attune::test {

namespace image = rt::image;

float tableValue(int64_t id, int64_t column) {
  return float(id) * 0.25f - float(column) * 1.5f;
}

namespace {

/// Sections one after the other behind a header.
class ImageWriter {
public:
  explicit ImageWriter(std::vector<char> &bytes) : bytes(bytes) {
    bytes.resize(sizeof(image::Header));
  }

  template <typename T>
  void add(image::Section section, const std::vector<T> &values) {
    bytes.resize((bytes.size() + 7) / 8 * 8);
    image::Extent &extent = header.sections[uint32_t(section)];
    extent = {bytes.size(), values.size() * sizeof(T)};
    auto *data = reinterpret_cast<const char *>(values.data());
    bytes.insert(bytes.end(), data, data + extent.bytes);
  }

  image::Header header = {};

private:
  std::vector<char> &bytes;
};

/// Tokens as a trie in breadth-first order.
void addVocabulary(ImageWriter &writer, const std::vector<std::string> &tokens,
                   std::string &text) {
  std::vector<uint32_t> offsets;
  struct Node {
    std::map<uint8_t, size_t> children;
    uint32_t value = image::none;
  };
  std::vector<Node> nodes(1);
  for (size_t id = 0; id < tokens.size(); ++id) {
    offsets.push_back(uint32_t(text.size()));
    text += tokens[id];
    size_t at = 0;
    for (char c : tokens[id]) {
      auto [edge, isNew] =
          nodes[at].children.insert({uint8_t(c), nodes.size()});
      size_t next = edge->second;
      if (isNew)
        nodes.emplace_back();
      at = next;
    }
    nodes[at].value = uint32_t(id);
  }
  offsets.push_back(uint32_t(text.size()));
  std::vector<size_t> order = {0};
  std::vector<uint32_t> first, values;
  std::vector<uint8_t> labels = {0};
  for (size_t i = 0; i < order.size(); ++i) {
    first.push_back(uint32_t(order.size()));
    values.push_back(nodes[order[i]].value);
    for (auto [label, child] : nodes[order[i]].children) {
      order.push_back(child);
      labels.push_back(label);
    }
  }
  first.push_back(uint32_t(order.size()));
  writer.add(image::Section::TokenOffsets, offsets);
  writer.add(image::Section::TrieFirst, first);
  writer.add(image::Section::TrieValues, values);
  writer.add(image::Section::TrieLabels, labels);
}

std::vector<char> fakeTokenizer() {
  std::vector<std::string> tokens = {"[PAD]", "[UNK]", "[CLS]", "[SEP]"};
  for (std::string prefix : {"", "##"})
    for (char c = 'a'; c <= 'z'; ++c)
      tokens.push_back(prefix + c);
  std::vector<char> bytes;
  ImageWriter writer(bytes);
  std::string text;
  addVocabulary(writer, tokens, text);
  image::Header &header = writer.header;
  header.continuingText = uint32_t(text.size());
  header.continuingBytes = 2;
  text += "##";
  header.endOfWordText = uint32_t(text.size());
  writer.add(image::Section::Text, std::vector<char>(text.begin(), text.end()));
  image::Step normalizer = {};
  normalizer.kind = uint32_t(image::NormalizerKind::Bert);
  normalizer.flags = image::CleanText | image::BertLowercase;
  writer.add(image::Section::Normalizers, std::vector<image::Step>{normalizer});
  image::Step splitter = {};
  splitter.kind = uint32_t(image::PreTokenizerKind::Bert);
  writer.add(image::Section::PreTokenizers, std::vector<image::Step>{splitter});
  writer.add(image::Section::Template, std::vector<image::TemplatePiece>{
                                           {2, 0}, {image::none, 0}, {3, 0}});
  memcpy(header.magic, image::magic, sizeof header.magic);
  header.version = image::version;
  header.headerBytes = sizeof header;
  header.bytes = FAKE_TOKENIZER_BYTES;
  header.model = uint32_t(image::ModelKind::WordPiece);
  header.idCount = uint32_t(tokens.size());
  header.unknownId = 1;
  header.padId = 0;
  header.maxLength = FAKE_MAX_LENGTH;
  header.maxWordChars = 100;
  header.maxTokenBytes = 5;
  bytes.resize(FAKE_TOKENIZER_BYTES);
  memcpy(bytes.data(), &header, sizeof header);
  return bytes;
}

} // namespace

std::vector<char> fakeWeights() {
  std::vector<char> bytes(FAKE_WEIGHTS_BYTES);
  AttuneWeightsHeader header = {};
  memcpy(header.magic, ATTUNE_WEIGHTS_MAGIC, sizeof header.magic);
  header.abi_version = ATTUNE_ABI_VERSION;
  header.bytes = bytes.size();
  header.hash = FAKE_HASH;
  memcpy(bytes.data(), &header, sizeof header);
  for (int64_t id = 0; id < FAKE_VOCABULARY; ++id)
    for (int64_t column = 0; column < FAKE_HIDDEN; ++column) {
      float value = tableValue(id, column);
      memcpy(bytes.data() + FAKE_TABLE_OFFSET +
                 size_t(id * FAKE_HIDDEN + column) * sizeof value,
             &value, sizeof value);
    }
  std::vector<char> tokenizer = fakeTokenizer();
  memcpy(bytes.data() + FAKE_TOKENIZER_OFFSET, tokenizer.data(),
         tokenizer.size());
  return bytes;
}

TemporaryFolder::TemporaryFolder() {
  const char *base = getenv("TMPDIR");
  path = std::string(base && *base ? base : "/tmp") + "/attune-test-XXXXXX";
  if (!mkdtemp(path.data()))
    abort();
}

TemporaryFolder::~TemporaryFolder() { std::filesystem::remove_all(path); }

std::string TemporaryFolder::write(const std::string &name, const void *data,
                                   size_t bytes) const {
  std::ofstream stream(file(name), std::ios::binary);
  stream.write(static_cast<const char *>(data), std::streamsize(bytes));
  return file(name);
}

std::vector<std::string> TemporaryFolder::names() const {
  std::vector<std::string> names;
  for (auto &entry : std::filesystem::directory_iterator(path))
    names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

std::string readFile(const std::string &path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

} // namespace attune::test
