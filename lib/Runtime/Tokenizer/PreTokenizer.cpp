//===- PreTokenizer.cpp - Splits a normalised text into words -------------===//
//
// Each class does what the pre-tokenizer of the same name in the `tokenizers`
// library does.
//
//===----------------------------------------------------------------------===//
#include "PreTokenizer.h"
#include "Unicode.h"

namespace attune::rt {

using namespace image;

namespace {

using Word = WordList::Word;

/// Splits the words at the characters that `isDelimiter` picks.
template <class Predicate>
void splitAt(WordList &list, Behavior behavior, Predicate isDelimiter) {
  std::vector<Word> old;
  old.swap(list.words);
  for (const Word &word : old) {
    size_t begin = word.begin;
    bool before = false; // the character before was a delimiter
    auto cut = [&](size_t end) {
      list.addPart(word, begin, end);
      begin = end;
    };
    for (size_t i = word.begin; i < word.end; ++i) {
      bool delimiter = isDelimiter(list.text[i]);
      switch (behavior) {
      case Behavior::Removed:
        if (delimiter) {
          cut(i);
          begin = i + 1;
        }
        break;
      case Behavior::Isolated:
        if (delimiter || before)
          cut(i);
        break;
      case Behavior::MergedWithPrevious:
        if (before)
          cut(i);
        break;
      case Behavior::MergedWithNext:
        if (delimiter)
          cut(i);
        break;
      case Behavior::Contiguous:
        if (delimiter != before)
          cut(i);
        break;
      }
      before = delimiter;
    }
    cut(word.end);
  }
}

class BertPreTokenizer final : public PreTokenizer {
public:
  void apply(WordList &list) const override {
    splitAt(list, Behavior::Removed, isWhitespace);
    splitAt(list, Behavior::Isolated, isPunctuation);
  }
};

class WhitespaceSplit final : public PreTokenizer {
public:
  void apply(WordList &list) const override {
    splitAt(list, Behavior::Removed, isWhitespace);
  }
};

class Punctuation final : public PreTokenizer {
public:
  explicit Punctuation(Behavior behavior) : behavior(behavior) {}
  void apply(WordList &list) const override {
    splitAt(list, behavior, isPunctuation);
  }

private:
  Behavior behavior;
};

class Digits final : public PreTokenizer {
public:
  explicit Digits(Behavior behavior) : behavior(behavior) {}
  void apply(WordList &list) const override {
    splitAt(list, behavior, isNumeric);
  }

private:
  Behavior behavior;
};

/// The expression \w+|[^\w\s]+
class Whitespace final : public PreTokenizer {
public:
  void apply(WordList &list) const override {
    splitAt(list, Behavior::Removed, isWhitespace);
    splitAt(list, Behavior::Contiguous, isWord);
  }
};

/// Rewrites each word: `rewrite(word, text)` appends to text, which becomes the
/// list's, and returns how many of the appended characters stem from the
/// input's first one.
template <class Rewrite> void rewriteWords(WordList &list, Rewrite rewrite) {
  std::u32string text;
  text.reserve(list.text.size() + list.words.size());
  std::vector<Word> old;
  old.swap(list.words);
  for (const Word &word : old) {
    size_t begin = text.size();
    size_t startChars = rewrite(word, text);
    list.add(begin, text.size(), startChars);
  }
  list.text.swap(text);
}

class Metaspace final : public PreTokenizer {
public:
  Metaspace(uint32_t flags, char32_t replacement)
      : flags(flags), replacement(replacement) {}

  void apply(WordList &list) const override {
    rewriteWords(list, [&](const Word &word, std::u32string &text) {
      char32_t first = list.text[word.begin];
      bool prepend = (flags & PrependAlways) ||
                     ((flags & PrependFirst) && word.startChars > 0);
      prepend &= first != U' ' && first != replacement;
      if (prepend)
        text.push_back(replacement);
      for (size_t i = word.begin; i < word.end; ++i)
        text.push_back(list.text[i] == U' ' ? replacement : list.text[i]);
      return word.startChars + (prepend && word.startChars > 0);
    });
    if (flags & MetaspaceSplit)
      splitAt(list, Behavior::MergedWithNext,
              [&](char32_t c) { return c == replacement; });
  }

private:
  uint32_t flags;
  char32_t replacement;
};

class ByteLevel final : public PreTokenizer {
public:
  explicit ByteLevel(uint32_t flags) : flags(flags) {
    // GPT-2's printable stand-ins: bytes that print stand for themselves, the
    // others are numbered from U+0100.
    char32_t next = 0x100;
    for (unsigned byte = 0; byte < 256; ++byte) {
      bool prints = (byte >= 0x21 && byte <= 0x7E) ||
                    (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
      standIns[byte] = prints ? byte : next++;
    }
  }

  void apply(WordList &list) const override {
    if (flags & AddPrefixSpace)
      rewriteWords(list, [&](const Word &word, std::u32string &text) {
        bool prepend = list.text[word.begin] != U' ';
        if (prepend)
          text.push_back(U' ');
        text.append(list.text, word.begin, word.end - word.begin);
        return word.startChars + (prepend && word.startChars > 0);
      });
    if (flags & UseRegex)
      splitByExpression(list);
    std::string utf8;
    rewriteWords(list, [&](const Word &word, std::u32string &text) {
      utf8.clear();
      std::u32string_view chars(list.text.data() + word.begin,
                                word.end - word.begin);
      appendUtf8(utf8, chars.substr(0, word.startChars));
      size_t startBytes = utf8.size();
      appendUtf8(utf8, chars.substr(word.startChars));
      for (unsigned char byte : utf8)
        text.push_back(standIns[byte]);
      return startBytes;
    });
  }

private:
  enum class Class { Space, Letter, Number, Other };

  static Class classOf(char32_t c) {
    return isWhitespace(c) ? Class::Space
           : isLetter(c)   ? Class::Letter
           : isNumber(c)   ? Class::Number
                           : Class::Other;
  }

  /// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
  static void splitByExpression(WordList &list) {
    std::vector<Word> old;
    old.swap(list.words);
    for (const Word &word : old)
      for (size_t at = word.begin; at < word.end;) {
        size_t end = matchEnd(list.text, at, word.end);
        list.addPart(word, at, end);
        at = end;
      }
  }

  static size_t matchEnd(const std::u32string &text, size_t at, size_t end) {
    if (size_t suffix = contraction(text, at, end))
      return at + suffix;
    auto endOfClass = [&](size_t from) {
      Class wanted = classOf(text[from]);
      do
        ++from;
      while (from < end && classOf(text[from]) == wanted);
      return from;
    };
    if (classOf(text[at]) != Class::Space)
      return endOfClass(at);
    if (text[at] == U' ' && at + 1 < end &&
        classOf(text[at + 1]) != Class::Space)
      return endOfClass(at + 1);
    // White space before something else leaves its last character to it.
    size_t spaces = endOfClass(at);
    return spaces == end || spaces == at + 1 ? spaces : spaces - 1;
  }

  /// The length of an English suffix such as 's or 'll, else 0.
  static size_t contraction(const std::u32string &text, size_t at, size_t end) {
    if (text[at] != U'\'' || at + 1 >= end)
      return 0;
    char32_t a = text[at + 1];
    if (a == U's' || a == U't' || a == U'm' || a == U'd')
      return 2;
    if (at + 2 >= end)
      return 0;
    char32_t b = text[at + 2];
    bool two = (a == U'r' && b == U'e') || (a == U'v' && b == U'e') ||
               (a == U'l' && b == U'l');
    return two ? 3 : 0;
  }

  uint32_t flags;
  char32_t standIns[256];
};

std::unique_ptr<PreTokenizer> makePreTokenizer(const Image &image,
                                               const Step &step) {
  bool knownBehavior = step.flags <= uint32_t(Behavior::Contiguous);
  switch (PreTokenizerKind(step.kind)) {
  case PreTokenizerKind::Bert:
    return std::make_unique<BertPreTokenizer>();
  case PreTokenizerKind::ByteLevel:
    return std::make_unique<ByteLevel>(step.flags);
  case PreTokenizerKind::Metaspace: {
    std::u32string replacement =
        decodeUtf8(image.text(step.first, step.firstBytes));
    if (replacement.size() != 1)
      return nullptr;
    return std::make_unique<Metaspace>(step.flags, replacement[0]);
  }
  case PreTokenizerKind::Whitespace:
    return std::make_unique<Whitespace>();
  case PreTokenizerKind::WhitespaceSplit:
    return std::make_unique<WhitespaceSplit>();
  case PreTokenizerKind::Punctuation:
    return knownBehavior ? std::make_unique<Punctuation>(Behavior(step.flags))
                         : nullptr;
  case PreTokenizerKind::Digits:
    return knownBehavior ? std::make_unique<Digits>(Behavior(step.flags))
                         : nullptr;
  }
  return nullptr;
}

} // namespace

bool openPreTokenizers(const Image &image, PreTokenizerList &list,
                       std::string &error) {
  size_t count = image.count<Step>(Section::PreTokenizers);
  for (size_t i = 0; i < count; ++i) {
    std::unique_ptr<PreTokenizer> next =
        makePreTokenizer(image, image.get<Step>(Section::PreTokenizers, i));
    if (!next) {
      error = "the tokenizer image is damaged: a pre-tokenizer is unknown";
      return false;
    }
    list.push_back(std::move(next));
  }
  return true;
}

} // namespace attune::rt
