//===- InitAllDialects.h - Every dialect of Attune's IR ---------*- C++ -*-===//
#ifndef ATTUNE_INITALLDIALECTS_H
#define ATTUNE_INITALLDIALECTS_H

#include "attune/Dialect/Attune/IR/Attune.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/DialectRegistry.h"

namespace attune {

/// The attune dialect and those that its passes and backends produce.
inline void registerAllDialects(mlir::DialectRegistry &registry) {
  registry.insert<AttuneDialect, mlir::LLVM::LLVMDialect,
                  mlir::affine::AffineDialect, mlir::arith::ArithDialect,
                  mlir::cf::ControlFlowDialect, mlir::func::FuncDialect,
                  mlir::math::MathDialect, mlir::memref::MemRefDialect,
                  mlir::scf::SCFDialect, mlir::vector::VectorDialect>();
}

} // namespace attune

#endif // ATTUNE_INITALLDIALECTS_H
