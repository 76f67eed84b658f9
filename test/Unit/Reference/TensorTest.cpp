//===- TensorTest.cpp - Tensors of the reference interpreter --------------===//
#include "TestSupport.h"

#include <set>

using namespace attune;
using llvm::ArrayRef;
using llvm::SmallVector;

TEST(TensorTest, ElementsByPositionAndIndex) {
  Tensor t = Tensor::floats({2, 3}, {0, 1, 2, 3, 4, 5});
  EXPECT_EQ(t.getElementType(), ElementType::F32);
  EXPECT_EQ(t.getRank(), 2);
  EXPECT_EQ(t.getDim(0), 2);
  EXPECT_EQ(t.getDim(-1), 3);
  EXPECT_EQ(t.getNumElements(), 6);
  EXPECT_EQ(t.getFloat(4), 4);
  EXPECT_EQ(t.getFloat({1, 0}), 3);
  EXPECT_EQ(t.describe(), "f32 [2, 3]");

  Tensor ids = Tensor::integers({3}, {7, 8, int64_t(1) << 60});
  EXPECT_EQ(ids.getInteger(2), int64_t(1) << 60);
  EXPECT_FALSE(ids.isFloat());
}

TEST(TensorTest, ScalarsAndEmptyTensors) {
  EXPECT_EQ(Tensor().getNumElements(), 0);
  Tensor scalar = Tensor::doubles({}, {2.5});
  EXPECT_EQ(scalar.getRank(), 0);
  EXPECT_EQ(scalar.getFloat(ArrayRef<int64_t>()), 2.5);
  Tensor empty = Tensor::floats({4, 0, 3}, {});
  EXPECT_EQ(empty.getNumElements(), 0);
  EXPECT_EQ(empty.gather({0, 4}, {1, 2}).getNumElements(), 0);
}

TEST(TensorTest, CopiesAndReshapesShareElements) {
  Tensor t = Tensor::floats({2, 3}, {0, 1, 2, 3, 4, 5});
  Tensor copy = t;
  EXPECT_EQ(copy.getFloats().data(), t.getFloats().data());
  Tensor other = t.reshape({3, 1, 2});
  EXPECT_EQ(other.getFloats().data(), t.getFloats().data());
  EXPECT_EQ(other.getFloat({2, 0, 1}), 5);
}

TEST(TensorTest, ViewsKeepTheirOwner) {
  auto values = std::make_shared<std::vector<float>>(4, 1.5f);
  std::weak_ptr<std::vector<float>> watch = values;
  Tensor view = Tensor::view({2, 2}, *values, values);
  values.reset();
  EXPECT_FALSE(watch.expired());
  EXPECT_EQ(view.getFloat({1, 1}), 1.5);
  view = Tensor();
  EXPECT_TRUE(watch.expired());
}

TEST(TensorTest, Casts) {
  Tensor t = Tensor::doubles({2}, {0.1, 1.0});
  Tensor rounded = t.castFloat(ElementType::F32);
  EXPECT_EQ(rounded.getFloats()[0], 0.1f);
  EXPECT_EQ(rounded.castFloat(ElementType::F64).getFloat(0), double(0.1f));
}

TEST(TensorTest, GatherFollowsStrides) {
  Tensor t = Tensor::integers({2, 3}, {0, 1, 2, 3, 4, 5});
  // Transposed, reversed rows, one row repeated.
  expectIntegers(t.gather({3, 2}, {1, 3}), {3, 2}, {0, 3, 1, 4, 2, 5});
  expectIntegers(t.gather({2, 3}, {-3, 1}, 3), {2, 3}, {3, 4, 5, 0, 1, 2});
  expectIntegers(t.gather({2, 2}, {0, 1}, 4), {2, 2}, {4, 5, 4, 5});
}

TEST(TensorTest, IndicesInRowMajorOrder) {
  std::vector<SmallVector<int64_t>> seen;
  forEachIndex({2, 1, 2},
               [&](ArrayRef<int64_t> index) { seen.emplace_back(index); });
  EXPECT_EQ(seen, (std::vector<SmallVector<int64_t>>{
                      {0, 0, 0}, {0, 0, 1}, {1, 0, 0}, {1, 0, 1}}));
  int scalars = 0, none = 0;
  forEachIndex({}, [&](ArrayRef<int64_t>) { ++scalars; });
  forEachIndex({3, 0}, [&](ArrayRef<int64_t>) { ++none; });
  EXPECT_EQ(scalars, 1);
  EXPECT_EQ(none, 0);
}

TEST(TensorTest, CountsOnlyWhatMemoryHolds) {
  EXPECT_EQ(countElements({}), 1);
  EXPECT_EQ(countElements({3, 4}), 12);
  int64_t big = int64_t(1) << 39;
  EXPECT_EQ(countElements({big, 0, 2}), 0);
  EXPECT_EQ(countElements({big, 0, big}), std::nullopt);
  EXPECT_EQ(countElements({big, 3}), std::nullopt);
  EXPECT_EQ(countElements({big, big, big, big}), std::nullopt);
  EXPECT_EQ(countElements({-1, 2}), std::nullopt);
}

TEST(TensorTest, Broadcast) {
  using Shape = SmallVector<int64_t, 4>;
  EXPECT_EQ(broadcast({2, 1, 4}, {3, 1}), (Shape{2, 3, 4}));
  EXPECT_EQ(broadcast({4}, {2, 3, 4}), (Shape{2, 3, 4}));
  EXPECT_EQ(broadcast({}, {5}), (Shape{5}));
  EXPECT_EQ(broadcast({1}, {0}), (Shape{0}));
  EXPECT_EQ(broadcast({2, 3}, {2}), std::nullopt);
  EXPECT_EQ(broadcastStrides({3, 1}, {2, 3, 4}), (Shape{0, 1, 0}));
  EXPECT_EQ(broadcastStrides({2, 3, 4}, {2, 3, 4}), (Shape{12, 4, 1}));
}

TEST(TensorTest, RandomValuesAreTheSameEverywhere) {
  std::vector<double> a = randomValues(1000, 1), b = randomValues(1000, 1);
  EXPECT_EQ(a, b);
  EXPECT_NE(a, randomValues(1000, 2));
  EXPECT_EQ(std::set<double>(a.begin(), a.end()).size(), 1000u);
  for (double x : randomValues(1000, 3, 2, 5)) {
    EXPECT_GE(x, 2);
    EXPECT_LT(x, 5);
  }
  // The first output of SplitMix64 from state 0 is 0xE220A8397B1DCDAF.
  EXPECT_EQ(randomValues(1, 0, 0, 1)[0],
            double(0xE220A8397B1DCDAF >> 11) * 0x1p-53);
}
