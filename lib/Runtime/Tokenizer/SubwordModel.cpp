//===- SubwordModel.cpp - What the models share ---------------------------===//
#include "SubwordModel.h"

namespace attune::rt {

using namespace image;

std::unique_ptr<SubwordModel> openModel(const Image &image) {
  switch (ModelKind(image.header().model)) {
  case ModelKind::WordPiece:
    return makeWordPiece(image);
  case ModelKind::BPE:
    return makeBPE(image);
  case ModelKind::Unigram:
    return makeUnigram(image);
  }
  return nullptr;
}

ByteTokens::ByteTokens(const Image &image) {
  const char *digits = "0123456789ABCDEF";
  char name[] = "<0x00>";
  for (unsigned byte = 0; byte < 256; ++byte) {
    name[3] = digits[byte >> 4];
    name[4] = digits[byte & 15];
    tokens[byte] = image.find({name, 6});
  }
}

bool ByteTokens::append(std::string_view bytes,
                        std::vector<int64_t> &ids) const {
  for (unsigned char byte : bytes)
    if (tokens[byte] == none)
      return false;
  for (unsigned char byte : bytes)
    ids.push_back(tokens[byte]);
  return true;
}

} // namespace attune::rt
