//===- LinearAttentionOps.cpp - Attention through a state of fixed size ---===//
#include "Verify.h"
#include "attune/Dialect/Attune/IR/Attune.h"

using namespace mlir;
using namespace attune;

/// Columns of a head, of queries and keys or of features.
static constexpr int64_t kMostColumns = int64_t(1) << 24;

static LogicalResult verifyFinite(Operation *op, StringRef name,
                                  const APFloat &value) {
  if (value.isFinite())
    return success();
  return op->emitOpError() << "expected a finite " << name;
}

//===----------------------------------------------------------------------===//
// FeatureMapOp
//===----------------------------------------------------------------------===//

std::optional<int64_t> FeatureMapOp::countFeatures(FeatureMap map, int64_t rows,
                                                   int64_t order) {
  // In double, which says of every product whether it is too large.
  double number = rows;
  switch (map) {
  case FeatureMap::identity:
  case FeatureMap::elu1:
  case FeatureMap::relu:
  case FeatureMap::exp:
  case FeatureMap::favor:
    break;
  case FeatureMap::favor_hyperbolic:
  case FeatureMap::softmax:
  case FeatureMap::softmax_halves:
    number *= 2;
    break;
  case FeatureMap::dpfp:
    number *= 2.0 * order;
    break;
  case FeatureMap::taylor2:
    number = 1 + number + number * (number + 1) / 2;
    break;
  }
  if (number > kMostColumns)
    return std::nullopt;
  return static_cast<int64_t>(number);
}

bool FeatureMapOp::isExponential() {
  FeatureMap map = getMap();
  return map == FeatureMap::exp || map == FeatureMap::favor ||
         map == FeatureMap::favor_hyperbolic;
}

int64_t FeatureMapOp::getRows() {
  if (Value projection = getProjection())
    return ranked(projection).getDimSize(1);
  return getHeadDim();
}

int64_t FeatureMapOp::getNumber() {
  return *countFeatures(getMap(), getRows(), getOrder());
}

int64_t FeatureMapOp::getFeatures() {
  return ranked(getResult()).getDimSize(2) / static_cast<int64_t>(getHeads());
}

LogicalResult FeatureMapOp::verify() {
  ArrayRef<int64_t> input = ranked(getInput()).getShape();
  int64_t heads = getHeads();
  if (heads <= 0 || input.size() != 3 || ShapedType::isDynamic(input[2]) ||
      input[2] == 0 || input[2] % heads != 0 || input[2] > kMostColumns)
    return emitOpError() << "expected an input [batch, length, " << heads
                         << " heads * head size], got " << shapeText(input);
  int64_t headDim = input[2] / heads;
  if (failed(verifyFinite(*this, "scale", getScale())) ||
      failed(verifyFinite(*this, "epsilon", getEpsilon())) ||
      failed(verifyFinite(*this, "norm_epsilon", getNormEpsilon())))
    return failure();
  int64_t order = getOrder();
  if (order < 1)
    return emitOpError() << "expected an order of 1 or more, got " << order;
  if (getMap() != FeatureMap::dpfp && order != 1)
    return emitOpError() << "expected no order for the map "
                         << stringifyFeatureMap(getMap()) << ", dpfp has one";

  // A weight of every head, or of all of them.
  auto verifyWeight = [&](StringRef name, Value weight,
                          ArrayRef<int64_t> ofHead) -> LogicalResult {
    if (!weight)
      return success();
    ArrayRef<int64_t> shape = ranked(weight).getShape();
    if (!shape.empty() && (shape[0] == heads || shape[0] == 1) &&
        shape.drop_front() == ofHead)
      return success();
    SmallVector<int64_t> expected = {heads};
    llvm::append_range(expected, ofHead);
    return emitOpError() << "expected " << name << " of shape "
                         << shapeText(expected)
                         << ", or with 1 in place of the heads, got "
                         << shapeText(shape);
  };
  int64_t rows = headDim;
  if (Value projection = getProjection()) {
    ArrayRef<int64_t> shape = ranked(projection).getShape();
    rows = shape.size() == 3 ? shape[1] : ShapedType::kDynamic;
    if (ShapedType::isDynamic(rows) || rows == 0)
      return emitOpError() << "expected a projection of shape [" << heads
                           << " or 1, rows, " << headDim << "], got "
                           << shapeText(shape);
    if (failed(verifyWeight("a projection", projection, {rows, headDim})))
      return failure();
  }
  std::optional<int64_t> number = countFeatures(getMap(), rows, order);
  if (!number)
    return emitOpError() << "expected at most 2^24 features a head, the map "
                         << stringifyFeatureMap(getMap()) << " of " << rows
                         << " elements has more";
  if (failed(verifyWeight("a bias", getBias(), {rows})) ||
      failed(verifyWeight("a tilt", getTilt(), {headDim})))
    return failure();
  int64_t features = *number;
  if (Value mix = getMix()) {
    ArrayRef<int64_t> shape = ranked(mix).getShape();
    features = shape.size() == 3 ? shape[1] : ShapedType::kDynamic;
    if (ShapedType::isDynamic(features) || features == 0 ||
        features > kMostColumns / heads)
      return emitOpError() << "expected a mix of shape [" << heads
                           << " or 1, features, " << *number << "], got "
                           << shapeText(shape);
    if (failed(verifyWeight("a mix", mix, {features, *number})))
      return failure();
  }
  if (getTilt() && !getLogScale())
    return emitOpError("expected a second result for the tilt");
  if (Value scale = getLogScale())
    if (failed(verifyShape(*this, "a log scale", scale.getType(),
                           {input[0], input[1], heads})))
      return failure();
  // Static, as the kernels count on it.
  ArrayRef<int64_t> result = ranked(getResult()).getShape();
  if (result.size() != 3 || result[2] != heads * features)
    return emitOpError() << "expected a result [batch, length, "
                         << heads * features << "], got " << shapeText(result);
  return verifyShape(*this, "a result", getResult().getType(),
                     {input[0], input[1], heads * features});
}

void FeatureMapOp::inferSymbolicShapes(
    ArrayRef<SymbolicShape> operands, SmallVectorImpl<SymbolicShape> &results) {
  const SymbolicShape &input = operands[0];
  int64_t heads = getHeads();
  results.push_back({input[0], input[1], heads * getFeatures()});
  if (getLogScale())
    results.push_back({input[0], input[1], heads});
}

StringRef FeatureMapOp::getKernelFamily() { return "feature_map"; }

// Products with the weights, and what the map itself takes: about two
// operations a feature.
DimExpr FeatureMapOp::getFlops(ArrayRef<SymbolicShape> operands,
                               ArrayRef<SymbolicShape>) {
  int64_t rows = getRows(), number = getNumber();
  int64_t each = 2 * number;
  if (getProjection())
    each += 2 * rows * getHeadDim();
  if (getMix())
    each += 2 * number * getFeatures();
  if (getTilt())
    each += 2 * getHeadDim();
  return operands[0][0] * operands[0][1] *
         (each * static_cast<int64_t>(getHeads()));
}

bool FeatureMapOp::acceptsEpilogue() { return false; }

bool FeatureMapOp::acceptsStrided(unsigned index) { return index == 0; }

//===----------------------------------------------------------------------===//
// LinearAttentionOp
//===----------------------------------------------------------------------===//

bool LinearAttentionOp::decaysColumns() {
  if (!getDecay())
    return false;
  RankedTensorType type = ranked(getDecay());
  int64_t kvHeads = getKvHeads();
  return type.getRank() == 3 && type.getDimSize(2) == kvHeads * getKeyDim() &&
         getKeyDim() != 1;
}

/// Verifies what rules and options allow beside each other.
static LogicalResult verifyOptions(LinearAttentionOp op) {
  bool isLinear = op.getRule() == UpdateRule::linear;
  struct Option {
    StringRef name;
    bool isThere, isLegal;
  };
  for (Option option :
       {Option{"denominator", op.getDenominator().has_value(), !op.isDelta()},
        Option{"log weights", !!op.getLogWeights(), isLinear},
        Option{"squash", op.getSquash().has_value(), isLinear},
        Option{"'full'", op.getFull(), isLinear}})
    if (option.isThere && !option.isLegal)
      return op.emitOpError()
             << "expected no " << option.name << " for the rule "
             << stringifyUpdateRule(op.getRule());
  if (std::optional<GateActivation> squash = op.getSquash()) {
    if (op.getFull() || op.getDenominator() || op.getLogWeights())
      return op.emitOpError("expected neither 'full' nor a denominator nor log "
                            "weights with a squashed state");
    // Those that have no parameters.
    if (!llvm::is_contained({GateActivation::tanh, GateActivation::sigmoid,
                             GateActivation::relu, GateActivation::softsign,
                             GateActivation::softplus},
                            *squash))
      return op.emitOpError()
             << "expected a squash by tanh, sigmoid, relu, softsign or "
                "softplus, got "
             << stringifyGateActivation(*squash);
  }
  if (op.getDenominator() &&
      (!op.getDenominator()->isFinite() || op.getDenominator()->isNegative()))
    return op.emitOpError("expected a denominator of 0 or more");
  return verifyFinite(op, "scale", op.getScale());
}

/// Verifies decay and beta against the rule and the tokens.
static LogicalResult verifyGates(LinearAttentionOp op, int64_t keyColumns) {
  ArrayRef<int64_t> query = ranked(op.getQuery()).getShape();
  int64_t kvHeads = op.getKvHeads();
  auto verifyGate = [&](StringRef name, Value gate, bool needed,
                        ArrayRef<int64_t> columns) -> LogicalResult {
    if (needed != static_cast<bool>(gate))
      return op.emitOpError()
             << (needed ? "expected " : "expected no ") << name
             << " for the rule " << stringifyUpdateRule(op.getRule());
    if (!gate)
      return success();
    ArrayRef<int64_t> shape = ranked(gate).getShape();
    if (shape.size() == 3 && extentsAgree(shape[0], query[0]) &&
        extentsAgree(shape[1], query[1]) &&
        llvm::is_contained(columns, shape[2]))
      return success();
    return op.emitOpError()
           << "expected " << name << " of " << columns[0] << " or "
           << columns[1] << " columns for the queries " << shapeText(query)
           << ", got " << shapeText(shape);
  };
  // The same for all tokens.
  bool isFixed = op.isGated() && op.getDecay() &&
                 ranked(op.getDecay()).getShape() == ArrayRef(kvHeads);
  if (!isFixed && failed(verifyGate("decay", op.getDecay(), op.isGated(),
                                    {keyColumns, kvHeads})))
    return failure();
  return verifyGate("beta", op.getBeta(), op.isDelta(), {kvHeads, 1});
}

/// Verifies the state before and after, whose parts follow from the options.
static LogicalResult verifyStates(LinearAttentionOp op,
                                  ArrayRef<int64_t> state) {
  bool hasSum = op.getDenominator().has_value();
  bool hasMax = static_cast<bool>(op.getLogWeights());
  auto hasParts = [&](Value sum, Value max) {
    return static_cast<bool>(sum) == hasSum && static_cast<bool>(max) == hasMax;
  };
  if (!hasParts(op.getPresentSum(), op.getPresentMax()))
    return op.emitOpError()
           << "expected " << (hasSum ? "a" : "no") << " present sum and "
           << (hasMax ? "a" : "no") << " present max";
  if (op.getPast() ? !hasParts(op.getPastSum(), op.getPastMax())
                   : op.getPastSum() || op.getPastMax())
    return op.emitOpError("expected the parts of a past state that are present "
                          "as results, or none");
  struct Part {
    StringRef name;
    Value value;
    size_t rank;
  };
  for (Part part : {Part{"a past state", op.getPast(), 4},
                    Part{"a past sum", op.getPastSum(), 3},
                    Part{"a past max", op.getPastMax(), 2},
                    Part{"a present sum", op.getPresentSum(), 3},
                    Part{"a present max", op.getPresentMax(), 2}})
    if (part.value && failed(verifyShape(op, part.name, part.value.getType(),
                                         state.take_front(part.rank))))
      return failure();
  // Static, as the kernels count on it.
  ArrayRef<int64_t> present = ranked(op.getPresent()).getShape();
  if (present.size() == 4 && ShapedType::isDynamicShape(present.drop_front()))
    return op.emitOpError()
           << "expected a present state of shape " << shapeText(state)
           << ", got " << shapeText(present);
  return verifyShape(op, "a present state", op.getPresent().getType(), state);
}

LogicalResult LinearAttentionOp::verify() {
  ArrayRef<int64_t> query = ranked(getQuery()).getShape();
  ArrayRef<int64_t> key = ranked(getKey()).getShape();
  ArrayRef<int64_t> value = ranked(getValue()).getShape();
  int64_t heads = getHeads(), kvHeads = getKvHeads();
  if (failed(verifyPackedHeads(*this, getQuery(), getKey(), getValue(), heads,
                               kvHeads, kMostColumns)))
    return failure();
  int64_t keyDim = key[2] / kvHeads, valueDim = value[2] / kvHeads;
  if (query[2] / heads != keyDim)
    return emitOpError() << "expected equal head sizes of query and key, got "
                         << query[2] / heads << " and " << keyDim;
  if (failed(verifyOptions(*this)))
    return failure();
  // All tokens beside each other, but for 'full'.
  int64_t keys = getFull() ? key[1] : query[1];
  for (ArrayRef<int64_t> shape : {key, value})
    if (!extentsAgree(shape[0], query[0]) || !extentsAgree(shape[1], keys))
      return emitOpError() << "expected keys and values for the queries "
                           << shapeText(query) << ", got " << shapeText(shape);
  if (failed(verifyGates(*this, key[2])))
    return failure();
  if (Value mask = getKeyMask())
    if (failed(
            verifyShape(*this, "a key mask", mask.getType(), {query[0], keys})))
      return failure();
  if (Value weights = getLogWeights())
    if (failed(verifyShape(*this, "log weights", weights.getType(),
                           {query[0], keys, kvHeads})))
      return failure();
  SmallVector<int64_t> expected = {query[0], query[1], heads * valueDim};
  if (failed(verifyShape(*this, "a result", getResult().getType(), expected)))
    return failure();
  return verifyStates(*this, {query[0], kvHeads, keyDim, valueDim});
}

void LinearAttentionOp::inferSymbolicShapes(
    ArrayRef<SymbolicShape> operands, SmallVectorImpl<SymbolicShape> &results) {
  const SymbolicShape &query = operands[0];
  int64_t heads = getHeads(), kvHeads = getKvHeads();
  results.push_back({query[0], query[1], heads * getValueDim()});
  results.push_back({query[0], kvHeads, getKeyDim(), getValueDim()});
  if (getPresentSum())
    results.push_back({query[0], kvHeads, getKeyDim()});
  if (getPresentMax())
    results.push_back({query[0], kvHeads});
}

StringRef LinearAttentionOp::getKernelFamily() { return "linear_attention"; }

// What the recurrent form takes: the update for each key and element of the
// state, a product for each query; decay and correction come on top.
DimExpr LinearAttentionOp::getFlops(ArrayRef<SymbolicShape> operands,
                                    ArrayRef<SymbolicShape> results) {
  int64_t group = static_cast<int64_t>(getHeads() / getKvHeads());
  const DimExpr &queries = operands[0][1], &keys = operands[1][1];
  int64_t update = 2 + isGated() + 2 * isDelta();
  return getNumElements(results[1]) * (queries * (2 * group) + keys * update);
}

bool LinearAttentionOp::acceptsEpilogue() { return false; }

// All but the mask and the state before.
bool LinearAttentionOp::acceptsStrided(unsigned index) {
  unsigned states = !!getPast() + !!getPastSum() + !!getPastMax();
  return index + states < getNumOperands() && !(getKeyMask() && index == 3);
}

bool LinearAttentionOp::acceptsHeadMap(unsigned index) {
  if (index < 2)
    return true;
  // The scales of the map that the keys come from.
  Operation *map = getKey().getDefiningOp();
  return getLogWeights() && getOperand(index) == getLogWeights() &&
         isa_and_nonnull<HeadMapOpInterface>(map) &&
         getLogWeights().getDefiningOp() == map;
}

//===----------------------------------------------------------------------===//
// HybridAttentionOp
//===----------------------------------------------------------------------===//

LogicalResult HybridAttentionOp::verify() {
  ArrayRef<int64_t> query = ranked(getQuery()).getShape();
  int64_t heads = getHeads(), kvHeads = getKvHeads();
  if (failed(verifyPackedHeads(*this, getQuery(), getKey(), getValue(), heads,
                               kvHeads, kMostColumns)))
    return failure();
  ArrayRef<int64_t> key = ranked(getKey()).getShape();
  ArrayRef<int64_t> value = ranked(getValue()).getShape();
  if (query[2] / heads != key[2] / kvHeads)
    return emitOpError() << "expected equal head sizes of query and key, got "
                         << query[2] / heads << " and " << key[2] / kvHeads;
  // As long as sequences may be.
  for (uint64_t count : {getWindow(), getSinks()})
    if (count > (uint64_t(1) << 31))
      return emitOpError("expected a window and sinks of 0 to 2^31");
  if (failed(verifyFinite(*this, "scale", getScale())))
    return failure();
  if (static_cast<bool>(getQueryScale()) != static_cast<bool>(getKeyScale()))
    return emitOpError("expected scales of queries and of keys, or none");
  ArrayRef<int64_t> features = ranked(getKeyFeatures()).getShape();
  if (features.size() != 3 || ShapedType::isDynamic(features[2]) ||
      features[2] == 0 || features[2] % heads != 0 ||
      features[2] > kMostColumns)
    return emitOpError() << "expected key features [batch, length, " << heads
                         << " * features], got " << shapeText(features);
  auto ofTokens = [&](StringRef name, Value operand,
                      int64_t columns) -> LogicalResult {
    return operand ? verifyShape(*this, name, operand.getType(),
                                 {query[0], query[1], columns})
                   : success();
  };
  if (failed(ofTokens("keys", getKey(), key[2])) ||
      failed(ofTokens("values", getValue(), value[2])) ||
      failed(ofTokens("query features", getQueryFeatures(), features[2])) ||
      failed(ofTokens("key features", getKeyFeatures(), features[2])) ||
      failed(ofTokens("query scales", getQueryScale(), heads)) ||
      failed(ofTokens("key scales", getKeyScale(), heads)) ||
      failed(ofTokens("a result", getResult(), heads * (value[2] / kvHeads))))
    return failure();
  if (Value mask = getKeyMask())
    return verifyShape(*this, "a key mask", mask.getType(),
                       {query[0], query[1]});
  return success();
}

void HybridAttentionOp::inferSymbolicShapes(
    ArrayRef<SymbolicShape> operands, SmallVectorImpl<SymbolicShape> &results) {
  int64_t columns = static_cast<int64_t>(getHeads()) * getValueDim();
  results.push_back({operands[0][0], operands[0][1], columns});
}

StringRef HybridAttentionOp::getKernelFamily() { return "hybrid_attention"; }

// Scores and sums over the near keys, update and product of the state for the
// others.
DimExpr HybridAttentionOp::getFlops(ArrayRef<SymbolicShape> operands,
                                    ArrayRef<SymbolicShape>) {
  int64_t window = getWindow(), sinks = getSinks(), heads = getHeads();
  int64_t near = window * (getFull() ? 2 : 1) + sinks;
  DimExpr each = DimExpr(2 * near) * (getHeadDim() + getValueDim()) +
                 DimExpr(4 * getFeatures()) * (getValueDim() + 1);
  return operands[0][0] * operands[0][1] * each * heads;
}

bool HybridAttentionOp::acceptsEpilogue() { return false; }

bool HybridAttentionOp::acceptsStrided(unsigned index) { return index < 5; }
