//===- MatmulEmitter.cpp - Products of two activations, emitted -----------===//
#include "MatmulEmitter.h"
#include "MicroKernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace attune;

void MatmulEmitter::emitGrid() {
  enter(emission.grid);
  Value count = math.mul(math.mul(batches, numBlocks), numGroups);
  func::ReturnOp::create(builder, loc, count);
}

void MatmulEmitter::enter(func::FuncOp function) {
  builder.setInsertionPointToStart(&function.getBody().front());
  auto bufferOf = [&](Value operand) {
    return emission.getInput(function,
                             cast<BlockArgument>(operand).getArgNumber());
  };
  Value left = bufferOf(matmul.getLhs()), right = bufferOf(matmul.getRhs());
  Value output = emission.getOutput(function, 0);
  int64_t leftRank = cast<MemRefType>(left.getType()).getRank();
  int64_t rightRank = cast<MemRefType>(right.getType()).getRank();
  int64_t rank = cast<MemRefType>(output.getType()).getRank();
  m = math.dim(left, leftRank - 2);
  k = math.dim(left, leftRank - 1);
  n = math.dim(right, rightRank - (matmul.getTransposeRhs() ? 2 : 1));
  batches = math.extents(output, 0, rank - 2);
  batchExtents.clear();
  for (int64_t i = 0; i + 2 < rank; ++i)
    batchExtents.push_back(math.dim(output, i));
  numBlocks = math.ceilDiv(m, math.constant(schedule.mc));
  numGroups = math.ceilDiv(n, math.constant(schedule.nc));
}

MatmulEmitter::Matrix MatmulEmitter::getMatrix(Value operand, Value batch) {
  auto argument = cast<BlockArgument>(operand);
  Value buffer = emission.getInput(emission.task, argument.getArgNumber());
  ArrayRef<int64_t> shape =
      cast<RankedTensorType>(operand.getType()).getShape();
  ArrayRef<int64_t> full =
      cast<RankedTensorType>(matmul.getResult().getType()).getShape();
  int64_t rank = shape.size();
  Matrix matrix;
  matrix.rowStride = getStride(builder, loc, buffer, rank - 2);
  matrix.columnStride = getStride(builder, loc, buffer, rank - 1);
  SmallVector<int64_t> strides;
  int64_t offset;
  matrix.hasUnitColumns =
      succeeded(cast<MemRefType>(buffer.getType())
                    .getStridesAndOffset(strides, offset)) &&
      strides.back() == 1;
  // The batch's place, from the last leading dimension to the first.
  Value place = math.constant(0), rest = batch;
  for (int64_t i = 0; i + 2 < rank; ++i) {
    int64_t own = rank - 3 - i, dim = full.size() - 3 - i;
    Value index = dim ? math.rem(rest, batchExtents[dim]) : rest;
    if (dim)
      rest = math.div(rest, batchExtents[dim]);
    if (shape[own] == 1 && full[dim] != 1)
      continue;
    place =
        math.add(place, math.mul(index, getStride(builder, loc, buffer, own)));
  }
  matrix.address =
      advance(builder, loc, getPointer(builder, loc, buffer), place);
  return matrix;
}

void MatmulEmitter::emitTask() {
  func::FuncOp task = emission.task;
  enter(task);
  RegionEmitter epilogue(emission, task, builder);
  Value index = emission.getTaskIndex();
  Value perBatch = math.mul(numBlocks, numGroups);
  Value batch = math.div(index, perBatch), inBatch = math.rem(index, perBatch);
  Value block = math.rem(inBatch, numBlocks);
  Value group = math.div(inBatch, numBlocks);
  Value firstRow = math.mul(block, schedule.mc);
  Value countRows = math.min(math.constant(schedule.mc), math.sub(m, firstRow));
  Value firstColumn = math.mul(group, schedule.nc);
  Value countColumns =
      math.min(math.constant(schedule.nc), math.sub(n, firstColumn));
  Matrix left = getMatrix(matmul.getLhs(), batch);
  Matrix right = getMatrix(matmul.getRhs(), batch);

  int64_t partialElements = llvm::alignTo(schedule.mc * schedule.nc, 16);
  int64_t rightElements = llvm::alignTo(schedule.kc * schedule.nc, 16);
  int64_t leftElements = schedule.mc * getLeftStride();
  emission.setScratchBytes((partialElements + rightElements + leftElements) *
                           4);
  partials = getPointer(builder, loc, emission.getScratch());
  packedRight = advance(builder, loc, partials, partialElements);
  packedLeft = advance(builder, loc, packedRight, rightElements);

  // An empty sum is one run of no steps: it makes zeros.
  Value runs =
      math.max(math.ceilDiv(k, math.constant(schedule.kc)), math.constant(1));
  Value strips = math.ceilDiv(countColumns, math.constant(columns));
  Value tilesDown = math.ceilDiv(countRows, math.constant(schedule.mr));
  Value zero = math.constant(0), one = math.constant(1);
  TileShape shape{schedule.mr,     schedule.nv,     lanes, columns,
                  schedule.unroll, getLeftStride(), 0};
  auto module = emission.kernel->getParentOfType<ModuleOp>();
  auto startOf = [&](Value tile) {
    return math.div(math.mul(tile, countRows), tilesDown);
  };
  auto partialAt = [&](Value strip, Value start) {
    Value rows = math.add(math.mul(strip, countRows), start);
    return advance(builder, loc, partials, math.mul(rows, columns));
  };
  emitPlainLoop(
      builder, loc, zero, runs, one, [&](OpBuilder &, Location, Value run) {
        Value firstK = math.mul(run, schedule.kc);
        Value countK =
            math.min(math.constant(schedule.kc), math.sub(k, firstK));
        packRight(right, firstK, countK, firstColumn, countColumns);
        packLeft(left, firstRow, countRows, firstK, countK);
        emitPlainLoop(
            builder, loc, zero, strips, one,
            [&](OpBuilder &, Location, Value strip) {
              emitPlainLoop(
                  builder, loc, zero, tilesDown, one,
                  [&](OpBuilder &, Location, Value tile) {
                    Value start = startOf(tile);
                    Value count = math.sub(startOf(math.add(tile, 1)), start);
                    TileOperands operands;
                    operands.rows = toI64(builder, loc, count);
                    operands.a = advance(builder, loc, packedLeft,
                                         math.mul(start, getLeftStride()));
                    operands.b =
                        advance(builder, loc, packedRight,
                                math.mul(strip, schedule.kc * columns));
                    operands.k = toI64(builder, loc, countK);
                    operands.tile = partialAt(strip, start);
                    operands.accumulate = arith::CmpIOp::create(
                        builder, loc, arith::CmpIPredicate::ne, run, zero);
                    emitTile(builder, loc, module, shape, operands);
                  });
            });
      });

  emitPlainLoop(
      builder, loc, zero, strips, one, [&](OpBuilder &, Location, Value strip) {
        Value stripColumn = math.mul(strip, columns);
        Value width = math.min(math.constant(columns),
                               math.sub(countColumns, stripColumn));
        emitPlainLoop(
            builder, loc, zero, countRows, one,
            [&](OpBuilder &, Location, Value row) {
              Value source = partialAt(strip, row);
              VectorPosition position;
              position.row =
                  math.add(math.mul(batch, m), math.add(firstRow, row));
              position.lanes = lanes;
              emitVectorLoop(
                  builder, loc, width, lanes, {},
                  [&](OpBuilder &, Location, Value column, Value mask,
                      ValueRange) -> SmallVector<Value> {
                    position.column =
                        math.add(math.add(firstColumn, stripColumn), column);
                    position.mask = mask;
                    KnownVectors known;
                    known[matmul.getResult()] = loadVector(
                        builder, loc, advance(builder, loc, source, column),
                        lanes);
                    epilogue.emitResults(builder, loc, position, known);
                    return {};
                  });
            });
      });
  func::ReturnOp::create(builder, loc);
}
