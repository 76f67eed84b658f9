//===- HostileJSONTest.cpp - tokenizer.json files of any content ----------===//

#include "TokenizerTestSupport.h"
#include "attune/Support/Error.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <random>

using namespace attune;
using namespace attune::test;
using namespace llvm;

namespace {

struct Failure {
  std::string message;
  int exitCode;
};

/// Compiles the text as far as it goes.
Failure compile(StringRef text) {
  Expected<TokenizerSpec> spec = parseTokenizerJSON(text, "tokenizer.json");
  Expected<std::string> image =
      spec ? serializeTokenizer(*spec) : spec.takeError();
  if (image)
    return {"no error", 0};
  Error error = image.takeError();
  int exitCode = exitCodeFor(error);
  return {toString(std::move(error)), exitCode};
}

/// Expects an error whose message has `part`.
void expectError(StringRef text, StringRef part, int exitCode) {
  Failure failure = compile(text);
  EXPECT_NE(failure.message.find(part.str()), std::string::npos)
      << failure.message << "\nexpected: " << part.str();
  EXPECT_EQ(failure.exitCode, exitCode) << failure.message;
}

/// The tiny tokenizer with one part replaced.
std::string with(StringRef part, StringRef replacement) {
  json::Value value = tinyTokenizer();
  (*value.getAsObject())[part] = cantFail(json::parse(replacement));
  return textOf(value);
}
std::string withModel(StringRef key, StringRef replacement) {
  json::Value value = tinyTokenizer();
  (*value.getAsObject()->getObject("model"))[key] =
      cantFail(json::parse(replacement));
  return textOf(value);
}

TEST(HostileJSON, TheTinyOneIsFine) {
  EXPECT_EQ(compile(textOf(tinyTokenizer())).message, "no error");
}

TEST(HostileJSON, NotATokenizer) {
  expectError("", "tokenizer.json", ExitUserError);
  expectError("{", "tokenizer.json", ExitUserError);
  expectError("[]", "expected a JSON object", ExitUserError);
  expectError("{}", "model: expected an object", ExitUserError);
  expectError("{\"model\": {}}", "model: type: expected a string",
              ExitUserError);
  expectError("{\"model\": {\"vocab\": {}, \"vocab\": {}}}", "vocab",
              ExitUserError);
  expectError(std::string(1000000, '['), "tokenizer.json", ExitUserError);
  std::string deep;
  for (int i = 0; i < 100000; ++i)
    deep += "{\"a\":";
  expectError(deep, "tokenizer.json", ExitUserError);
}

TEST(HostileJSON, PartsThatAreNotSupported) {
  expectError(withModel("type", "\"WordLevel\""), "model type 'WordLevel'",
              ExitUnsupported);
  expectError(with("normalizer", "{\"type\": \"Magic\"}"),
              "normalizer type 'Magic'", ExitUnsupported);
  expectError(with("pre_tokenizer", "{\"type\": \"Split\"}"),
              "pre_tokenizer type 'Split'", ExitUnsupported);
  expectError(with("post_processor", "{\"type\": \"Other\"}"),
              "post_processor type 'Other'", ExitUnsupported);
  // All of them say what is supported.
  expectError(with("normalizer", "{\"type\": \"Magic\"}"),
              "supported: BertNormalizer, Lowercase, NFC", ExitUnsupported);
  expectError(with("normalizer", R"({"type": "Replace", "content": "",
                                     "pattern": {"Regex": "(a+)+b"}})"),
              "the expression '(a+)+b'", ExitUnsupported);
  expectError(with("normalizer", R"({"type": "Sequence", "normalizers": [
                                     {"type": "NFC"}, {"type": "\u0001X"}]})"),
              "normalizer type", ExitUnsupported);
}

TEST(HostileJSON, Vocabulary) {
  expectError(withModel("vocab", "[]"), "vocab: expected an object",
              ExitUserError);
  expectError(withModel("vocab", "{}"), "unk_token '[UNK]' is not in",
              ExitUserError);
  for (StringRef id : {"-1", "1.5", "\"1\"", "null", "8388608", "2147483648",
                       "4294967296", "18446744073709551616", "1e99", "[]"})
    expectError(withModel("vocab", ("{\"[UNK]\": 0, \"a\": " + id + "}").str()),
                "the id of 'a': expected an integer", ExitUserError);
  expectError(withModel("vocab", "{\"[UNK]\": 0, \"a\": 1, \"b\": 1}"),
              "the id 1 is given to 'a' and to 'b'", ExitUserError);
  expectError(withModel("max_input_chars_per_word", "-5"),
              "max_input_chars_per_word", ExitUserError);
  expectError(withModel("unk_token", "7"), "unk_token: expected a string",
              ExitUserError);
  std::string longToken(70000, 'x');
  expectError(withModel("vocab", "{\"[UNK]\": 1, \"[PAD]\": 0, \"[CLS]\": 2, "
                                 "\"[SEP]\": 3, \"" +
                                     longToken + "\": 4}"),
              "has 70000 bytes", ExitUserError);
}

TEST(HostileJSON, TooManyTokens) {
  std::string text = "{\"model\": {\"type\": \"Unigram\", \"unk_id\": 0, "
                     "\"vocab\": [";
  for (int i = 0; i < 10000000; ++i)
    text += i ? ",[]" : "[]";
  text += "]}}";
  expectError(text, "tokenizer.json: more than", ExitUserError);
}

TEST(HostileJSON, AddedTokens) {
  expectError(with("added_tokens", "{}"), "added_tokens: expected an array",
              ExitUserError);
  expectError(with("added_tokens", "[3]"), "expected objects", ExitUserError);
  expectError(with("added_tokens", "[{\"content\": \"x\"}]"), "id is missing",
              ExitUserError);
  expectError(with("added_tokens", "[{\"content\": \"x\", \"id\": -4}]"),
              "found -4", ExitUserError);
  expectError(
      with("added_tokens", "[{\"content\": \"x\", \"id\": 2147483648}]"),
      "found 2147483648", ExitUserError);
  expectError(with("added_tokens", "[{\"content\": \"a\", \"id\": 9}]"),
              "'a' has the id 9 here and 4 in the vocabulary", ExitUserError);
  expectError(with("added_tokens", "[{\"content\": \"x\", \"id\": 4}]"),
              "the id 4 is given to 'a' and to 'x'", ExitUserError);
  expectError(with("added_tokens", R"([{"content": "x", "id": 11},
                                       {"content": "x", "id": 11}])"),
              "'x' is listed twice", ExitUserError);
  expectError(with("added_tokens", R"([{"content": "x", "id": 11},
                                       {"content": "y", "id": 11}])"),
              "the id 11 is given to 'x' and to 'y'", ExitUserError);
  std::string many = "[";
  for (int i = 0; i < 70000; ++i)
    many += (i ? "," : "") + std::string("{\"content\":\"t") +
            std::to_string(i) + "\",\"id\":" + std::to_string(i + 11) + "}";
  expectError(with("added_tokens", many + "]"), "70000 tokens, at most 65536",
              ExitUserError);
}

TEST(HostileJSON, Template) {
  auto single = [](StringRef pieces, StringRef specials = "{}") {
    return with("post_processor",
                ("{\"type\": \"TemplateProcessing\", \"single\": " + pieces +
                 ", \"special_tokens\": " + specials + "}")
                    .str());
  };
  expectError(single("7"), "expected the array single", ExitUserError);
  expectError(single("[]"), "template without the text", ExitUnsupported);
  expectError(single("[{\"Sequence\": {\"id\": \"A\"}}]"),
              "expected a Sequence or a SpecialToken", ExitUserError);
  expectError(single(R"([{"Sequence": {"id": "B", "type_id": 0}}])"),
              "the sequence 'B'", ExitUnsupported);
  expectError(single(R"([{"Sequence": {"id": "A", "type_id": 0}},
                         {"Sequence": {"id": "A", "type_id": 0}}])"),
              "with it twice", ExitUnsupported);
  expectError(single(R"([{"Sequence": {"id": "A", "type_id": 4294967296}}])"),
              "type_id", ExitUserError);
  StringRef special = R"([{"SpecialToken": {"id": "x", "type_id": 0}},
                          {"Sequence": {"id": "A", "type_id": 0}}])";
  expectError(single(special), "no ids for 'x'", ExitUserError);
  expectError(single(special, R"({"x": {"ids": ["2"]}})"), "expected integers",
              ExitUserError);
  expectError(single(special, R"({"x": {"ids": [77]}})"),
              "the id 77, which no token has", ExitUserError);
  expectError(with("post_processor",
                   R"({"type": "BertProcessing", "cls": ["x", -1],
                       "sep": ["y", 2]})"),
              "cls: expected a token and its id", ExitUserError);
  StringRef bert = R"({"type": "BertProcessing", "cls": ["x", 2],
                       "sep": ["y", 3]})";
  expectError(
      with("post_processor", ("{\"type\": \"Sequence\", \"processors\": [" +
                              bert + "," + bert + "]}")
                                 .str()),
      "several post-processors", ExitUnsupported);
}

TEST(HostileJSON, Steps) {
  expectError(with("normalizer", "[]"), "normalizer: expected an object",
              ExitUserError);
  expectError(with("normalizer", "{\"type\": 3}"),
              "normalizer: expected an object with a type", ExitUserError);
  expectError(with("normalizer", R"({"type": "BertNormalizer",
                                     "lowercase": "yes"})"),
              "lowercase: expected true or false", ExitUserError);
  expectError(with("normalizer", "{\"type\": \"Sequence\"}"),
              "normalizers: expected an array", ExitUserError);
  for (StringRef map : {"\"%%%\"", "\"AAAA\"", "\"////////\"", "\"BAAAAA==\""})
    expectError(with("normalizer",
                     ("{\"type\": \"Precompiled\", \"precompiled_charsmap\": " +
                      map + "}")
                         .str()),
                "precompiled_charsmap", ExitUserError);
  std::string many;
  for (int i = 0; i < 100; ++i)
    many += (i ? "," : "") + std::string("{\"type\": \"NFC\"}");
  expectError(with("normalizer",
                   "{\"type\": \"Sequence\", \"normalizers\": [" + many + "]}"),
              "more than 64 steps", ExitUserError);
  expectError(
      with("pre_tokenizer", R"({"type": "Metaspace", "replacement": "__"})"),
      "expected one character", ExitUserError);
  expectError(with("pre_tokenizer",
                   R"({"type": "Metaspace", "prepend_scheme": "now"})"),
              "found 'now'", ExitUserError);
  expectError(
      with("pre_tokenizer", R"({"type": "Punctuation", "behavior": "Gone"})"),
      "behavior 'Gone'", ExitUserError);
}

TEST(HostileJSON, OtherModels) {
  auto model = [](StringRef text) {
    return ("{\"model\": " + text + "}").str();
  };
  expectError(model(R"({"type": "BPE", "vocab": {"a": 0}})"),
              "merges: expected an array", ExitUserError);
  expectError(model(R"({"type": "BPE", "vocab": {"a": 0}, "merges": ["a"]})"),
              "merge 1: expected two tokens", ExitUserError);
  expectError(model(R"({"type": "BPE", "vocab": {"a": 0},
                        "merges": ["a a"]})"),
              "merges: 'aa' is not in the vocabulary", ExitUserError);
  expectError(model(R"({"type": "BPE", "vocab": {"a": 0, "aa": 1},
                        "merges": [["a", "a", "a"]]})"),
              "merge 1: expected two tokens", ExitUserError);
  expectError(model(R"({"type": "BPE", "vocab": {"a": 0}, "merges": [],
                        "dropout": 0.1})"),
              "dropout", ExitUnsupported);
  expectError(model(R"({"type": "BPE", "vocab": {"a": 0, "aa": 1},
                        "merges": ["a a"],
                        "continuing_subword_prefix": "##"})"),
              "shorter than the prefix", ExitUserError);
  expectError(model(R"({"type": "BPE", "vocab": {"a": 0}, "merges": [],
                        "unk_token": "?"})"),
              "unk_token '?'", ExitUserError);
  expectError(model(R"({"type": "BPE", "vocab": {}, "merges": []})"),
              "vocabulary is empty", ExitUserError);
  expectError(model(R"({"type": "Unigram", "vocab": {"a": 0}})"),
              "vocab: expected an array", ExitUserError);
  expectError(model(R"({"type": "Unigram", "unk_id": 0,
                        "vocab": [["a", "b"]]})"),
              "entry 0: expected a token and its score", ExitUserError);
  expectError(model(R"({"type": "Unigram", "unk_id": 0,
                        "vocab": [["a", 1e999]]})"),
              "tokenizer.json", ExitUserError);
  expectError(model(R"({"type": "Unigram", "vocab": [["a", 0]]})"),
              "without unk_id", ExitUnsupported);
  for (StringRef id : {"1", "-1", "4294967296"})
    expectError(model(("{\"type\": \"Unigram\", \"vocab\": [[\"a\", 0]], "
                       "\"unk_id\": " +
                       id + "}")
                          .str()),
                "unk_id", ExitUserError);
}

/// Steps that double a text each would make 2^64 characters of one.
TEST(HostileJSON, GrowingTexts) {
  std::string doubling, bytes;
  for (int i = 0; i < 64; ++i) {
    doubling +=
        (i ? "," : "") + std::string(R"({"type": "Replace", "content": "aa",
                                "pattern": {"String": "a"}})");
    bytes += (i ? "," : "") + std::string("{\"type\": \"ByteLevel\"}");
  }
  for (const std::string &text :
       {with("normalizer",
             "{\"type\": \"Sequence\", \"normalizers\": [" + doubling + "]}"),
        with("pre_tokenizer",
             "{\"type\": \"Sequence\", \"pretokenizers\": [" + bytes + "]}")}) {
    OpenTokenizer open = openText(text);
    ASSERT_TRUE(open.tokenizer);
    EXPECT_GE(open.tokenizer->encode("a \xC3\xA9").ids.size(), 3u);
  }
  std::string content(33, 'x'), pattern(257, 'x');
  expectError(with("normalizer", R"({"type": "Replace", "content": ")" +
                                     content +
                                     R"(", "pattern": {"String": "a"}})"),
              "content: 33 bytes, at most 32", ExitUserError);
  expectError(with("normalizer",
                   R"({"type": "Replace", "content": "", "pattern":
                       {"String": ")" +
                       pattern + "\"}}"),
              "pattern: 257 bytes, at most 256", ExitUserError);
  expectError(with("normalizer",
                   R"({"type": "Prepend", "prepend": ")" + content + "\"}"),
              "Prepend: 33 bytes", ExitUserError);
}

/// Changes of random bytes: an error or a tokenizer that works, no crash.
TEST(HostileJSON, RandomChanges) {
  std::mt19937 random(7);
  size_t compiled = 0;
  for (size_t i = 0; i < kGoldenCount; ++i) {
    const std::string original =
        readText(goldenPath(std::string(kGoldenNames[i]) + "/tokenizer.json"));
    ASSERT_FALSE(original.empty());
    for (int round = 0; round < 150; ++round) {
      std::string text = original;
      for (int change = random() % 3 + 1; change > 0; --change) {
        // Most settings are within the first and the last thousand bytes.
        size_t at = random() % text.size();
        if (random() % 2)
          at = random() % std::min<size_t>(text.size(), 1500);
        static const char kBytes[] = "0123456789-.\"{}[],:e \\utfn\x80\xFF";
        switch (random() % 3) {
        case 0:
          text[at] = kBytes[random() % (sizeof(kBytes) - 1)];
          break;
        case 1:
          text.erase(at, random() % 8 + 1);
          break;
        default:
          text.insert(at, 1, kBytes[random() % (sizeof(kBytes) - 1)]);
        }
      }
      Expected<TokenizerSpec> spec = parseTokenizerJSON(text, "t.json");
      Expected<std::string> image =
          spec ? serializeTokenizer(*spec) : spec.takeError();
      if (!image) {
        consumeError(image.takeError());
        continue;
      }
      std::string error;
      auto tokenizer = rt::Tokenizer::open(image->data(), image->size(), error);
      ASSERT_TRUE(tokenizer) << error;
      exercise(*tokenizer);
      ++compiled;
    }
  }
  EXPECT_GT(compiled, 10u);
}

} // namespace
