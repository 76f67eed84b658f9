//===- Pointers.h - From memrefs to addresses -------------------*- C++ -*-===//
#ifndef ATTUNE_LIB_BACKEND_LLVM_POINTERS_H
#define ATTUNE_LIB_BACKEND_LLVM_POINTERS_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"

namespace attune {

/// The address (llvm.ptr) of a memref's first element.
mlir::Value getPointer(mlir::OpBuilder &builder, mlir::Location loc,
                       mlir::Value memref);

/// The stride of a memref's dimension, in elements (index).
mlir::Value getStride(mlir::OpBuilder &builder, mlir::Location loc,
                      mlir::Value memref, int64_t dimension);

/// An index as i64.
mlir::Value toI64(mlir::OpBuilder &builder, mlir::Location loc,
                  mlir::Value index);

/// `base` moved by `elements` (index) of f32.
mlir::Value advance(mlir::OpBuilder &builder, mlir::Location loc,
                    mlir::Value base, mlir::Value elements);
/// `base` moved by a constant number of elements of f32.
mlir::Value advance(mlir::OpBuilder &builder, mlir::Location loc,
                    mlir::Value base, int64_t elements);

/// Loads and stores `lanes` elements of f32 at an address.
mlir::Value loadVector(mlir::OpBuilder &builder, mlir::Location loc,
                       mlir::Value address, int64_t lanes);
void storeVector(mlir::OpBuilder &builder, mlir::Location loc,
                 mlir::Value vector, mlir::Value address);

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_LLVM_POINTERS_H
