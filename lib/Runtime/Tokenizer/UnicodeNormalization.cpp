//===- UnicodeNormalization.cpp - Normal forms ----------------------------===//
//
// The algorithms of Unicode Standard Annex 15 over utf8proc's data for one code
// point. utf8proc's own functions for texts sort combining marks by exchanging
// neighbours, which takes quadratic time on long runs of them, and cannot leave
// out what the `tokenizers` library does not know.
//
//===----------------------------------------------------------------------===//
#include "Unicode.h"
#include "UnicodeTables.h"

#include <algorithm>
#include <utf8proc.h>
#include <vector>

namespace attune::rt {

namespace {

#include "UnicodeDelta.inc"

/// The longest decomposition, of U+FDFA, has 18 code points.
constexpr int maxDecomposition = 32;

int combiningClass(char32_t c) {
  if (c < 0x300)
    return 0;
  int value = utf8proc_get_property(int32_t(c))->combining_class;
  return value != 0 && contains(kStarterFlips, c) ? 0 : value;
}

void appendDecomposition(std::u32string &out, char32_t c, bool compatibility) {
  if (c < 0xA0 || (compatibility ? contains(kNoCompatibilityFlips, c)
                                 : contains(kNoCanonicalFlips, c))) {
    out.push_back(c);
    return;
  }
  int32_t parts[maxDecomposition];
  int boundClass = 0;
  // The library's options are sums of its enumerators.
  // NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange)
  auto options = utf8proc_option_t(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE |
                                   (compatibility ? UTF8PROC_COMPAT : 0));
  ptrdiff_t count = utf8proc_decompose_char(int32_t(c), parts, maxDecomposition,
                                            options, &boundClass);
  if (count <= 0 || count > maxDecomposition) {
    out.push_back(c);
    return;
  }
  for (ptrdiff_t i = 0; i < count; ++i)
    out.push_back(char32_t(parts[i]));
}

/// Sorts each run of combining marks by class, equal classes in their order.
void reorder(std::u32string &text) {
  struct Mark {
    int combining;
    size_t place;
    char32_t c;
    bool operator<(const Mark &other) const {
      return combining != other.combining ? combining < other.combining
                                          : place < other.place;
    }
  };
  std::vector<Mark> run;
  for (size_t begin = 0; begin < text.size();) {
    run.clear();
    bool sorted = true;
    for (size_t i = begin; i < text.size(); ++i) {
      int combining = combiningClass(text[i]);
      if (combining == 0)
        break;
      sorted &= run.empty() || run.back().combining <= combining;
      run.push_back({combining, i, text[i]});
    }
    if (!sorted) {
      std::sort(run.begin(), run.end());
      for (size_t i = 0; i < run.size(); ++i)
        text[begin + i] = run[i].c;
    }
    begin += run.size() + 1;
  }
}

/// The primary composite of two code points, or 0.
char32_t composePair(char32_t a, char32_t b) {
  if (b < 0x300)
    return 0;
  int32_t pair[2] = {int32_t(a), int32_t(b)};
  // NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange)
  auto options = utf8proc_option_t(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  ptrdiff_t count = utf8proc_normalize_utf32(pair, 2, options);
  if (count != 1 || contains(kNoComposeFlips, char32_t(pair[0])))
    return 0;
  return char32_t(pair[0]);
}

/// Composes decomposed and ordered text in place.
void compose(std::u32string &text) {
  constexpr size_t nowhere = size_t(-1);
  size_t out = 0, starter = nowhere;
  int lastClass = 0; // of what was kept after the starter; 0: nothing
  for (char32_t c : text) {
    int combining = combiningClass(c);
    bool adjacent = starter != nowhere && out == starter + 1;
    bool blocked = !adjacent && (combining == 0 || lastClass >= combining);
    if (starter != nowhere && !blocked) {
      if (char32_t composite = composePair(text[starter], c)) {
        text[starter] = composite;
        continue;
      }
    }
    if (combining == 0)
      starter = out;
    lastClass = combining;
    text[out++] = c;
  }
  text.resize(out);
}

} // namespace

std::u32string normalize(std::u32string_view text, NormalForm form) {
  bool compatibility = form == NormalForm::KD || form == NormalForm::KC;
  std::u32string out;
  out.reserve(text.size());
  for (char32_t c : text)
    appendDecomposition(out, c, compatibility);
  reorder(out);
  if (form == NormalForm::C || form == NormalForm::KC)
    compose(out);
  return out;
}

} // namespace attune::rt
