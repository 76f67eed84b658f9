//===- Matmul.cpp - Products of two activations ---------------------------===//
#include "Families.h"
#include "IndexMath.h"
#include "MicroKernel.h"
#include "Pointers.h"
#include "attune/Backend/LLVM/RegionEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace attune;

namespace {

/// Knobs of family "matmul": the register tile as for "linear"; a task computes
/// mc x nc of one product, over runs of kc for which it packs the right-hand
/// side into scratch memory, in the panels that the register tiles read.
struct MatmulSchedule {
  int64_t mr, nv, mc, nc, kc, unroll;

  MatmulSchedule(const Schedule &schedule, const TargetDesc &target) {
    int64_t lanes = target.getLanes();
    nv = schedule.get("nv", lanes >= 16 ? 2 : std::max<int64_t>(16 / lanes, 1));
    int64_t rows = nv > 0 ? (target.vectorRegisters - nv - 2) / nv : 1;
    mr = schedule.get("mr", std::min<int64_t>(rows, 12));
    mc = schedule.get("mc", 96);
    nc = schedule.get("nc", 128);
    kc = schedule.get("kc", 256);
    unroll = schedule.get("unroll", 4);
  }
  Schedule toSchedule() const {
    Schedule schedule;
    schedule.set("mr", mr).set("nv", nv).set("mc", mc).set("nc", nc);
    return schedule.set("kc", kc).set("unroll", unroll);
  }
  LogicalResult verify(const TargetDesc &target, std::string &reason) const {
    int64_t lanes = target.getLanes();
    if (mr < 1 || nv < 1 || mr > 64 || nv > 64 ||
        mr * nv + nv + 1 > target.vectorRegisters)
      reason =
          llvm::formatv("a tile of mr={0} x nv={1} does not fit {2} vector "
                        "registers",
                        mr, nv, target.vectorRegisters);
    else if (nc < 1 || nc > 4096 || nc % (nv * lanes))
      reason = llvm::formatv("nc={0} is not a multiple of the tile's {1} "
                             "columns up to 4096",
                             nc, nv * lanes);
    else if (kc < 1 || kc > 4096 || kc % lanes)
      reason = llvm::formatv("kc={0} is not a multiple of {1} up to 4096", kc,
                             lanes);
    else if (mc < 1 || mc > 4096 || unroll < 1 || unroll > 16)
      reason = "mc must be 1 to 4096, unroll 1 to 16";
    else
      return success();
    return failure();
  }
};

class MatmulEmitter {
public:
  MatmulEmitter(KernelEmission &emission, OpBuilder &builder, MatmulOp matmul)
      : emission(emission), builder(builder), matmul(matmul),
        schedule(emission.schedule, emission.target), loc(matmul.getLoc()),
        math(builder, loc), lanes(emission.target.getLanes()),
        columns(schedule.nv * lanes) {}

  void emitGrid() {
    enter(emission.grid);
    Value count = math.mul(math.mul(batches, numBlocks), numGroups);
    func::ReturnOp::create(builder, loc, count);
  }
  void emitTask();

private:
  /// One operand as a strided matrix of the task's batch.
  struct Matrix {
    Value address;      // of its first element
    Value rowStride;    // index: between rows, of k or n for the right side
    Value columnStride; // index
    bool hasUnitColumns = false;
  };

  /// Starts a function with the extents and the numbers of tasks.
  void enter(func::FuncOp function);
  Matrix getMatrix(Value operand, Value batch);
  void packRight(const Matrix &right, Value firstK, Value countK,
                 Value firstColumn, Value countColumns);
  void packVectors(const Matrix &right, Value firstK, Value countK,
                   Value firstColumn, Value countColumns);
  void packTransposed(const Matrix &right, Value firstK, Value countK,
                      Value firstColumn, Value countColumns);
  void packLeft(const Matrix &left, Value firstRow, Value countRows,
                Value firstK, Value countK);
  Value loadStrided(Value address, Value stride, Value count);
  Value loadMasked(Value address, Value count);
  Value elementAt(const Matrix &matrix, Value row, Value column) {
    Value offset = math.add(math.mul(row, matrix.rowStride),
                            math.mul(column, matrix.columnStride));
    return advance(builder, loc, matrix.address, offset);
  }

  /// Cache lines, an odd number of them: rows spread over all sets.
  int64_t getLeftStride() const {
    return (llvm::divideCeil(schedule.kc, 16) | 1) * 16;
  }

  KernelEmission &emission;
  OpBuilder &builder;
  MatmulOp matmul;
  MatmulSchedule schedule;
  Location loc;
  IndexMath math;
  int64_t lanes, columns;
  SmallVector<Value> batchExtents;
  Value batches, m, n, k, numBlocks, numGroups;
  Value partials, packedRight, packedLeft;
};

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

/// The first `count` lanes from consecutive addresses, zeros in the others.
Value MatmulEmitter::loadMasked(Value address, Value count) {
  auto type = VectorType::get({lanes}, builder.getF32Type());
  Value mask = createTailMask(builder, loc, lanes, count);
  Value zeros = arith::ConstantOp::create(
      builder, loc, type, cast<TypedAttr>(builder.getZeroAttr(type)));
  return LLVM::MaskedLoadOp::create(builder, loc, type, address, mask, zeros,
                                    /*alignment=*/4);
}

/// Likewise with a stride, one element after the other.
Value MatmulEmitter::loadStrided(Value address, Value stride, Value count) {
  auto type = VectorType::get({lanes}, builder.getF32Type());
  Value zeros = arith::ConstantOp::create(
      builder, loc, type, cast<TypedAttr>(builder.getZeroAttr(type)));
  Value end = math.min(count, math.constant(lanes));
  return emitLoop(
      builder, loc, math.constant(0), end, math.constant(1), zeros,
      [&](OpBuilder &, Location, Value i, ValueRange carried) {
        Value source = advance(builder, loc, address, math.mul(i, stride));
        Value element =
            LLVM::LoadOp::create(builder, loc, builder.getF32Type(), source);
        return SmallVector<Value>{LLVM::InsertElementOp::create(
            builder, loc, carried[0], element, toI64(builder, loc, i))};
      })[0];
}

/// Right-hand side [k, n]: rows of a panel are vectors of the source.
void MatmulEmitter::packVectors(const Matrix &right, Value firstK, Value countK,
                                Value firstColumn, Value countColumns) {
  Value step = math.constant(lanes);
  Value zero = math.constant(0), one = math.constant(1);
  emitPlainLoop(
      builder, loc, zero, countColumns, step,
      [&](OpBuilder &, Location, Value column) {
        Value panel = math.div(column, math.constant(columns));
        Value target =
            advance(builder, loc, packedRight,
                    math.add(math.mul(panel, schedule.kc * columns),
                             math.rem(column, math.constant(columns))));
        Value left = math.sub(countColumns, column);
        emitPlainLoop(builder, loc, zero, countK, one,
                      [&](OpBuilder &, Location, Value row) {
                        Value source = elementAt(right, math.add(firstK, row),
                                                 math.add(firstColumn, column));
                        Value vector =
                            right.hasUnitColumns
                                ? loadMasked(source, left)
                                : loadStrided(source, right.columnStride, left);
                        storeVector(builder, loc, vector,
                                    advance(builder, loc, target,
                                            math.mul(row, columns)));
                      });
      });
}

/// Right-hand side [n, k]: squares of lanes x lanes are transposed. Rows beyond
/// the last are read as the last again: nobody stores what they give.
void MatmulEmitter::packTransposed(const Matrix &right, Value firstK,
                                   Value countK, Value firstColumn,
                                   Value countColumns) {
  Value step = math.constant(lanes), zero = math.constant(0);
  emitPlainLoop(
      builder, loc, zero, countColumns, step,
      [&](OpBuilder &, Location, Value column) {
        Value panel = math.div(column, math.constant(columns));
        Value target =
            advance(builder, loc, packedRight,
                    math.add(math.mul(panel, schedule.kc * columns),
                             math.rem(column, math.constant(columns))));
        Value last = math.sub(countColumns, math.constant(1));
        emitPlainLoop(
            builder, loc, zero, countK, step,
            [&](OpBuilder &, Location, Value row) {
              Value left = math.sub(countK, row);
              SmallVector<Value> square;
              for (int64_t i = 0; i < lanes; ++i) {
                Value own = math.min(math.add(column, i), last);
                Value source = elementAt(right, math.add(firstColumn, own),
                                         math.add(firstK, row));
                square.push_back(
                    right.hasUnitColumns
                        ? loadMasked(source, left)
                        : loadStrided(source, right.columnStride, left));
              }
              emitTranspose(builder, loc, square);
              for (int64_t i = 0; i < lanes; ++i)
                storeVector(builder, loc, square[i],
                            advance(builder, loc, target,
                                    math.mul(math.add(row, i), columns)));
            });
      });
}

void MatmulEmitter::packRight(const Matrix &right, Value firstK, Value countK,
                              Value firstColumn, Value countColumns) {
  if (matmul.getTransposeRhs())
    packTransposed(right, firstK, countK, firstColumn, countColumns);
  else
    packVectors(right, firstK, countK, firstColumn, countColumns);
}

/// The rows of the left-hand side at a distance that is known.
void MatmulEmitter::packLeft(const Matrix &left, Value firstRow,
                             Value countRows, Value firstK, Value countK) {
  Value zero = math.constant(0), one = math.constant(1);
  emitPlainLoop(
      builder, loc, zero, countRows, one,
      [&](OpBuilder &, Location, Value row) {
        Value target =
            advance(builder, loc, packedLeft, math.mul(row, getLeftStride()));
        emitPlainLoop(builder, loc, zero, countK, math.constant(lanes),
                      [&](OpBuilder &, Location, Value step) {
                        Value source = elementAt(left, math.add(firstRow, row),
                                                 math.add(firstK, step));
                        Value rest = math.sub(countK, step);
                        Value vector =
                            left.hasUnitColumns
                                ? loadMasked(source, rest)
                                : loadStrided(source, left.columnStride, rest);
                        storeVector(builder, loc, vector,
                                    advance(builder, loc, target, step));
                      });
      });
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

class MatmulFamily : public KernelFamily {
public:
  StringRef getName() const override { return "matmul"; }

  LogicalResult supports(KernelOp kernel, std::string &reason) const override {
    auto matmul = dyn_cast_or_null<MatmulOp>(kernel.getAnchor().getOperation());
    if (!matmul || !isa<BlockArgument>(matmul.getLhs()) ||
        !isa<BlockArgument>(matmul.getRhs())) {
      reason = "a matmul kernel needs attune.matmul on its own arguments";
      return failure();
    }
    return RegionEmitter::supportsResults(kernel, matmul.getResult(), reason);
  }

  SmallVector<Knob> getKnobs(KernelOp,
                             const TargetDesc &target) const override {
    bool wide = target.vectorRegisters >= 32;
    return {{"mr", "rows of a register tile",
             wide ? SmallVector<int64_t>{6, 8, 12, 14}
                  : SmallVector<int64_t>{4, 5, 6}},
            {"nv", "vectors of a register tile",
             wide ? SmallVector<int64_t>{1, 2, 4} : SmallVector<int64_t>{1, 2}},
            {"mc", "rows of a task", {32, 64, 96, 128, 256}},
            {"nc", "columns of a task", {64, 128, 256, 512}},
            {"kc", "longest run of k", {128, 256, 512, 1024}},
            {"unroll", "steps of k in one iteration", {1, 2, 4, 8}}};
  }

  Schedule getDefaultSchedule(KernelOp,
                              const TargetDesc &target) const override {
    return MatmulSchedule(Schedule(), target).toSchedule();
  }

  LogicalResult verifySchedule(KernelOp, const Schedule &schedule,
                               const TargetDesc &target,
                               std::string &reason) const override {
    return MatmulSchedule(schedule, target).verify(target, reason);
  }

  LogicalResult emit(KernelEmission &emission,
                     OpBuilder &builder) const override {
    auto matmul = cast<MatmulOp>(emission.kernel.getAnchor().getOperation());
    MatmulEmitter(emission, builder, matmul).emitGrid();
    MatmulEmitter(emission, builder, matmul).emitTask();
    return success();
  }
};

} // namespace

std::unique_ptr<KernelFamily> attune::createMatmulFamily() {
  return std::make_unique<MatmulFamily>();
}
