//===- TokenizerSteps.cpp - Normalizers and pre-tokenizers ----------------===//

#include "TokenizerParts.h"
#include "attune/Model/ConfigObject.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Base64.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/Endian.h"

using namespace llvm;

namespace attune {

using namespace rt::image;

namespace {

/// One step of a tokenizer.json while it is read.
struct StepReader {
  const json::Object &object;
  StringRef file;
  std::string where;
  ProblemList problems;
  ConfigObject config;
  std::vector<TokenizerStep> &steps;

  StepReader(const json::Object &object, StringRef file, StringRef part,
             std::vector<TokenizerStep> &steps)
      : object(object), file(file), where((file + ": " + part).str()),
        config(object, problems, where), steps(steps) {}
};

using ReadStep = Error (*)(StepReader &);

/// The steps of one kind by their type in the file.
struct StepType {
  StringLiteral name;
  ReadStep read;
};

} // namespace

//===----------------------------------------------------------------------===//
// Normalizers
//===----------------------------------------------------------------------===//

static Error readBertNormalizer(StepReader &reader) {
  ConfigObject &config = reader.config;
  bool lowercase = config.boolean("lowercase", true);
  uint32_t flags = 0;
  if (config.boolean("clean_text", true))
    flags |= CleanText;
  if (config.boolean("handle_chinese_chars", true))
    flags |= ChineseChars;
  if (config.boolean("strip_accents", lowercase))
    flags |= BertStripAccents;
  if (lowercase)
    flags |= BertLowercase;
  reader.steps.emplace_back(NormalizerKind::Bert, flags);
  return Error::success();
}

template <NormalizerKind kind> static Error readPlain(StepReader &reader) {
  reader.steps.emplace_back(kind);
  return Error::success();
}

static Error readStrip(StepReader &reader) {
  uint32_t flags = 0;
  if (reader.config.boolean("strip_left", true))
    flags |= StripLeft;
  if (reader.config.boolean("strip_right", true))
    flags |= StripRight;
  reader.steps.emplace_back(NormalizerKind::Strip, flags);
  return Error::success();
}

static Error checkLength(StepReader &reader, StringRef what, StringRef text,
                         size_t limit) {
  if (text.size() <= limit)
    return Error::success();
  return userErrorf("{0}: {1}: {2} bytes, at most {3} are accepted",
                    reader.where, what, text.size(), limit);
}

static Error readReplace(StepReader &reader) {
  std::string content = reader.config.string("content", "");
  if (Error error =
          checkLength(reader, "Replace: content", content, maxContentBytes))
    return error;
  const json::Object *pattern = reader.object.getObject("pattern");
  if (!pattern)
    return userErrorf("{0}: Replace: pattern: expected an object",
                      reader.where);
  if (std::optional<StringRef> text = pattern->getString("String")) {
    if (Error error =
            checkLength(reader, "Replace: pattern", *text, maxPatternBytes))
      return error;
    reader.steps.emplace_back(NormalizerKind::Replace, 0, text->str(), content);
    return Error::success();
  }
  std::optional<StringRef> regex = pattern->getString("Regex");
  if (!regex)
    return userErrorf("{0}: Replace: pattern: expected \"String\" or "
                      "\"Regex\"",
                      reader.where);
  // The expressions that tokenizers made from SentencePiece models have.
  std::optional<uint32_t> flags;
  if (*regex == " {2,}")
    flags = RunOfTwo;
  else if (*regex == " +")
    flags = 0;
  else if (*regex == "\\s{2,}")
    flags = RunOfTwo | RunOfWhitespace;
  else if (*regex == "\\s+")
    flags = RunOfWhitespace;
  if (!flags)
    return unsupportedError(
        reader.file + ": this tokenizer is not supported",
        "normalizer Replace with the expression '" + printable(*regex) + "'",
        reader.file,
        "supported expressions: \" +\", \" {2,}\", \"\\s+\", \"\\s{2,}\"");
  reader.steps.emplace_back(NormalizerKind::ReplaceRun, *flags, "", content);
  return Error::success();
}

static Error readPrepend(StepReader &reader) {
  std::string prefix = reader.config.string("prepend", "");
  if (Error error = checkLength(reader, "Prepend", prefix, maxContentBytes))
    return error;
  reader.steps.emplace_back(NormalizerKind::Prepend, 0, prefix);
  return Error::success();
}

static Error readPrecompiled(StepReader &reader) {
  std::string text = reader.config.string("precompiled_charsmap", "");
  if (text.empty())
    return Error::success();
  std::vector<char> blob;
  if (Error error = decodeBase64(text, blob)) {
    consumeError(std::move(error));
    return userErrorf("{0}: precompiled_charsmap: expected base64",
                      reader.where);
  }
  uint64_t bytes =
      blob.size() >= 4 ? support::endian::read32le(blob.data()) : ~uint64_t(0);
  if (bytes % 4 != 0 || bytes == 0 || bytes > blob.size() - 4)
    return userErrorf("{0}: precompiled_charsmap: its table is larger than "
                      "the text holds",
                      reader.where);
  if (!json::isUTF8(
          StringRef(blob.data() + 4 + bytes, blob.size() - 4 - bytes)))
    return userErrorf("{0}: precompiled_charsmap: its replacements are not "
                      "UTF-8",
                      reader.where);
  reader.steps.emplace_back(NormalizerKind::Precompiled, 0,
                            std::string(blob.begin(), blob.end()));
  return Error::success();
}

static constexpr StepType kNormalizers[] = {
    {"BertNormalizer", readBertNormalizer},
    {"Lowercase", readPlain<NormalizerKind::Lowercase>},
    {"NFC", readPlain<NormalizerKind::NFC>},
    {"NFD", readPlain<NormalizerKind::NFD>},
    {"NFKC", readPlain<NormalizerKind::NFKC>},
    {"NFKD", readPlain<NormalizerKind::NFKD>},
    {"Nmt", readPlain<NormalizerKind::Nmt>},
    {"Precompiled", readPrecompiled},
    {"Prepend", readPrepend},
    {"Replace", readReplace},
    {"Strip", readStrip},
    {"StripAccents", readPlain<NormalizerKind::StripAccents>},
};

//===----------------------------------------------------------------------===//
// Pre-tokenizers
//===----------------------------------------------------------------------===//

template <PreTokenizerKind kind> static Error readPlain(StepReader &reader) {
  reader.steps.emplace_back(kind);
  return Error::success();
}

static Error readByteLevel(StepReader &reader) {
  uint32_t flags = 0;
  if (reader.config.boolean("add_prefix_space", true))
    flags |= AddPrefixSpace;
  if (reader.config.boolean("use_regex", true))
    flags |= UseRegex;
  reader.steps.emplace_back(PreTokenizerKind::ByteLevel, flags);
  return Error::success();
}

static Error readMetaspace(StepReader &reader) {
  ConfigObject &config = reader.config;
  std::string replacement = config.string("replacement", "\xE2\x96\x81");
  std::string scheme = config.string(
      "prepend_scheme",
      config.boolean("add_prefix_space", true) ? "always" : "never");
  uint32_t flags = config.boolean("split", true) ? MetaspaceSplit : 0;
  if (scheme == "always")
    flags |= PrependAlways;
  else if (scheme == "first")
    flags |= PrependFirst;
  else if (scheme != "never")
    return userErrorf("{0}: Metaspace: prepend_scheme: expected always, first "
                      "or never, found '{1}'",
                      reader.where, printable(scheme));
  // json guarantees UTF-8, whose first byte tells the length.
  if (replacement.empty() ||
      getNumBytesForUTF8(replacement[0]) != replacement.size())
    return userErrorf("{0}: Metaspace: replacement: expected one character, "
                      "found '{1}'",
                      reader.where, printable(replacement));
  reader.steps.emplace_back(PreTokenizerKind::Metaspace, flags, replacement);
  return Error::success();
}

static Error readPunctuation(StepReader &reader) {
  std::string name = reader.config.string("behavior", "Isolated");
  static constexpr StringLiteral kNames[] = {"Removed", "Isolated",
                                             "MergedWithPrevious",
                                             "MergedWithNext", "Contiguous"};
  const StringLiteral *found = llvm::find(kNames, name);
  if (found == std::end(kNames))
    return userErrorf("{0}: Punctuation: behavior '{1}' is unknown",
                      reader.where, printable(name));
  reader.steps.emplace_back(PreTokenizerKind::Punctuation,
                            uint32_t(found - kNames));
  return Error::success();
}

static Error readDigits(StepReader &reader) {
  bool each = reader.config.boolean("individual_digits", false);
  reader.steps.emplace_back(
      PreTokenizerKind::Digits,
      uint32_t(each ? Behavior::Isolated : Behavior::Contiguous));
  return Error::success();
}

static constexpr StepType kPreTokenizers[] = {
    {"BertPreTokenizer", readPlain<PreTokenizerKind::Bert>},
    {"ByteLevel", readByteLevel},
    {"Digits", readDigits},
    {"Metaspace", readMetaspace},
    {"Punctuation", readPunctuation},
    {"Whitespace", readPlain<PreTokenizerKind::Whitespace>},
    {"WhitespaceSplit", readPlain<PreTokenizerKind::WhitespaceSplit>},
};

//===----------------------------------------------------------------------===//
// Both
//===----------------------------------------------------------------------===//

/// Reads a step or a Sequence of them; `list` is the Sequence's field.
static Error readSteps(const json::Value *value, StringRef file, StringRef part,
                       StringRef list, ArrayRef<StepType> types,
                       std::vector<TokenizerStep> &steps) {
  if (!value || value->kind() == json::Value::Null)
    return Error::success();
  const json::Object *object = value->getAsObject();
  std::optional<StringRef> type =
      object ? object->getString("type") : std::nullopt;
  if (!type)
    return userErrorf("{0}: {1}: expected an object with a type", file, part);
  if (*type == "Sequence") {
    const json::Array *inner = object->getArray(list);
    if (!inner)
      return userErrorf("{0}: {1}: {2}: expected an array", file, part, list);
    for (const json::Value &item : *inner)
      if (Error error = readSteps(&item, file, part, list, types, steps))
        return error;
    return Error::success();
  }
  if (steps.size() >= maxSteps)
    return userErrorf("{0}: {1}: more than {2} steps", file, part, maxSteps);
  for (const StepType &known : types) {
    if (known.name != *type)
      continue;
    StepReader reader(*object, file, part, steps);
    if (Error error = known.read(reader)) {
      consumeError(reader.problems.take(reader.where));
      return error;
    }
    return reader.problems.take(reader.where);
  }
  std::string names;
  for (const StepType &known : types)
    names += (known.name + ", ").str();
  return unsupportedError(file + ": this tokenizer is not supported",
                          part + " type '" + printable(*type) + "'", file,
                          "supported: " + names + "Sequence");
}

Error parseNormalizer(const json::Value *value, StringRef file,
                      std::vector<TokenizerStep> &steps) {
  return readSteps(value, file, "normalizer", "normalizers", kNormalizers,
                   steps);
}

Error parsePreTokenizer(const json::Value *value, StringRef file,
                        std::vector<TokenizerStep> &steps) {
  return readSteps(value, file, "pre_tokenizer", "pretokenizers",
                   kPreTokenizers, steps);
}

} // namespace attune
