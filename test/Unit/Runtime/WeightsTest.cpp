//===- WeightsTest.cpp - Weights files, good and hostile ------------------===//
#include "attune/Runtime/Weights.h"

#include "FakeModel.h"
#include "FakeWeights.h"

#include <cstring>
#include <gnu/libc-version.h>
#include <gtest/gtest.h>

using namespace attune::rt;
using namespace attune::test;

namespace {

const AttuneModel &model = attune_model_descriptor;

/// The error of opening a file with these bytes; "" when it is accepted.
std::string errorOf(const std::vector<char> &bytes) {
  TemporaryFolder folder;
  std::string path = folder.write("w.weights", bytes.data(), bytes.size());
  Weights weights;
  WeightsSource source;
  source.path = path.c_str();
  std::string error;
  bool ok = weights.open(model, source, error);
  EXPECT_EQ(ok, error.empty());
  EXPECT_EQ(ok, weights.data() != nullptr);
  if (!ok)
    EXPECT_NE(error.find("w.weights"), error.npos) << error;
  return error;
}

void expectError(const std::vector<char> &bytes, const char *part) {
  std::string error = errorOf(bytes);
  EXPECT_NE(error.find(part), error.npos) << "found: " << error;
}

AttuneWeightsHeader &headerOf(std::vector<char> &bytes) {
  return *reinterpret_cast<AttuneWeightsHeader *>(bytes.data());
}

/// A file that starts with `lead` bytes of something else, as a program does.
std::vector<char> withTrailer(size_t lead, AttuneWeightsTrailer trailer) {
  std::vector<char> bytes(lead, 'x'), weights = fakeWeights();
  bytes.insert(bytes.end(), weights.begin(), weights.end());
  memcpy(trailer.magic, ATTUNE_TRAILER_MAGIC, sizeof trailer.magic);
  auto *data = reinterpret_cast<const char *>(&trailer);
  bytes.insert(bytes.end(), data, data + sizeof trailer);
  return bytes;
}

AttuneWeightsTrailer trailer(uint64_t offset, uint64_t bytes) {
  AttuneWeightsTrailer trailer = {};
  trailer.offset = offset;
  trailer.bytes = bytes;
  return trailer;
}

TEST(Weights, MapsAFile) {
  TemporaryFolder folder;
  std::vector<char> bytes = fakeWeights();
  std::string path = folder.write("w", bytes.data(), bytes.size());
  Weights weights;
  WeightsSource source;
  source.path = path.c_str();
  std::string error;
  ASSERT_TRUE(weights.open(model, source, error)) << error;
  ASSERT_EQ(weights.size(), bytes.size());
  EXPECT_EQ(memcmp(weights.data(), bytes.data(), bytes.size()), 0);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(weights.data()) % 4096, 0u);
}

TEST(Weights, RejectsWrongFiles) {
  expectError({}, "is not a weights file");
  expectError({'A', 'T'}, "is not a weights file");
  std::vector<char> bytes = fakeWeights();
  bytes[0] = 'B';
  expectError(bytes, "does not start with ATTUNEW1");
}

TEST(Weights, RejectsEveryTruncation) {
  std::vector<char> good = fakeWeights();
  ASSERT_EQ(errorOf(good), "");
  for (size_t length : {1, 31, 32, 33, 4095, 4096, 4097, 16383}) {
    std::vector<char> bytes(good.begin(), good.begin() + long(length));
    EXPECT_NE(errorOf(bytes), "") << length;
  }
  good.pop_back();
  expectError(good, "is truncated: its header says 16384 bytes, there are "
                    "16383");
  good.resize(20000);
  expectError(good, "is damaged");
}

TEST(Weights, RejectsOtherVersionsAndModels) {
  std::vector<char> bytes = fakeWeights();
  headerOf(bytes).abi_version = ATTUNE_ABI_VERSION + 1;
  expectError(bytes, "compile the model again");
  bytes = fakeWeights();
  headerOf(bytes).hash ^= 1;
  expectError(bytes, "another compilation");
  bytes = fakeWeights();
  headerOf(bytes).bytes = UINT64_MAX;
  expectError(bytes, "is truncated");
  // Right by itself, but not what the model was compiled with.
  bytes.resize(32768);
  headerOf(bytes).bytes = bytes.size();
  expectError(bytes, "another compilation");
}

TEST(Weights, FindsAnImageInsideAProgram) {
  EXPECT_EQ(errorOf(withTrailer(4096, trailer(4096, FAKE_WEIGHTS_BYTES))), "");
  EXPECT_EQ(errorOf(withTrailer(12288, trailer(12288, FAKE_WEIGHTS_BYTES))),
            "");
}

TEST(Weights, RejectsDamagedTrailers) {
  for (auto [offset, bytes] : std::vector<std::pair<uint64_t, uint64_t>>{
           {4097, FAKE_WEIGHTS_BYTES},
           {4096, FAKE_WEIGHTS_BYTES + 1},
           {4096, UINT64_MAX},
           {UINT64_MAX - 4095, 4096},
           {uint64_t(1) << 63, FAKE_WEIGHTS_BYTES},
           {1 << 20, FAKE_WEIGHTS_BYTES}})
    expectError(withTrailer(4096, trailer(offset, bytes)), "are damaged");
  // Within the file, but nothing of Attune's there.
  expectError(withTrailer(4096, trailer(0, FAKE_WEIGHTS_BYTES)),
              "is not a weights file");
  expectError(withTrailer(4096, trailer(4096, 0)), "is not a weights file");
  expectError(withTrailer(4096, trailer(4096, 100)), "truncated");
}

TEST(Weights, FromMemory) {
  std::vector<char> bytes = fakeWeights();
  std::vector<char> block(bytes.size() + 128);
  char *aligned =
      block.data() + 64 - reinterpret_cast<uintptr_t>(block.data()) % 64;
  memcpy(aligned, bytes.data(), bytes.size());
  Weights weights;
  WeightsSource source;
  source.data = aligned;
  source.bytes = bytes.size();
  std::string error;
  ASSERT_TRUE(weights.open(model, source, error)) << error;
  EXPECT_EQ(weights.data(), aligned);
  source.bytes = 10;
  EXPECT_FALSE(weights.open(model, source, error));
  EXPECT_NE(error.find("weights in memory"), error.npos) << error;
  EXPECT_EQ(weights.data(), nullptr);
  memmove(aligned + 8, bytes.data(), bytes.size());
  source.data = aligned + 8;
  source.bytes = bytes.size();
  EXPECT_FALSE(weights.open(model, source, error));
  EXPECT_NE(error.find("aligned to 64"), error.npos) << error;
}

TEST(Weights, ErrorsNameMissingFiles) {
  Weights weights;
  WeightsSource source;
  source.path = "/no/such/file.weights";
  std::string error;
  EXPECT_FALSE(weights.open(model, source, error));
  EXPECT_NE(error.find("/no/such/file.weights"), error.npos) << error;
  source.path = "/tmp";
  EXPECT_FALSE(weights.open(model, source, error));
  EXPECT_NE(error.find("not a regular file"), error.npos) << error;
  // Beside this test there is none.
  source.path = nullptr;
  source.anchor = &model;
  source.defaultName = "absent.weights";
  EXPECT_FALSE(weights.open(model, source, error));
  EXPECT_NE(error.find("absent.weights' does not exist"), error.npos) << error;
  source.defaultName = nullptr;
  EXPECT_FALSE(weights.open(model, source, error));
  EXPECT_NE(error.find("no weights for fake"), error.npos) << error;
}

TEST(Weights, ModelsWithoutWeightsNeedNoFile) {
  AttuneModel without = model;
  without.weights_bytes = 0;
  Weights weights;
  std::string error;
  EXPECT_TRUE(weights.open(without, WeightsSource(), error)) << error;
  EXPECT_EQ(weights.data(), nullptr);
}

TEST(Weights, FindsTheFileOfAnAddress) {
  std::string program = moduleFile(&model);
  EXPECT_EQ(program[0], '/');
  EXPECT_NE(program.find("AttuneRuntimeTests"), program.npos) << program;
  EXPECT_NE(moduleFile(reinterpret_cast<const void *>(&gnu_get_libc_version))
                .find("libc"),
            program.npos);
}

} // namespace
