//===- PlainLoops.cpp - Loop nests over memrefs ---------------------------===//
#include "PlainLoops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace attune;

using NestBody = function_ref<SmallVector<Value>(ArrayRef<Value>, ValueRange)>;

static SmallVector<Value> emitNestFrom(OpBuilder &builder, Location loc,
                                       ArrayRef<Value> extents,
                                       SmallVectorImpl<Value> &indices,
                                       ValueRange init, NestBody body) {
  if (indices.size() == extents.size())
    return body(indices, init);
  IndexMath math(builder, loc);
  return emitLoop(
      builder, loc, math.constant(0), extents[indices.size()], math.constant(1),
      init, [&](OpBuilder &, Location, Value index, ValueRange carried) {
        indices.push_back(index);
        SmallVector<Value> next =
            emitNestFrom(builder, loc, extents, indices, carried, body);
        indices.pop_back();
        return next;
      });
}

SmallVector<Value> attune::emitNest(OpBuilder &builder, Location loc,
                                    ArrayRef<Value> extents, ValueRange init,
                                    NestBody body) {
  SmallVector<Value> indices;
  return emitNestFrom(builder, loc, extents, indices, init, body);
}

SmallVector<Value> attune::emitDelinearize(OpBuilder &builder, Location loc,
                                           Value linear,
                                           ArrayRef<Value> extents) {
  IndexMath math(builder, loc);
  SmallVector<Value> indices(extents.size());
  for (size_t i = extents.size(); i-- > 0;) {
    indices[i] = i ? math.rem(linear, extents[i]) : linear;
    if (i)
      linear = math.div(linear, extents[i]);
  }
  return indices;
}

SmallVector<Value> attune::emitExtents(OpBuilder &builder, Location loc,
                                       Value memref) {
  SmallVector<Value> extents;
  for (int64_t i = 0, e = cast<MemRefType>(memref.getType()).getRank(); i < e;
       ++i)
    extents.push_back(IndexMath(builder, loc).dim(memref, i));
  return extents;
}

Value attune::emitProduct(OpBuilder &builder, Location loc,
                          ArrayRef<Value> extents) {
  IndexMath math(builder, loc);
  if (extents.empty())
    return math.constant(1);
  Value product = extents[0];
  for (Value extent : extents.drop_front())
    product = math.mul(product, extent);
  return product;
}

Value attune::emitReshape(OpBuilder &builder, Location loc, Value memref,
                          ArrayRef<Value> extents) {
  IndexMath math(builder, loc);
  SmallVector<OpFoldResult> sizes, strides(extents.size());
  SmallVector<int64_t> shape(extents.size(), ShapedType::kDynamic);
  SmallVector<int64_t> strideTypes(extents.size(), ShapedType::kDynamic);
  for (Value extent : extents)
    sizes.push_back(extent);
  strides.back() = builder.getIndexAttr(1);
  strideTypes.back() = 1;
  Value stride;
  for (size_t i = extents.size() - 1; i-- > 0;) {
    stride = stride ? math.mul(stride, extents[i + 1]) : extents[i + 1];
    strides[i] = stride;
  }
  auto source = cast<MemRefType>(memref.getType());
  auto layout = StridedLayoutAttr::get(builder.getContext(), 0, strideTypes);
  auto type = MemRefType::get(shape, source.getElementType(), layout,
                              source.getMemorySpace());
  return memref::ReinterpretCastOp::create(
      builder, loc, type, memref, OpFoldResult(builder.getIndexAttr(0)), sizes,
      strides);
}

Value attune::emitAxisView(OpBuilder &builder, Location loc, Value memref,
                           int64_t axis) {
  SmallVector<Value> extents = emitExtents(builder, loc, memref);
  ArrayRef<Value> all(extents);
  return emitReshape(builder, loc, memref,
                     {emitProduct(builder, loc, all.take_front(axis)),
                      all[axis],
                      emitProduct(builder, loc, all.drop_front(axis + 1))});
}

void attune::emitItems(KernelEmission &emission, OpBuilder &builder,
                       function_ref<ItemCounts(func::FuncOp)> counts,
                       function_ref<void(Value)> body) {
  Location loc = emission.kernel.getLoc();
  IndexMath math(builder, loc);
  builder.setInsertionPointToStart(&emission.grid.getBody().front());
  ItemCounts sizes = counts(emission.grid);
  func::ReturnOp::create(builder, loc,
                         math.ceilDiv(sizes.items, sizes.itemsOfTask));

  builder.setInsertionPointToStart(&emission.task.getBody().front());
  sizes = counts(emission.task);
  Value first = math.mul(emission.getTaskIndex(), sizes.itemsOfTask);
  Value end = math.min(math.add(first, sizes.itemsOfTask), sizes.items);
  emitPlainLoop(builder, loc, first, end, math.constant(1),
                [&](OpBuilder &, Location, Value item) { body(item); });
  func::ReturnOp::create(builder, loc);
}

Value attune::emitItemsOfTask(OpBuilder &builder, Location loc, Value each) {
  IndexMath math(builder, loc);
  Value one = math.constant(1);
  return math.max(math.div(math.constant(16384), math.max(each, one)), one);
}

LogicalResult attune::supportsAnchorAlone(KernelOp kernel,
                                          std::string &reason) {
  Operation *anchor = kernel.getAnchor();
  for (Value operand : anchor->getOperands())
    if (!isa<BlockArgument>(operand)) {
      reason = "operands of the anchor must be operands of the kernel";
      return failure();
    }
  if (!llvm::equal(kernel.getYield().getValues(), anchor->getResults())) {
    reason = "the kernel must yield the results of its anchor";
    return failure();
  }
  return success();
}

Value attune::getOperandBuffer(const KernelEmission &emission,
                               func::FuncOp function, Value operand) {
  return emission.getInput(function,
                           cast<BlockArgument>(operand).getArgNumber());
}
