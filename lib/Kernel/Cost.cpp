//===- Cost.cpp - FLOPs and bytes of a model ------------------------------===//
#include "attune/Kernel/Cost.h"

using namespace mlir;
using namespace attune;

Cost &Cost::operator+=(const Cost &other) {
  flops += other.flops;
  weightBytes += other.weightBytes;
  activationBytes += other.activationBytes;
  return *this;
}

namespace {

/// Walks blocks in order with the shapes of all values at hand.
class Walker {
public:
  using Shapes = DenseMap<Value, SymbolicShape>;
  using Flops = DenseMap<Operation *, DimExpr>;

  Walker(std::map<std::string, int64_t> &counts, Shapes &shapes, Flops &flops)
      : counts(counts), shapes(shapes), flopsOf(flops) {}

  /// FLOPs of the ops in `block`.
  DimExpr walk(Block &block, ArrayRef<SymbolicShape> arguments,
               llvm::function_ref<void(Operation &, DimExpr)> visit = {}) {
    for (auto [argument, shape] : llvm::zip(block.getArguments(), arguments))
      shapes[argument] = shape;
    DimExpr sum;
    for (Operation &op : block.without_terminator()) {
      DimExpr flops = visitOp(op);
      flopsOf[&op] = flops;
      sum += flops;
      if (visit)
        visit(op, flops);
    }
    return sum;
  }

  DimExpr getBytes(Value value) {
    return getNumElements(shapes[value]) * getElementBytes(value);
  }

  /// Bytes of operand `index` that `op` reads; it has just been walked.
  DimExpr getBytesRead(Operation &op, unsigned index) {
    return getElementsRead(op, index) * getElementBytes(op.getOperand(index));
  }

  /// Bytes of an argument that its block reads; it has just been walked.
  DimExpr getBytesRead(BlockArgument argument) {
    return getElementsRead(argument) * getElementBytes(argument);
  }

private:
  static int64_t getElementBytes(Value value) {
    return cast<ShapedType>(value.getType()).getElementTypeBitWidth() / 8;
  }

  /// The body of a fused region or of a launched kernel.
  static Block *getBody(Operation &op) {
    if (auto fused = dyn_cast<FusedOp>(op))
      return &fused.getBody().front();
    auto launch = dyn_cast<LaunchOp>(op);
    auto kernel = launch ? SymbolTable::lookupNearestSymbolFrom<KernelOp>(
                               launch, launch.getKernelAttr())
                         : KernelOp();
    return kernel ? &kernel.getBody().front() : nullptr;
  }

  DimExpr getElementsRead(BlockArgument argument) {
    // The anchor alone may read less; others read what it does not.
    if (!argument.hasOneUse())
      return getNumElements(shapes[argument]);
    OpOperand &use = *argument.use_begin();
    return getElementsRead(*use.getOwner(), use.getOperandNumber());
  }

  DimExpr getElementsRead(Operation &op, unsigned index) {
    if (Block *body = getBody(op))
      return getElementsRead(body->getArgument(index));
    auto anchor = dyn_cast<KernelOpInterface>(op);
    if (!anchor)
      return getNumElements(shapes[op.getOperand(index)]);
    SmallVector<SymbolicShape> operands, results;
    for (Value operand : op.getOperands())
      operands.push_back(shapes[operand]);
    for (Value result : op.getResults())
      results.push_back(shapes[result]);
    return anchor.getElementsRead(index, operands, results);
  }

  DimExpr visitOp(Operation &op) {
    SmallVector<SymbolicShape> operands, results;
    for (Value operand : op.getOperands())
      operands.push_back(shapes[operand]);
    if (auto shaped = dyn_cast<SymbolicShapeOpInterface>(op))
      shaped.inferSymbolicShapes(operands, results);
    for (auto [result, shape] : llvm::zip(op.getResults(), results))
      shapes[result] = shape;
    if (Block *body = getBody(op))
      return walk(*body, operands);
    ++counts[op.getName().stripDialect().str()];
    if (auto anchor = dyn_cast<KernelOpInterface>(op))
      return anchor.getFlops(operands, results);
    if (auto elementwise = dyn_cast<ElementwiseOpInterface>(op))
      return getNumElements(results[0]) * elementwise.getFlopsPerElement();
    return {};
  }

  std::map<std::string, int64_t> &counts;
  Shapes &shapes;
  Flops &flopsOf;
};

} // namespace

CostAnalysis::CostAnalysis(func::FuncOp function) {
  SmallVector<SymbolicShape> arguments;
  for (BlockArgument argument : function.getArguments()) {
    auto dims = function.getArgAttrOfType<ArrayAttr>(argument.getArgNumber(),
                                                     kDimsAttr);
    SymbolicShape shape;
    for (auto [i, extent] :
         llvm::enumerate(cast<ShapedType>(argument.getType()).getShape())) {
      shape.push_back(!ShapedType::isDynamic(extent)
                          ? DimExpr(extent)
                          : getNamedExtent(dims, i).value_or(DimExpr(1)));
    }
    arguments.push_back(shape);
  }
  Walker walker(counts, shapes, flops);
  walker.walk(function.front(), arguments, [&](Operation &op, DimExpr flops) {
    if (isa<ViewOpInterface, LoadWeightOp>(op))
      return;
    Cost cost;
    cost.flops = std::move(flops);
    for (auto [i, operand] : llvm::enumerate(op.getOperands()))
      if (operand.getDefiningOp<LoadWeightOp>())
        cost.weightBytes += walker.getBytesRead(op, i);
      else
        cost.activationBytes += walker.getBytesRead(op, i);
    for (Value result : op.getResults())
      cost.activationBytes += walker.getBytes(result);
    total += cost;
    ops.emplace_back(&op, cost);
  });
}

Cost attune::getKernelCost(KernelOp kernel, ArrayRef<SymbolicShape> arguments) {
  std::map<std::string, int64_t> counts;
  Walker::Shapes shapes;
  Walker::Flops flops;
  Walker walker(counts, shapes, flops);
  Block &body = kernel.getBody().front();
  Cost cost;
  cost.flops = walker.walk(body, arguments);
  for (BlockArgument argument : body.getArguments())
    cost.activationBytes += walker.getBytesRead(argument);
  for (Value result : body.getTerminator()->getOperands())
    cost.activationBytes += walker.getBytes(result);
  return cost;
}
