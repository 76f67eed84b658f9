//===- RegionExprs.cpp - A kernel's region as expressions -----------------===//
#include "RegionExprs.h"
#include "ElementwiseExprs.h"
#include "attune/Backend/KernelRegion.h"
#include <functional>

using namespace mlir;
using namespace attune;

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

/// Whether no extent of one in `shape` is repeated in `space`: the rows of a
/// buffer of this shape are the rows of the space.
static bool hasAllRows(ArrayRef<int64_t> shape, ArrayRef<int64_t> space) {
  if (shape.size() != space.size())
    return false;
  for (auto [extent, full] : llvm::zip(shape.drop_back(), space.drop_back()))
    if (extent == 1 && full != 1)
      return false;
  return true;
}

Halide::Expr RegionExprs::load(unsigned argument,
                               const Position &position) const {
  KernelOp kernel = pipeline.getKernel();
  ArrayRef<int64_t> shape = shapeOf(kernel.getBody().getArgument(argument));
  ArrayRef<int64_t> space = shapeOf(kernel.getYield().getValues()[0]);
  Halide::Expr zero = 0;
  Halide::Expr column = !shape.empty() && shape.back() == 1 && space.back() != 1
                            ? zero
                            : position.column;
  if (!shape.empty() && shape.size() > 1 && hasAllRows(shape, space))
    return pipeline.getInput(argument, BufferForm::Rows)(column, position.row);
  Halide::ImageParam input = pipeline.getInput(argument, BufferForm::Full);
  if (shape.empty())
    return input();
  std::vector<Halide::Expr> indices{column};
  // From the last row dimension to the first, dividing what is left.
  Halide::Expr rest = position.row;
  for (size_t i = 1; i < shape.size(); ++i) {
    size_t dim = space.size() - 1 - i;
    Halide::Expr extent = pipeline.getResultExtent(dim);
    if (shape[shape.size() - 1 - i] == 1)
      indices.push_back(zero);
    else
      indices.push_back(dim == 0 ? rest : rest % extent);
    if (dim != 0)
      rest = rest / extent;
  }
  return input(indices);
}

Halide::Expr RegionExprs::get(Value value, const Position &position,
                              const KnownExprs &given) const {
  KnownExprs known = given;
  std::function<Halide::Expr(Value)> visit = [&](Value current) {
    auto seen = known.find(current);
    if (seen != known.end())
      return seen->second;
    Halide::Expr result;
    if (auto argument = dyn_cast<BlockArgument>(current)) {
      result = load(argument.getArgNumber(), position);
    } else {
      Operation *op = current.getDefiningOp();
      SmallVector<Halide::Expr> operands;
      for (Value operand : op->getOperands())
        operands.push_back(visit(operand));
      result = findElementwiseExpr(op)(op, operands);
    }
    known[current] = result;
    return result;
  };
  return visit(value);
}

SmallVector<Halide::Expr>
RegionExprs::getResults(const Position &position,
                        const KnownExprs &known) const {
  SmallVector<Halide::Expr> results;
  for (Value value : pipeline.getKernel().getYield().getValues())
    results.push_back(get(value, position, known));
  return results;
}

LogicalResult RegionExprs::supportsValue(Value value, ValueRange known,
                                         std::string &reason) {
  // Add and mul take any number; their expressions are of f32.
  auto isF32 = [](Type type) {
    return cast<RankedTensorType>(type).getElementType().isF32();
  };
  Operation *op = findUnsupported(value, known, [&](Operation *op) {
    return findElementwiseExpr(op) != nullptr &&
           llvm::all_of(op->getOperandTypes(), isF32) &&
           llvm::all_of(op->getResultTypes(), isF32);
  });
  if (!op)
    return success();
  reason = ("no Halide code for '" + op->getName().getStringRef() + "'").str();
  return failure();
}

LogicalResult RegionExprs::supportsResults(KernelOp kernel, ValueRange known,
                                           std::string &reason, bool several) {
  ValueRange values = kernel.getYield().getValues();
  if (values.empty() || (values.size() > 1 && !several)) {
    reason = "the halide backend makes such kernels of one result";
    return failure();
  }
  for (Value value : values) {
    Type element = cast<RankedTensorType>(value.getType()).getElementType();
    if (!element.isF32() && !element.isInteger(64)) {
      reason = "the halide backend computes f32 and i64";
      return failure();
    }
    if (shapeOf(value) != shapeOf(values.front())) {
      reason = "results of different shapes";
      return failure();
    }
    if (failed(supportsValue(value, known, reason)))
      return failure();
  }
  return success();
}
