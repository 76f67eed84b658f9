//===- DimExprTest.cpp - Polynomials of dynamic extents -------------------===//
#include "attune/Support/DimExpr.h"
#include "gtest/gtest.h"

using namespace attune;

namespace {

const DimExpr batch = DimExpr::symbol("batch");
const DimExpr length = DimExpr::symbol("length");

TEST(DimExpr, Arithmetic) {
  DimExpr sum = batch * length * 4 + 3;
  EXPECT_EQ(sum - 3, length * 4 * batch);
  EXPECT_EQ(sum - sum, DimExpr(0));
  EXPECT_EQ((batch + 1) * (batch - 1), batch * batch - 1);
  EXPECT_EQ(sum * 0, DimExpr());
  EXPECT_EQ(sum.getConstant(), std::nullopt);
  EXPECT_EQ((sum - batch * length * 4).getConstant(), 3);
  EXPECT_EQ(DimExpr().getConstant(), 0);
}

TEST(DimExpr, Evaluates) {
  llvm::StringMap<int64_t> values;
  values["batch"] = 2;
  values["length"] = 5;
  EXPECT_EQ((batch * length * length * 3 + length + 7).evaluate(values),
            3.0 * 2 * 25 + 5 + 7);
  EXPECT_EQ(DimExpr::symbol("other").evaluate(values), 0);
}

TEST(DimExpr, UpperBoundIsNotBelowEither) {
  DimExpr a = batch * 8 + 5, b = batch * 3 + length * 2 + 9;
  DimExpr bound = DimExpr::upperBound(a, b);
  EXPECT_EQ(bound, batch * 8 + length * 2 + 9);
  EXPECT_EQ(DimExpr::upperBound(a, a), a);
}

TEST(DimExpr, Divides) {
  EXPECT_EQ((batch * length * 12).divideBy(length * 4), batch * 3);
  EXPECT_EQ((batch * length + length).divideBy(length), batch + 1);
  EXPECT_EQ((batch * 6 + 3).divideBy(DimExpr(3)), batch * 2 + 1);
  EXPECT_EQ((batch * 12).divideBy(DimExpr(5)), std::nullopt);
  EXPECT_EQ((batch * 12).divideBy(length), std::nullopt);
  EXPECT_EQ((batch * 12).divideBy(DimExpr(0)), std::nullopt);
  EXPECT_EQ((batch + 1).divideBy(batch + 1), DimExpr(1));
}

TEST(DimExpr, PrintsAndParses) {
  for (const DimExpr &expr :
       {DimExpr(0), DimExpr(42), batch, batch * length * 6144 + 64,
        batch * batch + length * 2}) {
    std::optional<DimExpr> parsed = DimExpr::parse(expr.str());
    ASSERT_TRUE(parsed) << expr.str();
    EXPECT_EQ(*parsed, expr) << expr.str();
  }
  EXPECT_EQ((batch * length * 4 + 1).str(), "1 + 4*batch*length");
  for (const char *text : {"", "+", "2*", "*3", "2 + "})
    EXPECT_EQ(DimExpr::parse(text), std::nullopt) << text;
}

} // namespace
