//===- RegressionTrees.cpp - Gradient-boosted regression trees ------------===//
#include "RegressionTrees.h"
#include "Uniform.h"
#include "llvm/ADT/STLExtras.h"
#include <array>
#include <cmath>
#include <numeric>
#include <set>

using namespace attune;

//===----------------------------------------------------------------------===//
// BinnedTable
//===----------------------------------------------------------------------===//

/// Bounds between values, so that bins hold about equally many of the rows.
static std::vector<float> getBounds(std::vector<float> values) {
  llvm::sort(values);
  std::vector<float> distinct = values;
  distinct.erase(llvm::unique(distinct), distinct.end());
  std::vector<float> bounds;
  auto between = [](float low, float high) {
    float middle = low + (high - low) / 2;
    return middle > low ? middle : high;
  };
  if (distinct.size() <= BinnedTable::kBins) {
    for (size_t i = 1; i < distinct.size(); ++i)
      bounds.push_back(between(distinct[i - 1], distinct[i]));
    return bounds;
  }
  for (size_t bin = 1; bin < BinnedTable::kBins; ++bin) {
    float value = values[values.size() * bin / BinnedTable::kBins];
    auto it = llvm::lower_bound(distinct, value);
    if (it == distinct.begin())
      continue;
    float bound = between(*std::prev(it), *it);
    if (bounds.empty() || bound > bounds.back())
      bounds.push_back(bound);
  }
  return bounds;
}

BinnedTable::BinnedTable(llvm::ArrayRef<std::vector<float>> rows)
    : numRows(rows.size()) {
  std::set<std::vector<uint8_t>> known;
  size_t width = rows.empty() ? 0 : rows.front().size();
  for (size_t source = 0; source < width; ++source) {
    std::vector<float> values;
    values.reserve(numRows);
    for (const std::vector<float> &row : rows)
      values.push_back(row[source]);
    Column column{source, getBounds(values), {}};
    if (column.bounds.empty())
      continue;
    column.bins.reserve(numRows);
    for (float value : values)
      column.bins.push_back(static_cast<uint8_t>(
          llvm::upper_bound(column.bounds, value) - column.bounds.begin()));
    if (known.insert(column.bins).second)
      columns.push_back(std::move(column));
  }
}

//===----------------------------------------------------------------------===//
// RegressionTrees
//===----------------------------------------------------------------------===//

/// Grows one tree on the residuals of some rows, by some columns.
class RegressionTrees::Grower {
public:
  Grower(const BinnedTable &table, llvm::ArrayRef<double> residuals,
         llvm::ArrayRef<uint32_t> columns, const BoostingOptions &options)
      : table(table), residuals(residuals), columns(columns), options(options) {
  }

  std::vector<Node> grow(std::vector<uint32_t> rows) {
    nodes.assign(1, Node());
    split(0, rows, options.depth);
    return std::move(nodes);
  }

private:
  struct Split {
    double gain = 0;
    size_t column = 0;
    int bin = 0;
  };
  struct Bin {
    double sum = 0;
    int64_t count = 0;
  };

  void split(size_t node, llvm::MutableArrayRef<uint32_t> rows, int depth);
  Split findSplit(llvm::ArrayRef<uint32_t> rows, double sum) const;

  const BinnedTable &table;
  llvm::ArrayRef<double> residuals;
  llvm::ArrayRef<uint32_t> columns;
  const BoostingOptions &options;
  std::vector<Node> nodes;
};

RegressionTrees::Grower::Split
RegressionTrees::Grower::findSplit(llvm::ArrayRef<uint32_t> rows,
                                   double sum) const {
  Split best;
  int64_t count = static_cast<int64_t>(rows.size());
  for (uint32_t column : columns) {
    std::array<Bin, BinnedTable::kBins> bins{};
    llvm::ArrayRef<uint8_t> binOf = table.getBins(column);
    for (uint32_t row : rows) {
      Bin &bin = bins[binOf[row]];
      bin.sum += residuals[row];
      ++bin.count;
    }
    double lowSum = 0;
    int64_t lowCount = 0;
    for (int bin = 0; bin + 1 < BinnedTable::kBins; ++bin) {
      lowSum += bins[bin].sum;
      lowCount += bins[bin].count;
      int64_t highCount = count - lowCount;
      if (bins[bin].count == 0 || lowCount < options.leastRows)
        continue;
      if (highCount < options.leastRows)
        break;
      double highSum = sum - lowSum;
      double gain = lowSum * lowSum / static_cast<double>(lowCount) +
                    highSum * highSum / static_cast<double>(highCount) -
                    sum * sum / static_cast<double>(count);
      if (gain > best.gain + 1e-12)
        best = {gain, column, bin};
    }
  }
  return best;
}

void RegressionTrees::Grower::split(size_t node,
                                    llvm::MutableArrayRef<uint32_t> rows,
                                    int depth) {
  double sum = 0;
  for (uint32_t row : rows)
    sum += residuals[row];
  // A leaf of few rows is drawn towards zero.
  constexpr double kRegularization = 1;
  nodes[node].value = options.shrinkage * sum /
                      (static_cast<double>(rows.size()) + kRegularization);
  if (depth == 0 || rows.size() < 2 * static_cast<size_t>(options.leastRows))
    return;
  Split best = findSplit(rows, sum);
  if (best.gain <= 0)
    return;
  llvm::ArrayRef<uint8_t> binOf = table.getBins(best.column);
  // In their order, so that sums are the same however memory is.
  std::vector<uint32_t> high;
  size_t numLow = 0, child = nodes.size();
  for (uint32_t row : rows) {
    if (binOf[row] <= best.bin)
      rows[numLow++] = row;
    else
      high.push_back(row);
  }
  llvm::copy(high, rows.begin() + numLow);
  nodes[node].column = static_cast<uint32_t>(table.getSource(best.column));
  nodes[node].bound = table.getUpperBound(best.column, best.bin);
  nodes[node].child = static_cast<uint32_t>(child);
  nodes.resize(child + 2);
  split(child, rows.take_front(numLow), depth - 1);
  split(child + 1, rows.drop_front(numLow), depth - 1);
}

/// A share of `items`, at least one, in their order.
static std::vector<uint32_t> drawShare(llvm::ArrayRef<uint32_t> items,
                                       double share, Generator &generator) {
  size_t wanted =
      std::max<size_t>(1, static_cast<size_t>(std::ceil(
                              static_cast<double>(items.size()) * share)));
  // Selection sampling (Knuth, 3.4.2, algorithm S).
  std::vector<uint32_t> drawn;
  for (size_t i = 0; i < items.size() && drawn.size() < wanted; ++i)
    if (drawBelow(generator, items.size() - i) < wanted - drawn.size())
      drawn.push_back(items[i]);
  return drawn;
}

void RegressionTrees::fit(const BinnedTable &table,
                          llvm::ArrayRef<double> targets,
                          llvm::ArrayRef<uint32_t> rows,
                          const BoostingOptions &options) {
  trees.clear();
  mean = 0;
  if (rows.empty())
    return;
  for (uint32_t row : rows)
    mean += targets[row];
  mean /= static_cast<double>(rows.size());
  std::vector<double> residuals(targets.begin(), targets.end());
  for (double &residual : residuals)
    residual -= mean;
  std::vector<uint32_t> columns(table.getNumColumns());
  std::iota(columns.begin(), columns.end(), 0);
  // Trees split by bounds on values; the bins' bounds are the same, so rows of
  // the table are dropped down by bins.
  std::vector<size_t> columnOfSource;
  for (size_t column = 0; column < table.getNumColumns(); ++column) {
    columnOfSource.resize(table.getSource(column) + 1, 0);
    columnOfSource[table.getSource(column)] = column;
  }

  // Narrow tables need all their columns.
  double columnShare = columns.size() < 16 ? 1 : options.columnShare;
  Generator generator(0);
  for (int i = 0; i < options.trees && !columns.empty(); ++i) {
    std::vector<uint32_t> sample = drawShare(rows, options.rowShare, generator);
    std::vector<uint32_t> choice = drawShare(columns, columnShare, generator);
    std::vector<Node> tree =
        Grower(table, residuals, choice, options).grow(std::move(sample));
    for (uint32_t row : rows) {
      const Node *node = &tree.front();
      while (node->child) {
        size_t column = columnOfSource[node->column];
        uint8_t bin = table.getBins(column)[row];
        bool low =
            bin == 0 || table.getUpperBound(column, bin - 1) < node->bound;
        node = &tree[node->child + (low ? 0 : 1)];
      }
      residuals[row] -= node->value;
    }
    trees.push_back(std::move(tree));
  }
}

double RegressionTrees::predict(llvm::ArrayRef<float> row) const {
  double result = mean;
  for (const std::vector<Node> &tree : trees) {
    const Node *node = &tree.front();
    while (node->child)
      node = &tree[node->child + (row[node->column] < node->bound ? 0 : 1)];
    result += node->value;
  }
  return result;
}
