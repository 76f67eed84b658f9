//===- LinearAttentionForm.cpp - Linear attention as Halide funcs ---------===//
#include "LinearAttentionForm.h"
#include "AttentionForm.h"
#include "MapAlgorithm.h"
#include "Math.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace attune;
using Halide::Expr;
using Halide::Func;
using Halide::RDom;

/// A token's decay is this at least: e to it is zero.
static constexpr float kLeastDecay = -104.0f;

LinearAttentionForm::LinearAttentionForm(KernelPipeline &pipeline,
                                         LinearAttentionOp op,
                                         const LinearAttentionTiles &tiles)
    : pipeline(pipeline), op(op), tiles(tiles),
      heads(static_cast<int>(op.getHeads())),
      kvHeads(static_cast<int>(op.getKvHeads())), group(heads / kvHeads),
      keyDim(static_cast<int>(op.getKeyDim())),
      valueDim(static_cast<int>(op.getValueDim())), chunk(tiles.chunk),
      isFull(op.getFull()), isGated(op.isGated()),
      hasSums(op.getDenominator().has_value()),
      columnLanes(AttentionForm::getColumnLanes(valueDim, tiles.lanes)),
      width(static_cast<int>(
          llvm::alignTo(valueDim + (hasSums ? 1 : 0), columnLanes))),
      queries(pipeline, op.getQuery(), heads, chunk, "queries"),
      keys(pipeline, op.getKey(), kvHeads, chunk, "keys"),
      scoreKeys(pipeline, op.getKey(), kvHeads, chunk, "score_keys") {
  numKeys = keys.getLength();
  numChunks = (numKeys + (chunk - 1)) / chunk;
  tokensOfChunk = RDom(0, chunk);
  rowsOfState = RDom(0, keyDim);
  chunks = RDom(0, numChunks);
  auto isUsed = [&](const Expr &token, const Expr &block, const Expr &batch) {
    Expr place = block * chunk + token;
    Expr used = place < numKeys;
    if (op.getKeyMask())
      used = used &&
             getOperand(op.getKeyMask())(Halide::min(place, numKeys - 1),
                                         batch) != Halide::cast<int64_t>(0);
    return used;
  };
  queries.define();
  keys.define(isUsed);
  if (isGated)
    defineDecay();
  defineState();
  if (!isFull) {
    scoreKeys.define(isUsed);
    defineScores();
  }
  defineResults();
}

Halide::ImageParam LinearAttentionForm::getOperand(Value value) {
  return pipeline.getInput(getArgument(value), BufferForm::Full);
}

int LinearAttentionForm::getQueriesOfTile() const {
  return isWide() ? tiles.lanes * getDivisor(chunk / tiles.lanes, tiles.columns)
                  : 1;
}

void LinearAttentionForm::defineDecay() {
  Halide::ImageParam input = getOperand(op.getDecay());
  bool isFixed = cast<RankedTensorType>(op.getDecay().getType()).getRank() == 1;
  Expr place = block * chunk + token;
  Expr one = isFixed ? input(head)
                     : input(head, Halide::min(place, numKeys - 1), batch);
  gate(token, block, head, batch) =
      Halide::select(place < numKeys, clampBelow(one, kLeastDecay), 0.0f);
  // As many steps as there are tokens, for each of them: it is one chunk.
  Expr other = tokensOfChunk.x;
  Expr ofOther = gate(other, block, head, batch);
  decay(token, block, head, batch) = 0.0f;
  decay(token, block, head, batch) +=
      Halide::select(other <= token, ofOther, 0.0f);
  rest(token, block, head, batch) = 0.0f;
  rest(token, block, head, batch) +=
      Halide::select(other > token, ofOther, 0.0f);
  if (isFull || chunk == 1)
    return;
  // From one key to the one before it. Differences of two sums from the start
  // would not be exact enough behind a token that forgets all.
  RDom steps(0, chunk - 1);
  Expr before = chunk - 2 - steps.x;
  gap(token, key, block, head, batch) = 0.0f;
  gap(token, before, block, head, batch) =
      Halide::select(before < token,
                     gap(token, before + 1, block, head, batch) +
                         gate(before + 1, block, head, batch),
                     0.0f);
}

void LinearAttentionForm::defineValues(Func &func) {
  Halide::ImageParam value = getOperand(op.getValue());
  Expr place = Halide::min(block * chunk + token, numKeys - 1);
  auto get = [&](const Expr &column) {
    return value(head * valueDim + column, place, batch);
  };
  Expr one = get(column);
  if (packsValues())
    one = Halide::select(column < valueDim,
                         get(Halide::min(column, valueDim - 1)),
                         column == valueDim && hasSums, 1.0f, 0.0f);
  func(column, token, block, head, batch) = one;
}

void LinearAttentionForm::defineState() {
  defineValues(stateValues);
  // e^(L_C - L_j) K_j
  Expr key = keys.getFunc()(token, row, block, head, batch);
  if (isGated)
    key *= attune::exp(rest(token, block, head, batch));
  weighted(token, row, block, head, batch) = key;
  update(column, row, block, head, batch) = 0.0f;
  update(column, row, block, head, batch) +=
      weighted(tokensOfChunk.x, row, block, head, batch) *
      stateValues(column, tokensOfChunk.x, block, head, batch);
  Expr past = 0.0f, pastSum = 0.0f;
  if (op.getPast())
    past = getOperand(op.getPast())(Halide::min(column, valueDim - 1), row,
                                    head, batch);
  if (op.getPastSum())
    pastSum = getOperand(op.getPastSum())(row, head, batch);
  if (packsValues())
    past = Halide::select(column < valueDim, past, column == valueDim, pastSum,
                          0.0f);
  Expr added = update(column, row, chunks.x, head, batch);
  if (isFull) {
    state(column, row, head, batch) = past;
    state(column, row, head, batch) += added;
    return;
  }
  state(column, row, block, head, batch) = Halide::undef<float>();
  state(column, row, 0, head, batch) = past;
  Expr before = state(column, row, chunks.x, head, batch);
  if (isGated)
    before *= attune::exp(decay(chunk - 1, chunks.x, head, batch));
  state(column, row, chunks.x + 1, head, batch) = before + added;
}

void LinearAttentionForm::defineScores() {
  Expr ofKeys = head / group;
  turned(token, row, block, head, batch) =
      queries.getFunc()(token, row, block, head, batch);
  // Left out where all keys of a register tile are behind all its queries.
  int queriesOfTile = getQueriesOfTile();
  rowsOfKeys = RDom(0, keyDim);
  rowsOfKeys.where(key / tiles.rows * tiles.rows <
                   (token / queriesOfTile + 1) * queriesOfTile);
  scores(token, key, block, head, batch) = 0.0f;
  scores(token, key, block, head, batch) +=
      turned(token, rowsOfKeys.x, block, head, batch) *
      scoreKeys.getFunc()(key, rowsOfKeys.x, block, ofKeys, batch);
  Expr score = scores(token, key, block, head, batch);
  if (isGated && chunk > 1)
    score *= attune::exp(gap(token, key, block, ofKeys, batch));
  weights(token, key, block, head, batch) =
      Halide::select(key <= token, score, 0.0f);
}

void LinearAttentionForm::defineResults() {
  Expr ofKeys = head / group;
  auto getState = [&](const Expr &column, const Expr &row, const Expr &block,
                      const Expr &head) {
    return isFull ? state(column, row, head, batch)
                  : state(column, row, block, head, batch);
  };
  context(column, token, block, head, batch) = 0.0f;
  context(column, token, block, head, batch) +=
      queries.getFunc()(token, rowsOfState.x, block, head, batch) *
      getState(column, rowsOfState.x, block, ofKeys);
  if (isGated)
    context(column, token, block, head, batch) *=
        attune::exp(decay(token, block, ofKeys, batch));
  if (!isFull) {
    defineValues(values);
    // The others have no weight, up to the last query of a register tile.
    keysBefore = RDom(0, chunk);
    keysBefore.where(keysBefore.x < (token / tiles.rows + 1) * tiles.rows);
    context(column, token, block, head, batch) +=
        weights(token, keysBefore.x, block, head, batch) *
        values(column, keysBefore.x, block, ofKeys, batch);
  }

  Expr place = token % chunk, ofBlock = token / chunk,
       ofHead = column / valueDim;
  Expr scale = static_cast<float>(op.getScale().convertToDouble());
  if (hasSums) {
    Expr divisor = context(valueDim, token, block, head, batch) +
                   static_cast<float>(op.getDenominator()->convertToDouble());
    factor(token, block, head, batch) =
        Halide::select(divisor == 0.0f, 0.0f, scale / divisor);
    scale = factor(place, ofBlock, ofHead, batch);
  }
  result(column, token, batch) =
      context(column % valueDim, place, ofBlock, ofHead, batch) * scale;
  pipeline.setResult(0, result, BufferForm::Full);
  present(column, row, head, batch) = getState(column, row, numChunks, head);
  pipeline.setResult(1, present, BufferForm::Full);
  if (!hasSums)
    return;
  presentSum(row, head, batch) = getState(valueDim, row, numChunks, head);
  pipeline.setResult(2, presentSum, BufferForm::Full);
}
