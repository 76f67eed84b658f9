//===- Text.cpp - Small text helpers of the runtime -----------------------===//
#include "attune/Runtime/Text.h"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

namespace attune::rt {

std::string format(const char *pattern, ...) {
  va_list list, again;
  va_start(list, pattern);
  va_copy(again, list);
  int length = vsnprintf(nullptr, 0, pattern, list);
  va_end(list);
  std::string text(length > 0 ? size_t(length) : 0, '\0');
  if (length > 0)
    vsnprintf(text.data(), text.size() + 1, pattern, again);
  va_end(again);
  return text;
}

namespace {

/// The range that the second byte after `lead` must be in, and how many bytes
/// follow `lead`; 0 bytes: not the start of a sequence.
struct Sequence {
  int following;
  uint8_t low, high;
};

Sequence sequenceOf(uint8_t lead) {
  if (lead >= 0xc2 && lead <= 0xdf)
    return {1, 0x80, 0xbf};
  if (lead == 0xe0)
    return {2, 0xa0, 0xbf};
  if (lead == 0xed)
    return {2, 0x80, 0x9f};
  if (lead >= 0xe1 && lead <= 0xef)
    return {2, 0x80, 0xbf};
  if (lead == 0xf0)
    return {3, 0x90, 0xbf};
  if (lead >= 0xf1 && lead <= 0xf3)
    return {3, 0x80, 0xbf};
  if (lead == 0xf4)
    return {3, 0x80, 0x8f};
  return {0, 0, 0};
}

} // namespace

std::string repairUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    uint8_t lead = uint8_t(text[i]);
    if (lead < 0x80) {
      out += text[i++];
      continue;
    }
    Sequence sequence = sequenceOf(lead);
    size_t end = i + 1;
    uint8_t low = sequence.low, high = sequence.high;
    int left = sequence.following;
    while (left && end < text.size() && uint8_t(text[end]) >= low &&
           uint8_t(text[end]) <= high) {
      ++end;
      --left;
      low = 0x80;
      high = 0xbf;
    }
    if (sequence.following && !left)
      out.append(text.substr(i, end - i));
    else
      out += "\xef\xbf\xbd";
    i = end;
  }
  return out;
}

/// The white space characters of Python's str.isspace(), in UTF-8.
static constexpr std::string_view spaces[] = {"\t",           "\n",
                                              "\v",           "\f",
                                              "\r",           "\x1c",
                                              "\x1d",         "\x1e",
                                              "\x1f",         " ",
                                              "\xc2\x85",     "\xc2\xa0",
                                              "\xe1\x9a\x80", "\xe2\x80\x80",
                                              "\xe2\x80\x81", "\xe2\x80\x82",
                                              "\xe2\x80\x83", "\xe2\x80\x84",
                                              "\xe2\x80\x85", "\xe2\x80\x86",
                                              "\xe2\x80\x87", "\xe2\x80\x88",
                                              "\xe2\x80\x89", "\xe2\x80\x8a",
                                              "\xe2\x80\xa8", "\xe2\x80\xa9",
                                              "\xe2\x80\xaf", "\xe2\x81\x9f",
                                              "\xe3\x80\x80"};

std::string_view stripSpace(std::string_view text) {
  auto stripOnce = [&] {
    for (std::string_view space : spaces) {
      if (text.starts_with(space)) {
        text.remove_prefix(space.size());
        return true;
      }
      if (text.ends_with(space)) {
        text.remove_suffix(space.size());
        return true;
      }
    }
    return false;
  };
  while (stripOnce()) {
  }
  return text;
}

void appendJsonString(std::string &out, std::string_view text) {
  out += '"';
  for (char c : repairUtf8(text)) {
    switch (c) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      if (uint8_t(c) < 0x20 || c == 0x7f)
        out += format("\\u%04x", unsigned(uint8_t(c)));
      else
        out += c;
    }
  }
  out += '"';
}

void appendJsonNumber(std::string &out, float value) {
  char text[32];
  snprintf(text, sizeof text, "%.9g", double(value));
  out += std::isfinite(value) ? text : "null";
}

void appendJsonNumber(std::string &out, double value) {
  char text[32];
  snprintf(text, sizeof text, "%.17g", value);
  out += std::isfinite(value) ? text : "null";
}

std::string shapeText(const int64_t *dims, size_t rank) {
  std::string text = "[";
  for (size_t i = 0; i < rank; ++i) {
    text += i ? ", " : "";
    text += dims[i] < 0 ? "?" : std::to_string(dims[i]);
  }
  return text + "]";
}

namespace {

/// Levenshtein distance.
size_t editDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t substituted = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({substituted, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

} // namespace

std::string_view nearestWord(std::string_view word,
                             const std::vector<std::string_view> &known) {
  std::string_view best;
  if (word.size() > 64)
    return best;
  // A third of the letters may differ; more would be a guess.
  size_t least = std::max<size_t>(word.size() / 3, 1) + 1;
  for (std::string_view candidate : known) {
    size_t distance = editDistance(word, candidate);
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

bool parseInteger(std::string_view text, int64_t low, int64_t high,
                  int64_t &value) {
  bool negative = !text.empty() && text[0] == '-';
  if (negative)
    text.remove_prefix(1);
  if (text.empty() || text.size() > 18)
    return false;
  int64_t number = 0;
  for (char c : text) {
    if (c < '0' || c > '9')
      return false;
    number = number * 10 + (c - '0');
  }
  number = negative ? -number : number;
  if (number < low || number > high)
    return false;
  value = number;
  return true;
}

} // namespace attune::rt
