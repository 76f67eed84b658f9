//===- KernelEntries.cpp - Kernels behind the C ABI -----------------------===//
#include "attune/Backend/LLVM/KernelEntries.h"
#include "attune/Backend/Backend.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace attune;

int64_t attune::getDescriptorBytes(MemRefType type) {
  return 8 * (3 + 2 * type.getRank());
}

/// Loads the descriptors of `types` from the argument block, as memrefs.
static SmallVector<Value> loadBuffers(OpBuilder &builder, Location loc,
                                      Value args, ArrayRef<Type> types,
                                      const LLVMTypeConverter &converter) {
  SmallVector<Value> buffers;
  int32_t offset = 0;
  for (Type type : types) {
    Value address =
        LLVM::GEPOp::create(builder, loc, args.getType(), builder.getI8Type(),
                            args, ArrayRef<LLVM::GEPArg>{offset});
    Value descriptor = LLVM::LoadOp::create(
        builder, loc, converter.convertType(type), address, /*alignment=*/8);
    buffers.push_back(
        UnrealizedConversionCastOp::create(builder, loc, type, descriptor)
            .getResult(0));
    offset += getDescriptorBytes(cast<MemRefType>(type));
  }
  return buffers;
}

namespace {

/// Builds the entries of one kernel.
class EntryBuilder {
public:
  EntryBuilder(KernelOp kernel, OpBuilder &builder, bool exported)
      : kernel(kernel), builder(builder), converter(builder.getContext()),
        linkage(exported ? LLVM::Linkage::External : LLVM::Linkage::Internal),
        pointer(LLVM::LLVMPointerType::get(builder.getContext())),
        none(LLVM::LLVMVoidType::get(builder.getContext())),
        i64(builder.getI64Type()) {}

  void emitTask(func::FuncOp task, func::FuncOp grid);
  void emitCount(func::FuncOp grid);
  void emitLaunch(func::FuncOp run);

private:
  /// An entry behind a function; the builder is at its start.
  LLVM::LLVMFuncOp create(func::FuncOp place, StringRef suffix, Type result,
                          ArrayRef<Type> arguments) {
    builder.setInsertionPointAfter(place);
    auto entry = LLVM::LLVMFuncOp::create(
        builder, place.getLoc(), (kernel.getSymName() + suffix).str(),
        LLVM::LLVMFunctionType::get(result, arguments), linkage);
    builder.setInsertionPointToStart(entry.addEntryBlock(builder));
    return entry;
  }

  KernelOp kernel;
  OpBuilder &builder;
  LLVMTypeConverter converter;
  LLVM::Linkage linkage;
  Type pointer, none, i64;
};

} // namespace

void EntryBuilder::emitTask(func::FuncOp task, func::FuncOp grid) {
  Location loc = task.getLoc();
  LLVM::LLVMFuncOp entry =
      create(grid, kTaskEntrySuffix, none, {pointer, i64, pointer});
  SmallVector<Value> operands = loadBuffers(builder, loc, entry.getArgument(0),
                                            grid.getArgumentTypes(), converter);
  auto scratchType =
      cast<MemRefType>(task.getArgumentTypes().drop_back().back());
  int64_t scratchBytes = 0;
  if (auto attr = task->getAttrOfType<IntegerAttr>(kScratchAttr))
    scratchBytes = attr.getInt();
  MemRefDescriptor scratch = MemRefDescriptor::fromStaticShape(
      builder, loc, converter,
      MemRefType::get({scratchBytes}, scratchType.getElementType()),
      entry.getArgument(2));
  operands.push_back(UnrealizedConversionCastOp::create(
                         builder, loc, scratchType, Value(scratch))
                         .getResult(0));
  operands.push_back(arith::IndexCastOp::create(
      builder, loc, builder.getIndexType(), entry.getArgument(1)));
  func::CallOp::create(builder, loc, task, operands);
  LLVM::ReturnOp::create(builder, loc, ValueRange());
}

void EntryBuilder::emitCount(func::FuncOp grid) {
  Location loc = grid.getLoc();
  LLVM::LLVMFuncOp entry = create(grid, kCountEntrySuffix, i64, {pointer});
  SmallVector<Value> operands = loadBuffers(builder, loc, entry.getArgument(0),
                                            grid.getArgumentTypes(), converter);
  Value count = func::CallOp::create(builder, loc, grid, operands).getResult(0);
  count = arith::IndexCastOp::create(builder, loc, i64, count);
  LLVM::ReturnOp::create(builder, loc, count);
}

void EntryBuilder::emitLaunch(func::FuncOp run) {
  Location loc = run.getLoc();
  LLVM::LLVMFuncOp entry =
      create(run, kLaunchEntrySuffix, none, {pointer, pointer});
  SmallVector<Value> operands =
      loadBuffers(builder, loc, entry.getArgument(1),
                  run.getArgumentTypes().drop_back(), converter);
  operands.push_back(entry.getArgument(0));
  func::CallOp::create(builder, loc, run, operands);
  LLVM::ReturnOp::create(builder, loc, ValueRange());
}

LogicalResult attune::emitKernelEntries(KernelOp kernel, OpBuilder &builder,
                                        bool exported) {
  OpBuilder::InsertionGuard guard(builder);
  auto find = [&](StringRef suffix) {
    return SymbolTable(kernel->getParentOp())
        .lookup<func::FuncOp>((kernel.getSymName() + suffix).str());
  };
  EntryBuilder entries(kernel, builder, exported);
  if (func::FuncOp run = find(kRunSuffix)) {
    entries.emitLaunch(run);
    return success();
  }
  func::FuncOp task = find(kTaskSuffix), grid = find(kGridSuffix);
  if (!task || !grid)
    return kernel.emitError() << "no functions were emitted for kernel '"
                              << kernel.getSymName() << "'";
  // Each goes right behind `grid`: the last one comes first.
  entries.emitCount(grid);
  entries.emitTask(task, grid);
  return success();
}
