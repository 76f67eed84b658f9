//===- Image.h - A checked view of a tokenizer image ------------*- C++ -*-===//
//
// Every accessor stays inside the image whatever the image says: a damaged one
// gives wrong tokens, never a read out of bounds.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_RUNTIME_TOKENIZER_IMAGE_H
#define ATTUNE_LIB_RUNTIME_TOKENIZER_IMAGE_H

#include "attune/Runtime/TokenizerImage.h"

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace attune::rt {

class Image {
public:
  /// Checks the header and the sections' extents.
  bool open(const void *data, size_t bytes, std::string &error);

  const image::Header &header() const { return head; }

  /// A string of the Text section; empty when it is outside.
  std::string_view text(uint32_t offset, uint32_t bytes) const;

  /// The token of an id; empty when there is none.
  std::string_view token(uint32_t id) const;

  /// How many T a section holds.
  template <class T> size_t count(image::Section section) const {
    return head.sections[uint32_t(section)].bytes / sizeof(T);
  }

  /// The T at `index`, which must be below count<T>(section).
  template <class T> T get(image::Section section, size_t index) const {
    T value;
    std::memcpy(&value, start(section) + index * sizeof(T), sizeof(T));
    return value;
  }

  /// Ids at or above the count of ids read as none.
  uint32_t checkedId(uint32_t id) const {
    return id < head.idCount ? id : image::none;
  }

  /// The trie's root.
  static constexpr uint32_t root = 0;

  /// The node that `byte` leads to from `node`, or none.
  uint32_t child(uint32_t node, unsigned char byte) const {
    if (node >= trieNodes)
      return image::none;
    uint32_t first = get<uint32_t>(image::Section::TrieFirst, node);
    uint32_t last = get<uint32_t>(image::Section::TrieFirst, size_t(node) + 1);
    if (first >= last || last > trieNodes)
      return image::none;
    const char *labels = start(image::Section::TrieLabels);
    const void *found = std::memchr(labels + first, byte, last - first);
    return found ? uint32_t(static_cast<const char *>(found) - labels)
                 : image::none;
  }

  /// The node that a string leads to from `node`, or none.
  uint32_t walk(uint32_t node, std::string_view text) const;

  /// The id of the token that ends at a node, or none.
  uint32_t value(uint32_t node) const {
    return node < trieNodes
               ? checkedId(get<uint32_t>(image::Section::TrieValues, node))
               : image::none;
  }

  /// The id of exactly this token, or none.
  uint32_t find(std::string_view text) const { return value(walk(root, text)); }

private:
  const char *start(image::Section section) const {
    return data + head.sections[uint32_t(section)].offset;
  }

  const char *data = nullptr;
  image::Header head = {};
  uint32_t trieNodes = 0;
};

} // namespace attune::rt

#endif // ATTUNE_LIB_RUNTIME_TOKENIZER_IMAGE_H
