//===- RuntimeTest.cpp - Lengths, templates, long texts -------------------===//

#include "TokenizerTestSupport.h"

#include <thread>

using namespace attune;
using namespace attune::test;
using namespace llvm;

namespace {

using Ids = std::vector<int64_t>;

TEST(Encode, TinyWordPiece) {
  OpenTokenizer open = openText(textOf(tinyTokenizer()));
  ASSERT_TRUE(open.tokenizer);
  const rt::Tokenizer &t = *open.tokenizer;
  EXPECT_EQ(t.encode("").ids, (Ids{2, 3}));
  EXPECT_EQ(t.encode("ab").ids, (Ids{2, 8, 3}));
  EXPECT_EQ(t.encode("AB a").ids, (Ids{2, 8, 4, 3}));
  // Longest match first: a + ##bab, not ab + ##ab.
  EXPECT_EQ(t.encode("abab").ids, (Ids{2, 8, 7, 6, 3}));
  EXPECT_EQ(t.encode("bbab").ids, (Ids{2, 5, 10, 3}));
  // One unknown part makes the word unknown.
  EXPECT_EQ(t.encode("abx.a").ids, (Ids{2, 1, 9, 4, 3}));
  EXPECT_EQ(t.encode("[SEP]a[CLS]").ids, (Ids{2, 3, 4, 2, 3}));
  EXPECT_EQ(t.encode(std::string(100, 'a')).ids.size(), 102u);
  EXPECT_EQ(t.encode(std::string(101, 'a')).ids, (Ids{2, 1, 3}));
}

TEST(Encode, MaxLength) {
  OpenTokenizer open = openText(textOf(tinyTokenizer()));
  ASSERT_TRUE(open.tokenizer);
  const rt::Tokenizer &t = *open.tokenizer;
  EXPECT_EQ(t.maxLength(), 0u);
  EXPECT_EQ(t.encode("a b . a", 5).ids, (Ids{2, 4, 5, 9, 3}));
  EXPECT_TRUE(t.encode("a b . a", 5).truncated);
  EXPECT_EQ(t.encode("a b .", 5).ids, (Ids{2, 4, 5, 9, 3}));
  EXPECT_FALSE(t.encode("a b .", 5).truncated);
  // A word is cut between its tokens.
  EXPECT_EQ(t.encode("abab", 4).ids, (Ids{2, 8, 7, 3}));
  EXPECT_EQ(t.encode("a b", 2).ids, (Ids{2, 3}));
  EXPECT_TRUE(t.encode("a b", 2).truncated);
  EXPECT_FALSE(t.encode("", 2).truncated);
  // Below the number of special tokens.
  EXPECT_EQ(t.encode("a", 1).ids, (Ids{2}));
  EXPECT_TRUE(t.encode("a", 1).truncated);
  EXPECT_TRUE(t.encode("", 1).truncated);
}

TEST(Encode, TemplateTypes) {
  json::Value value = tinyTokenizer();
  auto &post = *value.getAsObject()->getObject("post_processor");
  post["single"] = cantFail(json::parse(
      R"([{"Sequence": {"id": "A", "type_id": 5}},
          {"SpecialToken": {"id": "two", "type_id": 7}}])"));
  post["special_tokens"] =
      cantFail(json::parse(R"({"two": {"id": "two", "ids": [3, 2]}})"));
  OpenTokenizer open = openText(textOf(value));
  ASSERT_TRUE(open.tokenizer);
  rt::Tokenizer::Encoding encoding = open.tokenizer->encode("a b");
  EXPECT_EQ(encoding.ids, (Ids{4, 5, 3, 2}));
  EXPECT_EQ(encoding.typeIds, (Ids{5, 5, 7, 7}));
}

/// U+2A700 and a backslash, escaped in every way.
TEST(Encode, EscapedTokens) {
  std::string text = textOf(tinyTokenizer());
  size_t at = text.find("\"##bab\":10");
  ASSERT_NE(at, std::string::npos);
  text.insert(at, R"("\uD869\uDF00": 11, "\\": 12, "\uD83D\ude00": 13, )"
                  R"("\\ud869\uDF00": 14, )");
  OpenTokenizer open = openText(text);
  ASSERT_TRUE(open.tokenizer);
  const rt::Tokenizer &t = *open.tokenizer;
  EXPECT_EQ(t.token(11), "\xF0\xAA\x9C\x80");
  EXPECT_EQ(t.encode("\xF0\xAA\x9C\x80").ids, (Ids{2, 11, 3}));
  EXPECT_EQ(t.encode("\\").ids, (Ids{2, 12, 3}));
  EXPECT_EQ(t.encode("\xF0\x9F\x98\x80").ids, (Ids{2, 13, 3}));
  EXPECT_EQ(t.token(14), "\\ud869\xEF\xBF\xBD");
}

TEST(Encode, WithoutPostProcessor) {
  json::Value value = tinyTokenizer();
  (*value.getAsObject())["post_processor"] = nullptr;
  OpenTokenizer open = openText(textOf(value));
  ASSERT_TRUE(open.tokenizer);
  EXPECT_EQ(open.tokenizer->encode("a b").ids, (Ids{4, 5}));
  EXPECT_EQ(open.tokenizer->encode("").ids, Ids{});
}

/// Long runs of what takes quadratic time where code is careless: one word,
/// marks to sort, candidates to merge, added tokens that nearly match.
TEST(Encode, LongTexts) {
  std::string marks = "a";
  while (marks.size() < 250000)
    marks += "\xCC\x81\xCC\x96";
  std::string brackets;
  while (brackets.size() < 250000)
    brackets += "[CLS [SE <mas";
  const std::string texts[] = {std::string(250000, 'a'), marks, brackets,
                               std::string(250000, ' '),
                               std::string(250000, '\'')};
  for (size_t i = 0; i < kGoldenCount; ++i) {
    OpenTokenizer open = openDirectory(goldenPath(kGoldenNames[i]), 0);
    ASSERT_TRUE(open.tokenizer);
    for (const std::string &text : texts) {
      rt::Tokenizer::Encoding whole = open.tokenizer->encode(text);
      rt::Tokenizer::Encoding part = open.tokenizer->encode(text, 64);
      EXPECT_EQ(part.ids.size(), std::min<size_t>(whole.ids.size(), 64));
      EXPECT_EQ(part.truncated, whole.ids.size() > 64);
      EXPECT_FALSE(whole.truncated);
    }
  }
}

TEST(Encode, FromSeveralThreads) {
  OpenTokenizer open = openDirectory(goldenPath("albert"), 0);
  ASSERT_TRUE(open.tokenizer);
  const std::string text = "The quick brown fox, caf\xC3\xA9 12345";
  const Ids expected = open.tokenizer->encode(text).ids;
  std::vector<int> equal(4);
  std::vector<std::thread> threads;
  for (int &count : equal)
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i)
        count += open.tokenizer->encode(text).ids == expected;
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(equal, (std::vector<int>{200, 200, 200, 200}));
}

TEST(Image, IsUsedAtAnyAddress) {
  OpenTokenizer open = openDirectory(goldenPath("roberta"), 0);
  ASSERT_TRUE(open.tokenizer);
  const Ids expected = open.tokenizer->encode("the fox's 12 dogs").ids;
  std::string moved(open.image.size() + 8, '\0');
  for (size_t shift = 0; shift < 8; ++shift) {
    moved.replace(shift, open.image.size(), open.image);
    std::string error;
    auto tokenizer =
        rt::Tokenizer::open(moved.data() + shift, open.image.size(), error);
    ASSERT_TRUE(tokenizer) << error;
    EXPECT_EQ(tokenizer->encode("the fox's 12 dogs").ids, expected);
  }
}

TEST(Image, IsTheSameEveryTime) {
  for (size_t i = 0; i < kGoldenCount; ++i)
    EXPECT_EQ(openDirectory(goldenPath(kGoldenNames[i]), 0).image,
              openDirectory(goldenPath(kGoldenNames[i]), 0).image);
}

} // namespace
