//===- AddedTokens.cpp - Tokens that are found in the text itself ---------===//
#include "AddedTokens.h"
#include "Unicode.h"

#include <algorithm>

namespace attune::rt {

using namespace image;

void AddedTokens::add(std::u32string pattern, uint32_t id, uint32_t flags) {
  if (!pattern.empty())
    entries.push_back({std::move(pattern), id, flags});
}

void AddedTokens::finish() {
  std::sort(entries.begin(), entries.end(), [](const Entry &a, const Entry &b) {
    int order = a.pattern.compare(b.pattern);
    return order != 0 ? order < 0 : a.id < b.id;
  });
  for (const Entry &entry : entries) {
    char32_t first = entry.pattern.front();
    if (first < asciiStarts.size())
      asciiStarts[first] = true;
    else
      otherStarts = true;
  }
}

const AddedTokens::Entry *AddedTokens::longestAt(std::u32string_view text,
                                                 size_t at) const {
  // The entries that agree with the text so far are a range, and the first of
  // it is the one that is complete, if any is.
  auto low = entries.begin(), high = entries.end();
  const Entry *found = nullptr;
  for (size_t depth = 0; at + depth < text.size() && low != high; ++depth) {
    char32_t c = text[at + depth];
    low = std::lower_bound(low, high, c, [&](const Entry &entry, char32_t c) {
      return entry.pattern.size() <= depth || entry.pattern[depth] < c;
    });
    high = std::upper_bound(low, high, c, [&](char32_t c, const Entry &entry) {
      return c < entry.pattern[depth];
    });
    if (low != high && low->pattern.size() == depth + 1)
      found = &*low;
  }
  return found;
}

std::vector<AddedTokens::Part>
AddedTokens::split(std::u32string_view text) const {
  std::vector<Part> parts;
  size_t done = 0;
  for (size_t at = 0; at < text.size() && !entries.empty();) {
    const Entry *entry = mayStart(text[at]) ? longestAt(text, at) : nullptr;
    if (!entry) {
      ++at;
      continue;
    }
    size_t begin = at, end = at + entry->pattern.size();
    at = end;
    if (entry->flags & SingleWord)
      if ((begin > 0 && isWord(text[begin - 1])) ||
          (end < text.size() && isWord(text[end])))
        continue;
    if (entry->flags & LeftStrip) {
      while (begin > done && isWhitespace(text[begin - 1]))
        --begin;
      begin = std::max(begin, done);
    }
    if (entry->flags & RightStrip)
      while (end < text.size() && isWhitespace(text[end]))
        ++end;
    if (done < begin)
      parts.push_back({none, done, begin});
    parts.push_back({entry->id, begin, end});
    done = end;
  }
  if (done < text.size())
    parts.push_back({none, done, text.size()});
  return parts;
}

void openAddedTokens(const Image &image, const NormalizerList &normalizers,
                     AddedTokens &original, AddedTokens &normalized) {
  size_t count = image.count<AddedToken>(Section::AddedTokens);
  for (size_t i = 0; i < count; ++i) {
    AddedToken token = image.get<AddedToken>(Section::AddedTokens, i);
    if (image.checkedId(token.id) == none || token.textBytes > maxTokenBytes)
      continue;
    NormalText text;
    text.chars = decodeUtf8(image.text(token.text, token.textBytes));
    bool inNormalized = token.flags & Normalized;
    if (inNormalized)
      applyAll(normalizers, text);
    (inNormalized ? normalized : original)
        .add(std::move(text.chars), token.id, token.flags);
  }
  original.finish();
  normalized.finish();
}

} // namespace attune::rt
