//===- PlanMemory.cpp - Views of one arena --------------------------------===//
//
// MemoryPlan decides which slot every value lives in; Rewriter builds the
// function on memrefs from it.
//
//===----------------------------------------------------------------------===//
#include "MemoryPlan.h"
#include "PassRemarks.h"
#include "attune/Backend/Backend.h"
#include "attune/Compiler/Passes.h"
#include "attune/Kernel/ElementTypes.h"
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

/// Builds the planned function.
class Rewriter {
public:
  Rewriter(MemoryPlan &plan, SymbolTable &symbolTable)
      : plan(plan), symbolTable(symbolTable),
        builder(plan.function.getContext()) {}

  LogicalResult run();

private:
  Value emit(const DimExpr &expr, Location loc);
  Value emitSlotBytes(const ArenaSlot &slot, Location loc);
  void buildWorkspaceFunction();
  FailureOr<Value> buildView(ViewOpInterface view);
  /// Writes numbers that depend on symbols alone into their slot.
  Value storeExtents(ExtentsOp op, Value workspace, Value offset);
  LogicalResult buildLaunch(LaunchOp launch, ArrayRef<Value> resultBuffers);
  FailureOr<KernelOp> getKernelFor(LaunchOp launch, TypeRange operands);
  SmallVector<OpFoldResult> getExtents(Value value, Location loc);
  ArrayAttr describeSlots();

  MemoryPlan &plan;
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
Value Rewriter::emitSlotBytes(const ArenaSlot &slot, Location loc) {
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
  for (const ArenaSlot &slot : plan.slots)
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

Value Rewriter::storeExtents(ExtentsOp op, Value workspace, Value offset) {
  Location loc = op.getLoc();
  auto type = getBufferType(cast<RankedTensorType>(op.getResult().getType()));
  Value buffer = memref::ViewOp::create(builder, loc, type, workspace, offset,
                                        ValueRange());
  for (auto [i, extent] : llvm::enumerate(op.getExtents().getShape())) {
    Value value = arith::IndexCastOp::create(builder, loc, builder.getI64Type(),
                                             emit(extent, loc));
    Value place = arith::ConstantIndexOp::create(builder, loc, i);
    memref::StoreOp::create(builder, loc, value, buffer, place);
  }
  return buffer;
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
  for (const ArenaSlot &slot : plan.slots) {
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
    return getBufferType(cast<RankedTensorType>(type));
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
  // The interface still tells signs.
  auto noteElement = [&](Type type, DictionaryAttr &attribute) {
    Type element = cast<RankedTensorType>(type).getElementType();
    if (element == getBufferElementType(element))
      return;
    NamedAttrList entries(attribute);
    entries.set(kElementAttr, TypeAttr::get(element));
    attribute = entries.getDictionary(context);
  };
  SmallVector<Type> tensors(function.getArgumentTypes());
  llvm::append_range(tensors, function.getResultTypes());
  for (auto [i, type] : llvm::enumerate(tensors))
    noteElement(type, attributes[plan.symbols.size() + i]);

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
  for (const ArenaSlot &slot : plan.slots) {
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
      if (!type)
        return load.emitError("reads a weight in a layout that does not fit "
                              "its type");
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
    } else if (auto extents = dyn_cast<ExtentsOp>(op)) {
      memory.map(extents.getResult(),
                 storeExtents(extents, workspace,
                              offsets[plan.slotOf[extents.getResult()]]));
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
      MemoryPlan plan(function, keepAll);
      if (failed(plan.make()) || failed(Rewriter(plan, symbolTable).run()))
        return signalPassFailure();
      DimExpr bytes;
      for (const ArenaSlot &slot : plan.slots)
        bytes += slot.bytes;
      remarkDone(plan.function, "memory",
                 Twine(plan.slotOf.size()) + " values in " +
                     Twine(plan.slots.size()) + " slots of together " +
                     bytes.str() + " bytes");
    }
  }
};

} // namespace
