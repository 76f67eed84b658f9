//===- Texts.h - Texts of the command line and their tokens -----*- C++ -*-===//
#ifndef ATTUNE_LIB_RUNTIME_MAIN_TEXTS_H
#define ATTUNE_LIB_RUNTIME_MAIN_TEXTS_H

#include "Program.h"

namespace attune::program {

/// A text and its tokens.
struct TokenizedText {
  std::string text;
  std::vector<int64_t> ids;
  std::vector<int64_t> typeIds;
};

/// The texts of the arguments; "-" stands for the lines of standard input.
/// Returns ExitOk or, with the error reported, the exit status.
int readTexts(const Arguments &arguments, std::vector<TokenizedText> &texts);

/// Fills in the tokens of every text, at most `maxLength` each (0: the model's
/// own limit). With `strip` the white space at both ends is left out, as
/// sentence-transformers does before it tokenizes.
int tokenizeTexts(attune_model *model, size_t maxLength, bool strip,
                  std::vector<TokenizedText> &texts);

} // namespace attune::program

#endif // ATTUNE_LIB_RUNTIME_MAIN_TEXTS_H
