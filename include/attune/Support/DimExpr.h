//===- DimExpr.h - Polynomials of a model's dynamic extents -----*- C++ -*-===//
//
// Extents, sizes in bytes and FLOP counts of a model with dynamic batch and
// length are polynomials with integer coefficients in its named symbols:
// attention scores take 4*heads*batch*length^2 bytes. The memory planner emits
// them as code, cost reports evaluate them.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_SUPPORT_DIMEXPR_H
#define ATTUNE_SUPPORT_DIMEXPR_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace attune {

class DimExpr {
public:
  /// The product of named symbols, sorted; a symbol repeats for its power.
  using Monomial = std::vector<std::string>;

  DimExpr() = default;
  DimExpr(int64_t constant) {
    if (constant)
      terms[{}] = constant;
  }
  static DimExpr symbol(llvm::StringRef name) {
    DimExpr result;
    result.terms[{name.str()}] = 1;
    return result;
  }

  DimExpr operator+(const DimExpr &other) const;
  DimExpr operator-(const DimExpr &other) const;
  DimExpr operator*(const DimExpr &other) const;
  DimExpr &operator+=(const DimExpr &other) { return *this = *this + other; }
  DimExpr &operator*=(const DimExpr &other) { return *this = *this * other; }
  bool operator==(const DimExpr &other) const { return terms == other.terms; }
  bool operator!=(const DimExpr &other) const { return !(*this == other); }

  /// The value when no symbol occurs.
  std::optional<int64_t> getConstant() const;

  /// An upper bound of both for all non-negative symbols, when all
  /// coefficients are non-negative: the larger coefficient of every monomial.
  static DimExpr upperBound(const DimExpr &a, const DimExpr &b);

  /// The symbol when the expression is one and nothing else; else "".
  llvm::StringRef getSymbol() const;

  /// Every occurrence of `symbol` replaced.
  DimExpr substitute(llvm::StringRef symbol, const DimExpr &by) const;

  /// Divides exactly by a monomial-wise divisor; nullopt when it does not
  /// divide. Used to infer the extent that a reshape leaves open.
  std::optional<DimExpr> divideBy(const DimExpr &divisor) const;

  /// The value with every symbol replaced; unknown symbols count as 0.
  double evaluate(const llvm::StringMap<int64_t> &values) const;

  /// The exact value; nullopt when a symbol has none or a number exceeds 64
  /// bits.
  std::optional<int64_t>
  evaluateExactly(const llvm::StringMap<int64_t> &values) const;

  const std::map<Monomial, int64_t> &getTerms() const { return terms; }
  void print(llvm::raw_ostream &os) const;
  /// Reads sums and differences of products of symbols and whole numbers;
  /// nullopt when it is anything else.
  static std::optional<DimExpr> parse(llvm::StringRef text);
  std::string str() const;

private:
  std::map<Monomial, int64_t> terms; // no zero coefficients
};

using SymbolicShape = llvm::SmallVector<DimExpr, 4>;

/// The number of elements of a shape.
DimExpr getNumElements(llvm::ArrayRef<DimExpr> shape);

inline llvm::raw_ostream &operator<<(llvm::raw_ostream &os, const DimExpr &e) {
  e.print(os);
  return os;
}

} // namespace attune

#endif // ATTUNE_SUPPORT_DIMEXPR_H
