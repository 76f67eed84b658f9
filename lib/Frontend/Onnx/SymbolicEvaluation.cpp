//===- SymbolicEvaluation.cpp - Arithmetic of shapes ----------------------===//
//
// Exporters write a reshape as Shape, Gather, Mul, Concat, Reshape. Here the
// extents in such integers are followed as polynomials of the model's symbols,
// so that nothing of it is left to run. What is no polynomial (a quotient that
// is not exact, a comparison that the symbols decide) is emitted as ops.
//
//===----------------------------------------------------------------------===//
#include "Import.h"

using namespace mlir;
using namespace attune;

std::optional<DimExpr> attune::divideExtents(const DimExpr &a,
                                             const DimExpr &b) {
  if (std::optional<DimExpr> simple = a.divideBy(b))
    return simple;
  if (b.getTerms().empty())
    return std::nullopt;
  // Long division, by the last terms; what is left over is no polynomial.
  auto lastTerm = [](const DimExpr &sum) {
    const auto &[monomial, coefficient] = *sum.getTerms().rbegin();
    DimExpr term(coefficient);
    for (const std::string &symbol : monomial)
      term *= DimExpr::symbol(symbol);
    return term;
  };
  DimExpr quotient, rest = a, divisor = lastTerm(b);
  for (unsigned i = 0; i < 64 && rest != DimExpr(); ++i) {
    std::optional<DimExpr> term = lastTerm(rest).divideBy(divisor);
    if (!term)
      return std::nullopt;
    quotient += *term;
    rest = rest - *term * b;
  }
  return rest == DimExpr() ? std::optional(quotient) : std::nullopt;
}

namespace {

using Numbers = SymbolicShape;

/// The elements of a vector or scalar of integers and its rank.
struct Tensor1D {
  Numbers numbers;
  bool isScalar = false;
};

/// Sets result 0; without symbols it is a constant.
class Evaluator {
public:
  explicit Evaluator(NodeImporter &node) : node(node) {}
  bool run();

private:
  std::optional<Tensor1D> get(unsigned i);
  bool set(Tensor1D value, OnnxType type);
  bool setTruth(ArrayRef<bool> values, bool isScalar);
  template <typename Fn> bool binary(Fn combine);
  template <typename Fn> bool compare(Fn decide);
  bool variadic(bool isMax);
  bool shape();
  bool gather();
  bool slice();
  bool concat();
  bool where();
  bool expand();
  bool reduce();

  NodeImporter &node;
};

/// How two extents compare for all values of their symbols, which are not
/// negative.
enum class Order { Less, Equal, Greater, LessOrEqual, GreaterOrEqual, Unknown };

Order compareExtents(const DimExpr &a, const DimExpr &b) {
  DimExpr difference = a - b;
  if (difference == DimExpr())
    return Order::Equal;
  bool allPositive = true, allNegative = true;
  int64_t constant = 0;
  for (const auto &[monomial, coefficient] : difference.getTerms()) {
    (coefficient > 0 ? allNegative : allPositive) = false;
    if (monomial.empty())
      constant = coefficient;
  }
  if (allPositive)
    return constant ? Order::Greater : Order::GreaterOrEqual;
  if (allNegative)
    return constant ? Order::Less : Order::LessOrEqual;
  return Order::Unknown;
}

std::optional<DimExpr> divide(const DimExpr &a, const DimExpr &b) {
  std::optional<int64_t> x = a.getConstant(), y = b.getConstant();
  if (y && *y == 0)
    return std::nullopt;
  if (x && y)
    return *y == -1 ? DimExpr() - a : DimExpr(*x / *y);
  return divideExtents(a, b);
}

std::optional<DimExpr> modulo(const DimExpr &a, const DimExpr &b) {
  std::optional<int64_t> divisor = b.getConstant();
  if (!divisor || *divisor <= 0)
    return std::nullopt;
  int64_t rest = 0;
  for (const auto &[monomial, coefficient] : a.getTerms()) {
    if (monomial.empty())
      rest = coefficient;
    else if (coefficient % *divisor != 0)
      return std::nullopt;
  }
  rest %= *divisor;
  return DimExpr(rest < 0 ? rest + *divisor : rest);
}

} // namespace

std::optional<Tensor1D> Evaluator::get(unsigned i) {
  std::optional<SymbolicShape> numbers = node.symbolicIntegers(i);
  if (!numbers)
    return std::nullopt;
  return Tensor1D{std::move(*numbers), node.rank(i) == 0};
}

bool Evaluator::set(Tensor1D value, OnnxType type) {
  ImportedValue result;
  result.type = type;
  if (!value.isScalar)
    result.shape = {DimExpr(static_cast<int64_t>(value.numbers.size()))};
  SmallVector<APInt> constants;
  Type element = node.builder().elementType(type);
  for (const DimExpr &number : value.numbers)
    if (std::optional<int64_t> constant = number.getConstant())
      constants.push_back(APInt(element.getIntOrFloatBitWidth(), *constant,
                                true, /*implicitTrunc=*/true));
  if (constants.size() == value.numbers.size()) {
    SmallVector<int64_t> extents;
    if (!value.isScalar)
      extents.push_back(constants.size());
    result.constant = DenseElementsAttr::get(
        RankedTensorType::get(extents, element), constants);
  } else {
    result.extents = std::move(value.numbers);
  }
  node.setResult(0, std::move(result));
  return true;
}

bool Evaluator::setTruth(ArrayRef<bool> values, bool isScalar) {
  ImportedValue result;
  result.type = OnnxType::Bool;
  SmallVector<int64_t> extents;
  if (!isScalar) {
    extents.push_back(values.size());
    result.shape = {DimExpr(extents[0])};
  }
  result.constant = DenseElementsAttr::get(
      RankedTensorType::get(extents, node.builder().ops().getI1Type()), values);
  node.setResult(0, std::move(result));
  return true;
}

/// The elements of both under broadcasting, by `visit(a, b)`, while it says
/// true.
template <typename Fn>
static bool forEachPair(const Tensor1D &a, const Tensor1D &b, Fn visit) {
  size_t n = a.numbers.size(), m = b.numbers.size();
  if (n != m && n != 1 && m != 1)
    return false;
  size_t count = n == 1 ? m : n;
  for (size_t i = 0; i < count; ++i)
    if (!visit(a.numbers[n == 1 ? 0 : i], b.numbers[m == 1 ? 0 : i]))
      return false;
  return true;
}

/// `combine(a, b)` gives an optional extent.
template <typename Fn> bool Evaluator::binary(Fn combine) {
  std::optional<Tensor1D> a = get(0), b = get(1);
  if (!a || !b)
    return false;
  Tensor1D result;
  result.isScalar = a->isScalar && b->isScalar;
  bool fits = forEachPair(*a, *b, [&](const DimExpr &x, const DimExpr &y) {
    std::optional<DimExpr> value = combine(x, y);
    if (value)
      result.numbers.push_back(*value);
    return value.has_value();
  });
  return fits && set(std::move(result), node.type(0));
}

/// `decide(order)` gives an optional bool.
template <typename Fn> bool Evaluator::compare(Fn decide) {
  std::optional<Tensor1D> a = get(0), b = get(1);
  if (!a || !b)
    return false;
  SmallVector<bool> values;
  bool fits = forEachPair(*a, *b, [&](const DimExpr &x, const DimExpr &y) {
    std::optional<bool> value = decide(compareExtents(x, y));
    if (value)
      values.push_back(*value);
    return value.has_value();
  });
  return fits && setTruth(values, a->isScalar && b->isScalar);
}

bool Evaluator::variadic(bool isMax) {
  std::optional<Tensor1D> all = get(0);
  for (unsigned i = 1; all && i < node.numInputs(); ++i) {
    std::optional<Tensor1D> next = get(i);
    if (!next)
      return false;
    Tensor1D result;
    result.isScalar = all->isScalar && next->isScalar;
    bool fits =
        forEachPair(*all, *next, [&](const DimExpr &x, const DimExpr &y) {
          Order order = compareExtents(x, y);
          if (order == Order::Unknown)
            return false;
          bool isLess = order == Order::Less || order == Order::LessOrEqual;
          result.numbers.push_back(isLess == isMax ? y : x);
          return true;
        });
    if (!fits)
      return false;
    all = std::move(result);
  }
  return all && set(std::move(*all), node.type(0));
}

bool Evaluator::shape() {
  const SymbolicShape &shape = node.shape(0);
  int64_t rank = shape.size();
  // Both are clamped, not refused.
  auto clamp = [&](int64_t at) {
    return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank);
  };
  int64_t start = clamp(std::max(node.integer("start", 0), -rank));
  int64_t end = clamp(std::max(node.integer("end", rank), -rank));
  Tensor1D result;
  if (start < end)
    result.numbers.append(shape.begin() + start, shape.begin() + end);
  return set(std::move(result), OnnxType::I64);
}

bool Evaluator::gather() {
  std::optional<Tensor1D> data = get(0);
  std::optional<std::vector<int64_t>> indices = node.constantIntegers(1);
  if (!data || data->isScalar || !indices || node.rank(1) > 1)
    return false;
  Tensor1D result;
  result.isScalar = node.rank(1) == 0;
  int64_t count = data->numbers.size();
  for (int64_t index : *indices) {
    if (index < -count || index >= count)
      return false;
    result.numbers.push_back(data->numbers[index < 0 ? index + count : index]);
  }
  return set(std::move(result), node.type(0));
}

bool Evaluator::slice() {
  std::optional<Tensor1D> data = get(0);
  std::optional<std::vector<int64_t>> starts = node.constantIntegers(1),
                                      ends = node.constantIntegers(2);
  int64_t step = 1;
  if (node.hasInput(4)) {
    std::optional<std::vector<int64_t>> steps = node.constantIntegers(4);
    if (!steps || steps->size() != 1)
      return false;
    step = steps->front();
  }
  if (!data || data->isScalar || !starts || !ends || starts->size() != 1 ||
      ends->size() != 1 || step == 0)
    return false;
  int64_t count = data->numbers.size();
  auto clamp = [&](int64_t at, int64_t low, int64_t high) {
    if (at < 0)
      at = at < -count ? low : at + count;
    return std::clamp(at, low, high);
  };
  int64_t low = step > 0 ? 0 : -1, high = step > 0 ? count : count - 1;
  int64_t begin = clamp(starts->front(), low, high);
  int64_t end = clamp(ends->front(), low, high);
  // A step beyond the vector takes its first element.
  step = std::clamp(step, -count - 1, count + 1);
  Tensor1D result;
  for (int64_t i = begin; step > 0 ? i < end : i > end; i += step)
    result.numbers.push_back(data->numbers[i]);
  return set(std::move(result), node.type(0));
}

bool Evaluator::concat() {
  Tensor1D result;
  for (unsigned i = 0; i < node.numInputs(); ++i) {
    std::optional<Tensor1D> next = get(i);
    if (!next || next->isScalar)
      return false;
    result.numbers.append(next->numbers);
  }
  return set(std::move(result), node.type(0));
}

bool Evaluator::where() {
  std::optional<std::vector<int64_t>> condition = node.constantIntegers(0);
  std::optional<Tensor1D> a = get(1), b = get(2);
  if (!condition || node.rank(0) > 1 || !a || !b)
    return false;
  Tensor1D chooser;
  chooser.isScalar = node.rank(0) == 0;
  size_t count =
      std::max({condition->size(), a->numbers.size(), b->numbers.size()});
  Tensor1D result;
  result.isScalar = chooser.isScalar && a->isScalar && b->isScalar;
  auto pick = [&](size_t size, size_t i) { return size == 1 ? 0 : i; };
  for (size_t size : {condition->size(), a->numbers.size(), b->numbers.size()})
    if (size != 1 && size != count)
      return false;
  for (size_t i = 0; i < count; ++i) {
    const Numbers &from =
        (*condition)[pick(condition->size(), i)] ? a->numbers : b->numbers;
    result.numbers.push_back(from[pick(from.size(), i)]);
  }
  return set(std::move(result), node.type(1));
}

bool Evaluator::expand() {
  std::optional<Tensor1D> data = get(0);
  std::optional<std::vector<int64_t>> shape = node.constantIntegers(1);
  if (!data || !shape || shape->size() > 1)
    return false;
  int64_t count = shape->empty() ? 1 : shape->front();
  int64_t own = data->numbers.size();
  if (count < 0 || count > 1024 || (own != 1 && count != 1 && count != own))
    return false;
  if (own == 1)
    data->numbers.resize(count,
                         data->numbers.empty() ? DimExpr() : data->numbers[0]);
  data->isScalar = data->isScalar && shape->empty();
  return set(std::move(*data), node.type(0));
}

bool Evaluator::reduce() {
  std::optional<Tensor1D> data = get(0);
  if (!data || data->isScalar)
    return false;
  if (node.hasInput(1) && !node.constantIntegers(1))
    return false;
  bool isProduct = node.op() == "ReduceProd";
  DimExpr result = isProduct ? 1 : 0;
  for (const DimExpr &number : data->numbers)
    result = isProduct ? result * number : result + number;
  return set({{result}, node.integer("keepdims", 1) == 0}, node.type(0));
}

bool Evaluator::run() {
  StringRef op = node.op();
  if (!node.getNode().domain.empty() || !node.hasInput(0))
    return false;
  if (op == "Shape")
    return shape();
  if (op == "Size")
    return set({{getNumElements(node.shape(0))}, true}, OnnxType::I64);
  // Constants alone are folded like all others.
  bool hasExtents = false;
  for (unsigned i = 0; i < node.numInputs(); ++i)
    hasExtents |= node.hasInput(i) && node.input(i).extents;
  if (!hasExtents)
    return false;

  using Known = std::optional<DimExpr>;
  using Truth = std::optional<bool>;
  if (op == "Add")
    return binary([](auto &a, auto &b) -> Known { return a + b; });
  if (op == "Sub")
    return binary([](auto &a, auto &b) -> Known { return a - b; });
  if (op == "Mul")
    return binary([](auto &a, auto &b) -> Known { return a * b; });
  if (op == "Div")
    return binary(divide);
  if (op == "Mod" && node.integer("fmod", 0) == 0)
    return binary(modulo);
  if (op == "Max" || op == "Min")
    return variadic(op == "Max");
  if (op == "Equal")
    return compare([](Order order) -> Truth {
      if (order == Order::Equal)
        return true;
      if (order == Order::Less || order == Order::Greater)
        return false;
      return std::nullopt;
    });
  bool isLess = op == "Less", isGreaterOrEqual = op == "GreaterOrEqual";
  if (isLess || isGreaterOrEqual)
    return compare([&](Order order) -> Truth {
      if (order == Order::Less)
        return isLess;
      if (order == Order::Equal || order == Order::Greater ||
          order == Order::GreaterOrEqual)
        return isGreaterOrEqual;
      return std::nullopt;
    });
  bool isGreater = op == "Greater", isLessOrEqual = op == "LessOrEqual";
  if (isGreater || isLessOrEqual)
    return compare([&](Order order) -> Truth {
      if (order == Order::Greater)
        return isGreater;
      if (order == Order::Equal || order == Order::Less ||
          order == Order::LessOrEqual)
        return isLessOrEqual;
      return std::nullopt;
    });
  if (op == "Neg") {
    std::optional<Tensor1D> data = get(0);
    if (!data)
      return false;
    for (DimExpr &number : data->numbers)
      number = DimExpr() - number;
    return set(std::move(*data), node.type(0));
  }
  if (op == "Gather")
    return gather();
  if (op == "Slice")
    return slice();
  if (op == "Concat")
    return concat();
  if (op == "Where")
    return where();
  if (op == "Expand")
    return expand();
  if (op == "ReduceProd" || op == "ReduceSum")
    return reduce();
  if (op == "Cast") {
    // Extents fit 32 bits too.
    auto to = static_cast<OnnxType>(node.integer("to", 0));
    std::optional<Tensor1D> data = get(0);
    return data && (to == OnnxType::I64 || to == OnnxType::I32) &&
           set(std::move(*data), to);
  }
  return false;
}

bool attune::evaluateSymbolically(NodeImporter &node) {
  return Evaluator(node).run();
}
