//===- WeightsImageTest.cpp - Packing weights into the artefact -----------===//
#include "attune/Compiler/WeightsImage.h"
#include "CompilerTestSupport.h"
#include "attune/Runtime/ABI.h"
#include "llvm/ADT/bit.h"
#include <cstring>

using namespace attune;
using namespace attune::test;

namespace {

template <typename T> std::string bytesOf(const std::vector<T> &values) {
  return std::string(reinterpret_cast<const char *>(values.data()),
                     values.size() * sizeof(T));
}

std::vector<float> ramp(size_t count, float first = 0) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i)
    values[i] = first + static_cast<float>(i);
  return values;
}

class WeightsImageTest : public CompilerTest {
protected:
  /// The image of a module's weights; an empty one when there is an error,
  /// which `error` holds.
  std::vector<uint8_t> write(llvm::StringRef text, std::string image = "") {
    module = parse(text);
    if (!module)
      return {};
    WeightsImage weights(directory.getPath());
    if (!(error = message(weights.add(*module))).empty())
      return {};
    if (!image.empty())
      weights.addTokenizer(image);
    hash = weights.getHash();
    tokenizerOffset = weights.getTokenizerOffset();
    std::vector<uint8_t> memory(weights.getBytes());
    error = message(weights.write(memory));
    return memory;
  }
  static std::vector<float> read(const std::vector<uint8_t> &image,
                                 size_t offset, size_t count) {
    std::vector<float> values(count);
    EXPECT_LE(offset + count * 4, image.size());
    if (offset + count * 4 <= image.size())
      std::memcpy(values.data(), image.data() + offset, count * 4);
    return values;
  }

  TemporaryDirectory directory;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::string error;
  uint64_t hash = 0, tokenizerOffset = 0;
};

TEST_F(WeightsImageTest, RowMajorAndHeader) {
  directory.write("w", bytesOf(ramp(6)));
  auto image = write(
      R"(attune.weight @w : tensor<2x3xf32> from [#attune.piece<"w", 0, f32, 6>] at 4096)");
  ASSERT_EQ(error, "");
  ASSERT_EQ(image.size(), 4096u + 24);
  EXPECT_EQ(read(image, 4096, 6), ramp(6));
  AttuneWeightsHeader header;
  std::memcpy(&header, image.data(), sizeof(header));
  EXPECT_EQ(std::memcmp(header.magic, ATTUNE_WEIGHTS_MAGIC, 8), 0);
  EXPECT_EQ(header.abi_version, ATTUNE_ABI_VERSION);
  EXPECT_EQ(header.bytes, image.size());
  EXPECT_EQ(header.hash, hash);
}

/// [ceil(N / width), K, width], zeros behind the last row.
TEST_F(WeightsImageTest, Panels) {
  const size_t n = 5, k = 3, width = 4;
  directory.write("w", bytesOf(ramp(n * k)));
  auto image = write(
      R"(attune.weight @w : tensor<5x3xf32> from [#attune.piece<"w", 0, f32, 15>] layout #attune.panels<4> at 4096)");
  ASSERT_EQ(error, "");
  std::vector<float> packed = read(image, 4096, 2 * k * width);
  for (size_t panel = 0; panel < 2; ++panel)
    for (size_t column = 0; column < k; ++column)
      for (size_t j = 0; j < width; ++j) {
        size_t row = panel * width + j;
        float expected = row < n ? static_cast<float>(row * k + column) : 0.0f;
        EXPECT_EQ(packed[(panel * k + column) * width + j], expected)
            << panel << ' ' << column << ' ' << j;
      }
}

TEST_F(WeightsImageTest, StoredTypes) {
  std::vector<float> values = {1, -0.5f, 1024, 0, 3.25f, -2};
  std::vector<uint16_t> brain;
  for (float value : values)
    brain.push_back(
        static_cast<uint16_t>(llvm::bit_cast<uint32_t>(value) >> 16));
  // The same values as IEEE half precision.
  std::vector<uint16_t> half = {0x3c00, 0xb800, 0x6400, 0x0000, 0x4280, 0xc000};
  directory.write("b", bytesOf(brain));
  directory.write("h", bytesOf(half));
  directory.write("d",
                  bytesOf(std::vector<double>(values.begin(), values.end())));
  auto image = write(R"(
    attune.weight @b : tensor<6xf32> from [#attune.piece<"b", 0, bf16, 6>] at 4096
    attune.weight @h : tensor<6xf32> from [#attune.piece<"h", 0, f16, 6>] at 4160
    attune.weight @d : tensor<6xf32> from [#attune.piece<"d", 0, f64, 6>] at 4224
    attune.weight @p : tensor<2x3xf32> from [#attune.piece<"h", 0, f16, 6>] layout #attune.panels<2> at 4288)");
  ASSERT_EQ(error, "");
  for (size_t offset : {4096, 4160, 4224})
    EXPECT_EQ(read(image, offset, 6), values) << offset;
  EXPECT_EQ(read(image, 4288, 6),
            (std::vector<float>{1, 0, -0.5f, 3.25f, 1024, -2}));
}

/// Pieces of different files and types, one of them not aligned in its file.
TEST_F(WeightsImageTest, StackedPieces) {
  directory.write("a", "x" + bytesOf(ramp(4)));
  directory.write("b", "yz" + bytesOf(std::vector<uint16_t>{0x3c00, 0x4000}));
  const char *text = R"(
    attune.weight @w : tensor<3x2xf32> from [#attune.piece<"a", 1, f32, 4>, #attune.piece<"b", 2, f16, 2>] at 4096
    attune.weight @q : tensor<3x2xf32> from [#attune.piece<"a", 1, f32, 4>, #attune.piece<"b", 2, f16, 2>] layout #attune.panels<4> at 4160
    attune.weight @u : tensor<2x2xf32> from [#attune.piece<"a", 1, f32, 4>] layout #attune.panels<2> at 4288)";
  auto image = write(text);
  ASSERT_EQ(error, "");
  EXPECT_EQ(read(image, 4096, 6), (std::vector<float>{0, 1, 2, 3, 1, 2}));
  EXPECT_EQ(read(image, 4160, 8), (std::vector<float>{0, 2, 1, 0, 1, 3, 2, 0}));
  EXPECT_EQ(read(image, 4288, 4), (std::vector<float>{0, 2, 1, 3}));
}

TEST_F(WeightsImageTest, HashFollowsContentsPlacesAndTokenizer) {
  directory.write("w", bytesOf(ramp(8)));
  auto hashOf = [&](llvm::StringRef text, std::string tokenizer = "") {
    write(text, std::move(tokenizer));
    EXPECT_EQ(error, "");
    return hash;
  };
  const char *text =
      R"(attune.weight @w : tensor<2x4xf32> from [#attune.piece<"w", 0, f32, 8>] at 4096)";
  uint64_t first = hashOf(text);
  EXPECT_EQ(hashOf(text), first);
  EXPECT_NE(
      hashOf(
          R"(attune.weight @w : tensor<2x4xf32> from [#attune.piece<"w", 0, f32, 8>] at 4160)"),
      first);
  EXPECT_NE(
      hashOf(
          R"(attune.weight @w : tensor<4x2xf32> from [#attune.piece<"w", 0, f32, 8>] at 4096)"),
      first);
  EXPECT_NE(
      hashOf(
          R"(attune.weight @w : tensor<2x4xf32> from [#attune.piece<"w", 0, f32, 8>] layout #attune.panels<2> at 4096)"),
      first);
  EXPECT_NE(hashOf(text, "tokenizer"), first);
  EXPECT_NE(hashOf(text, "tokenizer"), hashOf(text, "tokenizes"));
  directory.write("w", bytesOf(ramp(8, 1)));
  EXPECT_NE(hashOf(text), first);
}

TEST_F(WeightsImageTest, TokenizerLiesBehindTheWeights) {
  directory.write("w", bytesOf(ramp(3)));
  auto image = write(
      R"(attune.weight @w : tensor<3xf32> from [#attune.piece<"w", 0, f32, 3>] at 4096)",
      "words");
  ASSERT_EQ(error, "");
  EXPECT_EQ(tokenizerOffset, 8192u);
  ASSERT_EQ(image.size(), 8192u + 5);
  EXPECT_EQ(std::memcmp(image.data() + 8192, "words", 5), 0);
}

TEST_F(WeightsImageTest, VariantsShareWhatTheyStoreAlike) {
  directory.write("w", bytesOf(ramp(4)));
  auto one = parse(
      R"(attune.weight @w : tensor<4xf32> from [#attune.piece<"w", 0, f32, 4>] at 4096)");
  auto two = parse(R"(
    attune.weight @w : tensor<4xf32> from [#attune.piece<"w", 0, f32, 4>] at 4096
    attune.weight @v : tensor<4xf32> from [#attune.piece<"w", 0, f32, 4>] at 4160)");
  WeightsImage weights(directory.getPath());
  EXPECT_EQ(message(weights.add(*one)), "");
  EXPECT_EQ(weights.getBytes(), 4096u + 16);
  EXPECT_EQ(message(weights.add(*two)), "");
  EXPECT_EQ(weights.getBytes(), 4160u + 16);
}

TEST_F(WeightsImageTest, WrongFiles) {
  directory.write("w", bytesOf(ramp(4)));
  write(
      R"(attune.weight @w : tensor<5xf32> from [#attune.piece<"w", 0, f32, 5>] at 4096)");
  EXPECT_NE(error.find("expected 20 bytes at 0 in 'w', but the file has 16"),
            std::string::npos)
      << error;
  write(
      R"(attune.weight @w : tensor<1xf32> from [#attune.piece<"w", 9223372036854775807, f32, 1>] at 4096)");
  EXPECT_NE(error.find("but the file has 16"), std::string::npos) << error;
  write(
      R"(attune.weight @w : tensor<1xf32> from [#attune.piece<"none", 0, f32, 1>] at 4096)");
  EXPECT_NE(error.find("none"), std::string::npos) << error;
  write(
      R"(attune.weight @w : tensor<1xf32> from [#attune.piece<"../w", 0, f32, 1>] at 4096)");
  EXPECT_NE(error.find("expected a path below the model's directory"),
            std::string::npos)
      << error;
  write(
      R"(attune.weight @w : tensor<1xf32> from [#attune.piece<"w", 0, f32, 1>])");
  EXPECT_NE(error.find("has no place"), std::string::npos) << error;
}

} // namespace
