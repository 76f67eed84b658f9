//===- PlanMemory.cpp - Views of one arena --------------------------------===//
//
// The plan is made in two steps: Plan (in this file) decides which slot every
// value lives in, Rewriter builds the function on memrefs from it.
//
//===----------------------------------------------------------------------===//
#include "attune/Backend/Backend.h"
#include "attune/Compiler/Passes.h"
#include "attune/Kernel/Packing.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace attune {
#define GEN_PASS_DEF_PLANMEMORY
#include "attune/Compiler/Passes.h.inc"
} // namespace attune

using namespace attune;

namespace {

/// A part of the arena that values with disjoint lives share.
struct Slot {
  DimExpr bytes;
  SmallVector<Value> holds;
  bool free = false;
};

/// Where every value of a function lives.
class Plan {
public:
  Plan(func::FuncOp function, bool keepAll)
      : function(function), keepAll(keepAll) {}

  LogicalResult make() {
    if (!llvm::hasSingleElement(function.getBody()))
      return function.emitError("expected a function of one block");
    if (failed(inferShapes()) || failed(placeResults()))
      return failure();
    assignSlots();
    return success();
  }

  func::FuncOp function;
  bool keepAll;
  SmallVector<std::string> symbols; // in order of their first appearance
  DenseMap<Value, SymbolicShape> shapes;
  DenseMap<Value, unsigned> results; // values that are the function's results
  DenseMap<Value, unsigned> slotOf;
  SmallVector<Slot> slots;

private:
  /// The value whose memory `value` shows.
  static Value getRoot(Value value) {
    while (auto view = value.getDefiningOp<ViewOpInterface>())
      value = view->getOperand(0);
    return value;
  }

  LogicalResult inferShapes();
  LogicalResult placeResults();
  void assignSlots();
  unsigned takeSlot(Value value, const DimExpr &bytes);
  DimExpr getBytes(Value value) {
    auto type = cast<RankedTensorType>(value.getType());
    return getNumElements(shapes[value]) *
           static_cast<int64_t>(type.getElementTypeBitWidth() / 8);
  }
};

LogicalResult Plan::inferShapes() {
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
      auto name = dims && i < dims.size() ? dyn_cast<StringAttr>(dims[i])
                                          : StringAttr();
      if (!name || name.empty())
        return function.emitError()
               << "expected '" << kDimsAttr << "' to name dimension " << i
               << " of argument " << argument.getArgNumber();
      if (!llvm::is_contained(symbols, name.getValue()))
        symbols.push_back(name.str());
      shape.push_back(DimExpr::symbol(name.getValue()));
    }
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
    for (auto [result, shape] : llvm::zip(op.getResults(), inferred))
      shapes[result] = shape;
  }
  return success();
}

LogicalResult Plan::placeResults() {
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

unsigned Plan::takeSlot(Value value, const DimExpr &bytes) {
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
  Slot &slot = slots[*best];
  slot.bytes = DimExpr::upperBound(slot.bytes, bytes);
  slot.free = false;
  slot.holds.push_back(value);
  return *best;
}

void Plan::assignSlots() {
  // The last op that reads a root's memory, through whichever view.
  DenseMap<Value, Operation *> lastUse;
  for (Operation &op : function.front())
    for (Value operand : op.getOperands())
      lastUse[getRoot(operand)] = &op;

  for (Operation &op : function.front()) {
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

/// Builds the planned function.
class Rewriter {
public:
  Rewriter(Plan &plan, SymbolTable &symbolTable)
      : plan(plan), symbolTable(symbolTable),
        builder(plan.function.getContext()) {}

  LogicalResult run();

private:
  Value emit(const DimExpr &expr, Location loc);
  Value emitSlotBytes(const Slot &slot, Location loc);
  void buildWorkspaceFunction();
  FailureOr<Value> buildView(ViewOpInterface view);
  LogicalResult buildLaunch(LaunchOp launch, ArrayRef<Value> resultBuffers);
  FailureOr<KernelOp> getKernelFor(LaunchOp launch, TypeRange operands);
  SmallVector<OpFoldResult> getExtents(Value value, Location loc);
  ArrayAttr describeSlots();

  Plan &plan;
  SymbolTable &symbolTable;
  OpBuilder builder;
  IRMapping memory; // tensor value -> memref
  llvm::StringMap<Value> symbolValues;
};

Value Rewriter::emit(const DimExpr &expr, Location loc) {
  Value sum;
  for (const auto &[monomial, coefficient] : expr.getTerms()) {
    Value product = arith::ConstantIndexOp::create(builder, loc, coefficient);
    for (const std::string &symbol : monomial)
      product =
          arith::MulIOp::create(builder, loc, product, symbolValues[symbol]);
    sum = sum ? arith::AddIOp::create(builder, loc, sum, product) : product;
  }
  return sum ? sum : arith::ConstantIndexOp::create(builder, loc, 0);
}

/// A slot's size, rounded up to 64 bytes.
Value Rewriter::emitSlotBytes(const Slot &slot, Location loc) {
  Value bytes = emit(slot.bytes, loc);
  if (llvm::all_of(slot.bytes.getTerms(),
                   [](const auto &term) { return term.second % 64 == 0; }))
    return bytes;
  Value line = arith::ConstantIndexOp::create(builder, loc, 64);
  Value lines = arith::CeilDivUIOp::create(builder, loc, bytes, line);
  return arith::MulIOp::create(builder, loc, lines, line);
}

void Rewriter::buildWorkspaceFunction() {
  func::FuncOp function = plan.function;
  Location loc = function.getLoc();
  SmallVector<Type> inputs(plan.symbols.size(), builder.getIndexType());
  builder.setInsertionPointAfter(function);
  auto size = func::FuncOp::create(
      builder, loc, (function.getName() + kWorkspaceSuffix).str(),
      builder.getFunctionType(inputs, builder.getIndexType()));
  symbolTable.insert(size);
  Block *entry = size.addEntryBlock();
  builder.setInsertionPointToStart(entry);
  for (auto [symbol, argument] : llvm::zip(plan.symbols, entry->getArguments()))
    symbolValues[symbol] = argument;
  Value total = arith::ConstantIndexOp::create(builder, loc, 0);
  for (const Slot &slot : plan.slots)
    total =
        arith::AddIOp::create(builder, loc, total, emitSlotBytes(slot, loc));
  func::ReturnOp::create(builder, loc, total);
}

SmallVector<OpFoldResult> Rewriter::getExtents(Value value, Location loc) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<OpFoldResult> extents;
  for (auto [extent, expr] : llvm::zip(type.getShape(), plan.shapes[value]))
    if (ShapedType::isDynamic(extent))
      extents.push_back(emit(expr, loc));
    else
      extents.push_back(builder.getIndexAttr(extent));
  return extents;
}

FailureOr<Value> Rewriter::buildView(ViewOpInterface view) {
  Value result = view->getResult(0);
  Value source = memory.lookup(view->getOperand(0));
  if (Value shown =
          view.buildView(builder, source, getExtents(result, view.getLoc())))
    return shown;
  return view.emitError()
         << "needs a copy of its operand, whose memory is laid out as "
         << source.getType()
         << ": run attune-materialize-results before kernels are made";
}

/// The kernel for buffers of these types: the launched one, or a copy of it
/// when other launches pass other layouts.
FailureOr<KernelOp> Rewriter::getKernelFor(LaunchOp launch,
                                           TypeRange operands) {
  auto original = symbolTable.lookup<KernelOp>(launch.getKernel());
  if (!original)
    return launch.emitError("launches an unknown kernel");
  unsigned numInputs = original.getNumArguments();
  auto bufferOf = [&](KernelOp kernel, unsigned i) {
    return i < numInputs ? kernel.getArgAttrOfType<TypeAttr>(i, kBufferAttr)
                         : kernel.getResultAttrOfType<TypeAttr>(i - numInputs,
                                                                kBufferAttr);
  };
  auto fits = [&](KernelOp kernel) {
    for (auto [i, type] : llvm::enumerate(operands)) {
      TypeAttr buffer = bufferOf(kernel, i);
      if (buffer && buffer.getValue() != type)
        return false;
    }
    return true;
  };
  KernelOp kernel = original;
  for (unsigned copy = 1; !fits(kernel); ++copy) {
    std::string name = (original.getSymName() + "." + Twine(copy)).str();
    if (auto existing = symbolTable.lookup<KernelOp>(name)) {
      kernel = existing;
      continue;
    }
    kernel = original.clone();
    kernel.setSymName(name);
    for (unsigned i = 0; i < operands.size(); ++i)
      if (i < numInputs)
        kernel.removeArgAttr(i, kBufferAttr);
      else
        kernel.removeResultAttr(i - numInputs,
                                builder.getStringAttr(kBufferAttr));
    symbolTable.insert(kernel, std::next(original->getIterator()));
  }
  for (auto [i, type] : llvm::enumerate(operands))
    if (i < numInputs)
      kernel.setArgAttr(i, kBufferAttr, TypeAttr::get(type));
    else
      kernel.setResultAttr(i - numInputs, kBufferAttr, TypeAttr::get(type));
  return kernel;
}

LogicalResult Rewriter::buildLaunch(LaunchOp launch,
                                    ArrayRef<Value> resultBuffers) {
  SmallVector<Value> operands;
  for (Value operand : launch.getOperands())
    operands.push_back(memory.lookup(operand));
  llvm::append_range(operands, resultBuffers);
  FailureOr<KernelOp> kernel =
      getKernelFor(launch, ValueRange(operands).getTypes());
  if (failed(kernel))
    return failure();
  LaunchOp::create(builder, launch.getLoc(), TypeRange(),
                   (*kernel).getSymName(), operands);
  for (auto [result, buffer] : llvm::zip(launch.getResults(), resultBuffers))
    memory.map(result, buffer);
  return success();
}

ArrayAttr Rewriter::describeSlots() {
  SmallVector<Attribute> entries;
  for (const Slot &slot : plan.slots) {
    SmallVector<Attribute> holds;
    for (Value value : slot.holds) {
      auto name = value.getLoc()->findInstanceOf<NameLoc>();
      holds.push_back(name ? name.getName() : builder.getStringAttr("unnamed"));
    }
    entries.push_back(builder.getDictionaryAttr(
        {builder.getNamedAttr("size", builder.getStringAttr(slot.bytes.str())),
         builder.getNamedAttr("holds", builder.getArrayAttr(holds))}));
  }
  return builder.getArrayAttr(entries);
}

LogicalResult Rewriter::run() {
  func::FuncOp function = plan.function;
  Location loc = function.getLoc();
  MLIRContext *context = builder.getContext();
  auto bytesType = MemRefType::get({ShapedType::kDynamic}, builder.getI8Type());
  auto toMemRef = [](Type type) {
    auto tensor = cast<RankedTensorType>(type);
    return MemRefType::get(tensor.getShape(), tensor.getElementType());
  };

  SmallVector<Type> types(plan.symbols.size(), builder.getIndexType());
  SmallVector<DictionaryAttr> attributes;
  for (const std::string &symbol : plan.symbols)
    attributes.push_back(builder.getDictionaryAttr(
        builder.getNamedAttr(kNameAttr, builder.getStringAttr(symbol))));
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes())) {
    types.push_back(toMemRef(type));
    attributes.push_back(function_interface_impl::getArgAttrDict(function, i));
  }
  for (auto [i, type] : llvm::enumerate(function.getResultTypes())) {
    types.push_back(toMemRef(type));
    attributes.push_back(
        function_interface_impl::getResultAttrDict(function, i));
  }
  for (StringRef name : {"workspace", "weights"}) {
    types.push_back(bytesType);
    attributes.push_back(builder.getDictionaryAttr(
        builder.getNamedAttr(kNameAttr, builder.getStringAttr(name))));
  }
  for (DictionaryAttr &attribute : attributes)
    if (!attribute)
      attribute = DictionaryAttr::get(context);

  builder.setInsertionPoint(function);
  auto planned =
      func::FuncOp::create(builder, loc, function.getName(),
                           builder.getFunctionType(types, TypeRange()));
  planned.setAllArgAttrs(attributes);
  planned->setAttr(kSlotsAttr, describeSlots());
  planned->setAttr(kNumInputsAttr,
                   builder.getI64IntegerAttr(function.getNumArguments()));
  Block *entry = planned.addEntryBlock();
  builder.setInsertionPointToStart(entry);

  ArrayRef<BlockArgument> arguments = entry->getArguments();
  size_t numSymbols = plan.symbols.size();
  for (auto [symbol, argument] : llvm::zip(plan.symbols, arguments))
    symbolValues[symbol] = argument;
  for (auto [tensor, argument] :
       llvm::zip(function.getArguments(), arguments.drop_front(numSymbols)))
    memory.map(tensor, argument);
  ArrayRef<BlockArgument> resultBuffers =
      arguments.drop_front(numSymbols + function.getNumArguments());
  Value workspace = arguments[arguments.size() - 2];
  Value weights = arguments.back();

  SmallVector<Value> offsets;
  Value offset = arith::ConstantIndexOp::create(builder, loc, 0);
  for (const Slot &slot : plan.slots) {
    offsets.push_back(offset);
    offset =
        arith::AddIOp::create(builder, loc, offset, emitSlotBytes(slot, loc));
  }

  for (Operation &op : function.front().without_terminator()) {
    Location opLoc = op.getLoc();
    if (auto load = dyn_cast<LoadWeightOp>(op)) {
      auto weight = symbolTable.lookup<WeightOp>(load.getWeight());
      if (!weight || !weight.getOffset())
        return load.emitError("reads a weight that has no place in the weights "
                              "file: run attune-plan-weights first");
      auto type = getPackedMemRefType(cast<RankedTensorType>(weight.getType()),
                                      weight.getLayoutAttr());
      Value place =
          arith::ConstantIndexOp::create(builder, opLoc, *weight.getOffset());
      memory.map(load.getResult(),
                 memref::ViewOp::create(builder, opLoc, type, weights, place,
                                        ValueRange()));
    } else if (auto view = dyn_cast<ViewOpInterface>(op)) {
      FailureOr<Value> shown = buildView(view);
      if (failed(shown))
        return failure();
      memory.map(op.getResult(0), *shown);
    } else if (auto launch = dyn_cast<LaunchOp>(op)) {
      SmallVector<Value> buffers;
      for (Value result : launch.getResults()) {
        auto it = plan.results.find(result);
        if (it != plan.results.end()) {
          buffers.push_back(resultBuffers[it->second]);
          continue;
        }
        SmallVector<Value> dynamic;
        for (OpFoldResult extent : getExtents(result, opLoc))
          if (auto value = dyn_cast<Value>(extent))
            dynamic.push_back(value);
        buffers.push_back(memref::ViewOp::create(
            builder, opLoc, toMemRef(result.getType()), workspace,
            offsets[plan.slotOf[result]], dynamic));
      }
      if (failed(buildLaunch(launch, buffers)))
        return failure();
    } else {
      return op.emitError("is neither a launch nor a view: kernels have to be "
                          "made before memory is planned");
    }
  }
  func::ReturnOp::create(builder, loc);
  std::string name = function.getName().str();
  symbolTable.erase(function);
  planned.setName(name);
  symbolTable.insert(planned);
  plan.function = planned;
  buildWorkspaceFunction();
  return success();
}

struct PlanMemory : public attune::impl::PlanMemoryBase<PlanMemory> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    SymbolTable symbolTable(module);
    for (func::FuncOp function :
         llvm::make_early_inc_range(module.getOps<func::FuncOp>())) {
      if (function.isExternal())
        continue;
      Plan plan(function, keepAll);
      if (failed(plan.make()) || failed(Rewriter(plan, symbolTable).run()))
        return signalPassFailure();
      numSlots += plan.slots.size();
      for (const Slot &slot : plan.slots)
        numBuffers += slot.holds.size();
    }
  }
};

} // namespace
