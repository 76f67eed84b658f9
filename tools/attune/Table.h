//===- Table.h - Tables for people ------------------------------*- C++ -*-===//
#ifndef ATTUNE_TOOLS_ATTUNE_TABLE_H
#define ATTUNE_TOOLS_ATTUNE_TABLE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"
#include <string>
#include <vector>

namespace attune::tool {

/// A table that is Markdown and has straight columns on a terminal too.
class Table {
public:
  struct Column {
    std::string title;
    bool isNumber = false; ///< stands right
  };
  explicit Table(std::vector<Column> columns) : columns(std::move(columns)) {}

  /// One text a column. What may come from a file is made printable.
  void addRow(std::vector<std::string> cells);
  bool isEmpty() const { return rows.empty(); }
  void print(llvm::raw_ostream &os) const;

private:
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;
};

} // namespace attune::tool

#endif // ATTUNE_TOOLS_ATTUNE_TABLE_H
