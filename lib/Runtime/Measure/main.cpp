//===- main.cpp - The main function of measuring programs -----------------===//
#include "Measure.h"
#include "attune/Runtime/Files.h"

#include <cstring>
#include <string>

using namespace attune;

/// The arguments that came with the program itself, where a command runs it
/// that passes none: the end of its file.
static std::vector<std::string> readOwnArguments() {
  std::vector<std::string> words;
  rt::MappedFile self;
  std::string error;
  AttuneArgumentsTrailer trailer;
  if (!self.open("/proc/self/exe", error) || self.size() < sizeof trailer)
    return words;
  size_t end = self.size() - sizeof trailer;
  memcpy(&trailer, self.data() + end, sizeof trailer);
  if (memcmp(trailer.magic, ATTUNE_ARGUMENTS_MAGIC, sizeof trailer.magic) ||
      trailer.bytes > end)
    return words;
  const char *text = reinterpret_cast<const char *>(self.data()) + end;
  for (const char *word = text - trailer.bytes; word < text;) {
    words.emplace_back(word, strnlen(word, size_t(text - word)));
    word += words.back().size() + 1;
  }
  return words;
}

int main(int argc, char **argv) {
  std::vector<std::string> own = readOwnArguments();
  std::vector<std::string_view> arguments(own.begin(), own.end());
  for (int i = 1; i < argc; ++i)
    arguments.emplace_back(argv[i]);
  return measure::runMeasurement(attune_measured_kernel, arguments);
}
