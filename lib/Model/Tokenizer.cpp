//===- Tokenizer.cpp - The tokenizer of a directory -----------------------===//

#include "attune/Model/Tokenizer.h"
#include "TokenizerParts.h"
#include "attune/Model/ConfigObject.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace attune {

using namespace rt::image;

static constexpr uint64_t kMaxConfigBytes = 8 << 20;

static std::string pathOf(StringRef modelDir, StringRef file) {
  SmallString<256> path(modelDir);
  sys::path::append(path, file);
  return std::string(path);
}

/// The object of a JSON file, or an empty one when there is no such file.
static Expected<json::Object> readOptionalObject(StringRef path) {
  if (!sys::fs::exists(path))
    return json::Object();
  Expected<json::Value> value = readJSONFile(path, kMaxConfigBytes);
  if (!value)
    return value.takeError();
  json::Object *object = value->getAsObject();
  if (!object)
    return userErrorf("{0}: expected a JSON object", path);
  return std::move(*object);
}

static Expected<TokenizerSpec> readModelFiles(StringRef modelDir,
                                              const json::Object &config) {
  auto has = [&](StringRef file) {
    return sys::fs::exists(pathOf(modelDir, file));
  };
  if (has("tokenizer.json")) {
    std::string path = pathOf(modelDir, "tokenizer.json");
    Expected<std::unique_ptr<MemoryBuffer>> buffer =
        readFile(path, kMaxTokenizerBytes);
    if (!buffer)
      return buffer.takeError();
    return parseTokenizerJSON((*buffer)->getBuffer(), path);
  }
  if (has("vocab.txt"))
    return readBertVocabulary(modelDir, config);
  if (has("vocab.json") && has("merges.txt"))
    return readRobertaVocabulary(modelDir, config);
  return userErrorf("{0}: it has no tokenizer: expected tokenizer.json, or "
                    "vocab.txt, or vocab.json and merges.txt",
                    modelDir);
}

/// Takes the padding token and the largest length from tokenizer_config.json.
static Error applyTokenizerConfig(const json::Object &object, StringRef file,
                                  TokenizerSpec &spec) {
  ProblemList problems;
  ConfigObject config(object, problems, file);
  config.refuseOtherThan("truncation_side", "right");
  // A tokenizer without a limit has 1e30 here.
  double length = config.number("model_max_length", 0);
  if (length >= 1 && length < double(none))
    spec.maxLength = uint32_t(length);

  std::optional<StringRef> pad = object.getString("pad_token");
  if (const json::Object *token = object.getObject("pad_token"))
    pad = token->getString("content");
  if (pad)
    if (std::optional<uint32_t> id = spec.find(*pad))
      spec.padId = *id;
  return problems.take(file);
}

static bool lowers(const TokenizerSpec &spec) {
  return llvm::any_of(spec.normalizers, [](const TokenizerStep &step) {
    return NormalizerKind(step.kind) == NormalizerKind::Lowercase ||
           (NormalizerKind(step.kind) == NormalizerKind::Bert &&
            (step.flags & BertLowercase));
  });
}

/// sentence-transformers has a limit of its own.
static Error applySentenceConfig(const json::Object &object, StringRef file,
                                 TokenizerSpec &spec) {
  ProblemList problems;
  ConfigObject config(object, problems, file);
  int64_t length = config.integer("max_seq_length", 0);
  if (length < 0 || length >= none)
    problems.addf("max_seq_length: expected a positive number, found {0}",
                  length);
  else if (length > 0)
    spec.maxLength = uint32_t(length);
  if (config.boolean("do_lower_case", false) && !lowers(spec))
    problems.addUnsupported("do_lower_case true", file,
                            "supported: a tokenizer whose normalizer makes "
                            "lower case");
  return problems.take(file);
}

Expected<TokenizerSpec> readTokenizerSpec(StringRef modelDir,
                                          size_t maxPositions) {
  std::string configPath = pathOf(modelDir, "tokenizer_config.json");
  Expected<json::Object> config = readOptionalObject(configPath);
  if (!config)
    return config.takeError();
  std::string sentencePath = pathOf(modelDir, "sentence_bert_config.json");
  Expected<json::Object> sentence = readOptionalObject(sentencePath);
  if (!sentence)
    return sentence.takeError();

  Expected<TokenizerSpec> spec = readModelFiles(modelDir, *config);
  if (!spec)
    return spec.takeError();
  if (Error error = applyTokenizerConfig(*config, configPath, *spec))
    return std::move(error);
  if (Error error = applySentenceConfig(*sentence, sentencePath, *spec))
    return std::move(error);
  if (maxPositions > 0 && maxPositions < spec->maxLength)
    spec->maxLength = uint32_t(maxPositions);
  return spec;
}

Expected<std::string> buildTokenizerImage(StringRef modelDir,
                                          size_t maxPositions) {
  Expected<TokenizerSpec> spec = readTokenizerSpec(modelDir, maxPositions);
  if (!spec)
    return spec.takeError();
  return serializeTokenizer(*spec);
}

} // namespace attune
