//===- VectorEmission.cpp - Elementwise ops as vector code ----------------===//
#include "attune/Backend/LLVM/VectorEmission.h"
#include "ScalarMath.h"
#include "VectorMath.h"
#include "attune/Dialect/Attune/IR/Attune.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace attune;

#include "attune/Backend/LLVM/VectorEmission.cpp.inc"

static Type elementOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getElementType();
}

bool attune::isAllF32(Operation *op) {
  auto isF32 = [](Value value) { return elementOf(value).isF32(); };
  return llvm::all_of(op->getOperands(), isF32) &&
         llvm::all_of(op->getResults(), isF32);
}

bool attune::isVectorized(Operation *op) {
  // Bools in memory are bytes, those of vectors bits.
  if (auto emitted = dyn_cast<VectorEmissionOpInterface>(op))
    return emitted.canEmitVector() &&
           llvm::none_of(op->getOperands(), [](Value value) {
             return isa<BlockArgument>(value) && elementOf(value).isInteger(1);
           });
  DenseElementsAttr constant;
  return matchPattern(op, m_Constant(&constant)) && constant.isSplat() &&
         constant.getElementType().isF32();
}

namespace {

bool isAllBool(Operation *op) {
  auto isBool = [](Value value) { return elementOf(value).isInteger(1); };
  return llvm::all_of(op->getOperands(), isBool) &&
         llvm::all_of(op->getResults(), isBool);
}

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

/// A function of libm, lane by lane.
Value emitPerLane(OpBuilder &builder, Location loc, ValueRange operands,
                  llvm::function_ref<Value(ValueRange)> emit) {
  auto type = dyn_cast<VectorType>(operands[0].getType());
  if (!type)
    return emit(operands);
  Value result =
      arith::ConstantOp::create(builder, loc, type, builder.getZeroAttr(type));
  for (int64_t lane = 0; lane < type.getNumElements(); ++lane) {
    SmallVector<Value> scalars;
    for (Value operand : operands)
      scalars.push_back(vector::ExtractOp::create(builder, loc, operand, lane));
    result =
        vector::InsertOp::create(builder, loc, emit(scalars), result, lane);
  }
  return result;
}

struct UnaryModel : ModelOf<UnaryModel, UnaryOp> {
  bool canEmitVector(Operation *op) const {
    return isAllF32(op) || isAllBool(op);
  }

  Value emitVector(Operation *op, OpBuilder &builder, Location loc,
                   ValueRange operands) const {
    Value x = operands[0];
    auto number = [&](float value) {
      return emitConstantLike(builder, loc, x, value);
    };
    UnaryKind kind = cast<UnaryOp>(op).getKind();
    switch (kind) {
    case UnaryKind::k_neg:
      return arith::NegFOp::create(builder, loc, x);
    case UnaryKind::k_abs:
      return math::AbsFOp::create(builder, loc, x);
    case UnaryKind::k_reciprocal:
      return arith::DivFOp::create(builder, loc, number(1.0f), x);
    case UnaryKind::k_exp:
      return emitExp(builder, loc, x);
    case UnaryKind::k_sqrt:
      return math::SqrtOp::create(builder, loc, x);
    case UnaryKind::k_erf:
      return emitErf(builder, loc, x);
    case UnaryKind::k_sigmoid:
      return emitSigmoid(builder, loc, x);
    case UnaryKind::k_ceil:
      return math::CeilOp::create(builder, loc, x);
    case UnaryKind::k_floor:
      return math::FloorOp::create(builder, loc, x);
    case UnaryKind::k_round_even:
      return math::RoundEvenOp::create(builder, loc, x);
    case UnaryKind::k_logical_not:
    case UnaryKind::k_bitwise_not: {
      Value all = arith::ConstantOp::create(
          builder, loc, x.getType(),
          isa<VectorType>(x.getType())
              ? TypedAttr(
                    DenseElementsAttr::get(cast<VectorType>(x.getType()), true))
              : builder.getBoolAttr(true));
      return arith::XOrIOp::create(builder, loc, x, all);
    }
    default:
      return emitPerLane(builder, loc, operands, [&](ValueRange scalars) {
        return ScalarMath(builder, loc, op)
            .unary(kind, builder.getF32Type(), scalars[0]);
      });
    }
  }
};

struct BinaryModel : ModelOf<BinaryModel, BinaryOp> {
  bool canEmitVector(Operation *op) const {
    return isAllF32(op) || isAllBool(op);
  }

  Value emitVector(Operation *op, OpBuilder &builder, Location loc,
                   ValueRange operands) const {
    Value a = operands[0], b = operands[1];
    BinaryKind kind = cast<BinaryOp>(op).getKind();
    switch (kind) {
    case BinaryKind::k_sub:
      return arith::SubFOp::create(builder, loc, a, b);
    case BinaryKind::k_div:
      return arith::DivFOp::create(builder, loc, a, b);
    case BinaryKind::k_max:
      return emitMax(builder, loc, a, b);
    case BinaryKind::k_min:
      return emitMin(builder, loc, a, b);
    case BinaryKind::k_pow:
      if (Value power = emitPower(op, builder, loc, a))
        return power;
      break;
    case BinaryKind::k_and:
    case BinaryKind::k_bitwise_and:
      return arith::AndIOp::create(builder, loc, a, b);
    case BinaryKind::k_or:
    case BinaryKind::k_bitwise_or:
      return arith::OrIOp::create(builder, loc, a, b);
    case BinaryKind::k_xor:
    case BinaryKind::k_bitwise_xor:
      return arith::XOrIOp::create(builder, loc, a, b);
    default:
      break;
    }
    return emitPerLane(builder, loc, operands, [&](ValueRange scalars) {
      return ScalarMath(builder, loc, op)
          .binary(kind, builder.getF32Type(), scalars[0], scalars[1]);
    });
  }

  /// Powers that norms and activations of decomposed graphs have.
  static Value emitPower(Operation *op, OpBuilder &builder, Location loc,
                         Value x) {
    DenseElementsAttr constant;
    if (!matchPattern(op->getOperand(1), m_Constant(&constant)) ||
        !constant.isSplat())
      return {};
    llvm::APFloat exponent = constant.getSplatValue<llvm::APFloat>();
    if (!exponent.isExactlyValue(2.0) && !exponent.isExactlyValue(3.0))
      return {};
    Value square = arith::MulFOp::create(builder, loc, x, x);
    return exponent.isExactlyValue(2.0)
               ? square
               : arith::MulFOp::create(builder, loc, square, x).getResult();
  }
};

struct CompareModel : ModelOf<CompareModel, CompareOp> {
  bool canEmitVector(Operation *op) const {
    return elementOf(op->getOperand(0)).isF32();
  }
  Value emitVector(Operation *op, OpBuilder &builder, Location loc,
                   ValueRange operands) const {
    return ScalarMath(builder, loc, op)
        .compare(cast<CompareOp>(op).getKind(), builder.getF32Type(),
                 operands[0], operands[1]);
  }
};

struct WhereModel : ModelOf<WhereModel, WhereOp> {
  bool canEmitVector(Operation *op) const {
    return elementOf(op->getResult(0)).isF32();
  }
  Value emitVector(Operation *, OpBuilder &builder, Location loc,
                   ValueRange operands) const {
    return arith::SelectOp::create(builder, loc, operands[0], operands[1],
                                   operands[2]);
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
    BinaryOp::attachInterface<BinaryModel>(*context);
    CompareOp::attachInterface<CompareModel>(*context);
    GeluOp::attachInterface<GeluModel>(*context);
    MulOp::attachInterface<MulModel>(*context);
    QuickGeluOp::attachInterface<QuickGeluModel>(*context);
    ReluOp::attachInterface<ReluModel>(*context);
    ScaleOp::attachInterface<ScaleModel>(*context);
    SiluOp::attachInterface<SiluModel>(*context);
    TanhOp::attachInterface<TanhModel>(*context);
    UnaryOp::attachInterface<UnaryModel>(*context);
    WhereOp::attachInterface<WhereModel>(*context);
  });
}
