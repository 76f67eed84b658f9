//===- RegressionTrees.h - Gradient-boosted regression trees ----*- C++ -*-===//
//
// Least-squares boosting (Friedman, Greedy function approximation: a gradient
// boosting machine, 2001) with stochastic rows and columns, and splits between
// the bins of histograms. The same data gives the same trees.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_TUNING_REGRESSIONTREES_H
#define ATTUNE_LIB_TUNING_REGRESSIONTREES_H

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>
#include <vector>

namespace attune {

/// Rows of numbers by the bins into which their columns fall. Columns that are
/// constant, or fall into the same bins as an earlier one, are left out.
class BinnedTable {
public:
  static constexpr int kBins = 32;

  /// All rows have the same size.
  explicit BinnedTable(llvm::ArrayRef<std::vector<float>> rows);

  size_t getNumRows() const { return numRows; }
  size_t getNumColumns() const { return columns.size(); }
  /// The bins of a column, one a row.
  llvm::ArrayRef<uint8_t> getBins(size_t column) const {
    return columns[column].bins;
  }
  /// The column of the rows that it was made from.
  size_t getSource(size_t column) const { return columns[column].source; }
  /// Values below are in `bin` or one before it.
  float getUpperBound(size_t column, int bin) const {
    return columns[column].bounds[bin];
  }

private:
  struct Column {
    size_t source;
    std::vector<float> bounds; // between bins, ascending
    std::vector<uint8_t> bins;
  };
  size_t numRows;
  std::vector<Column> columns;
};

struct BoostingOptions {
  int trees = 150;
  int depth = 5;
  double shrinkage = 0.1;
  int leastRows = 5;         ///< of a leaf
  double rowShare = 0.7;     ///< that a tree sees
  double columnShare = 0.35; ///< that a tree may split by
};

class RegressionTrees {
public:
  /// Fits to `targets` (one for each row of the table) of the given rows.
  void fit(const BinnedTable &table, llvm::ArrayRef<double> targets,
           llvm::ArrayRef<uint32_t> rows, const BoostingOptions &options);
  double predict(llvm::ArrayRef<float> row) const;

private:
  struct Node {
    /// Column of the row and bound: lower values go to `child`, others to the
    /// node after it. A leaf has no child.
    uint32_t column = 0;
    float bound = 0;
    uint32_t child = 0;
    double value = 0;
  };
  class Grower;

  double mean = 0;
  std::vector<std::vector<Node>> trees;
};

} // namespace attune

#endif // ATTUNE_LIB_TUNING_REGRESSIONTREES_H
