//===- PreTokenizer.h - Splits a normalised text into words -----*- C++ -*-===//
#ifndef ATTUNE_LIB_RUNTIME_TOKENIZER_PRETOKENIZER_H
#define ATTUNE_LIB_RUNTIME_TOKENIZER_PRETOKENIZER_H

#include "Image.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace attune::rt {

/// A text and the words in it. Words are not empty.
struct WordList {
  struct Word {
    size_t begin, end;
    /// How many of its first characters stem from the input's first one.
    size_t startChars;
  };
  std::u32string text;
  std::vector<Word> words;

  void add(size_t begin, size_t end, size_t startChars) {
    if (begin < end)
      words.push_back({begin, end, std::min(startChars, end - begin)});
  }

  /// Adds a part of a word.
  void addPart(const Word &word, size_t begin, size_t end) {
    size_t start = word.begin + word.startChars;
    add(begin, end, start > begin ? start - begin : 0);
  }
};

class PreTokenizer {
public:
  virtual ~PreTokenizer() = default;
  /// Splits each word further.
  virtual void apply(WordList &list) const = 0;
};

using PreTokenizerList = std::vector<std::unique_ptr<PreTokenizer>>;

/// The image's pre-tokenizers in order. False with `error` set when one is
/// unknown.
bool openPreTokenizers(const Image &image, PreTokenizerList &list,
                       std::string &error);

} // namespace attune::rt

#endif // ATTUNE_LIB_RUNTIME_TOKENIZER_PRETOKENIZER_H
