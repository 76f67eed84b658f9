//===- PreTokenizer.h - Splits a normalised text into words -----*- C++ -*-===//
#ifndef ATTUNE_LIB_RUNTIME_TOKENIZER_PRETOKENIZER_H
#define ATTUNE_LIB_RUNTIME_TOKENIZER_PRETOKENIZER_H

#include "Image.h"

#include <memory>
#include <string>
#include <vector>

namespace attune::rt {

/// A text and the words in it. Words are not empty.
struct WordList {
  struct Word {
    size_t begin, end;
    bool atStart; ///< begins with the input's first character
  };
  std::u32string text;
  std::vector<Word> words;

  void add(size_t begin, size_t end, bool atStart) {
    if (begin < end)
      words.push_back({begin, end, atStart});
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
