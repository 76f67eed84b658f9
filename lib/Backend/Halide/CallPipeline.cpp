//===- CallPipeline.cpp - Calling what Halide made ------------------------===//
#include "CallPipeline.h"
#include "attune/Backend/Backend.h"
#include "attune/Backend/LLVM/KernelEntries.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace attune;

namespace {

/// Offsets in halide_buffer_t (HalideRuntime.h), on 64-bit machines.
enum BufferOffset {
  kHost = 16,
  kType = 32,
  kRank = 36,
  kDims = 40,
  kBufferBytes = 56
};
/// halide_dimension_t: int32 min, extent, stride and flags.
constexpr int32_t kDimensionBytes = 16;

class CallEmitter {
public:
  CallEmitter(ArrayRef<PipelineCall> calls, OpBuilder &builder)
      : calls(calls), kernel(calls.front().pipeline->getKernel()),
        builder(builder), loc(kernel.getLoc()),
        pointer(LLVM::LLVMPointerType::get(builder.getContext())),
        i32(builder.getI32Type()), i64(builder.getI64Type()),
        isOnGpu(calls.front().pipeline->getTarget().gpu) {}

  void emit();

private:
  Value constant(Type type, int64_t value) {
    return arith::ConstantOp::create(builder, loc, type,
                                     builder.getIntegerAttr(type, value));
  }
  Value toI64(Value index) {
    return arith::IndexCastOp::create(builder, loc, i64, index);
  }
  void store(Value base, int32_t offset, Value value) {
    Value place =
        LLVM::GEPOp::create(builder, loc, pointer, builder.getI8Type(), base,
                            ArrayRef<LLVM::GEPArg>{offset});
    LLVM::StoreOp::create(builder, loc, value, place);
  }
  /// Memory of the function, wherever it is used.
  Value allocate(int64_t bytes) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&run.getBody().front());
    return LLVM::AllocaOp::create(
        builder, loc, pointer,
        LLVM::LLVMArrayType::get(builder.getI8Type(), bytes), constant(i64, 1),
        16);
  }
  void storeDimension(Value dims, int64_t number, Value extent, Value stride);
  Value describe(Value memref, BufferForm form);
  void attach(Value buffer, Value span, Value dims, int64_t dimensions,
              int64_t elementBytes);
  LLVM::LLVMFuncOp declare(StringRef name, Type result,
                           ArrayRef<Type> arguments);
  void fail(const Twine &message);
  Value emitNumRows();
  Value emitIsAny(Value numRows);
  Value emitCall(const PipelineCall &call);
  void emitFrom(size_t number, Value numRows);

  ArrayRef<PipelineCall> calls;
  KernelOp kernel;
  func::FuncOp run;
  unsigned numInputs = 0;
  OpBuilder &builder;
  Location loc;
  Type pointer, i32, i64;
  bool isOnGpu;
  /// Elements between the first and the last of a buffer, for each (i64).
  SmallVector<Value> spans;
};

void CallEmitter::storeDimension(Value dims, int64_t number, Value extent,
                                 Value stride) {
  int32_t base = static_cast<int32_t>(number) * kDimensionBytes;
  auto narrow = [&](Value value) {
    return arith::TruncIOp::create(builder, loc, i32, value);
  };
  store(dims, base, constant(i32, 0));
  store(dims, base + 4, narrow(extent));
  store(dims, base + 8, narrow(stride));
  store(dims, base + 12, constant(i32, 0));
}

Value CallEmitter::describe(Value memref, BufferForm form) {
  auto type = cast<MemRefType>(memref.getType());
  int64_t rank = type.getRank();
  auto metadata =
      memref::ExtractStridedMetadataOp::create(builder, loc, memref);
  Value base =
      memref::ExtractAlignedPointerAsIndexOp::create(builder, loc, memref);
  int64_t bits = type.getElementTypeBitWidth();
  int64_t bytes = std::max<int64_t>(bits / 8, 1);
  Value address = arith::AddIOp::create(
      builder, loc, toI64(base),
      arith::MulIOp::create(builder, loc, toI64(metadata.getOffset()),
                            constant(i64, bytes)));
  auto size = [&](int64_t i) { return toI64(metadata.getSizes()[i]); };
  auto stride = [&](int64_t i) { return toI64(metadata.getStrides()[i]); };

  Value one = constant(i64, 1), zero = constant(i64, 0);
  Value span = zero;
  auto addDimension = [&](Value dims, int64_t number, Value extent,
                          Value step) {
    storeDimension(dims, number, extent, step);
    Value last = arith::MaxSIOp::create(
        builder, loc, zero, arith::SubIOp::create(builder, loc, extent, one));
    span = arith::AddIOp::create(
        builder, loc, span, arith::MulIOp::create(builder, loc, last, step));
  };
  int64_t dimensions = form == BufferForm::Rows ? 2 : rank;
  Value dims = allocate(std::max<int64_t>(dimensions, 1) * kDimensionBytes);
  if (form == BufferForm::Full) {
    for (int64_t i = 0; i < rank; ++i)
      addDimension(dims, i, size(rank - 1 - i), stride(rank - 1 - i));
  } else {
    Value columns = rank ? size(rank - 1) : one;
    Value rows = one;
    for (int64_t i = 0; i + 1 < rank; ++i)
      rows = arith::MulIOp::create(builder, loc, rows, size(i));
    addDimension(dims, 0, columns, rank ? stride(rank - 1) : one);
    addDimension(dims, 1, rows, rank > 1 ? stride(rank - 2) : columns);
  }
  spans.push_back(span);

  // Floats have code 2, signed integers 0; then bits, then one lane.
  bool isFloat = isa<FloatType>(type.getElementType());
  int64_t element = (isFloat ? 2 : 0) | bits << 8 | int64_t(1) << 16;
  Value buffer = allocate(kBufferBytes);
  for (int32_t offset = 0; offset < kBufferBytes; offset += 8)
    store(buffer, offset, zero);
  store(buffer, kHost, address);
  store(buffer, kType, constant(i32, element));
  store(buffer, kRank, constant(i32, dimensions));
  store(buffer, kDims, dims);
  if (isOnGpu)
    attach(buffer, span, dims, dimensions, bytes);
  return buffer;
}

/// Has the runtime say which memory of the GPU stands for a buffer; what goes
/// wrong ends the call.
void CallEmitter::attach(Value buffer, Value span, Value dims,
                         int64_t dimensions, int64_t elementBytes) {
  Value size = arith::MulIOp::create(
      builder, loc, constant(i64, elementBytes),
      arith::AddIOp::create(builder, loc, span, constant(i64, 1)));
  for (int64_t i = 0; i < dimensions; ++i) {
    Value place = LLVM::GEPOp::create(
        builder, loc, pointer, builder.getI8Type(), dims,
        ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(i) * kDimensionBytes + 4});
    Value isEmpty = arith::CmpIOp::create(
        builder, loc, arith::CmpIPredicate::eq,
        LLVM::LoadOp::create(builder, loc, i32, place), constant(i32, 0));
    size =
        arith::SelectOp::create(builder, loc, isEmpty, constant(i64, 0), size);
  }
  LLVM::LLVMFuncOp function =
      declare("attune_halide_attach", i32, {pointer, pointer, i64});
  LLVM::CallOp::create(builder, loc, function,
                       ValueRange{run.getArguments().back(), buffer, size});
}

LLVM::LLVMFuncOp CallEmitter::declare(StringRef name, Type result,
                                      ArrayRef<Type> arguments) {
  auto module = kernel->getParentOfType<ModuleOp>();
  if (auto known = module.lookupSymbol<LLVM::LLVMFuncOp>(name))
    return known;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(module.getBody());
  return LLVM::LLVMFuncOp::create(
      builder, loc, name, LLVM::LLVMFunctionType::get(result, arguments));
}

void CallEmitter::fail(const Twine &message) {
  std::string text = message.str();
  text.push_back('\0');
  auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), text.size());
  // On the stack: a global would need a name of its own.
  Value memory =
      LLVM::AllocaOp::create(builder, loc, pointer, type, constant(i64, 1), 1);
  Value bytes =
      LLVM::ConstantOp::create(builder, loc, type, builder.getStringAttr(text));
  LLVM::StoreOp::create(builder, loc, bytes, memory);
  LLVM::LLVMFuncOp function =
      declare("attune_fail", LLVM::LLVMVoidType::get(builder.getContext()),
              {pointer, pointer});
  LLVM::CallOp::create(builder, loc, function,
                       ValueRange{run.getArguments().back(), memory});
}

/// Rows of result 0, as KernelPipeline::getRows counts them.
Value CallEmitter::emitNumRows() {
  Value result = run.getArgument(numInputs);
  Value rows = constant(i64, 1);
  int64_t rank = cast<MemRefType>(result.getType()).getRank();
  for (int64_t i = 0; i + 1 < rank; ++i)
    rows = arith::MulIOp::create(
        builder, loc, rows,
        toI64(memref::DimOp::create(builder, loc, result, i)));
  return rows;
}

/// Whether there is anything to compute: a row of result 0, or elements of
/// another result, which may be there without (the state after no token).
Value CallEmitter::emitIsAny(Value numRows) {
  Value zero = constant(i64, 0);
  Value any = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sgt,
                                    numRows, zero);
  for (unsigned i = numInputs + 1; i + 1 < run.getNumArguments(); ++i) {
    Value result = run.getArgument(i);
    Value elements = constant(i64, 1);
    int64_t rank = cast<MemRefType>(result.getType()).getRank();
    for (int64_t dim = 0; dim < rank; ++dim)
      elements = arith::MulIOp::create(
          builder, loc, elements,
          toI64(memref::DimOp::create(builder, loc, result, dim)));
    any = arith::OrIOp::create(builder, loc, any,
                               arith::CmpIOp::create(builder, loc,
                                                     arith::CmpIPredicate::sgt,
                                                     elements, zero));
  }
  return any;
}

/// Calls a pipeline, when its buffers are not too large for it; its status.
Value CallEmitter::emitCall(const PipelineCall &call) {
  SmallVector<Value> operands{run.getArguments().back()};
  SmallVector<Type> operandTypes{pointer};
  spans.clear();
  for (const KernelPipeline::Passed &passed : call.pipeline->getInputs()) {
    if (passed.kind == KernelPipeline::Passed::Buffer) {
      operands.push_back(describe(run.getArgument(passed.index), passed.form));
      operandTypes.push_back(pointer);
      continue;
    }
    Value extent = memref::DimOp::create(
        builder, loc, run.getArgument(numInputs), passed.index);
    operands.push_back(
        arith::TruncIOp::create(builder, loc, i32, toI64(extent)));
    operandTypes.push_back(i32);
  }
  unsigned numBuffers = run.getNumArguments() - 1;
  for (unsigned i = numInputs; i < numBuffers; ++i) {
    operands.push_back(describe(run.getArgument(i),
                                call.pipeline->getResultForm(i - numInputs)));
    operandTypes.push_back(pointer);
  }

  Value longest = spans.front();
  for (Value span : ArrayRef(spans).drop_front())
    longest = arith::MaxSIOp::create(builder, loc, longest, span);
  Value fits =
      arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sle, longest,
                            constant(i64, std::numeric_limits<int32_t>::max()));
  auto branch = scf::IfOp::create(builder, loc, i32, fits, /*withElse=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  LLVM::LLVMFuncOp function = declare(call.symbol, i32, operandTypes);
  Value status =
      LLVM::CallOp::create(builder, loc, function, operands).getResult();
  scf::YieldOp::create(builder, loc, status);
  builder.setInsertionPointToStart(branch.elseBlock());
  fail("kernel '" + kernel.getSymName() +
       "' of the halide backend takes buffers of up to 2^31 elements: compile "
       "it with --backend=llvm");
  scf::YieldOp::create(builder, loc, constant(i32, 0));
  return branch.getResult(0);
}

/// Runs the first pipeline from `number` on that takes the launch.
void CallEmitter::emitFrom(size_t number, Value numRows) {
  const PipelineCall &call = calls[number];
  OpBuilder::InsertionGuard guard(builder);
  if (int64_t most = call.pipeline->getMostRows();
      most && number + 1 < calls.size()) {
    Value taken = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sle,
                                        numRows, constant(i64, most));
    auto branch = scf::IfOp::create(builder, loc, taken, /*withElse=*/true);
    builder.setInsertionPointToStart(branch.elseBlock());
    emitFrom(number + 1, numRows);
    builder.setInsertionPointToStart(branch.thenBlock());
  }
  Value failed = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne,
                                       emitCall(call), constant(i32, 0));
  auto check = scf::IfOp::create(builder, loc, failed, /*withElse=*/false);
  builder.setInsertionPointToStart(check.thenBlock());
  if (call.mayDecline && number + 1 < calls.size())
    emitFrom(number + 1, numRows);
  else
    fail("kernel '" + kernel.getSymName() + "' failed");
}

void CallEmitter::emit() {
  SmallVector<Type> types;
  for (unsigned i = 0; i < kernel.getArgumentTypes().size(); ++i)
    types.push_back(
        kernel.getArgAttrOfType<TypeAttr>(i, kBufferAttr).getValue());
  numInputs = types.size();
  for (unsigned i = 0; i < kernel.getResultTypes().size(); ++i)
    types.push_back(
        kernel.getResultAttrOfType<TypeAttr>(i, kBufferAttr).getValue());
  types.push_back(pointer);

  builder.setInsertionPoint(kernel);
  run = func::FuncOp::create(builder, loc,
                             (kernel.getSymName() + kRunSuffix).str(),
                             builder.getFunctionType(types, {}));
  run.setPrivate();
  run->setAttr("llvm.linkage", LLVM::LinkageAttr::get(builder.getContext(),
                                                      LLVM::Linkage::Internal));
  builder.setInsertionPointToStart(run.addEntryBlock());
  auto end = func::ReturnOp::create(builder, loc);
  builder.setInsertionPoint(end);
  Value numRows = emitNumRows();
  // Pipelines of one row take it for granted.
  Value any = emitIsAny(numRows);
  auto branch = scf::IfOp::create(builder, loc, any, /*withElse=*/false);
  builder.setInsertionPointToStart(branch.thenBlock());
  emitFrom(0, numRows);
}

} // namespace

void attune::emitPipelineCalls(ArrayRef<PipelineCall> calls,
                               OpBuilder &builder) {
  OpBuilder::InsertionGuard guard(builder);
  CallEmitter(calls, builder).emit();
}
