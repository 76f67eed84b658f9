//===- ModelTest.cpp - The C API on a hand-made model ---------------------===//
#include "attune/Runtime/Model.h"

#include "FakeModel.h"
#include "FakeWeights.h"

#include <atomic>
#include <cstring>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <thread>

using namespace attune::test;

namespace {

void expectMessage(const char *part) {
  std::string error = attune_error();
  EXPECT_NE(error.find(part), error.npos) << "found: " << error;
}

class ModelTest : public testing::Test {
protected:
  void SetUp() override {
    std::vector<char> bytes = fakeWeights();
    weightsPath = folder.write("fake.weights", bytes.data(), bytes.size());
    options.weights_path = weightsPath.c_str();
    options.threads = 2;
    ASSERT_EQ(
        attune_create(&attune_model_descriptor, nullptr, &options, &model),
        ATTUNE_OK)
        << attune_error();
    ids = {4, 5, 6, 7, 8, 9};
    mask = {1, 1, 1, 1, 1, 0};
    types = {0, 0, 1, 0, 0, 0};
    hidden.assign(2 * 3 * FAKE_HIDDEN, -1);
    embedding.assign(2 * FAKE_HIDDEN, -1);
    inputs = {{"input_ids", ATTUNE_I64, 2, {2, 3}, ids.data(), 0},
              {"attention_mask", ATTUNE_I64, 2, {2, 3}, mask.data(), 0},
              {"token_type_ids", ATTUNE_I32, 2, {2, 3}, types.data(), 0}};
    outputs = {{"last_hidden_state",
                ATTUNE_F32,
                0,
                {},
                hidden.data(),
                hidden.size() * sizeof(float)},
               {"embedding",
                ATTUNE_F32,
                0,
                {},
                embedding.data(),
                embedding.size() * sizeof(float)}};
  }

  void TearDown() override { attune_destroy(model); }

  attune_status forward() {
    return attune_forward(model, inputs.data(), inputs.size(), outputs.data(),
                          outputs.size(), nullptr, 0);
  }

  float expected(int b, int l, int h, bool typed = true) {
    size_t at = size_t(b * 3 + l);
    return tableValue(ids[at], h) * float(1 + (typed ? types[at] : 0)) +
           float(l);
  }

  void expectHidden(bool typed = true) {
    for (int b = 0; b < 2; ++b)
      for (int l = 0; l < 3; ++l)
        for (int h = 0; h < FAKE_HIDDEN; ++h)
          EXPECT_FLOAT_EQ(hidden[size_t((b * 3 + l) * FAKE_HIDDEN + h)],
                          expected(b, l, h, typed));
  }

  void expectInvalid(const char *part) {
    EXPECT_EQ(forward(), ATTUNE_INVALID_ARGUMENT);
    expectMessage(part);
  }

  TemporaryFolder folder;
  std::string weightsPath;
  attune_options options = ATTUNE_OPTIONS_INIT;
  attune_model *model = nullptr;
  std::vector<int64_t> ids, mask;
  std::vector<int32_t> types;
  std::vector<float> hidden, embedding;
  std::vector<attune_tensor> inputs, outputs;
};

TEST_F(ModelTest, Forward) {
  ASSERT_EQ(forward(), ATTUNE_OK) << attune_error();
  expectHidden();
  for (int h = 0; h < FAKE_HIDDEN; ++h) {
    EXPECT_FLOAT_EQ(
        embedding[size_t(h)],
        (expected(0, 0, h) + expected(0, 1, h) + expected(0, 2, h)) / 3);
    EXPECT_FLOAT_EQ(embedding[size_t(FAKE_HIDDEN + h)],
                    (expected(1, 0, h) + expected(1, 1, h)) / 2);
  }
  EXPECT_EQ(outputs[0].rank, 3);
  EXPECT_EQ(outputs[0].dims[0], 2);
  EXPECT_EQ(outputs[0].dims[1], 3);
  EXPECT_EQ(outputs[0].dims[2], FAKE_HIDDEN);
  EXPECT_EQ(outputs[1].rank, 2);
}

TEST_F(ModelTest, OptionalInputsMayBeLeftOut) {
  inputs.resize(1);
  ASSERT_EQ(forward(), ATTUNE_OK) << attune_error();
  expectHidden(false);
  for (int h = 0; h < FAKE_HIDDEN; ++h)
    EXPECT_FLOAT_EQ(embedding[size_t(FAKE_HIDDEN + h)],
                    (expected(1, 0, h, false) + expected(1, 1, h, false) +
                     expected(1, 2, h, false)) /
                        3);
}

TEST_F(ModelTest, InputsWithoutDataAreLeftOut) {
  inputs[1].data = nullptr;
  inputs[2].data = nullptr;
  ASSERT_EQ(forward(), ATTUNE_OK) << attune_error();
  expectHidden(false);
  inputs[0].data = nullptr;
  expectInvalid("is missing");
}

TEST_F(ModelTest, PositionalTensors) {
  for (attune_tensor &tensor : inputs)
    tensor.name = nullptr;
  for (attune_tensor &tensor : outputs)
    tensor.name = nullptr;
  ASSERT_EQ(forward(), ATTUNE_OK) << attune_error();
  expectHidden();
  EXPECT_STREQ(outputs[1].name, "embedding");
}

TEST_F(ModelTest, UnwantedOutputsNeedNoMemory) {
  outputs[0].data = nullptr;
  ASSERT_EQ(forward(), ATTUNE_OK) << attune_error();
  EXPECT_EQ(hidden[0], -1);
  EXPECT_NE(embedding[0], -1);
  outputs.erase(outputs.begin());
  embedding[0] = -1;
  ASSERT_EQ(forward(), ATTUNE_OK) << attune_error();
  EXPECT_NE(embedding[0], -1);
  EXPECT_EQ(attune_forward(model, inputs.data(), inputs.size(), nullptr, 0,
                           nullptr, 0),
            ATTUNE_OK);
}

TEST_F(ModelTest, OutputsWithExactDimsNeedNoSize) {
  outputs[0].bytes = 0;
  expectInvalid("no buffer size, its shape is [2, 3, 4]");
  outputs[0].rank = 3;
  outputs[0].dims[0] = 2;
  outputs[0].dims[1] = 3;
  outputs[0].dims[2] = 4;
  EXPECT_EQ(forward(), ATTUNE_OK) << attune_error();
  expectHidden();
}

TEST_F(ModelTest, NamesTheWrongTensor) {
  inputs[1].name = "atention_mask";
  expectInvalid("no input 'atention_mask' (did you mean 'attention_mask'?)");
  inputs[1].name = "input_ids";
  expectInvalid("input 'input_ids' was given twice");
  inputs[1].name = "attention_mask";
  outputs[1].name = "pooled";
  expectInvalid("no output 'pooled'; it has 'last_hidden_state', 'embedding'");
  outputs[1].name = "last_hidden_state";
  expectInvalid("output 'last_hidden_state' was given twice");
  inputs.erase(inputs.begin());
  expectInvalid("input 'input_ids' of shape [batch, length] and type int64 is "
                "missing");
}

TEST_F(ModelTest, ChecksTypesAndShapes) {
  inputs[0].type = ATTUNE_I32;
  expectInvalid("input 'input_ids' has element type int32, the model's is "
                "int64");
  inputs[0].type = 99;
  expectInvalid("unknown");
  inputs[0].type = ATTUNE_I64;
  inputs[0].rank = 1;
  expectInvalid("input 'input_ids' has shape [2], the model's is [batch, "
                "length]");
  inputs[0].rank = 1000000;
  expectInvalid("rank 1000000");
  inputs[0].rank = -1;
  expectInvalid("rank -1");
  inputs[0].rank = 2;
  inputs[1].dims[1] = 4;
  expectInvalid("input 'attention_mask' has a length (dimension 1) of 4, but "
                "input 'input_ids' has 3");
  inputs[1].dims[1] = 3;
  inputs[0].dims[1] = FAKE_MAX_LENGTH + 1;
  expectInvalid("input 'input_ids' has a length (dimension 1) of 65, the model "
                "takes at most 64");
  inputs[0].dims[1] = 0;
  expectInvalid("must be at least 1");
  inputs[0].dims[1] = INT64_MIN;
  expectInvalid("must be at least 1");
  inputs[0].dims[1] = 3;
  outputs[0].type = ATTUNE_F64;
  expectInvalid("output 'last_hidden_state' has element type float64");
}

TEST_F(ModelTest, ChecksBufferSizesAndAlignment) {
  inputs[0].bytes = 6 * 8 - 1;
  expectInvalid("the buffer of input 'input_ids' has 47 bytes, its shape [2, "
                "3] of int64 needs 48");
  inputs[0].bytes = 6 * 8;
  outputs[1].bytes = 31;
  expectInvalid("the buffer of output 'embedding' has 31 bytes");
  outputs[1].bytes = 32;
  inputs[0].data = reinterpret_cast<char *>(ids.data()) + 4;
  expectInvalid("not aligned to the 8 bytes");
}

TEST_F(ModelTest, ChecksValues) {
  ids[4] = FAKE_VOCABULARY;
  expectInvalid("input 'input_ids' has 56 at [1, 1], the model takes 0 to 55");
  ids[4] = -1;
  expectInvalid("input 'input_ids' has -1 at [1, 1]");
  ids[4] = INT64_MIN;
  expectInvalid("at [1, 1]");
  ids[4] = FAKE_VOCABULARY - 1;
  EXPECT_EQ(forward(), ATTUNE_OK) << attune_error();
  types[0] = 2;
  expectInvalid("input 'token_type_ids' has 2 at [0, 0], the model takes 0 to "
                "1");
  types[0] = 0;
  // No range is stated for the mask.
  mask[0] = 12345;
  EXPECT_EQ(forward(), ATTUNE_OK) << attune_error();
}

TEST_F(ModelTest, NullArguments) {
  EXPECT_EQ(attune_forward(nullptr, nullptr, 0, nullptr, 0, nullptr, 0),
            ATTUNE_INVALID_ARGUMENT);
  EXPECT_EQ(attune_forward(model, nullptr, 3, nullptr, 0, nullptr, 0),
            ATTUNE_INVALID_ARGUMENT);
  EXPECT_EQ(attune_forward(model, inputs.data(), 3, nullptr, 1, nullptr, 0),
            ATTUNE_INVALID_ARGUMENT);
  attune_model *none = model;
  EXPECT_EQ(attune_create(nullptr, nullptr, nullptr, &none),
            ATTUNE_INVALID_ARGUMENT);
  EXPECT_EQ(none, nullptr);
  EXPECT_EQ(attune_create(&attune_model_descriptor, nullptr, nullptr, nullptr),
            ATTUNE_INVALID_ARGUMENT);
  attune_destroy(nullptr);
}

TEST_F(ModelTest, ShapesBeforeTheCall) {
  for (attune_tensor &tensor : inputs)
    tensor.data = nullptr;
  attune_tensor wanted[2] = {};
  wanted[0].name = "embedding";
  wanted[1].name = "last_hidden_state";
  ASSERT_EQ(attune_shapes(model, inputs.data(), inputs.size(), wanted, 2),
            ATTUNE_OK)
      << attune_error();
  EXPECT_EQ(wanted[0].rank, 2);
  EXPECT_EQ(wanted[0].dims[0], 2);
  EXPECT_EQ(wanted[0].dims[1], FAKE_HIDDEN);
  EXPECT_EQ(wanted[1].rank, 3);
  EXPECT_EQ(wanted[1].type, ATTUNE_F32);
  inputs[2].dims[0] = 3;
  EXPECT_EQ(attune_shapes(model, inputs.data(), inputs.size(), wanted, 2),
            ATTUNE_INVALID_ARGUMENT);
}

TEST_F(ModelTest, CallersWorkspace) {
  int64_t dims[2] = {2, 3};
  size_t bytes = 0;
  ASSERT_EQ(attune_workspace_size(model, dims, 2, &bytes), ATTUNE_OK);
  // Intermediate states, both optional inputs, both outputs.
  EXPECT_EQ(bytes, 128u + 64 + 64 + 128 + 64);
  std::vector<char> block(bytes + 64);
  char *aligned =
      block.data() + 64 - reinterpret_cast<uintptr_t>(block.data()) % 64;
  inputs.resize(1);
  EXPECT_EQ(attune_forward(model, inputs.data(), 1, outputs.data(), 2, aligned,
                           bytes),
            ATTUNE_OK)
      << attune_error();
  expectHidden(false);
  EXPECT_EQ(attune_forward(model, inputs.data(), 1, outputs.data(), 2, aligned,
                           bytes - 1),
            ATTUNE_INVALID_ARGUMENT);
  expectMessage("the workspace has 447 bytes, this call needs 448");
  EXPECT_EQ(attune_forward(model, inputs.data(), 1, outputs.data(), 2,
                           aligned - 8, bytes),
            ATTUNE_INVALID_ARGUMENT);
  expectMessage("not aligned to 64 bytes");
}

TEST_F(ModelTest, ReserveChecksExtents) {
  int64_t dims[2] = {16, FAKE_MAX_LENGTH};
  EXPECT_EQ(attune_reserve(model, dims, 2), ATTUNE_OK) << attune_error();
  EXPECT_EQ(forward(), ATTUNE_OK) << attune_error();
  expectHidden();
  EXPECT_EQ(attune_reserve(model, dims, 1), ATTUNE_INVALID_ARGUMENT);
  expectMessage("1 extents were given, the model has 2: batch, length");
  dims[0] = 17;
  EXPECT_EQ(attune_reserve(model, dims, 2), ATTUNE_INVALID_ARGUMENT);
  expectMessage("batch is 17, it must be at least 1 and at most 16");
  dims[0] = 0;
  EXPECT_EQ(attune_reserve(model, dims, 2), ATTUNE_INVALID_ARGUMENT);
}

TEST_F(ModelTest, GrowingAndShrinkingCalls) {
  for (int64_t length : {1, 64, 2, 33, 64, 1}) {
    std::vector<int64_t> longIds(size_t(16 * length), 5);
    std::vector<float> result(16 * FAKE_HIDDEN);
    attune_tensor in = {"input_ids",  ATTUNE_I64,     2,
                        {16, length}, longIds.data(), 0};
    attune_tensor out = {"embedding",       ATTUNE_F32,    2,
                         {16, FAKE_HIDDEN}, result.data(), 0};
    ASSERT_EQ(attune_forward(model, &in, 1, &out, 1, nullptr, 0), ATTUNE_OK)
        << attune_error();
    for (size_t b = 0; b < 16; ++b)
      EXPECT_FLOAT_EQ(result[b * FAKE_HIDDEN],
                      tableValue(5, 0) + float(length - 1) / 2);
  }
}

TEST_F(ModelTest, ChoosesTheVariantThatRunsHere) {
  EXPECT_STREQ(attune_cpu(model), "baseline");
  EXPECT_EQ(attune_threads(model), 2);
  attune_model *other;
  options.cpu = "future";
  EXPECT_EQ(attune_create(&attune_model_descriptor, nullptr, &options, &other),
            ATTUNE_UNSUPPORTED_CPU);
  EXPECT_EQ(other, nullptr);
  expectMessage("lacks feature 40");
  options.cpu = "pentium";
  EXPECT_EQ(attune_create(&attune_model_descriptor, nullptr, &options, &other),
            ATTUNE_UNSUPPORTED_CPU);
  expectMessage("no variant for 'pentium'");
  options.cpu = nullptr;
  setenv("ATTUNE_CPU", "future", 1);
  EXPECT_EQ(attune_create(&attune_model_descriptor, nullptr, &options, &other),
            ATTUNE_UNSUPPORTED_CPU);
  unsetenv("ATTUNE_CPU");
}

TEST_F(ModelTest, ChecksOptions) {
  attune_model *other;
  options.size = 0;
  EXPECT_EQ(attune_create(&attune_model_descriptor, nullptr, &options, &other),
            ATTUNE_INVALID_ARGUMENT);
  expectMessage("ATTUNE_OPTIONS_INIT");
  options.size = sizeof options;
  options.threads = -1;
  EXPECT_EQ(attune_create(&attune_model_descriptor, nullptr, &options, &other),
            ATTUNE_INVALID_ARGUMENT);
  options.threads = 1;
  // An application compiled before the last fields existed.
  options.size = offsetof(attune_options, cpu);
  options.cpu = "not read";
  ASSERT_EQ(attune_create(&attune_model_descriptor, nullptr, &options, &other),
            ATTUNE_OK)
      << attune_error();
  EXPECT_EQ(attune_threads(other), 1);
  attune_destroy(other);
  AttuneModel later = attune_model_descriptor;
  later.abi_version++;
  EXPECT_EQ(attune_create(&later, nullptr, nullptr, &other),
            ATTUNE_INVALID_ARGUMENT);
  expectMessage("runtime interface");
}

TEST_F(ModelTest, ReportsBadWeights) {
  attune_model *other;
  options.weights_path = "/no/such/weights";
  EXPECT_EQ(attune_create(&attune_model_descriptor, nullptr, &options, &other),
            ATTUNE_BAD_FILE);
  EXPECT_EQ(other, nullptr);
  expectMessage("/no/such/weights");
}

TEST_F(ModelTest, ErrorsBelongToTheirThread) {
  inputs[0].rank = 1;
  EXPECT_NE(forward(), ATTUNE_OK);
  std::string mine = attune_error(), theirs = "?";
  std::thread([&] { theirs = attune_error(); }).join();
  EXPECT_EQ(theirs, "");
  EXPECT_EQ(attune_error(), mine);
}

TEST_F(ModelTest, TwoHandlesSideBySide) {
  auto work = [&](int64_t id) {
    attune_model *mine;
    ASSERT_EQ(attune_create(&attune_model_descriptor, nullptr, &options, &mine),
              ATTUNE_OK);
    std::vector<int64_t> myIds(12, id);
    std::vector<float> result(4 * FAKE_HIDDEN);
    for (int i = 0; i < 500; ++i) {
      attune_tensor in = {"input_ids", ATTUNE_I64, 2, {4, 3}, myIds.data(), 0};
      attune_tensor out = {"embedding",      ATTUNE_F32,    2,
                           {4, FAKE_HIDDEN}, result.data(), 0};
      ASSERT_EQ(attune_forward(mine, &in, 1, &out, 1, nullptr, 0), ATTUNE_OK);
      for (size_t b = 0; b < 4; ++b)
        ASSERT_FLOAT_EQ(result[b * FAKE_HIDDEN], tableValue(id, 0) + 1);
    }
    attune_destroy(mine);
  };
  std::thread first(work, 9), second(work, 21);
  first.join();
  second.join();
}

TEST_F(ModelTest, ASharedHandleIsBusyNotBroken) {
  std::atomic<int> ok{0}, busy{0}, other{0};
  auto work = [&] {
    for (int i = 0; i < 2000; ++i) {
      std::vector<float> result(2 * FAKE_HIDDEN);
      attune_tensor out = {"embedding",      ATTUNE_F32,    2,
                           {2, FAKE_HIDDEN}, result.data(), 0};
      attune_status status =
          attune_forward(model, inputs.data(), 3, &out, 1, nullptr, 0);
      ++(status == ATTUNE_OK ? ok : status == ATTUNE_BUSY ? busy : other);
    }
  };
  std::thread first(work), second(work);
  first.join();
  second.join();
  EXPECT_GT(ok, 0);
  EXPECT_EQ(other, 0);
  EXPECT_EQ(ok + busy, 4000);
}

TEST_F(ModelTest, Tokenize) {
  std::vector<int64_t> tokens(16, -1), segments(16, -1);
  size_t count = 0;
  ASSERT_EQ(attune_tokenize(model, "aB c!", size_t(-1), 0, tokens.data(),
                            segments.data(), 16, &count),
            ATTUNE_OK)
      << attune_error();
  tokens.resize(count);
  EXPECT_EQ(tokens, (std::vector<int64_t>{2, 4, 31, 6, 1, 3}));
  EXPECT_EQ(segments[0], 0);
  EXPECT_EQ(segments[5], 0);
  EXPECT_EQ(segments[6], -1);
  // A length instead of a terminating zero.
  tokens.resize(16);
  ASSERT_EQ(
      attune_tokenize(model, "abc", 1, 0, tokens.data(), nullptr, 16, &count),
      ATTUNE_OK);
  EXPECT_EQ(count, 3u);
  EXPECT_EQ(
      attune_tokenize(model, "abcdef", 6, 0, tokens.data(), nullptr, 3, &count),
      ATTUNE_INVALID_ARGUMENT);
  EXPECT_EQ(count, 8u);
  expectMessage("the text has 8 tokens, there is room for 3");
  ASSERT_EQ(attune_tokenize(model, "abcdef", 6, 5, tokens.data(), nullptr, 16,
                            &count),
            ATTUNE_OK);
  EXPECT_EQ(count, 5u);
  ASSERT_EQ(
      attune_tokenize(model, nullptr, 0, 0, tokens.data(), nullptr, 16, &count),
      ATTUNE_OK);
  EXPECT_EQ(count, 2u);
  std::string longText(10000, 'a');
  tokens.resize(100);
  ASSERT_EQ(attune_tokenize(model, ("a b " + longText + " c").c_str(),
                            size_t(-1), 0, tokens.data(), nullptr, 100, &count),
            ATTUNE_OK);
  EXPECT_LE(count, size_t(FAKE_MAX_LENGTH));
  EXPECT_EQ(attune_tokenize(model, nullptr, 3, 0, tokens.data(), nullptr, 100,
                            &count),
            ATTUNE_INVALID_ARGUMENT);
}

TEST_F(ModelTest, TokenizerInfo) {
  attune_tokenizer_info info;
  ASSERT_EQ(attune_tokenizer(model, &info), ATTUNE_OK) << attune_error();
  EXPECT_EQ(info.max_length, size_t(FAKE_MAX_LENGTH));
  EXPECT_EQ(info.pad_id, 0);
  EXPECT_EQ(info.vocabulary, FAKE_VOCABULARY);
  size_t bytes;
  const char *token = attune_token(model, 31, &bytes);
  ASSERT_TRUE(token);
  EXPECT_EQ(std::string_view(token, bytes), "##b");
  EXPECT_EQ(attune_token(model, 1000, &bytes), nullptr);
  EXPECT_EQ(attune_token(model, -1, &bytes), nullptr);
  EXPECT_EQ(bytes, 0u);
}

TEST_F(ModelTest, ModelsWithoutATokenizerSaySo) {
  AttuneModel without = attune_model_descriptor;
  without.tokenizer_bytes = 0;
  attune_model *other;
  ASSERT_EQ(attune_create(&without, nullptr, &options, &other), ATTUNE_OK);
  attune_tokenizer_info info;
  EXPECT_EQ(attune_tokenizer(other, &info), ATTUNE_UNSUPPORTED);
  expectMessage("without a tokenizer");
  attune_destroy(other);
  AttuneModel outside = attune_model_descriptor;
  outside.tokenizer_offset = UINT64_MAX - 100;
  ASSERT_EQ(attune_create(&outside, nullptr, &options, &other), ATTUNE_OK);
  EXPECT_EQ(attune_tokenizer(other, &info), ATTUNE_BAD_FILE);
  attune_destroy(other);
}

TEST_F(ModelTest, Metadata) {
  EXPECT_STREQ(attune_info(&attune_model_descriptor), "{\"family\": \"fake\"}");
  EXPECT_STREQ(attune_info(nullptr), "{}");
  EXPECT_EQ(attune_abi_version(), ATTUNE_ABI_VERSION);
}

} // namespace
