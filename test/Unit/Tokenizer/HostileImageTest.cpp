//===- HostileImageTest.cpp - Images of any content -----------------------===//
//
// An image is a file's content. Whatever it has, opening it fails with a
// message, or the tokenizer stays within the image and gives valid ids.
//
//===----------------------------------------------------------------------===//

#include "TokenizerTestSupport.h"

#include <cstring>
#include <random>

using namespace attune;
using namespace attune::rt::image;
using namespace attune::test;
using namespace llvm;

namespace {

/// A copy whose end is the end of its memory, which sanitizers watch.
class Exact {
public:
  explicit Exact(StringRef image)
      : bytes(new char[image.size()]), size(image.size()) {
    std::memcpy(bytes.get(), image.data(), size);
  }

  std::unique_ptr<rt::Tokenizer> open(std::string &error) const {
    return rt::Tokenizer::open(bytes.get(), size, error);
  }

private:
  std::unique_ptr<char[]> bytes;
  size_t size;
};

Header headerOf(const std::string &image) {
  Header header;
  std::memcpy(&header, image.data(), sizeof(header));
  return header;
}

void setHeader(std::string &image, const Header &header) {
  std::memcpy(image.data(), &header, sizeof(header));
}

std::string tinyImage() { return openText(textOf(tinyTokenizer())).image; }

std::string errorOf(StringRef image) {
  std::string error;
  auto tokenizer = Exact(image).open(error);
  return tokenizer ? "no error" : error;
}

TEST(HostileImage, Truncated) {
  std::string image = tinyImage();
  for (size_t size = 0; size < image.size(); ++size) {
    std::string error = errorOf(StringRef(image).take_front(size));
    EXPECT_NE(error.find("damaged"), std::string::npos) << size << error;
  }
  EXPECT_EQ(errorOf(image), "no error");
  // What follows an image in its file is not looked at.
  EXPECT_EQ(errorOf(image + "more"), "no error");
}

TEST(HostileImage, NullAndEmpty) {
  std::string error;
  EXPECT_FALSE(rt::Tokenizer::open(nullptr, 0, error));
  EXPECT_FALSE(error.empty());
}

TEST(HostileImage, HeaderFields) {
  auto changed = [](void (*change)(Header &)) {
    std::string image = tinyImage();
    Header header = headerOf(image);
    change(header);
    setHeader(image, header);
    return errorOf(image);
  };
  EXPECT_NE(changed([](Header &h) { h.magic[0] = 'B'; }).find("mark"),
            std::string::npos);
  EXPECT_NE(changed([](Header &h) { h.version = 99; }).find("version 99"),
            std::string::npos);
  EXPECT_NE(changed([](Header &h) { h.bytes = ~uint64_t(0); }).find("shorter"),
            std::string::npos);
  EXPECT_NE(changed([](Header &h) { h.model = 7; }).find("model"),
            std::string::npos);
  EXPECT_NE(changed([](Header &h) { h.idCount = 0; }).find("number of tokens"),
            std::string::npos);
  EXPECT_NE(changed([](Header &h) { h.idCount = none; }).find("number"),
            std::string::npos);
  EXPECT_NE(changed([](Header &h) { h.idCount += 1; }).find("table of tokens"),
            std::string::npos);
  EXPECT_NE(changed([](Header &h) { h.unknownId = none; }).find("unknown"),
            std::string::npos);
  EXPECT_NE(changed([](Header &h) { h.model = 2; }).find("scores"),
            std::string::npos);
}

TEST(HostileImage, Sections) {
  std::string image = tinyImage();
  for (uint32_t i = 0; i < sectionCount; ++i) {
    for (Extent extent :
         {Extent{~uint64_t(0), 1}, Extent{0, ~uint64_t(0)},
          Extent{image.size() + 1, 0}, Extent{image.size() - 1, 2},
          Extent{~uint64_t(0) - 1, 4}}) {
      std::string copy = image;
      Header header = headerOf(copy);
      header.sections[i] = extent;
      setHeader(copy, header);
      EXPECT_NE(errorOf(copy).find("outside"), std::string::npos) << i;
    }
  }
}

TEST(HostileImage, Template) {
  std::string image = tinyImage();
  Header header = headerOf(image);
  Extent &pieces = header.sections[uint32_t(Section::Template)];
  ASSERT_EQ(pieces.bytes, 3 * sizeof(TemplatePiece));
  TemplatePiece wrong = {header.idCount, 0};
  std::string copy = image;
  std::memcpy(copy.data() + pieces.offset, &wrong, sizeof(wrong));
  EXPECT_NE(errorOf(copy).find("template"), std::string::npos);
  wrong.id = none;
  std::memcpy(copy.data() + pieces.offset, &wrong, sizeof(wrong));
  EXPECT_NE(errorOf(copy).find("template"), std::string::npos);
  pieces.bytes = sizeof(TemplatePiece);
  setHeader(image, header);
  EXPECT_NE(errorOf(image).find("template"), std::string::npos);
}

/// A trie with cycles: every node's children are the root's.
TEST(HostileImage, CyclicTrie) {
  for (size_t i = 0; i < kGoldenCount; ++i) {
    std::string image = openDirectory(goldenPath(kGoldenNames[i]), 0).image;
    Header header = headerOf(image);
    Extent first = header.sections[uint32_t(Section::TrieFirst)];
    for (uint64_t at = 0; at + 4 <= first.bytes; at += 4) {
      uint32_t value = at % 8 == 0 ? 1 : uint32_t(first.bytes / 4 - 1);
      std::memcpy(image.data() + first.offset + at, &value, sizeof(value));
    }
    std::string error;
    Exact exact(image);
    auto tokenizer = exact.open(error);
    ASSERT_TRUE(tokenizer) << error;
    exercise(*tokenizer);
  }
}

TEST(HostileImage, RandomChanges) {
  std::mt19937 random(11);
  size_t opened = 0;
  for (size_t i = 0; i < kGoldenCount; ++i) {
    const std::string original =
        openDirectory(goldenPath(kGoldenNames[i]), 0).image;
    ASSERT_FALSE(original.empty());
    Header header = headerOf(original);
    for (int round = 0; round < 300; ++round) {
      std::string image = original;
      // In the header, in a section, or anywhere.
      for (int change = random() % 6 + 1; change > 0; --change) {
        uint64_t offset = 0, size = image.size();
        if (unsigned where = random() % 4; where == 0) {
          size = sizeof(Header);
        } else if (where < 3) {
          const Extent &extent = header.sections[random() % sectionCount];
          if (extent.bytes == 0)
            continue;
          offset = extent.offset;
          size = extent.bytes;
        }
        uint64_t at = offset + random() % size;
        if (random() % 2) {
          image[at] = char(random());
        } else {
          static const uint32_t kValues[] = {
              0, 1, none, none - 1, 0x7FFFFFFF, 0x80000000, maxIds};
          uint32_t value = kValues[random() % std::size(kValues)];
          at = std::min<uint64_t>(at / 4 * 4, image.size() - 4);
          std::memcpy(image.data() + at, &value, sizeof(value));
        }
      }
      Exact exact(image);
      std::string error;
      auto tokenizer = exact.open(error);
      if (!tokenizer) {
        EXPECT_FALSE(error.empty());
        continue;
      }
      ++opened;
      exercise(*tokenizer);
    }
  }
  EXPECT_GT(opened, 1000u);
}

} // namespace
