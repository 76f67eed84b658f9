//===- ModelBuilder.cpp - Emits ops and declares weights ------------------===//
#include "ModelBuilder.h"
#include "mlir/IR/Location.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace attune;

static RankedTensorType ranked(Value value) {
  return cast<RankedTensorType>(value.getType());
}

ModelBuilder::ModelBuilder(MLIRContext &context, const LoadedModel &model)
    : model(model), module(ModuleOp::create(UnknownLoc::get(&context))),
      builder(&context), symbols(*module), location(UnknownLoc::get(&context)) {
  (*module)->setAttr(kNameAttr, builder.getStringAttr(model.description.name));
  int64_t length = model.description.maxSequenceLength();
  setLimits({{"length", length}});
}

void ModelBuilder::setLimits(ArrayRef<std::pair<StringRef, int64_t>> largest,
                             ArrayRef<StringRef> mayBeZero) {
  SmallVector<NamedAttribute> maxDims, minDims;
  for (auto [symbol, limit] : largest)
    if (limit)
      maxDims.push_back(
          builder.getNamedAttr(symbol, builder.getI64IntegerAttr(limit)));
  for (StringRef symbol : mayBeZero)
    minDims.push_back(
        builder.getNamedAttr(symbol, builder.getI64IntegerAttr(0)));
  (*module)->setAttr(kMaxDimsAttr, builder.getDictionaryAttr(maxDims));
  if (!minDims.empty())
    (*module)->setAttr(kMinDimsAttr, builder.getDictionaryAttr(minDims));
}

//===----------------------------------------------------------------------===//
// The entry function
//===----------------------------------------------------------------------===//

ModelInput ModelBuilder::idInput(StringRef name, int64_t limit,
                                 StringRef whenAbsent) {
  int64_t open = ShapedType::kDynamic;
  return {name.str(),
          RankedTensorType::get({open, open}, builder.getI64Type()),
          {"batch", "length"},
          limit,
          whenAbsent};
}

SmallVector<Value> ModelBuilder::beginForward(ArrayRef<ModelInput> inputs) {
  auto types = llvm::map_to_vector(
      inputs, [](const ModelInput &input) -> Type { return input.type; });
  builder.setInsertionPointToEnd(module->getBody());
  forward = func::FuncOp::create(builder, location, "forward",
                                 builder.getFunctionType(types, {}));
  symbols.insert(forward);
  for (auto [i, input] : llvm::enumerate(inputs)) {
    forward.setArgAttr(i, kNameAttr, builder.getStringAttr(input.name));
    forward.setArgAttr(i, kDimsAttr, builder.getStrArrayAttr(input.dims));
    if (input.limit)
      forward.setArgAttr(i, kLimitAttr, builder.getI64IntegerAttr(input.limit));
    if (!input.whenAbsent.empty())
      forward.setArgAttr(i, kWhenAbsentAttr,
                         builder.getStringAttr(input.whenAbsent));
  }
  Block *body = forward.addEntryBlock();
  builder.setInsertionPointToStart(body);
  return llvm::to_vector_of<Value>(body->getArguments());
}

OwningOpRef<ModuleOp> ModelBuilder::endForward(ArrayRef<ModelOutput> outputs) {
  SmallVector<Value> values;
  SmallVector<Type> types;
  for (const ModelOutput &output : outputs) {
    values.push_back(output.value);
    types.push_back(output.value.getType());
  }
  func::ReturnOp::create(builder, UnknownLoc::get(builder.getContext()),
                         values);
  forward.setFunctionType(
      builder.getFunctionType(forward.getArgumentTypes(), types));
  for (auto [i, output] : llvm::enumerate(outputs)) {
    forward.setResultAttr(i, kNameAttr, builder.getStringAttr(output.name));
    forward.setResultAttr(i, kDimsAttr, builder.getStrArrayAttr(output.dims));
  }
  return std::move(module);
}

//===----------------------------------------------------------------------===//
// Locations
//===----------------------------------------------------------------------===//

void ModelBuilder::enter(const Twine &path) {
  location = NameLoc::get(builder.getStringAttr(path));
}

void ModelBuilder::enter(WeightRole role, int64_t layer, unsigned levels) {
  const TensorEntry *entry = model.resolved->find(role, layer);
  StringRef path = entry ? StringRef(entry->name) : toString(role);
  for (; levels && path.contains('.'); --levels)
    path = path.rsplit('.').first;
  // Shared layers have one path for all places where they are applied.
  if (isPerLayer(role) && description().sharing.groups != 0)
    return enter(path + "#" + Twine(layer));
  enter(path);
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

std::string ModelBuilder::relativeFile(StringRef file) const {
  SmallString<128> path(file), directory(model.directory);
  // Where the current directory is unknown the paths stay as they are.
  (void)llvm::sys::fs::make_absolute(path);
  (void)llvm::sys::fs::make_absolute(directory);
  llvm::sys::path::remove_dots(path, /*remove_dot_dot=*/true);
  llvm::sys::path::remove_dots(directory, /*remove_dot_dot=*/true);
  StringRef rest = path;
  if (rest.consume_front(directory) && rest.consume_front("/"))
    return rest.str();
  return std::string(path);
}

PieceAttr ModelBuilder::makePiece(const TensorEntry &entry, int64_t begin,
                                  int64_t count) {
  // Resolving let only these four types through.
  Type type = entry.dtype == TensorDType::F16    ? builder.getF16Type()
              : entry.dtype == TensorDType::BF16 ? Type(builder.getBF16Type())
              : entry.dtype == TensorDType::F64  ? builder.getF64Type()
                                                 : builder.getF32Type();
  int64_t offset = entry.offset + begin * (bitWidth(entry.dtype) / 8);
  return PieceAttr::get(builder.getContext(),
                        relativeFile(model.weights->files()[entry.file]),
                        offset, type, count);
}

Value ModelBuilder::load(const TensorEntry &entry, ArrayRef<int64_t> shape,
                         int64_t begin, const Twine &name) {
  auto type = RankedTensorType::get(shape, builder.getF32Type());
  StringAttr &symbol = declared[name.str()];
  if (!symbol) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(forward);
    auto weight = WeightOp::create(
        builder, location, name.str(), type,
        builder.getArrayAttr(makePiece(entry, begin, type.getNumElements())),
        /*value=*/ElementsAttr(), /*layout=*/Attribute(),
        /*offset=*/IntegerAttr());
    // Renames the weight where another symbol has its name.
    symbols.insert(weight);
    symbol = weight.getSymNameAttr();
  }
  return LoadWeightOp::create(builder, location, type, symbol.getValue());
}

Value ModelBuilder::weight(WeightRole role, int64_t layer) {
  const TensorEntry &entry = *model.resolved->find(role, layer);
  return load(entry, entry.shape, 0, entry.name);
}

Value ModelBuilder::weightRow(WeightRole role, int64_t row) {
  const TensorEntry &entry = *model.resolved->find(role);
  int64_t columns = entry.shape.back();
  return load(entry, columns, row * columns,
              entry.name + "[" + Twine(row) + "]");
}

Value ModelBuilder::weightRows(WeightRole role, int64_t first) {
  if (first == 0)
    return weight(role);
  const TensorEntry &entry = *model.resolved->find(role);
  int64_t rows = entry.shape.front(), columns = entry.shape.back();
  return load(entry, {rows - first, columns}, first * columns,
              entry.name + "[" + Twine(first) + ":]");
}

Value ModelBuilder::computedTable(const Twine &name, int64_t rows,
                                  ArrayRef<float> values) {
  auto type = RankedTensorType::get(
      {rows, static_cast<int64_t>(values.size()) / rows}, builder.getF32Type());
  OpBuilder outside(forward);
  auto weight = WeightOp::create(
      outside, location, name.str(), type, builder.getArrayAttr({}),
      DenseElementsAttr::get(type, values), /*layout=*/Attribute(),
      /*offset=*/IntegerAttr());
  // Renames the weight where another symbol has its name.
  symbols.insert(weight);
  return LoadWeightOp::create(builder, location, type, weight.getSymName());
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

Value ModelBuilder::linear(Value input, WeightRole weightRole,
                           WeightRole biasRole, int64_t layer) {
  enter(weightRole, layer);
  Value result =
      matmul(input, weight(weightRole, layer), /*transposeRhs=*/true);
  return isNeeded(biasRole, description())
             ? add(result, weight(biasRole, layer))
             : result;
}

Value ModelBuilder::norm(Value input, WeightRole gamma, WeightRole beta,
                         int64_t layer) {
  enter(gamma, layer);
  Value gammaValue = weight(gamma, layer), betaValue = weight(beta, layer);
  switch (description().norm.kind) {
  case NormKind::LayerNorm:
    return LayerNormOp::create(
        builder, location, input.getType(), input, gammaValue, betaValue,
        builder.getF64FloatAttr(description().norm.epsilon));
  }
  return {};
}

Value ModelBuilder::activation(Activation kind, Value input) {
  Type type = input.getType();
  switch (kind) {
  case Activation::GeluErf:
    return GeluOp::create(builder, location, type, input);
  case Activation::GeluTanh:
    return GeluOp::create(builder, location, type, input, "tanh");
  case Activation::Relu:
    return ReluOp::create(builder, location, type, input);
  case Activation::Silu:
    return SiluOp::create(builder, location, type, input);
  case Activation::QuickGelu:
    return QuickGeluOp::create(builder, location, type, input);
  case Activation::Tanh:
    return TanhOp::create(builder, location, type, input);
  }
  return {};
}

/// The longer of the operands' types: the importers add and multiply equal
/// shapes, or a tensor with a vector of its width.
static Type broadcastType(Value lhs, Value rhs) {
  return ranked(lhs).getRank() >= ranked(rhs).getRank() ? lhs.getType()
                                                        : rhs.getType();
}

Value ModelBuilder::add(Value lhs, Value rhs) {
  return AddOp::create(builder, location, broadcastType(lhs, rhs), lhs, rhs);
}

Value ModelBuilder::mul(Value lhs, Value rhs) {
  return MulOp::create(builder, location, broadcastType(lhs, rhs), lhs, rhs);
}

Value ModelBuilder::unary(UnaryKind kind, Value input) {
  return UnaryOp::create(builder, location, input.getType(), kind, input);
}

Value ModelBuilder::scale(Value input, double factor) {
  if (factor == 1.0)
    return input;
  return ScaleOp::create(builder, location, input.getType(), input,
                         builder.getF32FloatAttr(static_cast<float>(factor)));
}

Value ModelBuilder::embedding(Value ids, Value table) {
  SmallVector<int64_t> shape(ranked(ids).getShape());
  shape.push_back(ranked(table).getDimSize(1));
  return EmbeddingOp::create(builder, location, ranked(table).clone(shape), ids,
                             table);
}

Value ModelBuilder::matmul(Value lhs, Value rhs, bool transposeRhs) {
  SmallVector<int64_t> shape(ranked(lhs).getShape());
  int64_t rank = ranked(rhs).getRank();
  shape.back() = ranked(rhs).getDimSize(rank - (transposeRhs ? 2 : 1));
  return MatmulOp::create(builder, location, ranked(lhs).clone(shape), lhs, rhs,
                          transposeRhs);
}

Value ModelBuilder::reshape(Value input, ArrayRef<int64_t> shape) {
  SmallVector<int64_t> extents(shape);
  for (auto [i, extent] : llvm::enumerate(extents))
    if (extent == 0)
      extent = ranked(input).getDimSize(i);
  return ReshapeOp::create(builder, location, ranked(input).clone(extents),
                           input, shape);
}

Value ModelBuilder::transpose(Value input, ArrayRef<int64_t> permutation) {
  SmallVector<int64_t> shape;
  for (int64_t dim : permutation)
    shape.push_back(ranked(input).getDimSize(dim));
  return TransposeOp::create(builder, location, ranked(input).clone(shape),
                             input, permutation);
}

Value ModelBuilder::concat(Value first, Value second, int64_t axis) {
  SmallVector<int64_t> shape(ranked(second).getShape());
  shape[axis] = ShapedType::kDynamic;
  return ConcatOp::create(builder, location, ranked(second).clone(shape),
                          ValueRange{first, second},
                          builder.getI64IntegerAttr(axis));
}

Value ModelBuilder::firstPosition(Value input) {
  ArrayRef<int64_t> shape = ranked(input).getShape();
  return SelectOp::create(builder, location,
                          ranked(input).clone({shape[0], shape[2]}), input,
                          /*axis=*/1, /*index=*/0);
}
