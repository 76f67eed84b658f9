//===- Table.cpp - Tables for people --------------------------------------===//
#include "Table.h"
#include "attune/Support/File.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Unicode.h"

using namespace attune;
using namespace attune::tool;

static size_t getWidth(llvm::StringRef text) {
  int width = llvm::sys::unicode::columnWidthUTF8(text);
  return width < 0 ? text.size() : width;
}

void Table::addRow(std::vector<std::string> cells) {
  cells.resize(columns.size());
  for (std::string &cell : cells) {
    cell = printable(cell);
    // Would begin another cell.
    std::replace(cell.begin(), cell.end(), '|', '/');
  }
  rows.push_back(std::move(cells));
}

void Table::print(llvm::raw_ostream &os) const {
  std::vector<size_t> widths;
  for (size_t i = 0; i < columns.size(); ++i) {
    widths.push_back(std::max<size_t>(3, getWidth(columns[i].title)));
    for (const auto &row : rows)
      widths[i] = std::max(widths[i], getWidth(row[i]));
  }
  auto printCell = [&](size_t i, llvm::StringRef text) {
    size_t space = widths[i] - getWidth(text);
    os << (i ? " " : "| ");
    if (columns[i].isNumber)
      os.indent(space) << text;
    else
      (os << text).indent(space);
    os << " |";
  };
  for (size_t i = 0; i < columns.size(); ++i)
    printCell(i, columns[i].title);
  os << '\n';
  for (size_t i = 0; i < columns.size(); ++i)
    os << (i ? "-" : "|-") << std::string(widths[i], '-')
       << (columns[i].isNumber ? ":|" : "-|");
  os << '\n';
  for (const auto &row : rows) {
    for (size_t i = 0; i < columns.size(); ++i)
      printCell(i, row[i]);
    os << '\n';
  }
}
