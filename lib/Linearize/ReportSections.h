//===- ReportSections.h - Parts of the page ---------------------*- C++ -*-===//
#ifndef ATTUNE_LIB_LINEARIZE_REPORTSECTIONS_H
#define ATTUNE_LIB_LINEARIZE_REPORTSECTIONS_H

#include "attune/Linearize/Linearize.h"
#include "llvm/Support/raw_ostream.h"

namespace attune {

/// Writes a table row by row. Texts are escaped.
class TableWriter {
public:
  /// Columns whose name begins with '#' are of numbers.
  TableWriter(llvm::raw_ostream &os, llvm::ArrayRef<llvm::StringRef> columns);
  ~TableWriter();
  TableWriter(const TableWriter &) = delete;

  void row(llvm::ArrayRef<std::string> cells, llvm::StringRef cls = "");
  /// A row whose last cell takes the rest of the columns.
  void note(llvm::ArrayRef<std::string> cells);

private:
  llvm::raw_ostream &os;
  std::vector<bool> areNumbers;
};

/// With so many digits behind the point, "no number" where it is none.
std::string printValue(double value, int digits = 3);

/// "2, 0, 5"; "none".
std::string printList(llvm::ArrayRef<int64_t> numbers);

/// Errors of attention outputs: bars, table, heat map, heads, predictors.
void writeLayers(llvm::raw_ostream &os, const LinearizeReport &report);

/// The model with each layer alone linear, and with all easier ones.
void writeSensitivity(llvm::raw_ostream &os, const LinearizeReport &report);

} // namespace attune

#endif // ATTUNE_LIB_LINEARIZE_REPORTSECTIONS_H
