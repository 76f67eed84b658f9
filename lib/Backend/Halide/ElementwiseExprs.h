//===- ElementwiseExprs.h - Elementwise ops in Halide -----------*- C++ -*-===//
#ifndef ATTUNE_LIB_BACKEND_HALIDE_ELEMENTWISEEXPRS_H
#define ATTUNE_LIB_BACKEND_HALIDE_ELEMENTWISEEXPRS_H

#include "mlir/IR/Operation.h"
#include "llvm/ADT/ArrayRef.h"
#include <Halide.h>

namespace attune {

/// Computes the element of an op's result from those of its operands.
using ElementwiseExpr = Halide::Expr (*)(mlir::Operation *op,
                                         llvm::ArrayRef<Halide::Expr> operands);

/// How Halide computes an op; null for one that it does not know.
ElementwiseExpr findElementwiseExpr(mlir::Operation *op);

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_HALIDE_ELEMENTWISEEXPRS_H
