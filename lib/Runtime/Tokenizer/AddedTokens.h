//===- AddedTokens.h - Tokens that are found in the text itself -*- C++ -*-===//
#ifndef ATTUNE_LIB_RUNTIME_TOKENIZER_ADDEDTOKENS_H
#define ATTUNE_LIB_RUNTIME_TOKENIZER_ADDEDTOKENS_H

#include "Normalizer.h"

#include <array>

namespace attune::rt {

/// A set of added tokens, all of which are matched in the original text or all
/// in the normalised one.
class AddedTokens {
public:
  /// A part of a text: one of the tokens, or with id `none` what is between.
  struct Part {
    uint32_t id;
    size_t begin, end;
  };

  void add(std::u32string pattern, uint32_t id, uint32_t flags);

  /// Call once, after the last add().
  void finish();

  /// The parts of a text in order; no part without a token is empty. Takes the
  /// leftmost match, of those the longest.
  std::vector<Part> split(std::u32string_view text) const;

private:
  struct Entry {
    std::u32string pattern;
    uint32_t id;
    uint32_t flags;
  };

  bool mayStart(char32_t c) const {
    return c < asciiStarts.size() ? asciiStarts[c] : otherStarts;
  }
  const Entry *longestAt(std::u32string_view text, size_t at) const;

  std::vector<Entry> entries; // ascending by pattern
  std::array<bool, 128> asciiStarts = {};
  bool otherStarts = false;
};

/// The tokens of the image: those for the original text and those for the
/// normalised one, which are normalised by `normalizers`.
void openAddedTokens(const Image &image, const NormalizerList &normalizers,
                     AddedTokens &original, AddedTokens &normalized);

} // namespace attune::rt

#endif // ATTUNE_LIB_RUNTIME_TOKENIZER_ADDEDTOKENS_H
