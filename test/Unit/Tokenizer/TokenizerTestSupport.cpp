//===- TokenizerTestSupport.cpp - Tokenizers made for tests ---------------===//

#include "TokenizerTestSupport.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace attune::test {

const char *const kGoldenNames[] = {
    "albert",          "bare-wordpiece", "byte-bpe",    "byte-unigram",
    "cased-wordpiece", "llama",          "plain-bytes", "prefix-bpe",
    "roberta",         "suffix-bpe",     "xlm-roberta",
};
const size_t kGoldenCount = std::size(kGoldenNames);

std::string goldenPath(StringRef file) {
  return (ATTUNE_SOURCE_DIR "/test/EndToEnd/golden/tokenizer/" + file).str();
}

std::string readText(StringRef path) {
  auto buffer = MemoryBuffer::getFile(path);
  if (!buffer) {
    ADD_FAILURE() << path.str() << ": " << buffer.getError().message();
    return "";
  }
  return (*buffer)->getBuffer().str();
}

json::Value tinyTokenizer() {
  return cantFail(json::parse(R"({
    "version": "1.0",
    "added_tokens": [
      {"id": 0, "content": "[PAD]", "special": true, "normalized": false},
      {"id": 1, "content": "[UNK]", "special": true, "normalized": false},
      {"id": 2, "content": "[CLS]", "special": true, "normalized": false},
      {"id": 3, "content": "[SEP]", "special": true, "normalized": false}],
    "normalizer": {"type": "BertNormalizer", "clean_text": true,
      "handle_chinese_chars": true, "strip_accents": null, "lowercase": true},
    "pre_tokenizer": {"type": "BertPreTokenizer"},
    "post_processor": {"type": "TemplateProcessing",
      "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}},
                 {"Sequence": {"id": "A", "type_id": 0}},
                 {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
      "pair": [],
      "special_tokens": {
        "[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]},
        "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}}},
    "model": {"type": "WordPiece", "unk_token": "[UNK]",
      "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
      "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "a": 4,
                "b": 5, "##b": 6, "##a": 7, "ab": 8, ".": 9, "##bab": 10}}
  })"));
}

std::string textOf(const json::Value &value) {
  std::string text;
  raw_string_ostream(text) << value;
  return text;
}

static OpenTokenizer openImage(Expected<std::string> image) {
  if (!image) {
    ADD_FAILURE() << toString(image.takeError());
    return {};
  }
  OpenTokenizer result;
  result.image = std::move(*image);
  std::string error;
  result.tokenizer =
      rt::Tokenizer::open(result.image.data(), result.image.size(), error);
  EXPECT_TRUE(result.tokenizer) << error;
  return result;
}

OpenTokenizer openText(StringRef json) {
  Expected<TokenizerSpec> spec = parseTokenizerJSON(json, "tokenizer.json");
  if (!spec) {
    ADD_FAILURE() << toString(spec.takeError());
    return {};
  }
  return openImage(serializeTokenizer(*spec));
}

OpenTokenizer openDirectory(StringRef directory, size_t maxPositions) {
  return openImage(buildTokenizerImage(directory, maxPositions));
}

void exercise(const rt::Tokenizer &tokenizer) {
  static const std::string kTexts[] = {
      "",
      "a",
      "The quick brown fox doesn't jump 12 times. [MASK] <mask> whole",
      "caf\xC3\xA9 e\xCC\x81\xCC\xA7 \xE4\xB8\xAD\xE6\x96\x87 \xF0\x9F\x98\x80"
      "\xE2\x80\x8D \xE2\x96\x81x \xEF\xBC\xA1\xEF\xAC\x81",
      "\xFF\xC3(\xE2\x82\x00\xF4\x90\x80\x80 \t\r\n\x01",
      std::string(300, 'a'),
  };
  for (const std::string &text : kTexts)
    for (size_t maxLength : {size_t(0), size_t(1), size_t(7), size_t(1000)}) {
      rt::Tokenizer::Encoding encoding = tokenizer.encode(text, maxLength);
      ASSERT_EQ(encoding.ids.size(), encoding.typeIds.size());
      if (maxLength != 0)
        ASSERT_LE(encoding.ids.size(), maxLength);
      for (int64_t id : encoding.ids) {
        ASSERT_GE(id, 0);
        ASSERT_LT(id, tokenizer.size());
        ASSERT_LE(tokenizer.token(id).size(), size_t(1) << 31);
      }
    }
}

ScratchDirectory::ScratchDirectory() {
  SmallString<128> path;
  if (std::error_code error =
          sys::fs::createUniqueDirectory("attune-tokenizer", path))
    ADD_FAILURE() << error.message();
  root = std::string(path);
}

ScratchDirectory::~ScratchDirectory() { sys::fs::remove_directories(root); }

void ScratchDirectory::write(StringRef file, StringRef content) const {
  SmallString<128> path(root);
  sys::path::append(path, file);
  std::error_code error;
  raw_fd_ostream out(path, error);
  ASSERT_FALSE(error) << error.message();
  out << content;
}

} // namespace attune::test
