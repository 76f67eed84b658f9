//===- TextSet.h - Texts for calibration and for judgement ------*- C++ -*-===//
#ifndef ATTUNE_LINEARIZE_TEXTSET_H
#define ATTUNE_LINEARIZE_TEXTSET_H

#include "attune/Linearize/RunnableModel.h"

namespace attune {

/// Texts of one file as token ids.
struct TextSet {
  std::string file;
  std::string hash; ///< SHA-256 of the file, hexadecimal
  std::vector<TokenSequence> sequences;

  int64_t getTokens() const;
  int64_t getLongest() const;
  /// The same texts, cut to so many tokens.
  std::vector<TokenSequence> cut(int64_t length) const;
};

/// Reads a file of UTF-8 text, a text a line, or a .npy of integers
/// [texts, length] with token ids. Texts of fewer than two tokens are left out.
/// `maxLength`: most tokens of a text; 0: what the model takes. UserErrors: the
/// file cannot be read, has no texts, ids that the model has not.
llvm::Expected<TextSet> readTexts(llvm::StringRef path, RunnableModel &model,
                                  int64_t maxLength);

/// Takes every fourth text out, to judge by.
TextSet takeHoldout(TextSet &texts);

} // namespace attune

#endif // ATTUNE_LINEARIZE_TEXTSET_H
