//===- Matchers.cpp - Small parts of patterns -----------------------------===//
#include "Matchers.h"
#include <cmath>

using namespace mlir;
using namespace attune;

static RankedTensorType ranked(Value value) {
  return cast<RankedTensorType>(value.getType());
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

std::optional<double> attune::getSplat(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (auto constant = dyn_cast<ConstantOp>(op)) {
      auto elements = dyn_cast<DenseElementsAttr>(constant.getValue());
      if (!elements || elements.getNumElements() == 0 ||
          (!elements.isSplat() && elements.getNumElements() != 1))
        return std::nullopt;
      if (isa<FloatType>(elements.getElementType())) {
        APFloat number = *elements.getValues<APFloat>().begin();
        bool lost;
        number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                       &lost);
        return number.convertToDouble();
      }
      APInt number = *elements.getValues<APInt>().begin();
      bool isUnsigned = elements.getElementType().isUnsignedInteger() ||
                        elements.getElementType().isInteger(1);
      return number.roundToDouble(!isUnsigned);
    }
    if (auto cast = dyn_cast<CastOp>(op)) {
      Type to = ranked(cast.getResult()).getElementType();
      if (!to.isF32() && !to.isF64())
        return std::nullopt;
    } else if (!isa<ReshapeOp, ExpandOp, TransposeOp>(op)) {
      return std::nullopt;
    }
    value = op->getOperand(0);
  }
  return std::nullopt;
}

bool attune::isNear(double value, double expected) {
  return value == expected ||
         std::abs(value - expected) <= 2e-6 * std::abs(expected);
}

bool attune::isSplat(Value value, double expected) {
  std::optional<double> number = getSplat(value);
  return number && isNear(*number, expected);
}

Value attune::getOther(Operation *op, Value operand) {
  return op->getOperand(0) == operand ? op->getOperand(1) : op->getOperand(0);
}

std::optional<Product> attune::getProduct(Value value) {
  Operation *op = value.getDefiningOp();
  std::optional<Product> found;
  if (!op)
    return found;
  if (auto scale = dyn_cast<ScaleOp>(op)) {
    found = Product{scale.getInput(), scale.getFactor().convertToDouble()};
  } else if (isa<MulOp>(op)) {
    if (auto factor = getSplat(op->getOperand(1)))
      found = Product{op->getOperand(0), *factor};
    else if (auto factor = getSplat(op->getOperand(0)))
      found = Product{op->getOperand(1), *factor};
  } else if (auto div = getBinary(value, BinaryKind::k_div)) {
    auto divisor = getSplat(div.getRhs());
    if (divisor && *divisor != 0)
      found = Product{div.getLhs(), 1 / *divisor};
  } else if (auto neg = getUnary(value, UnaryKind::k_neg)) {
    found = Product{neg.getInput(), -1};
  }
  if (found && found->value.getType() != value.getType())
    return std::nullopt;
  // Integers wrap and are cut off.
  if (!isa<FloatType>(ranked(value).getElementType()))
    return std::nullopt;
  return found;
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

Value attune::skipCasts(Value value) {
  while (auto cast = value.getDefiningOp<CastOp>()) {
    Type from = ranked(cast.getInput()).getElementType();
    Type to = ranked(cast.getResult()).getElementType();
    if (from != to && !(from.isF32() && to.isF64()))
      break;
    value = cast.getInput();
  }
  return value;
}

BinaryOp attune::getBinary(Value value, BinaryKind kind) {
  auto op = value.getDefiningOp<BinaryOp>();
  return op && op.getKind() == kind ? op : BinaryOp();
}

UnaryOp attune::getUnary(Value value, UnaryKind kind) {
  auto op = value.getDefiningOp<UnaryOp>();
  return op && op.getKind() == kind ? op : UnaryOp();
}

Value attune::getSquared(Value value) {
  if (auto mul = value.getDefiningOp<MulOp>())
    return mul.getLhs() == mul.getRhs() ? mul.getLhs() : Value();
  if (auto pow = getBinary(value, BinaryKind::k_pow))
    if (isSplat(pow.getRhs(), 2) &&
        pow.getLhs().getType() == pow.getResult().getType())
      return pow.getLhs();
  return {};
}

std::optional<Mean> attune::getMean(Value value) {
  RankedTensorType kept = ranked(value);
  double factor = 1;
  // A reshape that puts extents of one back.
  if (auto reshape = value.getDefiningOp<ReshapeOp>())
    value = reshape.getInput();
  while (auto product = getProduct(value)) {
    factor *= product->factor;
    value = product->value;
  }
  auto reduce = value.getDefiningOp<ReduceOp>();
  if (!reduce)
    return std::nullopt;
  RankedTensorType input = ranked(reduce.getInput());
  SmallVector<int64_t> wanted(input.getShape());
  double count = 1;
  for (int64_t axis : reduce.getAxes()) {
    if (wanted[axis] == ShapedType::kDynamic && factor != 1)
      return std::nullopt;
    count *= wanted[axis];
    wanted[axis] = 1;
  }
  if (kept.getShape() != ArrayRef(wanted))
    return std::nullopt;
  bool isMean = reduce.getKind() == ReduceKind::mean && factor == 1;
  bool isSum = reduce.getKind() == ReduceKind::sum && factor != 1 &&
               isNear(factor * count, 1);
  if (!isMean && !isSum)
    return std::nullopt;
  return Mean{reduce.getInput(), SmallVector<int64_t>(reduce.getAxes())};
}

//===----------------------------------------------------------------------===//
// Polynomials
//===----------------------------------------------------------------------===//

static std::optional<Cubic> multiply(const Cubic &a, const Cubic &b) {
  Cubic result = {};
  for (size_t i = 0; i < a.size(); ++i)
    for (size_t j = 0; j < b.size(); ++j) {
      double term = a[i] * b[j];
      if (i + j < result.size())
        result[i + j] += term;
      else if (term != 0)
        return std::nullopt;
    }
  return result;
}

static std::optional<Cubic> polynomial(Value value, Value x, unsigned depth) {
  if (value == x)
    return Cubic{0, 1, 0, 0};
  if (auto number = getSplat(value))
    return Cubic{*number, 0, 0, 0};
  Operation *op = value.getDefiningOp();
  // The formulas meant are a few ops deep.
  if (!op || depth == 0)
    return std::nullopt;
  auto operand = [&](unsigned i) {
    return polynomial(op->getOperand(i), x, depth - 1);
  };
  if (auto product = getProduct(value)) {
    auto inner = polynomial(product->value, x, depth - 1);
    return inner ? multiply(*inner, {product->factor, 0, 0, 0}) : std::nullopt;
  }
  if (isa<AddOp, MulOp>(op) || getBinary(value, BinaryKind::k_sub)) {
    auto lhs = operand(0);
    auto rhs = lhs ? operand(1) : std::nullopt;
    if (!rhs)
      return std::nullopt;
    if (isa<MulOp>(op))
      return multiply(*lhs, *rhs);
    for (size_t i = 0; i < lhs->size(); ++i)
      (*lhs)[i] += isa<AddOp>(op) ? (*rhs)[i] : -(*rhs)[i];
    return lhs;
  }
  if (auto pow = getBinary(value, BinaryKind::k_pow)) {
    auto base = operand(0);
    if (base && isSplat(pow.getRhs(), 2))
      return multiply(*base, *base);
    if (base && isSplat(pow.getRhs(), 3))
      if (auto square = multiply(*base, *base))
        return multiply(*square, *base);
  }
  return std::nullopt;
}

std::optional<Cubic> attune::getPolynomial(Value value, Value x) {
  return polynomial(value, x, 8);
}

//===----------------------------------------------------------------------===//
// MatchedOps
//===----------------------------------------------------------------------===//

void MatchedOps::addBetween(Value value, ValueRange ends) {
  Operation *op = value.getDefiningOp();
  if (!op || llvm::is_contained(ends, value) || getSplat(value) ||
      isa<LoadWeightOp>(op) || ops.contains(op))
    return;
  ops.insert(op);
  for (Value operand : op->getOperands())
    addBetween(operand, ends);
}

std::optional<MissedReason> MatchedOps::findOtherUse(Operation *root) const {
  for (Operation *op : ops)
    for (Operation *user : op->getUsers())
      if (op != root && !ops.contains(user) && user != root)
        return MissedReason{"the result of " + quoted(op) +
                                " in it is also used by " + quoted(user),
                            "compute it a second time for that use"};
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

Value attune::loadSplat(OpBuilder &builder, Location loc, double number,
                        int64_t count) {
  auto module = builder.getBlock()->getParentOp()->getParentOfType<ModuleOp>();
  auto type = RankedTensorType::get(count, builder.getF32Type());
  auto value = DenseElementsAttr::get(type, static_cast<float>(number));
  std::string name = llvm::formatv("splat.{0}.{1}", number, count);
  // A model may have weights of its own of that name.
  while (Operation *taken = module.lookupSymbol(name)) {
    auto weight = dyn_cast<WeightOp>(taken);
    if (weight && weight.getValueAttr() == value && !weight.getLayout())
      return LoadWeightOp::create(builder, loc, type, name);
    name += '_';
  }
  OpBuilder declare(module.getBodyRegion());
  WeightOp::create(declare, module.getLoc(), name, type,
                   builder.getArrayAttr({}), value, /*layout=*/Attribute(),
                   /*offset=*/IntegerAttr());
  return LoadWeightOp::create(builder, loc, type, name);
}
