//===- Normalizer.h - What is done to a text before it is split -*- C++ -*-===//
#ifndef ATTUNE_LIB_RUNTIME_TOKENIZER_NORMALIZER_H
#define ATTUNE_LIB_RUNTIME_TOKENIZER_NORMALIZER_H

#include "Image.h"

#include <memory>
#include <string>
#include <vector>

namespace attune::rt {

/// A part of the input while it is normalised.
struct NormalText {
  std::u32string chars;
  /// How many of its first characters stem from the input's first character:
  /// the Metaspace scheme "first" asks whether a word begins with one.
  size_t startChars = 0;
};

class Normalizer {
public:
  virtual ~Normalizer() = default;
  virtual void apply(NormalText &text) const = 0;
};

using NormalizerList = std::vector<std::unique_ptr<Normalizer>>;

/// The length up to which a text may grow. Unicode's longest decomposition has
/// 18 characters; a hostile tokenizer's steps could double a text each.
inline size_t lengthLimit(size_t inputChars) {
  return (size_t(1) << 20) + 32 * inputChars;
}

/// Applies the normalizers in order, as long as the text is within the limit.
void applyAll(const NormalizerList &list, NormalText &text);

/// The image's normalizers in order. False with `error` set when one is
/// unknown.
bool openNormalizers(const Image &image, NormalizerList &list,
                     std::string &error);

/// SentencePiece's character map (CharacterMap.cpp).
std::unique_ptr<Normalizer> makeCharacterMap(std::string_view blob);

} // namespace attune::rt

#endif // ATTUNE_LIB_RUNTIME_TOKENIZER_NORMALIZER_H
