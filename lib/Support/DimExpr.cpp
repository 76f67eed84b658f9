//===- DimExpr.cpp - Polynomials of a model's dynamic extents -------------===//
#include "attune/Support/DimExpr.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <limits>

using namespace attune;

// Extents come from files and may be anything: what cannot be counted stays at
// the largest or smallest number, which no allocation satisfies.

static int64_t add(int64_t a, int64_t b) {
  int64_t sum;
  if (llvm::AddOverflow(a, b, sum))
    return a < 0 ? std::numeric_limits<int64_t>::min()
                 : std::numeric_limits<int64_t>::max();
  return sum;
}

static int64_t multiply(int64_t a, int64_t b) {
  int64_t product;
  if (llvm::MulOverflow(a, b, product))
    return (a < 0) != (b < 0) ? std::numeric_limits<int64_t>::min()
                              : std::numeric_limits<int64_t>::max();
  return product;
}

DimExpr DimExpr::operator+(const DimExpr &other) const {
  DimExpr result = *this;
  for (const auto &[monomial, coefficient] : other.terms) {
    int64_t &value = result.terms[monomial];
    if ((value = add(value, coefficient)) == 0)
      result.terms.erase(monomial);
  }
  return result;
}

DimExpr DimExpr::operator-(const DimExpr &other) const {
  return *this + other * DimExpr(-1);
}

DimExpr DimExpr::operator*(const DimExpr &other) const {
  DimExpr result;
  for (const auto &[m1, c1] : terms)
    for (const auto &[m2, c2] : other.terms) {
      Monomial product;
      std::merge(m1.begin(), m1.end(), m2.begin(), m2.end(),
                 std::back_inserter(product));
      int64_t &value = result.terms[product];
      if ((value = add(value, multiply(c1, c2))) == 0)
        result.terms.erase(product);
    }
  return result;
}

std::optional<int64_t> DimExpr::getConstant() const {
  if (terms.empty())
    return 0;
  if (terms.size() == 1 && terms.begin()->first.empty())
    return terms.begin()->second;
  return std::nullopt;
}

DimExpr DimExpr::upperBound(const DimExpr &a, const DimExpr &b) {
  DimExpr result = a;
  for (const auto &[monomial, coefficient] : b.terms) {
    int64_t &value = result.terms[monomial];
    value = std::max(value, coefficient);
  }
  return result;
}

std::optional<DimExpr> DimExpr::divideBy(const DimExpr &divisor) const {
  if (divisor.terms.size() != 1)
    return divisor == *this && !terms.empty() ? std::optional<DimExpr>(1)
                                              : std::nullopt;
  const auto &[dm, dc] = *divisor.terms.begin();
  DimExpr result;
  for (const auto &[monomial, coefficient] : terms) {
    // The smallest number cannot be divided by -1.
    if ((dc != -1 && coefficient % dc != 0) || !llvm::includes(monomial, dm))
      return std::nullopt;
    Monomial rest;
    std::set_difference(monomial.begin(), monomial.end(), dm.begin(), dm.end(),
                        std::back_inserter(rest));
    result.terms[rest] =
        dc == -1 ? multiply(coefficient, -1) : coefficient / dc;
  }
  return result;
}

llvm::StringRef DimExpr::getSymbol() const {
  if (terms.size() != 1)
    return "";
  const auto &[monomial, coefficient] = *terms.begin();
  return coefficient == 1 && monomial.size() == 1
             ? llvm::StringRef(monomial.front())
             : llvm::StringRef();
}

DimExpr DimExpr::substitute(llvm::StringRef symbol, const DimExpr &by) const {
  DimExpr result;
  for (const auto &[monomial, coefficient] : terms) {
    DimExpr product = coefficient;
    for (const std::string &factor : monomial)
      product *= symbol == factor ? by : DimExpr::symbol(factor);
    result += product;
  }
  return result;
}

std::optional<int64_t>
DimExpr::evaluateExactly(const llvm::StringMap<int64_t> &values) const {
  int64_t sum = 0;
  for (const auto &[monomial, coefficient] : terms) {
    int64_t product = coefficient;
    for (const std::string &symbol : monomial) {
      auto known = values.find(symbol);
      if (known == values.end() ||
          llvm::MulOverflow(product, known->second, product))
        return std::nullopt;
    }
    if (llvm::AddOverflow(sum, product, sum))
      return std::nullopt;
  }
  return sum;
}

double DimExpr::evaluate(const llvm::StringMap<int64_t> &values) const {
  double sum = 0;
  for (const auto &[monomial, coefficient] : terms) {
    double product = static_cast<double>(coefficient);
    for (const std::string &symbol : monomial)
      product *= static_cast<double>(values.lookup(symbol));
    sum += product;
  }
  return sum;
}

void DimExpr::print(llvm::raw_ostream &os) const {
  if (terms.empty()) {
    os << 0;
    return;
  }
  llvm::interleave(
      terms, os,
      [&](const auto &term) {
        if (term.first.empty() || term.second != 1) {
          os << term.second;
          if (!term.first.empty())
            os << '*';
        }
        llvm::interleave(term.first, os, "*");
      },
      " + ");
}

/// The product of symbols and numbers; nullopt when it is anything else. A
/// leading '-' is the first number's, or stands for -1.
static std::optional<DimExpr> parseProduct(llvm::StringRef text) {
  DimExpr product = 1;
  llvm::SmallVector<llvm::StringRef> factors;
  text.split(factors, '*');
  for (llvm::StringRef factor : factors) {
    factor = factor.trim();
    int64_t number;
    if (!factor.getAsInteger(10, number)) {
      product *= DimExpr(number);
      continue;
    }
    if (factor.consume_front("-")) {
      product *= DimExpr(-1);
      factor = factor.ltrim();
    }
    if (factor.empty() || llvm::isDigit(factor.front()) ||
        factor.find_first_of(" -") != factor.npos)
      return std::nullopt;
    product *= DimExpr::symbol(factor);
  }
  return product;
}

std::optional<DimExpr> DimExpr::parse(llvm::StringRef text) {
  DimExpr result;
  bool isNegative = false;
  while (true) {
    text = text.ltrim();
    // A sign in front of a term is its own.
    size_t end = text.find_first_of("+-", text.starts_with("-") ? 1 : 0);
    std::optional<DimExpr> term = parseProduct(text.take_front(end));
    if (!term)
      return std::nullopt;
    result = isNegative ? result - *term : result + *term;
    if (end == text.npos)
      return result;
    isNegative = text[end] == '-';
    text = text.drop_front(end + 1);
  }
}

std::string DimExpr::str() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  print(os);
  return text;
}

DimExpr attune::getNumElements(llvm::ArrayRef<DimExpr> shape) {
  DimExpr product = 1;
  for (const DimExpr &extent : shape)
    product *= extent;
  return product;
}
