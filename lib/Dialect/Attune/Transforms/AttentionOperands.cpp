//===- AttentionOperands.cpp - Brings what was matched into packed form ---===//
//
// attune.attention has the heads of its operands packed in the last dimension.
// Whatever form they have in the model, the transposition and the reshape that
// pack them are built here; together with those that split them they mostly
// are nothing.
//
//===----------------------------------------------------------------------===//
#include "AttentionMatcher.h"
#include "CausalMask.h"
#include <cmath>

using namespace mlir;
using namespace attune;

static constexpr int64_t kHeadsFirst[] = {0, 2, 1, 3};
static constexpr int64_t kLastSwapped[] = {0, 1, 3, 2};

static RankedTensorType ranked(Value value) {
  return cast<RankedTensorType>(value.getType());
}

//===----------------------------------------------------------------------===//
// Batch and heads
//===----------------------------------------------------------------------===//

/// [batch, heads, ...] that a value of [batch * heads, ...] was or becomes.
static const SymbolicShape *findSplit(SymbolicShapes &shapes, Value value) {
  auto accept = [&](Value other) -> const SymbolicShape * {
    const SymbolicShape &shape = shapes.get(other);
    const SymbolicShape &own = shapes.get(value);
    bool fits = shape.size() == 4 && own.size() == 3 &&
                shape[0] * shape[1] == own[0] && shape[2] == own[1] &&
                shape[3] == own[2];
    return fits ? &shape : nullptr;
  };
  if (auto reshape = value.getDefiningOp<ReshapeOp>())
    if (auto *split = accept(reshape.getInput()))
      return split;
  for (Operation *user : value.getUsers())
    if (auto reshape = dyn_cast<ReshapeOp>(user))
      if (auto *split = accept(reshape.getResult()))
        return split;
  return nullptr;
}

LogicalResult AttentionMatcher::findGroups(ArrayRef<Value> stages) {
  SymbolicShape shape = shapes.get(stages.front());
  switch (shape.size()) {
  case 2:
    shape.insert(shape.begin(), 2, DimExpr(1));
    break;
  case 3: {
    // Heads are apart somewhere, or there is one head a batch.
    SymbolicShape groups = {shape[0], DimExpr(1)};
    SmallVector<Value> values(stages);
    values.append(
        {product.getResult(), product.getLhs(), found.context.getResult()});
    for (Value value : values)
      if (const SymbolicShape *split = findSplit(shapes, value)) {
        groups.assign({(*split)[0], (*split)[1]});
        break;
      }
    shape.erase(shape.begin());
    shape.insert(shape.begin(), groups.begin(), groups.end());
    break;
  }
  case 4:
    break;
  default:
    return fail("the scores have rank " + Twine(shape.size()),
                "give scores the shape [batch, heads, queries, keys]");
  }
  std::optional<int64_t> heads = shape[1].getConstant();
  if (!heads || *heads < 1)
    return fail("the number of heads is not known",
                "give the dimension of heads a static extent");
  found.heads = *heads;
  scores = shape;
  return success();
}

/// Matrices that are transposed while batch and heads are one dimension, as
/// they are with batch and heads apart: reshape(transpose(w, [0, 2, 1])) is
/// transpose(reshape(w), [0, 1, 3, 2]).
Value AttentionMatcher::swapApart(Value value) {
  auto split = value.getDefiningOp<ReshapeOp>();
  auto swap =
      split ? split.getInput().getDefiningOp<TransposeOp>() : TransposeOp();
  if (!swap || swap.getPermutation() != ArrayRef<int64_t>{0, 2, 1})
    return value;
  SymbolicShape shape = shapes.get(value), joint = shapes.get(swap.getResult());
  if (shape.size() != 4 || shape[0] * shape[1] != joint[0] ||
      shape[2] != joint[1] || shape[3] != joint[2])
    return value;
  std::swap(shape[2], shape[3]);
  Value apart = shapes.reshape(builder, value.getLoc(), swap.getInput(), shape);
  return apart ? shapes.transpose(builder, value.getLoc(), apart, kLastSwapped)
               : value;
}

Value AttentionMatcher::regroup(Value value, int64_t rank) {
  SymbolicShape shape = shapes.get(value);
  if (static_cast<int64_t>(shape.size()) > rank || shape.size() > 4)
    return {};
  if (shape.size() == 4)
    return swapApart(value);
  // Dimensions are aligned at the last.
  while (static_cast<int64_t>(shape.size()) < rank)
    shape.insert(shape.begin(), DimExpr(1));
  if (rank == 2)
    shape.insert(shape.begin(), 2, DimExpr(1));
  if (rank == 3) {
    DimExpr groups = shape[0];
    shape.insert(shape.begin(), DimExpr(1));
    if (groups != DimExpr(1)) {
      if (groups != scores[0] * scores[1])
        return {};
      shape[0] = scores[0];
      shape[1] = scores[1];
    }
  }
  return shapes.reshape(builder, value.getLoc(), value, shape);
}

//===----------------------------------------------------------------------===//
// Query, key and value
//===----------------------------------------------------------------------===//

/// Takes the constants out that stand on the way of a value, also where views
/// and transpositions stand between.
Value AttentionMatcher::takeScales(Value value) {
  if (auto product = getProduct(value)) {
    found.scale *= product->factor;
    return takeScales(product->value);
  }
  Operation *op = value.getDefiningOp();
  if (!isa_and_nonnull<TransposeOp, ReshapeOp>(op))
    return value;
  double before = found.scale;
  Value inner = takeScales(op->getOperand(0));
  if (inner == op->getOperand(0))
    return value;
  Value again;
  if (auto transpose = dyn_cast<TransposeOp>(op))
    again = shapes.transpose(builder, op->getLoc(), inner,
                             transpose.getPermutation());
  else
    again = shapes.reshape(builder, op->getLoc(), inner, shapes.get(value));
  if (again)
    return again;
  found.scale = before;
  return value;
}

Value AttentionMatcher::stripRepeats(Value heads) {
  SymbolicShape shape = shapes.get(heads);
  // Heads may stand behind the length, and be transposed then.
  int64_t axis = 1;
  Value repeated = heads;
  if (auto transpose = heads.getDefiningOp<TransposeOp>())
    if (transpose.getPermutation() == ArrayRef(kHeadsFirst)) {
      repeated = transpose.getInput();
      axis = 2;
    }
  SymbolicShape kept = shapes.get(repeated);
  Value single;
  if (auto expand = repeated.getDefiningOp<ExpandOp>()) {
    // One head for all.
    single = expand.getInput();
    kept[axis] = 1;
  } else if (auto merge = repeated.getDefiningOp<ReshapeOp>()) {
    auto expand = merge.getInput().getDefiningOp<ExpandOp>();
    if (!expand)
      return {};
    SymbolicShape wide = shapes.get(expand.getResult());
    SymbolicShape merged = wide;
    if (wide.size() != 5)
      return {};
    merged[axis] *= merged[axis + 1];
    merged.erase(merged.begin() + axis + 1);
    if (merged != kept)
      return {};
    kept[axis] = wide[axis];
    wide[axis + 1] = 1;
    if (shapes.get(expand.getInput()) != wide)
      return {};
    single = expand.getInput();
  } else {
    return {};
  }
  if (getNumElements(shapes.get(single)) != getNumElements(kept))
    return {};
  single = shapes.reshape(builder, heads.getLoc(), single, kept);
  if (single && axis == 2)
    single = shapes.transpose(builder, heads.getLoc(), single, kHeadsFirst);
  return single;
}

Value AttentionMatcher::pack(Value heads) {
  SymbolicShape shape = shapes.get(heads);
  // One head, or one position, needs no transposition.
  Value rows =
      shape[1] == DimExpr(1)
          ? heads
          : shapes.transpose(builder, heads.getLoc(), heads, kHeadsFirst);
  return shapes.reshape(builder, heads.getLoc(), rows,
                        {shape[0], shape[2], shape[1] * shape[3]});
}

LogicalResult AttentionMatcher::matchOperands() {
  int64_t rank = ranked(product.getResult()).getRank();
  int64_t contextRank = ranked(found.context.getResult()).getRank();
  for (Value operand :
       {product.getLhs(), product.getRhs(), found.context.getRhs()})
    if (!ranked(operand).getElementType().isF32())
      return fail("the operands are not of f32", "cast them to f32 before");
  Value query = regroup(product.getLhs(), rank);
  Value key = regroup(product.getRhs(), rank);
  Value value = regroup(found.context.getRhs(), contextRank);
  if (!query || !key || !value)
    return fail("batch and heads of query, key and value are not those of the "
                "scores",
                "give them the shape [batch, heads, length, head size]");
  auto swap = [&](Value matrix) {
    return shapes.transpose(builder, matrix.getLoc(), matrix, kLastSwapped);
  };
  if (!product.getTransposeRhs())
    key = swap(key);
  if (found.context.getTransposeRhs())
    value = swap(value);
  query = takeScales(query);
  key = takeScales(key);
  // The scale of a key may have stood behind its transposition.
  if (auto transpose = key.getDefiningOp<TransposeOp>())
    key = takeScales(shapes.transpose(builder, key.getLoc(),
                                      swapApart(transpose.getInput()),
                                      transpose.getPermutation()));

  // Repeated heads of both, or of none.
  Value fewKeys = stripRepeats(key), fewValues = stripRepeats(value);
  if (fewKeys && fewValues &&
      shapes.get(fewKeys)[1] == shapes.get(fewValues)[1]) {
    key = takeScales(fewKeys);
    value = fewValues;
  }
  SymbolicShape q = shapes.get(query), k = shapes.get(key),
                v = shapes.get(value);
  // Products broadcast leading extents, attention does not.
  auto differ = [](const DimExpr &a, const DimExpr &b) {
    return a != b && (a.getConstant() || b.getConstant());
  };
  if (differ(q[0], scores[0]) || differ(q[0], k[0]) || differ(k[0], v[0]))
    return fail("query, key and value have different batch extents",
                "give them the same");
  if (q[1] != scores[1])
    return fail("the query has " + Twine(q[1].str()) +
                    " heads, the scores have " + Twine(scores[1].str()),
                "give query, key and value as many heads");
  if (k[1] != v[1])
    return fail("the key has " + Twine(k[1].str()) +
                    " heads, the values have " + Twine(v[1].str()),
                "give query, key and value as many heads");
  if (!q[3].getConstant() || !k[3].getConstant() || !v[3].getConstant() ||
      *q[3].getConstant() < 1 || *v[3].getConstant() < 1)
    return fail("the size of a head is not known",
                "give the columns of query, key and value a static extent");
  if (q[3] != k[3])
    return fail("query and key have different widths", "give them the same");
  std::optional<int64_t> kvHeads = k[1].getConstant();
  if (!kvHeads || *kvHeads < 1 || found.heads % *kvHeads != 0)
    return fail("the heads of the query are no multiple of those of the key",
                "give query, key and value as many heads");
  found.kvHeads = *kvHeads;
  found.query = pack(query);
  found.key = pack(key);
  found.value = pack(value);
  if (!found.query || !found.key || !found.value)
    return fail("the extents of batch and length are not known by name",
                "name the dynamic dimensions of the model's inputs");
  found.contextShape = {q[0], q[1], q[2], v[3]};
  return success();
}

Value AttentionMatcher::buildContext(OpBuilder &builder, Value packed) {
  MatmulOp context = found.context;
  Location loc = context.getLoc();
  const SymbolicShape &heads = found.contextShape;
  Value split = shapes.reshape(builder, loc, packed,
                               {heads[0], heads[2], heads[1], heads[3]});
  Value result =
      split ? shapes.transpose(builder, loc, split, kHeadsFirst) : Value();
  // Of four dimensions it has that shape, whatever their symbols are called.
  if (result && ranked(context.getResult()).getRank() != 4)
    result =
        shapes.reshape(builder, loc, result, shapes.get(context.getResult()));
  return result && result.getType() == context.getType() ? result : Value();
}

//===----------------------------------------------------------------------===//
// Bias
//===----------------------------------------------------------------------===//

/// The term as a tensor of rank 4, scaled as the scores are; null where its
/// dimensions are not theirs.
Value AttentionMatcher::buildTerm(const Term &term) {
  Location loc = product.getLoc();
  if (!term.condition) {
    Value value = regroup(term.value, term.rank);
    if (value && term.factor != 1)
      value = ScaleOp::create(
          builder, loc, value.getType(), value,
          builder.getF32FloatAttr(static_cast<float>(term.factor)));
    return value;
  }
  Value condition = regroup(term.condition, term.rank);
  if (!condition)
    return {};
  auto number = [&](double number) -> Value {
    auto type = RankedTensorType::get({}, builder.getF32Type());
    return ConstantOp::create(
        builder, loc, type,
        DenseElementsAttr::get(type, static_cast<float>(number)));
  };
  Value stays = number(0), goes = number(term.fill * term.factor);
  return WhereOp::create(
      builder, loc, ranked(condition).clone(builder.getF32Type()), condition,
      term.isVisible ? stays : goes, term.isVisible ? goes : stays);
}

/// Whether an extent is the same at run time, as far as that is known.
static bool mayBe(const DimExpr &extent, const DimExpr &full) {
  return extent == full || (!extent.getConstant() && !full.getConstant());
}

/// No value of the symbols, which are extents, makes it negative.
static bool isNeverNegative(const DimExpr &extent) {
  return llvm::all_of(extent.getTerms(),
                      [](const auto &term) { return term.second >= 0; });
}

bool AttentionMatcher::takeCausal(const Term &term, bool hasOthers) {
  if (found.causal != Causal::none || !(std::abs(term.factor) > 0))
    return false;
  Value mask = term.condition ? term.condition : term.value;
  auto triangle = getTriangle(mask, contents);
  const SymbolicShape &shape = shapes.get(mask);
  // Where it is a row or a column, it is repeated and no triangle.
  if (!triangle || shape.size() < 2 ||
      !mayBe(shape[shape.size() - 2], scores[2]) ||
      !mayBe(shape.back(), scores[3]))
    return false;
  double stays = triangle->below * term.factor,
         goes = triangle->above * term.factor;
  if (term.condition) {
    if ((triangle->below != 0) != term.isVisible ||
        (triangle->above != 0) == term.isVisible)
      return false;
    stays = 0;
    goes = term.fill * term.factor;
  }
  // Beside the scores of keys that are seen, e^-10000 is nothing.
  if (stays != 0 || goes > -1e4)
    return false;
  Causal causal = getCausal(triangle->offset, scores[2], scores[3]);
  // A finite number is not the same as leaving keys out for rows without keys.
  // The first query sees a key, unless there are fewer keys than queries, or
  // something else hides it.
  bool hasKeys = !hasOthers && (causal == Causal::start ||
                                isNeverNegative(scores[3] - scores[2]));
  if (causal == Causal::none || !(std::isinf(goes) || hasKeys))
    return false;
  found.causal = causal;
  return true;
}

LogicalResult AttentionMatcher::buildBias() {
  bool hasOthers = found.keyMask || terms.size() > 1;
  SmallVector<Value> values;
  for (const Term &term : terms) {
    // A causal mask needs no tensor.
    if (takeCausal(term, hasOthers))
      continue;
    if (term.isBlend)
      return fail("the scores are multiplied with a mask that is not causal",
                  "choose between the scores and -inf by the mask");
    // Nearer to the scores, a sum is not the same for rows without keys.
    if (term.condition && term.fill * term.factor > -1e9)
      return fail(llvm::formatv("masked scores become {0}, which is not the "
                                "same as leaving keys out",
                                term.fill * term.factor)
                      .str(),
                  "let masked scores become -inf");
    Value value = buildTerm(term);
    if (!value || !ranked(value).getElementType().isF32())
      return fail("what is added to the scores does not broadcast to [batch, "
                  "heads, queries, keys] of f32",
                  "give it that shape, or extents of one");
    values.push_back(value);
  }
  for (Value value : values) {
    if (!found.bias) {
      found.bias = value;
      continue;
    }
    SymbolicShape shape =
        broadcastShapes(shapes.get(found.bias), shapes.get(value));
    found.bias = AddOp::create(builder, product.getLoc(),
                               getTensorType(builder.getF32Type(), shape),
                               found.bias, value);
  }
  if (!found.bias)
    return success();
  SymbolicShape shape = shapes.get(found.bias);
  for (auto [extent, full] : llvm::zip(shape, scores))
    if (extent != DimExpr(1) && extent != full && extent.getConstant() &&
        full.getConstant())
      return fail("the bias has the shape of other scores",
                  "give it the shape [batch, heads, queries, keys], or extents "
                  "of one");
  return success();
}
