//===- Unicode.cpp - What tokenizers ask about characters -----------------===//
#include "Unicode.h"
#include "UnicodeTables.h"

#include <utf8proc.h>

namespace attune::rt {

namespace {

#include "UnicodeDelta.inc"

constexpr uint32_t bit(int category) { return 1u << category; }

constexpr uint32_t letters =
    bit(UTF8PROC_CATEGORY_LU) | bit(UTF8PROC_CATEGORY_LL) |
    bit(UTF8PROC_CATEGORY_LT) | bit(UTF8PROC_CATEGORY_LM) |
    bit(UTF8PROC_CATEGORY_LO);
constexpr uint32_t marks = bit(UTF8PROC_CATEGORY_MN) |
                           bit(UTF8PROC_CATEGORY_MC) |
                           bit(UTF8PROC_CATEGORY_ME);
constexpr uint32_t numbers = bit(UTF8PROC_CATEGORY_ND) |
                             bit(UTF8PROC_CATEGORY_NL) |
                             bit(UTF8PROC_CATEGORY_NO);
constexpr uint32_t punctuation =
    bit(UTF8PROC_CATEGORY_PC) | bit(UTF8PROC_CATEGORY_PD) |
    bit(UTF8PROC_CATEGORY_PS) | bit(UTF8PROC_CATEGORY_PE) |
    bit(UTF8PROC_CATEGORY_PI) | bit(UTF8PROC_CATEGORY_PF) |
    bit(UTF8PROC_CATEGORY_PO);
constexpr uint32_t others = bit(UTF8PROC_CATEGORY_CC) |
                            bit(UTF8PROC_CATEGORY_CF) |
                            bit(UTF8PROC_CATEGORY_CO);
constexpr uint32_t words = letters | marks | bit(UTF8PROC_CATEGORY_ND) |
                           bit(UTF8PROC_CATEGORY_NL) |
                           bit(UTF8PROC_CATEGORY_PC);

bool inCategories(char32_t c, uint32_t categories) {
  return categories >> utf8proc_category(int32_t(c)) & 1;
}

bool isAsciiLetter(char32_t c) { return (c | 0x20) - U'a' < 26; }
bool isAsciiDigit(char32_t c) { return c - U'0' < 10; }

} // namespace

std::u32string decodeUtf8(std::string_view utf8) {
  std::u32string out;
  out.reserve(utf8.size());
  size_t size = utf8.size();
  auto byte = [&](size_t i) { return static_cast<unsigned char>(utf8[i]); };
  for (size_t i = 0; i < size;) {
    unsigned lead = byte(i++);
    if (lead < 0x80) {
      out.push_back(lead);
      continue;
    }
    // How many bytes follow, and the range of the first of them, which rules
    // out overlong forms, surrogates and values beyond U+10FFFF.
    unsigned more = lead >= 0xC2 && lead < 0xE0   ? 1
                    : lead >= 0xE0 && lead < 0xF0 ? 2
                    : lead >= 0xF0 && lead < 0xF5 ? 3
                                                  : 0;
    unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    char32_t c = lead & (0x3Fu >> more);
    bool valid = more != 0;
    for (unsigned k = 0; valid && k < more; ++k) {
      if (i == size || byte(i) < low || byte(i) > high) {
        valid = false;
        break;
      }
      c = c << 6 | (byte(i++) & 0x3Fu);
      low = 0x80;
      high = 0xBF;
    }
    out.push_back(valid ? c : U'\uFFFD');
  }
  return out;
}

void appendUtf8(std::string &out, char32_t c) {
  if (c < 0x80) {
    out.push_back(char(c));
  } else if (c < 0x800) {
    out.push_back(char(0xC0 | c >> 6));
    out.push_back(char(0x80 | (c & 0x3F)));
  } else if (c < 0x10000) {
    out.push_back(char(0xE0 | c >> 12));
    out.push_back(char(0x80 | (c >> 6 & 0x3F)));
    out.push_back(char(0x80 | (c & 0x3F)));
  } else {
    out.push_back(char(0xF0 | c >> 18));
    out.push_back(char(0x80 | (c >> 12 & 0x3F)));
    out.push_back(char(0x80 | (c >> 6 & 0x3F)));
    out.push_back(char(0x80 | (c & 0x3F)));
  }
}

void appendUtf8(std::string &out, std::u32string_view text) {
  for (char32_t c : text)
    appendUtf8(out, c);
}

bool isOther(char32_t c) {
  if (c < 0x7F)
    return c < 0x20;
  return inCategories(c, others) != contains(kOtherFlips, c);
}

bool isPunctuation(char32_t c) {
  if (c < 0x80)
    return c > 0x20 && c < 0x7F && !isAsciiLetter(c) && !isAsciiDigit(c);
  return inCategories(c, punctuation) != contains(kPunctuationFlips, c);
}

bool isNonspacingMark(char32_t c) {
  if (c < 0x300)
    return false;
  return inCategories(c, bit(UTF8PROC_CATEGORY_MN)) !=
         contains(kNonspacingMarkFlips, c);
}

bool isCombiningMark(char32_t c) {
  if (c < 0x300)
    return false;
  return inCategories(c, marks) != contains(kCombiningMarkFlips, c);
}

bool isWhitespace(char32_t c) {
  if (c < 0x80)
    return c == 0x20 || (c >= 0x09 && c <= 0x0D);
  return c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
         c == 0x202F || c == 0x205F || c == 0x3000;
}

bool isLetter(char32_t c) {
  if (c < 0x80)
    return isAsciiLetter(c);
  return inCategories(c, letters) != contains(kLetterFlips, c);
}

bool isNumber(char32_t c) {
  if (c < 0x80)
    return isAsciiDigit(c);
  return inCategories(c, numbers) != contains(kNumberFlips, c);
}

bool isNumeric(char32_t c) {
  if (c < 0x80)
    return isAsciiDigit(c);
  return inCategories(c, numbers) != contains(kNumericFlips, c);
}

bool isWord(char32_t c) {
  if (c < 0x80)
    return isAsciiLetter(c) || isAsciiDigit(c) || c == U'_';
  bool word = inCategories(c, words) || c == 0x200C || c == 0x200D;
  return word != contains(kWordFlips, c);
}

bool isChinese(char32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) ||
         (c >= 0x20000 && c <= 0x2A6DF) || (c >= 0x2A700 && c <= 0x2B73F) ||
         (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

void appendLower(std::u32string &out, char32_t c) {
  if (c < 0x80) {
    out.push_back(c - U'A' < 26 ? c + 0x20 : c);
    return;
  }
  if (c == 0x130) { // the only lower case of two code points
    out.append(U"i\u0307");
    return;
  }
  for (const LowerRange &range : kLowerRanges) {
    if (c >= range.first && c <= range.last) {
      out.push_back(c + range.distance);
      return;
    }
  }
  out.push_back(utf8proc_tolower(int32_t(c)));
}

bool isGraphemeBreak(char32_t previous, char32_t c, int32_t &state) {
  bool breaks =
      utf8proc_grapheme_break_stateful(int32_t(previous), int32_t(c), &state);
  if (contains(kGraphemeExtendFlips, c))
    return !breaks ||
           utf8proc_category(int32_t(previous)) == UTF8PROC_CATEGORY_CC;
  return breaks;
}

} // namespace attune::rt
