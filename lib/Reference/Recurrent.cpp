//===- Recurrent.cpp - Recurrent networks ---------------------------------===//
#include "GateActivations.h"
#include "Models.h"

#include <cmath>

using namespace mlir;
using namespace attune;

namespace {

using Vector = std::vector<double>;

/// One sequence of the batch on its way through the steps.
struct Sequence {
  /// The input's elements for the step, [gates * H].
  Vector input;
  /// The state and, for LSTM, the cell: [H].
  Vector state, cell;
};

/// What the ops share: operands by their names.
template <typename Op> struct Network {
  Op op;
  const Tensor *input, *recurrent, *bias = nullptr, *lengths = nullptr,
                                   *initialHidden = nullptr,
                                   *initialCell = nullptr, *peephole = nullptr;
  int64_t steps, batch, hidden;

  Network(Op op, Operands operands) : op(op) {
    // Optional operands are there or not, in the order of the op.
    auto find = [&](Value value) -> const Tensor * {
      for (auto [operand, tensor] : llvm::zip(op->getOperands(), operands))
        if (value && operand == value)
          return tensor;
      return nullptr;
    };
    input = find(op.getInput());
    recurrent = find(op.getRecurrent());
    bias = find(op.getBias());
    lengths = find(op.getLengths());
    initialHidden = find(op.getInitialHidden());
    if constexpr (std::is_same_v<Op, LstmOp>) {
      initialCell = find(op.getInitialCell());
      peephole = find(op.getPeephole());
    }
    steps = input->getDim(0);
    batch = input->getDim(1);
    hidden = recurrent->getDim(1);
  }

  double activate(unsigned index, double x, bool clipped = true) {
    if (op.getClip() && clipped) {
      double clip = op.getClip()->convertToDouble();
      x = x < -clip ? -clip : x > clip ? clip : x;
    }
    auto parameter = [&](ArrayRef<double> list) {
      return index < list.size() ? list[index] : 0;
    };
    auto kind = cast<GateActivationAttr>(op.getActivations()[index]).getValue();
    return attune::activate(kind, parameter(op.getAlpha()),
                            parameter(op.getBeta()), x);
  }

  /// Row `gate * H + unit` of the recurrent weight times `vector`, and its
  /// bias.
  double product(int64_t gate, int64_t unit, const Vector &vector) {
    int64_t row = gate * hidden + unit;
    double sum = bias ? bias->getFloat(row) : 0;
    for (int64_t k = 0; k < hidden; ++k)
      sum += recurrent->getFloat(row * hidden + k) * vector[k];
    return sum;
  }

  void step(Sequence &sequence);

  llvm::Error run(Results &results) {
    if (lengths)
      if (llvm::Error error = expectShape(op, "lengths", *lengths, {batch}))
        return error;
    for (auto [name, state] : {std::pair("an initial state", initialHidden),
                               {"an initial cell", initialCell}})
      if (state)
        if (llvm::Error error = expectShape(op, name, *state, {batch, hidden}))
          return error;
    auto all = makeValues(op, {steps, batch, hidden});
    if (!all)
      return all.takeError();
    Vector lastHidden, lastCell;
    int64_t columns = input->getDim(2);
    for (int64_t b = 0; b < batch; ++b) {
      auto start = [&](const Tensor *tensor) {
        return tensor ? tensor->toDoubles(b * hidden, hidden)
                      : Vector(hidden, 0.0);
      };
      Sequence sequence{{}, start(initialHidden), start(initialCell)};
      int64_t count =
          lengths ? std::clamp<int64_t>(lengths->getInteger(b), 0, steps)
                  : steps;
      for (int64_t i = 0; i < count; ++i) {
        int64_t t = op.getReverse() ? count - 1 - i : i;
        sequence.input = input->toDoubles((t * batch + b) * columns, columns);
        step(sequence);
        llvm::copy(sequence.state, all->begin() + (t * batch + b) * hidden);
      }
      llvm::append_range(lastHidden, sequence.state);
      llvm::append_range(lastCell, sequence.cell);
    }
    results.push_back(Tensor::doubles({steps, batch, hidden}, std::move(*all)));
    results.push_back(Tensor::doubles({batch, hidden}, std::move(lastHidden)));
    if (std::is_same_v<Op, LstmOp>)
      results.push_back(Tensor::doubles({batch, hidden}, std::move(lastCell)));
    return llvm::Error::success();
  }
};

template <> void Network<GruOp>::step(Sequence &s) {
  Vector z(hidden), r(hidden), reset(hidden), next(hidden);
  for (int64_t j = 0; j < hidden; ++j) {
    z[j] = activate(0, s.input[j] + product(0, j, s.state));
    r[j] = activate(0, s.input[hidden + j] + product(1, j, s.state));
    reset[j] = r[j] * s.state[j];
  }
  for (int64_t j = 0; j < hidden; ++j) {
    double linear = op.getLinearBeforeReset() ? r[j] * product(2, j, s.state)
                                              : product(2, j, reset);
    double h = activate(1, s.input[2 * hidden + j] + linear);
    next[j] = (1 - z[j]) * h + z[j] * s.state[j];
  }
  s.state = next;
}

template <> void Network<LstmOp>::step(Sequence &s) {
  Vector next(hidden);
  for (int64_t j = 0; j < hidden; ++j) {
    // Gates in the order i, o, f, c; peepholes likewise, without c.
    auto gate = [&](int64_t which, double seen) {
      double peep =
          peephole ? peephole->getFloat(which * hidden + j) * seen : 0;
      return activate(0, s.input[which * hidden + j] +
                             product(which, j, s.state) + peep);
    };
    double old = s.cell[j];
    double i = gate(0, old);
    double f = op.getCoupled() ? 1 - i : gate(2, old);
    double c = activate(1, s.input[3 * hidden + j] + product(3, j, s.state));
    s.cell[j] = f * old + i * c;
    double o = gate(1, s.cell[j]);
    next[j] = o * activate(2, s.cell[j], /*clipped=*/false);
  }
  s.state = next;
}

template <> void Network<RnnOp>::step(Sequence &s) {
  Vector next(hidden);
  for (int64_t j = 0; j < hidden; ++j)
    next[j] = activate(0, s.input[j] + product(0, j, s.state));
  s.state = next;
}

template <typename Op>
struct NetworkModel
    : ReferenceOpInterface::ExternalModel<NetworkModel<Op>, Op> {
  llvm::Error interpret(Operation *op, Interpreter &, Operands operands,
                        Results &results) const {
    return Network<Op>(cast<Op>(op), operands).run(results);
  }
};

} // namespace

void attune::attachRecurrentModels(MLIRContext &context) {
  GruOp::attachInterface<NetworkModel<GruOp>>(context);
  LstmOp::attachInterface<NetworkModel<LstmOp>>(context);
  RnnOp::attachInterface<NetworkModel<RnnOp>>(context);
}
