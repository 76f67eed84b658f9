//===- WordPiece.cpp - Longest match from the left ------------------------===//
#include "SubwordModel.h"
#include "Unicode.h"

#include <algorithm>

namespace attune::rt {

using namespace image;

namespace {

class WordPiece final : public SubwordModel {
public:
  explicit WordPiece(const Image &image) : image(image) {
    const Header &header = image.header();
    continuing = image.walk(
        Image::root, image.text(header.continuingText, header.continuingBytes));
  }

  void tokenize(std::u32string_view word,
                std::vector<int64_t> &ids) const override {
    const Header &header = image.header();
    if (word.size() > header.maxWordChars) {
      ids.push_back(header.unknownId);
      return;
    }
    std::string utf8;
    appendUtf8(utf8, word);
    size_t first = ids.size();
    for (size_t begin = 0; begin < utf8.size();) {
      uint32_t id = none;
      size_t length = longest(std::string_view(utf8).substr(begin),
                              begin == 0 ? Image::root : continuing, id);
      if (length == 0) { // one unknown part makes the word unknown
        ids.resize(first);
        ids.push_back(header.unknownId);
        return;
      }
      ids.push_back(id);
      begin += length;
    }
  }

private:
  /// The length of the longest token at the beginning of `text`, from a node of
  /// the trie. Tokens are whole characters, so a match ends where one does.
  size_t longest(std::string_view text, uint32_t node, uint32_t &id) const {
    size_t length = 0;
    size_t limit = std::min<size_t>(text.size(), image.header().maxTokenBytes);
    for (size_t i = 0; i < limit; ++i) {
      node = image.child(node, static_cast<unsigned char>(text[i]));
      if (node == none)
        break;
      if (uint32_t value = image.value(node); value != none) {
        id = value;
        length = i + 1;
      }
    }
    return length;
  }

  const Image &image;
  uint32_t continuing; ///< the node of the continuing-subword prefix
};

} // namespace

std::unique_ptr<SubwordModel> makeWordPiece(const Image &image) {
  return std::make_unique<WordPiece>(image);
}

} // namespace attune::rt
