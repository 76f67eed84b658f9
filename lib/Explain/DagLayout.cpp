//===- DagLayout.cpp - Places for the boxes of a graph --------------------===//
#include "DagLayout.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <numeric>

using namespace attune;

static constexpr double kColumnGap = 14, kRowGap = 30, kWaypointWidth = 4;
static constexpr int kOrderSweeps = 8, kPlaceSweeps = 8;

namespace {

/// A box, or a waypoint of an edge in a row that it passes.
struct Vertex {
  size_t row = 0;
  double width = kWaypointWidth;
  double centre = 0;
  std::vector<size_t> above, below; ///< neighbours in the rows next to it
};

class LayeredDrawing {
public:
  LayeredDrawing(llvm::MutableArrayRef<LayoutBox> boxes,
                 llvm::MutableArrayRef<LayoutEdge> edges)
      : boxes(boxes), edges(edges) {}
  Layout run();

private:
  void findRows();
  void addWaypoints();
  void orderRows();
  void placeRows();
  Layout finish();

  /// The mean of `value` over a vertex's neighbours; its own without any.
  template <typename Fn>
  static double mean(llvm::ArrayRef<size_t> neighbours, double own, Fn value) {
    if (neighbours.empty())
      return own;
    double sum = 0;
    for (size_t neighbour : neighbours)
      sum += value(neighbour);
    return sum / static_cast<double>(neighbours.size());
  }

  llvm::MutableArrayRef<LayoutBox> boxes;
  llvm::MutableArrayRef<LayoutEdge> edges;
  std::vector<Vertex> vertices;          ///< the boxes, then the waypoints
  std::vector<std::vector<size_t>> rows; ///< vertices from left to right
  std::vector<std::vector<size_t>> ways; ///< the vertices along each edge
};

} // namespace

void LayeredDrawing::findRows() {
  vertices.resize(boxes.size());
  for (auto [vertex, box] : llvm::zip(vertices, boxes))
    vertex.width = box.width;
  std::vector<std::vector<size_t>> users(boxes.size());
  for (const LayoutEdge &edge : edges)
    users[edge.from].push_back(edge.to);
  // Every edge leads to a later box.
  for (size_t from = 0; from < boxes.size(); ++from)
    for (size_t to : users[from])
      vertices[to].row = std::max(vertices[to].row, vertices[from].row + 1);
  // Boxes without operands stand right above the first that uses them.
  std::vector<bool> hasOperands(boxes.size());
  for (const LayoutEdge &edge : edges)
    hasOperands[edge.to] = true;
  for (size_t box = 0; box < boxes.size(); ++box)
    if (!hasOperands[box] && !users[box].empty()) {
      size_t first = vertices[users[box].front()].row;
      for (size_t to : users[box])
        first = std::min(first, vertices[to].row);
      vertices[box].row = first - 1;
    }
}

void LayeredDrawing::addWaypoints() {
  for (const LayoutEdge &edge : edges) {
    std::vector<size_t> &way = ways.emplace_back();
    way.push_back(edge.from);
    for (size_t row = vertices[edge.from].row + 1; row < vertices[edge.to].row;
         ++row) {
      way.push_back(vertices.size());
      vertices.emplace_back().row = row;
    }
    way.push_back(edge.to);
    for (size_t i = 0; i + 1 < way.size(); ++i) {
      vertices[way[i]].below.push_back(way[i + 1]);
      vertices[way[i + 1]].above.push_back(way[i]);
    }
  }
  for (size_t i = 0; i < vertices.size(); ++i) {
    if (vertices[i].row >= rows.size())
      rows.resize(vertices[i].row + 1);
    rows[vertices[i].row].push_back(i);
  }
}

void LayeredDrawing::orderRows() {
  std::vector<double> rank(vertices.size());
  auto number = [&](llvm::ArrayRef<size_t> row) {
    for (auto [i, vertex] : llvm::enumerate(row))
      rank[vertex] = static_cast<double>(i);
  };
  for (const std::vector<size_t> &row : rows)
    number(row);
  auto getRank = [&](size_t vertex) { return rank[vertex]; };
  auto sort = [&](std::vector<size_t> &row, bool byAbove) {
    // Ties stay as they are.
    std::vector<std::tuple<double, double, size_t>> keys;
    for (size_t i : row)
      keys.emplace_back(mean(byAbove ? vertices[i].above : vertices[i].below,
                             rank[i], getRank),
                        rank[i], i);
    llvm::sort(keys);
    for (auto [place, key] : llvm::zip(row, keys))
      place = std::get<2>(key);
    number(row);
  };
  for (int sweep = 0; sweep < kOrderSweeps; ++sweep)
    if (sweep % 2 == 0)
      for (std::vector<size_t> &row : rows)
        sort(row, /*byAbove=*/true);
    else
      for (std::vector<size_t> &row : llvm::reverse(rows))
        sort(row, /*byAbove=*/false);
}

/// The values nearest to `wanted` by weighted least squares that do not fall.
static void makeMonotone(std::vector<double> &wanted,
                         llvm::ArrayRef<double> weights) {
  struct Pool {
    double sum, weight;
    size_t count;
    double mean() const { return sum / weight; }
  };
  std::vector<Pool> pools;
  for (auto [value, weight] : llvm::zip(wanted, weights)) {
    pools.push_back({value * weight, weight, 1});
    while (pools.size() > 1 &&
           pools[pools.size() - 2].mean() > pools.back().mean()) {
      Pool last = pools.back();
      pools.pop_back();
      pools.back().sum += last.sum;
      pools.back().weight += last.weight;
      pools.back().count += last.count;
    }
  }
  size_t i = 0;
  for (const Pool &pool : pools)
    for (size_t k = 0; k < pool.count; ++k)
      wanted[i++] = pool.mean();
}

void LayeredDrawing::placeRows() {
  // Side by side at first.
  for (const std::vector<size_t> &row : rows) {
    double at = 0;
    for (size_t i : row) {
      vertices[i].centre = at + vertices[i].width / 2;
      at += vertices[i].width + kColumnGap;
    }
  }
  auto getCentre = [&](size_t vertex) { return vertices[vertex].centre; };
  auto place = [&](const std::vector<size_t> &row, int sweep) {
    std::vector<double> wanted, weights, offsets;
    double offset = 0;
    for (auto [k, i] : llvm::enumerate(row)) {
      const Vertex &vertex = vertices[i];
      // The distance that the order asks for is taken out, then put back.
      if (k)
        offset += (vertices[row[k - 1]].width + vertex.width) / 2 + kColumnGap;
      offsets.push_back(offset);
      double above = mean(vertex.above, vertex.centre, getCentre);
      double below = mean(vertex.below, vertex.centre, getCentre);
      double centre = sweep + 1 == kPlaceSweeps ? (above + below) / 2
                      : sweep % 2 == 0          ? above
                                                : below;
      wanted.push_back(centre - offset);
      // Straight waypoints read best.
      weights.push_back(i < boxes.size() ? 1 : 4);
    }
    makeMonotone(wanted, weights);
    for (auto [k, i] : llvm::enumerate(row))
      vertices[i].centre = wanted[k] + offsets[k];
  };
  for (int sweep = 0; sweep < kPlaceSweeps; ++sweep)
    if (sweep % 2 == 0)
      for (const std::vector<size_t> &row : rows)
        place(row, sweep);
    else
      for (const std::vector<size_t> &row : llvm::reverse(rows))
        place(row, sweep);
}

Layout LayeredDrawing::finish() {
  Layout layout;
  if (vertices.empty())
    return layout;
  double left = vertices.front().centre, right = left;
  for (const Vertex &vertex : vertices) {
    left = std::min(left, vertex.centre - vertex.width / 2);
    right = std::max(right, vertex.centre + vertex.width / 2);
  }
  layout.width = right - left;
  std::vector<double> tops(rows.size()), heights(rows.size());
  for (auto [row, members] : llvm::enumerate(rows)) {
    for (size_t i : members)
      if (i < boxes.size())
        heights[row] = std::max(heights[row], boxes[i].height);
    tops[row] = row ? tops[row - 1] + heights[row - 1] + kRowGap : 0;
  }
  layout.height = tops.back() + heights.back();
  for (auto [i, box] : llvm::enumerate(boxes)) {
    size_t row = vertices[i].row;
    box.corner = {vertices[i].centre - box.width / 2 - left,
                  tops[row] + (heights[row] - box.height) / 2};
  }
  for (auto [edge, way] : llvm::zip(edges, ways)) {
    const LayoutBox &from = boxes[edge.from], &to = boxes[edge.to];
    edge.points.push_back(
        {from.corner.x + from.width / 2, from.corner.y + from.height});
    for (size_t i : llvm::ArrayRef(way).drop_front().drop_back()) {
      double x = vertices[i].centre - left, top = tops[vertices[i].row];
      edge.points.push_back({x, top});
      edge.points.push_back({x, top + heights[vertices[i].row]});
    }
    edge.points.push_back({to.corner.x + to.width / 2, to.corner.y});
  }
  return layout;
}

Layout LayeredDrawing::run() {
  findRows();
  addWaypoints();
  orderRows();
  placeRows();
  return finish();
}

Layout attune::layOut(llvm::MutableArrayRef<LayoutBox> boxes,
                      llvm::MutableArrayRef<LayoutEdge> edges) {
  return LayeredDrawing(boxes, edges).run();
}
