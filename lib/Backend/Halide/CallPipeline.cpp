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
  CallEmitter(KernelPipeline &pipeline, llvm::StringRef symbol,
              OpBuilder &builder)
      : pipeline(pipeline), kernel(pipeline.getKernel()), symbol(symbol),
        builder(builder), loc(kernel.getLoc()),
        pointer(LLVM::LLVMPointerType::get(builder.getContext())),
        i32(builder.getI32Type()), i64(builder.getI64Type()) {}

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
  Value allocate(int64_t bytes) {
    return LLVM::AllocaOp::create(
        builder, loc, pointer,
        LLVM::LLVMArrayType::get(builder.getI8Type(), bytes), constant(i64, 1),
        16);
  }
  void storeDimension(Value dims, int64_t number, Value extent, Value stride);
  Value describe(Value memref, BufferForm form);
  LLVM::LLVMFuncOp declare(StringRef name, Type result,
                           ArrayRef<Type> arguments);
  void fail(Value call, const Twine &message);

  KernelPipeline &pipeline;
  KernelOp kernel;
  StringRef symbol;
  OpBuilder &builder;
  Location loc;
  Type pointer, i32, i64;
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
  return buffer;
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

void CallEmitter::fail(Value call, const Twine &message) {
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
  LLVM::CallOp::create(builder, loc, function, ValueRange{call, memory});
}

void CallEmitter::emit() {
  SmallVector<Type> types;
  for (unsigned i = 0; i < kernel.getArgumentTypes().size(); ++i)
    types.push_back(
        kernel.getArgAttrOfType<TypeAttr>(i, kBufferAttr).getValue());
  unsigned numInputs = types.size();
  for (unsigned i = 0; i < kernel.getResultTypes().size(); ++i)
    types.push_back(
        kernel.getResultAttrOfType<TypeAttr>(i, kBufferAttr).getValue());
  unsigned numBuffers = types.size();
  types.push_back(pointer);

  builder.setInsertionPoint(kernel);
  auto run = func::FuncOp::create(builder, loc,
                                  (kernel.getSymName() + kRunSuffix).str(),
                                  builder.getFunctionType(types, {}));
  run.setPrivate();
  run->setAttr("llvm.linkage", LLVM::LinkageAttr::get(builder.getContext(),
                                                      LLVM::Linkage::Internal));
  builder.setInsertionPointToStart(run.addEntryBlock());
  Value call = run.getArguments().back();

  SmallVector<Value> operands{call};
  SmallVector<Type> operandTypes{pointer};
  for (const KernelPipeline::Passed &passed : pipeline.getInputs()) {
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
  for (unsigned i = numInputs; i < numBuffers; ++i) {
    operands.push_back(
        describe(run.getArgument(i), pipeline.getResultForm(i - numInputs)));
    operandTypes.push_back(pointer);
  }

  Value longest = spans.front();
  for (Value span : ArrayRef(spans).drop_front())
    longest = arith::MaxSIOp::create(builder, loc, longest, span);
  Value fits =
      arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sle, longest,
                            constant(i64, std::numeric_limits<int32_t>::max()));
  auto branch = scf::IfOp::create(builder, loc, fits, /*withElse=*/true);
  builder.setInsertionPointToStart(branch.thenBlock());
  LLVM::LLVMFuncOp function = declare(symbol, i32, operandTypes);
  Value status =
      LLVM::CallOp::create(builder, loc, function, operands).getResult();
  Value failed = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne,
                                       status, constant(i32, 0));
  auto check = scf::IfOp::create(builder, loc, failed, /*withElse=*/false);
  builder.setInsertionPointToStart(check.thenBlock());
  fail(call, "kernel '" + kernel.getSymName() + "' failed");
  builder.setInsertionPointToStart(branch.elseBlock());
  fail(call, "kernel '" + kernel.getSymName() +
                 "' of the halide backend takes buffers of up to 2^31 "
                 "elements: compile it with --backend=llvm");
  builder.setInsertionPointAfter(branch);
  func::ReturnOp::create(builder, loc);
}

} // namespace

void attune::emitPipelineCall(KernelPipeline &pipeline, llvm::StringRef symbol,
                              OpBuilder &builder) {
  OpBuilder::InsertionGuard guard(builder);
  CallEmitter(pipeline, symbol, builder).emit();
}
