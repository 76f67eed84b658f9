//===- FilesTest.cpp - What a directory's files say -----------------------===//

#include "TokenizerTestSupport.h"
#include "attune/Support/Error.h"

using namespace attune;
using namespace attune::test;
using namespace llvm;

namespace {

using Ids = std::vector<int64_t>;

/// The message of a directory that has no usable tokenizer.
std::string messageOf(const ScratchDirectory &directory) {
  Expected<std::string> image = buildTokenizerImage(directory.path(), 0);
  return image ? "no error" : toString(image.takeError());
}

TEST(Directory, WithoutTokenizer) {
  ScratchDirectory directory;
  EXPECT_NE(messageOf(directory).find("expected tokenizer.json, or vocab.txt"),
            std::string::npos);
}

TEST(Directory, MaxLength) {
  auto maxLength = [](StringRef tokenizerConfig, StringRef sentenceConfig,
                      size_t positions) {
    ScratchDirectory directory;
    directory.write("tokenizer.json", textOf(tinyTokenizer()));
    if (!tokenizerConfig.empty())
      directory.write("tokenizer_config.json", tokenizerConfig);
    if (!sentenceConfig.empty())
      directory.write("sentence_bert_config.json", sentenceConfig);
    OpenTokenizer open = openDirectory(directory.path(), positions);
    return open.tokenizer ? open.tokenizer->maxLength() : size_t(-1);
  };
  EXPECT_EQ(maxLength("", "", 0), 0u);
  EXPECT_EQ(maxLength("", "", 512), 512u);
  EXPECT_EQ(maxLength(R"({"model_max_length": 128})", "", 512), 128u);
  EXPECT_EQ(maxLength(R"({"model_max_length": 1024})", "", 512), 512u);
  EXPECT_EQ(maxLength(R"({"model_max_length": 1e30})", "", 512), 512u);
  EXPECT_EQ(maxLength(R"({"model_max_length": 512})",
                      R"({"max_seq_length": 256})", 512),
            256u);
  EXPECT_EQ(maxLength(R"({"model_max_length": 128})",
                      R"({"max_seq_length": 256})", 512),
            256u);
  EXPECT_EQ(maxLength("", R"({"max_seq_length": null})", 512), 512u);
  EXPECT_EQ(maxLength("", R"({"max_seq_length": 4096})", 512), 512u);
}

TEST(Directory, PaddingOfTheFileIsNotUsed) {
  ScratchDirectory directory;
  json::Value value = tinyTokenizer();
  (*value.getAsObject())["truncation"] = cantFail(json::parse(
      R"({"max_length": 4, "strategy": "LongestFirst", "stride": 0})"));
  (*value.getAsObject())["padding"] = cantFail(json::parse(
      R"({"strategy": {"Fixed": 9}, "direction": "Right", "pad_id": 3,
          "pad_type_id": 0, "pad_token": "[SEP]"})"));
  directory.write("tokenizer.json", textOf(value));
  OpenTokenizer open = openDirectory(directory.path(), 0);
  ASSERT_TRUE(open.tokenizer);
  EXPECT_EQ(open.tokenizer->encode("a b a b a").ids,
            (Ids{2, 4, 5, 4, 5, 4, 3}));
  EXPECT_EQ(open.tokenizer->padId(), 3);
  // tokenizer_config.json names the token.
  directory.write("tokenizer_config.json", R"({"pad_token": "[PAD]"})");
  EXPECT_EQ(openDirectory(directory.path(), 0).tokenizer->padId(), 0);
  directory.write("tokenizer_config.json",
                  R"({"pad_token": {"content": "[UNK]", "lstrip": false}})");
  EXPECT_EQ(openDirectory(directory.path(), 0).tokenizer->padId(), 1);
}

TEST(Directory, BertVocabulary) {
  ScratchDirectory directory;
  directory.write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nb\n##b\n##a\n"
                               "ab\n.\n##bab\n");
  OpenTokenizer fromFile = openText(textOf(tinyTokenizer()));
  OpenTokenizer open = openDirectory(directory.path(), 0);
  ASSERT_TRUE(open.tokenizer && fromFile.tokenizer);
  for (StringRef text : {"", "ab AB \xC3\x80.", "abab [SEP] bab[UNK]x", "b.b"})
    EXPECT_EQ(open.tokenizer->encode(text).ids,
              fromFile.tokenizer->encode(text).ids);
  EXPECT_EQ(open.tokenizer->size(), 11);

  directory.write("tokenizer_config.json", R"({"do_lower_case": false})");
  OpenTokenizer cased = openDirectory(directory.path(), 0);
  EXPECT_EQ(cased.tokenizer->encode("ab AB").ids, (Ids{2, 8, 1, 3}));
  // Windows' line ends, no line end after the last, other special tokens.
  directory.write("vocab.txt", "<u>\r\n<c>\r\n<s>\r\na\r\nb");
  directory.write("tokenizer_config.json",
                  R"({"unk_token": "<u>", "cls_token": {"content": "<c>"},
                      "sep_token": "<s>"})");
  OpenTokenizer other = openDirectory(directory.path(), 0);
  ASSERT_TRUE(other.tokenizer);
  EXPECT_EQ(other.tokenizer->encode("a x b").ids, (Ids{1, 3, 0, 4, 2}));
}

TEST(Directory, BadBertVocabulary) {
  ScratchDirectory directory;
  directory.write("vocab.txt", "a\nb\n");
  EXPECT_NE(messageOf(directory).find("unk_token '[UNK]' is not in"),
            std::string::npos);
  directory.write("vocab.txt", "[UNK]\n\xFF\n");
  EXPECT_NE(messageOf(directory).find("expected UTF-8"), std::string::npos);
  directory.write("vocab.txt", "");
  EXPECT_NE(messageOf(directory).find("not in the vocabulary"),
            std::string::npos);
}

TEST(Directory, RobertaVocabulary) {
  // The files that the golden tokenizer would be saved as by older programs.
  json::Value value =
      cantFail(json::parse(readText(goldenPath("roberta/tokenizer.json"))));
  const json::Object &model = *value.getAsObject()->getObject("model");
  json::Object vocabulary = *model.getObject("vocab");
  vocabulary["<mask>"] = int64_t(vocabulary.size());
  std::string merges = "#version: 0.2\n";
  for (const json::Value &merge : *model.getArray("merges"))
    merges += ((*merge.getAsArray())[0].getAsString()->str() + " " +
               (*merge.getAsArray())[1].getAsString()->str() + "\n");
  ScratchDirectory directory;
  directory.write("vocab.json", textOf(std::move(vocabulary)));
  directory.write("merges.txt", merges);
  OpenTokenizer open = openDirectory(directory.path(), 0);
  OpenTokenizer golden = openDirectory(goldenPath("roberta"), 0);
  ASSERT_TRUE(open.tokenizer && golden.tokenizer);
  EXPECT_EQ(open.tokenizer->padId(), 1);
  for (StringRef text : {"", "The quick <mask> fox's", " caf\xC3\xA9  12 <s>",
                         "\xF0\x9F\x98\x80 \xE4\xB8\xAD"})
    EXPECT_EQ(open.tokenizer->encode(text).ids,
              golden.tokenizer->encode(text).ids);
  directory.write("merges.txt", "#version: 0.2\nT h e\n");
  EXPECT_NE(messageOf(directory).find("merges.txt:2: expected two tokens"),
            std::string::npos);
  directory.write("merges.txt", "no such\n");
  EXPECT_NE(messageOf(directory).find("'no' is not in the vocabulary"),
            std::string::npos);
}

TEST(Directory, SettingsThatAreNotSupported) {
  ScratchDirectory directory;
  directory.write("tokenizer.json", textOf(tinyTokenizer()));
  directory.write("tokenizer_config.json", R"({"truncation_side": "left"})");
  EXPECT_NE(messageOf(directory).find("truncation_side 'left'"),
            std::string::npos);
  directory.write("tokenizer_config.json", R"({"model_max_length": "long"})");
  EXPECT_NE(messageOf(directory).find("model_max_length: expected a number"),
            std::string::npos);
  directory.write("tokenizer_config.json", "[]");
  EXPECT_NE(messageOf(directory).find("expected a JSON object"),
            std::string::npos);
  directory.write("tokenizer_config.json", "{}");
  directory.write("sentence_bert_config.json", R"({"max_seq_length": -3})");
  EXPECT_NE(messageOf(directory).find("max_seq_length"), std::string::npos);
  // The tokenizer makes lower case anyhow.
  directory.write("sentence_bert_config.json", R"({"do_lower_case": true})");
  EXPECT_EQ(messageOf(directory), "no error");
  json::Value cased = tinyTokenizer();
  (*cased.getAsObject()->getObject("normalizer"))["lowercase"] = false;
  directory.write("tokenizer.json", textOf(cased));
  EXPECT_NE(messageOf(directory).find("do_lower_case true"), std::string::npos);
}

} // namespace
