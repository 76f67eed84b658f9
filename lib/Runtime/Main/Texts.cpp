//===- Texts.cpp - Texts of the command line and their tokens -------------===//
#include "Texts.h"
#include "attune/Runtime/Text.h"

#include <cstdio>

namespace attune::program {

namespace {

/// Adds the lines of standard input without their ends.
int readLines(std::vector<TokenizedText> &texts) {
  std::string all;
  char block[65536];
  size_t got;
  while ((got = fread(block, 1, sizeof block, stdin)) > 0)
    all.append(block, got);
  if (ferror(stdin))
    return reportError("cannot read standard input", ExitInternal);
  std::string_view rest = all;
  while (!rest.empty()) {
    size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
    if (line.ends_with('\r'))
      line.remove_suffix(1);
    texts.push_back({std::string(line), {}, {}});
  }
  return ExitOk;
}

} // namespace

int readTexts(const Arguments &arguments, std::vector<TokenizedText> &texts) {
  if (arguments.positional().empty())
    return reportError("no text was given: add texts, or '-' to read them from "
                       "standard input, one a line");
  bool readInput = false;
  for (std::string_view text : arguments.positional()) {
    if (text != "-") {
      texts.push_back({std::string(text), {}, {}});
      continue;
    }
    if (readInput)
      return reportError("'-' can be given once");
    readInput = true;
    if (int status = readLines(texts))
      return status;
  }
  return ExitOk;
}

int tokenizeTexts(attune_model *model, size_t maxLength, bool strip,
                  std::vector<TokenizedText> &texts) {
  for (TokenizedText &text : texts) {
    std::string_view part = text.text;
    if (strip)
      part = rt::stripSpace(part);
    size_t count = 0, room = 256;
    while (true) {
      text.ids.resize(room);
      text.typeIds.resize(room);
      attune_status status =
          attune_tokenize(model, part.data(), part.size(), maxLength,
                          text.ids.data(), text.typeIds.data(), room, &count);
      if (status && count <= room)
        return reportStatus(status);
      if (!status)
        break;
      room = count;
    }
    text.ids.resize(count);
    text.typeIds.resize(count);
  }
  return ExitOk;
}

} // namespace attune::program
