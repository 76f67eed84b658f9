//===- GoldenTest.cpp - The ids of the tokenizers library -----------------===//

#include "TokenizerTestSupport.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Process.h"

#include <cstdlib>

using namespace attune;
using namespace attune::test;
using namespace llvm;

namespace {

std::vector<int64_t> integers(const json::Array *array) {
  std::vector<int64_t> result;
  if (array)
    for (const json::Value &item : *array)
      result.push_back(item.getAsInteger().value_or(-1));
  return result;
}

/// Compares the tokenizer with the rows of a golden file.
void compare(const rt::Tokenizer &tokenizer, StringRef file) {
  Expected<json::Value> golden = json::parse(readText(goldenPath(file)));
  ASSERT_TRUE(bool(golden)) << toString(golden.takeError());
  const json::Array *rows = golden->getAsArray();
  ASSERT_TRUE(rows);
  ASSERT_GE(rows->size(), 250u);
  size_t truncated = 0;
  for (const json::Value &item : *rows) {
    const json::Object *row = item.getAsObject();
    ASSERT_TRUE(row);
    std::string text;
    if (std::optional<StringRef> plain = row->getString("text"))
      text = plain->str();
    else
      text = fromHex(row->getString("hex").value_or(""));
    size_t maxLength = row->getInteger("max_length").value_or(1 << 20);
    std::vector<int64_t> ids = integers(row->getArray("ids"));
    std::vector<int64_t> types = integers(row->getArray("type_ids"));
    types.resize(ids.size());

    rt::Tokenizer::Encoding encoding = tokenizer.encode(text, maxLength);
    EXPECT_EQ(encoding.ids, ids)
        << "text: " << textOf(json::fixUTF8(text)) << ", hex " << toHex(text);
    EXPECT_EQ(encoding.typeIds, types) << textOf(json::fixUTF8(text));
    if (encoding.truncated) {
      ++truncated;
      EXPECT_EQ(encoding.ids.size(), maxLength);
    }
  }
  // Where a text is one word it may be one token, which only no room cuts.
  EXPECT_GE(truncated, 1u);
}

class Golden : public testing::TestWithParam<const char *> {};

TEST_P(Golden, AgreesWithTheLibrary) {
  std::string name = GetParam();
  OpenTokenizer open = openDirectory(goldenPath(name), 0);
  ASSERT_TRUE(open.tokenizer);
  compare(*open.tokenizer, name + ".golden.json");
}

INSTANTIATE_TEST_SUITE_P(Tokenizers, Golden,
                         testing::ValuesIn(kGoldenNames,
                                           kGoldenNames + kGoldenCount),
                         [](const testing::TestParamInfo<const char *> &info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(MiniLM, AgreesWithTheLibrary) {
  std::string directory = ATTUNE_SOURCE_DIR "/.deps/models/all-MiniLM-L6-v2";
  if (std::optional<std::string> given =
          sys::Process::GetEnv("ATTUNE_MINILM_DIR"))
    directory = *given;
  if (!sys::fs::exists(directory + "/tokenizer.json"))
    GTEST_SKIP() << directory
                 << " has no tokenizer.json; set ATTUNE_MINILM_DIR to a "
                    "directory of all-MiniLM-L6-v2";
  OpenTokenizer open = openDirectory(directory, 512);
  ASSERT_TRUE(open.tokenizer);
  const rt::Tokenizer &tokenizer = *open.tokenizer;
  compare(tokenizer, "minilm.golden.json");
  // The file itself records a truncation to 128 and padding.
  EXPECT_EQ(tokenizer.maxLength(), 256u);
  EXPECT_EQ(tokenizer.padId(), 0);
  EXPECT_EQ(tokenizer.size(), 30522);
  EXPECT_EQ(tokenizer.token(101), "[CLS]");
  EXPECT_EQ(tokenizer.token(30521), "##\xEF\xBD\x9E");
  EXPECT_EQ(tokenizer.token(30522), "");
  EXPECT_EQ(tokenizer.token(-1), "");
  std::string words;
  for (int i = 0; i < 400; ++i)
    words += "word ";
  rt::Tokenizer::Encoding encoding = tokenizer.encode(words);
  EXPECT_EQ(encoding.ids.size(), 256u);
  EXPECT_EQ(encoding.ids.back(), 102);
  EXPECT_TRUE(encoding.truncated);
}

} // namespace
