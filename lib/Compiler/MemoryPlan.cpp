//===- MemoryPlan.cpp - Which memory every value lives in -----------------===//
#include "MemoryPlan.h"
#include "attune/Kernel/ElementTypes.h"

using namespace mlir;
using namespace attune;

/// The value whose memory `value` shows.
static Value getRoot(Value value) {
  while (auto view = value.getDefiningOp<ViewOpInterface>())
    value = view->getOperand(0);
  return value;
}

LogicalResult MemoryPlan::make() {
  if (!llvm::hasSingleElement(function.getBody()))
    return function.emitError("expected a function of one block");
  if (failed(inferShapes()) || failed(placeResults()))
    return failure();
  assignSlots();
  return success();
}

DimExpr MemoryPlan::getBytes(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return getNumElements(shapes[value]) * getElementBytes(type.getElementType());
}

/// The symbols that inputs have as an extent, from which all others follow.
void MemoryPlan::findSymbols() {
  for (BlockArgument argument : function.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    auto dims = function.getArgAttrOfType<ArrayAttr>(argument.getArgNumber(),
                                                     kDimsAttr);
    for (int64_t i = 0, e = type ? type.getRank() : 0; i < e; ++i) {
      std::optional<DimExpr> extent = getNamedExtent(dims, i);
      StringRef symbol =
          extent && type.isDynamicDim(i) ? extent->getSymbol() : StringRef();
      if (!symbol.empty() && !llvm::is_contained(symbols, symbol))
        symbols.push_back(symbol.str());
    }
  }
}

LogicalResult MemoryPlan::inferShapes() {
  findSymbols();
  for (BlockArgument argument : function.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type)
      return function.emitError("expected tensors as arguments, got ")
             << argument.getType();
    auto dims = function.getArgAttrOfType<ArrayAttr>(argument.getArgNumber(),
                                                     kDimsAttr);
    SymbolicShape shape;
    for (auto [i, extent] : llvm::enumerate(type.getShape())) {
      if (!ShapedType::isDynamic(extent)) {
        shape.push_back(extent);
        continue;
      }
      std::optional<DimExpr> named = getNamedExtent(dims, i);
      if (!named)
        return function.emitError()
               << "expected '" << kDimsAttr << "' to name dimension " << i
               << " of argument " << argument.getArgNumber();
      shape.push_back(*named);
    }
    if (failed(checkSymbols(*function, shape)))
      return failure();
    shapes[argument] = shape;
  }
  for (Operation &op : function.front().without_terminator()) {
    auto shaped = dyn_cast<SymbolicShapeOpInterface>(op);
    if (!shaped)
      return op.emitError("cannot be planned: its shapes are not known");
    SmallVector<SymbolicShape> operands, inferred;
    for (Value operand : op.getOperands())
      operands.push_back(shapes[operand]);
    shaped.inferSymbolicShapes(operands, inferred);
    for (auto [result, shape] : llvm::zip(op.getResults(), inferred)) {
      if (failed(checkSymbols(op, shape)))
        return failure();
      shapes[result] = shape;
    }
    if (auto extents = dyn_cast<ExtentsOp>(op))
      if (failed(checkSymbols(op, extents.getExtents().getShape())))
        return failure();
  }
  return success();
}

LogicalResult MemoryPlan::checkSymbols(Operation &op, ArrayRef<DimExpr> shape) {
  for (const DimExpr &extent : shape)
    for (const auto &[monomial, coefficient] : extent.getTerms())
      for (const std::string &symbol : monomial)
        if (!llvm::is_contained(symbols, symbol))
          return op.emitError()
                 << "has the extent '" << extent.str()
                 << "', but no input has an extent '" << symbol << "'";
  return success();
}

LogicalResult MemoryPlan::placeResults() {
  Operation *terminator = function.front().getTerminator();
  for (auto [i, value] : llvm::enumerate(terminator->getOperands())) {
    if (!value.getDefiningOp<LaunchOp>() || results.contains(value))
      return function.emitError()
             << "result " << i
             << " is not computed by a kernel of its own: run "
                "attune-materialize-results before kernels are made";
    results[value] = i;
  }
  return success();
}

unsigned MemoryPlan::takeSlot(Value value, const DimExpr &bytes) {
  // Symbols of equal weight are a good enough measure for what grows least.
  llvm::StringMap<int64_t> typical;
  for (const std::string &symbol : symbols)
    typical[symbol] = 128;
  std::optional<unsigned> best;
  double bestCost = 0;
  for (auto [i, slot] : llvm::enumerate(slots)) {
    if (!slot.free)
      continue;
    double now = slot.bytes.evaluate(typical);
    double grown = DimExpr::upperBound(slot.bytes, bytes).evaluate(typical);
    // Growth counts most; after that the tightest fit.
    double cost = (grown - now) * 1e6 + now;
    if (!best || cost < bestCost) {
      best = i;
      bestCost = cost;
    }
  }
  if (!best) {
    slots.emplace_back();
    best = slots.size() - 1;
  }
  ArenaSlot &slot = slots[*best];
  slot.bytes = DimExpr::upperBound(slot.bytes, bytes);
  slot.free = false;
  slot.holds.push_back(value);
  return *best;
}

void MemoryPlan::assignSlots() {
  // The last op that reads a root's memory, through whichever view.
  DenseMap<Value, Operation *> lastUse;
  for (Operation &op : function.front())
    for (Value operand : op.getOperands())
      lastUse[getRoot(operand)] = &op;

  for (Operation &op : function.front()) {
    // The plan itself writes what it computes from symbols.
    if (auto extents = dyn_cast<ExtentsOp>(op))
      slotOf[extents.getResult()] =
          takeSlot(extents.getResult(), getBytes(extents.getResult()));
    auto launch = dyn_cast<LaunchOp>(op);
    if (!launch)
      continue;
    // Results first: a kernel never writes where it reads.
    for (Value result : launch.getResults())
      if (!results.contains(result))
        slotOf[result] = takeSlot(result, getBytes(result));
    if (keepAll)
      continue;
    auto release = [&](Value root) {
      auto it = slotOf.find(root);
      if (it != slotOf.end())
        slots[it->second].free = true;
    };
    for (Value operand : launch.getOperands())
      if (lastUse.lookup(getRoot(operand)) == &op)
        release(getRoot(operand));
    for (Value result : launch.getResults())
      if (!lastUse.contains(result))
        release(result);
  }
}
