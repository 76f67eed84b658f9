//===- IndexElements.cpp - Elements of ops that choose by position --------===//
#include "ElementModels.h"
#include "ScalarMath.h"
#include "attune/Backend/LLVM/ElementEmission.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace attune;

static RankedTensorType rankedType(Value value) {
  return cast<RankedTensorType>(value.getType());
}

namespace {

template <typename Model, typename Op>
using ModelOf = ElementEmissionOpInterface::ExternalModel<Model, Op>;
using Predicate = arith::CmpIPredicate;

/// Signed arithmetic on index values, in short.
class Indices {
public:
  explicit Indices(ElementReader &reader)
      : builder(reader.builder), loc(reader.loc), reader(reader) {}

  Value constant(int64_t value) {
    return value == 0 ? reader.getZero()
                      : arith::ConstantIndexOp::create(builder, loc, value)
                            .getResult();
  }
  Value add(Value a, Value b) {
    return arith::AddIOp::create(builder, loc, a, b);
  }
  Value add(Value a, int64_t b) { return b ? add(a, constant(b)) : a; }
  Value sub(Value a, Value b) {
    return arith::SubIOp::create(builder, loc, a, b);
  }
  Value mul(Value a, int64_t b) {
    return b == 1 ? a
                  : arith::MulIOp::create(builder, loc, a, constant(b))
                        .getResult();
  }
  Value compare(Predicate predicate, Value a, Value b) {
    return arith::CmpIOp::create(builder, loc, predicate, a, b);
  }
  Value select(Value condition, Value a, Value b) {
    return arith::SelectOp::create(builder, loc, condition, a, b);
  }
  Value conjunction(Value a, Value b) {
    return a && b ? arith::AndIOp::create(builder, loc, a, b).getResult()
           : a    ? a
                  : b;
  }
  /// Brings `index` into [0, extent); zero where that is empty.
  Value clamp(Value index, Value extent) {
    Value last = sub(extent, constant(1));
    Value below = arith::MinSIOp::create(builder, loc, index, last);
    return arith::MaxSIOp::create(builder, loc, below, constant(0));
  }
  /// An element of an index operand as an index into `extent` elements,
  /// negative ones from the end.
  Value wrap(Value element, Value extent) {
    Value index = arith::IndexCastOp::create(builder, loc,
                                             builder.getIndexType(), element);
    Value fromEnd = add(index, extent);
    return clamp(
        select(compare(Predicate::slt, index, constant(0)), fromEnd, index),
        extent);
  }
  /// index modulo a positive `period`, from 0 on for negative ones too.
  Value modulo(Value index, Value period) {
    Value rest = arith::RemSIOp::create(builder, loc, index, period);
    return select(compare(Predicate::slt, rest, constant(0)), add(rest, period),
                  rest);
  }

  OpBuilder &builder;
  Location loc;
  ElementReader &reader;
};

/// A scalar constant of a tensor's element type from its attribute.
Value emitConstant(ElementReader &reader, Type element, Attribute value) {
  ScalarMath math(reader.builder, reader.loc, reader.op);
  Type type = getScalarType(element);
  if (auto number = dyn_cast<IntegerAttr>(value))
    return math.integer(type, number.getValue());
  llvm::APFloat number = cast<FloatAttr>(value).getValue();
  if (!isa<FloatType>(type))
    return math.integer(type, number.bitcastToAPInt());
  return arith::ConstantOp::create(reader.builder, reader.loc,
                                   FloatAttr::get(type, number));
}

Value emitZero(ElementReader &reader, Type element) {
  return ScalarMath(reader.builder, reader.loc, reader.op)
      .constant(getScalarType(element), 0);
}

/// Reads an element, or zero where an extent on the way is zero.
Value readUnlessEmpty(Indices &math, ElementReader &reader, unsigned operand,
                      Value anyLeft, ArrayRef<Value> indices) {
  if (!anyLeft)
    return reader.read(operand, indices);
  Type element = rankedType(reader.op->getOperand(operand)).getElementType();
  return reader.branch(
      anyLeft, getScalarType(element),
      [&] { return reader.read(operand, indices); },
      [&] { return emitZero(reader, element); });
}

/// A condition that the dimension has elements; null when it has.
Value hasElements(Indices &math, ElementReader &reader, unsigned operand,
                  int64_t dim) {
  int64_t extent = rankedType(reader.op->getOperand(operand)).getDimSize(dim);
  if (!ShapedType::isDynamic(extent) && extent > 0)
    return {};
  return math.compare(Predicate::sgt, reader.getExtent(operand, dim),
                      math.constant(0));
}

struct ConstantElements : ModelOf<ConstantElements, ConstantOp> {
  LogicalResult supportsElement(Operation *op, std::string &reason) const {
    if (isa<DenseIntOrFPElementsAttr>(cast<ConstantOp>(op).getValue()))
      return success();
    reason = "a constant that is not dense";
    return failure();
  }

  /// Elements as the kernels' scalars, a bool as a byte.
  static DenseElementsAttr getStored(DenseElementsAttr value) {
    auto type = cast<RankedTensorType>(value.getType());
    Type element = getScalarType(type.getElementType());
    if (element.isInteger(1))
      element = IntegerType::get(element.getContext(), 8);
    if (element == type.getElementType())
      return value;
    SmallVector<llvm::APInt> bits;
    if (isa<FloatType>(type.getElementType()))
      for (const llvm::APFloat &number : value.getValues<llvm::APFloat>())
        bits.push_back(number.bitcastToAPInt());
    else
      for (const llvm::APInt &number : value.getValues<llvm::APInt>())
        bits.push_back(number.zextOrTrunc(element.getIntOrFloatBitWidth()));
    return DenseElementsAttr::get(type.clone(element), bits);
  }

  /// The constant as a global of the kernel's module, shared by equal ones.
  static memref::GlobalOp getGlobal(ElementReader &reader,
                                    DenseElementsAttr stored) {
    auto module = reader.op->getParentOfType<ModuleOp>();
    SymbolTable symbols(module);
    for (auto global : module.getOps<memref::GlobalOp>())
      if (global.getInitialValue() == Attribute(stored))
        return global;
    auto tensor = cast<RankedTensorType>(stored.getType());
    OpBuilder builder(module.getContext());
    auto global = memref::GlobalOp::create(
        builder, reader.loc, "constant", builder.getStringAttr("private"),
        MemRefType::get(tensor.getShape(), tensor.getElementType()), stored,
        /*constant=*/true, /*alignment=*/IntegerAttr());
    symbols.insert(global, module.getBody()->begin());
    return global;
  }

  Value emitElement(Operation *op, ElementReader &reader,
                    ArrayRef<Value> indices) const {
    auto value = cast<DenseElementsAttr>(cast<ConstantOp>(op).getValue());
    Type element = rankedType(op->getResult(0)).getElementType();
    if (value.isSplat())
      return emitConstant(reader, element, value.getSplatValue<Attribute>());
    if (value.getNumElements() == 0)
      return emitZero(reader, element);
    memref::GlobalOp global = getGlobal(reader, getStored(value));
    Value memory = memref::GetGlobalOp::create(
        reader.builder, reader.loc, global.getType(), global.getSymName());
    Value stored =
        memref::LoadOp::create(reader.builder, reader.loc, memory, indices);
    return element.isInteger(1)
               ? arith::TruncIOp::create(reader.builder, reader.loc, element,
                                         stored)
                     .getResult()
               : stored;
  }
};

struct ExtentsElements : ModelOf<ExtentsElements, ExtentsOp> {
  LogicalResult supportsElement(Operation *op, std::string &reason) const {
    SmallVector<int64_t> values =
        cast<ExtentsOp>(op).getExtents().getStaticShape();
    if (!ShapedType::isDynamicShape(values))
      return success();
    reason = "extents of symbols, which kernels do not know";
    return failure();
  }
  Value emitElement(Operation *op, ElementReader &reader,
                    ArrayRef<Value> indices) const {
    // A few numbers at most: compared with, not looked up.
    Indices math(reader);
    ScalarMath numbers(reader.builder, reader.loc, reader.op);
    Type type = reader.builder.getI64Type();
    Value result;
    for (auto [i, value] :
         llvm::enumerate(cast<ExtentsOp>(op).getExtents().getStaticShape())) {
      Value number = numbers.integer(type, llvm::APInt(64, value, true));
      result = result ? math.select(math.compare(Predicate::eq, indices[0],
                                                 math.constant(i)),
                                    number, result)
                      : number;
    }
    return result ? result : numbers.constant(type, 0);
  }
};

struct IotaElements : ModelOf<IotaElements, IotaOp> {
  Value emitElement(Operation *op, ElementReader &reader,
                    ArrayRef<Value> indices) const {
    auto iota = cast<IotaOp>(op);
    OpBuilder &builder = reader.builder;
    Location loc = reader.loc;
    ScalarMath math(builder, loc, reader.op);
    Type element = rankedType(iota.getResult()).getElementType();
    Type i64 = builder.getI64Type(), f64 = builder.getF64Type();
    Value i = arith::IndexCastOp::create(builder, loc, i64, indices[0]);
    if (!isa<FloatType>(element)) {
      Type type = getScalarType(element);
      Value step = emitConstant(reader, element, iota.getStep());
      Value start = emitConstant(reader, element, iota.getStart());
      if (type != i64)
        i = arith::TruncIOp::create(builder, loc, type, i);
      return arith::AddIOp::create(
          builder, loc, start, arith::MulIOp::create(builder, loc, i, step));
    }
    // Products in double, rounded once.
    auto number = [&](Attribute value) {
      llvm::APFloat number = cast<FloatAttr>(value).getValue();
      bool losesInfo;
      number.convert(llvm::APFloat::IEEEdouble(),
                     llvm::APFloat::rmNearestTiesToEven, &losesInfo);
      return math.constant(f64, number.convertToDouble());
    };
    Value position = arith::SIToFPOp::create(builder, loc, f64, i);
    Value product =
        arith::MulFOp::create(builder, loc, position, number(iota.getStep()));
    return math.cast(
        f64, element,
        arith::AddFOp::create(builder, loc, product, number(iota.getStart())),
        /*saturate=*/false);
  }
};

struct ExpandElements : ModelOf<ExpandElements, ExpandOp> {
  Value emitElement(Operation *, ElementReader &reader,
                    ArrayRef<Value> indices) const {
    return reader.readBroadcast(0, indices);
  }
};

struct ConcatElements : ModelOf<ConcatElements, ConcatOp> {
  LogicalResult supportsElement(Operation *op, std::string &reason) const {
    // A branch within the other for each.
    if (op->getNumOperands() <= 256)
      return success();
    reason = "a concatenation of more than 256 tensors";
    return failure();
  }

  Value emitElement(Operation *op, ElementReader &reader,
                    ArrayRef<Value> indices) const {
    return emitFrom(cast<ConcatOp>(op), reader, indices, 0, reader.getZero());
  }

  /// The element when it lies in operand `i`, which begins at `begin`, or in
  /// one behind.
  static Value emitFrom(ConcatOp op, ElementReader &reader,
                        ArrayRef<Value> indices, unsigned i, Value begin) {
    Indices math(reader);
    int64_t axis = op.getAxis();
    auto readOwn = [&] {
      SmallVector<Value> own(indices);
      if (i)
        own[axis] = math.sub(own[axis], begin);
      return reader.read(i, own);
    };
    if (i + 1 == op.getInputs().size())
      return readOwn();
    Value end = reader.getExtent(i, axis);
    if (i)
      end = math.add(begin, end);
    Type element = rankedType(op.getResult()).getElementType();
    return reader.branch(math.compare(Predicate::slt, indices[axis], end),
                         getScalarType(element), readOwn, [&] {
                           return emitFrom(op, reader, indices, i + 1, end);
                         });
  }
};

struct ExtractElements : ModelOf<ExtractElements, ExtractOp> {
  LogicalResult supportsElement(Operation *op, std::string &reason) const {
    auto extract = cast<ExtractOp>(op);
    SmallVector<int64_t> offsets = extract.getOffsets().getStaticShape();
    if (extract.getOrigin() || !ShapedType::isDynamicShape(offsets))
      return success();
    reason = "offsets of symbols, which kernels do not know";
    return failure();
  }

  Value emitElement(Operation *op, ElementReader &reader,
                    ArrayRef<Value> indices) const {
    auto extract = cast<ExtractOp>(op);
    Indices math(reader);
    SymbolicShape offsets = extract.getOffsets().getShape();
    ArrayRef<int64_t> shape = rankedType(extract.getInput()).getShape();
    SmallVector<Value> own;
    Value anyLeft;
    for (auto [d, index] : llvm::enumerate(indices)) {
      int64_t step = extract.getSteps()[d];
      std::optional<int64_t> known = offsets[d].getConstant();
      Value offset = known ? math.constant(*known) : Value();
      if (!known)
        offset = arith::IndexCastOp::create(reader.builder, reader.loc,
                                            reader.builder.getIndexType(),
                                            reader.read(1, {math.constant(d)}));
      Value place = known == 0 ? math.mul(index, step)
                               : math.add(offset, math.mul(index, step));
      // What the verifier cannot see to lie within is bounded.
      bool isWhole =
          known == 0 && step == 1 &&
          extract.getSizes().getStaticShape()[d] == ShapedType::kDynamic;
      if ((!known || ShapedType::isDynamic(shape[d])) && !isWhole)
        if (Value extent = reader.findExtent(0, d)) {
          place = math.clamp(place, extent);
          anyLeft = math.conjunction(anyLeft, hasElements(math, reader, 0, d));
        }
      own.push_back(place);
    }
    return readUnlessEmpty(math, reader, 0, anyLeft, own);
  }
};

struct PadElements : ModelOf<PadElements, PadOp> {
  Value emitElement(Operation *op, ElementReader &reader,
                    ArrayRef<Value> indices) const {
    auto pad = cast<PadOp>(op);
    Indices math(reader);
    Value one = math.constant(1);
    SmallVector<Value> own;
    Value isInside;
    for (auto [d, index] : llvm::enumerate(indices)) {
      int64_t low = pad.getLow()[d];
      if (low == 0 && pad.getHigh()[d] == 0) {
        own.push_back(index);
        continue;
      }
      Value extent = reader.getExtent(0, d);
      Value place = math.add(index, -low);
      switch (pad.getMode()) {
      case PadMode::constant:
        isInside = math.conjunction(
            isInside, math.compare(Predicate::ult, place, extent));
        own.push_back(place);
        continue;
      case PadMode::edge:
        place = math.clamp(place, extent);
        break;
      case PadMode::wrap:
        place =
            math.modulo(place, arith::MaxSIOp::create(reader.builder,
                                                      reader.loc, extent, one));
        break;
      case PadMode::reflect: {
        Value turn = math.mul(math.sub(extent, one), 2);
        Value period =
            arith::MaxSIOp::create(reader.builder, reader.loc, turn, one);
        place = math.modulo(place, period);
        place = math.select(math.compare(Predicate::slt, place, extent), place,
                            math.sub(period, place));
        break;
      }
      }
      own.push_back(place);
      isInside = math.conjunction(isInside, hasElements(math, reader, 0, d));
    }
    if (!isInside)
      return reader.read(0, own);
    Type element = rankedType(pad.getResult()).getElementType();
    return reader.branch(
        isInside, getScalarType(element), [&] { return reader.read(0, own); },
        [&] {
          return pad.getValue() ? reader.read(1, {})
                                : emitZero(reader, element);
        });
  }
};

struct GatherElementsOf : ModelOf<GatherElementsOf, GatherOp> {
  Value emitElement(Operation *op, ElementReader &reader,
                    ArrayRef<Value> indices) const {
    auto gather = cast<GatherOp>(op);
    Indices math(reader);
    int64_t axis = gather.getAxis();
    int64_t rank = rankedType(gather.getIndices()).getRank();
    Value element = reader.read(1, indices.slice(axis, rank));
    SmallVector<Value> own(indices.take_front(axis));
    own.push_back(math.wrap(element, reader.getExtent(0, axis)));
    llvm::append_range(own, indices.drop_front(axis + rank));
    return readUnlessEmpty(math, reader, 0, hasElements(math, reader, 0, axis),
                           own);
  }
};

struct GatherAlongAxis : ModelOf<GatherAlongAxis, GatherElementsOp> {
  Value emitElement(Operation *op, ElementReader &reader,
                    ArrayRef<Value> indices) const {
    auto gather = cast<GatherElementsOp>(op);
    Indices math(reader);
    int64_t axis = gather.getAxis();
    SmallVector<Value> own(indices);
    own[axis] = math.wrap(reader.read(1, indices), reader.getExtent(0, axis));
    return readUnlessEmpty(math, reader, 0, hasElements(math, reader, 0, axis),
                           own);
  }
};

struct GatherTuples : ModelOf<GatherTuples, GatherNDOp> {
  Value emitElement(Operation *op, ElementReader &reader,
                    ArrayRef<Value> indices) const {
    auto gather = cast<GatherNDOp>(op);
    Indices math(reader);
    int64_t batch = gather.getBatchDims();
    auto type = rankedType(gather.getIndices());
    int64_t leading = type.getRank() - 1;
    SmallVector<Value> own(indices.take_front(batch));
    Value anyLeft;
    for (int64_t i = 0; i < type.getShape().back(); ++i) {
      SmallVector<Value> place(indices.take_front(leading));
      place.push_back(math.constant(i));
      own.push_back(
          math.wrap(reader.read(1, place), reader.getExtent(0, batch + i)));
      anyLeft =
          math.conjunction(anyLeft, hasElements(math, reader, 0, batch + i));
    }
    llvm::append_range(own, indices.drop_front(leading));
    return readUnlessEmpty(math, reader, 0, anyLeft, own);
  }
};

struct RotaryElements : ModelOf<RotaryElements, RotaryOp> {
  Value emitElement(Operation *op, ElementReader &reader,
                    ArrayRef<Value> indices) const {
    auto rotary = cast<RotaryOp>(op);
    OpBuilder &builder = reader.builder;
    Location loc = reader.loc;
    Indices math(reader);
    int64_t size =
        rankedType(rotary.getInput()).getDimSize(2) / rotary.getHeads();
    int64_t half = rankedType(rotary.getCos()).getDimSize(2);
    // The column within its head, which pair it belongs to, and whether it is
    // the pair's first.
    Value column = rotary.getHeads() == 1
                       ? indices[2]
                       : arith::RemUIOp::create(builder, loc, indices[2],
                                                math.constant(size))
                             .getResult();
    Value isFirst, pair, partner;
    if (rotary.getInterleaved()) {
      Value one = math.constant(1);
      Value odd = arith::AndIOp::create(builder, loc, column, one);
      isFirst = math.compare(Predicate::eq, odd, math.constant(0));
      pair = arith::ShRUIOp::create(builder, loc, column, one);
      partner = math.select(isFirst, math.add(indices[2], 1),
                            math.add(indices[2], -1));
    } else {
      isFirst = math.compare(Predicate::slt, column, math.constant(half));
      pair = math.select(isFirst, column, math.add(column, -half));
      partner = math.select(isFirst, math.add(indices[2], half),
                            math.add(indices[2], -half));
    }
    Value x = reader.read(0, indices);
    auto rotate = [&]() -> Value {
      Value y = reader.read(0, {indices[0], indices[1], partner});
      Value place[] = {indices[0], indices[1], pair};
      Value cosine = reader.readBroadcast(1, place);
      Value sine = reader.readBroadcast(2, place);
      sine =
          math.select(isFirst, arith::NegFOp::create(builder, loc, sine), sine);
      return arith::AddFOp::create(
          builder, loc, arith::MulFOp::create(builder, loc, x, cosine),
          arith::MulFOp::create(builder, loc, y, sine));
    };
    if (2 * half == size)
      return rotate();
    return reader.branch(
        math.compare(Predicate::slt, column, math.constant(2 * half)),
        x.getType(), rotate, [&] { return x; });
  }
};

} // namespace

void attune::attachIndexElements(MLIRContext &context) {
  ConcatOp::attachInterface<ConcatElements>(context);
  ConstantOp::attachInterface<ConstantElements>(context);
  ExpandOp::attachInterface<ExpandElements>(context);
  ExtentsOp::attachInterface<ExtentsElements>(context);
  ExtractOp::attachInterface<ExtractElements>(context);
  GatherElementsOp::attachInterface<GatherAlongAxis>(context);
  GatherNDOp::attachInterface<GatherTuples>(context);
  GatherOp::attachInterface<GatherElementsOf>(context);
  IotaOp::attachInterface<IotaElements>(context);
  PadOp::attachInterface<PadElements>(context);
  RotaryOp::attachInterface<RotaryElements>(context);
}
