//===- ShapeOps.cpp - Other shapes, and tensors made of nothing -----------===//
#include "Import.h"

using namespace mlir;
using namespace attune;

static llvm::Error dataDependent(NodeImporter &node, const Twine &what) {
  return node.unsupported(what + " that is computed from data",
                          "extents must follow from those of inputs");
}

//===----------------------------------------------------------------------===//
// The same elements
//===----------------------------------------------------------------------===//

static llvm::Error importReshape(NodeImporter &node) {
  std::optional<SymbolicShape> wanted = node.symbolicIntegers(1);
  if (!wanted)
    return dataDependent(node, "a shape");
  const SymbolicShape from = node.shape(0);
  bool allowZero = node.integer("allowzero", 0) != 0;
  SymbolicShape to;
  std::optional<size_t> open;
  DimExpr known = 1;
  for (auto [i, extent] : llvm::enumerate(*wanted)) {
    DimExpr value = extent;
    if (extent == DimExpr(-1)) {
      if (open)
        return node.error("expected one -1 in the shape, found several");
      open = i;
      value = 1;
    } else if (extent == DimExpr(0) && !allowZero) {
      if (i >= from.size())
        return node.error("expected 0 in the shape only where the input has a "
                          "dimension");
      value = from[i];
    } else if (extent.getConstant().value_or(0) < 0) {
      return node.error("expected extents of -1 and more, found " +
                        Twine(extent.str()));
    }
    to.push_back(value);
    known *= value;
  }
  if (open) {
    DimExpr total = getNumElements(from);
    std::optional<DimExpr> rest = known == DimExpr(0)
                                      ? std::optional(DimExpr(0))
                                      : divideExtents(total, known);
    if (!rest && total.getConstant() && known.getConstant())
      return node.error("cannot reshape " + Twine(total.str()) +
                        " elements to rows of " + known.str());
    if (!rest)
      return node.unsupported("an extent of (" + Twine(total.str()) + ") / (" +
                              known.str() + ")");
    to[*open] = *rest;
  }
  return node.reshapedResult(to);
}

static llvm::Error importFlatten(NodeImporter &node) {
  const SymbolicShape &shape = node.shape(0);
  int64_t rank = shape.size(), axis = node.integer("axis", 1);
  if (axis < -rank || axis > rank)
    return node.error("expected an axis in [" + Twine(-rank) + ", " +
                      Twine(rank) + "], found " + Twine(axis));
  axis = axis < 0 ? axis + rank : axis;
  return node.reshapedResult(
      {getNumElements(ArrayRef(shape).take_front(axis)),
       getNumElements(ArrayRef(shape).drop_front(axis))});
}

/// The axes of Squeeze and Unsqueeze: an attribute, or an input from opset 13
/// on.
static std::optional<std::vector<int64_t>> axesOf(NodeImporter &node) {
  if (node.hasInput(1))
    return node.constantIntegers(1);
  if (auto axes = node.integers("axes"))
    return std::vector<int64_t>(axes->begin(), axes->end());
  return std::vector<int64_t>();
}

static llvm::Error importSqueeze(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  std::optional<std::vector<int64_t>> given = axesOf(node);
  if (!given)
    return dataDependent(node, "axes");
  SmallVector<int64_t> axes = b.axes(*given, node.rank(0));
  bool takesAll = !node.hasInput(1) && !node.has("axes");
  SymbolicShape to;
  for (auto [i, extent] : llvm::enumerate(node.shape(0))) {
    bool isNamed = llvm::is_contained(axes, static_cast<int64_t>(i));
    if (isNamed && extent.getConstant().value_or(1) != 1)
      return node.error("cannot squeeze axis " + Twine(i) + " of extent " +
                        extent.str());
    if (!isNamed && !(takesAll && extent == DimExpr(1)))
      to.push_back(extent);
  }
  if (llvm::Error error = node.check())
    return error;
  return node.reshapedResult(to);
}

static llvm::Error importUnsqueeze(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  std::optional<std::vector<int64_t>> given = axesOf(node);
  if (!given)
    return dataDependent(node, "axes");
  SmallVector<int64_t> axes =
      b.axes(*given, node.rank(0) + static_cast<int64_t>(given->size()));
  if (llvm::Error error = node.check())
    return error;
  SymbolicShape to = node.shape(0);
  for (int64_t axis : axes)
    to.insert(to.begin() + axis, DimExpr(1));
  return node.reshapedResult(to);
}

static llvm::Error importShape(NodeImporter &node) {
  return node.result(node.builder().extents(node.shape(0)), OnnxType::I64);
}

static llvm::Error importSize(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  return node.result(b.reshape(b.extents({getNumElements(node.shape(0))}), {}),
                     OnnxType::I64);
}

//===----------------------------------------------------------------------===//
// Made of nothing
//===----------------------------------------------------------------------===//

static llvm::Error importConstant(NodeImporter &node) {
  OpBuilder &builder = node.builder().ops();
  ImportedValue result;
  auto fromNumbers = [&](OnnxType type, ArrayRef<int64_t> extents,
                         auto values) {
    result.type = type;
    llvm::append_range(result.shape, extents);
    Type element = type == OnnxType::F32 ? Type(builder.getF32Type())
                                         : Type(builder.getI64Type());
    result.constant =
        DenseElementsAttr::get(RankedTensorType::get(extents, element), values);
    node.setResult(0, std::move(result));
  };
  if (node.has("value")) {
    const OnnxTensor *tensor = node.tensor("value");
    if (!tensor)
      return node.check();
    OnnxTensor named = *tensor;
    // Whose weight it is shows in its name.
    if (named.name.empty() && !node.getNode().outputs.empty())
      named.name = node.getNode().outputs.front();
    result.type = named.type;
    llvm::append_range(result.shape, named.shape);
    result.tensor = node.getImport().keep(std::move(named));
    node.setResult(0, std::move(result));
  } else if (node.has("value_float")) {
    float value = static_cast<float>(node.number("value_float", 0));
    fromNumbers(OnnxType::F32, {}, ArrayRef<float>(value));
  } else if (node.has("value_int")) {
    int64_t value = node.integer("value_int", 0);
    fromNumbers(OnnxType::I64, {}, ArrayRef<int64_t>(value));
  } else if (node.has("value_floats")) {
    std::vector<float> values;
    for (double value :
         node.numbers("value_floats").value_or(SmallVector<double>()))
      values.push_back(static_cast<float>(value));
    fromNumbers(OnnxType::F32, {static_cast<int64_t>(values.size())},
                ArrayRef<float>(values));
  } else if (node.has("value_ints")) {
    auto values = node.integers("value_ints").value_or(SmallVector<int64_t>());
    fromNumbers(OnnxType::I64, {static_cast<int64_t>(values.size())},
                ArrayRef<int64_t>(values));
  } else {
    return node.unsupported("a value that is a string or sparse");
  }
  return node.check();
}

static llvm::Error importConstantOfShape(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  std::optional<SymbolicShape> wanted = node.symbolicIntegers(0);
  if (!wanted)
    return dataDependent(node, "a shape");
  SymbolicShape shape = *wanted;
  for (const DimExpr &extent : shape)
    if (extent.getConstant().value_or(0) < 0)
      return node.error("expected extents of 0 and more, found " +
                        Twine(extent.str()));
  const OnnxTensor *value = node.tensor("value");
  if (!value)
    return node.result(b.splat(b.ops().getF32Type(), shape, 0), OnnxType::F32);
  Type element = b.elementType(value->type);
  if (!element || value->count != 1)
    return node.error("expected a value of one number");
  DenseElementsAttr scalar =
      readConstant(*b.context(), node.getImport().getModel(), *value, element)
          .reshape(RankedTensorType::get({}, element));
  if (std::optional<int64_t> count = getNumElements(shape).getConstant()) {
    SmallVector<int64_t> extents;
    for (const DimExpr &extent : shape)
      extents.push_back(extent.getConstant().value_or(0));
    if (*count <= kMaxInlineElements)
      return node.result(b.constant(DenseElementsAttr::get(
                             RankedTensorType::get(extents, element),
                             scalar.getSplatValue<Attribute>())),
                         value->type);
  }
  return node.result(b.expand(b.constant(scalar), shape), value->type);
}

/// ceil((limit - start) / delta), 0 when negative; nullopt when the symbols
/// decide.
static std::optional<DimExpr>
rangeCount(const DimExpr &start, const DimExpr &limit, const DimExpr &delta) {
  std::optional<int64_t> step = delta.getConstant();
  DimExpr distance = limit - start;
  std::optional<int64_t> known = distance.getConstant();
  if (!step || *step == 0)
    return std::nullopt;
  if (!known)
    return distance.divideBy(delta);
  if ((*known > 0) != (*step > 0))
    return DimExpr(0);
  return DimExpr(*known / *step + (*known % *step != 0));
}

static llvm::Error importRange(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  OnnxType type = node.type(0);
  Type element = b.elementType(type);
  if (isa<FloatType>(element)) {
    std::optional<std::vector<double>> start = node.constantNumbers(0),
                                       limit = node.constantNumbers(1),
                                       delta = node.constantNumbers(2);
    if (!start || !limit || !delta || start->size() != 1 ||
        limit->size() != 1 || delta->size() != 1)
      return dataDependent(node, "a range");
    double count = std::ceil(((*limit)[0] - (*start)[0]) / (*delta)[0]);
    if (!(count < 1e12))
      return node.error("a range of too many elements");
    DimExpr extent(std::max<int64_t>(0, static_cast<int64_t>(count)));
    return node.result(b.create<IotaOp>(element, {extent},
                                        b.shapeAttr({extent}),
                                        FloatAttr::get(element, (*start)[0]),
                                        FloatAttr::get(element, (*delta)[0])),
                       type);
  }
  auto start = node.symbolicIntegers(0), limit = node.symbolicIntegers(1),
       delta = node.symbolicIntegers(2);
  if (!start || !limit || !delta || start->size() != 1 || limit->size() != 1 ||
      delta->size() != 1)
    return dataDependent(node, "a range");
  if ((*delta)[0] == DimExpr(0))
    return node.error("expected a delta other than 0");
  std::optional<DimExpr> count =
      rangeCount((*start)[0], (*limit)[0], (*delta)[0]);
  if (!count)
    return node.unsupported("a range from " + Twine((*start)[0].str()) +
                            " to " + (*limit)[0].str() + " by " +
                            (*delta)[0].str());
  std::optional<int64_t> first = (*start)[0].getConstant();
  Value numbers = b.iota(element, *count, first.value_or(0),
                         (*delta)[0].getConstant().value_or(1));
  if (!first)
    numbers = b.add(numbers, b.cast(b.extents({(*start)[0]}), element));
  return node.result(numbers, type);
}

static llvm::Error importEyeLike(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  if (node.rank(0) != 2)
    return node.error("expected a matrix");
  auto type = static_cast<OnnxType>(
      node.integer("dtype", static_cast<int64_t>(node.type(0))));
  int64_t number = static_cast<int64_t>(type);
  Type element =
      number > 0 && number <= kLastOnnxType ? b.elementType(type) : Type();
  if (!element)
    return node.unsupported("dtype " + Twine(number));
  Type index = b.ops().getI64Type();
  SymbolicShape shape = node.shape(0);
  Value rows = b.unsqueeze(b.iota(index, shape[0], node.integer("k", 0)), {1});
  Value equal = b.compare(CompareKind::k_eq, rows, b.iota(index, shape[1]));
  return node.result(b.cast(equal, element), type);
}

static llvm::Error importOneHot(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  std::optional<SymbolicShape> depth = node.symbolicIntegers(1);
  if (!depth)
    if (auto numbers = node.constantNumbers(1); numbers && numbers->size() == 1)
      depth = {DimExpr(static_cast<int64_t>((*numbers)[0]))};
  if (!depth || depth->size() != 1)
    return dataDependent(node, "a depth");
  if (node.rank(2) != 1)
    return node.error("expected values [off, on]");
  Type index = b.ops().getI64Type();
  Value indices = b.cast(node.value(0), index);
  int64_t rank = b.rank(indices);
  int64_t axis = node.axis("axis", -1, rank + 1);
  Value depthValue = b.reshape(b.extents({(*depth)[0]}), {});
  Value wrapped =
      b.where(b.compare(CompareKind::k_lt, indices, b.scalar(index, 0)),
              b.add(indices, depthValue), indices);
  SymbolicShape places(rank + 1, DimExpr(1));
  places[axis] = (*depth)[0];
  Value equal = b.compare(CompareKind::k_eq, b.unsqueeze(wrapped, {axis}),
                          b.reshape(b.iota(index, (*depth)[0]), places));
  Value values = node.value(2);
  return node.result(
      b.where(equal, b.select(values, 0, 1), b.select(values, 0, 0)),
      node.type(2));
}

void attune::registerShapeOps(OnnxOps &ops) {
  ops.addView("Reshape", {2, 2}, importReshape);
  ops.addView("Flatten", {1, 1}, importFlatten);
  ops.addView("Squeeze", {1, 2}, importSqueeze);
  ops.addView("Unsqueeze", {1, 2}, importUnsqueeze);
  ops.add("Shape", {1, 1}, importShape);
  ops.add("Size", {1, 1}, importSize);
  ops.add("Constant", {0, 0}, importConstant);
  ops.add("ConstantOfShape", {1, 1}, importConstantOfShape);
  ops.add("Range", {3, 3}, importRange);
  ops.add("EyeLike", {1, 1}, importEyeLike);
  ops.add("OneHot", {3, 3}, importOneHot);
}
