//===- Transpose.cpp - The family of permuted dimensions ------------------===//
#include "ElementRegion.h"
#include "Families.h"
#include "IndexMath.h"
#include "attune/Backend/LLVM/RegionEmitter.h"
#include "attune/Dialect/Attune/IR/Attune.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace attune;

namespace {

/// Where the last dimension stays last, rows are copied. Else it becomes
/// dimension `fast` of the result, and squares of that and the result's last
/// dimension are transposed in registers: both sides see whole vectors.
/// Elements other than f32 are copied one by one.
class TransposeEmitter {
public:
  TransposeEmitter(KernelEmission &emission, OpBuilder &builder)
      : emission(emission), builder(builder),
        op(cast<TransposeOp>(emission.kernel.getAnchor().getOperation())),
        loc(op.getLoc()), permutation(op.getPermutation()),
        rank(permutation.size()),
        isF32(cast<RankedTensorType>(op.getType()).getElementType().isF32()),
        lanes(isF32 ? emission.target.getLanes() : 1) {
    fast = llvm::find(permutation, rank - 1) - permutation.begin();
  }

  /// A task covers one index of every dimension of the result but the last,
  /// and `lanes` indices of `fast`.
  Value emitExtent(Value output, int64_t dim) {
    IndexMath math(builder, loc);
    Value extent = math.dim(output, dim);
    if (dim == fast)
      extent = math.ceilDiv(extent, math.constant(lanes));
    return extent;
  }

  void emitGrid() {
    IndexMath math(builder, loc);
    Value output = emission.getOutput(emission.grid, 0),
          tasks = math.constant(1);
    for (int64_t dim = 0; dim + 1 < rank; ++dim)
      tasks = math.mul(tasks, emitExtent(output, dim));
    func::ReturnOp::create(builder, loc, tasks);
  }

  void emitTask() {
    IndexMath math(builder, loc);
    input = emission.getInput(
        emission.task, cast<BlockArgument>(op.getInput()).getArgNumber());
    output = emission.getOutput(emission.task, 0);
    Value rest = emission.getTaskIndex();
    SmallVector<Value> position(rank);
    for (int64_t dim = rank - 2; dim >= 0; --dim) {
      Value extent = emitExtent(output, dim);
      position[dim] = math.rem(rest, extent);
      rest = math.div(rest, extent);
    }
    if (rank == 0)
      copyElement(position);
    else if (!isF32)
      copyElements(position);
    else if (fast == rank - 1)
      copyRow(position);
    else
      transposeRows(position);
    func::ReturnOp::create(builder, loc);
  }

private:
  /// The operand's indices of the element at `position` of the result.
  SmallVector<Value> getSource(ArrayRef<Value> position) const {
    SmallVector<Value> source(rank);
    for (int64_t dim = 0; dim < rank; ++dim)
      source[permutation[dim]] = position[dim];
    return source;
  }

  void copyElement(ArrayRef<Value> position) {
    Value element = loadElement(builder, loc, input, getSource(position));
    storeElement(builder, loc, element, output, position);
  }

  void copyElements(SmallVector<Value> &position) {
    IndexMath math(builder, loc);
    auto loop =
        scf::ForOp::create(builder, loc, math.constant(0),
                           math.dim(output, rank - 1), math.constant(1));
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    position.back() = loop.getInductionVar();
    copyElement(position);
    markForVectors(loop);
  }

  void copyRow(SmallVector<Value> &position) {
    auto type = VectorType::get({lanes}, builder.getF32Type());
    emitVectorLoop(
        builder, loc, IndexMath(builder, loc).dim(output, rank - 1), lanes,
        /*unroll=*/4, {},
        [&](OpBuilder &, Location, Value column, Value mask,
            ValueRange) -> SmallVector<Value> {
          position.back() = column;
          SmallVector<Value> source = getSource(position);
          if (!mask) {
            Value vector =
                vector::LoadOp::create(builder, loc, type, input, source);
            vector::StoreOp::create(builder, loc, vector, output, position);
            return {};
          }
          Value zeros = arith::ConstantOp::create(builder, loc,
                                                  builder.getZeroAttr(type));
          Value vector = vector::MaskedLoadOp::create(builder, loc, type, input,
                                                      source, mask, zeros);
          vector::MaskedStoreOp::create(builder, loc, output, position, mask,
                                        vector);
          return {};
        });
  }

  void transposeRows(SmallVector<Value> &position) {
    IndexMath math(builder, loc);
    Value zero = math.constant(0), one = math.constant(1);
    Value first = math.mul(position[fast], lanes);
    Value width = math.dim(output, rank - 1);
    Value height =
        math.min(math.sub(math.dim(output, fast), first), math.constant(lanes));
    Value size = math.constant(lanes);
    Value whole = math.mul(math.div(width, size), size);
    whole = math.select(math.less(height, size), zero, whole);
    emitPlainLoop(builder, loc, zero, whole, size,
                  [&](OpBuilder &, Location, Value column) {
                    transposeSquare(position, first, column);
                  });
    emitPlainLoop(builder, loc, zero, height, one,
                  [&](OpBuilder &, Location, Value i) {
                    position[fast] = math.add(first, i);
                    emitPlainLoop(builder, loc, whole, width, one,
                                  [&](OpBuilder &, Location, Value column) {
                                    position.back() = column;
                                    copyElement(position);
                                  });
                  });
  }

  void transposeSquare(SmallVector<Value> position, Value first, Value column) {
    IndexMath math(builder, loc);
    auto type = VectorType::get({lanes}, builder.getF32Type());
    SmallVector<Value> square;
    position[fast] = first;
    for (int64_t i = 0; i < lanes; ++i) {
      position.back() = math.add(column, i);
      square.push_back(vector::LoadOp::create(builder, loc, type, input,
                                              getSource(position)));
    }
    emitTranspose(builder, loc, square);
    position.back() = column;
    for (int64_t i = 0; i < lanes; ++i) {
      position[fast] = math.add(first, i);
      vector::StoreOp::create(builder, loc, square[i], output, position);
    }
  }

  KernelEmission &emission;
  OpBuilder &builder;
  TransposeOp op;
  Location loc;
  ArrayRef<int64_t> permutation;
  int64_t rank;
  bool isF32;
  int64_t lanes;
  int64_t fast; ///< the result's dimension that is the operand's last
  Value input, output;
};

class TransposeFamily : public KernelFamily {
public:
  StringRef getName() const override { return "transpose"; }

  LogicalResult supports(KernelOp kernel, std::string &reason) const override {
    Operation *anchor = kernel.getAnchor();
    if (isa<BlockArgument>(anchor->getOperand(0)) &&
        kernel.getYield().getNumOperands() == 1 &&
        kernel.getYield().getOperand(0) == anchor->getResult(0))
      return success();
    reason = "transpose takes neither prologue nor epilogue";
    return failure();
  }

  LogicalResult emit(KernelEmission &emission,
                     OpBuilder &builder) const override {
    TransposeEmitter emitter(emission, builder);
    builder.setInsertionPointToStart(&emission.grid.getBody().front());
    emitter.emitGrid();
    builder.setInsertionPointToStart(&emission.task.getBody().front());
    emitter.emitTask();
    return success();
  }
};

} // namespace

std::unique_ptr<KernelFamily> attune::createTransposeFamily() {
  return std::make_unique<TransposeFamily>();
}
