//===- ExtentsTest.cpp - Extents that follow from symbols -----------------===//
#include "attune/Runtime/Extents.h"

#include "FakeModel.h"
#include "FakeWeights.h"
#include "attune/Runtime/Header.h"
#include "attune/Runtime/Model.h"

#include <gtest/gtest.h>

using namespace attune::rt;
using namespace attune::test;

namespace {

// The symbols are batch and length, these are the numbers behind them.
constexpr int64_t kBatch = -1, kLength = -2, kSum = -3, kLess = -4,
                  kProduct = -5, kUnknown = -9;
const int32_t batchAlone[] = {0}, lengthAlone[] = {1}, both[] = {0, 1, 1},
              beyond[] = {7};
const AttuneTerm sumTerms[] = {{1, batchAlone, 1, 0}, {1, lengthAlone, 1, 0}};
const AttuneTerm lessTerms[] = {{-3, nullptr, 0, 0}, {1, lengthAlone, 1, 0}};
const AttuneTerm productTerms[] = {{2, both, 3, 0}};
const AttuneTerm beyondTerms[] = {{1, beyond, 1, 0}};
const AttunePolynomial polynomials[] = {
    {"batch + length", sumTerms, 2, 0},
    {"-3 + length", lessTerms, 2, 0},
    {"2*batch*length*length", productTerms, 1, 0},
    {"damaged", beyondTerms, 1, 0}};
const int64_t sumRow[] = {kBatch, kSum}, lessRow[] = {kLess, kSum};

AttuneModel withPolynomials() {
  AttuneModel model = attune_model_descriptor;
  model.polynomials = polynomials;
  model.num_polynomials = 4;
  return model;
}

TEST(Extents, Values) {
  AttuneModel model = withPolynomials();
  int64_t symbols[] = {2, 5};
  auto value = [&](int64_t extent) {
    return extentValue(model, extent, symbols);
  };
  EXPECT_EQ(value(0), 0);
  EXPECT_EQ(value(17), 17);
  EXPECT_EQ(value(kBatch), 2);
  EXPECT_EQ(value(kLength), 5);
  EXPECT_EQ(value(kSum), 7);
  EXPECT_EQ(value(kLess), 2);
  EXPECT_EQ(value(kProduct), 2 * 2 * 25);
  symbols[1] = 1;
  EXPECT_EQ(value(kLess), -2);
}

TEST(Extents, WhatHasNoValue) {
  AttuneModel model = withPolynomials();
  int64_t symbols[] = {INT64_MAX, INT64_MAX};
  for (int64_t extent : {kSum, kProduct, int64_t(-6), kUnknown, INT64_MIN})
    EXPECT_EQ(extentValue(model, extent, symbols), std::nullopt) << extent;
  EXPECT_EQ(extentValue(model, kLess, symbols), INT64_MAX - 3);
}

TEST(Extents, Kinds) {
  AttuneModel model = withPolynomials();
  EXPECT_EQ(symbolOf(model, kLength), 1);
  EXPECT_EQ(symbolOf(model, kSum), -1);
  EXPECT_EQ(symbolOf(model, 3), -1);
  EXPECT_TRUE(isPolynomial(model, kSum));
  for (int64_t extent : {int64_t(3), kLength, kUnknown, INT64_MIN})
    EXPECT_FALSE(isPolynomial(model, extent)) << extent;
  EXPECT_EQ(extentText(model, 3), "3");
  EXPECT_EQ(extentText(model, kBatch), "batch");
  EXPECT_EQ(extentText(model, kLess), "-3 + length");
  EXPECT_EQ(extentText(model, kUnknown), "?");
  AttuneTensorInfo info = model.inputs[0];
  info.dims = sumRow;
  EXPECT_EQ(symbolicShape(model, info), "[batch, batch + length]");
}

TEST(Extents, Constraints) {
  AttuneModel model = withPolynomials();
  const AttuneConstraint constraints[] = {
      {ATTUNE_EQUAL, 0, kProduct, kSum, "node 'a'"},
      {ATTUNE_AT_MOST, 0, kSum, 4, "node 'b'"}};
  model.constraints = constraints;
  model.num_constraints = 2;
  EXPECT_EQ(constraintText(model, constraints[0]),
            "2*batch*length*length = batch + length");
  EXPECT_EQ(constraintText(model, constraints[1]), "batch + length at most 4");
  int64_t fits[] = {1, 1};
  EXPECT_EQ(brokenConstraint(model, fits), "");
  int64_t differs[] = {1, 2};
  EXPECT_EQ(brokenConstraint(model, differs),
            "2*batch*length*length is 8, expected batch + length = 3: node 'a' "
            "needs it");
  int64_t large[] = {1, INT64_MAX};
  EXPECT_EQ(brokenConstraint(model, large),
            "2*batch*length*length is more than 64 bits hold, expected batch + "
            "length, which is more than 64 bits hold: node 'a' needs it");
  model.constraints = constraints + 1;
  model.num_constraints = 1;
  EXPECT_EQ(brokenConstraint(model, differs), "");
  int64_t more[] = {2, 3};
  EXPECT_EQ(brokenConstraint(model, more),
            "batch + length is 5, expected at most 4: node 'b' needs it");
}

TEST(Extents, ConstraintsNameTheInputsThatCallersGive) {
  AttuneModel model = withPolynomials();
  const AttuneConstraint atLeast = {ATTUNE_AT_MOST, 0, kSum, kLength, "node"};
  model.constraints = &atLeast;
  model.num_constraints = 1;
  int64_t symbols[] = {2, 5};
  SymbolPlace places[] = {{}, {1, 1}};
  EXPECT_EQ(brokenConstraint(model, symbols),
            "batch + length is 7, expected at most length = 5: node needs it");
  EXPECT_EQ(brokenConstraint(model, symbols, places),
            "input 'attention_mask' axis 1 is 5, expected at least batch + "
            "length = 7: node needs it");
  const AttuneConstraint number = {ATTUNE_EQUAL, 0, 8, kBatch, "node"};
  model.constraints = &number;
  EXPECT_EQ(brokenConstraint(model, symbols, places),
            "batch is 2, expected 8: node needs it");
}

TEST(Extents, SymbolsThatNobodyGaveCanBeMadeToFit) {
  AttuneModel model = withPolynomials();
  AttuneConstraint constraint = {ATTUNE_EQUAL, 0, kBatch, kLength, "node"};
  model.constraints = &constraint;
  model.num_constraints = 1;
  int64_t symbols[] = {2, 5};
  fitSymbols(model, symbols, {false, true});
  EXPECT_EQ(symbols[0], 5);
  symbols[0] = 2;
  fitSymbols(model, symbols, {false, false});
  EXPECT_EQ(symbols[0], symbols[1]);
  symbols[1] = 7;
  fitSymbols(model, symbols, {true, true});
  EXPECT_EQ(symbols[1], 7);
  constraint = {ATTUNE_AT_MOST, 0, kSum, 64, "node"};
  symbols[0] = 10;
  symbols[1] = 1000;
  fitSymbols(model, symbols, {false, false});
  EXPECT_EQ(brokenConstraint(model, symbols), "");
  EXPECT_EQ(symbols[0], 10);
  EXPECT_GE(symbols[1], 16);
  // What cannot be done is left as it is.
  constraint.right = 1;
  fitSymbols(model, symbols, {false, false});
  EXPECT_NE(brokenConstraint(model, symbols), "");
}

TEST(Extents, TheHeaderShowsThem) {
  AttuneModel model = withPolynomials();
  AttuneTensorInfo output = model.outputs[0];
  output.rank = 2;
  output.dims = sumRow;
  model.outputs = &output;
  model.num_outputs = 1;
  const AttuneConstraint limit = {ATTUNE_AT_MOST, 0, kSum, 40, "node 'b'"};
  model.constraints = &limit;
  model.num_constraints = 1;
  std::string text = renderHeader(model, "fake", "fake.weights");
  for (const char *part :
       {"\"last_hidden_state\" float32 [batch, batch + length]\n",
        " *   always batch + length at most 40\n"})
    EXPECT_NE(text.find(part), text.npos) << part << "\n" << text;
}

/// A model of two inputs: [batch, length] and one whose extents the test says.
class ShapesTest : public testing::Test {
protected:
  void SetUp() override {
    std::vector<char> bytes = fakeWeights();
    weightsPath = folder.write("fake.weights", bytes.data(), bytes.size());
    descriptor = withPolynomials();
    infos[0] = descriptor.inputs[0];
    infos[1] = descriptor.inputs[0];
    infos[1].name = "mask";
    infos[1].dims = sumRow;
    output = descriptor.outputs[0];
    output.rank = 2;
    output.dims = sumRow;
    descriptor.inputs = infos;
    descriptor.num_inputs = 2;
    descriptor.outputs = &output;
    descriptor.num_outputs = 1;
    tensors[0] = {"mask", ATTUNE_I64, 2, {2, 7}, nullptr, 0};
    tensors[1] = {"input_ids", ATTUNE_I64, 2, {2, 5}, nullptr, 0};
  }
  void TearDown() override { attune_destroy(model); }

  void open() {
    attune_options options = ATTUNE_OPTIONS_INIT;
    options.weights_path = weightsPath.c_str();
    options.threads = 1;
    ASSERT_EQ(attune_create(&descriptor, nullptr, &options, &model), ATTUNE_OK)
        << attune_error();
  }
  attune_status shapes() {
    return attune_shapes(model, tensors, 2, &result, 1);
  }

  TemporaryFolder folder;
  std::string weightsPath;
  AttuneModel descriptor;
  AttuneTensorInfo infos[2], output;
  attune_tensor tensors[2],
      result = {"last_hidden_state", 0, 0, {}, nullptr, 0};
  attune_model *model = nullptr;
};

TEST_F(ShapesTest, InputsAndOutputsMayFollowFromOthers) {
  open();
  // Whatever order they are given in: the first one has no symbol of its own.
  ASSERT_EQ(shapes(), ATTUNE_OK) << attune_error();
  EXPECT_EQ(result.rank, 2);
  EXPECT_EQ(result.dims[0], 2);
  EXPECT_EQ(result.dims[1], 7);
  tensors[0].dims[1] = 5;
  EXPECT_EQ(shapes(), ATTUNE_INVALID_ARGUMENT);
  EXPECT_STREQ(attune_error(),
               "input 'mask' axis 1 is 5, expected batch + length = 7");
}

TEST_F(ShapesTest, NoExtentIsNegative) {
  output.dims = lessRow;
  open();
  ASSERT_EQ(shapes(), ATTUNE_OK) << attune_error();
  EXPECT_EQ(result.dims[0], 2);
  tensors[0].dims[1] = 4;
  tensors[1].dims[1] = 2;
  EXPECT_EQ(shapes(), ATTUNE_INVALID_ARGUMENT);
  EXPECT_STREQ(attune_error(),
               "output 'last_hidden_state' axis 0 cannot be -3 + length = -1");
  int64_t dims[] = {2, 2};
  size_t bytes;
  EXPECT_EQ(attune_workspace_size(model, dims, 2, &bytes),
            ATTUNE_OUT_OF_MEMORY);
}

TEST_F(ShapesTest, NoCallRunsAgainstAConstraint) {
  const AttuneConstraint constraint = {ATTUNE_EQUAL, 0, kLength, kSum,
                                       "node 'add'"};
  descriptor.constraints = &constraint;
  descriptor.num_constraints = 1;
  open();
  const char *expected = "input 'input_ids' axis 1 is 5, expected batch + "
                         "length = 7: node 'add' needs it";
  EXPECT_EQ(shapes(), ATTUNE_INVALID_ARGUMENT);
  EXPECT_STREQ(attune_error(), expected);
  int64_t ids[10] = {}, mask[14] = {};
  float values[14];
  tensors[0].data = mask;
  tensors[1].data = ids;
  result.type = ATTUNE_F32;
  result.data = values;
  result.bytes = sizeof values;
  EXPECT_EQ(attune_forward(model, tensors, 2, &result, 1, nullptr, 0),
            ATTUNE_INVALID_ARGUMENT);
  EXPECT_STREQ(attune_error(), expected);
  int64_t dims[] = {2, 5};
  size_t bytes;
  EXPECT_EQ(attune_workspace_size(model, dims, 2, &bytes),
            ATTUNE_INVALID_ARGUMENT);
  EXPECT_STREQ(attune_error(),
               "length is 5, expected batch + length = 7: node 'add' needs it");
}

} // namespace
