//===- TokenizerJSON.cpp - Reads a tokenizer.json -------------------------===//

#include "TokenizerParts.h"
#include "attune/Model/ConfigObject.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/ConvertUTF.h"

using namespace llvm;

namespace attune {

using namespace rt::image;

std::optional<uint32_t> TokenizerSpec::find(StringRef text) const {
  for (const AddedTokenSpec &token : addedTokens)
    if (token.text == text)
      return token.id;
  for (const VocabularyToken &token : vocabulary)
    if (token.text == text)
      return token.id;
  return std::nullopt;
}

static Expected<AddedTokenSpec> readAddedToken(const json::Value &value,
                                               StringRef where) {
  const json::Object *object = value.getAsObject();
  if (!object)
    return userErrorf("{0}: expected objects", where);
  ProblemList problems;
  ConfigObject config(*object, problems, where);
  AddedTokenSpec token;
  token.text = config.string("content", "");
  int64_t id = config.requireInteger("id");
  bool special = config.boolean("special", false);
  if (config.boolean("single_word", false))
    token.flags |= SingleWord;
  if (config.boolean("lstrip", false))
    token.flags |= LeftStrip;
  if (config.boolean("rstrip", false))
    token.flags |= RightStrip;
  if (config.boolean("normalized", !special))
    token.flags |= Normalized;
  if (id < 0 || id >= maxIds)
    problems.addf("id: expected an integer from 0 to {0}, found {1}",
                  maxIds - 1, id);
  token.id = uint32_t(id);
  if (Error error = problems.take(where + ": '" + printable(token.text) + "'"))
    return std::move(error);
  return token;
}

Error parseAddedTokens(const json::Value *value, StringRef file,
                       TokenizerSpec &spec) {
  if (!value || value->kind() == json::Value::Null)
    return Error::success();
  std::string where = (file + ": added_tokens").str();
  const json::Array *array = value->getAsArray();
  if (!array)
    return userErrorf("{0}: expected an array", where);
  if (array->size() > maxAddedTokens)
    return userErrorf("{0}: {1} tokens, at most {2} are accepted", where,
                      array->size(), maxAddedTokens);
  StringMap<uint32_t> ids;
  DenseMap<uint32_t, StringRef> texts;
  auto know = [&](StringRef text, uint32_t id) {
    auto entry = ids.try_emplace(text, id);
    texts.try_emplace(id, entry.first->first());
  };
  for (const VocabularyToken &token : spec.vocabulary)
    know(token.text, token.id);
  StringSet<> seen;
  for (const json::Value &item : *array) {
    Expected<AddedTokenSpec> token = readAddedToken(item, where);
    if (!token)
      return token.takeError();
    if (token->text.empty())
      continue;
    if (!seen.insert(token->text).second)
      return userErrorf("{0}: '{1}' is listed twice", where,
                        printable(token->text));
    // The library numbers added tokens itself. Where a file's numbers are not
    // its vocabulary's, it would mean one thing to the library and another to
    // who reads the file.
    know(token->text, token->id);
    if (ids[token->text] != token->id)
      return userErrorf("{0}: '{1}' has the id {2} here and {3} in the "
                        "vocabulary",
                        where, printable(token->text), token->id,
                        ids[token->text]);
    if (texts[token->id] != token->text)
      return userErrorf("{0}: the id {1} is given to '{2}' and to '{3}'", where,
                        token->id, printable(texts[token->id]),
                        printable(token->text));
    spec.addedTokens.push_back(std::move(*token));
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Post-processors
//===----------------------------------------------------------------------===//

namespace {

constexpr size_t kMaxPieces = 1024;

class TemplateReader {
public:
  TemplateReader(StringRef file, TokenizerSpec &spec)
      : where((file + ": post_processor").str()), file(file), spec(spec) {}

  Error read(const json::Value &value);

private:
  Error readTemplate(const json::Object &object);
  Error readPiece(const json::Value &value, const json::Object &specials);
  Error readClsSep(const json::Object &object);
  Error setPieces(std::vector<TemplatePiece> pieces);

  /// The id and type of a value when both are numbers in range.
  static std::optional<uint32_t> number(const json::Value *value,
                                        int64_t limit) {
    std::optional<int64_t> result =
        value ? value->getAsInteger() : std::nullopt;
    if (!result || *result < 0 || *result >= limit)
      return std::nullopt;
    return uint32_t(*result);
  }

  std::string where;
  StringRef file;
  TokenizerSpec &spec;
  std::vector<TemplatePiece> pieces;
};

} // namespace

Error TemplateReader::setPieces(std::vector<TemplatePiece> found) {
  if (!spec.pieces.empty())
    return unsupportedError(file + ": this tokenizer is not supported",
                            "several post-processors that add tokens", file,
                            "supported: one of them");
  if (llvm::count_if(found, [](const TemplatePiece &piece) {
        return piece.id == none;
      }) != 1)
    return unsupportedError(file + ": this tokenizer is not supported",
                            "a template without the text or with it twice",
                            file, "supported: the sequence A once");
  spec.pieces = std::move(found);
  return Error::success();
}

/// {"Sequence": {"id": "A", "type_id": 0}} or
/// {"SpecialToken": {"id": "[CLS]", "type_id": 0}}
Error TemplateReader::readPiece(const json::Value &value,
                                const json::Object &specials) {
  const json::Object *object = value.getAsObject();
  const json::Object *sequence =
      object ? object->getObject("Sequence") : nullptr;
  const json::Object *special =
      object ? object->getObject("SpecialToken") : nullptr;
  const json::Object *either = sequence ? sequence : special;
  std::optional<StringRef> name;
  std::optional<uint32_t> type;
  if (either) {
    name = either->getString("id");
    type = number(either->get("type_id"), int64_t(1) << 31);
  }
  if (!name || !type)
    return userErrorf("{0}: single: expected a Sequence or a SpecialToken with "
                      "id and type_id",
                      where);
  if (sequence) {
    if (*name != "A")
      return unsupportedError(file + ": this tokenizer is not supported",
                              "the sequence '" + printable(*name) +
                                  "' in the template of a single text",
                              file, "supported: A");
    pieces.push_back({none, *type});
    return Error::success();
  }
  const json::Object *token = specials.getObject(*name);
  const json::Array *ids = token ? token->getArray("ids") : nullptr;
  if (!ids)
    return userErrorf("{0}: special_tokens has no ids for '{1}'", where,
                      printable(*name));
  for (const json::Value &id : *ids) {
    std::optional<uint32_t> known = number(&id, maxIds);
    if (!known)
      return userErrorf("{0}: special_tokens: '{1}': ids: expected integers "
                        "from 0 to {2}",
                        where, printable(*name), maxIds - 1);
    pieces.push_back({*known, *type});
  }
  if (pieces.size() > kMaxPieces)
    return userErrorf("{0}: single: more than {1} tokens", where, kMaxPieces);
  return Error::success();
}

Error TemplateReader::readTemplate(const json::Object &object) {
  const json::Array *single = object.getArray("single");
  const json::Object *specials = object.getObject("special_tokens");
  if (!single || !specials)
    return userErrorf("{0}: expected the array single and the object "
                      "special_tokens",
                      where);
  pieces.clear();
  for (const json::Value &piece : *single)
    if (Error error = readPiece(piece, *specials))
      return error;
  return setPieces(std::move(pieces));
}

/// BertProcessing and RobertaProcessing: "cls" and "sep" are ["[CLS]", 101].
Error TemplateReader::readClsSep(const json::Object &object) {
  std::vector<TemplatePiece> found;
  for (StringRef key : {"cls", "sep"}) {
    const json::Array *pair = object.getArray(key);
    std::optional<uint32_t> id;
    if (pair && pair->size() == 2)
      id = number(&(*pair)[1], maxIds);
    if (!id)
      return userErrorf("{0}: {1}: expected a token and its id", where, key);
    if (!found.empty())
      found.push_back({none, 0});
    found.push_back({*id, 0});
  }
  return setPieces(std::move(found));
}

Error TemplateReader::read(const json::Value &value) {
  const json::Object *object = value.getAsObject();
  std::optional<StringRef> type =
      object ? object->getString("type") : std::nullopt;
  if (!type)
    return userErrorf("{0}: expected an object with a type", where);
  if (*type == "TemplateProcessing")
    return readTemplate(*object);
  if (*type == "BertProcessing" || *type == "RobertaProcessing")
    return readClsSep(*object);
  if (*type == "ByteLevel") // changes offsets alone
    return Error::success();
  if (*type == "Sequence") {
    const json::Array *inner = object->getArray("processors");
    if (!inner)
      return userErrorf("{0}: processors: expected an array", where);
    for (const json::Value &item : *inner)
      if (Error error = read(item))
        return error;
    return Error::success();
  }
  return unsupportedError(
      file + ": this tokenizer is not supported",
      "post_processor type '" + printable(*type) + "'", file,
      "supported: TemplateProcessing, BertProcessing, RobertaProcessing, "
      "ByteLevel, Sequence");
}

Error parsePostProcessor(const json::Value *value, StringRef file,
                         TokenizerSpec &spec) {
  spec.pieces.clear();
  if (value && value->kind() != json::Value::Null)
    if (Error error = TemplateReader(file, spec).read(*value))
      return error;
  if (spec.pieces.empty())
    spec.pieces.push_back({none, 0});
  return Error::success();
}

/// The code unit of an escape "\\uXXXX" at the beginning of `text`.
static std::optional<unsigned> escapedUnit(StringRef text) {
  unsigned unit = 0;
  if (!text.starts_with("\\u") || text.size() < 6 ||
      text.substr(2, 4).getAsInteger(16, unit))
    return std::nullopt;
  return unit;
}

/// Writes escaped surrogate pairs as UTF-8: llvm::json combines them with the
/// wrong result from U+20000 on.
static std::string expandSurrogatePairs(StringRef text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    StringRef plain = text.take_until([](char c) { return c == '\\'; });
    out += plain;
    text = text.drop_front(plain.size());
    std::optional<unsigned> high = escapedUnit(text);
    std::optional<unsigned> low = escapedUnit(text.substr(6));
    if (high && low && *high >= 0xD800 && *high < 0xDC00 && *low >= 0xDC00 &&
        *low < 0xE000) {
      char buffer[UNI_MAX_UTF8_BYTES_PER_CODE_POINT], *end = buffer;
      ConvertCodePointToUTF8(
          0x10000 + ((*high - 0xD800) << 10) + (*low - 0xDC00), end);
      out.append(buffer, end);
      text = text.drop_front(12);
      continue;
    }
    // An escape of two characters, such as an escaped backslash.
    StringRef escape = text.take_front(2);
    out += escape;
    text = text.drop_front(escape.size());
  }
  return out;
}

Expected<json::Value> parseTokenTexts(StringRef text, StringRef name) {
  std::string expanded;
  if (text.contains_insensitive("\\ud")) {
    expanded = expandSurrogatePairs(text);
    text = expanded;
  }
  JSONOptions options;
  options.maxDepth = 32;
  options.refuseDuplicateKeys = true;
  return parseJSON(text, name, options);
}

Expected<TokenizerSpec> parseTokenizerJSON(StringRef text, StringRef name) {
  Expected<json::Value> value = parseTokenTexts(text, name);
  if (!value)
    return value.takeError();
  const json::Object *object = value->getAsObject();
  if (!object)
    return userErrorf("{0}: expected a JSON object", name);
  TokenizerSpec spec;
  if (Error error = parseTokenizerModel(object->get("model"), name, spec))
    return std::move(error);
  if (Error error =
          parseNormalizer(object->get("normalizer"), name, spec.normalizers))
    return std::move(error);
  if (Error error = parsePreTokenizer(object->get("pre_tokenizer"), name,
                                      spec.preTokenizers))
    return std::move(error);
  if (Error error = parseAddedTokens(object->get("added_tokens"), name, spec))
    return std::move(error);
  if (Error error =
          parsePostProcessor(object->get("post_processor"), name, spec))
    return std::move(error);
  // The id that the file's own padding uses; tokenizer_config.json names the
  // token and has the last word.
  if (const json::Object *padding = object->getObject("padding"))
    if (std::optional<int64_t> id = padding->getInteger("pad_id");
        id && *id >= 0 && *id < maxIds)
      spec.padId = uint32_t(*id);
  if (!object->getObject("padding"))
    for (StringRef text : {"[PAD]", "<pad>"})
      if (std::optional<uint32_t> id = spec.find(text)) {
        spec.padId = *id;
        break;
      }
  return spec;
}

} // namespace attune
