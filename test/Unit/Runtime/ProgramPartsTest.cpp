//===- ProgramPartsTest.cpp - Parts of the generated program --------------===//
#include "Main/Arguments.h"
#include "Main/Compare.h"
#include "Main/Embedder.h"

#include "FakeWeights.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace attune::program;
using attune::test::TemporaryFolder;

namespace {

const std::vector<Option> known = {{"format", 'f', "F", ""},
                                   {"runs", 'r', "N", ""},
                                   {"similarity", 's', nullptr, ""}};

std::string errorOf(std::vector<std::string_view> words) {
  Arguments arguments;
  std::string error;
  EXPECT_EQ(arguments.parse(known, words, error), error.empty());
  return error;
}

TEST(Arguments, EverySpelling) {
  Arguments arguments;
  std::string error;
  std::vector<std::string_view> words = {
      "a", "--format=json", "-r", "3",  "-",          "--runs",
      "4", "-fnpy",         "-s", "--", "--format=x", "-s"};
  ASSERT_TRUE(arguments.parse(known, words, error)) << error;
  EXPECT_EQ(arguments.get("format"), "npy");
  EXPECT_EQ(arguments.all("format"),
            (std::vector<std::string_view>{"json", "npy"}));
  EXPECT_EQ(arguments.all("runs"), (std::vector<std::string_view>{"3", "4"}));
  EXPECT_TRUE(arguments.has("similarity"));
  EXPECT_EQ(arguments.positional(),
            (std::vector<std::string_view>{"a", "-", "--format=x", "-s"}));
  EXPECT_EQ(arguments.get("absent", "default"), "default");
}

TEST(Arguments, Errors) {
  EXPECT_EQ(errorOf({"--fromat=json"}),
            "unknown option '--fromat': did you mean '--format'?");
  EXPECT_EQ(errorOf({"-x"}), "unknown option '-x'");
  EXPECT_EQ(errorOf({"--runs"}), "option '--runs' needs a value: --runs=N");
  EXPECT_EQ(errorOf({"-r"}), "option '--runs' needs a value: --runs=N");
  EXPECT_EQ(errorOf({"--similarity=yes"}),
            "option '--similarity' takes no value");
  EXPECT_EQ(errorOf({"-sx"}), "option '--similarity' takes no value");
  EXPECT_EQ(errorOf({"", "x", "-"}), "");
}

TEST(Arguments, Values) {
  Arguments arguments;
  std::string error;
  std::vector<std::string_view> words = {"--runs=1,20,3", "--format=1e-4"};
  ASSERT_TRUE(arguments.parse(known, words, error));
  std::vector<int64_t> list;
  ASSERT_TRUE(arguments.numbers("runs", 1, 20, {}, list, error)) << error;
  EXPECT_EQ(list, (std::vector<int64_t>{1, 20, 3}));
  EXPECT_FALSE(arguments.numbers("runs", 1, 19, {}, list, error));
  EXPECT_NE(error.find("from 1 to 19"), error.npos) << error;
  int64_t number;
  EXPECT_FALSE(arguments.number("runs", 1, 20, 7, number, error));
  EXPECT_TRUE(arguments.number("absent", 1, 20, 7, number, error));
  EXPECT_EQ(number, 7);
  double fraction;
  ASSERT_TRUE(arguments.fraction("format", 1, fraction, error)) << error;
  EXPECT_EQ(fraction, 1e-4);
  EXPECT_FALSE(arguments.fraction("runs", 1, fraction, error));
  std::string_view word;
  EXPECT_FALSE(arguments.word("format", {"md", "json"}, word, error));
  EXPECT_EQ(error, "--format is '1e-4': expected one of md, json");
  ASSERT_TRUE(arguments.word("absent", {"md", "json"}, word, error));
  EXPECT_EQ(word, "md");
  for (std::string_view bad : {"", ",", "1,", ",1", "1,,2", "x", "-1"}) {
    Arguments other;
    std::string text = "--runs=" + std::string(bad);
    std::vector<std::string_view> one = {text};
    ASSERT_TRUE(other.parse(known, one, error));
    EXPECT_FALSE(other.numbers("runs", 0, 100, {}, list, error)) << bad;
  }
}

TEST(Embedder, BatchesHaveRowsOfAboutOneLength) {
  std::vector<size_t> lengths;
  uint32_t random = 7;
  for (int i = 0; i < 300; ++i) {
    random = random * 1664525 + 1013904223;
    lengths.push_back(2 + (random >> 24));
  }
  std::vector<int> seen(lengths.size());
  for (auto &batch : groupByLength(lengths, 32)) {
    ASSERT_FALSE(batch.empty());
    EXPECT_LE(batch.size(), 32u);
    size_t longest = lengths[batch.front()];
    for (size_t index : batch) {
      ++seen[index];
      EXPECT_LE(lengths[index], longest);
      EXPECT_GE(lengths[index] + longest / 5 + 4, longest);
    }
  }
  for (int count : seen)
    EXPECT_EQ(count, 1);
  EXPECT_TRUE(groupByLength({}, 32).empty());
  EXPECT_EQ(groupByLength({5, 5, 5}, 1).size(), 3u);
}

/// Compares two arrays with these tolerances.
Comparison compareValues(std::vector<float> found, std::vector<float> expected,
                         Tolerance tolerance) {
  TemporaryFolder folder;
  std::string path = folder.file("e.npy"), error;
  std::vector<int64_t> shape = {1, int64_t(expected.size())};
  EXPECT_TRUE(
      attune::rt::writeNpy(path, ATTUNE_F32, shape, expected.data(), error));
  attune::rt::NpyArray array;
  EXPECT_TRUE(array.open(path.c_str(), error)) << error;
  attune_tensor tensor = {
      "y", ATTUNE_F32, 2, {1, int64_t(found.size())}, found.data(), 0};
  Comparison result = compare(tensor, array, tolerance);
  EXPECT_FALSE(comparisonText(tensor, result, tolerance).empty());
  return result;
}

TEST(Compare, Tolerances) {
  Comparison result = compareValues({1, 2, 3}, {1, 2.5, 3}, {0, 0.4});
  EXPECT_EQ(result.outside, 1);
  EXPECT_EQ(result.worst, 1);
  EXPECT_EQ(result.difference, 0.5);
  EXPECT_EQ(compareValues({1, 2, 3}, {1, 2.5, 3}, {0, 0.5}).outside, 0);
  EXPECT_EQ(compareValues({1, 2, 3}, {1, 2.5, 3}, {0.2, 0}).outside, 0);
  EXPECT_EQ(compareValues({1, 2, 3}, {1, 2.5, 3}, {0.19, 0}).outside, 1);
  EXPECT_EQ(compareValues({1}, {1}, {0, 0}).outside, 0);
}

TEST(Compare, NotANumberAndInfinityAreNoAgreement) {
  float nan = std::nanf(""), inf = INFINITY;
  Tolerance wide = {1e6, 1e30};
  EXPECT_EQ(compareValues({nan}, {1}, wide).outside, 1);
  EXPECT_EQ(compareValues({1}, {nan}, wide).outside, 1);
  EXPECT_EQ(compareValues({inf}, {1}, wide).outside, 1);
  EXPECT_EQ(compareValues({1}, {inf}, wide).outside, 1);
  EXPECT_EQ(compareValues({inf}, {-inf}, wide).outside, 1);
  EXPECT_EQ(compareValues({nan, inf, -inf}, {nan, inf, -inf}, {0, 0}).outside,
            0);
  // The worst place is that of the NaN, not of a finite difference.
  EXPECT_EQ(compareValues({9, nan, 9}, {1, 1, 1}, {0, 0}).worst, 1);
}

TEST(Compare, IntegersExactlyOrWithinTheAbsoluteTolerance) {
  // These differ by less than a double can tell.
  std::vector<uint64_t> found = {UINT64_MAX, 7}, wanted = {UINT64_MAX - 1, 7};
  std::string path = testing::TempDir() + "/integers.npy", error;
  ASSERT_TRUE(attune::rt::writeNpy(path, ATTUNE_U64, {2}, wanted.data(), error))
      << error;
  attune::rt::NpyArray expected;
  ASSERT_TRUE(expected.open(path.c_str(), error)) << error;
  attune_tensor tensor = {};
  tensor.name = "x";
  tensor.type = ATTUNE_U64;
  tensor.rank = 1;
  tensor.dims[0] = 2;
  tensor.data = found.data();
  EXPECT_EQ(compare(tensor, expected, {0.5, 0}).outside, 1);
  EXPECT_EQ(compare(tensor, expected, {0, 1}).outside, 0);
  // The bits of -2 are those of the expected value, the number is not.
  tensor.type = ATTUNE_I64;
  std::vector<int64_t> negative = {-2, 7};
  tensor.data = negative.data();
  Comparison result = compare(tensor, expected, {0, 1});
  EXPECT_EQ(result.outside, 1);
  EXPECT_EQ(result.difference, 0x1p64);
}

} // namespace
