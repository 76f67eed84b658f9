//===- TokenizerTestSupport.h - Tokenizers made for tests -------*- C++ -*-===//

#ifndef ATTUNE_TEST_UNIT_TOKENIZER_TOKENIZERTESTSUPPORT_H
#define ATTUNE_TEST_UNIT_TOKENIZER_TOKENIZERTESTSUPPORT_H

#include "attune/Model/Tokenizer.h"
#include "attune/Runtime/Tokenizer.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/JSON.h"

#include "gtest/gtest.h"

#include <memory>
#include <string>
#include <vector>

namespace attune::test {

/// The folder of golden tokenizers, and the names of those in it.
std::string goldenPath(llvm::StringRef file);
extern const char *const kGoldenNames[];
extern const size_t kGoldenCount;

/// The text of a file, which must be there.
std::string readText(llvm::StringRef path);

/// A small WordPiece tokenizer.json as a value to change.
llvm::json::Value tinyTokenizer();
std::string textOf(const llvm::json::Value &value);

/// A tokenizer with the image it uses.
struct OpenTokenizer {
  std::string image;
  std::unique_ptr<rt::Tokenizer> tokenizer;
};

/// Compiles and opens; fails the test when that does not work.
OpenTokenizer openText(llvm::StringRef json);
OpenTokenizer openDirectory(llvm::StringRef directory, size_t maxPositions);

/// Encodes texts of every kind, of a few lengths.
void exercise(const rt::Tokenizer &tokenizer);

/// A new directory that is removed with the files in it.
class ScratchDirectory {
public:
  ScratchDirectory();
  ~ScratchDirectory();
  const std::string &path() const { return root; }
  void write(llvm::StringRef file, llvm::StringRef content) const;

private:
  std::string root;
};

} // namespace attune::test

#endif // ATTUNE_TEST_UNIT_TOKENIZER_TOKENIZERTESTSUPPORT_H
