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

KernelEntries attune::emitKernelEntries(StringRef kernelName, func::FuncOp task,
                                        func::FuncOp grid, OpBuilder &builder,
                                        bool exported) {
  OpBuilder::InsertionGuard guard(builder);
  MLIRContext *context = builder.getContext();
  Location loc = task.getLoc();
  LLVMTypeConverter converter(context);
  Type pointer = LLVM::LLVMPointerType::get(context);
  Type i64 = builder.getI64Type(), index = builder.getIndexType();
  LLVM::Linkage linkage =
      exported ? LLVM::Linkage::External : LLVM::Linkage::Internal;
  ArrayRef<Type> buffers = grid.getArgumentTypes();
  auto create = [&](StringRef suffix, Type result, ArrayRef<Type> arguments) {
    auto function = LLVM::LLVMFuncOp::create(
        builder, loc, (kernelName + suffix).str(),
        LLVM::LLVMFunctionType::get(result, arguments), linkage);
    return function;
  };

  builder.setInsertionPointAfter(grid);
  KernelEntries entries;
  entries.entry = create(".entry", LLVM::LLVMVoidType::get(context),
                         {pointer, i64, pointer});
  entries.count = create(".count", i64, {pointer});

  Block *block = entries.entry.addEntryBlock(builder);
  builder.setInsertionPointToStart(block);
  SmallVector<Value> operands =
      loadBuffers(builder, loc, block->getArgument(0), buffers, converter);
  auto scratchType =
      cast<MemRefType>(task.getArgumentTypes().drop_back().back());
  int64_t scratchBytes = 0;
  if (auto attr = task->getAttrOfType<IntegerAttr>(kScratchAttr))
    scratchBytes = attr.getInt();
  MemRefDescriptor scratch = MemRefDescriptor::fromStaticShape(
      builder, loc, converter,
      MemRefType::get({scratchBytes}, scratchType.getElementType()),
      block->getArgument(2));
  operands.push_back(UnrealizedConversionCastOp::create(
                         builder, loc, scratchType, Value(scratch))
                         .getResult(0));
  operands.push_back(
      arith::IndexCastOp::create(builder, loc, index, block->getArgument(1)));
  func::CallOp::create(builder, loc, task, operands);
  LLVM::ReturnOp::create(builder, loc, ValueRange());

  block = entries.count.addEntryBlock(builder);
  builder.setInsertionPointToStart(block);
  operands =
      loadBuffers(builder, loc, block->getArgument(0), buffers, converter);
  Value count = func::CallOp::create(builder, loc, grid, operands).getResult(0);
  count = arith::IndexCastOp::create(builder, loc, i64, count);
  LLVM::ReturnOp::create(builder, loc, count);
  return entries;
}
