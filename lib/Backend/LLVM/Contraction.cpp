//===- Contraction.cpp - The family of products of any numbers ------------===//
#include "Families.h"
#include "NumberMath.h"
#include "PlainLoops.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace attune;

namespace {

/// Rows and vectors of columns of a block that stays in registers.
constexpr int64_t kRows = 4, kVectors = 2;
/// Columns of an item.
constexpr int64_t kColumns = 128;

/// Matrix products of f64 and of integers in blocks of registers: vectors hold
/// neighbouring columns or, when the right side is transposed, neighbouring
/// elements of the sum.
class ContractionEmitter {
public:
  ContractionEmitter(KernelEmission &emission, OpBuilder &builder)
      : emission(emission), builder(builder),
        op(cast<MatmulOp>(emission.kernel.getAnchor().getOperation())),
        loc(op.getLoc()), math(builder, loc),
        left(builder, loc, op.getLhs().getType().getElementType()),
        right(builder, loc, op.getRhs().getType().getElementType()),
        sum(builder, loc, op.getResult().getType().getElementType()),
        lanes(getVectorLanes(sum.getElementType(), emission.target)),
        transposed(op.getTransposeRhs()) {}

  void emit() {
    emitItems(
        emission, builder,
        [&](func::FuncOp function) { return prepare(function); },
        [&](Value item) { emitItem(item); });
  }

private:
  ItemCounts prepare(func::FuncOp function) {
    lhs = getOperandBuffer(emission, function, op.getLhs());
    rhs = getOperandBuffer(emission, function, op.getRhs());
    output = emission.getOutput(function, 0);
    SmallVector<Value> extents = emitExtents(builder, loc, output);
    columns = extents.pop_back_val();
    rows = extents.pop_back_val();
    batch = extents;
    inner = math.dim(lhs, cast<MemRefType>(lhs.getType()).getRank() - 1);
    rowBlocks = math.ceilDiv(rows, math.constant(kRows));
    columnBlocks = math.ceilDiv(columns, math.constant(kColumns));
    Value items = math.mul(emitProduct(builder, loc, batch),
                           math.mul(rowBlocks, columnBlocks));
    return {items,
            emitItemsOfTask(
                builder, loc,
                math.mul(inner, math.min(columns, math.constant(kColumns))))};
  }

  /// Indices of the batch into an operand, whose extents may be one.
  SmallVector<Value> getBatch(Value buffer, ArrayRef<Value> indices) const {
    int64_t own = cast<MemRefType>(buffer.getType()).getRank() - 2;
    SmallVector<Value> result(indices.take_back(own));
    for (int64_t i = 0; i < own; ++i)
      result[i] =
          math.min(result[i], math.sub(math.dim(buffer, i), math.constant(1)));
    return result;
  }

  Value load(const NumberMath &number, Value buffer, ArrayRef<Value> indices,
             Value i, Value j, Value mask = {}) const {
    SmallVector<Value> place(indices);
    place.append({i, j});
    Value value = number.load(buffer, place, mask);
    return sum.with(number.getLanes()).convert(value, number);
  }

  void store(const NumberMath &number, Value value, Value i, Value j,
             Value mask) const {
    SmallVector<Value> place(batchIndices);
    place.append({i, j});
    number.store(value, output, place, mask);
  }

  void emitItem(Value item) {
    Value row = math.mul(math.rem(item, rowBlocks), kRows);
    Value rest = math.div(item, rowBlocks);
    Value first = math.mul(math.rem(rest, columnBlocks), kColumns);
    Value end = math.min(math.add(first, kColumns), columns);
    batchIndices =
        emitDelinearize(builder, loc, math.div(rest, columnBlocks), batch);
    lhsBatch = getBatch(lhs, batchIndices);
    rhsBatch = getBatch(rhs, batchIndices);
    Value rowEnd = math.min(math.add(row, kRows), rows);
    // A whole block of rows, or the last ones one by one.
    Value whole =
        math.mul(math.div(math.sub(rowEnd, row), math.constant(kRows)), kRows);
    Value middle = math.add(row, whole);
    emitPlainLoop(builder, loc, row, middle, math.constant(kRows),
                  [&](OpBuilder &, Location, Value m) {
                    emitRows(m, kRows, first, end);
                  });
    emitPlainLoop(
        builder, loc, middle, rowEnd, math.constant(1),
        [&](OpBuilder &, Location, Value m) { emitRows(m, 1, first, end); });
  }

  void emitRows(Value row, int64_t count, Value first, Value end) {
    if (transposed) {
      emitPlainLoop(builder, loc, first, end, math.constant(1),
                    [&](OpBuilder &, Location, Value column) {
                      emitDots(row, count, column);
                    });
      return;
    }
    Value step = math.constant(lanes * kVectors);
    Value whole =
        math.add(first, math.mul(math.div(math.sub(end, first), step), step));
    emitPlainLoop(builder, loc, first, whole, step,
                  [&](OpBuilder &, Location, Value column) {
                    emitBlock(row, count, column, lanes, kVectors, Value());
                  });
    bool masked = hasMaskedAccess(right.getElementType()) &&
                  hasMaskedAccess(sum.getElementType());
    emitColumns(builder, loc, whole, end, lanes, masked,
                [&](Value column, int64_t width, Value mask) {
                  emitBlock(row, count, column, width, 1, mask);
                });
  }

  /// `count` rows by `vectors` vectors of columns.
  void emitBlock(Value row, int64_t count, Value column, int64_t width,
                 int64_t vectors, Value mask) {
    NumberMath number = sum.with(width);
    SmallVector<Value> totals(count * vectors, number.zero());
    totals = emitLoop(
        builder, loc, math.constant(0), inner, math.constant(1), totals,
        [&](OpBuilder &, Location, Value k, ValueRange carried) {
          SmallVector<Value> b, next;
          for (int64_t v = 0; v < vectors; ++v)
            b.push_back(load(right.with(width), rhs, rhsBatch, k,
                             math.add(column, v * width), mask));
          for (int64_t m = 0; m < count; ++m) {
            Value a =
                number.splat(load(left, lhs, lhsBatch, math.add(row, m), k));
            for (int64_t v = 0; v < vectors; ++v)
              next.push_back(number.mulAdd(a, b[v], carried[m * vectors + v]));
          }
          return next;
        });
    for (int64_t m = 0; m < count; ++m)
      for (int64_t v = 0; v < vectors; ++v)
        store(number, totals[m * vectors + v], math.add(row, m),
              math.add(column, v * width), mask);
  }

  /// `count` rows by one column of a transposed right side.
  void emitDots(Value row, int64_t count, Value column) {
    auto run = [&](int64_t width, Value from, Value to, ValueRange init) {
      NumberMath number = sum.with(width);
      return emitLoop(
          builder, loc, from, to, math.constant(width), init,
          [&](OpBuilder &, Location, Value k, ValueRange carried) {
            Value b = load(right.with(width), rhs, rhsBatch, column, k);
            SmallVector<Value> next;
            for (int64_t m = 0; m < count; ++m)
              next.push_back(number.mulAdd(
                  load(left.with(width), lhs, lhsBatch, math.add(row, m), k), b,
                  carried[m]));
            return next;
          });
    };
    NumberMath number = sum.with(lanes);
    Value width = math.constant(lanes);
    Value whole = math.mul(math.div(inner, width), width);
    SmallVector<Value> totals(count, number.zero());
    totals = run(lanes, math.constant(0), whole, totals);
    for (Value &total : totals)
      total = number.reduceLanes(ReduceKind::sum, total);
    totals = run(1, whole, inner, totals);
    for (int64_t m = 0; m < count; ++m)
      store(sum, totals[m], math.add(row, m), column, Value());
  }

  KernelEmission &emission;
  OpBuilder &builder;
  MatmulOp op;
  Location loc;
  IndexMath math;
  NumberMath left, right, sum;
  int64_t lanes;
  bool transposed;
  Value lhs, rhs, output, rows, columns, inner, rowBlocks, columnBlocks;
  SmallVector<Value> batch, batchIndices, lhsBatch, rhsBatch;
};

class ContractionFamily : public KernelFamily {
public:
  StringRef getName() const override { return "contraction"; }

  LogicalResult supports(KernelOp kernel, std::string &reason) const override {
    Operation *anchor = kernel.getAnchor();
    auto isBool = [](Type type) {
      return cast<RankedTensorType>(type).getElementType().isInteger(1);
    };
    if (llvm::any_of(anchor->getOperandTypes(), isBool) ||
        llvm::any_of(anchor->getResultTypes(), isBool)) {
      reason = "products of bools";
      return failure();
    }
    return supportsAnchorAlone(kernel, reason);
  }

  LogicalResult emit(KernelEmission &emission,
                     OpBuilder &builder) const override {
    ContractionEmitter(emission, builder).emit();
    return success();
  }
};

} // namespace

std::unique_ptr<KernelFamily> attune::createContractionFamily() {
  return std::make_unique<ContractionFamily>();
}
