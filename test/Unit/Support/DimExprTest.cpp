//===- DimExprTest.cpp - Polynomials of a model's dynamic extents ---------===//
#include "attune/Support/DimExpr.h"
#include "gtest/gtest.h"
#include <limits>

using namespace attune;

namespace {

const DimExpr b = DimExpr::symbol("batch"), l = DimExpr::symbol("length");

int64_t valueOf(const DimExpr &expr, int64_t batch, int64_t length) {
  llvm::StringMap<int64_t> values;
  values["batch"] = batch;
  values["length"] = length;
  return static_cast<int64_t>(expr.evaluate(values));
}

TEST(DimExpr, Arithmetic) {
  DimExpr expr = b * l * 4 + l * l + 3;
  EXPECT_EQ(valueOf(expr, 2, 5), 2 * 5 * 4 + 25 + 3);
  EXPECT_EQ(expr.str(), "3 + 4*batch*length + length*length");
  EXPECT_EQ(b * l, l * b);
  EXPECT_EQ((b + l) * (b - l), b * b - l * l);
  EXPECT_EQ(expr - expr, DimExpr());
  EXPECT_EQ((expr - expr).str(), "0");
  EXPECT_EQ(expr * 0, DimExpr(0));
  DimExpr sum = 1;
  sum += b;
  sum *= 2;
  EXPECT_EQ(sum, b * 2 + 2);
  // A symbol without a value counts as 0.
  EXPECT_EQ(valueOf(DimExpr::symbol("other") * 5 + 1, 2, 5), 1);
}

TEST(DimExpr, Constants) {
  EXPECT_EQ(DimExpr(7).getConstant(), 7);
  EXPECT_EQ(DimExpr().getConstant(), 0);
  EXPECT_EQ((b - b + 5).getConstant(), 5);
  EXPECT_EQ(b.getConstant(), std::nullopt);
  EXPECT_EQ((b + 1).getConstant(), std::nullopt);
  EXPECT_EQ(getNumElements({b, 3, l}), b * l * 3);
  EXPECT_EQ(getNumElements({}), DimExpr(1));
}

TEST(DimExpr, UpperBoundBoundsBoth) {
  DimExpr x = b * l * 4 + 100, y = b * l * 3 + l * 7;
  DimExpr bound = DimExpr::upperBound(x, y);
  EXPECT_EQ(bound, b * l * 4 + l * 7 + 100);
  for (int64_t i : {0, 1, 9})
    for (int64_t j : {0, 1, 1000}) {
      EXPECT_GE(valueOf(bound, i, j), valueOf(x, i, j));
      EXPECT_GE(valueOf(bound, i, j), valueOf(y, i, j));
    }
  EXPECT_EQ(DimExpr::upperBound(DimExpr(), x), x);
}

TEST(DimExpr, Division) {
  EXPECT_EQ((b * l * 12).divideBy(l * 4), b * 3);
  EXPECT_EQ((b * l * 12 + l * 8).divideBy(l * 4), b * 3 + 2);
  EXPECT_EQ((b * 6).divideBy(DimExpr(4)), std::nullopt);
  EXPECT_EQ((b * 6).divideBy(l), std::nullopt);
  EXPECT_EQ((b + l).divideBy(b + l), DimExpr(1));
  EXPECT_EQ((b + l).divideBy(b + 1), std::nullopt);
  EXPECT_EQ(b.divideBy(DimExpr()), std::nullopt);
  EXPECT_EQ(DimExpr().divideBy(DimExpr()), std::nullopt);
}

TEST(DimExpr, ParseReadsWhatPrintWrites) {
  for (const DimExpr &expr :
       {DimExpr(), DimExpr(1), DimExpr(42), b, b * l, b * 768 * l + l * l + 5,
        b * b * b * 2, DimExpr(0) - b * 3})
    EXPECT_EQ(DimExpr::parse(expr.str()), expr) << expr.str();
  EXPECT_EQ(DimExpr::parse("batch - length"), b - l);
  EXPECT_EQ(DimExpr::parse("2*length-1"), l * 2 - 1);
  EXPECT_EQ(DimExpr::parse("-batch - -3"), DimExpr(3) - b);
  EXPECT_EQ(DimExpr::parse(" batch*length *2+ 4"), b * l * 2 + 4);
  for (const char *text : {"-", "batch length", "2x", "batch--", "*", "a - "})
    EXPECT_EQ(DimExpr::parse(text), std::nullopt) << text;
  EXPECT_EQ(DimExpr::parse(""), std::nullopt);
  EXPECT_EQ(DimExpr::parse("+"), std::nullopt);
  EXPECT_EQ(DimExpr::parse("2*"), std::nullopt);
  EXPECT_EQ(DimExpr::parse("2 + "), std::nullopt);
}

TEST(DimExpr, Substitution) {
  DimExpr n = DimExpr::symbol("n");
  EXPECT_EQ((b * l * l + l + 2).substitute("length", n + 1),
            b * (n + 1) * (n + 1) + n + 3);
  EXPECT_EQ((b - l).substitute("length", b), DimExpr());
  EXPECT_EQ((b - l).substitute("other", n), b - l);
}

TEST(DimExpr, PlainSymbols) {
  EXPECT_EQ(b.getSymbol(), "batch");
  for (const DimExpr &expr : {DimExpr(), DimExpr(1), b * 2, b * b, b + l})
    EXPECT_EQ(expr.getSymbol(), "") << expr.str();
}

TEST(DimExpr, ExactValues) {
  llvm::StringMap<int64_t> values;
  values["batch"] = int64_t(1) << 40;
  values["length"] = 3;
  EXPECT_EQ((b * l - 5).evaluateExactly(values), (int64_t(3) << 40) - 5);
  EXPECT_EQ(DimExpr().evaluateExactly(values), 0);
  EXPECT_EQ((b * b).evaluateExactly(values), std::nullopt);
  EXPECT_EQ((l + std::numeric_limits<int64_t>::max()).evaluateExactly(values),
            std::nullopt);
  EXPECT_EQ(DimExpr::symbol("n").evaluateExactly(values), std::nullopt);
}

/// Files can say any extent: what cannot be counted stays at the limits.
TEST(DimExpr, LargeExtentsSaturate) {
  constexpr int64_t most = std::numeric_limits<int64_t>::max();
  DimExpr large = most;
  EXPECT_EQ((large * 2).getConstant(), most);
  EXPECT_EQ((large + 1).getConstant(), most);
  EXPECT_EQ((large * large * b), b * most);
  EXPECT_EQ((large * -2).getConstant(), std::numeric_limits<int64_t>::min());
  EXPECT_EQ((DimExpr(std::numeric_limits<int64_t>::min()) * DimExpr(-1))
                .getConstant(),
            most);
  EXPECT_EQ(DimExpr::parse("9223372036854775807*9223372036854775807*n"),
            DimExpr::symbol("n") * most);
  EXPECT_EQ((b * std::numeric_limits<int64_t>::min()).divideBy(DimExpr(-1)),
            b * most);
}

} // namespace
