//===- GraphBuilder.cpp - Emits ops whose shapes are known ----------------===//
#include "GraphBuilder.h"
#include "attune/Support/File.h"
#include "mlir/IR/BuiltinAttributes.h"
#include <cmath>

using namespace mlir;
using namespace attune;

//===----------------------------------------------------------------------===//
// Errors, types and shapes
//===----------------------------------------------------------------------===//

void GraphBuilder::fail(const Twine &text) {
  if (problem.empty())
    problem = text.str();
}

llvm::Error GraphBuilder::takeError() {
  if (problem.empty())
    return llvm::Error::success();
  std::string text = std::move(problem);
  problem.clear();
  return userError(text);
}

Type GraphBuilder::elementType(OnnxType type) {
  switch (type) {
  case OnnxType::F32:
  case OnnxType::F16:
  case OnnxType::BF16:
  case OnnxType::F8E4M3FN:
  case OnnxType::F8E4M3FNUZ:
  case OnnxType::F8E5M2:
  case OnnxType::F8E5M2FNUZ:
  case OnnxType::F4E2M1:
  case OnnxType::F8E8M0:
    return builder.getF32Type();
  case OnnxType::F64:
    return builder.getF64Type();
  case OnnxType::Bool:
    return builder.getI1Type();
  case OnnxType::I8:
  case OnnxType::I4:
  case OnnxType::I2:
    return builder.getIntegerType(8);
  case OnnxType::I16:
    return builder.getIntegerType(16);
  case OnnxType::I32:
    return builder.getIntegerType(32);
  case OnnxType::I64:
    return builder.getIntegerType(64);
  case OnnxType::U8:
  case OnnxType::U4:
  case OnnxType::U2:
    return builder.getIntegerType(8, /*isSigned=*/false);
  case OnnxType::U16:
    return builder.getIntegerType(16, /*isSigned=*/false);
  case OnnxType::U32:
    return builder.getIntegerType(32, /*isSigned=*/false);
  case OnnxType::U64:
    return builder.getIntegerType(64, /*isSigned=*/false);
  default:
    return {};
  }
}

RankedTensorType GraphBuilder::tensorType(Type element,
                                          ArrayRef<DimExpr> shape) {
  SmallVector<int64_t> extents;
  for (const DimExpr &extent : shape) {
    int64_t value = extent.getConstant().value_or(ShapedType::kDynamic);
    if (!ShapedType::isDynamic(value) && value < 0) {
      fail("a tensor with the extent " + Twine(value));
      value = 0;
    }
    extents.push_back(value);
  }
  return RankedTensorType::get(extents, element);
}

Type GraphBuilder::element(Value value) {
  return cast<RankedTensorType>(value.getType()).getElementType();
}

SymbolicShape GraphBuilder::shape(Value value) const {
  auto found = shapes.find(value);
  if (found != shapes.end())
    return found->second;
  SymbolicShape result;
  for (int64_t extent : cast<RankedTensorType>(value.getType()).getShape())
    result.push_back(ShapedType::isDynamic(extent) ? DimExpr::symbol("unknown")
                                                   : DimExpr(extent));
  return result;
}

int64_t GraphBuilder::rank(Value value) const {
  return cast<RankedTensorType>(value.getType()).getRank();
}

void GraphBuilder::setShape(Value value, SymbolicShape shape) {
  shapes[value] = std::move(shape);
}

static std::string text(ArrayRef<DimExpr> shape) {
  std::string result;
  llvm::raw_string_ostream os(result);
  os << '[';
  llvm::interleaveComma(shape, os);
  os << ']';
  return result;
}

void GraphBuilder::require(ShapeRequirement requirement) {
  // Nothing is asked of values that are known: importers check those.
  if ((requirement.left - requirement.right).getConstant())
    return;
  for (const ShapeRequirement &known : requirements)
    if (known.isLimit == requirement.isLimit &&
        known.left == requirement.left && known.right == requirement.right)
      return;
  auto name = location->findInstanceOf<NameLoc>();
  requirement.where =
      name ? "node '" + printable(name.getName()) + "'" : std::string("a node");
  requirements.push_back(std::move(requirement));
}

void GraphBuilder::requireEqual(const DimExpr &left, const DimExpr &right) {
  require({left, /*isLimit=*/false, right, {}});
}

void GraphBuilder::requireAtMost(const DimExpr &left, const DimExpr &right) {
  require({left, /*isLimit=*/true, right, {}});
}

SymbolicShape GraphBuilder::broadcast(ArrayRef<DimExpr> lhs,
                                      ArrayRef<DimExpr> rhs) {
  ArrayRef<DimExpr> longer = lhs.size() >= rhs.size() ? lhs : rhs;
  ArrayRef<DimExpr> shorter = lhs.size() >= rhs.size() ? rhs : lhs;
  SymbolicShape result(longer);
  size_t shift = longer.size() - shorter.size();
  for (auto [i, b] : llvm::enumerate(shorter)) {
    DimExpr &a = result[i + shift];
    std::optional<int64_t> left = a.getConstant(), right = b.getConstant();
    if (left && right && *left != *right && *left != 1 && *right != 1) {
      fail("shapes " + text(lhs) + " and " + text(rhs) + " do not broadcast");
      return result;
    }
    if ((!left || *left != 1) && (!right || *right != 1))
      requireEqual(a, b);
    if ((left && *left == 1) || (!left && right && *right != 1))
      a = b;
  }
  return result;
}

int64_t GraphBuilder::axis(int64_t axis, int64_t rank) {
  if (axis >= -rank && axis < rank)
    return axis < 0 ? axis + rank : axis;
  fail("expected an axis in [" + Twine(-rank) + ", " + Twine(rank) +
       "), found " + Twine(axis));
  return 0;
}

SmallVector<int64_t> GraphBuilder::axes(ArrayRef<int64_t> axes, int64_t rank) {
  SmallVector<int64_t> result;
  for (int64_t value : axes)
    result.push_back(axis(value, rank));
  llvm::sort(result);
  if (std::adjacent_find(result.begin(), result.end()) != result.end()) {
    fail("an axis is given twice");
    result.erase(llvm::unique(result), result.end());
  }
  return result;
}

ShapeAttr GraphBuilder::shapeAttr(ArrayRef<DimExpr> shape) {
  return ShapeAttr::get(context(), shape);
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

Value GraphBuilder::constant(DenseElementsAttr value) {
  auto type = cast<RankedTensorType>(value.getType());
  SymbolicShape shape(llvm::map_range(
      type.getShape(), [](int64_t extent) { return DimExpr(extent); }));
  return create<ConstantOp>(type.getElementType(), shape, value);
}

static DenseElementsAttr splatOf(RankedTensorType type, double number) {
  Type element = type.getElementType();
  if (auto floats = dyn_cast<FloatType>(element)) {
    APFloat value(number);
    bool lost;
    value.convert(floats.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                  &lost);
    return DenseElementsAttr::get(type, value);
  }
  if (element.isInteger(1))
    return DenseElementsAttr::get(type, number != 0);
  // What is beyond the type becomes its nearest bound.
  bool isSigned = !element.isUnsignedInteger();
  APSInt value(element.getIntOrFloatBitWidth(), !isSigned);
  bool exact;
  if (!std::isnan(number))
    APFloat(std::floor(number))
        .convertToInteger(value, APFloat::rmTowardZero, &exact);
  return DenseElementsAttr::get(type, static_cast<const APInt &>(value));
}

Value GraphBuilder::scalar(Type element, double number) {
  return constant(splatOf(RankedTensorType::get({}, element), number));
}

Value GraphBuilder::extents(ArrayRef<DimExpr> extents) {
  return create<ExtentsOp>(builder.getI64Type(),
                           {DimExpr(static_cast<int64_t>(extents.size()))},
                           shapeAttr(extents));
}

static TypedAttr numberOf(Type element, int64_t value) {
  if (isa<FloatType>(element))
    return FloatAttr::get(element, static_cast<double>(value));
  return IntegerAttr::get(element,
                          APInt(element.getIntOrFloatBitWidth(), value, true,
                                /*implicitTrunc=*/true));
}

Value GraphBuilder::iota(Type element, const DimExpr &count, int64_t start,
                         int64_t step) {
  return create<IotaOp>(element, {count}, shapeAttr({count}),
                        numberOf(element, start), numberOf(element, step));
}

Value GraphBuilder::splat(Type element, const SymbolicShape &shape,
                          double number) {
  RankedTensorType type = tensorType(element, shape);
  if (type.hasStaticShape())
    return constant(splatOf(type, number));
  return expand(scalar(element, number), shape);
}

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

Value GraphBuilder::unary(UnaryKind kind, Value input) {
  Type result =
      kind >= UnaryKind::k_is_nan ? builder.getI1Type() : element(input);
  return create<UnaryOp>(result, shape(input), kind, input);
}

Value GraphBuilder::binary(BinaryKind kind, Value lhs, Value rhs) {
  if (element(lhs) != element(rhs)) {
    fail("operands of different types");
    return lhs;
  }
  return create<BinaryOp>(element(lhs), broadcast(shape(lhs), shape(rhs)), kind,
                          lhs, rhs);
}

Value GraphBuilder::compare(CompareKind kind, Value lhs, Value rhs) {
  if (element(lhs) != element(rhs)) {
    fail("operands of different types");
    rhs = lhs;
  }
  return create<CompareOp>(builder.getI1Type(),
                           broadcast(shape(lhs), shape(rhs)), kind, lhs, rhs);
}

Value GraphBuilder::add(Value lhs, Value rhs) {
  if (element(lhs) != element(rhs)) {
    fail("operands of different types");
    return lhs;
  }
  return create<AddOp>(element(lhs), broadcast(shape(lhs), shape(rhs)), lhs,
                       rhs);
}

Value GraphBuilder::mul(Value lhs, Value rhs) {
  if (element(lhs) != element(rhs)) {
    fail("operands of different types");
    return lhs;
  }
  return create<MulOp>(element(lhs), broadcast(shape(lhs), shape(rhs)), lhs,
                       rhs);
}

Value GraphBuilder::where(Value condition, Value onTrue, Value onFalse) {
  if (!element(condition).isInteger(1) || element(onTrue) != element(onFalse)) {
    fail("operands of different types");
    return onTrue;
  }
  return create<WhereOp>(
      element(onTrue),
      broadcast(shape(condition), broadcast(shape(onTrue), shape(onFalse))),
      condition, onTrue, onFalse);
}

Value GraphBuilder::cast(Value input, Type to, bool saturate) {
  if (element(input) == to)
    return input;
  return create<CastOp>(to, shape(input), input, saturate);
}

Value GraphBuilder::tanh(Value input) {
  if (element(input).isF32())
    return create<TanhOp>(element(input), shape(input), input);
  // 1 - 2 / (e^2x + 1), whose exponential may overflow without harm.
  Value exponential = unary(UnaryKind::k_exp, mul(input, 2));
  Value one = scalarLike(input, 1);
  return sub(one, div(scalarLike(input, 2), add(exponential, one)));
}

Value GraphBuilder::silu(Value input) {
  if (element(input).isF32())
    return create<SiluOp>(element(input), shape(input), input);
  return mul(input, unary(UnaryKind::k_sigmoid, input));
}

Value GraphBuilder::relu(Value input) {
  if (element(input).isF32())
    return create<ReluOp>(element(input), shape(input), input);
  return maximum(input, scalarLike(input, 0));
}

Value GraphBuilder::gelu(Value input, StringRef approximate) {
  bool isTanh = approximate == "tanh";
  if (!isTanh && approximate != "none") {
    fail("expected approximate to be 'none' or 'tanh', found '" + approximate +
         "'");
    return input;
  }
  if (element(input).isF32())
    return isTanh ? create<GeluOp>(element(input), shape(input), input, "tanh")
                  : create<GeluOp>(element(input), shape(input), input);
  Value inner =
      isTanh
          ? tanh(mul(add(input, mul(mul(input, mul(input, input)), 0.044715)),
                     std::sqrt(2 / M_PI)))
          : unary(UnaryKind::k_erf, mul(input, M_SQRT1_2));
  return mul(mul(input, 0.5), add(inner, 1.0));
}

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

Value GraphBuilder::reshape(Value input, const SymbolicShape &to) {
  SymbolicShape from = shape(input);
  if (from == to)
    return input;
  // As attune.reshape's pattern of 0 and -1 where that says it.
  SmallVector<int64_t> pattern;
  DimExpr known = 1;
  std::optional<size_t> open;
  bool fits = true;
  for (auto [i, extent] : llvm::enumerate(to)) {
    if (i < from.size() && extent == from[i] && extent.getConstant() != 1) {
      pattern.push_back(extent.getConstant() && *extent.getConstant() > 0
                            ? *extent.getConstant()
                            : 0);
    } else if (std::optional<int64_t> value = extent.getConstant();
               value && *value > 0) {
      pattern.push_back(*value);
    } else if (!open) {
      open = i;
      pattern.push_back(-1);
      continue;
    } else {
      fits = false;
      break;
    }
    known *= extent;
  }
  DimExpr elements = getNumElements(from);
  if (fits && open) {
    std::optional<DimExpr> rest = elements.divideBy(known);
    fits = rest && *rest == to[*open] && known.getConstant() != 0;
  }
  std::optional<int64_t> count = elements.getConstant(),
                         wanted = getNumElements(to).getConstant();
  if (count && wanted && *count != *wanted)
    fail("cannot reshape " + text(from) + " to " + text(to));
  requireEqual(elements, getNumElements(to));
  if (fits)
    return create<ReshapeOp>(element(input), to, input,
                             builder.getDenseI64ArrayAttr(pattern),
                             ShapeAttr());
  return create<ReshapeOp>(element(input), to, input,
                           builder.getDenseI64ArrayAttr({}), shapeAttr(to));
}

Value GraphBuilder::unsqueeze(Value input, ArrayRef<int64_t> axes) {
  SymbolicShape result = shape(input);
  for (int64_t axis : axes) {
    if (axis < 0 || axis > static_cast<int64_t>(result.size())) {
      fail("axis " + Twine(axis) + " is out of range");
      return input;
    }
    result.insert(result.begin() + axis, DimExpr(1));
  }
  return reshape(input, result);
}

Value GraphBuilder::squeeze(Value input, ArrayRef<int64_t> axes) {
  SymbolicShape from = shape(input), result;
  for (auto [i, extent] : llvm::enumerate(from)) {
    if (!llvm::is_contained(axes, static_cast<int64_t>(i))) {
      result.push_back(extent);
      continue;
    }
    if (extent.getConstant().value_or(1) != 1)
      fail("cannot squeeze the extent " + Twine(*extent.getConstant()) +
           " of axis " + Twine(i));
    requireEqual(extent, 1);
  }
  return reshape(input, result);
}

Value GraphBuilder::transpose(Value input, ArrayRef<int64_t> permutation) {
  SymbolicShape from = shape(input), result;
  SmallVector<bool> seen(from.size());
  for (int64_t axis : permutation) {
    if (axis < 0 || axis >= static_cast<int64_t>(from.size()) || seen[axis]) {
      fail("the permutation does not name every axis once");
      return input;
    }
    seen[axis] = true;
    result.push_back(from[axis]);
  }
  if (result.size() != from.size()) {
    fail("the permutation does not name every axis once");
    return input;
  }
  if (llvm::is_sorted(permutation))
    return input;
  return create<TransposeOp>(element(input), result, input,
                             builder.getDenseI64ArrayAttr(permutation));
}

Value GraphBuilder::transposeLast(Value input) {
  int64_t count = rank(input);
  if (count < 2) {
    fail("expected a tensor of rank 2 or more");
    return input;
  }
  auto permutation = llvm::to_vector(llvm::seq<int64_t>(count));
  std::swap(permutation[count - 1], permutation[count - 2]);
  return transpose(input, permutation);
}

Value GraphBuilder::expand(Value input, const SymbolicShape &to) {
  SymbolicShape result = broadcast(shape(input), to);
  if (result == shape(input))
    return input;
  return create<ExpandOp>(element(input), result, input, shapeAttr(result));
}

/// Whether a value is an input of the model in another type or layout.
static bool isInput(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<CastOp, TransposeOp, ReshapeOp>(op))
      return false;
    value = op->getOperand(0);
  }
  return true;
}

Value GraphBuilder::concat(ArrayRef<Value> inputs, int64_t axis) {
  if (inputs.size() == 1)
    return inputs.front();
  SymbolicShape result = shape(inputs.front());
  if (axis < 0 || axis >= static_cast<int64_t>(result.size())) {
    fail("axis " + Twine(axis) + " is out of range");
    return inputs.front();
  }
  for (Value input : inputs.drop_front()) {
    SymbolicShape next = shape(input);
    bool fits = next.size() == result.size() &&
                element(input) == element(inputs.front());
    for (size_t i = 0; fits && i < next.size(); ++i) {
      std::optional<int64_t> a = result[i].getConstant(),
                             b = next[i].getConstant();
      if (static_cast<int64_t>(i) == axis)
        continue;
      fits = !a || !b || *a == *b;
      requireEqual(result[i], next[i]);
      if (!a && b)
        result[i] = next[i];
    }
    if (!fits) {
      fail("cannot concatenate " + text(result) + " and " + text(next) +
           " along axis " + Twine(axis));
      return inputs.front();
    }
    result[axis] += next[axis];
  }
  for (Value input : inputs)
    if (isInput(input))
      appended.push_back(shape(input)[axis]);
  return create<ConcatOp>(element(inputs.front()), result, inputs,
                          builder.getI64IntegerAttr(axis));
}

Value GraphBuilder::slice(Value input, int64_t axis, const DimExpr &offset,
                          const DimExpr &size, int64_t step) {
  SymbolicShape offsets(rank(input), DimExpr()), sizes = shape(input);
  SmallVector<int64_t> steps(rank(input), 1);
  if (axis < 0 || axis >= rank(input)) {
    fail("axis " + Twine(axis) + " is out of range");
    return input;
  }
  offsets[axis] = offset;
  sizes[axis] = size;
  steps[axis] = step;
  return extract(input, offsets, sizes, steps);
}

void GraphBuilder::requireWithin(const DimExpr &extent, const DimExpr &offset,
                                 const DimExpr &size, int64_t step) {
  if (size == DimExpr(0))
    return;
  DimExpr last = offset + (size - DimExpr(1)) * DimExpr(step);
  requireAtMost(0, size);
  requireAtMost(0, step > 0 ? offset : last);
  requireAtMost((step > 0 ? last : offset) + DimExpr(1), extent);
}

Value GraphBuilder::extract(Value input, const SymbolicShape &offsets,
                            const SymbolicShape &sizes,
                            ArrayRef<int64_t> steps) {
  SymbolicShape from = shape(input);
  std::optional<size_t> changed;
  unsigned changes = 0;
  for (size_t i = 0; i < from.size(); ++i) {
    if (sizes[i] == from[i] && offsets[i] == DimExpr() && steps[i] == 1)
      continue;
    changed = i;
    ++changes;
    std::optional<int64_t> extent = from[i].getConstant(),
                           first = offsets[i].getConstant(),
                           size = sizes[i].getConstant();
    if (!extent || !first || !size) {
      requireWithin(from[i], offsets[i], sizes[i], steps[i]);
      continue;
    }
    if (*size == 0)
      continue;
    int64_t last = *first + (*size - 1) * steps[i];
    if (*first < 0 || *first >= *extent || last < 0 || last >= *extent)
      fail("a range that is not within the extent " + Twine(*extent));
  }
  if (!changed)
    return input;
  std::optional<int64_t> first = offsets[*changed].getConstant(),
                         size = sizes[*changed].getConstant();
  if (changes == 1 && steps[*changed] == 1 && first && size)
    return create<SliceOp>(
        element(input), sizes, input, builder.getI64IntegerAttr(*changed),
        builder.getI64IntegerAttr(*first), builder.getI64IntegerAttr(*size));
  return create<ExtractOp>(element(input), sizes, input, shapeAttr(offsets),
                           shapeAttr(sizes),
                           builder.getDenseI64ArrayAttr(steps));
}

Value GraphBuilder::select(Value input, int64_t axis, int64_t index) {
  SymbolicShape result = shape(input);
  if (axis < 0 || axis >= rank(input)) {
    fail("axis " + Twine(axis) + " is out of range");
    return input;
  }
  std::optional<int64_t> extent = result[axis].getConstant();
  if (index < 0 || (extent && index >= *extent)) {
    fail("the index " + Twine(index) + " is out of range");
    return input;
  }
  requireAtMost(index + 1, result[axis]);
  result.erase(result.begin() + axis);
  return create<SelectOp>(element(input), result, input,
                          builder.getI64IntegerAttr(axis),
                          builder.getI64IntegerAttr(index));
}

Value GraphBuilder::pad(PadMode mode, Value input, Value value,
                        ArrayRef<int64_t> low, ArrayRef<int64_t> high) {
  SymbolicShape result = shape(input);
  for (size_t i = 0; i < result.size(); ++i)
    result[i] += DimExpr(low[i]) + DimExpr(high[i]);
  if (llvm::all_of(low, [](int64_t n) { return n == 0; }) &&
      llvm::all_of(high, [](int64_t n) { return n == 0; }))
    return input;
  return create<PadOp>(element(input), result, mode, input, value,
                       builder.getDenseI64ArrayAttr(low),
                       builder.getDenseI64ArrayAttr(high));
}

//===----------------------------------------------------------------------===//
// Others
//===----------------------------------------------------------------------===//

Value GraphBuilder::gather(Value input, Value indices, int64_t axis) {
  SymbolicShape from = shape(input), at = shape(indices), result;
  if (axis < 0 || axis >= rank(input)) {
    fail("axis " + Twine(axis) + " is out of range");
    return input;
  }
  result.append(from.begin(), from.begin() + axis);
  result.append(at.begin(), at.end());
  result.append(from.begin() + axis + 1, from.end());
  requireIndices(indices, from[axis]);
  return create<GatherOp>(element(input), result, input,
                          cast(indices, builder.getI64Type()),
                          builder.getI64IntegerAttr(axis));
}

Value GraphBuilder::gatherElements(Value input, Value indices, int64_t axis) {
  if (rank(input) != rank(indices) || axis < 0 || axis >= rank(input)) {
    fail("expected indices of the rank of the data");
    return input;
  }
  for (int64_t i = 0; i < rank(input); ++i)
    if (i != axis)
      requireAtMost(shape(indices)[i], shape(input)[i]);
  requireIndices(indices, shape(input)[axis]);
  return create<GatherElementsOp>(element(input), shape(indices), input,
                                  cast(indices, builder.getI64Type()),
                                  builder.getI64IntegerAttr(axis));
}

Value GraphBuilder::reduce(ReduceKind kind, Value input, ArrayRef<int64_t> axes,
                           bool keepDims) {
  if (axes.empty())
    return input;
  SymbolicShape from = shape(input), result;
  for (auto [i, extent] : llvm::enumerate(from)) {
    if (!llvm::is_contained(axes, static_cast<int64_t>(i)))
      result.push_back(extent);
    else if (keepDims)
      result.push_back(1);
  }
  return create<ReduceOp>(element(input), result, kind, input,
                          builder.getDenseI64ArrayAttr(axes), keepDims);
}

Value GraphBuilder::matmul(Value lhs, Value rhs, bool transposeRhs) {
  SymbolicShape left = shape(lhs), right = shape(rhs);
  if (left.size() < 2 || right.size() < 2) {
    fail("expected matrices");
    return lhs;
  }
  if (transposeRhs)
    std::swap(right[right.size() - 1], right[right.size() - 2]);
  std::optional<int64_t> inner = left.back().getConstant(),
                         outer = right[right.size() - 2].getConstant();
  if ((inner && outer && *inner != *outer) || element(lhs) != element(rhs)) {
    fail("cannot multiply matrices " + text(left) + " and " + text(right));
    return lhs;
  }
  requireEqual(left.back(), right[right.size() - 2]);
  SymbolicShape result =
      broadcast(ArrayRef(left).drop_back(2), ArrayRef(right).drop_back(2));
  result.push_back(left[left.size() - 2]);
  result.push_back(right.back());
  return create<MatmulOp>(element(lhs), result, lhs, rhs, transposeRhs);
}
