//===- ShapeOps.cpp - Other forms and parts of a tensor -------------------===//
#include "Verify.h"
#include "attune/Dialect/Attune/IR/Attune.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"

using namespace mlir;
using namespace attune;

//===----------------------------------------------------------------------===//
// ReshapeOp
//===----------------------------------------------------------------------===//

LogicalResult ReshapeOp::verify() {
  ArrayRef<int64_t> input = ranked(getInput()).getShape();
  if (ShapeAttr extents = getExtentsAttr()) {
    if (!getShape().empty())
      return emitOpError("expected either shape or extents");
    return verifyShape(*this, "a result", getResult().getType(),
                       extents.getStaticShape());
  }
  ArrayRef<int64_t> shape = getShape();
  if (llvm::count(shape, -1) > 1)
    return emitOpError("expected at most one -1 in shape");
  SmallVector<int64_t> expected;
  for (auto [i, extent] : llvm::enumerate(shape)) {
    if (extent < -1)
      return emitOpError() << "expected extents of -1 or more, got " << extent;
    if (extent == 0 && i >= input.size())
      return emitOpError() << "expected shape[" << i
                           << "] to name an operand dimension, but the operand "
                              "has rank "
                           << input.size();
    expected.push_back(extent == -1  ? ShapedType::kDynamic
                       : extent == 0 ? input[i]
                                     : extent);
  }
  RankedTensorType result = ranked(getResult());
  if (ranked(getInput()).hasStaticShape() && result.hasStaticShape() &&
      ranked(getInput()).getNumElements() != result.getNumElements())
    return emitOpError() << "expected as many elements as the operand has, got "
                         << shapeText(input) << " and "
                         << shapeText(result.getShape());
  return verifyShape(*this, "a result", result, expected);
}

void ReshapeOp::inferSymbolicShapes(ArrayRef<SymbolicShape> operands,
                                    SmallVectorImpl<SymbolicShape> &results) {
  if (ShapeAttr extents = getExtentsAttr()) {
    results.push_back(extents.getShape());
    return;
  }
  SymbolicShape shape;
  DimExpr known = 1;
  std::optional<size_t> open;
  for (auto [i, extent] : llvm::enumerate(getShape())) {
    if (extent == -1)
      open = i;
    shape.push_back(extent == 0    ? operands[0][i]
                    : extent == -1 ? DimExpr(1)
                                   : DimExpr(extent));
    known *= shape.back();
  }
  if (open)
    if (auto rest = getNumElements(operands[0]).divideBy(known))
      shape[*open] = *rest;
  results.push_back(shape);
}

Value ReshapeOp::buildView(OpBuilder &builder, Value source,
                           ArrayRef<OpFoldResult> shape) {
  auto sourceType = cast<MemRefType>(source.getType());
  auto resultTensor = ranked(getResult());
  // Splitting and merging of dimensions keeps any layout whose merged
  // dimensions are contiguous; other reshapes need contiguous memory.
  auto reassociation =
      getReassociationIndicesForReshape(ranked(getInput()), resultTensor);
  Location loc = getLoc();
  if (reassociation) {
    if (resultTensor.getRank() > sourceType.getRank()) {
      auto type = memref::ExpandShapeOp::computeExpandedType(
          sourceType, resultTensor.getShape(), *reassociation);
      // MLIR splits a dimension only where one part at most is dynamic.
      bool canSplit = llvm::all_of(*reassociation, [&](auto &group) {
        return llvm::count_if(group, [&](int64_t dim) {
                 return resultTensor.isDynamicDim(dim);
               }) <= 1;
      });
      if (succeeded(type) && canSplit)
        return memref::ExpandShapeOp::create(builder, loc, *type, source,
                                             *reassociation, shape);
    } else if (memref::CollapseShapeOp::isGuaranteedCollapsible(
                   sourceType, *reassociation)) {
      return memref::CollapseShapeOp::create(builder, loc, source,
                                             *reassociation);
    }
  }
  if (!sourceType.getLayout().isIdentity())
    return {};
  // Any other form of contiguous memory by way of one dimension.
  auto all = [](int64_t rank) {
    SmallVector<ReassociationIndices> groups;
    if (rank)
      groups.emplace_back(llvm::to_vector(llvm::seq<int64_t>(0, rank)));
    return groups;
  };
  if (sourceType.getRank() != 1)
    source = sourceType.getRank()
                 ? memref::CollapseShapeOp::create(builder, loc, source,
                                                   all(sourceType.getRank()))
                       .getResult()
                 : memref::ExpandShapeOp::create(
                       builder, loc, ArrayRef<int64_t>{1}, source,
                       ArrayRef<ReassociationIndices>(),
                       ArrayRef<OpFoldResult>{builder.getIndexAttr(1)})
                       .getResult();
  int64_t rank = resultTensor.getRank();
  if (rank == 1)
    return source;
  if (rank == 0)
    return memref::CollapseShapeOp::create(builder, loc, source,
                                           ArrayRef<ReassociationIndices>());
  if (resultTensor.getNumDynamicDims() <= 1)
    return memref::ExpandShapeOp::create(builder, loc, resultTensor.getShape(),
                                         source, all(rank), shape);
  SmallVector<OpFoldResult> strides(rank, builder.getIndexAttr(1));
  for (int64_t i = rank - 1; i > 0; --i) {
    std::optional<int64_t> inner = getConstantIntValue(strides[i]),
                           extent = getConstantIntValue(shape[i]);
    if (inner && extent)
      strides[i - 1] = builder.getIndexAttr(*inner * *extent);
    else
      strides[i - 1] =
          arith::MulIOp::create(
              builder, loc,
              getValueOrCreateConstantIndexOp(builder, loc, strides[i]),
              getValueOrCreateConstantIndexOp(builder, loc, shape[i]))
              .getResult();
  }
  auto type =
      MemRefType::get(resultTensor.getShape(), sourceType.getElementType());
  return memref::ReinterpretCastOp::create(
      builder, loc, type, source, builder.getIndexAttr(0), shape, strides);
}

//===----------------------------------------------------------------------===//
// SliceOp
//===----------------------------------------------------------------------===//

LogicalResult SliceOp::verify() {
  SmallVector<int64_t> expected(ranked(getInput()).getShape());
  int64_t axis = getAxis(), offset = getOffset(), size = getSize();
  if (failed(verifyAxis(*this, getInput(), axis)))
    return failure();
  int64_t &extent = expected[axis];
  if (offset < 0 || size < 0 ||
      (!ShapedType::isDynamic(extent) &&
       (size > extent || offset > extent - size)))
    return emitOpError() << "expected a range within the extent " << extent
                         << " of dimension " << axis << ", got offset "
                         << offset << " and size " << size;
  extent = size;
  return verifyShape(*this, "a result", getResult().getType(), expected);
}

void SliceOp::inferSymbolicShapes(ArrayRef<SymbolicShape> operands,
                                  SmallVectorImpl<SymbolicShape> &results) {
  SymbolicShape shape = operands[0];
  shape[getAxis()] = static_cast<int64_t>(getSize());
  results.push_back(shape);
}

Value SliceOp::buildView(OpBuilder &builder, Value source,
                         ArrayRef<OpFoldResult> shape) {
  SmallVector<OpFoldResult> offsets(shape.size(), builder.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(shape.size(), builder.getIndexAttr(1));
  // A range of no elements may begin at the end, where a view may not.
  offsets[getAxis()] = builder.getIndexAttr(getSize() ? getOffset() : 0);
  return memref::SubViewOp::create(builder, getLoc(), source, offsets, shape,
                                   strides);
}

//===----------------------------------------------------------------------===//
// SelectOp
//===----------------------------------------------------------------------===//

LogicalResult SelectOp::verify() {
  SmallVector<int64_t> expected(ranked(getInput()).getShape());
  int64_t axis = getAxis(), index = getIndex();
  if (failed(verifyAxis(*this, getInput(), axis)))
    return failure();
  if (index < 0 ||
      (!ShapedType::isDynamic(expected[axis]) && index >= expected[axis]))
    return emitOpError() << "expected an index within the extent "
                         << expected[axis] << " of dimension " << axis
                         << ", got " << index;
  expected.erase(expected.begin() + axis);
  return verifyShape(*this, "a result", getResult().getType(), expected);
}

void SelectOp::inferSymbolicShapes(ArrayRef<SymbolicShape> operands,
                                   SmallVectorImpl<SymbolicShape> &results) {
  SymbolicShape shape = operands[0];
  shape.erase(shape.begin() + getAxis());
  results.push_back(shape);
}

Value SelectOp::buildView(OpBuilder &builder, Value source,
                          ArrayRef<OpFoldResult> shape) {
  auto sourceType = cast<MemRefType>(source.getType());
  int64_t axis = getAxis();
  SmallVector<OpFoldResult> sizes(shape);
  sizes.insert(sizes.begin() + axis, builder.getIndexAttr(1));
  SmallVector<OpFoldResult> offsets(sizes.size(), builder.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(sizes.size(), builder.getIndexAttr(1));
  offsets[axis] = builder.getIndexAttr(getIndex());
  SmallVector<int64_t> resultShape(sourceType.getShape());
  resultShape.erase(resultShape.begin() + axis);
  auto type = memref::SubViewOp::inferRankReducedResultType(
      resultShape, sourceType, offsets, sizes, strides);
  return memref::SubViewOp::create(builder, getLoc(), cast<MemRefType>(type),
                                   source, offsets, sizes, strides);
}

//===----------------------------------------------------------------------===//
// TransposeOp
//===----------------------------------------------------------------------===//

LogicalResult TransposeOp::verify() {
  ArrayRef<int64_t> input = ranked(getInput()).getShape();
  ArrayRef<int64_t> permutation = getPermutation();
  SmallVector<int64_t> sorted(permutation);
  llvm::sort(sorted);
  if (!llvm::equal(sorted, llvm::seq<int64_t>(0, input.size())))
    return emitOpError() << "expected a permutation of 0 to "
                         << static_cast<int64_t>(input.size()) - 1 << ", got "
                         << shapeText(permutation);
  SmallVector<int64_t> expected;
  for (int64_t dim : permutation)
    expected.push_back(input[dim]);
  return verifyShape(*this, "a result", getResult().getType(), expected);
}

void TransposeOp::inferSymbolicShapes(ArrayRef<SymbolicShape> operands,
                                      SmallVectorImpl<SymbolicShape> &results) {
  SymbolicShape shape;
  for (int64_t dim : getPermutation())
    shape.push_back(operands[0][dim]);
  results.push_back(shape);
}

StringRef TransposeOp::getKernelFamily() { return "transpose"; }

DimExpr TransposeOp::getFlops(ArrayRef<SymbolicShape>,
                              ArrayRef<SymbolicShape>) {
  return 0;
}

bool TransposeOp::acceptsEpilogue() { return false; }
