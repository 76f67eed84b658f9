//===- ElementEmission.cpp - Elements of elementwise ops ------------------===//
#include "attune/Backend/LLVM/ElementEmission.h"
#include "ElementModels.h"
#include "ScalarMath.h"
#include "attune/Backend/LLVM/VectorEmission.h"

using namespace mlir;
using namespace attune;

#include "attune/Backend/LLVM/ElementEmission.cpp.inc"

Type attune::getScalarType(Type element) {
  if (element.isF16() || element.isBF16())
    return IntegerType::get(element.getContext(), 16);
  if (element.isUnsignedInteger())
    return IntegerType::get(element.getContext(),
                            element.getIntOrFloatBitWidth());
  return element;
}

Value ElementReader::readBroadcast(unsigned operand, ArrayRef<Value> indices) {
  ArrayRef<int64_t> shape =
      cast<RankedTensorType>(op->getOperand(operand).getType()).getShape();
  SmallVector<Value> own(indices.take_back(shape.size()));
  for (auto [extent, index] : llvm::zip(shape, own))
    if (extent == 1)
      index = getZero();
  return read(operand, own);
}

static Type elementOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getElementType();
}

namespace {

template <typename Model, typename Op>
using ModelOf = ElementEmissionOpInterface::ExternalModel<Model, Op>;

struct AddElements : ModelOf<AddElements, AddOp> {
  Value emitElement(Operation *op, ElementReader &reader,
                    ArrayRef<Value> indices) const {
    return ScalarMath(reader.builder, reader.loc, reader.op)
        .add(elementOf(op->getResult(0)), reader.readBroadcast(0, indices),
             reader.readBroadcast(1, indices));
  }
};

struct MulElements : ModelOf<MulElements, MulOp> {
  Value emitElement(Operation *op, ElementReader &reader,
                    ArrayRef<Value> indices) const {
    return ScalarMath(reader.builder, reader.loc, reader.op)
        .mul(elementOf(op->getResult(0)), reader.readBroadcast(0, indices),
             reader.readBroadcast(1, indices));
  }
};

struct UnaryElements : ModelOf<UnaryElements, UnaryOp> {
  Value emitElement(Operation *op, ElementReader &reader,
                    ArrayRef<Value> indices) const {
    auto unary = cast<UnaryOp>(op);
    return ScalarMath(reader.builder, reader.loc, reader.op)
        .unary(unary.getKind(), elementOf(unary.getInput()),
               reader.readBroadcast(0, indices));
  }
};

struct BinaryElements : ModelOf<BinaryElements, BinaryOp> {
  Value emitElement(Operation *op, ElementReader &reader,
                    ArrayRef<Value> indices) const {
    auto binary = cast<BinaryOp>(op);
    return ScalarMath(reader.builder, reader.loc, reader.op)
        .binary(binary.getKind(), elementOf(binary.getLhs()),
                reader.readBroadcast(0, indices),
                reader.readBroadcast(1, indices));
  }
};

struct CompareElements : ModelOf<CompareElements, CompareOp> {
  Value emitElement(Operation *op, ElementReader &reader,
                    ArrayRef<Value> indices) const {
    auto compare = cast<CompareOp>(op);
    return ScalarMath(reader.builder, reader.loc, reader.op)
        .compare(compare.getKind(), elementOf(compare.getLhs()),
                 reader.readBroadcast(0, indices),
                 reader.readBroadcast(1, indices));
  }
};

struct WhereElements : ModelOf<WhereElements, WhereOp> {
  Value emitElement(Operation *, ElementReader &reader,
                    ArrayRef<Value> indices) const {
    // Reading both is cheaper than a branch, and vectors cannot branch.
    return ScalarMath(reader.builder, reader.loc, reader.op)
        .select(reader.readBroadcast(0, indices),
                reader.readBroadcast(1, indices),
                reader.readBroadcast(2, indices));
  }
};

struct CastElements : ModelOf<CastElements, CastOp> {
  Value emitElement(Operation *op, ElementReader &reader,
                    ArrayRef<Value> indices) const {
    auto castOp = cast<CastOp>(op);
    return ScalarMath(reader.builder, reader.loc, reader.op)
        .cast(elementOf(castOp.getInput()), elementOf(castOp.getResult()),
              reader.readBroadcast(0, indices), castOp.getSaturate());
  }
};

/// Activations are f32 and have formulas of vectors, which are as good for
/// scalars.
template <typename Op>
struct ActivationElements : ModelOf<ActivationElements<Op>, Op> {
  Value emitElement(Operation *op, ElementReader &reader,
                    ArrayRef<Value> indices) const {
    return cast<VectorEmissionOpInterface>(op).emitVector(
        reader.builder, reader.loc, reader.readBroadcast(0, indices));
  }
};

template <typename... Ops> void attachActivations(MLIRContext &context) {
  (Ops::template attachInterface<ActivationElements<Ops>>(context), ...);
}

} // namespace

void attune::registerElementEmissionModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, AttuneDialect *) {
    attachActivations<GeluOp, QuickGeluOp, ReluOp, ScaleOp, SiluOp, TanhOp>(
        *context);
    AddOp::attachInterface<AddElements>(*context);
    BinaryOp::attachInterface<BinaryElements>(*context);
    CastOp::attachInterface<CastElements>(*context);
    CompareOp::attachInterface<CompareElements>(*context);
    MulOp::attachInterface<MulElements>(*context);
    UnaryOp::attachInterface<UnaryElements>(*context);
    WhereOp::attachInterface<WhereElements>(*context);
    attachIndexElements(*context);
  });
}
