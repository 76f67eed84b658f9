//===- TokenizerImage.h - The binary form of a tokenizer --------*- C++ -*-===//
//
// What the compiler writes and the runtime reads: a header, then sections at
// offsets from the image's first byte. The image is used in place from a mapped
// file, at any alignment. Numbers are little-endian. Opening checks the header
// and the sections' extents; everything inside a section is checked when used,
// so that opening takes no time that grows with the vocabulary.
//
// The vocabulary is a trie over the tokens' UTF-8 bytes in breadth-first order:
// the children of node i are the nodes TrieFirst[i] to TrieFirst[i + 1] - 1,
// TrieLabels[j] is the byte on the edge into node j, and TrieValues[i] the id
// of the token that ends at node i. Node 0 is the root.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_RUNTIME_TOKENIZERIMAGE_H
#define ATTUNE_RUNTIME_TOKENIZERIMAGE_H

#include <cstdint>

namespace attune::rt::image {

constexpr char magic[8] = {'A', 'T', 'T', 'U', 'N', 'E', 'T', 'K'};

/// Grows whenever the layout or the meaning of a field changes.
constexpr uint32_t version = 1;

/// No id, no node, no limit.
constexpr uint32_t none = 0xFFFFFFFFu;

/// Ids are below this, so that a table by id stays small whatever a file says.
constexpr uint32_t maxIds = 1u << 23;

/// Bytes of a token. GPT-2 has tokens of 256 bytes.
constexpr uint32_t maxTokenBytes = 1u << 12;

/// Normalizers, and pre-tokenizers, of one tokenizer.
constexpr uint32_t maxSteps = 64;

/// Bytes of what a normalizer looks for, and of what it puts in or replaces a
/// character by: with the limit on text lengths of encode(), they keep a
/// hostile tokenizer from taking unbounded time and memory.
constexpr uint32_t maxPatternBytes = 256;
constexpr uint32_t maxContentBytes = 32;
constexpr uint32_t maxMappedBytes = 128;

/// Added tokens are matched by a table that is built when a tokenizer opens.
constexpr uint32_t maxAddedTokens = 1u << 16;

enum class ModelKind : uint32_t { WordPiece = 0, BPE = 1, Unigram = 2 };

/// Bits of Header::modelFlags.
enum ModelFlags : uint32_t {
  FuseUnknown = 1u << 0,  ///< BPE: neighbouring unknown characters are one
  ByteFallback = 1u << 1, ///< unknown characters become <0xNN> tokens
  IgnoreMerges = 1u << 2, ///< BPE: a word of the vocabulary is taken whole
};

enum class Section : uint32_t {
  Text = 0,          ///< bytes: all strings
  TokenOffsets = 1,  ///< uint32[idCount + 1]: token i in Text; none is empty
  TrieFirst = 2,     ///< uint32[nodes + 1]
  TrieValues = 3,    ///< uint32[nodes]: id or none
  TrieLabels = 4,    ///< uint8[nodes]
  Merges = 5,        ///< MergeEntry[a power of two], open addressing; BPE
  Scores = 6,        ///< double[idCount]; Unigram
  Normalizers = 7,   ///< Step[]: run in order
  PreTokenizers = 8, ///< Step[]: run in order
  AddedTokens = 9,   ///< AddedToken[]
  Template = 10,     ///< TemplatePiece[]: what encode() returns
};
constexpr uint32_t sectionCount = 11;

struct Extent {
  uint64_t offset;
  uint64_t bytes;
};

struct Header {
  char magic[8];
  uint32_t version;
  uint32_t headerBytes;
  uint64_t bytes; ///< of the whole image
  uint32_t model; ///< ModelKind
  uint32_t modelFlags;
  uint32_t idCount;
  uint32_t unknownId; ///< none: unknown characters are dropped (BPE)
  uint32_t padId;
  uint32_t maxLength;       ///< ids encode() returns at most; none: no limit
  uint32_t maxWordChars;    ///< WordPiece: longer words are unknown
  uint32_t maxTokenBytes;   ///< of the longest token
  uint32_t continuingText;  ///< continuing-subword prefix, in Text
  uint32_t continuingBytes; ///< its length
  uint32_t endOfWordText;   ///< BPE: end-of-word suffix, in Text
  uint32_t endOfWordBytes;  ///< its length
  double minScore;          ///< Unigram: the least score of the vocabulary
  uint32_t mergeProbes;     ///< BPE: slots to look at for a pair at most
  uint32_t reserved;
  Extent sections[sectionCount];
};
static_assert(sizeof(Header) == 88 + 16 * sectionCount);

enum class NormalizerKind : uint32_t {
  Bert = 0, ///< flags: BertFlags
  NFD = 1,
  NFKD = 2,
  NFC = 3,
  NFKC = 4,
  Lowercase = 5,
  StripAccents = 6, ///< removes combining marks
  Strip = 7,        ///< flags: StripFlags; removes white space at the ends
  Replace = 8,      ///< `first` by `second`
  ReplaceRun = 9,   ///< flags: RunFlags; a run of spaces by `second`
  Prepend = 10,     ///< `first` before a text that is not empty
  Nmt = 11,
  Precompiled = 12, ///< `first`: SentencePiece's character map
};
enum BertFlags : uint32_t {
  CleanText = 1u << 0,
  ChineseChars = 1u << 1,
  BertStripAccents = 1u << 2,
  BertLowercase = 1u << 3,
};
enum StripFlags : uint32_t { StripLeft = 1u << 0, StripRight = 1u << 1 };
enum RunFlags : uint32_t {
  RunOfWhitespace = 1u << 0, ///< any white space, else U+0020 alone
  RunOfTwo = 1u << 1,        ///< at least two characters, else one
};

enum class PreTokenizerKind : uint32_t {
  Bert = 0,
  ByteLevel = 1, ///< flags: ByteLevelFlags
  Metaspace = 2, ///< flags: MetaspaceFlags; `first`: the replacement
  Whitespace = 3,
  WhitespaceSplit = 4,
  Punctuation = 5, ///< flags: a Behavior
  Digits = 6,      ///< flags: Isolated or Contiguous
};
enum ByteLevelFlags : uint32_t {
  AddPrefixSpace = 1u << 0,
  UseRegex = 1u << 1, ///< split by GPT-2's expression
};
enum MetaspaceFlags : uint32_t {
  PrependAlways = 1u << 0,
  PrependFirst = 1u << 1, ///< only at the text's beginning
  MetaspaceSplit = 1u << 2,
};
/// What becomes of the characters that a pre-tokenizer splits at.
enum class Behavior : uint32_t {
  Removed = 0,
  Isolated = 1,
  MergedWithPrevious = 2,
  MergedWithNext = 3,
  Contiguous = 4,
};

/// A normalizer or a pre-tokenizer; strings are in Text.
struct Step {
  uint32_t kind;
  uint32_t flags;
  uint32_t first, firstBytes;
  uint32_t second, secondBytes;
};
static_assert(sizeof(Step) == 24);

enum AddedTokenFlags : uint32_t {
  SingleWord = 1u << 0,
  LeftStrip = 1u << 1,  ///< takes the white space before it
  RightStrip = 1u << 2, ///< takes the white space after it
  Normalized = 1u << 3, ///< matched in normalised text, itself normalised
};
struct AddedToken {
  uint32_t id;
  uint32_t flags;
  uint32_t text, textBytes;
};
static_assert(sizeof(AddedToken) == 16);

/// A token of the template, or with id `none` the place of the text's tokens.
struct TemplatePiece {
  uint32_t id;
  uint32_t typeId;
};
static_assert(sizeof(TemplatePiece) == 8);

/// The pair (left, right) merges into `merged`; lowest rank first. left ==
/// none: an empty slot.
struct MergeEntry {
  uint32_t left, right;
  uint32_t rank;
  uint32_t merged;
};
static_assert(sizeof(MergeEntry) == 16);

/// The slot at which the search for a pair starts, in a table of `slots` (a
/// power of two). Fibonacci hashing: the product's high bits depend on all bits
/// of the pair.
inline uint64_t mergeSlot(uint32_t left, uint32_t right, uint64_t slots) {
  uint64_t key = (uint64_t(left) << 32 | right) * 0x9E3779B97F4A7C15u;
  key ^= key >> 32;
  return (key * 0x9E3779B97F4A7C15u >> 20) & (slots - 1);
}

} // namespace attune::rt::image

#endif // ATTUNE_RUNTIME_TOKENIZERIMAGE_H
