//===- PositionTest.cpp - Embeddings and positions ------------------------===//
#include "TestSupport.h"

using namespace attune;

static const char kEmbedding[] = R"(
  func.func @f(%i: tensor<?x?xi64>, %t: tensor<3x2xf32>) -> tensor<?x?x2xf32> {
    %r = attune.embedding %i, %t : (tensor<?x?xi64>, tensor<3x2xf32>) -> tensor<?x?x2xf32>
    return %r : tensor<?x?x2xf32>
  })";

TEST(ReferencePosition, Embedding) {
  Tensor table = Tensor::doubles({3, 2}, {0, 1, 10, 11, 20, 21});
  expectValues(
      evaluate(kEmbedding, {Tensor::integers({2, 2}, {2, 0, 1, 2}), table}),
      {2, 2, 2}, {20, 21, 0, 1, 10, 11, 20, 21}, 0);
}

TEST(ReferencePosition, IdsOutOfRange) {
  Tensor table = Tensor::doubles({3, 2}, {0, 1, 10, 11, 20, 21});
  for (int64_t id : {int64_t(3), int64_t(-1), INT64_MIN, INT64_MAX})
    expectContains(
        evaluateError(kEmbedding, {Tensor::integers({1, 2}, {0, id}), table}),
        "expected ids in [0, 3), the rows of the table, got " +
            std::to_string(id) + " at position 1");
}

TEST(ReferencePosition, PositionsCountFromTheOffset) {
  expectIntegers(evaluate(R"(
    func.func @f(%i: tensor<?x?xi64>) -> tensor<?x?xi64> {
      %r = attune.positions %i {offset = 2 : i64} : tensor<?x?xi64>
      return %r : tensor<?x?xi64>
    })",
                          Tensor::integers({2, 3}, {9, 9, 9, 1, 1, 1})),
                 {2, 3}, {2, 3, 4, 2, 3, 4});
}

TEST(ReferencePosition, PositionsLeavePaddingOut) {
  expectIntegers(evaluate(R"(
    func.func @f(%i: tensor<?x?xi64>) -> tensor<?x?xi64> {
      %r = attune.positions %i {offset = 1 : i64, padding_id = 1 : i64} : tensor<?x?xi64>
      return %r : tensor<?x?xi64>
    })",
                          Tensor::integers({2, 4}, {5, 6, 1, 1, 1, 7, 1, 8})),
                 {2, 4}, {2, 3, 1, 1, 1, 2, 1, 3});
}

TEST(ReferencePosition, PositionsThatOverflow) {
  expectContains(evaluateError(R"(
    func.func @f(%i: tensor<?x?xi64>) -> tensor<?x?xi64> {
      %r = attune.positions %i {offset = 9223372036854775806 : i64} : tensor<?x?xi64>
      return %r : tensor<?x?xi64>
    })",
                               Tensor::integers({1, 3}, {0, 0, 0})),
                 "together exceed 64 bits");
}
