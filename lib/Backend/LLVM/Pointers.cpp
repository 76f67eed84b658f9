//===- Pointers.cpp - From memrefs to addresses ---------------------------===//
#include "Pointers.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace attune;

/// Elements of f32 are aligned to their size, whatever the vector.
static constexpr unsigned kAlignment = 4;

Value attune::toI64(OpBuilder &builder, Location loc, Value index) {
  return arith::IndexCastOp::create(builder, loc, builder.getI64Type(), index);
}

Value attune::getPointer(OpBuilder &builder, Location loc, Value memref) {
  auto type = cast<MemRefType>(memref.getType());
  Value aligned =
      memref::ExtractAlignedPointerAsIndexOp::create(builder, loc, memref);
  Value base = LLVM::IntToPtrOp::create(
      builder, loc, LLVM::LLVMPointerType::get(builder.getContext()),
      toI64(builder, loc, aligned));
  SmallVector<int64_t> strides;
  int64_t offset = 0;
  if (succeeded(type.getStridesAndOffset(strides, offset)) && offset == 0)
    return base;
  auto metadata =
      memref::ExtractStridedMetadataOp::create(builder, loc, memref);
  return LLVM::GEPOp::create(
      builder, loc, base.getType(), type.getElementType(), base,
      ArrayRef<LLVM::GEPArg>{toI64(builder, loc, metadata.getOffset())});
}

Value attune::getStride(OpBuilder &builder, Location loc, Value memref,
                        int64_t dimension) {
  SmallVector<int64_t> strides;
  int64_t offset = 0;
  auto type = cast<MemRefType>(memref.getType());
  if (succeeded(type.getStridesAndOffset(strides, offset)) &&
      !ShapedType::isDynamic(strides[dimension]))
    return arith::ConstantIndexOp::create(builder, loc, strides[dimension]);
  auto metadata =
      memref::ExtractStridedMetadataOp::create(builder, loc, memref);
  return metadata.getStrides()[dimension];
}

Value attune::advance(OpBuilder &builder, Location loc, Value base,
                      Value elements) {
  return LLVM::GEPOp::create(
      builder, loc, base.getType(), builder.getF32Type(), base,
      ArrayRef<LLVM::GEPArg>{toI64(builder, loc, elements)});
}

Value attune::advance(OpBuilder &builder, Location loc, Value base,
                      int64_t elements) {
  if (elements == 0)
    return base;
  return LLVM::GEPOp::create(builder, loc, base.getType(), builder.getF32Type(),
                             base, ArrayRef<LLVM::GEPArg>{int32_t(elements)});
}

Value attune::loadVector(OpBuilder &builder, Location loc, Value address,
                         int64_t lanes) {
  return LLVM::LoadOp::create(builder, loc,
                              VectorType::get({lanes}, builder.getF32Type()),
                              address, kAlignment);
}

void attune::storeVector(OpBuilder &builder, Location loc, Value vector,
                         Value address) {
  LLVM::StoreOp::create(builder, loc, vector, address, kAlignment);
}
