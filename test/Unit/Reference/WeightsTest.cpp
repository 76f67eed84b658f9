//===- WeightsTest.cpp - Values of declared weights -----------------------===//
#include "TestSupport.h"
#include "attune/Reference/FileWeights.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <cmath>
#include <cstring>

using namespace attune;

static const char kLoads[] = R"(
  attune.weight @w : tensor<2x2xf32> from [#attune.piece<"w.bin", 4, f32, 4>]
  func.func @f() -> tensor<2x2xf32> {
    %w = attune.load_weight @w : tensor<2x2xf32>
    return %w : tensor<2x2xf32>
  })";

TEST(ReferenceWeights, ByName) {
  Program program(kLoads);
  expectContains(program.fail({}), "weight @w has no values");
  program.weights.set("w", Tensor::floats({2, 2}, {1, 2, 3, 4}));
  expectValues(program.run({}).front(), {2, 2}, {1, 2, 3, 4}, 0);
  program.weights.set("w", Tensor::floats({4}, {1, 2, 3, 4}));
  expectContains(program.fail({}), "'attune.load_weight': expected result 0 of "
                                   "type tensor<2x2xf32>, got f32 [4]");
}

TEST(ReferenceWeights, RandomDependOnNameAndSeed) {
  Program program(R"(
    attune.weight @a : tensor<40x300xf32> from [#attune.piece<"w.bin", 0, f32, 12000>]
    attune.weight @b : tensor<40x300xf32> from [#attune.piece<"w.bin", 0, f32, 12000>]
    attune.weight @v : tensor<300xf32> from [#attune.piece<"w.bin", 0, f32, 300>]
  )");
  RandomWeights weights, again, other(1);
  auto values = [&](RandomWeights &provider, llvm::StringRef name) {
    return llvm::cantFail(provider.load(program.getWeight(name))).toDoubles();
  };
  EXPECT_EQ(values(weights, "a"), values(again, "a"));
  EXPECT_NE(values(weights, "a"), values(weights, "b"));
  EXPECT_NE(values(weights, "a"), values(other, "a"));
  double squares = 0;
  for (double value : values(weights, "a"))
    squares += value * value;
  EXPECT_NEAR(squares / 40, 1, 0.05); // a product keeps the variance
  for (double value : values(weights, "v")) {
    EXPECT_GE(value, 0.5);
    EXPECT_LE(value, 1.5);
  }
}

namespace {

/// A folder with files of bytes, removed at the end.
class FileWeightsTest : public ::testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("weights", directory));
  }
  void TearDown() override { llvm::sys::fs::remove_directories(directory); }

  template <typename T>
  void write(llvm::StringRef name, llvm::ArrayRef<T> values) {
    llvm::SmallString<128> path(directory);
    llvm::sys::path::append(path, name);
    std::error_code code;
    llvm::raw_fd_ostream os(path, code);
    ASSERT_FALSE(code);
    os.write(reinterpret_cast<const char *>(values.data()),
             values.size() * sizeof(T));
  }

  llvm::Expected<Tensor> load(llvm::StringRef weight) {
    Program program("attune.weight @w : " + weight.str());
    return FileWeights(directory).load(program.getWeight("w"));
  }
  std::string fail(llvm::StringRef weight) {
    auto tensor = load(weight);
    EXPECT_FALSE(static_cast<bool>(tensor));
    return tensor ? "" : llvm::toString(tensor.takeError());
  }

  llvm::SmallString<128> directory;
};

TEST_F(FileWeightsTest, OnePieceIsAView) {
  write<float>("w.bin", {0, 1, 2, 3, 4, 5});
  Program program(kLoads);
  FileWeights weights(directory);
  Tensor first = llvm::cantFail(weights.load(program.getWeight("w")));
  Tensor second = llvm::cantFail(weights.load(program.getWeight("w")));
  expectValues(first, {2, 2}, {1, 2, 3, 4}, 0);
  EXPECT_EQ(first.getFloats().data(), second.getFloats().data());
}

TEST_F(FileWeightsTest, ViewsOutliveTheProvider) {
  write<float>("w.bin", {0, 1, 2, 3, 4, 5});
  Tensor tensor = llvm::cantFail(
      load(R"(tensor<2xf32> from [#attune.piece<"w.bin", 8, f32, 2>])"));
  expectValues(tensor, {2}, {2, 3}, 0);
}

TEST_F(FileWeightsTest, PiecesAreStackedAndConverted) {
  write<float>("a.bin", {1, 2});
  write<uint16_t>("b.bin", {0x3E00, 0xC000}); // f16: 1.5, -2
  write<uint16_t>("c.bin", {0x4040, 0xBF80}); // bf16: 3, -1
  write<double>("d.bin", {0.1, 8});
  Tensor tensor = llvm::cantFail(load(R"(tensor<4x2xf32> from [
    #attune.piece<"a.bin", 0, f32, 2>, #attune.piece<"b.bin", 0, f16, 2>,
    #attune.piece<"c.bin", 0, bf16, 2>, #attune.piece<"d.bin", 0, f64, 2>])"));
  expectValues(tensor, {4, 2}, {1, 2, 1.5, -2, 3, -1, 0.1f, 8}, 0);
}

TEST_F(FileWeightsTest, UnalignedFloatsAreCopied) {
  std::vector<char> bytes(1 + 2 * sizeof(float));
  float values[] = {1.25f, -7};
  std::memcpy(bytes.data() + 1, values, sizeof(values));
  write<char>("w.bin", bytes);
  expectValues(
      llvm::cantFail(
          load(R"(tensor<2xf32> from [#attune.piece<"w.bin", 1, f32, 2>])")),
      {2}, {1.25, -7}, 0);
}

TEST_F(FileWeightsTest, Errors) {
  write<float>("w.bin", {0, 1, 2});
  expectContains(
      fail(R"(tensor<3xf32> from [#attune.piece<"w.bin", 4, f32, 3>])"),
      "weight @w: expected 3 elements of f32 at offset 4 of w.bin, but it "
      "has 12 bytes");
  expectContains(
      fail(
          R"(tensor<1xf32> from [#attune.piece<"w.bin", 9223372036854775807, f32, 1>])"),
      "at offset 9223372036854775807 of w.bin");
  expectContains(
      fail(R"(tensor<1xf32> from [#attune.piece<"gone.bin", 0, f32, 1>])"),
      "gone.bin");
}

} // namespace
