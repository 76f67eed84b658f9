//===- TokenizerModels.cpp - The model of a tokenizer.json ----------------===//

#include "TokenizerParts.h"
#include "attune/Model/ConfigObject.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace llvm;

namespace attune {

using namespace rt::image;

Error parseVocabulary(const json::Value *value, StringRef file,
                      TokenizerSpec &spec) {
  const json::Object *object = value ? value->getAsObject() : nullptr;
  if (!object)
    return userErrorf("{0}: vocab: expected an object of tokens and their ids",
                      file);
  if (object->size() > maxIds)
    return userErrorf("{0}: vocab: {1} tokens, at most {2} are accepted", file,
                      object->size(), maxIds);
  spec.vocabulary.reserve(object->size());
  for (const auto &entry : *object) {
    std::optional<int64_t> id = entry.second.getAsInteger();
    StringRef text = entry.first;
    if (!id || *id < 0 || *id >= maxIds)
      return userErrorf("{0}: vocab: the id of '{1}': expected an integer from "
                        "0 to {2}",
                        file, printable(text), maxIds - 1);
    spec.vocabulary.push_back({text.str(), uint32_t(*id)});
  }
  llvm::sort(spec.vocabulary,
             [](const VocabularyToken &a, const VocabularyToken &b) {
               return a.id != b.id ? a.id < b.id : a.text < b.text;
             });
  for (size_t i = 1; i < spec.vocabulary.size(); ++i)
    if (spec.vocabulary[i - 1].id == spec.vocabulary[i].id)
      return userErrorf("{0}: vocab: the id {1} is given to '{2}' and to '{3}'",
                        file, spec.vocabulary[i].id,
                        printable(spec.vocabulary[i - 1].text),
                        printable(spec.vocabulary[i].text));
  return Error::success();
}

static Error takeUnknown(StringRef text, StringRef file, TokenizerSpec &spec) {
  for (const VocabularyToken &token : spec.vocabulary)
    if (token.text == text) {
      spec.unknownId = token.id;
      return Error::success();
    }
  return userErrorf("{0}: the unk_token '{1}' is not in the vocabulary", file,
                    printable(text));
}

static Error parseWordPiece(const json::Object &object, StringRef file,
                            TokenizerSpec &spec) {
  spec.model = ModelKind::WordPiece;
  if (Error error = parseVocabulary(object.get("vocab"), file, spec))
    return error;
  ProblemList problems;
  ConfigObject config(object, problems, file);
  std::string unknown = config.string("unk_token", "[UNK]");
  spec.continuingPrefix = config.string("continuing_subword_prefix", "##");
  int64_t chars = config.integer("max_input_chars_per_word", 100);
  if (chars < 0)
    problems.addf("max_input_chars_per_word: expected a positive number, "
                  "found {0}",
                  chars);
  spec.maxWordChars = uint32_t(std::min<int64_t>(chars, none));
  if (Error error = problems.take(file))
    return error;
  return takeUnknown(unknown, file, spec);
}

Error resolveMerges(
    const std::vector<std::pair<std::string, std::string>> &merges,
    StringRef file, TokenizerSpec &spec) {
  StringMap<uint32_t> ids;
  for (const VocabularyToken &token : spec.vocabulary)
    ids[token.text] = token.id;
  size_t prefix = spec.continuingPrefix.size();
  spec.merges.reserve(merges.size());
  for (const auto &[left, right] : merges) {
    if (right.size() < prefix)
      return userErrorf("{0}: merges: '{1}' is shorter than the prefix of "
                        "continuing subwords",
                        file, printable(right));
    std::string merged = left + right.substr(prefix);
    for (const std::string *text : {&left, &right, &std::as_const(merged)})
      if (!ids.contains(*text))
        return userErrorf("{0}: merges: '{1}' is not in the vocabulary", file,
                          printable(*text));
    spec.merges.push_back({ids[left], ids[right], ids[merged]});
  }
  return Error::success();
}

/// Merges are ["a", "b"] or "a b".
static Error readMerges(const json::Value *value, StringRef file,
                        std::vector<std::pair<std::string, std::string>> &out) {
  const json::Array *array = value ? value->getAsArray() : nullptr;
  if (!array)
    return userErrorf("{0}: merges: expected an array", file);
  if (array->size() > maxIds)
    return userErrorf("{0}: merges: {1} merges, at most {2} are accepted", file,
                      array->size(), maxIds);
  out.reserve(array->size());
  for (const json::Value &item : *array) {
    std::optional<StringRef> left, right;
    if (std::optional<StringRef> text = item.getAsString()) {
      if (text->starts_with("#version"))
        continue;
      auto [first, second] = text->split(' ');
      if (!second.empty() && !second.contains(' ')) {
        left = first;
        right = second;
      }
    } else if (const json::Array *pair = item.getAsArray();
               pair && pair->size() == 2) {
      left = (*pair)[0].getAsString();
      right = (*pair)[1].getAsString();
    }
    if (!left || !right)
      return userErrorf("{0}: merges: merge {1}: expected two tokens", file,
                        out.size() + 1);
    out.emplace_back(left->str(), right->str());
  }
  return Error::success();
}

static Error parseBPE(const json::Object &object, StringRef file,
                      TokenizerSpec &spec) {
  spec.model = ModelKind::BPE;
  if (Error error = parseVocabulary(object.get("vocab"), file, spec))
    return error;
  ProblemList problems;
  ConfigObject config(object, problems, file);
  bool hasUnknown = config.has("unk_token");
  std::string unknown = config.string("unk_token", "");
  spec.continuingPrefix = config.string("continuing_subword_prefix", "");
  spec.endOfWordSuffix = config.string("end_of_word_suffix", "");
  if (config.boolean("fuse_unk", false))
    spec.modelFlags |= FuseUnknown;
  if (config.boolean("byte_fallback", false))
    spec.modelFlags |= ByteFallback;
  if (config.boolean("ignore_merges", false))
    spec.modelFlags |= IgnoreMerges;
  if (config.number("dropout", 0) != 0)
    problems.addUnsupported("dropout of merges", file,
                            "it makes token ids random; set it to null");
  if (Error error = problems.take(file))
    return error;
  // The library treats an empty unk_token as a token that is missing.
  if (hasUnknown)
    if (Error error = takeUnknown(unknown, file, spec))
      return error;
  std::vector<std::pair<std::string, std::string>> merges;
  if (Error error = readMerges(object.get("merges"), file, merges))
    return error;
  return resolveMerges(merges, file, spec);
}

static Error parseUnigram(const json::Object &object, StringRef file,
                          TokenizerSpec &spec) {
  spec.model = ModelKind::Unigram;
  const json::Array *vocabulary = object.getArray("vocab");
  if (!vocabulary)
    return userErrorf("{0}: vocab: expected an array of tokens and scores",
                      file);
  if (vocabulary->size() > maxIds)
    return userErrorf("{0}: vocab: {1} tokens, at most {2} are accepted", file,
                      vocabulary->size(), maxIds);
  for (const json::Value &item : *vocabulary) {
    const json::Array *pair = item.getAsArray();
    std::optional<StringRef> text;
    std::optional<double> score;
    if (pair && pair->size() == 2) {
      text = (*pair)[0].getAsString();
      score = (*pair)[1].getAsNumber();
    }
    uint32_t id = uint32_t(spec.vocabulary.size());
    if (!text || !score || !std::isfinite(*score))
      return userErrorf("{0}: vocab: entry {1}: expected a token and its score",
                        file, id);
    spec.vocabulary.push_back({text->str(), id});
    spec.scores.push_back(*score);
  }
  ProblemList problems;
  ConfigObject config(object, problems, file);
  int64_t unknown = config.integer("unk_id", -1);
  if (config.boolean("byte_fallback", false))
    spec.modelFlags |= ByteFallback;
  if (!config.has("unk_id"))
    problems.addUnsupported("a Unigram model without unk_id", file,
                            "characters that it does not know have no token");
  else if (unknown < 0 || size_t(unknown) >= spec.vocabulary.size())
    problems.addf("unk_id: expected an id below {0}, found {1}",
                  spec.vocabulary.size(), unknown);
  spec.unknownId = uint32_t(unknown);
  return problems.take(file);
}

Error parseTokenizerModel(const json::Value *value, StringRef file,
                          TokenizerSpec &spec) {
  std::string where = (file + ": model").str();
  const json::Object *object = value ? value->getAsObject() : nullptr;
  if (!object)
    return userErrorf("{0}: expected an object", where);
  std::optional<StringRef> type = object->getString("type");
  if (!type) {
    // Files of early versions have no type; the fields tell.
    if (object->get("merges"))
      type = "BPE";
    else if (object->get("continuing_subword_prefix"))
      type = "WordPiece";
    else if (object->getArray("vocab"))
      type = "Unigram";
    else
      return userErrorf("{0}: type: expected a string", where);
  }
  if (*type == "WordPiece")
    return parseWordPiece(*object, where, spec);
  if (*type == "BPE")
    return parseBPE(*object, where, spec);
  if (*type == "Unigram")
    return parseUnigram(*object, where, spec);
  return unsupportedError(file + ": this tokenizer is not supported",
                          "model type '" + printable(*type) + "'", file,
                          "supported: WordPiece, BPE, Unigram");
}

} // namespace attune
