//===- Tokenizer.cpp - Text to token ids ----------------------------------===//
#include "attune/Runtime/Tokenizer.h"
#include "AddedTokens.h"
#include "Image.h"
#include "Normalizer.h"
#include "PreTokenizer.h"
#include "SubwordModel.h"
#include "Unicode.h"

#include <algorithm>

namespace attune::rt {

using namespace image;

class TokenizerImpl {
public:
  bool open(const void *data, size_t bytes, std::string &error) {
    if (!image.open(data, bytes, error) ||
        !openNormalizers(image, normalizers, error) ||
        !openPreTokenizers(image, preTokenizers, error) || !openTemplate(error))
      return false;
    openAddedTokens(image, normalizers, addedToOriginal, addedToNormalized);
    model = openModel(image);
    return true;
  }

  size_t maxLength() const {
    uint32_t length = image.header().maxLength;
    return length == none ? 0 : length;
  }

  Tokenizer::Encoding encode(std::string_view utf8, size_t maxLength) const {
    if (maxLength == 0)
      maxLength = this->maxLength();
    size_t specials = pieces.size() - 1;
    // One more than is kept tells whether there is more.
    size_t limit = maxLength == 0         ? size_t(-1)
                   : maxLength < specials ? 1
                                          : maxLength - specials + 1;
    std::vector<int64_t> content;
    encodeContent(decodeUtf8(utf8), limit, content);

    Tokenizer::Encoding result;
    result.truncated = content.size() >= limit;
    if (result.truncated)
      content.resize(limit - 1);
    size_t size = specials + content.size();
    result.ids.reserve(size);
    result.typeIds.reserve(size);
    for (const TemplatePiece &piece : pieces) {
      if (piece.id != none)
        result.ids.push_back(piece.id);
      else
        result.ids.insert(result.ids.end(), content.begin(), content.end());
      result.typeIds.resize(result.ids.size(), piece.typeId);
    }
    // A limit below the number of special tokens.
    if (maxLength != 0 && result.ids.size() > maxLength) {
      result.ids.resize(maxLength);
      result.typeIds.resize(maxLength);
      result.truncated = true;
    }
    return result;
  }

  Image image;

private:
  bool openTemplate(std::string &error) {
    size_t count = image.count<TemplatePiece>(Section::Template), texts = 0;
    constexpr size_t maxPieces = 1024;
    for (size_t i = 0; i < count && i < maxPieces; ++i) {
      TemplatePiece piece = image.get<TemplatePiece>(Section::Template, i);
      if (piece.id == none)
        ++texts;
      else if (image.checkedId(piece.id) == none)
        break;
      pieces.push_back(piece);
    }
    if (pieces.size() == count && texts == 1)
      return true;
    error = "the tokenizer image is damaged: its template is wrong";
    return false;
  }

  /// Appends the ids of a text until there are `limit` of them or more.
  void encodeContent(const std::u32string &text, size_t limit,
                     std::vector<int64_t> &ids) const {
    for (const AddedTokens::Part &part : addedToOriginal.split(text)) {
      if (ids.size() >= limit)
        return;
      if (part.id != none) {
        ids.push_back(part.id);
        continue;
      }
      NormalText normal;
      normal.chars = text.substr(part.begin, part.end - part.begin);
      normal.startChars = part.begin == 0 ? 1 : 0;
      applyAll(normalizers, normal);
      encodeNormalized(normal, limit, ids);
    }
  }

  void encodeNormalized(const NormalText &normal, size_t limit,
                        std::vector<int64_t> &ids) const {
    for (const AddedTokens::Part &part :
         addedToNormalized.split(normal.chars)) {
      if (ids.size() >= limit)
        return;
      if (part.id != none) {
        ids.push_back(part.id);
        continue;
      }
      WordList list;
      list.text = normal.chars.substr(part.begin, part.end - part.begin);
      list.add(0, list.text.size(),
               normal.startChars - std::min(normal.startChars, part.begin));
      size_t lengthOfText = lengthLimit(list.text.size());
      for (const auto &preTokenizer : preTokenizers)
        if (list.text.size() <= lengthOfText)
          preTokenizer->apply(list);
      for (const WordList::Word &word : list.words) {
        if (ids.size() >= limit)
          return;
        model->tokenize(std::u32string_view(list.text).substr(
                            word.begin, word.end - word.begin),
                        ids);
      }
    }
  }

  NormalizerList normalizers;
  PreTokenizerList preTokenizers;
  AddedTokens addedToOriginal, addedToNormalized;
  std::unique_ptr<SubwordModel> model;
  std::vector<TemplatePiece> pieces; ///< one of them is the text's
};

Tokenizer::Tokenizer(std::unique_ptr<TokenizerImpl> impl)
    : impl(std::move(impl)) {}
Tokenizer::~Tokenizer() = default;

std::unique_ptr<Tokenizer> Tokenizer::open(const void *image, size_t bytes,
                                           std::string &error) {
  auto impl = std::make_unique<TokenizerImpl>();
  if (!impl->open(image, bytes, error))
    return nullptr;
  return std::unique_ptr<Tokenizer>(new Tokenizer(std::move(impl)));
}

Tokenizer::Encoding Tokenizer::encode(std::string_view utf8,
                                      size_t maxLength) const {
  return impl->encode(utf8, maxLength);
}

size_t Tokenizer::maxLength() const { return impl->maxLength(); }
int64_t Tokenizer::padId() const { return impl->image.header().padId; }
int64_t Tokenizer::size() const { return impl->image.header().idCount; }

std::string_view Tokenizer::token(int64_t id) const {
  return id < 0 || id >= size() ? std::string_view()
                                : impl->image.token(uint32_t(id));
}

} // namespace attune::rt
