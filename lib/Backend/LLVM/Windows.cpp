//===- Windows.cpp - Windows that walk over spatial dimensions ------------===//
#include "Windows.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace attune;

Windows::Windows(ArrayRef<WindowDim> given) : dims(given) {
  auto isPointwise = [](const WindowDim &dim) { return dim.isPointwise(); };
  if (!llvm::all_of(dims, isPointwise))
    return;
  int64_t count = 1;
  for (const WindowDim &dim : dims)
    count *= dim.extent;
  dims.assign(1, {count, count, 1, 1, 0, 1});
}

Windows Windows::get(ArrayRef<int64_t> input, ArrayRef<int64_t> result,
                     ArrayRef<int64_t> kernel, ArrayRef<int64_t> strides,
                     ArrayRef<int64_t> low, ArrayRef<int64_t> dilations) {
  SmallVector<WindowDim> dims;
  for (size_t i = 0; i < input.size(); ++i)
    dims.push_back(
        {input[i], result[i], kernel[i], strides[i], low[i], dilations[i]});
  return Windows(dims);
}

int64_t Windows::getLanes(Type element, const TargetDesc &target) const {
  // Narrow elements have no masked accesses.
  if (!hasMaskedAccess(element))
    return 1;
  int64_t count = std::max<int64_t>(getLast().count, 1);
  return std::min<int64_t>(getVectorLanes(element, target),
                           llvm::PowerOf2Ceil(count));
}

SmallVector<Value> Windows::emit(OpBuilder &builder, Location loc,
                                 ArrayRef<Value> window, ValueRange init,
                                 Body body) const {
  IndexMath math(builder, loc);
  Value zero = math.constant(0), one = math.constant(1);
  Position position;
  std::function<SmallVector<Value>(size_t, ValueRange)> nest =
      [&](size_t d, ValueRange carried) -> SmallVector<Value> {
    const WindowDim &dim = dims[d];
    auto loop = [&](Value first, Value end,
                    function_ref<Value(Value)> indexOf) {
      return emitLoop(builder, loc, first, end, one, carried,
                      [&](OpBuilder &, Location, Value k, ValueRange values) {
                        position.kernel.push_back(k);
                        if (indexOf)
                          position.outer.push_back(indexOf(k));
                        SmallVector<Value> next = d + 1 == dims.size()
                                                      ? body(position, values)
                                                      : nest(d + 1, values);
                        position.kernel.pop_back();
                        if (indexOf)
                          position.outer.pop_back();
                        return next;
                      });
    };
    if (d + 1 == dims.size())
      return loop(zero, math.constant(dim.kernel), nullptr);
    // Of k with 0 <= window * stride + k * dilation - low < extent.
    Value start = math.mul(window[d], dim.stride);
    Value first = zero, end = math.constant(dim.kernel);
    if (!dim.isWithin()) {
      Value dilation = math.constant(dim.dilation);
      auto bound = [&](int64_t limit) {
        Value edge = math.constant(limit);
        Value room =
            math.select(math.less(start, edge), math.sub(edge, start), zero);
        return math.min(math.ceilDiv(room, dilation), end);
      };
      first = bound(dim.low);
      end = bound(dim.low + dim.extent);
    }
    return loop(first, end, [&](Value k) {
      return math.sub(math.add(start, math.mul(k, dim.dilation)),
                      math.constant(dim.low));
    });
  };
  return nest(0, init);
}

Value Windows::load(OpBuilder &builder, Location loc, const NumberMath &number,
                    Value memref, ArrayRef<Value> indices, Value column,
                    Value k, Value mask, Value otherwise, Value &valid) const {
  IndexMath math(builder, loc);
  const WindowDim &dim = getLast();
  // May be negative.
  Value first = math.sub(
      math.add(math.mul(column, dim.stride), math.mul(k, dim.dilation)),
      math.constant(dim.low));
  SmallVector<Value> place(indices);
  place.push_back(first);
  valid = {};
  int64_t lanes = number.getLanes();
  if (dim.isWithin() && (dim.stride == 1 || lanes == 1))
    return number.load(memref, place, mask, otherwise);

  Value extent = math.constant(dim.extent);
  if (lanes == 1) {
    valid = math.less(first, extent); // a negative index is a large one
    return scf::IfOp::create(
               builder, loc, valid,
               [&](OpBuilder &, Location) {
                 scf::YieldOp::create(builder, loc, number.load(memref, place));
               },
               [&](OpBuilder &, Location) {
                 scf::YieldOp::create(builder, loc, otherwise);
               })
        .getResult(0);
  }
  // Lane by lane, without those outside.
  auto indexType = VectorType::get({lanes}, builder.getI32Type());
  SmallVector<int32_t> offsets;
  for (int64_t i = 0; i < lanes; ++i)
    offsets.push_back(static_cast<int32_t>(i * dim.stride));
  Value steps = arith::ConstantOp::create(
      builder, loc, DenseElementsAttr::get(indexType, ArrayRef(offsets)));
  auto toLanes = [&](Value index) -> Value {
    Value narrow =
        arith::IndexCastOp::create(builder, loc, builder.getI32Type(), index);
    return vector::BroadcastOp::create(builder, loc, indexType, narrow);
  };
  Value at = arith::AddIOp::create(builder, loc, toLanes(first), steps);
  valid = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult, at,
                                toLanes(extent));
  Value taken =
      mask ? arith::AndIOp::create(builder, loc, valid, mask).getResult()
           : valid;
  auto gather = [&]() -> Value {
    SmallVector<Value> base(indices);
    base.push_back(math.constant(0));
    return vector::GatherOp::create(builder, loc,
                                    cast<VectorType>(number.getType()), memref,
                                    base, at, taken, otherwise);
  };
  if (dim.stride != 1 || mask)
    return gather();
  // Most vectors lie within.
  Value last = math.add(first, lanes - 1);
  Value within = arith::AndIOp::create(builder, loc, math.less(first, extent),
                                       math.less(last, extent));
  return scf::IfOp::create(
             builder, loc, within,
             [&](OpBuilder &, Location) {
               scf::YieldOp::create(builder, loc, number.load(memref, place));
             },
             [&](OpBuilder &, Location) {
               scf::YieldOp::create(builder, loc, gather());
             })
      .getResult(0);
}
