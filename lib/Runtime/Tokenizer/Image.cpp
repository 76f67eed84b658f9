//===- Image.cpp - A checked view of a tokenizer image --------------------===//
#include "Image.h"

#include <cmath>

namespace attune::rt {

using namespace image;

bool Image::open(const void *bytes, size_t size, std::string &error) {
  auto damaged = [&](const char *what) {
    error = std::string("the tokenizer image is damaged: ") + what;
    return false;
  };
  if (!bytes || size < sizeof(Header))
    return damaged("it is shorter than its header");
  data = static_cast<const char *>(bytes);
  std::memcpy(&head, data, sizeof(Header));
  if (std::memcmp(head.magic, magic, sizeof(magic)) != 0)
    return damaged("it does not begin with the mark of a tokenizer image");
  if (head.version != version || head.headerBytes != sizeof(Header)) {
    error = "the tokenizer image has version " + std::to_string(head.version) +
            ", this runtime reads version " + std::to_string(version) +
            ": compile the model again";
    return false;
  }
  if (head.bytes > size)
    return damaged("it is shorter than its header says");
  for (const Extent &extent : head.sections)
    if (extent.offset > head.bytes || extent.bytes > head.bytes - extent.offset)
      return damaged("a section is outside of it");
  if (head.model > uint32_t(ModelKind::Unigram))
    return damaged("the kind of model is unknown");
  if (head.idCount == 0 || head.idCount > maxIds)
    return damaged("the number of tokens is out of range");
  if (count<uint32_t>(Section::TokenOffsets) != size_t(head.idCount) + 1)
    return damaged("the table of tokens has the wrong length");

  size_t nodes = count<uint32_t>(Section::TrieValues);
  if (nodes == 0 || nodes >= none ||
      count<uint32_t>(Section::TrieFirst) != nodes + 1 ||
      count<char>(Section::TrieLabels) != nodes)
    return damaged("the tables of the vocabulary have different lengths");
  trieNodes = uint32_t(nodes);

  size_t slots = count<MergeEntry>(Section::Merges);
  if (slots & (slots - 1))
    return damaged("the table of merges has a wrong length");
  if (ModelKind(head.model) == ModelKind::Unigram) {
    if (count<double>(Section::Scores) != head.idCount)
      return damaged("the table of scores has the wrong length");
    if (!std::isfinite(head.minScore))
      return damaged("a score is not a number");
  }
  if (ModelKind(head.model) != ModelKind::BPE && head.unknownId >= head.idCount)
    return damaged("the unknown token is out of range");
  if (head.maxTokenBytes > maxTokenBytes)
    return damaged("its tokens are too long");
  if (count<Step>(Section::Normalizers) > maxSteps ||
      count<Step>(Section::PreTokenizers) > maxSteps)
    return damaged("there are too many normalizers or pre-tokenizers");
  if (count<AddedToken>(Section::AddedTokens) > maxAddedTokens)
    return damaged("there are too many added tokens");
  return true;
}

std::string_view Image::text(uint32_t offset, uint32_t bytes) const {
  size_t size = count<char>(Section::Text);
  if (offset > size || bytes > size - offset)
    return {};
  return {start(Section::Text) + offset, bytes};
}

std::string_view Image::token(uint32_t id) const {
  if (id >= head.idCount)
    return {};
  uint32_t first = get<uint32_t>(Section::TokenOffsets, id);
  uint32_t last = get<uint32_t>(Section::TokenOffsets, size_t(id) + 1);
  return first <= last ? text(first, last - first) : std::string_view();
}

uint32_t Image::walk(uint32_t node, std::string_view text) const {
  for (unsigned char byte : text)
    if ((node = child(node, byte)) == none)
      break;
  return node;
}

} // namespace attune::rt
