//===- Normalizer.cpp - What is done to a text before it is split ---------===//
//
// Each class does what the normalizer of the same name in the `tokenizers`
// library does, down to its oddities.
//
//===----------------------------------------------------------------------===//
#include "Normalizer.h"
#include "Unicode.h"

#include <algorithm>

namespace attune::rt {

using namespace image;

namespace {

/// Removes the characters that `removed` picks.
template <class Predicate> void removeIf(NormalText &text, Predicate removed) {
  std::u32string &chars = text.chars;
  auto start = chars.begin() + text.startChars;
  text.startChars -= std::count_if(chars.begin(), start, removed);
  chars.erase(std::remove_if(chars.begin(), chars.end(), removed), chars.end());
}

/// Replaces each character by what `append(out, c)` appends for it.
template <class Append> void mapEach(NormalText &text, Append append) {
  std::u32string out;
  out.reserve(text.chars.size());
  size_t startChars = 0;
  for (size_t i = 0; i < text.chars.size(); ++i) {
    append(out, text.chars[i]);
    if (i + 1 == text.startChars)
      startChars = out.size();
  }
  text.startChars = startChars;
  text.chars.swap(out);
}

void normalizeForm(NormalText &text, NormalForm form) {
  std::u32string_view start(text.chars.data(), text.startChars);
  size_t startChars = normalize(start, form).size();
  text.chars = normalize(text.chars, form);
  text.startChars = std::min(startChars, text.chars.size());
}

bool allAscii(const std::u32string &chars) {
  return std::all_of(chars.begin(), chars.end(),
                     [](char32_t c) { return c < 0x80; });
}

class BertNormalizer final : public Normalizer {
public:
  explicit BertNormalizer(uint32_t flags) : flags(flags) {}

  void apply(NormalText &text) const override {
    if (flags & CleanText)
      clean(text);
    bool ascii = allAscii(text.chars);
    if ((flags & ChineseChars) && !ascii)
      mapEach(text, appendSeparated);
    if ((flags & BertStripAccents) && !ascii) {
      normalizeForm(text, NormalForm::D);
      removeIf(text, isNonspacingMark);
    }
    if (flags & BertLowercase)
      mapEach(text, appendLower);
  }

private:
  static void clean(NormalText &text) {
    removeIf(text, [](char32_t c) {
      return c == 0xFFFD ||
             (isOther(c) && c != U'\t' && c != U'\n' && c != U'\r');
    });
    for (char32_t &c : text.chars)
      if (isWhitespace(c))
        c = U' ';
  }

  static void appendSeparated(std::u32string &out, char32_t c) {
    if (!isChinese(c)) {
      out.push_back(c);
      return;
    }
    out.push_back(U' ');
    out.push_back(c);
    out.push_back(U' ');
  }

  uint32_t flags;
};

class FormNormalizer final : public Normalizer {
public:
  explicit FormNormalizer(NormalForm form) : form(form) {}
  void apply(NormalText &text) const override {
    if (!allAscii(text.chars))
      normalizeForm(text, form);
  }

private:
  NormalForm form;
};

class LowercaseNormalizer final : public Normalizer {
public:
  void apply(NormalText &text) const override { mapEach(text, appendLower); }
};

class StripAccentsNormalizer final : public Normalizer {
public:
  void apply(NormalText &text) const override {
    removeIf(text, isCombiningMark);
  }
};

class StripNormalizer final : public Normalizer {
public:
  explicit StripNormalizer(uint32_t flags) : flags(flags) {}
  void apply(NormalText &text) const override {
    size_t begin = 0, end = text.chars.size();
    if (flags & StripLeft)
      while (begin < end && isWhitespace(text.chars[begin]))
        ++begin;
    if (flags & StripRight)
      while (end > begin && isWhitespace(text.chars[end - 1]))
        --end;
    size_t start = std::min(text.startChars, end);
    text.startChars = start - std::min(start, begin);
    text.chars = text.chars.substr(begin, end - begin);
  }

private:
  uint32_t flags;
};

/// A text in which matches are replaced. What replaces a match stands for the
/// match's last character.
class Replacement {
public:
  explicit Replacement(NormalText &text) : text(text) {
    out.reserve(text.chars.size());
  }

  /// The match from `begin` to `end`, after the last one.
  void replace(size_t begin, size_t end, const std::u32string &content) {
    copyUntil(begin);
    out.append(content);
    if (end <= text.startChars)
      startChars += content.size();
    done = end;
  }

  void finish() {
    copyUntil(text.chars.size());
    text.chars.swap(out);
    text.startChars = startChars;
  }

private:
  void copyUntil(size_t end) {
    out.append(text.chars, done, end - done);
    if (done < text.startChars)
      startChars += std::min(end, text.startChars) - done;
  }

  NormalText &text;
  std::u32string out;
  size_t done = 0, startChars = 0;
};

class ReplaceNormalizer final : public Normalizer {
public:
  ReplaceNormalizer(std::u32string pattern, std::u32string content)
      : pattern(std::move(pattern)), content(std::move(content)) {}

  void apply(NormalText &text) const override {
    const std::u32string &chars = text.chars;
    size_t found = pattern.empty() ? std::u32string::npos : chars.find(pattern);
    if (found == std::u32string::npos)
      return;
    Replacement out(text);
    for (; found != std::u32string::npos;
         found = chars.find(pattern, found + pattern.size()))
      out.replace(found, found + pattern.size(), content);
    out.finish();
  }

private:
  std::u32string pattern, content;
};

class ReplaceRunNormalizer final : public Normalizer {
public:
  ReplaceRunNormalizer(uint32_t flags, std::u32string content)
      : flags(flags), content(std::move(content)) {}

  void apply(NormalText &text) const override {
    size_t least = flags & RunOfTwo ? 2 : 1;
    const std::u32string &chars = text.chars;
    Replacement out(text);
    for (size_t i = 0; i < chars.size(); ++i) {
      size_t end = i;
      while (end < chars.size() && matches(chars[end]))
        ++end;
      if (end - i >= least)
        out.replace(i, end, content);
      if (end > i)
        i = end - 1;
    }
    out.finish();
  }

private:
  bool matches(char32_t c) const {
    return flags & RunOfWhitespace ? isWhitespace(c) : c == U' ';
  }

  uint32_t flags;
  std::u32string content;
};

class PrependNormalizer final : public Normalizer {
public:
  explicit PrependNormalizer(std::u32string prefix)
      : prefix(std::move(prefix)) {}
  void apply(NormalText &text) const override {
    if (text.chars.empty())
      return;
    text.chars.insert(0, prefix);
    if (text.startChars > 0)
      text.startChars += prefix.size();
  }

private:
  std::u32string prefix;
};

/// The character classes of Moses' and SentencePiece's "nmt" rules.
class NmtNormalizer final : public Normalizer {
public:
  void apply(NormalText &text) const override {
    removeIf(text, [](char32_t c) {
      return (c >= 0x01 && c <= 0x08) || c == 0x0B ||
             (c >= 0x0E && c <= 0x1F) || c == 0x7F || c == 0x8F || c == 0x9F;
    });
    for (char32_t &c : text.chars)
      if (c == 0x09 || c == 0x0A || c == 0x0C || c == 0x0D || c == 0x1680 ||
          (c >= 0x200B && c <= 0x200F) || c == 0x2028 || c == 0x2029 ||
          c == 0x2581 || c == 0xFEFF || c == 0xFFFD)
        c = U' ';
  }
};

std::unique_ptr<Normalizer> makeNormalizer(const Image &image,
                                           const Step &step) {
  std::string_view first = image.text(step.first, step.firstBytes);
  std::string_view second = image.text(step.second, step.secondBytes);
  NormalizerKind kind = NormalizerKind(step.kind);
  if (second.size() > maxContentBytes ||
      (kind == NormalizerKind::Replace && first.size() > maxPatternBytes) ||
      (kind == NormalizerKind::Prepend && first.size() > maxContentBytes))
    return nullptr;
  switch (kind) {
  case NormalizerKind::Bert:
    return std::make_unique<BertNormalizer>(step.flags);
  case NormalizerKind::NFD:
    return std::make_unique<FormNormalizer>(NormalForm::D);
  case NormalizerKind::NFKD:
    return std::make_unique<FormNormalizer>(NormalForm::KD);
  case NormalizerKind::NFC:
    return std::make_unique<FormNormalizer>(NormalForm::C);
  case NormalizerKind::NFKC:
    return std::make_unique<FormNormalizer>(NormalForm::KC);
  case NormalizerKind::Lowercase:
    return std::make_unique<LowercaseNormalizer>();
  case NormalizerKind::StripAccents:
    return std::make_unique<StripAccentsNormalizer>();
  case NormalizerKind::Strip:
    return std::make_unique<StripNormalizer>(step.flags);
  case NormalizerKind::Replace:
    return std::make_unique<ReplaceNormalizer>(decodeUtf8(first),
                                               decodeUtf8(second));
  case NormalizerKind::ReplaceRun:
    return std::make_unique<ReplaceRunNormalizer>(step.flags,
                                                  decodeUtf8(second));
  case NormalizerKind::Prepend:
    return std::make_unique<PrependNormalizer>(decodeUtf8(first));
  case NormalizerKind::Nmt:
    return std::make_unique<NmtNormalizer>();
  case NormalizerKind::Precompiled:
    return makeCharacterMap(first);
  }
  return nullptr;
}

} // namespace

void applyAll(const NormalizerList &list, NormalText &text) {
  size_t limit = lengthLimit(text.chars.size());
  for (const auto &normalizer : list)
    if (text.chars.size() <= limit)
      normalizer->apply(text);
}

bool openNormalizers(const Image &image, NormalizerList &list,
                     std::string &error) {
  size_t count = image.count<Step>(Section::Normalizers);
  for (size_t i = 0; i < count; ++i) {
    std::unique_ptr<Normalizer> next =
        makeNormalizer(image, image.get<Step>(Section::Normalizers, i));
    if (!next) {
      error = "the tokenizer image is damaged: a normalizer is unknown or "
              "too long";
      return false;
    }
    list.push_back(std::move(next));
  }
  return true;
}

} // namespace attune::rt
