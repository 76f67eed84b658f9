//===- Quantization.cpp - Integers that stand for floats ------------------===//
//
// value = (integer - zero_point) * scale. Products of integers are summed up in
// i32, as ONNX says.
//
//===----------------------------------------------------------------------===//
#include "Importer.h"

using namespace mlir;
using namespace attune;

/// A scale or zero point under the shape of the tensor that it belongs to: one
/// number, one for each index of `axis`, or one for each block along it.
static Value spread(NodeImporter &node, Value parameter,
                    const SymbolicShape &shape, int64_t axis, int64_t block) {
  GraphBuilder &b = node.builder();
  SymbolicShape own = b.shape(parameter);
  if (getNumElements(own) == DimExpr(1) && block == 0)
    return b.reshape(parameter, {});
  if (axis < 0 || axis >= static_cast<int64_t>(shape.size())) {
    b.fail("axis " + Twine(axis) + " is out of range");
    return parameter;
  }
  if (block == 0) {
    if (own.size() != 1) {
      b.fail("expected a scale and a zero point of one number, or of one for "
             "each index of an axis");
      return parameter;
    }
    SymbolicShape places(shape.size(), DimExpr(1));
    places[axis] = own[0];
    return b.reshape(parameter, places);
  }
  if (own.size() != shape.size() ||
      (own[axis] * DimExpr(block) != shape[axis] &&
       !(own[axis].getConstant() && shape[axis].getConstant() &&
         (*own[axis].getConstant() - 1) * block < *shape[axis].getConstant() &&
         *own[axis].getConstant() * block >= *shape[axis].getConstant()))) {
    b.fail("expected a scale for every block of " + Twine(block) +
           " along axis " + Twine(axis));
    return parameter;
  }
  SymbolicShape repeated = own, merged = own;
  repeated.insert(repeated.begin() + axis + 1, DimExpr(block));
  merged[axis] *= DimExpr(block);
  Value blocks =
      b.reshape(b.expand(b.unsqueeze(parameter, {axis + 1}), repeated), merged);
  // The last block may be cut off.
  return b.slice(blocks, axis, 0, shape[axis]);
}

/// The smallest and largest number of an integer type of fewer than 8 bits.
static std::optional<std::pair<double, double>> narrowRange(OnnxType type) {
  switch (type) {
  case OnnxType::I4:
    return std::pair(-8.0, 7.0);
  case OnnxType::U4:
    return std::pair(0.0, 15.0);
  case OnnxType::I2:
    return std::pair(-2.0, 1.0);
  case OnnxType::U2:
    return std::pair(0.0, 3.0);
  default:
    return std::nullopt;
  }
}

/// Rounds, adds the zero point (a float, or null) and saturates to `type`.
static Value quantize(GraphBuilder &b, Value scaled, Value zeroPoint,
                      OnnxType type) {
  Value rounded = b.unary(UnaryKind::k_round_even, scaled);
  if (zeroPoint)
    rounded = b.add(rounded, zeroPoint);
  if (auto range = narrowRange(type))
    rounded = b.minimum(b.maximum(rounded, b.scalarLike(rounded, range->first)),
                        b.scalarLike(rounded, range->second));
  return b.cast(rounded, b.elementType(type), /*saturate=*/true);
}

static int64_t axisOf(NodeImporter &node) {
  int64_t axis = node.integer("axis", 1);
  return axis < 0 ? axis + node.rank(0) : axis;
}

static llvm::Error importQuantizeLinear(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  auto type = static_cast<OnnxType>(node.integer("output_dtype", 0));
  if (node.hasInput(2))
    type = node.type(2);
  else if (type == OnnxType::Undefined)
    type = OnnxType::U8;
  if (!isInteger(type) && !narrowRange(type))
    return node.unsupported("to " + Twine(static_cast<int>(type)),
                            "integers are supported");
  int64_t axis = axisOf(node), block = node.integer("block_size", 0);
  if (block < 0)
    return node.error("expected a block_size of 0 and more");
  SymbolicShape shape = node.shape(0);
  Type f32 = b.ops().getF32Type();
  Value x = b.cast(node.value(0), f32);
  Value scale = spread(node, b.cast(node.value(1), f32), shape, axis, block);
  Value zero;
  if (node.hasInput(2))
    zero = b.cast(spread(node, node.value(2), shape, axis, block), f32);
  return node.result(quantize(b, b.div(x, scale), zero, type), type);
}

static llvm::Error importDequantizeLinear(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  int64_t axis = axisOf(node), block = node.integer("block_size", 0);
  if (block < 0)
    return node.error("expected a block_size of 0 and more");
  SymbolicShape shape = node.shape(0);
  Type f32 = b.ops().getF32Type(), i32 = b.ops().getI32Type();
  Value x = node.value(0);
  Value scale = spread(node, node.value(1), shape, axis, block);
  if (node.hasInput(2)) {
    Value zero = spread(node, node.value(2), shape, axis, block);
    if (isa<IntegerType>(b.element(x)))
      x = b.sub(b.cast(x, i32), b.cast(zero, i32));
    else
      x = b.sub(x, zero);
  }
  return node.result(b.mul(b.cast(x, f32), b.cast(scale, f32)), node.type(1));
}

static llvm::Error importDynamicQuantizeLinear(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  Value x = node.value(0);
  auto axes = llvm::to_vector(llvm::seq<int64_t>(b.rank(x)));
  Value zero = b.scalarLike(x, 0);
  Value largest = b.maximum(b.reduce(ReduceKind::max, x, axes, false), zero);
  Value smallest = b.minimum(b.reduce(ReduceKind::min, x, axes, false), zero);
  Value scale = b.div(b.sub(largest, smallest), b.scalarLike(x, 255));
  // Of zeros alone any scale is right.
  Value divisor = b.where(b.compare(CompareKind::k_eq, scale, zero),
                          b.scalarLike(x, 1), scale);
  Value zeroPoint =
      b.unary(UnaryKind::k_round_even,
              b.minimum(b.maximum(b.div(b.sub(zero, smallest), divisor), zero),
                        b.scalarLike(x, 255)));
  node.setResult(0, quantize(b, b.div(x, divisor), zeroPoint, OnnxType::U8),
                 OnnxType::U8);
  node.setResult(1, scale, OnnxType::F32);
  node.setResult(2, b.cast(zeroPoint, b.elementType(OnnxType::U8), true),
                 OnnxType::U8);
  return node.check();
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// A scale or zero point of the left operand, of one number or one a row, and
/// of the right one, one a column.
static Value perRow(GraphBuilder &b, Value parameter) {
  if (b.rank(parameter) == 1 && b.shape(parameter)[0] != DimExpr(1))
    return b.unsqueeze(parameter, {1});
  return getNumElements(b.shape(parameter)) == DimExpr(1)
             ? b.reshape(parameter, {})
             : parameter;
}

static Value perColumn(GraphBuilder &b, Value parameter) {
  return getNumElements(b.shape(parameter)) == DimExpr(1)
             ? b.reshape(parameter, {})
             : parameter;
}

static bool isZero(NodeImporter &node, unsigned i) {
  if (!node.hasInput(i))
    return true;
  std::optional<std::vector<int64_t>> values = node.constantIntegers(i);
  return values && llvm::all_of(*values, [](int64_t n) { return n == 0; });
}

/// The product in i32 of inputs `lhs` and `rhs` less their zero points.
static Value integerProduct(NodeImporter &node, unsigned lhs, unsigned lhsZero,
                            unsigned rhs, unsigned rhsZero) {
  GraphBuilder &b = node.builder();
  Type i32 = b.ops().getI32Type();
  Value left = node.value(lhs), right = node.value(rhs);
  int64_t leftRank = b.rank(left), rightRank = b.rank(right);
  if (leftRank == 0 || rightRank == 0) {
    b.fail("expected matrices");
    return left;
  }
  if (leftRank == 1)
    left = b.unsqueeze(left, {0});
  if (rightRank == 1)
    right = b.unsqueeze(right, {1});
  if (!isZero(node, lhsZero))
    left =
        b.sub(b.cast(left, i32), b.cast(perRow(b, node.value(lhsZero)), i32));
  if (!isZero(node, rhsZero))
    right = b.sub(b.cast(right, i32),
                  b.cast(perColumn(b, node.value(rhsZero)), i32));
  SymbolicShape a = b.shape(left), c = b.shape(right);
  std::optional<int64_t> inner = a.back().getConstant(),
                         outer = c[c.size() - 2].getConstant();
  if (inner && outer && *inner != *outer) {
    b.fail("cannot multiply matrices of " + Twine(*inner) + " columns and " +
           Twine(*outer) + " rows");
    return left;
  }
  SymbolicShape shape =
      b.broadcast(ArrayRef(a).drop_back(2), ArrayRef(c).drop_back(2));
  shape.push_back(a[a.size() - 2]);
  shape.push_back(c.back());
  Value product =
      b.create<MatmulOp>(i32, shape, left, right, /*transpose_rhs=*/false);
  int64_t rank = b.rank(product);
  SmallVector<int64_t> dropped;
  if (leftRank == 1)
    dropped.push_back(rank - 2);
  if (rightRank == 1)
    dropped.push_back(rank - 1);
  return dropped.empty() ? product : b.squeeze(product, dropped);
}

static llvm::Error importMatMulInteger(NodeImporter &node) {
  return node.result(integerProduct(node, 0, 2, 1, 3), OnnxType::I32);
}

static llvm::Error importQLinearMatMul(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  Type f32 = b.ops().getF32Type();
  OnnxType type = node.type(7);
  if (!isInteger(type))
    return node.unsupported("to " + toString(type));
  Value product = b.cast(integerProduct(node, 0, 2, 3, 5), f32);
  Value scale = b.div(b.mul(perRow(b, b.cast(node.value(1), f32)),
                            perColumn(b, b.cast(node.value(4), f32))),
                      perRow(b, b.cast(node.value(6), f32)));
  Value zero = b.cast(perRow(b, node.value(7)), f32);
  return node.result(quantize(b, b.mul(product, scale), zero, type), type);
}

void attune::registerQuantization(OnnxOps &ops) {
  ops.add("QuantizeLinear", {2, 3}, importQuantizeLinear);
  ops.add("DequantizeLinear", {2, 3}, importDequantizeLinear);
  ops.add("DynamicQuantizeLinear", {1, 1}, importDynamicQuantizeLinear);
  ops.add("MatMulInteger", {2, 4}, importMatMulInteger);
  ops.add("QLinearMatMul", {8, 8}, importQLinearMatMul);
}
