//===- Numbers.cpp - Elementwise ops on any number ------------------------===//
#include "Numbers.h"
#include "attune/Reference/ElementTypes.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace attune;

llvm::Error attune::checkSize(Operation *op, ArrayRef<int64_t> shape) {
  if (countElements(shape))
    return llvm::Error::success();
  return errorAt(op, "the result would have the shape " + extentsText(shape) +
                         ", too large for any memory; use smaller inputs");
}

llvm::Expected<SmallVector<int64_t, 4>>
attune::broadcastOperands(Operation *op, Operands operands) {
  SmallVector<int64_t, 4> shape(operands[0]->getShape());
  for (const Tensor *operand : operands.drop_front()) {
    auto both = broadcast(shape, operand->getShape());
    if (!both)
      return errorAt(op, "expected operands that broadcast, got shapes " +
                             extentsText(shape) + " and " +
                             extentsText(operand->getShape()));
    shape = *both;
  }
  if (llvm::Error error = checkSize(op, shape))
    return std::move(error);
  return shape;
}

//===----------------------------------------------------------------------===//
// Scalar formulas
//===----------------------------------------------------------------------===//

static double applyFloat(UnaryKind kind, double x) {
  switch (kind) {
  case UnaryKind::k_neg:
    return -x;
  case UnaryKind::k_abs:
    return std::abs(x);
  case UnaryKind::k_sign:
    return std::isnan(x) ? x : double(x > 0) - double(x < 0);
  case UnaryKind::k_reciprocal:
    return 1 / x;
  case UnaryKind::k_exp:
    return std::exp(x);
  case UnaryKind::k_log:
    return std::log(x);
  case UnaryKind::k_sqrt:
    return std::sqrt(x);
  case UnaryKind::k_erf:
    return std::erf(x);
  case UnaryKind::k_sigmoid:
    return 1 / (1 + std::exp(-x));
  case UnaryKind::k_sin:
    return std::sin(x);
  case UnaryKind::k_cos:
    return std::cos(x);
  case UnaryKind::k_tan:
    return std::tan(x);
  case UnaryKind::k_asin:
    return std::asin(x);
  case UnaryKind::k_acos:
    return std::acos(x);
  case UnaryKind::k_atan:
    return std::atan(x);
  case UnaryKind::k_sinh:
    return std::sinh(x);
  case UnaryKind::k_cosh:
    return std::cosh(x);
  case UnaryKind::k_asinh:
    return std::asinh(x);
  case UnaryKind::k_acosh:
    return std::acosh(x);
  case UnaryKind::k_atanh:
    return std::atanh(x);
  case UnaryKind::k_ceil:
    return std::ceil(x);
  case UnaryKind::k_floor:
    return std::floor(x);
  case UnaryKind::k_round_even:
    return std::nearbyint(x);
  default:
    return x; // no function of floats to floats, as the verifier has checked
  }
}

static bool askFloat(UnaryKind kind, double x) {
  switch (kind) {
  case UnaryKind::k_is_nan:
    return std::isnan(x);
  case UnaryKind::k_is_inf:
    return std::isinf(x);
  case UnaryKind::k_is_positive_inf:
    return std::isinf(x) && x > 0;
  default:
    return std::isinf(x) && x < 0;
  }
}

/// Arithmetic wraps around: the interpreter cuts what does not fit.
static int64_t wrap(uint64_t value) { return static_cast<int64_t>(value); }

static int64_t applyInteger(UnaryKind kind, Type type, int64_t x) {
  bool isSigned = !type.isUnsignedInteger();
  switch (kind) {
  case UnaryKind::k_neg:
    return wrap(-static_cast<uint64_t>(x));
  case UnaryKind::k_abs:
    return isSigned && x < 0 ? wrap(-static_cast<uint64_t>(x)) : x;
  case UnaryKind::k_sign:
    return isSigned && x < 0 ? -1 : x != 0;
  case UnaryKind::k_logical_not:
    return x == 0;
  case UnaryKind::k_bitwise_not:
    return type.isInteger(1) ? x == 0 : ~x;
  default:
    return x;
  }
}

static double applyFloat(BinaryKind kind, double a, double b) {
  bool hasNaN = std::isnan(a) || std::isnan(b);
  switch (kind) {
  case BinaryKind::k_sub:
    return a - b;
  case BinaryKind::k_div:
    return a / b;
  case BinaryKind::k_pow:
    return std::pow(a, b);
  case BinaryKind::k_min:
    return hasNaN ? std::numeric_limits<double>::quiet_NaN() : std::min(a, b);
  case BinaryKind::k_max:
    return hasNaN ? std::numeric_limits<double>::quiet_NaN() : std::max(a, b);
  case BinaryKind::k_mod: {
    double rest = std::fmod(a, b);
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
  }
  case BinaryKind::k_fmod:
    return std::fmod(a, b);
  default:
    return a; // kinds of integers
  }
}

/// a^b by squaring; what truncation leaves of fractions.
static int64_t power(int64_t a, int64_t b, bool isSigned) {
  if (isSigned && b < 0)
    return a == 1 ? 1 : a == -1 ? (b % 2 ? -1 : 1) : 0;
  uint64_t result = 1, base = a;
  for (uint64_t rest = b; rest; rest >>= 1, base *= base)
    if (rest & 1)
      result *= base;
  return wrap(result);
}

static int64_t applyInteger(BinaryKind kind, Type type, int64_t a, int64_t b) {
  bool isSigned = !type.isUnsignedInteger();
  uint64_t ua = a, ub = b;
  bool less = isSigned ? a < b : ua < ub;
  // The remainder of a division by -1 is 0; computed, it could trap.
  auto remainder = [&] {
    if (b == 0 || (isSigned && b == -1))
      return int64_t(0);
    return isSigned ? a % b : wrap(ua % ub);
  };
  switch (kind) {
  case BinaryKind::k_sub:
    return wrap(ua - ub);
  case BinaryKind::k_div:
    if (b == 0)
      return 0;
    if (!isSigned)
      return wrap(ua / ub);
    return b == -1 ? wrap(-ua) : a / b;
  case BinaryKind::k_pow:
    return power(a, b, isSigned);
  case BinaryKind::k_min:
    return less ? a : b;
  case BinaryKind::k_max:
    return less ? b : a;
  case BinaryKind::k_mod: {
    int64_t rest = remainder();
    return isSigned && rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
  }
  case BinaryKind::k_fmod:
    return remainder();
  case BinaryKind::k_and:
  case BinaryKind::k_bitwise_and:
    return a & b;
  case BinaryKind::k_or:
  case BinaryKind::k_bitwise_or:
    return a | b;
  case BinaryKind::k_xor:
  case BinaryKind::k_bitwise_xor:
    return a ^ b;
  case BinaryKind::k_shift_left:
    return ub >= 64 ? 0 : wrap(ua << ub);
  case BinaryKind::k_shift_right:
    return ub >= 64 ? 0 : wrap(ua >> ub);
  }
  return 0;
}

/// -1, 0 or 1; nullopt when one is a NaN.
static std::optional<int> order(Type type, const Tensor &lhs, int64_t i,
                                const Tensor &rhs, int64_t j) {
  if (!lhs.isFloat()) {
    int64_t a = lhs.getInteger(i), b = rhs.getInteger(j);
    if (!type.isUnsignedInteger())
      return (a > b) - (a < b);
    uint64_t ua = a, ub = b;
    return (ua > ub) - (ua < ub);
  }
  double a = lhs.getFloat(i), b = rhs.getFloat(j);
  if (std::isnan(a) || std::isnan(b))
    return std::nullopt;
  return (a > b) - (a < b);
}

static bool holds(CompareKind kind, std::optional<int> order) {
  if (!order)
    return kind == CompareKind::k_ne;
  switch (kind) {
  case CompareKind::k_eq:
    return *order == 0;
  case CompareKind::k_ne:
    return *order != 0;
  case CompareKind::k_lt:
    return *order < 0;
  case CompareKind::k_le:
    return *order <= 0;
  case CompareKind::k_gt:
    return *order > 0;
  case CompareKind::k_ge:
    return *order >= 0;
  }
  return false;
}

//===----------------------------------------------------------------------===//
// Models
//===----------------------------------------------------------------------===//

namespace {

struct UnaryNumberModel
    : ReferenceOpInterface::ExternalModel<UnaryNumberModel, UnaryOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    auto unary = cast<UnaryOp>(op);
    const Tensor &input = *operands[0];
    Type type = elementOf(unary.getInput());
    int64_t count = input.getNumElements();
    if (!isa<FloatType>(elementOf(unary.getResult()))) {
      std::vector<int64_t> values(count);
      for (int64_t i = 0; i < count; ++i)
        values[i] =
            input.isFloat()
                ? askFloat(unary.getKind(), input.getFloat(i))
                : applyInteger(unary.getKind(), type, input.getInteger(i));
      results.push_back(Tensor::integers(input.getShape(), std::move(values)));
      return llvm::Error::success();
    }
    std::vector<double> values = input.toDoubles();
    for (double &value : values)
      value = applyFloat(unary.getKind(), value);
    results.push_back(
        interpreter.store(type, input.getShape(), std::move(values)));
    return llvm::Error::success();
  }
};

/// Visits pairs of elements under broadcasting.
llvm::Expected<SmallVector<int64_t, 4>>
forEachPair(Operation *op, Operands operands,
            llvm::function_ref<void(int64_t, int64_t)> visit) {
  auto shape = broadcastOperands(op, operands);
  if (!shape)
    return shape;
  auto lhs = broadcastStrides(operands[0]->getShape(), *shape);
  auto rhs = broadcastStrides(operands[1]->getShape(), *shape);
  forEachIndex(*shape, [&](ArrayRef<int64_t> index) {
    visit(offsetOf(index, lhs), offsetOf(index, rhs));
  });
  return shape;
}

/// Applies one of two functions to pairs of elements of type `type`.
llvm::Error
interpretPairs(Operation *op, Interpreter &interpreter, Operands operands,
               Results &results,
               llvm::function_ref<double(double, double)> ofFloats,
               llvm::function_ref<int64_t(int64_t, int64_t)> ofIntegers) {
  const Tensor &lhs = *operands[0], &rhs = *operands[1];
  std::vector<double> floats;
  std::vector<int64_t> integers;
  auto shape = forEachPair(op, operands, [&](int64_t i, int64_t j) {
    if (lhs.isFloat())
      floats.push_back(ofFloats(lhs.getFloat(i), rhs.getFloat(j)));
    else
      integers.push_back(ofIntegers(lhs.getInteger(i), rhs.getInteger(j)));
  });
  if (!shape)
    return shape.takeError();
  if (lhs.isFloat())
    results.push_back(interpreter.store(elementOf(op->getResult(0)), *shape,
                                        std::move(floats)));
  else
    results.push_back(Tensor::integers(*shape, std::move(integers)));
  return llvm::Error::success();
}

struct AddModel : ReferenceOpInterface::ExternalModel<AddModel, AddOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    return interpretPairs(
        op, interpreter, operands, results,
        [](double a, double b) { return a + b; },
        [](int64_t a, int64_t b) { return wrap(uint64_t(a) + uint64_t(b)); });
  }
};

struct MulModel : ReferenceOpInterface::ExternalModel<MulModel, MulOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    return interpretPairs(
        op, interpreter, operands, results,
        [](double a, double b) { return a * b; },
        [](int64_t a, int64_t b) { return wrap(uint64_t(a) * uint64_t(b)); });
  }
};

struct BinaryModel
    : ReferenceOpInterface::ExternalModel<BinaryModel, BinaryOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    auto binary = cast<BinaryOp>(op);
    BinaryKind kind = binary.getKind();
    Type type = elementOf(binary.getLhs());
    return interpretPairs(
        op, interpreter, operands, results,
        [&](double a, double b) { return applyFloat(kind, a, b); },
        [&](int64_t a, int64_t b) { return applyInteger(kind, type, a, b); });
  }
};

struct CompareModel
    : ReferenceOpInterface::ExternalModel<CompareModel, CompareOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    auto compare = cast<CompareOp>(op);
    Type type = elementOf(compare.getLhs());
    std::vector<int64_t> values;
    auto shape = forEachPair(op, operands, [&](int64_t i, int64_t j) {
      values.push_back(holds(compare.getKind(),
                             order(type, *operands[0], i, *operands[1], j)));
    });
    if (!shape)
      return shape.takeError();
    results.push_back(Tensor::integers(*shape, std::move(values)));
    return llvm::Error::success();
  }
};

struct WhereModel : ReferenceOpInterface::ExternalModel<WhereModel, WhereOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    auto shape = broadcastOperands(op, operands);
    if (!shape)
      return shape.takeError();
    SmallVector<SmallVector<int64_t, 4>, 3> strides;
    for (const Tensor *operand : operands)
      strides.push_back(broadcastStrides(operand->getShape(), *shape));
    ElementList values(elementOf(op->getResult(0)), *shape);
    forEachIndex(*shape, [&](ArrayRef<int64_t> index) {
      bool condition = operands[0]->getInteger(offsetOf(index, strides[0]));
      unsigned chosen = condition ? 1 : 2;
      values.add(*operands[chosen], offsetOf(index, strides[chosen]));
    });
    results.push_back(values.finish());
    return llvm::Error::success();
  }
};

struct CastModel : ReferenceOpInterface::ExternalModel<CastModel, CastOp> {
  /// The nearest number that `to` has.
  static int64_t saturate(Type from, Type to, int64_t value) {
    unsigned width = to.getIntOrFloatBitWidth();
    bool isHuge = from.isUnsignedInteger() && value < 0; // beyond int64
    if (to.isUnsignedInteger()) {
      if (!isHuge && !from.isUnsignedInteger() && value < 0)
        return 0;
      return std::min<uint64_t>(value, llvm::maskTrailingOnes<uint64_t>(width));
    }
    if (isHuge)
      return llvm::maxIntN(width);
    return std::clamp(value, llvm::minIntN(width), llvm::maxIntN(width));
  }

  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    auto castOp = cast<CastOp>(op);
    const Tensor &input = *operands[0];
    Type from = elementOf(castOp.getInput()),
         to = elementOf(castOp.getResult());
    int64_t count = input.getNumElements();
    if (isa<IntegerType>(to)) {
      std::vector<int64_t> values(count);
      for (int64_t i = 0; i < count; ++i)
        if (input.isFloat())
          values[i] = truncateTo(to, input.getFloat(i));
        else if (castOp.getSaturate() && !to.isInteger(1))
          values[i] = saturate(from, to, input.getInteger(i));
        else
          values[i] = wrapTo(to, input.getInteger(i));
      results.push_back(Tensor::integers(input.getShape(), std::move(values)));
      return llvm::Error::success();
    }
    std::vector<double> values(count);
    // Rounding to f16 and bf16 is what these casts are for: also where the
    // interpreter keeps doubles.
    bool rounds = to.isF16() || to.isBF16();
    for (int64_t i = 0; i < count; ++i) {
      values[i] = input.isFloat() ? input.getFloat(i)
                                  : integerToDouble(from, input.getInteger(i));
      if (rounds)
        values[i] = roundTo(to, values[i]);
    }
    results.push_back(
        interpreter.store(to, input.getShape(), std::move(values)));
    return llvm::Error::success();
  }
};

} // namespace

void attune::attachNumberModels(MLIRContext &context) {
  AddOp::attachInterface<AddModel>(context);
  BinaryOp::attachInterface<BinaryModel>(context);
  CastOp::attachInterface<CastModel>(context);
  CompareOp::attachInterface<CompareModel>(context);
  MulOp::attachInterface<MulModel>(context);
  UnaryOp::attachInterface<UnaryNumberModel>(context);
  WhereOp::attachInterface<WhereModel>(context);
}
