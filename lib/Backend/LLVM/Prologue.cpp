//===- Prologue.cpp - An anchor's operand at any position -----------------===//
#include "Prologue.h"
#include "PlainLoops.h"
#include "attune/Backend/LLVM/VectorEmission.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace attune;

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// All values that `value` is computed from, itself among them.
static llvm::SmallSetVector<Value, 8> collectTree(Value value) {
  llvm::SmallSetVector<Value, 8> tree;
  tree.insert(value);
  for (size_t i = 0; i < tree.size(); ++i)
    if (Operation *op = tree[i].getDefiningOp())
      tree.insert(op->operand_begin(), op->operand_end());
  return tree;
}

LogicalResult Prologue::supports(KernelOp kernel, Value value,
                                 std::string &reason) {
  if (!llvm::equal(kernel.getYield().getValues(),
                   kernel.getAnchor()->getResults())) {
    reason = "the kernel must yield the results of its anchor";
    return failure();
  }
  if (isa<BlockArgument>(value))
    return success();
  RankedTensorType space = typeOf(value);
  SmallVector<bool> known;
  for (int64_t extent : space.getShape())
    known.push_back(!ShapedType::isDynamic(extent));
  for (Value part : collectTree(value)) {
    RankedTensorType type = typeOf(part);
    int64_t missing = space.getRank() - type.getRank();
    if (!type.getElementType().isF32() || missing < 0) {
      reason = "elementwise ops before the anchor on other elements than f32";
      return failure();
    }
    Operation *op = part.getDefiningOp();
    if (op && !isVectorized(op)) {
      reason =
          ("no vector code for '" + op->getName().getStringRef() + "'").str();
      return failure();
    }
    for (int64_t i = 0; !op && i < type.getRank(); ++i)
      known[missing + i] = known[missing + i] || type.isDynamicDim(i);
  }
  if (!llvm::is_contained(known, false))
    return success();
  reason = "an extent of the anchor's operand that no argument has";
  return failure();
}

bool Prologue::canJoinDims(Value value) {
  for (Value part : collectTree(value))
    if (isa<BlockArgument>(part) &&
        typeOf(part).getShape() != typeOf(value).getShape())
      return false;
  return true;
}

Prologue::Prologue(const KernelEmission &emission, func::FuncOp function,
                   OpBuilder &builder, Value value)
    : builder(builder), loc(value.getLoc()), value(value) {
  IndexMath math(builder, loc);
  int64_t rank = typeOf(value).getRank();
  extents.resize(rank);
  for (int64_t i = 0; i < rank; ++i)
    if (!typeOf(value).isDynamicDim(i))
      extents[i] = math.constant(typeOf(value).getDimSize(i));
  for (Value part : collectTree(value)) {
    if (!isa<BlockArgument>(part))
      continue;
    Value buffer = getOperandBuffer(emission, function, part);
    buffers[part] = buffer;
    // Operands are aligned at the last dimension.
    int64_t own = typeOf(part).getRank();
    for (int64_t i = 0; i < own; ++i)
      if (Value &extent = extents[rank - own + i];
          !extent && typeOf(part).isDynamicDim(i))
        extent = math.dim(buffer, i);
  }
}

void Prologue::setExtents(ArrayRef<Value> newExtents) {
  extents.assign(newExtents.begin(), newExtents.end());
  for (auto &[argument, buffer] : buffers)
    buffer = emitReshape(builder, loc, buffer, newExtents);
  joined = true;
}

Value Prologue::loadArgument(BlockArgument argument, const NumberMath &number,
                             ArrayRef<Value> indices, Value mask) const {
  Value buffer = buffers.lookup(argument);
  if (joined)
    return number.load(buffer, indices, mask);
  ArrayRef<int64_t> shape = typeOf(argument).getShape();
  ArrayRef<int64_t> space = typeOf(value).getShape();
  SmallVector<Value> own(indices.take_back(shape.size()));
  space = space.take_back(shape.size());
  for (auto [index, extent, full] : llvm::zip(own, shape, space))
    if (extent == 1 && full != 1)
      index = IndexMath(builder, loc).constant(0);
  if (shape.empty() || (shape.back() == 1 && space.back() != 1))
    return number.splat(number.with(1).load(buffer, own));
  return number.load(buffer, own, mask);
}

Value Prologue::load(const NumberMath &number, ArrayRef<Value> indices,
                     Value mask) const {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return loadArgument(argument, number, indices, mask);
  // The code of elementwise ops is for vectors, if of one element.
  auto single = VectorType::get({1}, number.getElementType());
  bool isScalar = number.getLanes() == 1;
  llvm::SmallDenseMap<Value, Value, 8> known;
  std::function<Value(Value)> visit = [&](Value current) -> Value {
    if (Value seen = known.lookup(current))
      return seen;
    Value result;
    if (auto argument = dyn_cast<BlockArgument>(current)) {
      result = loadArgument(argument, number, indices, mask);
      if (isScalar)
        result = vector::BroadcastOp::create(builder, loc, single, result);
    } else if (DenseElementsAttr constant;
               matchPattern(current, m_Constant(&constant))) {
      auto type = VectorType::get({number.getLanes()}, number.getElementType());
      result = arith::ConstantOp::create(
          builder, loc,
          DenseElementsAttr::get(type,
                                 constant.getSplatValue<llvm::APFloat>()));
    } else {
      Operation *op = current.getDefiningOp();
      SmallVector<Value> operands;
      for (Value operand : op->getOperands())
        operands.push_back(visit(operand));
      result = cast<VectorEmissionOpInterface>(op).emitVector(builder, loc,
                                                              operands);
    }
    return known[current] = result;
  };
  Value result = visit(value);
  if (isScalar)
    result = vector::ExtractOp::create(builder, loc, result, 0);
  return result;
}

//===----------------------------------------------------------------------===//
// ReducedOperand
//===----------------------------------------------------------------------===//

ReducedOperand::ReducedOperand(Value value, ArrayRef<int64_t> axes)
    : value(value), joins(Prologue::canJoinDims(value)) {
  for (int64_t i = 0, e = typeOf(value).getRank(); i < e; ++i) {
    bool reduced = llvm::is_contained(axes, i);
    if (joins && !runs.empty() && runs.back().reduced == reduced)
      runs.back().dims.push_back(i);
    else
      runs.push_back({reduced, {i}});
  }
}

void ReducedOperand::prepare(const KernelEmission &emission,
                             func::FuncOp function, OpBuilder &builder) {
  Location loc = value.getLoc();
  prologue.emplace(emission, function, builder, value);
  ArrayRef<Value> own = prologue->getExtents();
  SmallVector<Value> extents;
  kept.clear();
  reduced.clear();
  for (const Run &run : runs) {
    SmallVector<Value> parts;
    for (int64_t dim : run.dims)
      parts.push_back(own[dim]);
    extents.push_back(emitProduct(builder, loc, parts));
    (run.reduced ? reduced : kept).push_back(extents.back());
  }
  if (joins && !runs.empty())
    prologue->setExtents(extents);
  count = emitProduct(builder, loc, reduced);
  if (isLastReduced() || runs.empty())
    columns = IndexMath(builder, loc).constant(1);
  else
    columns = kept.pop_back_val();
  rows = emitProduct(builder, loc, kept);
}

Value ReducedOperand::load(const NumberMath &number,
                           ArrayRef<Value> keptIndices,
                           ArrayRef<Value> reducedIndices, Value last,
                           Value mask) const {
  SmallVector<Value> indices;
  for (const Run &run : ArrayRef(runs).drop_back(runs.empty() ? 0 : 1)) {
    ArrayRef<Value> &source = run.reduced ? reducedIndices : keptIndices;
    indices.push_back(source.front());
    source = source.drop_front();
  }
  if (!runs.empty())
    indices.push_back(last);
  return prologue->load(number, indices, mask);
}
