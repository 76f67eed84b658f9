//===- Recurrent.cpp - GRU, LSTM and RNN ----------------------------------===//
//
// Unrolled over the sequence, whose length is static: the products of all
// inputs with their weights are one, those of the states follow step by step.
//
//===----------------------------------------------------------------------===//
#include "Import.h"
#include "NeuralOps.h"
#include <cmath>

using namespace mlir;
using namespace attune;

/// Steps that are unrolled.
static constexpr int64_t kMaxSteps = 1024;

namespace {

/// An activation of one gate.
struct Activation {
  std::string name;
  double alpha = 0, beta = 0;
};

/// A state of [batch, hidden] after each step, and the other one of an LSTM.
struct State {
  Value hidden, cell;
};

/// What a cell of a kind has: its gates, and one step of it.
struct CellKind {
  int64_t gates;
  std::vector<StringRef> activations;
  bool hasCell;
};

class Recurrent {
public:
  Recurrent(NodeImporter &node, CellKind kind)
      : node(node), b(node.builder()), kind(std::move(kind)) {}
  virtual ~Recurrent() = default;
  llvm::Error run();

protected:
  /// One direction's parameters.
  struct Direction {
    Value recurrence;               // [gates * hidden, hidden]
    Value inputBias, recurrentBias; // [gates * hidden]
    Value peepholes;                // [3 * hidden] or null
    ArrayRef<Activation> activations;
  };
  /// `input` is the product of the step's input and the weights, without a
  /// bias: [batch, gates * hidden].
  virtual State step(const Direction &direction, Value input, State state) = 0;

  Value apply(const Activation &activation, Value value);
  Value gate(Value all, int64_t index, int64_t count = 1) {
    return b.slice(all, b.rank(all) - 1, index * hidden, count * hidden);
  }

  NodeImporter &node;
  GraphBuilder &b;
  CellKind kind;
  int64_t hidden = 0;
  double clip = 0;

private:
  llvm::Error readActivations(int64_t directions);
  /// Direction `d` of an input [directions, ...]. Initializers stay where they
  /// lie.
  Value part(unsigned input, int64_t d);
  State initialState(int64_t d, const DimExpr &batch, Type element);
  State runDirection(int64_t d, bool reverse, SmallVectorImpl<Value> &outputs);

  std::vector<Activation> activations;
  Value input, lengths; // [steps, batch, features], [batch] of i64 or null
  int64_t steps = 0;
  bool batchFirst = false;
};

/// alpha and beta of an activation when the node gives none, and whether it
/// takes them.
struct ActivationDefaults {
  StringRef name;
  std::optional<double> alpha, beta;
};
constexpr auto none = std::nullopt;
const ActivationDefaults *findDefaults(StringRef name) {
  static const ActivationDefaults known[] = {
      {"Relu", none, none},      {"Tanh", none, none},
      {"Sigmoid", none, none},   {"Softsign", none, none},
      {"Softplus", none, none},  {"Affine", 1.0, 0.0},
      {"LeakyRelu", 0.01, none}, {"ThresholdedRelu", 1.0, none},
      {"ScaledTanh", 1.0, 1.0},  {"HardSigmoid", 0.2, 0.5},
      {"Elu", 1.0, none},
  };
  for (const ActivationDefaults &defaults : known)
    if (name.equals_insensitive(defaults.name))
      return &defaults;
  return nullptr;
}

llvm::Error Recurrent::readActivations(int64_t directions) {
  std::vector<std::string> names =
      node.strings("activations").value_or(std::vector<std::string>());
  if (names.empty())
    for (int64_t d = 0; d < directions; ++d)
      for (StringRef name : kind.activations)
        names.push_back(name.str());
  SmallVector<double> alphas =
      node.numbers("activation_alpha").value_or(SmallVector<double>());
  SmallVector<double> betas =
      node.numbers("activation_beta").value_or(SmallVector<double>());
  size_t wanted = directions * kind.activations.size();
  // RNN declares two by default, whatever the number of directions.
  if (names.size() < wanted)
    return node.error("expected " + Twine(wanted) + " activations, found " +
                      Twine(names.size()));
  size_t nextAlpha = 0, nextBeta = 0;
  for (size_t i = 0; i < wanted; ++i) {
    const ActivationDefaults *defaults = findDefaults(names[i]);
    if (!defaults)
      return node.unsupported("activation '" + StringRef(names[i]) + "'");
    Activation activation;
    activation.name = defaults->name.str();
    auto take = [](std::optional<double> absent, ArrayRef<double> given,
                   size_t &next) {
      if (absent && next < given.size())
        return given[next++];
      return absent.value_or(0);
    };
    activation.alpha = take(defaults->alpha, alphas, nextAlpha);
    activation.beta = take(defaults->beta, betas, nextBeta);
    activations.push_back(std::move(activation));
  }
  return node.check();
}

Value Recurrent::apply(const Activation &activation, Value x) {
  auto number = [&](double value) { return b.scalarLike(x, value); };
  if (clip > 0)
    x = b.maximum(b.minimum(x, number(clip)), number(-clip));
  StringRef name = activation.name;
  double alpha = activation.alpha, beta = activation.beta;
  if (name == "Relu")
    return b.relu(x);
  if (name == "Tanh")
    return b.tanh(x);
  if (name == "Sigmoid")
    return b.unary(UnaryKind::k_sigmoid, x);
  if (name == "Softsign")
    return b.div(x, b.add(b.unary(UnaryKind::k_abs, x), 1.0));
  if (name == "Softplus") {
    // max(x, 0) + log(1 + e^-|x|), which does not overflow.
    Value size = b.unary(UnaryKind::k_neg, b.unary(UnaryKind::k_abs, x));
    Value tail =
        b.unary(UnaryKind::k_log, b.add(b.unary(UnaryKind::k_exp, size), 1.0));
    return b.add(b.relu(x), tail);
  }
  if (name == "Affine")
    return b.add(emitScale(b, x, alpha), beta);
  if (name == "ScaledTanh")
    return emitScale(b, b.tanh(emitScale(b, x, beta)), alpha);
  if (name == "HardSigmoid")
    return b.maximum(b.minimum(b.add(emitScale(b, x, alpha), beta), number(1)),
                     number(0));
  Value isPositive = b.compare(CompareKind::k_gt, x, number(0));
  if (name == "LeakyRelu")
    return b.where(isPositive, x, emitScale(b, x, alpha));
  if (name == "ThresholdedRelu")
    return b.where(b.compare(CompareKind::k_gt, x, number(alpha)), x,
                   number(0));
  // Elu: the exponential of what is positive is not used.
  Value exponential = b.unary(UnaryKind::k_exp, b.minimum(x, number(0)));
  return b.where(isPositive, x, emitScale(b, b.add(exponential, -1.0), alpha));
}

Value Recurrent::part(unsigned i, int64_t d) {
  const OnnxTensor *tensor = node.initializer(i);
  int64_t count = tensor && !tensor->shape.empty() ? tensor->shape[0] : 0;
  bool isWhole =
      tensor && isFloat(tensor->type) && d < count &&
      tensor->shape.size() == 3 &&
      static_cast<uint64_t>(tensor->count) * bitWidth(tensor->type) / 8 ==
          (tensor->file ? tensor->size : tensor->values.size());
  if (!isWhole)
    return b.select(node.value(i), 0, d);
  OnnxTensor slice;
  slice.name = tensor->name + "." + std::to_string(d);
  slice.type = tensor->type;
  slice.shape.assign(tensor->shape.begin() + 1, tensor->shape.end());
  slice.count = tensor->count / count;
  uint64_t bytes = slice.count * bitWidth(tensor->type) / 8;
  slice.file = tensor->file;
  slice.size = bytes;
  if (tensor->file)
    slice.offset = tensor->offset + d * bytes;
  else
    slice.values.assign(tensor->values.begin() + d * bytes,
                        tensor->values.begin() + (d + 1) * bytes);
  return node.weight(*node.getImport().keep(std::move(slice)));
}

State Recurrent::initialState(int64_t d, const DimExpr &batch, Type element) {
  auto initial = [&](unsigned i) {
    if (!node.hasInput(i))
      return b.splat(element, {batch, hidden}, 0);
    return b.select(node.value(i), batchFirst ? 1 : 0, d);
  };
  State state;
  state.hidden = initial(5);
  if (kind.hasCell)
    state.cell = initial(6);
  return state;
}

/// `outputs` get the states of all steps, in the order of time.
State Recurrent::runDirection(int64_t d, bool reverse,
                              SmallVectorImpl<Value> &outputs) {
  Type element = GraphBuilder::element(input);
  DimExpr batch = b.shape(input)[1];
  Direction direction;
  Value weight = part(1, d);
  direction.recurrence = part(2, d);
  int64_t width = kind.gates * hidden;
  if (node.hasInput(3)) {
    Value bias = b.select(node.value(3), 0, d);
    direction.inputBias = b.slice(bias, 0, 0, width);
    direction.recurrentBias = b.slice(bias, 0, width, width);
  } else {
    direction.inputBias = direction.recurrentBias =
        b.splat(element, {width}, 0);
  }
  if (kind.hasCell && node.hasInput(7))
    direction.peepholes = b.select(node.value(7), 0, d);
  size_t count = kind.activations.size();
  direction.activations = ArrayRef(activations).slice(d * count, count);
  Value products = b.matmul(input, weight, true);
  State state = initialState(d, batch, element);
  outputs.resize(steps);
  Value zero = b.scalar(element, 0);
  for (int64_t i = 0; i < steps && !b.failed(); ++i) {
    int64_t t = reverse ? steps - 1 - i : i;
    State next = step(direction, b.select(products, 0, t), state);
    outputs[t] = next.hidden;
    if (lengths) {
      // Behind the end of a sequence its state stays, and the output is 0.
      Value within =
          b.unsqueeze(b.compare(CompareKind::k_gt, lengths,
                                b.scalarLike(lengths, static_cast<double>(t))),
                      {1});
      outputs[t] = b.where(within, next.hidden, zero);
      next.hidden = b.where(within, next.hidden, state.hidden);
      if (kind.hasCell)
        next.cell = b.where(within, next.cell, state.cell);
    }
    state = next;
  }
  return state;
}

llvm::Error Recurrent::run() {
  if (node.rank(0) != 3 || node.rank(1) != 3 || node.rank(2) != 3)
    return node.error("expected input and weights of rank 3");
  std::string name = node.string("direction", "forward");
  if (name != "forward" && name != "reverse" && name != "bidirectional")
    return node.error("expected direction to be forward, reverse or "
                      "bidirectional");
  int64_t directions = name == "bidirectional" ? 2 : 1;
  batchFirst = node.integer("layout", 0) != 0;
  clip = node.number("clip", 0);
  input = node.value(0);
  if (batchFirst)
    input = b.transpose(input, {1, 0, 2});
  std::optional<int64_t> length = b.shape(input)[0].getConstant();
  std::optional<int64_t> size = node.shape(2)[2].getConstant();
  if (!length || *length < 1 || *length > kMaxSteps)
    return node.unsupported(
        "a sequence whose length is not a number from 1 to " + Twine(kMaxSteps),
        "export the model with a static length of sequences");
  steps = *length;
  if (!size || *size < 1 || node.shape(1)[0] != DimExpr(directions) ||
      node.shape(1)[1] != DimExpr(kind.gates * *size) ||
      node.shape(2)[0] != DimExpr(directions) ||
      node.shape(2)[1] != DimExpr(kind.gates * *size))
    return node.error("expected weights of " + Twine(directions) +
                      " directions with " + Twine(kind.gates) +
                      " gates of the hidden size each");
  hidden = *size;
  auto fits = [&](unsigned i, std::initializer_list<int64_t> rest,
                  size_t rank) {
    if (!node.hasInput(i))
      return true;
    return node.shape(i).size() == rank &&
           llvm::equal(ArrayRef(node.shape(i)).take_back(rest.size()), rest,
                       [](const DimExpr &extent, int64_t wanted) {
                         return extent == DimExpr(wanted);
                       });
  };
  bool isSound = fits(3, {directions, 2 * kind.gates * hidden}, 2) &&
                 fits(4, {}, 1) && fits(5, {hidden}, 3);
  if (kind.hasCell)
    isSound =
        isSound && fits(6, {hidden}, 3) && fits(7, {directions, 3 * hidden}, 2);
  if (!isSound)
    return node.error("expected bias, lengths and states that fit the weights");
  if (llvm::Error problem = readActivations(directions))
    return problem;
  if (node.hasInput(4))
    lengths = b.cast(node.value(4), b.ops().getI64Type());

  // [steps, directions, batch, hidden], and the last states.
  SmallVector<Value> all, lastHidden, lastCell;
  SmallVector<SmallVector<Value>> outputs(directions);
  for (int64_t d = 0; d < directions; ++d) {
    State last = runDirection(d, name == "reverse" || d == 1, outputs[d]);
    if (llvm::Error problem = node.check())
      return problem;
    // With the batch first, directions come behind it.
    int64_t axis = batchFirst ? 1 : 0;
    lastHidden.push_back(b.unsqueeze(last.hidden, {axis}));
    if (kind.hasCell)
      lastCell.push_back(b.unsqueeze(last.cell, {axis}));
  }
  if (node.needsResult(0)) {
    for (int64_t t = 0; t < steps; ++t) {
      SmallVector<Value> here;
      for (int64_t d = 0; d < directions; ++d)
        here.push_back(b.unsqueeze(outputs[d][t], {0, 1}));
      all.push_back(b.concat(here, 1));
    }
    Value result = b.concat(all, 0);
    if (batchFirst)
      result = b.transpose(result, {2, 0, 1, 3});
    node.setResult(0, result);
  }
  if (node.needsResult(1))
    node.setResult(1, b.concat(lastHidden, batchFirst ? 1 : 0));
  if (kind.hasCell && node.needsResult(2))
    node.setResult(2, b.concat(lastCell, batchFirst ? 1 : 0));
  return node.check();
}

class Rnn : public Recurrent {
public:
  explicit Rnn(NodeImporter &node)
      : Recurrent(node, {1, {"Tanh"}, /*hasCell=*/false}) {}

protected:
  State step(const Direction &direction, Value input, State state) override {
    Value recurrent = b.matmul(state.hidden, direction.recurrence, true);
    Value sum = b.add(b.add(input, recurrent),
                      b.add(direction.inputBias, direction.recurrentBias));
    return {apply(direction.activations[0], sum), Value()};
  }
};

/// Gates: update z, reset r, hidden h.
class Gru : public Recurrent {
public:
  explicit Gru(NodeImporter &node)
      : Recurrent(node, {3, {"Sigmoid", "Tanh"}, /*hasCell=*/false}),
        resetsProduct(node.integer("linear_before_reset", 0) != 0) {}

protected:
  State step(const Direction &direction, Value input, State state) override {
    auto rows = [&](Value matrix, int64_t first, int64_t count) {
      return b.slice(matrix, 0, first * hidden, count * hidden);
    };
    Value x = b.add(input, direction.inputBias);
    Value r = rows(direction.recurrence, 0, 2);
    Value gates = b.add(b.matmul(state.hidden, r, true),
                        rows(direction.recurrentBias, 0, 2));
    gates = apply(direction.activations[0], b.add(gate(x, 0, 2), gates));
    Value update = gate(gates, 0), reset = gate(gates, 1);
    Value hiddenRows = rows(direction.recurrence, 2, 1);
    Value hiddenBias = rows(direction.recurrentBias, 2, 1);
    Value inner =
        resetsProduct
            ? b.mul(reset,
                    b.add(b.matmul(state.hidden, hiddenRows, true), hiddenBias))
            : b.add(b.matmul(b.mul(reset, state.hidden), hiddenRows, true),
                    hiddenBias);
    Value candidate = apply(direction.activations[1], b.add(gate(x, 2), inner));
    // (1 - z) * h + z * H
    Value keep = b.mul(update, state.hidden);
    Value change = b.mul(b.sub(b.scalarLike(update, 1), update), candidate);
    return {b.add(change, keep), Value()};
  }

private:
  bool resetsProduct;
};

/// Gates: input i, output o, forget f, cell c. Peepholes: i, o, f.
class Lstm : public Recurrent {
public:
  explicit Lstm(NodeImporter &node)
      : Recurrent(node, {4, {"Sigmoid", "Tanh", "Tanh"}, /*hasCell=*/true}),
        coupled(node.integer("input_forget", 0) != 0) {}

protected:
  State step(const Direction &direction, Value input, State state) override {
    Value gates =
        b.add(b.add(input, b.matmul(state.hidden, direction.recurrence, true)),
              b.add(direction.inputBias, direction.recurrentBias));
    auto peep = [&](Value value, int64_t index, Value cell) {
      if (!direction.peepholes)
        return value;
      return b.add(value, b.mul(gate(direction.peepholes, index), cell));
    };
    const Activation &f = direction.activations[0];
    Value in = apply(f, peep(gate(gates, 0), 0, state.cell));
    Value forget = coupled ? b.sub(b.scalarLike(in, 1), in)
                           : apply(f, peep(gate(gates, 2), 2, state.cell));
    Value candidate = apply(direction.activations[1], gate(gates, 3));
    Value cell = b.add(b.mul(forget, state.cell), b.mul(in, candidate));
    Value out = apply(f, peep(gate(gates, 1), 1, cell));
    return {b.mul(out, apply(direction.activations[2], cell)), cell};
  }

private:
  bool coupled;
};

} // namespace

static llvm::Error importRnn(NodeImporter &node) { return Rnn(node).run(); }
static llvm::Error importGru(NodeImporter &node) { return Gru(node).run(); }
static llvm::Error importLstm(NodeImporter &node) { return Lstm(node).run(); }

void attune::registerRecurrent(OnnxOps &ops) {
  ops.add("RNN", {3, 6}, importRnn);
  ops.add("GRU", {3, 6}, importGru);
  ops.add("LSTM", {3, 8}, importLstm);
}
