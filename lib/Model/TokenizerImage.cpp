//===- TokenizerImage.cpp - Writes a tokenizer's image --------------------===//

#include "attune/Model/Tokenizer.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"

#include <cstring>
#include <limits>

using namespace llvm;

namespace attune {

using namespace rt::image;

static_assert(endianness::native == endianness::little,
              "the image is written in the order of the host's bytes");

namespace {

class ImageWriter {
public:
  explicit ImageWriter(const TokenizerSpec &spec) : spec(spec) {}

  Expected<std::string> write();

private:
  Error collectTokens();
  void writeTrie();
  void writeMerges();
  void writeScores();
  void writeSteps(ArrayRef<TokenizerStep> steps, Section section);
  void writeAddedTokens();

  uint32_t addText(StringRef text) {
    uint32_t offset = uint32_t(bytes(Section::Text).size());
    bytes(Section::Text).append(text.data(), text.size());
    return offset;
  }

  template <typename T> void append(Section section, const T &value) {
    bytes(section).append(reinterpret_cast<const char *>(&value), sizeof(T));
  }

  std::string &bytes(Section section) { return sections[uint32_t(section)]; }

  const TokenizerSpec &spec;
  Header header = {};
  std::string sections[sectionCount];
};

} // namespace

/// The table of tokens by id, which also checks the ids.
Error ImageWriter::collectTokens() {
  uint64_t textBytes = 0;
  uint32_t count = 0;
  auto check = [&](StringRef text, uint32_t id) -> Error {
    if (id >= maxIds)
      return userErrorf("tokenizer: the id {0} of '{1}' is too large: ids are "
                        "below {2}",
                        id, printable(text), maxIds);
    if (text.size() > maxTokenBytes)
      return userErrorf("tokenizer: the token '{0}' has {1} bytes, at most {2} "
                        "are accepted",
                        printable(text), text.size(), maxTokenBytes);
    count = std::max(count, id + 1);
    // An added token's text is there twice: once to be matched.
    textBytes += 2 * text.size();
    return Error::success();
  };
  for (const VocabularyToken &token : spec.vocabulary)
    if (Error error = check(token.text, token.id))
      return error;
  for (const AddedTokenSpec &token : spec.addedTokens)
    if (Error error = check(token.text, token.id))
      return error;
  for (const std::vector<TokenizerStep> *steps :
       {&spec.normalizers, &spec.preTokenizers})
    for (const TokenizerStep &step : *steps)
      textBytes += step.first.size() + step.second.size();
  if (textBytes >= std::numeric_limits<uint32_t>::max() / 2)
    return userErrorf("tokenizer: its texts have {0} bytes, too many",
                      textBytes);
  if (count == 0)
    return userErrorf("tokenizer: its vocabulary is empty");

  std::vector<StringRef> tokens(count);
  for (const VocabularyToken &token : spec.vocabulary) {
    if (!tokens[token.id].empty())
      return userErrorf("tokenizer: the id {0} is given to '{1}' and to '{2}'",
                        token.id, printable(tokens[token.id]),
                        printable(token.text));
    tokens[token.id] = token.text;
  }
  for (const AddedTokenSpec &token : spec.addedTokens)
    tokens[token.id] = token.text;

  uint32_t offset = 0;
  append(Section::TokenOffsets, offset);
  for (StringRef token : tokens) {
    addText(token);
    offset += uint32_t(token.size());
    append(Section::TokenOffsets, offset);
    header.maxTokenBytes =
        std::max(header.maxTokenBytes, uint32_t(token.size()));
  }
  header.idCount = count;

  auto missing = [&](uint32_t id) { return id != none && id >= count; };
  if (missing(spec.unknownId) || spec.padId >= count)
    return userErrorf("tokenizer: the unknown or the padding token has an id "
                      "that no token has; ids are below {0}",
                      count);
  for (const TemplatePiece &piece : spec.pieces)
    if (missing(piece.id))
      return userErrorf("tokenizer: the template has the id {0}, which no "
                        "token has; ids are below {1}",
                        piece.id, count);
  return Error::success();
}

/// Breadth first: a node is a range of the sorted tokens that begin alike.
void ImageWriter::writeTrie() {
  // Of equal texts the last in the file counts, as in the library.
  std::vector<const VocabularyToken *> sorted;
  sorted.reserve(spec.vocabulary.size());
  for (const VocabularyToken &token : spec.vocabulary)
    if (!token.text.empty())
      sorted.push_back(&token);
  llvm::sort(sorted, [](const VocabularyToken *a, const VocabularyToken *b) {
    int order = a->text.compare(b->text);
    return order != 0 ? order < 0 : a < b;
  });

  struct Node {
    uint32_t begin, end, depth;
  };
  std::vector<Node> nodes = {{0, uint32_t(sorted.size()), 0}};
  bytes(Section::TrieLabels).push_back(0); // no edge leads to the root
  for (size_t at = 0; at < nodes.size(); ++at) {
    append(Section::TrieFirst, uint32_t(nodes.size()));
    auto [begin, end, depth] = nodes[at];
    uint32_t value = none;
    for (; begin < end && sorted[begin]->text.size() == depth; ++begin)
      value = sorted[begin]->id;
    append(Section::TrieValues, value);
    while (begin < end) {
      char label = sorted[begin]->text[depth];
      uint32_t next = begin + 1;
      while (next < end && sorted[next]->text[depth] == label)
        ++next;
      nodes.push_back({begin, next, depth + 1});
      bytes(Section::TrieLabels).push_back(label);
      begin = next;
    }
  }
  append(Section::TrieFirst, uint32_t(nodes.size()));
}

void ImageWriter::writeMerges() {
  if (spec.merges.empty())
    return;
  uint64_t slots = PowerOf2Ceil(2 * uint64_t(spec.merges.size()));
  std::vector<MergeEntry> table(slots, MergeEntry{none, 0, 0, 0});
  for (auto [rank, merge] : llvm::enumerate(spec.merges)) {
    uint64_t slot = mergeSlot(merge.left, merge.right, slots);
    uint32_t probes = 1;
    // The last merge of a pair counts, as in the library.
    while (table[slot].left != none && !(table[slot].left == merge.left &&
                                         table[slot].right == merge.right)) {
      slot = (slot + 1) & (slots - 1);
      ++probes;
    }
    table[slot] = {merge.left, merge.right, uint32_t(rank), merge.merged};
    header.mergeProbes = std::max(header.mergeProbes, probes);
  }
  for (const MergeEntry &entry : table)
    append(Section::Merges, entry);
}

void ImageWriter::writeScores() {
  std::vector<double> scores(header.idCount, 0.0);
  header.minScore = std::numeric_limits<double>::max();
  for (auto [token, score] : llvm::zip(spec.vocabulary, spec.scores)) {
    scores[token.id] = score;
    header.minScore = std::min(header.minScore, score);
  }
  for (double score : scores)
    append(Section::Scores, score);
}

void ImageWriter::writeSteps(ArrayRef<TokenizerStep> steps, Section section) {
  for (const TokenizerStep &step : steps) {
    Step out = {};
    out.kind = step.kind;
    out.flags = step.flags;
    out.first = addText(step.first);
    out.firstBytes = uint32_t(step.first.size());
    out.second = addText(step.second);
    out.secondBytes = uint32_t(step.second.size());
    append(section, out);
  }
}

void ImageWriter::writeAddedTokens() {
  for (const AddedTokenSpec &token : spec.addedTokens)
    append(Section::AddedTokens,
           AddedToken{token.id, token.flags, addText(token.text),
                      uint32_t(token.text.size())});
}

Expected<std::string> ImageWriter::write() {
  std::memcpy(header.magic, magic, sizeof(magic));
  header.version = version;
  header.headerBytes = sizeof(Header);
  header.model = uint32_t(spec.model);
  header.modelFlags = spec.modelFlags;
  header.unknownId = spec.unknownId;
  header.padId = spec.padId;
  header.maxLength = spec.maxLength;
  header.maxWordChars = spec.maxWordChars;
  if (Error error = collectTokens())
    return std::move(error);
  writeTrie();
  writeMerges();
  if (spec.model == ModelKind::Unigram)
    writeScores();
  writeSteps(spec.normalizers, Section::Normalizers);
  writeSteps(spec.preTokenizers, Section::PreTokenizers);
  writeAddedTokens();
  for (const TemplatePiece &piece : spec.pieces)
    append(Section::Template, piece);
  header.continuingText = addText(spec.continuingPrefix);
  header.continuingBytes = uint32_t(spec.continuingPrefix.size());
  header.endOfWordText = addText(spec.endOfWordSuffix);
  header.endOfWordBytes = uint32_t(spec.endOfWordSuffix.size());

  uint64_t offset = sizeof(Header);
  for (uint32_t i = 0; i < sectionCount; ++i) {
    offset = alignTo(offset, 8);
    header.sections[i] = {offset, sections[i].size()};
    offset += sections[i].size();
  }
  header.bytes = alignTo(offset, 8);
  std::string image(header.bytes, '\0');
  std::memcpy(image.data(), &header, sizeof(Header));
  for (uint32_t i = 0; i < sectionCount; ++i)
    std::memcpy(image.data() + header.sections[i].offset, sections[i].data(),
                sections[i].size());
  return image;
}

Expected<std::string> serializeTokenizer(const TokenizerSpec &spec) {
  return ImageWriter(spec).write();
}

} // namespace attune
