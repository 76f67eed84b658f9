//===- TextTest.cpp - UTF-8, JSON, names and numbers ----------------------===//
#include "attune/Runtime/Text.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

using namespace attune::rt;

namespace {

std::string json(std::string_view text) {
  std::string out;
  appendJsonString(out, text);
  return out;
}

template <typename T> std::string jsonNumber(T value) {
  std::string out;
  appendJsonNumber(out, value);
  return out;
}

TEST(Text, Format) {
  EXPECT_EQ(format("%d-%s", 7, "x"), "7-x");
  EXPECT_EQ(format("%s", std::string(5000, 'a').c_str()),
            std::string(5000, 'a'));
  EXPECT_EQ(format("%s", ""), "");
}

TEST(Text, RepairsUtf8LikePython) {
  // b.decode("utf-8", errors="replace") in Python 3.
  const char *bad = "\xef\xbf\xbd";
  auto times = [&](int count) {
    std::string out;
    for (int i = 0; i < count; ++i)
      out += bad;
    return out;
  };
  EXPECT_EQ(repairUtf8("plain \xc3\xa9 \xe4\xb8\xad \xf0\x9f\x98\x80"),
            "plain \xc3\xa9 \xe4\xb8\xad \xf0\x9f\x98\x80");
  EXPECT_EQ(repairUtf8("a\xff"), "a" + times(1));
  EXPECT_EQ(repairUtf8("\x80\x80"), times(2));
  EXPECT_EQ(repairUtf8("\xe4\xb8"), times(1));
  EXPECT_EQ(repairUtf8("\xe4\xb8x"), times(1) + "x");
  EXPECT_EQ(repairUtf8("\xf0\x9f\x98"), times(1));
  EXPECT_EQ(repairUtf8("\xc0\xaf"), times(2));         // over-long
  EXPECT_EQ(repairUtf8("\xe0\x80\xaf"), times(3));     // over-long
  EXPECT_EQ(repairUtf8("\xed\xa0\x80"), times(3));     // a surrogate
  EXPECT_EQ(repairUtf8("\xf4\x90\x80\x80"), times(4)); // above U+10FFFF
  EXPECT_EQ(repairUtf8("\xf5"), times(1));
  EXPECT_EQ(repairUtf8(std::string_view("a\0b", 3)), std::string("a\0b", 3));
}

TEST(Text, StripsSpaceAsPythonDoes) {
  EXPECT_EQ(stripSpace(""), "");
  EXPECT_EQ(stripSpace(" \t\n\v\f\r\x1c\x1d\x1e\x1f"), "");
  EXPECT_EQ(stripSpace("  a  b "), "a  b");
  // U+0085, U+00A0, U+1680, U+2003, U+2028, U+202F, U+205F, U+3000
  EXPECT_EQ(stripSpace("\xc2\x85\xc2\xa0\xe1\x9a\x80\xe2\x80\x83x\xe2\x80\xa8"
                       "\xe2\x80\xaf\xe2\x81\x9f\xe3\x80\x80"),
            "x");
  // No white space: U+00B7, U+200B, U+2060, U+FEFF, and lone bytes.
  for (const char *text : {"\xc2\xb7", "\xe2\x80\x8b", "\xe2\x81\xa0",
                           "\xef\xbb\xbf", "\x85", "\xa0", "\xe2\x80"})
    EXPECT_EQ(stripSpace(text), text);
}

TEST(Text, JsonStrings) {
  EXPECT_EQ(json("a \"b\" \\ /"), "\"a \\\"b\\\" \\\\ /\"");
  EXPECT_EQ(json("\n\r\t"), "\"\\n\\r\\t\"");
  EXPECT_EQ(json(std::string_view("\0\x1f\x7f", 3)),
            "\"\\u0000\\u001f\\u007f\"");
  EXPECT_EQ(json("\xe4\xb8\xad\xff"), "\"\xe4\xb8\xad\xef\xbf\xbd\"");
}

TEST(Text, JsonNumbers) {
  EXPECT_EQ(jsonNumber(0.5f), "0.5");
  EXPECT_EQ(jsonNumber(-0.0f), "-0");
  EXPECT_EQ(jsonNumber(std::numeric_limits<float>::infinity()), "null");
  EXPECT_EQ(jsonNumber(std::nanf("")), "null");
  for (float value : {0.1f, 1e-45f, 3.4028235e38f, 1.0f / 3})
    EXPECT_EQ(strtof(jsonNumber(value).c_str(), nullptr), value);
  for (double value : {0.1, 1e-320, 1.0 / 3})
    EXPECT_EQ(strtod(jsonNumber(value).c_str(), nullptr), value);
}

TEST(Text, Shapes) {
  int64_t dims[] = {2, -1, 384};
  EXPECT_EQ(shapeText(dims, 3), "[2, ?, 384]");
  EXPECT_EQ(shapeText(dims, 0), "[]");
}

TEST(Text, NearestWord) {
  EXPECT_EQ(nearestWord("--fromat", {"--format", "--output"}), "--format");
  EXPECT_EQ(nearestWord("embd", {"run", "embed", "bench"}), "embed");
  EXPECT_EQ(nearestWord("xyz", {"run", "embed", "bench"}), "");
  EXPECT_EQ(nearestWord(std::string(100000, 'a'), {"run"}), "");
}

TEST(Text, Integers) {
  int64_t value = -1;
  EXPECT_TRUE(parseInteger("42", 0, 100, value));
  EXPECT_EQ(value, 42);
  EXPECT_TRUE(parseInteger("-3", -5, 5, value));
  EXPECT_EQ(value, -3);
  for (const char *bad : {"", "-", "x", "1x", " 1", "1 ", "+1", "1e3", "101",
                          "99999999999999999999"})
    EXPECT_FALSE(parseInteger(bad, 0, 100, value)) << bad;
  EXPECT_EQ(value, -3);
}

} // namespace
