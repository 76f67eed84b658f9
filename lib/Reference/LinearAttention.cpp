//===- LinearAttention.cpp - Attention through a state of fixed size ------===//
#include "LinearAttentionForms.h"
#include "Models.h"

using namespace mlir;
using namespace attune;

namespace {

using Vector = std::vector<double>;

/// Operands by their names and the heads that they have.
class Sequences {
public:
  Sequences(LinearAttentionOp op, Operands operands)
      : op(op), query(*operands[0]), key(*operands[1]), value(*operands[2]) {
    // Optional operands are there or not, in the order of the op.
    size_t next = 3;
    auto take = [&](Value operand) {
      return operand ? operands[next++] : nullptr;
    };
    mask = take(op.getKeyMask());
    decay = take(op.getDecay());
    beta = take(op.getBeta());
    logWeights = take(op.getLogWeights());
    past = take(op.getPast());
    pastSum = take(op.getPastSum());
    pastMax = take(op.getPastMax());
    batch = query.getDim(0);
    queries = query.getDim(1);
    keys = op.getFull() ? key.getDim(1) : queries;
    heads = op.getHeads();
    kvHeads = op.getKvHeads();
    group = heads / kvHeads;
    keyDim = op.getKeyDim();
    valueDim = op.getValueDim();
  }

  llvm::Error check() {
    int64_t decayColumns = decay ? decay->getDim(-1) : 0;
    int64_t betaColumns = beta ? beta->getDim(-1) : 0;
    bool isFixed = decay && decay->getRank() == 1;
    struct Operand {
      StringRef name;
      const Tensor *tensor;
      SmallVector<int64_t> shape;
    };
    for (const Operand &each : {
             Operand{"keys", &key, {batch, keys, kvHeads * keyDim}},
             Operand{"values", &value, {batch, keys, kvHeads * valueDim}},
             Operand{"a key mask", mask, {batch, keys}},
             Operand{"a decay",
                     isFixed ? nullptr : decay,
                     {batch, keys, decayColumns}},
             Operand{"a beta", beta, {batch, keys, betaColumns}},
             Operand{"log weights", logWeights, {batch, keys, kvHeads}},
             Operand{"a past state", past, {batch, kvHeads, keyDim, valueDim}},
             Operand{"a past sum", pastSum, {batch, kvHeads, keyDim}},
             Operand{"a past max", pastMax, {batch, kvHeads}},
         })
      if (each.tensor)
        if (llvm::Error error =
                expectShape(op, each.name, *each.tensor, each.shape))
          return error;
    return llvm::Error::success();
  }

  /// What key head `h` and its heads of queries have of sequence `b`.
  LinearAttentionHead getHead(int64_t b, int64_t h) {
    LinearAttentionHead head;
    head.rule = op.getRule();
    head.group = group;
    head.keyDim = keyDim;
    head.valueDim = valueDim;
    head.scale = op.getScale().convertToDouble();
    head.full = op.getFull();
    if (op.getDenominator())
      head.denominator = op.getDenominator()->convertToDouble();
    head.squash = op.getSquash();
    head.queries = queries;
    head.keys = keys;
    head.query = columnsOf(query, b, h * group * keyDim, group * keyDim);
    head.key = columnsOf(key, b, h * keyDim, keyDim);
    head.value = columnsOf(value, b, h * valueDim, valueDim);
    for (int64_t t = 0; mask && t < keys; ++t)
      if (mask->getInteger(b * keys + t) == 0)
        std::fill_n(head.key.begin() + t * keyDim, keyDim, 0.0);
    for (int64_t t = 0; decay && t < keys; ++t)
      for (int64_t c = 0; c < keyDim; ++c)
        head.decay.push_back(getDecay(b * keys + t, h, c));
    if (beta) {
      int64_t columns = beta->getDim(2);
      head.beta = columnsOf(*beta, b, columns == 1 ? 0 : h, 1);
    }
    if (logWeights)
      head.logWeights = columnsOf(*logWeights, b, h, 1);
    return head;
  }

  LinearAttentionState getPast(const LinearAttentionHead &head, int64_t b,
                               int64_t h) const {
    LinearAttentionState state = LinearAttentionState::zero(head);
    int64_t index = b * kvHeads + h;
    if (past)
      state.matrix =
          past->toDoubles(index * keyDim * valueDim, keyDim * valueDim);
    if (pastSum)
      state.sum = pastSum->toDoubles(index * keyDim, keyDim);
    if (pastMax)
      state.max = pastMax->getFloat(index);
    return state;
  }

  LinearAttentionOp op;
  int64_t batch, queries, keys, heads, kvHeads, group, keyDim, valueDim;

private:
  /// Columns of all tokens of a sequence, [tokens, count].
  static Vector columnsOf(const Tensor &tensor, int64_t b, int64_t first,
                          int64_t count) {
    int64_t tokens = tensor.getDim(1), columns = tensor.getDim(2);
    return tensor
        .gather({tokens, count}, {columns, 1}, b * tokens * columns + first)
        .toDoubles();
  }

  /// One a head, the same for all tokens or not, or one a column.
  double getDecay(int64_t token, int64_t h, int64_t c) const {
    if (decay->getRank() == 1)
      return decay->getFloat(h);
    int64_t columns = decay->getDim(2);
    return decay->getFloat(token * columns +
                           (columns == kvHeads ? h : h * keyDim + c));
  }

  const Tensor &query, &key, &value;
  const Tensor *mask, *decay, *beta, *logWeights, *past, *pastSum, *pastMax;
};

struct LinearAttentionModel
    : ReferenceOpInterface::ExternalModel<LinearAttentionModel,
                                          LinearAttentionOp> {
  llvm::Error interpret(Operation *op, Interpreter &, Operands operands,
                        Results &results) const {
    auto attention = cast<LinearAttentionOp>(op);
    Sequences sequences(attention, operands);
    if (llvm::Error error = sequences.check())
      return error;
    int64_t batch = sequences.batch, queries = sequences.queries;
    int64_t heads = attention.getHeads(), kvHeads = attention.getKvHeads();
    int64_t keyDim = attention.getKeyDim(), valueDim = attention.getValueDim();
    int64_t columns = heads / kvHeads * valueDim; // of a group
    SmallVector<int64_t> shape = {batch, queries, heads * valueDim};
    SmallVector<int64_t> stateShape = {batch, kvHeads, keyDim, valueDim};
    auto values = makeValues(op, shape);
    if (!values)
      return values.takeError();
    if (auto states = makeValues(op, stateShape); !states)
      return states.takeError();
    Vector present, presentSum, presentMax;
    for (int64_t b = 0; b < batch; ++b)
      for (int64_t h = 0; h < kvHeads; ++h) {
        LinearAttentionHead head = sequences.getHead(b, h);
        LinearAttentionState state = sequences.getPast(head, b, h);
        Vector own = attendRecurrent(head, state);
        for (int64_t t = 0; t < queries; ++t)
          std::copy_n(own.begin() + t * columns, columns,
                      values->begin() + (b * queries + t) * heads * valueDim +
                          h * columns);
        llvm::append_range(present, state.matrix);
        llvm::append_range(presentSum, state.sum);
        presentMax.push_back(state.max);
      }
    results.push_back(Tensor::doubles(shape, std::move(*values)));
    results.push_back(Tensor::doubles(stateShape, std::move(present)));
    ArrayRef<int64_t> all(stateShape);
    if (attention.getPresentSum())
      results.push_back(
          Tensor::doubles(all.take_front(3), std::move(presentSum)));
    if (attention.getPresentMax())
      results.push_back(
          Tensor::doubles(all.take_front(2), std::move(presentMax)));
    return llvm::Error::success();
  }
};

} // namespace

void attune::attachLinearAttentionModels(MLIRContext &context) {
  LinearAttentionOp::attachInterface<LinearAttentionModel>(context);
}
