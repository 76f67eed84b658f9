//===- ElementwiseExprs.cpp - Elementwise ops in Halide -------------------===//
#include "ElementwiseExprs.h"
#include "Math.h"
#include "attune/Dialect/Attune/IR/Attune.h"
#include "llvm/ADT/DenseMap.h"

using namespace mlir;
using namespace attune;
using Halide::Expr;
using Operands = llvm::ArrayRef<Expr>;

namespace {

Expr add(Operation *, Operands x) { return x[0] + x[1]; }
Expr mul(Operation *, Operands x) { return x[0] * x[1]; }
Expr scale(Operation *op, Operands x) {
  return x[0] * cast<ScaleOp>(op).getFactor().convertToFloat();
}
Expr relu(Operation *, Operands x) { return clampBelow(x[0], 0.0f); }
Expr gelu(Operation *op, Operands x) {
  return cast<GeluOp>(op).getApproximate() == "tanh" ? geluTanh(x[0])
                                                     : attune::gelu(x[0]);
}
Expr quickGelu(Operation *, Operands x) {
  return x[0] * sigmoid(1.702f * x[0]);
}
Expr silu(Operation *, Operands x) { return x[0] * sigmoid(x[0]); }
Expr tanhOf(Operation *, Operands x) { return attune::tanh(x[0]); }

} // namespace

ElementwiseExpr attune::findElementwiseExpr(Operation *op) {
  static const llvm::DenseMap<TypeID, ElementwiseExpr> known = {
      {TypeID::get<AddOp>(), add},   {TypeID::get<GeluOp>(), ::gelu},
      {TypeID::get<MulOp>(), mul},   {TypeID::get<QuickGeluOp>(), quickGelu},
      {TypeID::get<ReluOp>(), relu}, {TypeID::get<ScaleOp>(), scale},
      {TypeID::get<SiluOp>(), silu}, {TypeID::get<TanhOp>(), tanhOf},
  };
  return known.lookup(op->getName().getTypeID());
}
