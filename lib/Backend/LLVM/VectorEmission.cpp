//===- VectorEmission.cpp - Elementwise ops as vector code ----------------===//
#include "attune/Backend/LLVM/VectorEmission.h"
#include "VectorMath.h"
#include "attune/Dialect/Attune/IR/Attune.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace attune;

#include "attune/Backend/LLVM/VectorEmission.cpp.inc"

namespace {

template <typename Model, typename Op>
using ModelOf = VectorEmissionOpInterface::ExternalModel<Model, Op>;

struct AddModel : ModelOf<AddModel, AddOp> {
  Value emitVector(Operation *, OpBuilder &builder, Location loc,
                   ValueRange operands) const {
    return arith::AddFOp::create(builder, loc, operands[0], operands[1]);
  }
};

struct MulModel : ModelOf<MulModel, MulOp> {
  Value emitVector(Operation *, OpBuilder &builder, Location loc,
                   ValueRange operands) const {
    return arith::MulFOp::create(builder, loc, operands[0], operands[1]);
  }
};

struct ScaleModel : ModelOf<ScaleModel, ScaleOp> {
  Value emitVector(Operation *op, OpBuilder &builder, Location loc,
                   ValueRange operands) const {
    float factor = cast<ScaleOp>(op).getFactor().convertToFloat();
    Value constant = emitConstantLike(builder, loc, operands[0], factor);
    return arith::MulFOp::create(builder, loc, operands[0], constant);
  }
};

struct ReluModel : ModelOf<ReluModel, ReluOp> {
  Value emitVector(Operation *, OpBuilder &builder, Location loc,
                   ValueRange operands) const {
    return emitClampBelow(builder, loc, operands[0], 0.0f);
  }
};

struct GeluModel : ModelOf<GeluModel, GeluOp> {
  Value emitVector(Operation *op, OpBuilder &builder, Location loc,
                   ValueRange operands) const {
    if (cast<GeluOp>(op).getApproximate() == "tanh")
      return emitGeluTanh(builder, loc, operands[0]);
    return emitGelu(builder, loc, operands[0]);
  }
};

/// x * sigmoid(factor * x).
Value emitSwish(OpBuilder &builder, Location loc, Value x, float factor) {
  Value inner = x;
  if (factor != 1.0f)
    inner = arith::MulFOp::create(builder, loc, x,
                                  emitConstantLike(builder, loc, x, factor));
  return arith::MulFOp::create(builder, loc, x,
                               emitSigmoid(builder, loc, inner));
}

struct QuickGeluModel : ModelOf<QuickGeluModel, QuickGeluOp> {
  Value emitVector(Operation *, OpBuilder &builder, Location loc,
                   ValueRange operands) const {
    return emitSwish(builder, loc, operands[0], 1.702f);
  }
};

struct SiluModel : ModelOf<SiluModel, SiluOp> {
  Value emitVector(Operation *, OpBuilder &builder, Location loc,
                   ValueRange operands) const {
    return emitSwish(builder, loc, operands[0], 1.0f);
  }
};

struct TanhModel : ModelOf<TanhModel, TanhOp> {
  Value emitVector(Operation *, OpBuilder &builder, Location loc,
                   ValueRange operands) const {
    return emitTanh(builder, loc, operands[0]);
  }
};

} // namespace

void attune::registerVectorEmissionModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, AttuneDialect *) {
    AddOp::attachInterface<AddModel>(*context);
    GeluOp::attachInterface<GeluModel>(*context);
    MulOp::attachInterface<MulModel>(*context);
    QuickGeluOp::attachInterface<QuickGeluModel>(*context);
    ReluOp::attachInterface<ReluModel>(*context);
    ScaleOp::attachInterface<ScaleModel>(*context);
    SiluOp::attachInterface<SiluModel>(*context);
    TanhOp::attachInterface<TanhModel>(*context);
  });
}
