//===- SymbolicShapes.cpp - Extents of values in the model's symbols ------===//
#include "attune/Dialect/Attune/Transforms/SymbolicShapes.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace attune;

/// How symbols begin that no model has.
static constexpr llvm::StringLiteral kMadeUp = "unnamed.";

static RankedTensorType ranked(Value value) {
  return cast<RankedTensorType>(value.getType());
}

RankedTensorType attune::getTensorType(Type element, ArrayRef<DimExpr> shape) {
  SmallVector<int64_t> extents;
  for (const DimExpr &extent : shape)
    extents.push_back(extent.getConstant().value_or(ShapedType::kDynamic));
  return RankedTensorType::get(extents, element);
}

SymbolicShapes::SymbolicShapes(Block &block) {
  auto function = dyn_cast<FunctionOpInterface>(block.getParentOp());
  for (BlockArgument argument : block.getArguments()) {
    if (!isa<RankedTensorType>(argument.getType()))
      continue;
    auto names = function ? function.getArgAttrOfType<ArrayAttr>(
                                argument.getArgNumber(), kDimsAttr)
                          : ArrayAttr();
    SymbolicShape shape = makeUp(argument);
    if (names && names.size() == shape.size())
      for (auto [extent, name] : llvm::zip(shape, names))
        if (auto text = dyn_cast<StringAttr>(name); text && !text.empty())
          if (!extent.getConstant())
            extent = DimExpr::parse(text).value_or(extent);
    shapes[argument] = shape;
  }
  // In order, so that asking later does not recurse through the whole model.
  for (Operation &op : block)
    for (Value result : op.getResults())
      if (isa<RankedTensorType>(result.getType()))
        get(result);
}

SymbolicShape SymbolicShapes::makeUp(Value value) {
  SymbolicShape shape;
  for (int64_t extent : ranked(value).getShape())
    shape.push_back(ShapedType::isDynamic(extent)
                        ? DimExpr::symbol((kMadeUp + Twine(madeUp++)).str())
                        : DimExpr(extent));
  return shape;
}

const SymbolicShape &SymbolicShapes::get(Value value) {
  auto known = shapes.find(value);
  if (known != shapes.end())
    return known->second;
  Operation *op = value.getDefiningOp();
  auto shaped = dyn_cast_or_null<SymbolicShapeOpInterface>(op);
  SmallVector<SymbolicShape> results;
  if (shaped) {
    SmallVector<SymbolicShape> operands;
    for (Value operand : op->getOperands())
      operands.push_back(isa<RankedTensorType>(operand.getType())
                             ? get(operand)
                             : SymbolicShape());
    shaped.inferSymbolicShapes(operands, results);
  }
  if (op)
    for (auto [i, result] : llvm::enumerate(op->getResults())) {
      if (!isa<RankedTensorType>(result.getType()))
        continue;
      SymbolicShape shape = makeUp(result);
      // Where the type says an extent, that is it.
      if (i < results.size() && results[i].size() == shape.size())
        for (auto [extent, inferred] : llvm::zip(shape, results[i]))
          if (!extent.getConstant())
            extent = inferred;
      shapes[result] = shape;
    }
  return shapes[value];
}

static bool isNamed(const DimExpr &extent) {
  for (const auto &[monomial, factor] : extent.getTerms())
    for (const std::string &symbol : monomial)
      if (StringRef(symbol).starts_with(kMadeUp))
        return false;
  return true;
}

Value SymbolicShapes::reshape(OpBuilder &builder, Location loc, Value value,
                              const SymbolicShape &shape) {
  while (true) {
    if (get(value) == shape)
      return value;
    auto before = value.getDefiningOp<ReshapeOp>();
    if (!before)
      break;
    value = before.getInput();
  }
  SymbolicShape from = get(value);
  SmallVector<int64_t> pattern;
  DimExpr known = 1;
  std::optional<size_t> open;
  bool fits = true;
  for (auto [i, extent] : llvm::enumerate(shape)) {
    if (std::optional<int64_t> number = extent.getConstant();
        number && *number > 0)
      pattern.push_back(*number);
    else if (i < from.size() && extent == from[i])
      pattern.push_back(0);
    else if (!open) {
      open = i;
      pattern.push_back(-1);
      continue;
    } else {
      fits = false;
      break;
    }
    known *= extent;
  }
  if (fits && open) {
    std::optional<DimExpr> rest = getNumElements(from).divideBy(known);
    fits = rest && *rest == shape[*open];
  }
  RankedTensorType type = getTensorType(ranked(value).getElementType(), shape);
  Value result;
  if (fits) {
    result = ReshapeOp::create(builder, loc, type, value, pattern);
  } else {
    if (!llvm::all_of(shape, isNamed))
      return {};
    result = ReshapeOp::create(
        builder, loc, type, value, builder.getDenseI64ArrayAttr({}),
        ShapeAttr::get(builder.getContext(), ArrayRef<DimExpr>(shape)));
  }
  shapes[result] = shape;
  return result;
}

Value SymbolicShapes::transpose(OpBuilder &builder, Location loc, Value value,
                                ArrayRef<int64_t> permutation) {
  SmallVector<int64_t> whole(permutation);
  while (auto before = value.getDefiningOp<TransposeOp>()) {
    for (int64_t &dim : whole)
      dim = before.getPermutation()[dim];
    value = before.getInput();
  }
  if (llvm::equal(whole, llvm::seq<int64_t>(0, whole.size())))
    return value;
  SymbolicShape shape;
  for (int64_t dim : whole)
    shape.push_back(get(value)[dim]);
  Value result = TransposeOp::create(
      builder, loc, getTensorType(ranked(value).getElementType(), shape), value,
      whole);
  shapes[result] = shape;
  return result;
}

void SymbolicShapes::replace(Value old, Value by) {
  for (Operation *user : llvm::make_early_inc_range(old.getUsers())) {
    OpBuilder builder(user);
    Value next;
    if (auto transposed = dyn_cast<TransposeOp>(user))
      next =
          transpose(builder, user->getLoc(), by, transposed.getPermutation());
    else if (auto reshaped = dyn_cast<ReshapeOp>(user)) {
      // In the symbols of the replacement.
      SmallVector<SymbolicShape> shape;
      reshaped.inferSymbolicShapes({get(by)}, shape);
      next = reshape(builder, user->getLoc(), by, shape.front());
    }
    if (next && next.getType() == user->getResult(0).getType())
      replace(user->getResult(0), next);
  }
  old.replaceAllUsesWith(by);
}
