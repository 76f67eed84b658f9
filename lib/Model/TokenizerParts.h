//===- TokenizerParts.h - The parts of a tokenizer.json ---------*- C++ -*-===//
//
// One function for each part. `file` names the file in messages. A part that is
// absent or null is an empty list.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_MODEL_TOKENIZERPARTS_H
#define ATTUNE_LIB_MODEL_TOKENIZERPARTS_H

#include "attune/Model/Tokenizer.h"

#include "llvm/Support/JSON.h"

namespace attune {

/// tokenizer.json files are larger than configurations: 33 MB with 256000
/// tokens.
constexpr uint64_t kMaxTokenizerBytes = uint64_t(64) << 20;

/// Parses JSON with tokens as texts, whose escapes reach beyond U+20000. No key
/// may be there twice.
llvm::Expected<llvm::json::Value> parseTokenTexts(llvm::StringRef text,
                                                  llvm::StringRef name);

/// Fills in the vocabulary and what belongs to the model.
llvm::Error parseTokenizerModel(const llvm::json::Value *value,
                                llvm::StringRef file, TokenizerSpec &spec);

llvm::Error parseNormalizer(const llvm::json::Value *value,
                            llvm::StringRef file,
                            std::vector<TokenizerStep> &steps);

llvm::Error parsePreTokenizer(const llvm::json::Value *value,
                              llvm::StringRef file,
                              std::vector<TokenizerStep> &steps);

/// Needs the vocabulary.
llvm::Error parseAddedTokens(const llvm::json::Value *value,
                             llvm::StringRef file, TokenizerSpec &spec);

/// Fills in TokenizerSpec::pieces.
llvm::Error parsePostProcessor(const llvm::json::Value *value,
                               llvm::StringRef file, TokenizerSpec &spec);

/// Fills in a BPE model from its vocabulary and merges, pairs of texts. Needs
/// the continuing prefix.
llvm::Error
resolveMerges(const std::vector<std::pair<std::string, std::string>> &merges,
              llvm::StringRef file, TokenizerSpec &spec);

/// The tokens of a JSON object {"text": id}.
llvm::Error parseVocabulary(const llvm::json::Value *value,
                            llvm::StringRef file, TokenizerSpec &spec);

/// A directory without a tokenizer.json.
llvm::Expected<TokenizerSpec>
readBertVocabulary(llvm::StringRef modelDir, const llvm::json::Object &config);
llvm::Expected<TokenizerSpec>
readRobertaVocabulary(llvm::StringRef modelDir,
                      const llvm::json::Object &config);

} // namespace attune

#endif // ATTUNE_LIB_MODEL_TOKENIZERPARTS_H
