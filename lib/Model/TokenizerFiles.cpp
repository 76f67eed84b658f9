//===- TokenizerFiles.cpp - Tokenizers without a tokenizer.json -----------===//
//
// Older directories have a vocabulary and settings alone. What transformers
// makes of them for its fast tokenizers is made here.
//
//===----------------------------------------------------------------------===//

#include "TokenizerParts.h"
#include "attune/Model/ConfigObject.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace attune {

using namespace rt::image;

/// A token of tokenizer_config.json: "[SEP]" or {"content": "[SEP]", ...}.
static std::string tokenName(const json::Object &config, StringRef key,
                             StringRef absent) {
  if (std::optional<StringRef> text = config.getString(key))
    return text->str();
  if (const json::Object *object = config.getObject(key))
    if (std::optional<StringRef> text = object->getString("content"))
      return text->str();
  return absent.str();
}

/// Calls `use` with each line, which ends at "\n", "\r\n" or the file's end.
template <typename UseFn> static Error forEachLine(StringRef text, UseFn use) {
  while (!text.empty()) {
    auto [line, rest] = text.split('\n');
    line.consume_back("\r");
    if (Error error = use(line))
      return error;
    text = rest;
  }
  return Error::success();
}

static std::string pathOf(StringRef modelDir, StringRef file) {
  SmallString<256> path(modelDir);
  sys::path::append(path, file);
  return std::string(path);
}

static Expected<std::unique_ptr<MemoryBuffer>> readText(StringRef path) {
  Expected<std::unique_ptr<MemoryBuffer>> buffer =
      readFile(path, kMaxTokenizerBytes);
  if (buffer && !json::isUTF8((*buffer)->getBuffer()))
    return userErrorf("{0}: expected UTF-8 text", path);
  return buffer;
}

namespace {

/// A special token by its role.
struct Role {
  StringLiteral key;
  StringLiteral absent;
  uint32_t flags;
};

} // namespace

/// Adds the special tokens that the vocabulary has, then the template of a
/// text between `cls_token` and `sep_token`.
static Error addSpecialTokens(const json::Object &config, StringRef file,
                              ArrayRef<Role> roles, TokenizerSpec &spec) {
  TemplatePiece first = {none, 0}, last = {none, 0};
  for (const Role &role : roles) {
    std::string text = tokenName(config, role.key, role.absent);
    std::optional<uint32_t> id = spec.find(text);
    if (!id) {
      if (role.key == "cls_token" || role.key == "sep_token" ||
          role.key == "unk_token")
        return userErrorf("{0}: the {1} '{2}' is not in the vocabulary", file,
                          role.key, printable(text));
      continue;
    }
    if (role.key == "cls_token")
      first.id = *id;
    else if (role.key == "sep_token")
      last.id = *id;
    else if (role.key == "unk_token")
      spec.unknownId = *id;
    else if (role.key == "pad_token")
      spec.padId = *id;
    if (llvm::none_of(spec.addedTokens, [&](const AddedTokenSpec &token) {
          return token.text == text;
        }))
      spec.addedTokens.push_back({text, *id, role.flags});
  }
  spec.pieces = {first, {none, 0}, last};
  return Error::success();
}

Expected<TokenizerSpec> readBertVocabulary(StringRef modelDir,
                                           const json::Object &object) {
  std::string path = pathOf(modelDir, "vocab.txt");
  Expected<std::unique_ptr<MemoryBuffer>> buffer = readText(path);
  if (!buffer)
    return buffer.takeError();
  TokenizerSpec spec;
  spec.model = ModelKind::WordPiece;
  spec.continuingPrefix = "##";
  spec.maxWordChars = 100;
  if (Error error =
          forEachLine((*buffer)->getBuffer(), [&](StringRef line) -> Error {
            if (spec.vocabulary.size() == maxIds)
              return userErrorf("{0}: more than {1} tokens", path, maxIds);
            spec.vocabulary.push_back(
                {line.str(), uint32_t(spec.vocabulary.size())});
            return Error::success();
          }))
    return std::move(error);

  std::string configPath = pathOf(modelDir, "tokenizer_config.json");
  ProblemList problems;
  ConfigObject config(object, problems, configPath);
  bool lowercase = config.boolean("do_lower_case", true);
  uint32_t flags = CleanText;
  if (config.boolean("tokenize_chinese_chars", true))
    flags |= ChineseChars;
  if (config.boolean("strip_accents", lowercase))
    flags |= BertStripAccents;
  if (lowercase)
    flags |= BertLowercase;
  if (Error error = problems.take(configPath))
    return std::move(error);
  spec.normalizers.emplace_back(NormalizerKind::Bert, flags);
  spec.preTokenizers.emplace_back(PreTokenizerKind::Bert);

  static constexpr Role kRoles[] = {
      {"unk_token", "[UNK]", 0},   {"sep_token", "[SEP]", 0},
      {"pad_token", "[PAD]", 0},   {"cls_token", "[CLS]", 0},
      {"mask_token", "[MASK]", 0},
  };
  if (Error error = addSpecialTokens(object, path, kRoles, spec))
    return std::move(error);
  return spec;
}

Expected<TokenizerSpec> readRobertaVocabulary(StringRef modelDir,
                                              const json::Object &object) {
  std::string path = pathOf(modelDir, "vocab.json");
  Expected<std::unique_ptr<MemoryBuffer>> text = readText(path);
  if (!text)
    return text.takeError();
  Expected<json::Value> vocabulary =
      parseTokenTexts((*text)->getBuffer(), path);
  if (!vocabulary)
    return vocabulary.takeError();
  TokenizerSpec spec;
  spec.model = ModelKind::BPE;
  if (Error error = parseVocabulary(&*vocabulary, path, spec))
    return std::move(error);

  std::string mergesPath = pathOf(modelDir, "merges.txt");
  Expected<std::unique_ptr<MemoryBuffer>> buffer = readText(mergesPath);
  if (!buffer)
    return buffer.takeError();
  std::vector<std::pair<std::string, std::string>> merges;
  size_t number = 0;
  if (Error error =
          forEachLine((*buffer)->getBuffer(), [&](StringRef line) -> Error {
            ++number;
            if (line.empty() || line.starts_with("#version"))
              return Error::success();
            auto [left, right] = line.split(' ');
            if (right.empty() || right.contains(' ') || merges.size() >= maxIds)
              return userErrorf("{0}:{1}: expected two tokens, and at most {2} "
                                "such lines",
                                mergesPath, number, maxIds);
            merges.emplace_back(left.str(), right.str());
            return Error::success();
          }))
    return std::move(error);
  if (Error error = resolveMerges(merges, mergesPath, spec))
    return std::move(error);

  std::string configPath = pathOf(modelDir, "tokenizer_config.json");
  ProblemList problems;
  ConfigObject config(object, problems, configPath);
  uint32_t flags = UseRegex;
  if (config.boolean("add_prefix_space", false))
    flags |= AddPrefixSpace;
  if (Error error = problems.take(configPath))
    return std::move(error);
  spec.preTokenizers.emplace_back(PreTokenizerKind::ByteLevel, flags);

  static constexpr Role kRoles[] = {
      {"cls_token", "<s>", 0},
      {"pad_token", "<pad>", 0},
      {"sep_token", "</s>", 0},
      {"unk_token", "<unk>", 0},
      {"mask_token", "<mask>", LeftStrip},
  };
  if (Error error = addSpecialTokens(object, path, kRoles, spec))
    return std::move(error);
  // Bytes leave nothing unknown, and transformers gives the model no such
  // token.
  spec.unknownId = none;
  return spec;
}

} // namespace attune
