//===- BPE.cpp - Byte pair encoding ---------------------------------------===//
//
// A word starts as its characters; of all neighbours that merge, those of the
// lowest rank do, the leftmost first. A heap of candidates keeps this at
// n log n; candidates whose symbols have changed meanwhile are skipped.
//
//===----------------------------------------------------------------------===//
#include "SubwordModel.h"
#include "Unicode.h"

#include <algorithm>

namespace attune::rt {

using namespace image;

namespace {

struct Merge {
  uint32_t rank;
  uint32_t merged;
};

class BPE final : public SubwordModel {
public:
  explicit BPE(const Image &image)
      : image(image), slots(image.count<MergeEntry>(Section::Merges)),
        flags(image.header().modelFlags), byteTokens(image) {
    const Header &header = image.header();
    continuing = image.text(header.continuingText, header.continuingBytes);
    endOfWord = image.text(header.endOfWordText, header.endOfWordBytes);
  }

  void tokenize(std::u32string_view word,
                std::vector<int64_t> &ids) const override {
    if (flags & IgnoreMerges) {
      std::string utf8;
      appendUtf8(utf8, word);
      if (uint32_t id = image.find(utf8); id != none) {
        ids.push_back(id);
        return;
      }
    }
    std::vector<int64_t> symbols;
    symbols.reserve(word.size());
    split(word, symbols);
    mergeAll(symbols, ids);
  }

private:
  /// The symbols of a word before merging.
  void split(std::u32string_view word, std::vector<int64_t> &symbols) const {
    uint32_t unknown = image.header().unknownId;
    bool pending = false; // an unknown symbol that may still grow
    auto flush = [&] {
      if (pending)
        symbols.push_back(unknown);
      pending = false;
    };
    std::string text;
    for (size_t i = 0; i < word.size(); ++i) {
      text.clear();
      if (i > 0)
        text.append(continuing);
      appendUtf8(text, word[i]);
      if (i + 1 == word.size())
        text.append(endOfWord);
      if (uint32_t id = image.find(text); id != none) {
        flush();
        symbols.push_back(id);
        continue;
      }
      // The library does not flush before bytes: an unknown symbol that is
      // pending comes after them.
      if ((flags & ByteFallback) && byteTokens.append(text, symbols))
        continue;
      if (image.checkedId(unknown) == none)
        continue;
      if (!(flags & FuseUnknown))
        flush();
      pending = true;
    }
    flush();
  }

  bool findMerge(uint32_t left, uint32_t right, Merge &found) const {
    if (slots == 0)
      return false;
    uint64_t slot = mergeSlot(left, right, slots);
    for (uint32_t probe = 0; probe < image.header().mergeProbes; ++probe) {
      MergeEntry entry = image.get<MergeEntry>(Section::Merges, slot);
      if (entry.left == none)
        return false;
      if (entry.left == left && entry.right == right) {
        found = {entry.rank, entry.merged};
        return image.checkedId(entry.merged) != none;
      }
      slot = (slot + 1) & (slots - 1);
    }
    return false;
  }

  void mergeAll(const std::vector<int64_t> &input,
                std::vector<int64_t> &ids) const {
    struct Symbol {
      uint32_t id;
      size_t previous, next;
      bool removed;
    };
    struct Candidate {
      uint32_t rank;
      uint32_t merged;
      size_t at;
    };
    constexpr size_t nowhere = size_t(-1);
    auto later = [](const Candidate &a, const Candidate &b) {
      return a.rank != b.rank ? a.rank > b.rank : a.at > b.at;
    };

    std::vector<Symbol> symbols;
    symbols.reserve(input.size());
    for (size_t i = 0; i < input.size(); ++i)
      symbols.push_back({uint32_t(input[i]), i - 1,
                         i + 1 < input.size() ? i + 1 : nowhere, false});

    std::vector<Candidate> heap;
    Merge merge;
    auto consider = [&](size_t left, size_t right) {
      if (findMerge(symbols[left].id, symbols[right].id, merge)) {
        heap.push_back({merge.rank, merge.merged, left});
        return true;
      }
      return false;
    };
    for (size_t i = 0; i + 1 < symbols.size(); ++i)
      consider(i, i + 1);
    std::make_heap(heap.begin(), heap.end(), later);

    while (!heap.empty()) {
      std::pop_heap(heap.begin(), heap.end(), later);
      Candidate top = heap.back();
      heap.pop_back();
      Symbol &left = symbols[top.at];
      if (left.removed || left.next == nowhere)
        continue;
      size_t next = left.next;
      if (!findMerge(left.id, symbols[next].id, merge) ||
          merge.merged != top.merged)
        continue;
      left.id = top.merged;
      left.next = symbols[next].next;
      symbols[next].removed = true;
      if (left.next != nowhere)
        symbols[left.next].previous = top.at;
      if (left.previous != nowhere && consider(left.previous, top.at))
        std::push_heap(heap.begin(), heap.end(), later);
      if (left.next != nowhere && consider(top.at, left.next))
        std::push_heap(heap.begin(), heap.end(), later);
    }
    for (const Symbol &symbol : symbols)
      if (!symbol.removed)
        ids.push_back(symbol.id);
  }

  const Image &image;
  size_t slots;
  uint32_t flags;
  ByteTokens byteTokens;
  std::string_view continuing, endOfWord;
};

} // namespace

std::unique_ptr<SubwordModel> makeBPE(const Image &image) {
  return std::make_unique<BPE>(image);
}

} // namespace attune::rt
