//===- Tokenizer.h - Text to token ids --------------------------*- C++ -*-===//
//
// Runs a tokenizer that the compiler read from a Hugging Face model's files. It
// gives the ids that the `tokenizers` library gives for a single sequence with
// special tokens, truncated on the right, without padding.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_RUNTIME_TOKENIZER_H
#define ATTUNE_RUNTIME_TOKENIZER_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace attune::rt {

class TokenizerImpl;

class Tokenizer {
public:
  /// Opens the `bytes` of a tokenizer image (TokenizerImage.h), which must stay
  /// in place as long as the tokenizer is used. Null with `error` set when the
  /// image is damaged or of another version.
  static std::unique_ptr<Tokenizer> open(const void *image, size_t bytes,
                                         std::string &error);
  ~Tokenizer();

  struct Encoding {
    std::vector<int64_t> ids;     ///< special tokens included
    std::vector<int64_t> typeIds; ///< as many as ids
    bool truncated = false;       ///< the text had more tokens
  };

  /// The ids of `utf8`, at most `maxLength` of them (0: maxLength()).
  /// Ill-formed UTF-8 reads as U+FFFD, as Python's
  /// bytes.decode(errors="replace") has it. The time grows with the length of
  /// the text, not faster. Safe to call from several threads.
  Encoding encode(std::string_view utf8, size_t maxLength = 0) const;

  /// The largest number of ids of an encoding, 0 when there is no limit.
  size_t maxLength() const;

  /// What shorter sequences of a batch are filled up with.
  int64_t padId() const;

  /// Ids are in [0, size()).
  int64_t size() const;

  /// The token of an id as the vocabulary has it; empty when there is none.
  std::string_view token(int64_t id) const;

private:
  explicit Tokenizer(std::unique_ptr<TokenizerImpl> impl);
  std::unique_ptr<TokenizerImpl> impl;
};

} // namespace attune::rt

#endif // ATTUNE_RUNTIME_TOKENIZER_H
