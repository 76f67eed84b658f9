//===- Tokenizer.h - A model's tokenizer, read and compiled -----*- C++ -*-===//
//
// Reads the tokenizer of a Hugging Face directory into a typed specification
// and writes it as the binary image that the runtime uses in place
// (attune/Runtime/TokenizerImage.h).
//
// Supported: WordPiece, byte pair encoding and Unigram models; the normalizers
// and pre-tokenizers that the image format lists; added tokens; templates for a
// single sequence. What else a file asks for is an UnsupportedError that names
// the part, so that a model can be compiled without its tokenizer.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_MODEL_TOKENIZER_H
#define ATTUNE_MODEL_TOKENIZER_H

#include "attune/Runtime/TokenizerImage.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace attune {

/// A normalizer or a pre-tokenizer: the kinds, flags and strings are those of
/// rt::image::Step.
struct TokenizerStep {
  uint32_t kind = 0;
  uint32_t flags = 0;
  std::string first, second;

  TokenizerStep(rt::image::NormalizerKind kind, uint32_t flags = 0,
                std::string first = "", std::string second = "")
      : kind(uint32_t(kind)), flags(flags), first(std::move(first)),
        second(std::move(second)) {}
  TokenizerStep(rt::image::PreTokenizerKind kind, uint32_t flags = 0,
                std::string first = "")
      : kind(uint32_t(kind)), flags(flags), first(std::move(first)) {}
};

/// A token of the model's vocabulary, UTF-8.
struct VocabularyToken {
  std::string text;
  uint32_t id = 0;
};

/// A token that is found in the text itself. `flags` are AddedTokenFlags.
struct AddedTokenSpec {
  std::string text;
  uint32_t id = 0;
  uint32_t flags = 0;
};

/// The pair of ids (left, right) merges into `merged`.
struct MergeSpec {
  uint32_t left = 0, right = 0, merged = 0;
};

/// A whole tokenizer. Ids are below rt::image::maxIds.
struct TokenizerSpec {
  rt::image::ModelKind model = rt::image::ModelKind::WordPiece;
  uint32_t modelFlags = 0; ///< rt::image::ModelFlags

  std::vector<VocabularyToken> vocabulary;
  std::vector<MergeSpec> merges; ///< BPE, best first
  std::vector<double> scores;    ///< Unigram, one for each of `vocabulary`
  uint32_t unknownId = rt::image::none;
  uint32_t maxWordChars = rt::image::none;
  std::string continuingPrefix;
  std::string endOfWordSuffix;

  std::vector<TokenizerStep> normalizers;
  std::vector<TokenizerStep> preTokenizers;
  std::vector<AddedTokenSpec> addedTokens;
  /// What an encoding consists of; exactly one piece, the text's, has id none.
  std::vector<rt::image::TemplatePiece> pieces;

  uint32_t padId = 0;
  uint32_t maxLength = rt::image::none; ///< ids of an encoding

  /// The id of a token by its text, added tokens first.
  std::optional<uint32_t> find(llvm::StringRef text) const;
};

/// Parses the text of a tokenizer.json; `name` is the file's name for messages.
/// Truncation and padding that the file records are left out: they belong to
/// the program that saved it.
llvm::Expected<TokenizerSpec> parseTokenizerJSON(llvm::StringRef text,
                                                 llvm::StringRef name);

/// Reads the tokenizer of a directory from its tokenizer.json, else from
/// vocab.txt (BERT), else from vocab.json and merges.txt (RoBERTa), with
/// tokenizer_config.json and sentence_bert_config.json for the padding token
/// and the largest length, which `maxPositions` limits (0: no limit).
llvm::Expected<TokenizerSpec> readTokenizerSpec(llvm::StringRef modelDir,
                                                size_t maxPositions);

/// Writes the image. Errors: ids out of range or given twice, texts of more
/// than 4 GB.
llvm::Expected<std::string> serializeTokenizer(const TokenizerSpec &spec);

/// readTokenizerSpec and serializeTokenizer.
llvm::Expected<std::string> buildTokenizerImage(llvm::StringRef modelDir,
                                                size_t maxPositions);

} // namespace attune

#endif // ATTUNE_MODEL_TOKENIZER_H
