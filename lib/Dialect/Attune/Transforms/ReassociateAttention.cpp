//===- ReassociateAttention.cpp - (Q K^T) V and Q (K^T V) -----------------===//
//
// Products of matrices are associative. Attention whose scores no softmax
// normalises may therefore be computed either way: by scores, which costs the
// product of the lengths, or by a state, which costs their sum. Which one is
// cheaper is a matter of lengths and columns, and counted in FLOPs as
// KernelOpInterface and ElementwiseOpInterface count them.
//
//===----------------------------------------------------------------------===//
#include "ReassociationMatcher.h"
#include "attune/Dialect/Attune/Transforms/Passes.h"

namespace attune {
#define GEN_PASS_DEF_REASSOCIATEATTENTION
#include "attune/Dialect/Attune/Transforms/Passes.h.inc"
} // namespace attune

using namespace mlir;
using namespace attune;

static constexpr llvm::StringLiteral kPattern = "reassociation";
/// Lengths up to which a crossover is looked for.
static constexpr int64_t kLongest = int64_t(1) << 30;

static DimExpr getFlops(Operation *op, SymbolicShapes &shapes) {
  if (auto elementwise = dyn_cast<ElementwiseOpInterface>(op))
    return getNumElements(shapes.get(op->getResult(0))) *
           elementwise.getFlopsPerElement();
  auto anchor = dyn_cast<KernelOpInterface>(op);
  if (!anchor)
    return 0;
  SmallVector<SymbolicShape> operands, results;
  for (Value operand : op->getOperands())
    operands.push_back(shapes.get(operand));
  for (Value result : op->getResults())
    results.push_back(shapes.get(result));
  return anchor.getFlops(operands, results);
}

static DimExpr getFlops(ArrayRef<Operation *> ops, SymbolicShapes &shapes) {
  DimExpr sum;
  for (Operation *op : ops)
    sum += getFlops(op, shapes);
  return sum;
}

namespace {
/// What two ways to compute the same cost.
struct Comparison {
  DimExpr scores, state;
  /// The least length from which on the state is cheaper: of one sequence, with
  /// as many queries as keys where both are dynamic. Nullopt for none.
  std::optional<int64_t> crossover;

  Comparison(const DimExpr &scores, const DimExpr &state, const DimExpr &batch)
      : scores(scores), state(state) {
    for (const DimExpr *cost : {&scores, &state})
      for (const auto &[monomial, factor] : cost->getTerms())
        symbols.insert(monomial.begin(), monomial.end());
    isStatic = symbols.empty();
    batchSymbol = batch.getSymbol();
    // Once cheaper the state stays so: only the other cost has squares.
    int64_t above = 1;
    while (above < kLongest && !isCheaperAt(above))
      above *= 2;
    if (!isCheaperAt(above))
      return;
    int64_t below = above / 2;
    while (above - below > 1) {
      int64_t middle = below + (above - below) / 2;
      (isCheaperAt(middle) ? above : below) = middle;
    }
    crossover = above;
  }

  bool isCheaperAt(int64_t length) const {
    llvm::StringMap<int64_t> values;
    for (const std::string &symbol : symbols)
      values[symbol] = symbol == batchSymbol ? 1 : length;
    return state.evaluate(values) < scores.evaluate(values);
  }

  std::string describe() const {
    if (isStatic)
      return llvm::formatv("{0:f0} FLOPs by the state, {1:f0} by the scores",
                           state.evaluate({}), scores.evaluate({}));
    if (!crossover)
      return "the state is cheaper at no length";
    return llvm::formatv("the state is cheaper from a length of {0} on",
                         *crossover);
  }

  bool isStatic = false;
  std::set<std::string> symbols;
  std::string batchSymbol;
};

struct ReassociateAttention
    : attune::impl::ReassociateAttentionBase<ReassociateAttention> {
  void runOnOperation() override {
    WeightContents contents(getOperation());
    forEachEntryBlock(getOperation(), [&](Block &block) {
      SmallVector<Operation *> candidates;
      for (Operation &op : block) {
        auto context = dyn_cast<MatmulOp>(op);
        if (isa<LinearAttentionOp>(op) ||
            (context && ReassociationMatcher::isCandidate(context)))
          candidates.push_back(&op);
      }
      if (candidates.empty())
        return;
      SymbolicShapes shapes(block);
      for (Operation *op : candidates)
        if (auto attention = dyn_cast<LinearAttentionOp>(op))
          useScores(attention, shapes);
        else
          useState(cast<MatmulOp>(op), shapes, contents);
    });
    eraseDeadOps(getOperation());
  }

private:
  /// The longest sequence that the model says it takes, or 0.
  int64_t getLongest() {
    auto limits = getOperation()->getAttrOfType<DictionaryAttr>(kMaxDimsAttr);
    auto length = limits ? limits.getAs<IntegerAttr>("length") : IntegerAttr();
    return length ? length.getInt() : 0;
  }

  void useState(MatmulOp context, SymbolicShapes &shapes,
                WeightContents &contents);
  void useScores(LinearAttentionOp op, SymbolicShapes &shapes);
};
} // namespace

//===----------------------------------------------------------------------===//
// From scores to a state
//===----------------------------------------------------------------------===//

static LinearAttentionOp build(OpBuilder &builder, const Reassociation &match,
                               SymbolicShapes &shapes) {
  const AttentionMatch &attention = match.attention;
  MatmulOp context = attention.context;
  Location loc = context.getLoc();
  Value key = attention.key;
  if (match.keyFactor)
    key = MulOp::create(builder, loc, key.getType(), key, match.keyFactor);
  const SymbolicShape &heads = attention.contextShape;
  int64_t kvHeads = attention.kvHeads;
  DimExpr keyDim =
      *shapes.get(attention.query)[2].getConstant() / attention.heads;
  Type f32 = builder.getF32Type();
  SmallVector<Type> types = {
      getTensorType(f32, {heads[0], heads[2], heads[1] * heads[3]}),
      getTensorType(f32, {heads[0], kvHeads, keyDim, heads[3]})};
  FloatAttr denominator;
  if (match.denominator) {
    types.push_back(getTensorType(f32, {heads[0], kvHeads, keyDim}));
    denominator = builder.getF64FloatAttr(*match.denominator);
  }
  OperationState state(loc, LinearAttentionOp::getOperationName());
  LinearAttentionOp::build(
      builder, state, types[0], types[1], match.denominator ? types[2] : Type(),
      /*present_max=*/Type(),
      UpdateRuleAttr::get(builder.getContext(), UpdateRule::linear),
      attention.query, key, attention.value, attention.keyMask,
      /*decay=*/Value(), /*beta=*/Value(), /*log_weights=*/Value(),
      /*past=*/Value(), /*past_sum=*/Value(), /*past_max=*/Value(),
      builder.getI64IntegerAttr(attention.heads),
      builder.getI64IntegerAttr(kvHeads),
      builder.getF64FloatAttr(attention.scale),
      match.isCausal ? UnitAttr() : builder.getUnitAttr(), denominator,
      /*squash=*/GateActivationAttr());
  return cast<LinearAttentionOp>(builder.create(state));
}

static std::string describe(const Reassociation &match, LinearAttentionOp op) {
  const AttentionMatch &attention = match.attention;
  std::string text = llvm::formatv("{0} heads of {1} columns", attention.heads,
                                   op.getKeyDim());
  if (attention.kvHeads != attention.heads)
    text += llvm::formatv(", {0} of keys", attention.kvHeads);
  if (match.isCausal)
    text += ", causal";
  if (attention.keyMask || match.keyFactor)
    text += ", with a key mask";
  if (match.denominator)
    text += ", divided by sums";
  return text + "; ";
}

void ReassociateAttention::useState(MatmulOp context, SymbolicShapes &shapes,
                                    WeightContents &contents) {
  ReassociationMatcher matcher(shapes, contents);
  FailureOr<Reassociation> match = matcher.match(context);
  if (failed(match))
    return remarkMissed(context, kPattern, matcher.getMissed());
  OpBuilder builder(context);
  LinearAttentionOp attention = build(builder, *match, shapes);
  Comparison cost(getFlops(match->ops, shapes), getFlops(attention, shapes),
                  match->attention.contextShape[0]);
  int64_t longest = getLongest();
  bool isWorth = cost.isStatic ? cost.isCheaperAt(0)
                               : cost.crossover &&
                                     (!longest || *cost.crossover <= longest);
  if (!isWorth)
    return remarkMissed(
        context, kPattern,
        {"the scores cost less than the state: " + cost.describe(),
         "it takes longer sequences, or heads of fewer columns"});
  Value result = matcher.buildContext(builder, attention.getResult());
  if (!result)
    return remarkMissed(
        context, kPattern,
        {"the extents of batch and length are not known by name",
         "name the dynamic dimensions of the model's inputs"});
  for (const Reassociation::RowFactor &factor : match->rowFactors) {
    Location loc = context.getLoc();
    Type type = result.getType();
    if (factor.isDivisor)
      result = BinaryOp::create(builder, loc, type, BinaryKind::k_div, result,
                                factor.value);
    else
      result = MulOp::create(builder, loc, type, result, factor.value);
  }
  std::string text = describe(*match, attention) + cost.describe();
  shapes.replace(match->replaced, result);
  remarkFused(attention, kPattern, text);
}

//===----------------------------------------------------------------------===//
// From a state to scores
//===----------------------------------------------------------------------===//

namespace {
/// attune.linear_attention of the rule linear as products of matrices, in front
/// of it.
class ScoresBuilder {
public:
  ScoresBuilder(LinearAttentionOp op, SymbolicShapes &shapes)
      : op(op), shapes(shapes), builder(op), loc(op.getLoc()) {}

  /// The result, or null where extents are not known by name.
  Value build();
  /// The ops that compute it, views left out.
  ArrayRef<Operation *> getOps() const { return ops; }

private:
  template <typename Op, typename... Args>
  Value make(Type type, Args &&...args) {
    auto made = Op::create(builder, loc, type, std::forward<Args>(args)...);
    ops.push_back(made);
    return made.getResult();
  }
  /// [batch, heads, length, columns] of packed heads.
  Value split(Value packed, int64_t heads) {
    SymbolicShape shape = shapes.get(packed);
    Value rows = shapes.reshape(
        builder, loc, packed,
        {shape[0], shape[1], heads, *shape[2].getConstant() / heads});
    return rows ? shapes.transpose(builder, loc, rows, {0, 2, 1, 3}) : Value();
  }
  RankedTensorType getType(ArrayRef<DimExpr> shape) {
    return getTensorType(builder.getF32Type(), shape);
  }
  Value number(double value) {
    auto type = RankedTensorType::get({}, builder.getF32Type());
    return ConstantOp::create(
        builder, loc, type,
        DenseElementsAttr::get(type, static_cast<float>(value)));
  }
  Value maskScores(Value scores, const SymbolicShape &shape);
  Value normalise(Value context, Value scores, const SymbolicShape &shape);

  LinearAttentionOp op;
  SymbolicShapes &shapes;
  OpBuilder builder;
  Location loc;
  SmallVector<Operation *> ops;
};
} // namespace

Value ScoresBuilder::maskScores(Value scores, const SymbolicShape &shape) {
  MLIRContext *context = builder.getContext();
  Type boolean = builder.getI1Type();
  auto keep = [&](Value condition) {
    scores = make<WhereOp>(scores.getType(), condition, scores, number(0));
  };
  if (!op.getFull()) {
    auto positions = [&](const SymbolicShape &to) {
      DimExpr extent = shape[2];
      Value row = IotaOp::create(
          builder, loc, getTensorType(builder.getI64Type(), {extent}),
          ShapeAttr::get(context, ArrayRef(extent)),
          builder.getI64IntegerAttr(0), builder.getI64IntegerAttr(1));
      return shapes.reshape(builder, loc, row, to);
    };
    Value keys = positions({DimExpr(1), shape[3]});
    Value queries = positions({shape[2], DimExpr(1)});
    keep(make<CompareOp>(getTensorType(boolean, {shape[2], shape[3]}),
                         CompareKind::k_le, keys, queries));
  }
  if (Value mask = op.getKeyMask()) {
    Value used =
        make<CastOp>(getTensorType(boolean, ArrayRef(shapes.get(mask))), mask);
    Value ofKeys = shapes.reshape(builder, loc, used,
                                  {shape[0], DimExpr(1), DimExpr(1), shape[3]});
    if (!ofKeys)
      return {};
    keep(ofKeys);
  }
  return scores;
}

Value ScoresBuilder::normalise(Value context, Value scores,
                               const SymbolicShape &shape) {
  double scale = op.getScale().convertToDouble();
  if (!op.getDenominator())
    return scale == 1.0 ? context
                        : make<ScaleOp>(context.getType(), context,
                                        builder.getF32FloatAttr(
                                            static_cast<float>(scale)));
  // scale / (sum + denominator), and zero where that is no number.
  Type sums = getType({shape[0], shape[1], shape[2], DimExpr(1)});
  Value sum = make<ReduceOp>(
      sums, ReduceKindAttr::get(builder.getContext(), ReduceKind::sum), scores,
      builder.getDenseI64ArrayAttr({3}), builder.getUnitAttr());
  double denominator = op.getDenominator()->convertToDouble();
  if (denominator != 0)
    sum = make<AddOp>(sums, sum, number(denominator));
  Value isZero =
      make<CompareOp>(cast<RankedTensorType>(sums).clone(builder.getI1Type()),
                      CompareKind::k_eq, sum, number(0));
  Value quotient = make<BinaryOp>(sums, BinaryKind::k_div, number(scale), sum);
  Value factor = make<WhereOp>(sums, isZero, number(0), quotient);
  return make<MulOp>(context.getType(), context, factor);
}

Value ScoresBuilder::build() {
  int64_t heads = op.getHeads();
  Value query = split(op.getQuery(), heads), key = split(op.getKey(), heads),
        value = split(op.getValue(), heads);
  if (!query || !key || !value)
    return {};
  SymbolicShape q = shapes.get(query), k = shapes.get(key),
                v = shapes.get(value);
  SymbolicShape shape = {q[0], q[1], q[2], k[2]};
  Value scores =
      make<MatmulOp>(getType(shape), query, key, builder.getUnitAttr());
  scores = maskScores(scores, shape);
  if (!scores)
    return {};
  Value context = make<MatmulOp>(getType({q[0], q[1], q[2], v[3]}), scores,
                                 value, UnitAttr());
  context = normalise(context, scores, shape);
  Value rows = shapes.transpose(builder, loc, context, {0, 2, 1, 3});
  return shapes.reshape(builder, loc, rows, shapes.get(op.getResult()));
}

/// Why the op has to stay as it is, or nothing.
static std::optional<StringRef> getObstacle(LinearAttentionOp op) {
  auto isUsed = [](Value state) { return state && !state.use_empty(); };
  if (op.getRule() != UpdateRule::linear || op.getSquash())
    return "its state is no sum over the keys";
  if (op.getPast() || isUsed(op.getPresent()) || isUsed(op.getPresentSum()) ||
      isUsed(op.getPresentMax()))
    return "its state is carried from call to call";
  if (op.getLogWeights() ||
      isa_and_nonnull<HeadMapOpInterface>(op.getKey().getDefiningOp()) ||
      isa_and_nonnull<HeadMapOpInterface>(op.getQuery().getDefiningOp()))
    return "its kernel computes the features of queries and keys as it goes";
  if (op.getHeads() != op.getKvHeads())
    return "heads share keys, which products would need copies of";
  return std::nullopt;
}

void ReassociateAttention::useScores(LinearAttentionOp op,
                                     SymbolicShapes &shapes) {
  // Of dynamic lengths the state is the one that does not grow.
  auto isStatic = [](Value value) {
    return cast<RankedTensorType>(value.getType()).hasStaticShape() ||
           !cast<RankedTensorType>(value.getType()).isDynamicDim(1);
  };
  if (getObstacle(op) || !isStatic(op.getQuery()) || !isStatic(op.getKey()))
    return;
  ScoresBuilder builder(op, shapes);
  Value result = builder.build();
  if (!result || result.getType() != op.getResult().getType())
    return;
  Comparison cost(getFlops(builder.getOps(), shapes), getFlops(op, shapes),
                  shapes.get(op.getQuery())[0]);
  if (cost.isCheaperAt(1))
    return;
  remarkFused(op, kPattern, "products of matrices: " + cost.describe());
  op.getResult().replaceAllUsesWith(result);
}
