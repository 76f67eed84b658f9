//===- RegionEmitter.cpp - A kernel's region on vectors -------------------===//
#include "attune/Backend/LLVM/RegionEmitter.h"
#include "attune/Backend/KernelRegion.h"
#include "attune/Backend/LLVM/VectorEmission.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace attune;

namespace {

ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

/// True when the extents of one in `shape` repeat nowhere in `space`: the rows
/// of a buffer of this shape are the rows of the space.
bool hasAllRows(ArrayRef<int64_t> shape, ArrayRef<int64_t> space) {
  if (shape.size() != space.size())
    return false;
  for (auto [extent, full] : llvm::zip(shape.drop_back(), space.drop_back()))
    if (extent == 1 && full != 1)
      return false;
  return true;
}

/// The memref with all but its last dimension collapsed to one.
Value collapseRows(OpBuilder &builder, Location loc, Value buffer) {
  int64_t rank = cast<MemRefType>(buffer.getType()).getRank();
  SmallVector<ReassociationIndices> groups(2);
  for (int64_t i = 0; i + 1 < rank; ++i)
    groups[0].push_back(i);
  groups[1].push_back(rank - 1);
  return memref::CollapseShapeOp::create(builder, loc, buffer, groups);
}

} // namespace

RegionEmitter::RegionEmitter(const KernelEmission &emission,
                             func::FuncOp function, OpBuilder &builder)
    : emission(emission), function(function) {
  KernelOp kernel = emission.kernel;
  Location loc = kernel.getLoc();
  Value output = emission.getOutput(function, 0);
  llvm::append_range(space, shapeOf(kernel.getYield().getValues()[0]));
  auto extent = [&](int64_t i) -> Value {
    if (!ShapedType::isDynamic(space[i]))
      return arith::ConstantIndexOp::create(builder, loc, space[i]);
    return memref::DimOp::create(builder, loc, output, i);
  };
  int64_t rank = space.size();
  rows = arith::ConstantIndexOp::create(builder, loc, 1);
  for (int64_t i = 0; i + 1 < rank; ++i) {
    leading.push_back(extent(i));
    rows = i ? arith::MulIOp::create(builder, loc, rows, leading.back())
             : leading.back();
  }
  columns = rank ? extent(rank - 1)
                 : arith::ConstantIndexOp::create(builder, loc, 1).getResult();

  auto collapse = [&](Value buffer, ArrayRef<int64_t> shape) {
    auto type = cast<MemRefType>(buffer.getType());
    if (type.getRank() == int64_t(shape.size()) && type.getRank() > 2 &&
        type.getLayout().isIdentity() && hasAllRows(shape, space))
      collapsed[buffer] = collapseRows(builder, loc, buffer);
  };
  for (BlockArgument argument : kernel.getBody().getArguments())
    collapse(emission.getInput(function, argument.getArgNumber()),
             shapeOf(argument));
  for (auto [i, value] : llvm::enumerate(kernel.getYield().getValues()))
    collapse(emission.getOutput(function, i), shapeOf(value));
}

RegionEmitter::Place
RegionEmitter::locate(OpBuilder &builder, Location loc, Value buffer,
                      ArrayRef<int64_t> shape,
                      const VectorPosition &position) const {
  Place place;
  place.buffer = buffer;
  if (Value matrix = collapsed.lookup(buffer)) {
    place.buffer = matrix;
    place.indices = {position.row, position.column};
  } else {
    Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
    // From the last row dimension to the first, dividing what is left.
    Value rest = position.row;
    SmallVector<Value> reversed;
    size_t numRowDims = shape.empty() ? 0 : shape.size() - 1;
    for (size_t i = 0; i < numRowDims; ++i) {
      size_t dim = leading.size() - 1 - i;
      int64_t own = shape[shape.size() - 2 - i];
      bool isFirst = dim == 0;
      if (own == 1)
        reversed.push_back(zero);
      else
        reversed.push_back(
            isFirst ? rest
                    : arith::RemUIOp::create(builder, loc, rest, leading[dim])
                          .getResult());
      if (!isFirst && i + 1 < numRowDims)
        rest = arith::DivUIOp::create(builder, loc, rest, leading[dim]);
    }
    place.indices.append(reversed.rbegin(), reversed.rend());
    if (!shape.empty())
      place.indices.push_back(position.column);
  }
  place.broadcast = shape.empty() || (shape.back() == 1 && space.back() != 1);
  if (place.broadcast && !shape.empty())
    place.indices.back() = arith::ConstantIndexOp::create(builder, loc, 0);
  return place;
}

Value RegionEmitter::load(OpBuilder &builder, Location loc, unsigned argument,
                          const VectorPosition &position) const {
  KernelOp kernel = emission.kernel;
  Value buffer = emission.getInput(function, argument);
  Place place =
      locate(builder, loc, buffer,
             shapeOf(kernel.getBody().getArgument(argument)), position);
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  auto type = VectorType::get({position.lanes}, element);
  if (place.broadcast) {
    Value scalar =
        memref::LoadOp::create(builder, loc, place.buffer, place.indices);
    return vector::BroadcastOp::create(builder, loc, type, scalar);
  }
  if (!position.mask)
    return vector::LoadOp::create(builder, loc, type, place.buffer,
                                  place.indices);
  Value zeros = arith::ConstantOp::create(
      builder, loc, type, cast<TypedAttr>(builder.getZeroAttr(type)));
  return vector::MaskedLoadOp::create(builder, loc, type, place.buffer,
                                      place.indices, position.mask, zeros);
}

Value RegionEmitter::emit(OpBuilder &builder, Location loc, Value value,
                          const VectorPosition &position,
                          KnownVectors known) const {
  // Regions are small trees, but shared values are emitted once all the same.
  std::function<Value(Value)> visit = [&](Value current) -> Value {
    if (Value seen = known.lookup(current))
      return seen;
    Value result;
    if (auto argument = dyn_cast<BlockArgument>(current)) {
      result = load(builder, loc, argument.getArgNumber(), position);
    } else {
      DenseElementsAttr constant;
      auto op = dyn_cast<VectorEmissionOpInterface>(current.getDefiningOp());
      if (!op && matchPattern(current, m_Constant(&constant))) {
        auto type = VectorType::get({position.lanes}, builder.getF32Type());
        return arith::ConstantOp::create(
            builder, loc,
            DenseElementsAttr::get(type,
                                   constant.getSplatValue<llvm::APFloat>()));
      }
      if (!op)
        return {};
      SmallVector<Value> operands;
      for (Value operand : op->getOperands())
        if (!operands.emplace_back(visit(operand)))
          return {};
      result = op.emitVector(builder, loc, operands);
    }
    known[current] = result;
    return result;
  };
  return visit(value);
}

void RegionEmitter::store(OpBuilder &builder, Location loc, unsigned index,
                          const VectorPosition &position, Value vector) const {
  KernelOp kernel = emission.kernel;
  Value buffer = emission.getOutput(function, index);
  Place place = locate(builder, loc, buffer,
                       shapeOf(kernel.getYield().getValues()[index]), position);
  if (position.mask)
    vector::MaskedStoreOp::create(builder, loc, place.buffer, place.indices,
                                  position.mask, vector);
  else
    vector::StoreOp::create(builder, loc, vector, place.buffer, place.indices);
}

void RegionEmitter::emitResults(OpBuilder &builder, Location loc,
                                const VectorPosition &position,
                                const KnownVectors &known) const {
  KernelOp kernel = emission.kernel;
  SmallVector<Value> vectors;
  // All are computed before the first is stored: a result may share the
  // memory of an input.
  for (Value value : kernel.getYield().getValues())
    vectors.push_back(emit(builder, loc, value, position, known));
  for (auto [i, vector] : llvm::enumerate(vectors))
    store(builder, loc, i, position, vector);
}

LogicalResult RegionEmitter::supportsValue(Value value, ValueRange known,
                                           std::string &reason) {
  Operation *op = findUnsupported(value, known, isVectorized);
  if (!op)
    return success();
  reason = ("no vector code for '" + op->getName().getStringRef() + "'").str();
  return failure();
}

LogicalResult RegionEmitter::supportsResults(KernelOp kernel, ValueRange known,
                                             std::string &reason) {
  ArrayRef<int64_t> space;
  for (auto [i, value] : llvm::enumerate(kernel.getYield().getValues())) {
    ArrayRef<int64_t> shape = shapeOf(value);
    if (i && shape != space) {
      reason = "results of different shapes";
      return failure();
    }
    space = shape;
    if (failed(supportsValue(value, known, reason)))
      return failure();
    if (cast<RankedTensorType>(value.getType()).getElementType().isInteger(1) &&
        !llvm::is_contained(known, value)) {
      reason = "no vector code that stores bools";
      return failure();
    }
  }
  return success();
}
