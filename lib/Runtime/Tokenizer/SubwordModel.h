//===- SubwordModel.h - Splits a word into tokens ---------------*- C++ -*-===//
#ifndef ATTUNE_LIB_RUNTIME_TOKENIZER_SUBWORDMODEL_H
#define ATTUNE_LIB_RUNTIME_TOKENIZER_SUBWORDMODEL_H

#include "Image.h"

#include <memory>
#include <string_view>
#include <vector>

namespace attune::rt {

class SubwordModel {
public:
  virtual ~SubwordModel() = default;

  /// Appends the ids of a word, which is not empty.
  virtual void tokenize(std::u32string_view word,
                        std::vector<int64_t> &ids) const = 0;
};

/// The image's model; the image must outlive it.
std::unique_ptr<SubwordModel> openModel(const Image &image);

std::unique_ptr<SubwordModel> makeWordPiece(const Image &image);
std::unique_ptr<SubwordModel> makeBPE(const Image &image);
std::unique_ptr<SubwordModel> makeUnigram(const Image &image);

/// The ids of the tokens <0x00> to <0xFF>, with which models write the bytes of
/// characters they do not know.
class ByteTokens {
public:
  explicit ByteTokens(const Image &image);

  /// Appends the ids of the bytes; false, with nothing appended, when a byte
  /// has no token.
  bool append(std::string_view bytes, std::vector<int64_t> &ids) const;

private:
  uint32_t tokens[256];
};

} // namespace attune::rt

#endif // ATTUNE_LIB_RUNTIME_TOKENIZER_SUBWORDMODEL_H
