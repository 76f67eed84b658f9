//===- UnicodeTest.cpp - Every code point's answers -----------------------===//
//
// The digests are the library's over all code points, made by
// scripts/golden/make_tokenizer_models.py. A difference means that utf8proc has
// another version than the one UnicodeDelta.inc was made for.
//
//===----------------------------------------------------------------------===//

#include "Unicode.h"
#include "TokenizerTestSupport.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace attune;
using namespace attune::test;
using namespace llvm;

namespace {

struct Digest {
  uint64_t value = 0xCBF29CE484222325u;
  void add(StringRef bytes) {
    for (unsigned char byte : bytes)
      value = (value ^ byte) * 0x100000001B3u;
  }
};

const json::Object &golden() {
  static const json::Value value = [] {
    Expected<json::Value> parsed =
        json::parse(readText(goldenPath("unicode.golden.json")));
    return parsed ? std::move(*parsed)
                  : (consumeError(parsed.takeError()),
                     json::Value(json::Object()));
  }();
  static const json::Object none;
  const json::Object *object = value.getAsObject();
  return object ? *object : none;
}

void expectDigest(StringRef name, const Digest &digest) {
  EXPECT_EQ(utohexstr(digest.value, /*LowerCase=*/true, /*Width=*/16),
            golden().getString(name).value_or("no digest").str())
      << name.str()
      << ": make UnicodeDelta.inc again with "
         "scripts/golden/make_unicode_delta.py for this version of utf8proc";
}

void forEachCodePoint(function_ref<void(char32_t)> use) {
  for (char32_t c = 0; c < 0x110000; ++c)
    if (c < 0xD800 || c > 0xDFFF)
      use(c);
}

void question(StringRef name, function_ref<bool(char32_t)> ask) {
  Digest digest;
  forEachCodePoint([&](char32_t c) { digest.add(ask(c) ? "1" : "0"); });
  expectDigest(name, digest);
}

void mapping(StringRef name, function_ref<std::u32string(std::u32string)> map) {
  Digest digest;
  std::string utf8;
  forEachCodePoint([&](char32_t c) {
    utf8.clear();
    rt::appendUtf8(utf8, map(std::u32string(1, c)));
    utf8.push_back('\0');
    digest.add(utf8);
  });
  expectDigest(name, digest);
}

TEST(Unicode, Questions) {
  question("clean_text", [](char32_t c) {
    return c == 0xFFFD ||
           (rt::isOther(c) && c != '\t' && c != '\n' && c != '\r');
  });
  question("punctuation", rt::isPunctuation);
  question("whitespace", rt::isWhitespace);
  question("combining_mark", rt::isCombiningMark);
  question("chinese", rt::isChinese);
  question("letter", rt::isLetter);
  question("number", rt::isNumber);
  question("numeric", rt::isNumeric);
  question("word", rt::isWord);
}

TEST(Unicode, Mappings) {
  mapping("lowercase", [](std::u32string text) {
    std::u32string out;
    for (char32_t c : text)
      rt::appendLower(out, c);
    return out;
  });
  mapping("nfd_without_marks", [](std::u32string text) {
    std::u32string out;
    for (char32_t c : rt::normalize(text, rt::NormalForm::D))
      if (!rt::isNonspacingMark(c))
        out.push_back(c);
    return out;
  });
  const std::pair<const char *, rt::NormalForm> forms[] = {
      {"nfd", rt::NormalForm::D},
      {"nfkd", rt::NormalForm::KD},
      {"nfc", rt::NormalForm::C},
      {"nfkc", rt::NormalForm::KC}};
  for (auto [name, form] : forms)
    mapping(name, [form = form](std::u32string text) {
      return rt::normalize(text, form);
    });
}

TEST(Unicode, MarksInEveryOrder) {
  const json::Array *marks = golden().getArray("marks");
  ASSERT_TRUE(marks);
  const std::pair<const char *, rt::NormalForm> forms[] = {
      {"pairs_nfd", rt::NormalForm::D},
      {"pairs_nfc", rt::NormalForm::C},
      {"pairs_nfkc", rt::NormalForm::KC}};
  for (auto [name, form] : forms) {
    Digest digest;
    for (const json::Value &first : *marks)
      for (const json::Value &second : *marks) {
        char32_t a = char32_t(first.getAsInteger().value_or(0));
        char32_t b = char32_t(second.getAsInteger().value_or(0));
        std::string utf8;
        rt::appendUtf8(
            utf8,
            rt::normalize(std::u32string{U'a', a, b, U'\u30AB', a}, form));
        utf8.push_back('\0');
        digest.add(utf8);
      }
    expectDigest(name, digest);
  }
}

TEST(Unicode, IllFormedText) {
  const std::pair<std::string, std::u32string> cases[] = {
      {"\xC3\xA9", U"\u00E9"},
      {"\xF4\x8F\xBF\xBF", U"\U0010FFFF"},
      {std::string("\0a", 2), std::u32string(U"\0a", 2)},
      {"\x80", U"\uFFFD"},
      {"\xC0\xAF", U"\uFFFD\uFFFD"},
      {"a\xC3", U"a\uFFFD"},
      {"\xE2\x82", U"\uFFFD"},
      {"\xE2\x82z", U"\uFFFDz"},
      {"\xE0\x80\x80", U"\uFFFD\uFFFD\uFFFD"},
      {"\xED\xA0\x80", U"\uFFFD\uFFFD\uFFFD"},
      {"\xF0\x9F\x98", U"\uFFFD"},
      {"\xF0\x80\x80", U"\uFFFD\uFFFD\uFFFD"},
      {"\xF4\x90\x80\x80", U"\uFFFD\uFFFD\uFFFD\uFFFD"},
      {"\xFF\xFE", U"\uFFFD\uFFFD"},
  };
  for (const auto &[bytes, expected] : cases)
    EXPECT_TRUE(rt::decodeUtf8(bytes) == expected) << toHex(bytes);
}

} // namespace
