//===- CharacterMap.cpp - SentencePiece's compiled normalization ----------===//
//
// A blob of SentencePiece: the size of a double-array trie in bytes, the trie
// (darts-clone units of 32 bits), and the replacements, each ended by a zero
// byte. The trie's values are offsets into the replacements.
//
// The `tokenizers` library looks up whole graphemes shorter than 6 bytes, and
// otherwise single characters. It takes the shortest key that begins the
// looked-up text and replaces all of that text: reproduced here.
//
//===----------------------------------------------------------------------===//
#include "Normalizer.h"
#include "Unicode.h"

#include <algorithm>
#include <cstring>

namespace attune::rt {

namespace {

class CharacterMap final : public Normalizer {
public:
  explicit CharacterMap(std::string_view blob) {
    uint32_t trieBytes = 0;
    if (blob.size() < sizeof(trieBytes))
      return;
    std::memcpy(&trieBytes, blob.data(), sizeof(trieBytes));
    blob.remove_prefix(sizeof(trieBytes));
    if (trieBytes > blob.size())
      return;
    trie = blob.substr(0, trieBytes / sizeof(uint32_t) * sizeof(uint32_t));
    replacements = blob.substr(trieBytes);
  }

  void apply(NormalText &text) const override {
    const std::u32string &chars = text.chars;
    Output out = {{}, text.startChars, 0, 0};
    out.chars.reserve(chars.size());
    int32_t state = 0;
    for (size_t begin = 0; begin < chars.size();) {
      size_t end = begin + 1;
      while (end < chars.size() &&
             !isGraphemeBreak(chars[end - 1], chars[end], state))
        ++end;
      mapGrapheme(std::u32string_view(chars).substr(begin, end - begin), out);
      begin = end;
    }
    text.chars.swap(out.chars);
    text.startChars = out.startChars;
  }

private:
  /// What the text becomes. Its characters stand for those of the input one by
  /// one, additional ones for the last of a part. The library forgets a part
  /// that is removed from the very beginning: what follows stands for it.
  struct Output {
    std::u32string chars;
    size_t startCharsBefore; ///< of the input
    size_t source;           ///< the input's next character
    size_t startChars;

    void replace(size_t count, std::u32string_view by) {
      for (size_t i = 0; i < by.size(); ++i)
        startChars += source + std::min(i, count - 1) < startCharsBefore;
      if (!chars.empty() || !by.empty())
        source += count;
      chars.append(by);
    }
  };

  void mapGrapheme(std::u32string_view grapheme, Output &out) const {
    constexpr size_t longest = 6;
    std::string key;
    std::string_view found;
    // A grapheme of more characters has more bytes.
    if (grapheme.size() < longest) {
      appendUtf8(key, grapheme);
      if (key.size() < longest && lookUp(key, found)) {
        out.replace(grapheme.size(), decodeUtf8(found));
        return;
      }
    }
    for (char32_t c : grapheme) {
      key.clear();
      appendUtf8(key, c);
      if (lookUp(key, found))
        out.replace(1, decodeUtf8(found));
      else
        out.replace(1, {&c, 1});
    }
  }

  bool unit(size_t at, uint32_t &value) const {
    if (at >= trie.size() / sizeof(uint32_t))
      return false;
    std::memcpy(&value, trie.data() + at * sizeof(uint32_t), sizeof(value));
    return true;
  }

  /// A unit's distance to its children.
  static size_t offset(uint32_t unit) {
    return size_t(unit >> 10) << ((unit & (1u << 9)) >> 6);
  }

  /// The replacement of the shortest key that `text` begins with.
  bool lookUp(std::string_view text, std::string_view &found) const {
    uint32_t node = 0;
    if (!unit(0, node))
      return false;
    size_t at = offset(node);
    for (unsigned char byte : text) {
      if (byte == 0)
        return false;
      at ^= byte;
      if (!unit(at, node) || (node & (1u << 31 | 0xFFu)) != byte)
        return false;
      at ^= offset(node);
      if (node >> 8 & 1) {
        if (!unit(at, node))
          return false;
        size_t start = node & 0x7FFFFFFFu;
        if (start > replacements.size())
          return false;
        // The longest of real maps has 33 bytes.
        found = replacements.substr(start, image::maxMappedBytes + 1);
        size_t end = found.find('\0');
        if (end == std::string_view::npos &&
            found.size() > image::maxMappedBytes)
          return false;
        found = found.substr(0, end);
        return true;
      }
    }
    return false;
  }

  std::string_view trie, replacements;
};

} // namespace

std::unique_ptr<Normalizer> makeCharacterMap(std::string_view blob) {
  return std::make_unique<CharacterMap>(blob);
}

} // namespace attune::rt
