//===- Text.h - Small text helpers of the runtime ---------------*- C++ -*-===//
//
// What the runtime needs of text: printf into a string, UTF-8 repair, JSON
// pieces, and the nearest known word to a misspelt one. No iostream.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_RUNTIME_TEXT_H
#define ATTUNE_RUNTIME_TEXT_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace attune::rt {

/// printf into a string.
std::string format(const char *pattern, ...)
    __attribute__((format(printf, 1, 2)));

/// `text` with every maximal ill-formed part replaced by U+FFFD, the way
/// Python's bytes.decode("utf-8", errors="replace") does it.
std::string repairUtf8(std::string_view text);

/// `text` without white space at its ends: what Python's str.strip() takes for
/// it. Parts of ill-formed characters stay.
std::string_view stripSpace(std::string_view text);

/// Appends `text` as a JSON string, quotes included. Ill-formed UTF-8 becomes
/// U+FFFD, control characters are escaped.
void appendJsonString(std::string &out, std::string_view text);

/// Appends a number with the digits that give back the same float; JSON has no
/// word for infinities and NaN, they become null.
void appendJsonNumber(std::string &out, float value);
void appendJsonNumber(std::string &out, double value);

/// "[2, 3, ?]" for extents; negative ones print as "?".
std::string shapeText(const int64_t *dims, size_t rank);

/// The word of `known` that `word` most likely means, "" when none is near.
std::string_view nearestWord(std::string_view word,
                             const std::vector<std::string_view> &known);

/// A whole decimal number of `text` within [low, high]; false otherwise.
bool parseInteger(std::string_view text, int64_t low, int64_t high,
                  int64_t &value);

} // namespace attune::rt

#endif // ATTUNE_RUNTIME_TEXT_H
