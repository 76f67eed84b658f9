//===- Elementwise.cpp - Arithmetic, logic, comparisons, casts ------------===//
#include "Import.h"

using namespace mlir;
using namespace attune;

template <UnaryKind kind> static llvm::Error importUnary(NodeImporter &node) {
  return node.result(node.builder().unary(kind, node.value(0)));
}

template <BinaryKind kind> static llvm::Error importBinary(NodeImporter &node) {
  return node.result(node.builder().binary(kind, node.value(0), node.value(1)));
}

template <CompareKind kind>
static llvm::Error importCompare(NodeImporter &node) {
  return node.result(node.builder().compare(kind, node.value(0), node.value(1)),
                     OnnxType::Bool);
}

static llvm::Error importAdd(NodeImporter &node) {
  return node.result(node.builder().add(node.value(0), node.value(1)));
}

static llvm::Error importMul(NodeImporter &node) {
  return node.result(node.builder().mul(node.value(0), node.value(1)));
}

static llvm::Error importNot(NodeImporter &node) {
  if (node.type(0) != OnnxType::Bool)
    return node.error("expected bools, found " + toString(node.type(0)));
  return importUnary<UnaryKind::k_logical_not>(node);
}

/// and, or, xor.
template <BinaryKind kind> static llvm::Error importLogic(NodeImporter &node) {
  if (node.type(0) != OnnxType::Bool || node.type(1) != OnnxType::Bool)
    return node.error("expected bools");
  return importBinary<kind>(node);
}

static llvm::Error importMod(NodeImporter &node) {
  bool isC = node.integer("fmod", 0) != 0;
  return isC ? importBinary<BinaryKind::k_fmod>(node)
             : importBinary<BinaryKind::k_mod>(node);
}

static llvm::Error importPow(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  Value base = node.value(0), exponent = node.value(1);
  Type own = b.element(base), other = b.element(exponent);
  // Integers to the power of floats are computed as floats.
  if (isa<IntegerType>(own) && isa<FloatType>(other))
    return node.result(b.cast(
        b.binary(BinaryKind::k_pow, b.cast(base, other), exponent), own));
  return node.result(b.binary(BinaryKind::k_pow, base, b.cast(exponent, own)));
}

static llvm::Error importBitShift(NodeImporter &node) {
  std::string direction = node.string("direction", "");
  if (direction != "LEFT" && direction != "RIGHT")
    return node.error("expected the direction LEFT or RIGHT");
  bool isLeft = direction == "LEFT";
  GraphBuilder &b = node.builder();
  Value input = node.value(0), amount = node.value(1);
  auto own = dyn_cast<IntegerType>(b.element(input));
  if (!own || b.element(amount) != own)
    return node.error("expected integers of one type");
  // Shifts are of unsigned numbers; negative amounts are large ones then.
  Type bits = b.ops().getIntegerType(own.getWidth(), /*isSigned=*/false);
  auto shift = [&](Value value) {
    return b.cast(
        b.binary(isLeft ? BinaryKind::k_shift_left : BinaryKind::k_shift_right,
                 b.cast(value, bits), b.cast(amount, bits)),
        own);
  };
  Value shifted = shift(input);
  if (isLeft || own.isUnsigned())
    return node.result(shifted);
  // What moves in is the sign: ~(~x >> n) where x is negative.
  Value inverse = b.unary(UnaryKind::k_bitwise_not,
                          shift(b.unary(UnaryKind::k_bitwise_not, input)));
  Value isNegative =
      b.compare(CompareKind::k_lt, input, b.scalarLike(input, 0));
  return node.result(b.where(isNegative, inverse, shifted));
}

static llvm::Error importIsInf(NodeImporter &node) {
  bool negative = node.integer("detect_negative", 1),
       positive = node.integer("detect_positive", 1);
  GraphBuilder &b = node.builder();
  Value input = node.value(0);
  if (!negative && !positive)
    return node.result(b.splat(b.ops().getI1Type(), b.shape(input), 0),
                       OnnxType::Bool);
  UnaryKind kind = negative && positive ? UnaryKind::k_is_inf
                   : positive           ? UnaryKind::k_is_positive_inf
                                        : UnaryKind::k_is_negative_inf;
  return node.result(b.unary(kind, input), OnnxType::Bool);
}

static llvm::Error importIsNaN(NodeImporter &node) {
  return node.result(node.builder().unary(UnaryKind::k_is_nan, node.value(0)),
                     OnnxType::Bool);
}

//===----------------------------------------------------------------------===//
// Any number of operands
//===----------------------------------------------------------------------===//

static Value sumOf(NodeImporter &node) {
  Value result = node.value(0);
  for (unsigned i = 1; i < node.numInputs(); ++i)
    result = node.builder().add(result, node.value(i));
  return result;
}

static llvm::Error importSum(NodeImporter &node) {
  return node.result(sumOf(node));
}

static llvm::Error importMean(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  Value sum = sumOf(node);
  return node.result(
      b.div(sum, b.scalarLike(sum, static_cast<double>(node.numInputs()))));
}

template <BinaryKind kind>
static llvm::Error importVariadic(NodeImporter &node) {
  Value result = node.value(0);
  for (unsigned i = 1; i < node.numInputs(); ++i)
    result = node.builder().binary(kind, result, node.value(i));
  return node.result(result);
}

//===----------------------------------------------------------------------===//
// Choosing and casting
//===----------------------------------------------------------------------===//

static llvm::Error importWhere(NodeImporter &node) {
  return node.result(
      node.builder().where(node.value(0), node.value(1), node.value(2)),
      node.type(1));
}

static llvm::Error importClip(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  Value result = node.value(0);
  if (Value low = node.optionalValue(1))
    result = b.maximum(result, b.rank(low) ? b.reshape(low, {}) : low);
  if (Value high = node.optionalValue(2))
    result = b.minimum(result, b.rank(high) ? b.reshape(high, {}) : high);
  return node.result(result);
}

/// What values of f32 become when they are stored as `type` and read again.
static std::optional<Type> roundedTo(OpBuilder &builder, OnnxType type) {
  if (type == OnnxType::F16)
    return builder.getF16Type();
  if (type == OnnxType::BF16)
    return builder.getBF16Type();
  return std::nullopt;
}

/// Wider floats have all values of narrower ones, and the same form here.
static bool keepsValues(NodeImporter &node, OnnxType to) {
  OnnxType from = node.type(0);
  return from == to ||
         (to == OnnxType::F32 && bitWidth(from) <= 16 &&
          node.builder().elementType(from) == node.builder().elementType(to));
}

static void setSame(NodeImporter &node, OnnxType to) {
  ImportedValue same = node.input(0);
  same.type = to;
  node.setResult(0, std::move(same));
}

/// Weights of 16 bits that are cast to 32 are read from where they are.
static bool keepCast(NodeImporter &node) {
  auto to = static_cast<OnnxType>(node.integer("to", 0));
  if (!node.initializer(0) || !keepsValues(node, to))
    return false;
  setSame(node, to);
  return true;
}

static llvm::Error castTo(NodeImporter &node, OnnxType to) {
  GraphBuilder &b = node.builder();
  bool isKnown = isFloat(to) || isInteger(to) || to == OnnxType::Bool;
  if (!isKnown)
    return node.unsupported("to " + toString(to));
  if (keepsValues(node, to)) {
    setSame(node, to);
    return node.check();
  }
  Value value = node.value(0);
  if (std::optional<Type> rounded = roundedTo(b.ops(), to)) {
    Type element = b.elementType(to);
    return node.result(b.cast(b.cast(value, *rounded), element), to);
  }
  return node.result(b.cast(value, b.elementType(to)), to);
}

static llvm::Error importCast(NodeImporter &node) {
  int64_t to = node.integer("to", 0);
  if (to <= 0 || to > kLastOnnxType)
    return node.error("expected an element type as 'to', found " + Twine(to));
  return castTo(node, static_cast<OnnxType>(to));
}

static llvm::Error importCastLike(NodeImporter &node) {
  return castTo(node, node.type(1));
}

static llvm::Error importIdentity(NodeImporter &node) {
  node.setResult(0, node.input(0));
  return node.check();
}

static llvm::Error importDropout(NodeImporter &node) {
  if (node.hasInput(2)) {
    std::optional<std::vector<int64_t>> training = node.constantIntegers(2);
    if (!training || training->size() != 1 || training->front())
      return node.unsupported("training_mode",
                              "export the model for inference");
  }
  GraphBuilder &b = node.builder();
  node.setResult(0, node.input(0));
  if (node.needsResult(1))
    node.setResult(1, b.splat(b.ops().getI1Type(), node.shape(0), 1),
                   OnnxType::Bool);
  return node.check();
}

static llvm::Error importTrilu(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  if (node.rank(0) < 2)
    return node.error("expected matrices");
  SymbolicShape shape = node.shape(0);
  Type index = b.ops().getI64Type();
  Value rows = b.unsqueeze(b.iota(index, shape[shape.size() - 2]), {1});
  Value columns = b.iota(index, shape.back());
  Value distance = b.sub(columns, rows);
  Value k =
      node.hasInput(1) ? b.reshape(node.value(1), {}) : b.scalar(index, 0);
  Value keeps = b.compare(node.integer("upper", 1) ? CompareKind::k_ge
                                                   : CompareKind::k_le,
                          distance, k);
  Value input = node.value(0);
  return node.result(b.where(keeps, input, b.scalarLike(input, 0)));
}

void attune::registerElementwise(OnnxOps &ops) {
  ops.add("Abs", {1, 1}, importUnary<UnaryKind::k_abs>);
  ops.add("Neg", {1, 1}, importUnary<UnaryKind::k_neg>);
  ops.add("Sign", {1, 1}, importUnary<UnaryKind::k_sign>);
  ops.add("Reciprocal", {1, 1}, importUnary<UnaryKind::k_reciprocal>);
  ops.add("Exp", {1, 1}, importUnary<UnaryKind::k_exp>);
  ops.add("Log", {1, 1}, importUnary<UnaryKind::k_log>);
  ops.add("Sqrt", {1, 1}, importUnary<UnaryKind::k_sqrt>);
  ops.add("Erf", {1, 1}, importUnary<UnaryKind::k_erf>);
  ops.add("Sin", {1, 1}, importUnary<UnaryKind::k_sin>);
  ops.add("Cos", {1, 1}, importUnary<UnaryKind::k_cos>);
  ops.add("Tan", {1, 1}, importUnary<UnaryKind::k_tan>);
  ops.add("Asin", {1, 1}, importUnary<UnaryKind::k_asin>);
  ops.add("Acos", {1, 1}, importUnary<UnaryKind::k_acos>);
  ops.add("Atan", {1, 1}, importUnary<UnaryKind::k_atan>);
  ops.add("Sinh", {1, 1}, importUnary<UnaryKind::k_sinh>);
  ops.add("Cosh", {1, 1}, importUnary<UnaryKind::k_cosh>);
  ops.add("Asinh", {1, 1}, importUnary<UnaryKind::k_asinh>);
  ops.add("Acosh", {1, 1}, importUnary<UnaryKind::k_acosh>);
  ops.add("Atanh", {1, 1}, importUnary<UnaryKind::k_atanh>);
  ops.add("Ceil", {1, 1}, importUnary<UnaryKind::k_ceil>);
  ops.add("Floor", {1, 1}, importUnary<UnaryKind::k_floor>);
  ops.add("Round", {1, 1}, importUnary<UnaryKind::k_round_even>);
  ops.add("BitwiseNot", {1, 1}, importUnary<UnaryKind::k_bitwise_not>);
  ops.add("Not", {1, 1}, importNot);
  ops.add("IsNaN", {1, 1}, importIsNaN);
  ops.add("IsInf", {1, 1}, importIsInf);

  ops.add("Add", {2, 2}, importAdd);
  ops.add("Mul", {2, 2}, importMul);
  ops.add("Sub", {2, 2}, importBinary<BinaryKind::k_sub>);
  ops.add("Div", {2, 2}, importBinary<BinaryKind::k_div>);
  ops.add("Mod", {2, 2}, importMod);
  ops.add("Pow", {2, 2}, importPow);
  ops.add("BitShift", {2, 2}, importBitShift);
  ops.add("BitwiseAnd", {2, 2}, importBinary<BinaryKind::k_bitwise_and>);
  ops.add("BitwiseOr", {2, 2}, importBinary<BinaryKind::k_bitwise_or>);
  ops.add("BitwiseXor", {2, 2}, importBinary<BinaryKind::k_bitwise_xor>);
  ops.add("And", {2, 2}, importLogic<BinaryKind::k_and>);
  ops.add("Or", {2, 2}, importLogic<BinaryKind::k_or>);
  ops.add("Xor", {2, 2}, importLogic<BinaryKind::k_xor>);
  ops.add("Equal", {2, 2}, importCompare<CompareKind::k_eq>);
  ops.add("Less", {2, 2}, importCompare<CompareKind::k_lt>);
  ops.add("LessOrEqual", {2, 2}, importCompare<CompareKind::k_le>);
  ops.add("Greater", {2, 2}, importCompare<CompareKind::k_gt>);
  ops.add("GreaterOrEqual", {2, 2}, importCompare<CompareKind::k_ge>);

  ops.add("Sum", {1, kAnyInputs}, importSum);
  ops.add("Mean", {1, kAnyInputs}, importMean);
  ops.add("Max", {1, kAnyInputs}, importVariadic<BinaryKind::k_max>);
  ops.add("Min", {1, kAnyInputs}, importVariadic<BinaryKind::k_min>);

  ops.add("Where", {3, 3}, importWhere);
  ops.add("Clip", {1, 3}, importClip);
  ops.add("", "Cast",
          {.inputs = {1, 1}, .import = importCast, .keep = keepCast});
  ops.add("CastLike", {2, 2}, importCastLike);
  ops.addControlFlow("Identity", {1, 1}, importIdentity);
  ops.add("Dropout", {1, 3}, importDropout);
  ops.add("Trilu", {1, 2}, importTrilu);
}
