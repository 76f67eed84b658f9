//===- Unicode.h - What tokenizers ask about characters ---------*- C++ -*-===//
//
// utf8proc's data, corrected where the `tokenizers` library takes another
// answer from its own sources of several Unicode versions (UnicodeDelta.inc).
// Texts are sequences of code points while they are normalised and split.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_RUNTIME_TOKENIZER_UNICODE_H
#define ATTUNE_LIB_RUNTIME_TOKENIZER_UNICODE_H

#include <cstdint>
#include <string>
#include <string_view>

namespace attune::rt {

/// The code points of UTF-8 text. Each maximal ill-formed part becomes U+FFFD:
/// the practice that the Unicode standard recommends and Python follows.
std::u32string decodeUtf8(std::string_view utf8);

/// Appends a code point or a text as UTF-8.
void appendUtf8(std::string &out, char32_t c);
void appendUtf8(std::string &out, std::u32string_view text);

/// Control, format and private use characters, which BertNormalizer removes
/// (its caller keeps tab, line feed and carriage return).
bool isOther(char32_t c);
/// ASCII punctuation and the P* categories.
bool isPunctuation(char32_t c);
/// Mn, as BertNormalizer has it.
bool isNonspacingMark(char32_t c);
/// M*, as the normalizer StripAccents has it.
bool isCombiningMark(char32_t c);
/// The White_Space property.
bool isWhitespace(char32_t c);
/// \p{L} and \p{N} of Oniguruma.
bool isLetter(char32_t c);
bool isNumber(char32_t c);
/// Rust's char::is_numeric.
bool isNumeric(char32_t c);
/// \w of the regex crate.
bool isWord(char32_t c);
/// The blocks around whose characters BertNormalizer puts spaces.
bool isChinese(char32_t c);

/// Appends the lower case of a character, which does not depend on its place.
void appendLower(std::u32string &out, char32_t c);

/// Whether a grapheme ends before `c`, which follows `previous`. `state` is 0
/// at the beginning of a text and then kept by this function.
bool isGraphemeBreak(char32_t previous, char32_t c, int32_t &state);

enum class NormalForm { D, KD, C, KC };

/// A Unicode normal form of a text.
std::u32string normalize(std::u32string_view text, NormalForm form);

} // namespace attune::rt

#endif // ATTUNE_LIB_RUNTIME_TOKENIZER_UNICODE_H
