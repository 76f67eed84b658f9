//===- LinearEmitter.cpp - Products with packed weights, emitted ----------===//
#include "LinearEmitter.h"
#include "Pointers.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace attune;

LinearEmitter::LinearEmitter(KernelEmission &emission, OpBuilder &builder,
                             LinearOp linear, const LinearSchedule &schedule)
    : emission(emission), builder(builder), linear(linear), schedule(schedule),
      loc(linear.getLoc()), math(builder, loc),
      tile{schedule.mr, schedule.nv, emission.target.getLanes(), schedule.panel,
           schedule.unroll} {
  auto weight = cast<RankedTensorType>(linear.getWeight().getType());
  n = weight.getDimSize(0);
  k = weight.getDimSize(1);
  columns = tile.getColumns();
  numTiles = llvm::divideCeil(n, columns);
  tilesPerGroup = std::clamp<int64_t>(schedule.nc / columns, 1,
                                      std::max<int64_t>(numTiles, 1));
  tilesPerBlock = std::max<int64_t>(schedule.mc / schedule.mr, 1);
  leastGroups = llvm::divideCeil(numTiles, tilesPerGroup);
  runOfK = schedule.getRunOfK(k);
  numRuns = std::max<int64_t>(llvm::divideCeil(k, runOfK), 1);
}

/// Rows at distances that are not known when compiling are copied, too.
bool LinearEmitter::packsRows() {
  auto type = cast<MemRefType>(getInput(emission.task).getType());
  return schedule.packa || !type.getLayout().isIdentity();
}

/// Register tiles in memory: one, or all of a task while K runs are summed up.
int64_t LinearEmitter::getTileBytes() {
  int64_t rows = schedule.mr, strips = 1;
  if (numRuns > 1) {
    rows = tilesPerBlock * schedule.mr;
    strips = tilesPerGroup;
  }
  return llvm::alignTo(rows * strips * columns * 4, 64);
}

int64_t LinearEmitter::getPackedBytes() {
  if (!packsRows())
    return 0;
  return tilesPerBlock * schedule.mr * getPackedStride() * 4;
}

void LinearEmitter::emitGrid() {
  builder.setInsertionPointToStart(&emission.grid.getBody().front());
  Value numBlocks = emitNumBlocks(emitTilesDown(emitNumRows(emission.grid)));
  Value count = math.mul(numBlocks, emitNumGroups(numBlocks));
  func::ReturnOp::create(builder, loc, count);
}

void LinearEmitter::emitTask() {
  func::FuncOp task = emission.task;
  builder.setInsertionPointToStart(&task.getBody().front());
  emission.setScratchBytes(getTileBytes() + getPackedBytes());
  RegionEmitter epilogue(emission, task, builder);
  auto weightArgument = cast<BlockArgument>(linear.getWeight());
  weight = getPointer(builder, loc,
                      emission.getInput(task, weightArgument.getArgNumber()));
  tiles = getPointer(builder, loc, emission.getScratch());
  packed = advance(builder, loc, tiles, getTileBytes() / 4);

  // Neighbouring tasks use the same columns: the weight is read once.
  Value numRows = emitNumRows(task);
  Value tilesDown = emitTilesDown(numRows);
  Value numBlocks = emitNumBlocks(tilesDown);
  Value index = emission.getTaskIndex();
  Value block = math.rem(index, numBlocks);
  Value group = math.div(index, numBlocks);
  auto partOf = [&](Value total, Value part, Value parts) {
    return math.div(math.mul(total, part), parts);
  };
  Rows rows;
  auto rowOf = [&](Value block) {
    return partOf(numRows, partOf(tilesDown, block, numBlocks), tilesDown);
  };
  rows.first = rowOf(block);
  Value endRow = rowOf(math.add(block, 1));
  rows.count = math.sub(endRow, rows.first);
  Value total = math.constant(numTiles), groups = emitNumGroups(numBlocks);
  Value firstTile = partOf(total, group, groups);
  Value endTile = partOf(total, math.add(group, 1), groups);

  Value input = getInput(task);
  if (!packsRows()) {
    rows.stride = k;
    rows.address = advance(builder, loc, getPointer(builder, loc, input),
                           math.mul(rows.first, rows.stride));
  }
  for (int64_t run = 0; run < numRuns; ++run)
    emitRun(epilogue, rows, firstTile, endTile, run);
  func::ReturnOp::create(builder, loc);
}

/// Copies the run's columns of the rows to scratch memory, where rows neither
/// share cache sets nor depend on the input's layout.
LinearEmitter::Rows LinearEmitter::packRows(const Rows &rows, int64_t run) {
  Value input = getInput(emission.task);
  auto type = cast<MemRefType>(input.getType());
  int64_t begin = run * runOfK, length = std::min(runOfK, k - begin);
  Rows result = rows;
  result.address = packed;
  result.stride = getPackedStride();
  int64_t rank = type.getRank();
  SmallVector<Value> extents;
  for (int64_t d = 0; d + 1 < rank; ++d)
    extents.push_back(math.dim(input, d));
  emitPlainLoop(
      builder, loc, math.constant(0), rows.count, math.constant(1),
      [&](OpBuilder &, Location, Value row) {
        SmallVector<Value> indices(rank);
        Value rest = math.add(rows.first, row);
        for (int64_t d = rank - 2; d >= 0; --d) {
          indices[d] = d ? math.rem(rest, extents[d]) : rest;
          rest = d ? math.div(rest, extents[d]) : rest;
        }
        Value target =
            advance(builder, loc, packed, math.mul(row, getPackedStride()));
        emitVectorLoop(
            builder, loc, math.constant(length), tile.lanes, 4, {},
            [&](OpBuilder &, Location, Value column, Value mask, ValueRange) {
              indices[rank - 1] = math.add(column, begin);
              auto vectorType =
                  VectorType::get({tile.lanes}, builder.getF32Type());
              Value value;
              if (mask) {
                Value zeros = arith::ConstantOp::create(
                    builder, loc, vectorType,
                    cast<TypedAttr>(builder.getZeroAttr(vectorType)));
                value = vector::MaskedLoadOp::create(
                    builder, loc, vectorType, input, indices, mask, zeros);
              } else {
                value = vector::LoadOp::create(builder, loc, vectorType, input,
                                               indices);
              }
              storeVector(builder, loc, value,
                          advance(builder, loc, target, column));
              return SmallVector<Value>();
            });
      });
  return result;
}

/// All tiles of a task over one run of K.
void LinearEmitter::emitRun(const RegionEmitter &epilogue, const Rows &rows,
                            Value firstTile, Value endTile, int64_t run) {
  Rows source = rows;
  if (packsRows())
    source = packRows(rows, run);
  else
    source.address = advance(builder, loc, rows.address, run * runOfK);

  int64_t numFull = n / columns, tail = n % columns;
  Value endFull = tail ? math.min(endTile, math.constant(numFull)) : endTile;
  emitPlainLoop(builder, loc, firstTile, endFull, math.constant(1),
                [&](OpBuilder &, Location, Value strip) {
                  emitStrip(epilogue, source, strip, firstTile, run, columns);
                });
  if (!tail)
    return;
  Value hasTail = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                        endTile, math.constant(numTiles));
  auto ifOp = scf::IfOp::create(builder, loc, hasTail);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(ifOp.thenYield());
  emitStrip(epilogue, source, math.constant(numFull), firstTile, run, tail);
}

/// All tiles of one strip of `numColumns` columns, down the rows.
void LinearEmitter::emitStrip(const RegionEmitter &epilogue, const Rows &rows,
                              Value strip, Value firstTile, int64_t run,
                              int64_t numColumns) {
  TileShape shape = tile;
  shape.vectors = llvm::divideCeil(numColumns, tile.lanes);
  shape.aStride = rows.stride;
  shape.bStride = k * tile.panel;
  Value firstColumn = math.mul(strip, columns);
  // The strip's place in its panel, at the run's first step.
  Value panel = math.constant(tile.panel);
  Value inPanel =
      math.add(math.mul(math.div(firstColumn, panel), k * tile.panel),
               math.rem(firstColumn, panel));
  Value b = advance(builder, loc, weight,
                    math.add(inPanel, run * runOfK * tile.panel));
  int64_t length = std::min(runOfK, k - run * runOfK);

  Value numTilesDown = emitTilesDown(rows.count);
  auto startOf = [&](Value index) {
    return math.div(math.mul(index, rows.count), numTilesDown);
  };
  Value partials = tiles;
  if (numRuns > 1)
    partials = advance(
        builder, loc, tiles,
        math.mul(math.mul(math.sub(strip, firstTile), rows.count), columns));
  emitPlainLoop(
      builder, loc, math.constant(0), numTilesDown, math.constant(1),
      [&](OpBuilder &, Location, Value index) {
        Value start = startOf(index);
        Value count = math.sub(startOf(math.add(index, 1)), start);
        Value address = partials;
        if (numRuns > 1)
          address = advance(builder, loc, partials, math.mul(start, columns));
        TileOperands operands;
        operands.rows = toI64(builder, loc, count);
        operands.a =
            advance(builder, loc, rows.address, math.mul(start, rows.stride));
        operands.b = b;
        operands.k = toI64(builder, loc, math.constant(length));
        operands.tile = address;
        operands.accumulate = arith::ConstantIntOp::create(
            builder, loc, builder.getI1Type(), run > 0);
        prefetchNext(operands, b, index);
        emitTile(builder, loc, emission.kernel->getParentOfType<ModuleOp>(),
                 shape, operands);
        if (run + 1 == numRuns)
          emitEpilogue(epilogue, address, math.add(rows.first, start), count,
                       firstColumn, numColumns);
      });
}

/// Lets the first tiles of a strip fetch a later strip's part of the weight,
/// where strips lie behind each other in one piece.
void LinearEmitter::prefetchNext(TileOperands &operands, Value b,
                                 Value tileIndex) {
  if (numRuns > 1 || tile.panel > columns || !schedule.prefetch)
    return;
  int64_t stripBytes = k * columns * 4;
  int64_t bytesOfTile = k / tile.unroll * tile.getPrefetchBytes();
  if (bytesOfTile == 0)
    return;
  Value offset = math.mul(tileIndex, bytesOfTile);
  Value useful = math.less(offset, math.constant(stripBytes));
  Value ahead = advance(builder, loc, b,
                        math.add(math.div(offset, math.constant(4)),
                                 schedule.prefetch * k * columns));
  operands.prefetch =
      LLVM::SelectOp::create(builder, loc, useful, ahead, operands.tile);
  operands.prefetchStep =
      toI64(builder, loc,
            math.select(useful, math.constant(tile.getPrefetchBytes()),
                        math.constant(0)));
}

/// Bias and what follows the product, on a tile that was stored at `address`.
void LinearEmitter::emitEpilogue(const RegionEmitter &epilogue, Value address,
                                 Value firstRow, Value numRows,
                                 Value firstColumn, int64_t numColumns) {
  int64_t width = llvm::alignTo(numColumns, tile.lanes);
  emitPlainLoop(
      builder, loc, math.constant(0), numRows, math.constant(1),
      [&](OpBuilder &, Location, Value row) {
        Value source = advance(builder, loc, address, math.mul(row, width));
        for (int64_t column = 0; column < numColumns; column += tile.lanes) {
          VectorPosition position;
          position.row = math.add(firstRow, row);
          position.column = math.add(firstColumn, column);
          position.lanes = tile.lanes;
          if (int64_t left = numColumns - column; left < tile.lanes)
            position.mask =
                createTailMask(builder, loc, tile.lanes, math.constant(left));
          Value sum = loadVector(
              builder, loc, advance(builder, loc, source, column), tile.lanes);
          if (Value bias = linear.getBias())
            sum = arith::AddFOp::create(
                builder, loc, sum, epilogue.emit(builder, loc, bias, position));
          KnownVectors known;
          known[linear.getResult()] = sum;
          epilogue.emitResults(builder, loc, position, known);
        }
      });
}
