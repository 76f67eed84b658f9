//===- GpuCallTest.cpp - Models whose kernels run on a GPU ----------------===//
#include "attune/Runtime/Gpu.h"
#include "attune/Runtime/Model.h"

#include "FakeModel.h"
#include "FakeWeights.h"

#include <cstring>
#include <gtest/gtest.h>

using namespace attune::test;

namespace {

/// What a driver was asked for; the GPU itself is none.
struct Log {
  int opened = 0, closed = 0, begun = 0, ended = 0;
  size_t weightsBytes = 0;
  std::vector<AttuneGpuRange> ranges;
  const char *refuseOpen = nullptr, *refuseBegin = nullptr,
             *refuseEnd = nullptr;
};
Log *current;

int32_t refuse(const char *reason, char *message, size_t size) {
  if (!reason)
    return 0;
  strncpy(message, reason, size);
  return 1;
}

const AttuneGpuDriver driver = {
    "fake",
    [](const void *, size_t bytes, char *message, size_t size) {
      ++current->opened;
      current->weightsBytes = bytes;
      return refuse(current->refuseOpen, message, size)
                 ? nullptr
                 : reinterpret_cast<AttuneGpu *>(current);
    },
    [](AttuneGpu *gpu) {
      EXPECT_EQ(gpu, reinterpret_cast<AttuneGpu *>(current));
      ++current->closed;
    },
    [](AttuneGpu *, const AttuneGpuRange *ranges, size_t count, char *message,
       size_t size) {
      ++current->begun;
      current->ranges.assign(ranges, ranges + count);
      return refuse(current->refuseBegin, message, size);
    },
    [](AttuneGpu *, char *message, size_t size) {
      ++current->ended;
      return refuse(current->refuseEnd, message, size);
    }};

class GpuCallTest : public testing::Test {
protected:
  GpuCallTest()
      : variant(attune_model_descriptor.variants[1]),
        descriptor(attune_model_descriptor) {
    current = &log;
    variant.gpu = &driver;
    descriptor.variants = &variant;
    descriptor.num_variants = 1;
    std::vector<char> bytes = fakeWeights();
    weightsPath = folder.write("fake.weights", bytes.data(), bytes.size());
  }
  ~GpuCallTest() override {
    attune_destroy(model);
    EXPECT_EQ(log.closed, log.refuseOpen ? 0 : log.opened);
  }

  attune_status create() {
    attune_options options = ATTUNE_OPTIONS_INIT;
    options.weights_path = weightsPath.c_str();
    options.threads = 1;
    return attune_create(&descriptor, nullptr, &options, &model);
  }
  attune_status forward() {
    attune_tensor input = {"input_ids", ATTUNE_I64, 2, {1, 2}, ids, 0};
    attune_tensor output = {"embedding", ATTUNE_F32, 0,
                            {},          embedding,  sizeof embedding};
    return attune_forward(model, &input, 1, &output, 1, nullptr, 0);
  }

  Log log;
  AttuneVariant variant;
  AttuneModel descriptor;
  TemporaryFolder folder;
  std::string weightsPath;
  attune_model *model = nullptr;
  int64_t ids[2] = {4, 5};
  float embedding[FAKE_HIDDEN] = {};
};

TEST_F(GpuCallTest, MemoryOfACall) {
  ASSERT_EQ(create(), ATTUNE_OK) << attune_error();
  // The tokenizer behind the weights is nothing to kernels.
  EXPECT_EQ(log.weightsBytes, size_t(FAKE_TOKENIZER_OFFSET));
  ASSERT_EQ(forward(), ATTUNE_OK) << attune_error();
  ASSERT_EQ(forward(), ATTUNE_OK) << attune_error();
  EXPECT_EQ(log.begun, 2);
  EXPECT_EQ(log.ended, 2);
  ASSERT_EQ(log.ranges.size(), 6u);
  EXPECT_EQ(log.ranges[0].host, ids);
  EXPECT_EQ(log.ranges[0].bytes, sizeof ids);
  EXPECT_EQ(log.ranges[0].use, ATTUNE_GPU_INPUT);
  // Left out: made by the runtime, in the workspace.
  EXPECT_EQ(log.ranges[1].use, ATTUNE_GPU_INPUT);
  EXPECT_EQ(log.ranges[2].bytes, 2 * sizeof(int32_t));
  // Not wanted.
  EXPECT_EQ(log.ranges[3].use, ATTUNE_GPU_WORK);
  EXPECT_EQ(log.ranges[4].host, embedding);
  EXPECT_EQ(log.ranges[4].use, ATTUNE_GPU_OUTPUT);
  const AttuneGpuRange &workspace = log.ranges[5];
  EXPECT_EQ(workspace.use, ATTUNE_GPU_WORK);
  auto within = [&](const AttuneGpuRange &range) {
    auto *begin = static_cast<char *>(workspace.host);
    auto *at = static_cast<char *>(range.host);
    return at >= begin && at + range.bytes <= begin + workspace.bytes;
  };
  EXPECT_TRUE(within(log.ranges[1]));
  EXPECT_TRUE(within(log.ranges[3]));
}

TEST_F(GpuCallTest, NoGpu) {
  log.refuseOpen = "no GPU here";
  EXPECT_EQ(create(), ATTUNE_SYSTEM_ERROR);
  EXPECT_STREQ(attune_error(), "no GPU here");
  EXPECT_EQ(model, nullptr);
}

TEST_F(GpuCallTest, FailuresOfACall) {
  ASSERT_EQ(create(), ATTUNE_OK) << attune_error();
  log.refuseBegin = "no memory there";
  EXPECT_EQ(forward(), ATTUNE_SYSTEM_ERROR);
  EXPECT_STREQ(attune_error(), "no memory there");
  EXPECT_EQ(log.ended, 0);
  log.refuseBegin = nullptr;
  log.refuseEnd = "the device was lost";
  EXPECT_EQ(forward(), ATTUNE_SYSTEM_ERROR);
  EXPECT_STREQ(attune_error(), "the device was lost");
  // The handle can be used again.
  log.refuseEnd = nullptr;
  EXPECT_EQ(forward(), ATTUNE_OK) << attune_error();
}

} // namespace
