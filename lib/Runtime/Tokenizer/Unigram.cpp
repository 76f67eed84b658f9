//===- Unigram.cpp - The most probable split of a word --------------------===//
//
// Viterbi over the positions of the word's UTF-8: the best score of a split
// that ends there, and where its last token starts. A character without a token
// of its own may stand as unknown, at a penalty below the worst token.
//
//===----------------------------------------------------------------------===//
#include "SubwordModel.h"
#include "Unicode.h"

#include <algorithm>

namespace attune::rt {

using namespace image;

namespace {

constexpr double unknownPenalty = 10.0;

/// Bytes of the UTF-8 sequence that starts with `lead`.
size_t sequenceLength(unsigned char lead) {
  return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

class Unigram final : public SubwordModel {
public:
  explicit Unigram(const Image &image)
      : image(image), byteTokens(image),
        byteFallback(image.header().modelFlags & ByteFallback) {}

  void tokenize(std::u32string_view word,
                std::vector<int64_t> &ids) const override {
    std::string utf8;
    appendUtf8(utf8, word);
    std::vector<Node> nodes(utf8.size() + 1);
    search(utf8, nodes);

    // From the end: runs of unknown characters are one token.
    uint32_t unknown = image.header().unknownId;
    struct Range {
      size_t begin, end;
    };
    std::vector<Range> tokens;
    bool lastUnknown = false;
    for (size_t end = utf8.size(); end > 0;) {
      const Node &node = nodes[end];
      bool isUnknown = node.id == unknown;
      if (isUnknown && lastUnknown)
        tokens.back().begin = node.start;
      else
        tokens.push_back({node.start, end});
      lastUnknown = isUnknown;
      end = node.start;
    }
    std::reverse(tokens.begin(), tokens.end());
    for (const Range &range : tokens) {
      std::string_view text =
          std::string_view(utf8).substr(range.begin, range.end - range.begin);
      uint32_t id = image.find(text);
      if (id != none)
        ids.push_back(id);
      else if (!byteFallback || !byteTokens.append(text, ids))
        ids.push_back(unknown);
    }
  }

private:
  static constexpr size_t nowhere = size_t(-1);

  struct Node {
    double score = 0;
    size_t start = nowhere;
    uint32_t id = 0;
  };

  void search(std::string_view text, std::vector<Node> &nodes) const {
    const Header &header = image.header();
    double unknownScore = header.minScore - unknownPenalty;
    for (size_t begin = 0; begin < text.size();) {
      size_t width =
          std::min(sequenceLength(static_cast<unsigned char>(text[begin])),
                   text.size() - begin);
      double before = nodes[begin].score;
      auto offer = [&](size_t end, double score, uint32_t id) {
        Node &node = nodes[end];
        if (node.start == nowhere || before + score > node.score)
          node = {before + score, begin, id};
      };
      bool single = false;
      uint32_t node = Image::root;
      size_t limit =
          std::min<size_t>(text.size() - begin, header.maxTokenBytes);
      for (size_t length = 1; length <= limit; ++length) {
        node = image.child(
            node, static_cast<unsigned char>(text[begin + length - 1]));
        if (node == none)
          break;
        uint32_t id = image.value(node);
        // A token of a damaged image may end inside a character, where no
        // other token starts.
        if (id == none || !isBoundary(text, begin + length))
          continue;
        offer(begin + length, image.get<double>(Section::Scores, id), id);
        single |= length == width;
      }
      if (!single)
        offer(begin + width, unknownScore, header.unknownId);
      begin += width;
    }
  }

  static bool isBoundary(std::string_view text, size_t at) {
    return at == text.size() ||
           (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80;
  }

  const Image &image;
  ByteTokens byteTokens;
  bool byteFallback;
};

} // namespace

std::unique_ptr<SubwordModel> makeUnigram(const Image &image) {
  return std::make_unique<Unigram>(image);
}

} // namespace attune::rt
