//===- DagLayoutTest.cpp - Places for the boxes of a graph ----------------===//
#include "DagLayout.h"
#include "gtest/gtest.h"
#include <random>

using namespace attune;

namespace {

/// Boxes lie within the drawing and apart from each other, users below what
/// they use, and edges end at their boxes and only ever go down.
void check(llvm::ArrayRef<LayoutBox> boxes, llvm::ArrayRef<LayoutEdge> edges,
           const Layout &layout) {
  constexpr double eps = 1e-6;
  for (size_t i = 0; i < boxes.size(); ++i) {
    const LayoutBox &a = boxes[i];
    EXPECT_GE(a.corner.x, -eps);
    EXPECT_GE(a.corner.y, -eps);
    EXPECT_LE(a.corner.x + a.width, layout.width + eps);
    EXPECT_LE(a.corner.y + a.height, layout.height + eps);
    for (const LayoutBox &b : boxes.take_front(i))
      EXPECT_TRUE(a.corner.x + a.width <= b.corner.x + eps ||
                  b.corner.x + b.width <= a.corner.x + eps ||
                  a.corner.y + a.height <= b.corner.y + eps ||
                  b.corner.y + b.height <= a.corner.y + eps)
          << "box " << i << " lies on another";
  }
  for (const LayoutEdge &edge : edges) {
    const LayoutBox &from = boxes[edge.from], &to = boxes[edge.to];
    EXPECT_LE(from.corner.y + from.height, to.corner.y + eps);
    ASSERT_GE(edge.points.size(), 2u);
    EXPECT_NEAR(edge.points.front().y, from.corner.y + from.height, eps);
    EXPECT_NEAR(edge.points.back().y, to.corner.y, eps);
    EXPECT_NEAR(edge.points.front().x, from.corner.x + from.width / 2, eps);
    EXPECT_NEAR(edge.points.back().x, to.corner.x + to.width / 2, eps);
    for (size_t i = 1; i < edge.points.size(); ++i)
      EXPECT_GE(edge.points[i].y, edge.points[i - 1].y - eps);
  }
}

TEST(DagLayout, DrawsNothing) {
  Layout layout = layOut({}, {});
  EXPECT_EQ(layout.width, 0);
  EXPECT_EQ(layout.height, 0);
}

TEST(DagLayout, PutsAChainBelowOneAnother) {
  std::vector<LayoutBox> boxes(4, {50, 20});
  boxes[2].width = 80;
  std::vector<LayoutEdge> edges{{0, 1}, {1, 2}, {2, 3}};
  Layout layout = layOut(boxes, edges);
  check(boxes, edges, layout);
  EXPECT_NEAR(layout.width, 80, 1e-6);
  for (const LayoutBox &box : boxes)
    EXPECT_NEAR(box.corner.x + box.width / 2, 40, 1e-6);
}

TEST(DagLayout, LeadsAnEdgeAroundWhatItPasses) {
  // A residual: 0 -> 1 -> 2 -> 3 and 0 -> 3.
  std::vector<LayoutBox> boxes(4, {60, 20});
  std::vector<LayoutEdge> edges{{0, 1}, {1, 2}, {2, 3}, {0, 3}};
  check(boxes, edges, layOut(boxes, edges));
  const LayoutEdge &residual = edges[3];
  EXPECT_EQ(residual.points.size(), 6u);
  for (const LayoutPoint &point : residual.points)
    for (const LayoutBox &box : {boxes[1], boxes[2]})
      EXPECT_FALSE(
          point.x > box.corner.x && point.x < box.corner.x + box.width &&
          point.y > box.corner.y && point.y < box.corner.y + box.height);
}

TEST(DagLayout, PutsSourcesAboveTheirFirstUser) {
  std::vector<LayoutBox> boxes(4, {30, 10});
  std::vector<LayoutEdge> edges{{0, 2}, {2, 3}, {1, 3}};
  check(boxes, edges, layOut(boxes, edges));
  EXPECT_NEAR(boxes[1].corner.y, boxes[2].corner.y, 1e-6);
}

TEST(DagLayout, KeepsRandomGraphsApart) {
  std::mt19937 random(7);
  for (int round = 0; round < 20; ++round) {
    size_t count = 2 + random() % 40;
    std::vector<LayoutBox> boxes;
    std::vector<LayoutEdge> edges;
    for (size_t i = 0; i < count; ++i) {
      boxes.push_back({10.0 + random() % 100, 10.0 + random() % 40});
      for (size_t k = 0, e = i ? random() % 3 : 0; k < e; ++k)
        edges.push_back({random() % i, i});
    }
    check(boxes, edges, layOut(boxes, edges));
  }
}

} // namespace
