//===- LowerLaunches.cpp - Launches as calls of the runtime ---------------===//
#include "PassRemarks.h"
#include "attune/Backend/Backend.h"
#include "attune/Backend/LLVM/KernelEntries.h"
#include "attune/Compiler/Passes.h"
#include "attune/Kernel/ElementTypes.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace attune {
#define GEN_PASS_DEF_LOWERLAUNCHES
#include "attune/Compiler/Passes.h.inc"
} // namespace attune

using namespace attune;

namespace {

/// Words of AttuneCall (ABI.h), in their order.
enum CallField { kBuffers, kDims, kWorkspace, kWeights };

class Lowering {
public:
  explicit Lowering(ModuleOp module)
      : module(module), builder(module.getContext()),
        converter(module.getContext()),
        pointer(LLVM::LLVMPointerType::get(module.getContext())),
        i64(builder.getI64Type()) {}

  /// Whether `function` is what attune-plan-memory makes of a function.
  LogicalResult verify(func::FuncOp function);
  LogicalResult verify(LaunchOp launch);

  /// Turns `function` into one that takes the AttuneCall first and adds its
  /// entry points.
  void lower(func::FuncOp function);

private:
  void lowerLaunch(LaunchOp launch, Value call, Value arguments);
  void describeInterface(func::FuncOp function);
  void buildEntry(func::FuncOp function);
  void buildWorkspaceEntry(func::FuncOp size);
  LLVM::LLVMFuncOp getRuntimeFunction();
  /// The 64-bit word or pointer at `base[index]`.
  Value load(Location loc, Type type, Value base, int64_t index) {
    Value address = LLVM::GEPOp::create(builder, loc, pointer, type, base,
                                        ArrayRef<LLVM::GEPArg>{index});
    return LLVM::LoadOp::create(builder, loc, type, address);
  }
  Value toIndex(Location loc, Value value) {
    return arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                      value);
  }
  /// The value of `extent` from those of the symbols.
  Value emit(const DimExpr &extent, const llvm::StringMap<Value> &symbols,
             Location loc);
  /// Memory at `base` as a memref of bytes that knows no size of its own.
  Value asBytes(Location loc, Value base);
  LLVM::LLVMStructType getArgumentsType(LaunchOp launch) {
    SmallVector<Type> fields;
    for (Type type : launch.getOperandTypes())
      fields.push_back(converter.convertType(type));
    return LLVM::LLVMStructType::getLiteral(builder.getContext(), fields);
  }

  ModuleOp module;
  OpBuilder builder;
  LLVMTypeConverter converter;
  Type pointer, i64;
};

/// The kernel is compiled for the buffers that the launch passes.
LogicalResult Lowering::verify(LaunchOp launch) {
  auto kernel = module.lookupSymbol<KernelOp>(launch.getKernel());
  if (!kernel)
    return launch.emitError("launches an unknown kernel");
  unsigned numInputs = kernel.getNumArguments();
  for (auto [i, type] : llvm::enumerate(launch.getOperandTypes())) {
    auto buffer =
        i < numInputs
            ? kernel.getArgAttrOfType<TypeAttr>(i, kBufferAttr)
            : kernel.getResultAttrOfType<TypeAttr>(i - numInputs, kBufferAttr);
    if (!buffer || buffer.getValue() != type)
      return launch.emitError()
             << "passes " << type << " as operand " << i << ", but kernel '"
             << kernel.getSymName()
             << "' is not planned for it: run attune-plan-memory first";
  }
  auto has = [&](StringRef suffix) {
    return bool(module.lookupSymbol<LLVM::LLVMFuncOp>(
        (kernel.getSymName() + suffix).str()));
  };
  if (!has(kLaunchEntrySuffix) &&
      !(has(kTaskEntrySuffix) && has(kCountEntrySuffix)))
    return launch.emitError()
           << "kernel '" << kernel.getSymName()
           << "' has no entry points: run attune-lower-kernels first";
  return success();
}

/// Whether every symbol of `extent` is one of `symbols`.
static bool usesOnly(const DimExpr &extent, const llvm::StringSet<> &symbols) {
  for (const auto &[monomial, coefficient] : extent.getTerms())
    for (const std::string &symbol : monomial)
      if (!symbols.contains(symbol))
        return false;
  return true;
}

/// The parts of a planned function that its entry point is made of.
LogicalResult Lowering::verify(func::FuncOp function) {
  auto planned = [&]() -> InFlightDiagnostic {
    return function.emitError() << "expected a function as attune-plan-memory "
                                   "makes it: ";
  };
  ArrayRef<Type> types = function.getArgumentTypes();
  size_t numSymbols =
      llvm::find_if_not(types, llvm::IsaPred<IndexType>) - types.begin();
  auto bytes = MemRefType::get({ShapedType::kDynamic}, builder.getI8Type());
  if (function.isExternal() || !llvm::hasSingleElement(function.getBody()) ||
      types.size() < numSymbols + 2 || types.back() != bytes ||
      types[types.size() - 2] != bytes || function.getNumResults() != 0)
    return planned() << "symbols, buffers, the workspace and the weights as "
                        "arguments, and no results";
  llvm::StringSet<> symbols;
  for (size_t i = 0; i < numSymbols; ++i)
    if (auto name = function.getArgAttrOfType<StringAttr>(i, kNameAttr))
      symbols.insert(name.getValue());
  for (size_t i = numSymbols; i + 2 < types.size(); ++i) {
    auto type = dyn_cast<MemRefType>(types[i]);
    if (!type || !type.getLayout().isIdentity() || type.getMemorySpace())
      return planned() << "argument " << i << " is a contiguous buffer, got "
                       << types[i];
    if (Attribute attr = function.getArgAttr(i, kElementAttr)) {
      auto element = dyn_cast<TypeAttr>(attr);
      if (!element ||
          getBufferElementType(element.getValue()) != type.getElementType())
        return planned() << "'" << kElementAttr << "' is the element type of "
                         << "argument " << i << ", got " << attr;
    }
    auto names = function.getArgAttrOfType<ArrayAttr>(i, kDimsAttr);
    for (auto [dim, extent] : llvm::enumerate(type.getShape())) {
      if (!ShapedType::isDynamic(extent))
        continue;
      std::optional<DimExpr> named = getNamedExtent(names, dim);
      if (!named || !usesOnly(*named, symbols))
        return planned() << "'" << kDimsAttr << "' gives dimension " << dim
                         << " of argument " << i
                         << " by symbols of the function";
    }
  }
  auto numInputs = function->getAttrOfType<IntegerAttr>(kNumInputsAttr);
  if (!numInputs || !numInputs.getType().isSignlessInteger(64) ||
      numInputs.getInt() < 0 ||
      numInputs.getInt() > static_cast<int64_t>(types.size() - 2 - numSymbols))
    return planned() << "'" << kNumInputsAttr << "' counts its inputs";
  std::string sizeName = (function.getName() + kWorkspaceSuffix).str();
  auto size = module.lookupSymbol<func::FuncOp>(sizeName);
  if (!size || size.isExternal() ||
      size.getArgumentTypes() != types.take_front(numSymbols) ||
      size.getResultTypes() != ArrayRef<Type>(builder.getIndexType()))
    return planned() << "'" << sizeName
                     << "' computes its workspace from its symbols";
  for (LaunchOp launch : function.getOps<LaunchOp>())
    if (failed(verify(launch)))
      return failure();
  return success();
}

LLVM::LLVMFuncOp Lowering::getRuntimeFunction() {
  constexpr StringLiteral name = "attune_parallel_for";
  if (auto known = module.lookupSymbol<LLVM::LLVMFuncOp>(name))
    return known;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(module.getBody());
  auto type =
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(builder.getContext()),
                                  {pointer, pointer, pointer, i64});
  return LLVM::LLVMFuncOp::create(builder, module.getLoc(), name, type);
}

Value Lowering::asBytes(Location loc, Value base) {
  auto type = MemRefType::get({ShapedType::kDynamic}, builder.getI8Type());
  auto descriptor =
      MemRefDescriptor::poison(builder, loc, converter.convertType(type));
  descriptor.setAllocatedPtr(builder, loc, base);
  descriptor.setAlignedPtr(builder, loc, base);
  descriptor.setConstantOffset(builder, loc, 0);
  descriptor.setConstantSize(builder, loc, 0,
                             std::numeric_limits<int64_t>::max());
  descriptor.setConstantStride(builder, loc, 0, 1);
  return UnrealizedConversionCastOp::create(builder, loc, type,
                                            Value(descriptor))
      .getResult(0);
}

void Lowering::lowerLaunch(LaunchOp launch, Value call, Value arguments) {
  Location loc = launch.getLoc();
  builder.setInsertionPoint(launch);
  LLVM::LLVMStructType type = getArgumentsType(launch);
  for (auto [i, operand] : llvm::enumerate(launch.getOperands())) {
    Type field = type.getBody()[i];
    Value descriptor =
        UnrealizedConversionCastOp::create(builder, loc, field, operand)
            .getResult(0);
    Value place =
        LLVM::GEPOp::create(builder, loc, pointer, type, arguments,
                            ArrayRef<LLVM::GEPArg>{0, static_cast<int32_t>(i)});
    LLVM::StoreOp::create(builder, loc, descriptor, place);
  }
  std::string kernel = launch.getKernel().str();
  std::string whole = kernel + kLaunchEntrySuffix.str();
  if (module.lookupSymbol<LLVM::LLVMFuncOp>(whole)) {
    LLVM::CallOp::create(builder, loc, TypeRange(), whole,
                         ValueRange{call, arguments});
    launch.erase();
    return;
  }
  Value entry = LLVM::AddressOfOp::create(builder, loc, pointer,
                                          kernel + kTaskEntrySuffix.str());
  Value count = LLVM::CallOp::create(builder, loc, TypeRange(i64),
                                     kernel + kCountEntrySuffix.str(),
                                     ValueRange(arguments))
                    .getResult();
  LLVM::CallOp::create(builder, loc, getRuntimeFunction(),
                       ValueRange{call, entry, arguments, count});
  launch.erase();
}

Value Lowering::emit(const DimExpr &extent,
                     const llvm::StringMap<Value> &symbols, Location loc) {
  if (StringRef symbol = extent.getSymbol(); !symbol.empty())
    return symbols.lookup(symbol);
  Value sum = arith::ConstantIndexOp::create(builder, loc, 0);
  for (const auto &[monomial, coefficient] : extent.getTerms()) {
    Value product = arith::ConstantIndexOp::create(builder, loc, coefficient);
    for (const std::string &symbol : monomial)
      product =
          arith::MulIOp::create(builder, loc, product, symbols.lookup(symbol));
    sum = arith::AddIOp::create(builder, loc, sum, product);
  }
  return sum;
}

void Lowering::buildEntry(func::FuncOp function) {
  Location loc = function.getLoc();
  builder.setInsertionPointAfter(function);
  auto entry = LLVM::LLVMFuncOp::create(
      builder, loc, (function.getName() + kEntrySuffix).str(),
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(builder.getContext()),
                                  {pointer}));
  Block *block = entry.addEntryBlock(builder);
  builder.setInsertionPointToStart(block);
  Value call = block->getArgument(0);
  Value buffers = load(loc, pointer, call, kBuffers);
  Value dims = load(loc, pointer, call, kDims);

  SmallVector<Value> arguments{call};
  llvm::StringMap<Value> extents;
  int64_t buffer = 0;
  // The first argument is the call itself.
  for (unsigned i = 1, e = function.getNumArguments(); i < e; ++i) {
    Type type = function.getArgumentTypes()[i];
    auto name = function.getArgAttrOfType<StringAttr>(i, kNameAttr);
    if (isa<IndexType>(type)) {
      Value extent = toIndex(loc, load(loc, i64, dims, i - 1));
      extents[name ? name.getValue() : ""] = extent;
      arguments.push_back(extent);
      continue;
    }
    if (i + 2 >= e) { // workspace, weights
      Value base = load(loc, pointer, call, i + 2 == e ? kWorkspace : kWeights);
      arguments.push_back(asBytes(loc, base));
      continue;
    }
    auto memref = cast<MemRefType>(type);
    auto names = function.getArgAttrOfType<ArrayAttr>(i, kDimsAttr);
    SmallVector<Value> dynamic;
    for (auto [dim, extent] : llvm::enumerate(memref.getShape()))
      if (ShapedType::isDynamic(extent))
        dynamic.push_back(emit(*getNamedExtent(names, dim), extents, loc));
    Value bytes = asBytes(loc, load(loc, pointer, buffers, buffer++));
    Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
    arguments.push_back(
        memref::ViewOp::create(builder, loc, memref, bytes, zero, dynamic));
  }
  func::CallOp::create(builder, loc, function, arguments);
  LLVM::ReturnOp::create(builder, loc, ValueRange());
}

void Lowering::buildWorkspaceEntry(func::FuncOp size) {
  Location loc = size.getLoc();
  builder.setInsertionPointAfter(size);
  auto entry = LLVM::LLVMFuncOp::create(
      builder, loc, (size.getName() + kEntrySuffix).str(),
      LLVM::LLVMFunctionType::get(i64, {pointer}));
  Block *block = entry.addEntryBlock(builder);
  builder.setInsertionPointToStart(block);
  SmallVector<Value> arguments;
  for (unsigned i = 0, e = size.getNumArguments(); i < e; ++i)
    arguments.push_back(toIndex(loc, load(loc, i64, block->getArgument(0), i)));
  Value bytes =
      func::CallOp::create(builder, loc, size, arguments).getResult(0);
  bytes = arith::IndexCastOp::create(builder, loc, i64, bytes);
  LLVM::ReturnOp::create(builder, loc, bytes);
  size.setPrivate();
}

/// Keeps what the descriptor of the model says of inputs and outputs, which
/// the conversion to LLVM's types would lose.
void Lowering::describeInterface(func::FuncOp function) {
  SmallVector<Attribute> symbols, inputs, outputs;
  auto numInputs = function->getAttrOfType<IntegerAttr>(kNumInputsAttr);
  for (unsigned i = 0, e = function.getNumArguments(); i + 2 < e; ++i) {
    auto name = function.getArgAttrOfType<StringAttr>(i, kNameAttr);
    if (!name)
      name = builder.getStringAttr("tensor" + Twine(i));
    auto type = dyn_cast<MemRefType>(function.getArgumentTypes()[i]);
    if (!type) {
      symbols.push_back(name);
      continue;
    }
    SmallVector<NamedAttribute> entries;
    entries.push_back(builder.getNamedAttr("name", name));
    auto element = function.getArgAttrOfType<TypeAttr>(i, kElementAttr);
    entries.push_back(builder.getNamedAttr(
        "type", TypeAttr::get(RankedTensorType::get(
                    type.getShape(),
                    element ? element.getValue() : type.getElementType()))));
    for (StringRef key : {kDimsAttr, kWhenAbsentAttr, kLimitAttr})
      if (Attribute value = function.getArgAttr(i, key))
        entries.push_back(builder.getNamedAttr(key.split('.').second, value));
    bool isInput = static_cast<int64_t>(inputs.size()) < numInputs.getInt();
    (isInput ? inputs : outputs).push_back(builder.getDictionaryAttr(entries));
  }
  module->setAttr(
      kInterfaceAttr,
      builder.getDictionaryAttr(
          {builder.getNamedAttr("function",
                                builder.getStringAttr(function.getName())),
           builder.getNamedAttr("symbols", builder.getArrayAttr(symbols)),
           builder.getNamedAttr("inputs", builder.getArrayAttr(inputs)),
           builder.getNamedAttr("outputs", builder.getArrayAttr(outputs))}));
}

void Lowering::lower(func::FuncOp function) {
  describeInterface(function);
  module->setAttr(kSlotsAttr, function->getAttr(kSlotsAttr));
  SmallVector<LaunchOp> launches(function.getOps<LaunchOp>());
  remarkDone(function, "lower", Twine(launches.size()) + " launches lowered");
  (void)function.insertArgument(0, pointer, {}, function.getLoc());
  Value call = function.getArgument(0);
  if (!launches.empty()) {
    // Launches follow one another, so that all can use the same memory.
    int64_t words = 0;
    for (LaunchOp launch : launches) {
      int64_t needed = 0;
      for (Type type : launch.getOperandTypes())
        needed += 3 + 2 * cast<MemRefType>(type).getRank();
      words = std::max(words, needed);
    }
    Location loc = function.getLoc();
    builder.setInsertionPointToStart(&function.front());
    Value one = LLVM::ConstantOp::create(builder, loc, i64,
                                         builder.getI64IntegerAttr(1));
    Value arguments = LLVM::AllocaOp::create(
        builder, loc, pointer, LLVM::LLVMArrayType::get(i64, words), one, 16);
    for (LaunchOp launch : launches)
      lowerLaunch(launch, call, arguments);
  }
  buildEntry(function);
  function.setPrivate();
  buildWorkspaceEntry(module.lookupSymbol<func::FuncOp>(
      (function.getName() + kWorkspaceSuffix).str()));
}

struct LowerLaunches : public attune::impl::LowerLaunchesBase<LowerLaunches> {
  using Base::Base;

  void runOnOperation() override {
    Lowering lowering(getOperation());
    bool isFirst = true;
    for (func::FuncOp function :
         llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>()))
      if (function->hasAttr(kSlotsAttr)) {
        if (!std::exchange(isFirst, false)) {
          function.emitError("expected one planned function in a module");
          return signalPassFailure();
        }
        if (failed(lowering.verify(function)))
          return signalPassFailure();
        lowering.lower(function);
      }
    for (KernelOp kernel :
         llvm::make_early_inc_range(getOperation().getOps<KernelOp>()))
      kernel.erase();
  }
};

} // namespace
