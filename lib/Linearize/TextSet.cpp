//===- TextSet.cpp - Texts for calibration and for judgement --------------===//
#include "attune/Linearize/TextSet.h"
#include "attune/Runtime/Elements.h"
#include "attune/Runtime/Npy.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/LineIterator.h"
#include "llvm/Support/SHA256.h"

using namespace attune;

static constexpr uint64_t kMostBytes = uint64_t(1) << 30;

int64_t TextSet::getTokens() const {
  int64_t tokens = 0;
  for (const TokenSequence &sequence : sequences)
    tokens += sequence.size();
  return tokens;
}

int64_t TextSet::getLongest() const {
  size_t longest = 0;
  for (const TokenSequence &sequence : sequences)
    longest = std::max(longest, sequence.size());
  return longest;
}

std::vector<TokenSequence> TextSet::cut(int64_t length) const {
  std::vector<TokenSequence> result = sequences;
  for (TokenSequence &sequence : result)
    sequence.resize(std::min<size_t>(sequence.size(), length));
  return result;
}

/// Every number of the model's vocabulary, or all that are not negative.
static llvm::Error checkIds(llvm::StringRef path, const TextSet &texts,
                            const AttuneTensorInfo &info) {
  if (info.min > info.max)
    return llvm::Error::success();
  for (const TokenSequence &sequence : texts.sequences)
    for (int64_t id : sequence)
      if (id < info.min || id > info.max)
        return userErrorf("'{0}' has the token id {1}: expected ids from {2} "
                          "to {3}",
                          path, id, info.min, info.max);
  return llvm::Error::success();
}

static llvm::Expected<std::vector<TokenSequence>> readIds(llvm::StringRef path,
                                                          int64_t maxLength) {
  rt::NpyArray array;
  std::string error;
  if (!array.open(path.str().c_str(), error))
    return userError(error);
  if (array.shape().size() != 2 || rt::isFloatType(array.type()))
    return userErrorf("'{0}': expected integers of shape [texts, length]",
                      path);
  int64_t length = array.shape()[1];
  std::vector<TokenSequence> sequences;
  for (int64_t text = 0; text < array.shape()[0]; ++text) {
    TokenSequence &sequence = sequences.emplace_back();
    for (int64_t i = 0; i < length && (!maxLength || i < maxLength); ++i)
      sequence.push_back(static_cast<int64_t>(
          rt::elementBits(array.type(), array.data(), text * length + i)));
  }
  return sequences;
}

static llvm::Expected<std::vector<TokenSequence>>
tokenizeLines(const llvm::MemoryBuffer &buffer, RunnableModel &model,
              int64_t maxLength) {
  std::vector<TokenSequence> sequences;
  for (llvm::line_iterator line(buffer); !line.is_at_eof(); ++line) {
    llvm::StringRef text = line->trim();
    if (text.empty())
      continue;
    llvm::Expected<TokenSequence> ids = model.tokenize(text, maxLength);
    if (!ids)
      return ids.takeError();
    sequences.push_back(std::move(*ids));
  }
  return sequences;
}

llvm::Expected<TextSet> attune::readTexts(llvm::StringRef path,
                                          RunnableModel &model,
                                          int64_t maxLength) {
  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> buffer =
      readFile(path, kMostBytes);
  if (!buffer)
    return buffer.takeError();
  TextSet texts;
  texts.file = path.str();
  texts.hash = llvm::toHex(
      llvm::SHA256::hash(llvm::arrayRefFromStringRef((*buffer)->getBuffer())),
      /*LowerCase=*/true);
  int64_t most = model.getMaxLength();
  if (maxLength && (!most || maxLength < most))
    most = maxLength;
  auto sequences = path.ends_with(".npy")
                       ? readIds(path, most)
                       : tokenizeLines(**buffer, model, most);
  if (!sequences)
    return sequences.takeError();
  texts.sequences = std::move(*sequences);
  llvm::erase_if(texts.sequences,
                 [](const TokenSequence &ids) { return ids.size() < 2; });
  if (texts.sequences.empty())
    return userErrorf("'{0}' has no text of two tokens or more: expected a "
                      "text a line",
                      path);
  if (llvm::Error error = checkIds(path, texts, model.getIdsInput()))
    return std::move(error);
  return texts;
}

TextSet attune::takeHoldout(TextSet &texts) {
  constexpr size_t kEvery = 4;
  TextSet holdout;
  holdout.file = texts.file;
  holdout.hash = texts.hash;
  std::vector<TokenSequence> kept;
  for (auto [index, sequence] : llvm::enumerate(texts.sequences))
    (index % kEvery == kEvery - 1 ? holdout.sequences : kept)
        .push_back(std::move(sequence));
  texts.sequences = std::move(kept);
  return holdout;
}
