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
  explicit Walker(std::map<std::string, int64_t> &counts) : counts(counts) {}

  /// FLOPs of the ops in `block`.
  DimExpr walk(Block &block, ArrayRef<SymbolicShape> arguments,
               llvm::function_ref<void(Operation &, DimExpr)> visit = {}) {
    for (auto [argument, shape] : llvm::zip(block.getArguments(), arguments))
      shapes[argument] = shape;
    DimExpr sum;
    for (Operation &op : block.without_terminator()) {
      DimExpr flops = visitOp(op);
      sum += flops;
      if (visit)
        visit(op, flops);
    }
    return sum;
  }

  DimExpr getBytes(Value value) {
    auto type = cast<ShapedType>(value.getType());
    return getNumElements(shapes[value]) *
           static_cast<int64_t>(type.getElementTypeBitWidth() / 8);
  }

private:
  DimExpr visitOp(Operation &op) {
    SmallVector<SymbolicShape> operands, results;
    for (Value operand : op.getOperands())
      operands.push_back(shapes[operand]);
    if (auto shaped = dyn_cast<SymbolicShapeOpInterface>(op))
      shaped.inferSymbolicShapes(operands, results);
    for (auto [result, shape] : llvm::zip(op.getResults(), results))
      shapes[result] = shape;
    if (auto fused = dyn_cast<FusedOp>(op))
      return walk(fused.getBody().front(), operands);
    if (auto launch = dyn_cast<LaunchOp>(op)) {
      auto kernel = SymbolTable::lookupNearestSymbolFrom<KernelOp>(
          launch, launch.getKernelAttr());
      return kernel ? walk(kernel.getBody().front(), operands) : DimExpr();
    }
    ++counts[op.getName().stripDialect().str()];
    if (auto anchor = dyn_cast<KernelOpInterface>(op))
      return anchor.getFlops(operands, results);
    if (auto elementwise = dyn_cast<ElementwiseOpInterface>(op))
      return getNumElements(results[0]) * elementwise.getFlopsPerElement();
    return {};
  }

  DenseMap<Value, SymbolicShape> shapes;
  std::map<std::string, int64_t> &counts;
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
      auto name = dims && i < dims.size() ? dyn_cast<StringAttr>(dims[i])
                                          : StringAttr();
      shape.push_back(!ShapedType::isDynamic(extent) ? DimExpr(extent)
                      : name ? DimExpr::symbol(name.getValue())
                             : DimExpr(1));
    }
    arguments.push_back(shape);
  }
  Walker walker(counts);
  walker.walk(function.front(), arguments, [&](Operation &op, DimExpr flops) {
    if (isa<ViewOpInterface, LoadWeightOp>(op))
      return;
    Cost cost;
    cost.flops = std::move(flops);
    for (Value operand : op.getOperands())
      if (operand.getDefiningOp<LoadWeightOp>())
        cost.weightBytes += walker.getBytes(operand);
      else
        cost.activationBytes += walker.getBytes(operand);
    for (Value result : op.getResults())
      cost.activationBytes += walker.getBytes(result);
    total += cost;
    ops.emplace_back(&op, cost);
  });
}
