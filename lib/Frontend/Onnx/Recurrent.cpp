//===- Recurrent.cpp - GRU, LSTM and RNN ----------------------------------===//
//
// The products of all inputs with their weights are one matrix product; the
// rest is attune.gru, attune.lstm or attune.rnn, one for each direction.
//
//===----------------------------------------------------------------------===//
#include "Import.h"
#include "NeuralOps.h"

using namespace mlir;
using namespace attune;

namespace {

enum class Cell { Rnn, Gru, Lstm };

class Recurrent {
public:
  Recurrent(NodeImporter &node, Cell cell, int64_t gates,
            std::vector<StringRef> activations)
      : node(node), b(node.builder()), cell(cell), gates(gates),
        defaultActivations(std::move(activations)) {}
  llvm::Error run();

private:
  /// Operands beside the node's first three inputs.
  enum Input { kBias = 3, kLengths, kHidden, kCell, kPeephole };
  /// What one direction gives: [steps, batch, hidden], [batch, hidden].
  struct Outputs {
    Value hidden, lastHidden, lastCell;
  };

  llvm::Error check();
  llvm::Error readActivations();
  /// Direction `d` of an input [directions, ...]. Initializers stay where they
  /// lie.
  Value part(unsigned input, int64_t d);
  Value initial(unsigned input, int64_t d);
  Outputs runDirection(int64_t d);

  NodeImporter &node;
  GraphBuilder &b;
  Cell cell;
  int64_t gates;
  std::vector<StringRef> defaultActivations; // of one direction

  int64_t hidden = 0, directions = 1;
  bool reverses = false, batchFirst = false;
  Value input, lengths; // [steps, batch, features], [batch] of i64 or null
  SmallVector<Attribute> activations;
  SmallVector<double> alphas, betas; // one an activation
};

/// An activation, and alpha and beta when the node gives none: nothing where it
/// has no such parameter.
struct ActivationDefaults {
  StringRef name;
  GateActivation activation;
  std::optional<double> alpha, beta;
};

const ActivationDefaults *findDefaults(StringRef name) {
  constexpr auto none = std::nullopt;
  static const ActivationDefaults known[] = {
      {"Relu", GateActivation::relu, none, none},
      {"Tanh", GateActivation::tanh, none, none},
      {"Sigmoid", GateActivation::sigmoid, none, none},
      {"Softsign", GateActivation::softsign, none, none},
      {"Softplus", GateActivation::softplus, none, none},
      {"Affine", GateActivation::affine, 1.0, 0.0},
      {"LeakyRelu", GateActivation::leaky_relu, 0.01, none},
      {"ThresholdedRelu", GateActivation::thresholded_relu, 1.0, none},
      {"ScaledTanh", GateActivation::scaled_tanh, 1.0, 1.0},
      {"HardSigmoid", GateActivation::hard_sigmoid, 0.2, 0.5},
      {"Elu", GateActivation::elu, 1.0, none},
  };
  for (const ActivationDefaults &defaults : known)
    if (name.equals_insensitive(defaults.name))
      return &defaults;
  return nullptr;
}

llvm::Error Recurrent::readActivations() {
  std::vector<std::string> names =
      node.strings("activations").value_or(std::vector<std::string>());
  if (names.empty())
    for (int64_t d = 0; d < directions; ++d)
      for (StringRef name : defaultActivations)
        names.push_back(name.str());
  SmallVector<double> givenAlphas =
      node.numbers("activation_alpha").value_or(SmallVector<double>());
  SmallVector<double> givenBetas =
      node.numbers("activation_beta").value_or(SmallVector<double>());
  size_t wanted = directions * defaultActivations.size();
  // RNN declares two by default, whatever the number of directions.
  if (names.size() < wanted)
    return node.error("expected " + Twine(wanted) + " activations, found " +
                      Twine(names.size()));
  // The numbers are those of the activations that take one, in order.
  size_t nextAlpha = 0, nextBeta = 0;
  auto take = [](std::optional<double> absent, ArrayRef<double> given,
                 size_t &next) {
    if (absent && next < given.size())
      return given[next++];
    return absent.value_or(0);
  };
  for (size_t i = 0; i < wanted; ++i) {
    const ActivationDefaults *defaults = findDefaults(names[i]);
    if (!defaults)
      return node.unsupported("activation '" + Twine(names[i]) + "'");
    activations.push_back(
        GateActivationAttr::get(b.context(), defaults->activation));
    alphas.push_back(take(defaults->alpha, givenAlphas, nextAlpha));
    betas.push_back(take(defaults->beta, givenBetas, nextBeta));
  }
  return node.check();
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

Value Recurrent::initial(unsigned i, int64_t d) {
  return node.hasInput(i) ? b.select(node.value(i), batchFirst ? 1 : 0, d)
                          : Value();
}

Recurrent::Outputs Recurrent::runDirection(int64_t d) {
  Type element = GraphBuilder::element(input);
  int64_t width = gates * hidden;
  Value projected = b.matmul(input, part(1, d), true);
  Value recurrent = part(2, d), bias;
  if (node.hasInput(kBias)) {
    // The input's bias, and behind it that of the state.
    Value both = b.select(node.value(kBias), 0, d);
    projected = b.add(projected, b.slice(both, 0, 0, width));
    bias = b.slice(both, 0, width, width);
  }
  if (b.failed())
    return {};
  SymbolicShape shape = b.shape(input);
  SymbolicShape all = {shape[0], shape[1], hidden}, last = {shape[1], hidden};
  RankedTensorType allType = b.tensorType(element, all),
                   lastType = b.tensorType(element, last);
  OpBuilder &ops = b.ops();
  size_t count = defaultActivations.size();
  ArrayAttr kinds =
      ops.getArrayAttr(ArrayRef(activations).slice(d * count, count));
  auto alpha =
      ops.getDenseF64ArrayAttr(ArrayRef(alphas).slice(d * count, count));
  auto beta = ops.getDenseF64ArrayAttr(ArrayRef(betas).slice(d * count, count));
  double bound = node.number("clip", 0);
  FloatAttr clip = bound > 0 ? ops.getF64FloatAttr(bound) : FloatAttr();
  auto flag = [&](bool is) { return is ? ops.getUnitAttr() : UnitAttr(); };
  UnitAttr reverse = flag(reverses || d == 1);
  Value initialHidden = initial(kHidden, d);
  Operation *op = nullptr;
  switch (cell) {
  case Cell::Rnn:
    op = RnnOp::create(ops, b.loc(), allType, lastType, projected, recurrent,
                       bias, lengths, initialHidden, kinds, alpha, beta, clip,
                       reverse);
    break;
  case Cell::Gru:
    op = GruOp::create(ops, b.loc(), allType, lastType, projected, recurrent,
                       bias, lengths, initialHidden, kinds, alpha, beta, clip,
                       reverse, flag(node.integer("linear_before_reset", 0)));
    break;
  case Cell::Lstm: {
    Value initialCell = initial(kCell, d);
    Value peephole = node.hasInput(kPeephole)
                         ? b.select(node.value(kPeephole), 0, d)
                         : Value();
    op = LstmOp::create(ops, b.loc(), allType, lastType, lastType, projected,
                        recurrent, bias, lengths, initialHidden, initialCell,
                        peephole, kinds, alpha, beta, clip, reverse,
                        flag(node.integer("input_forget", 0)));
    break;
  }
  }
  Outputs outputs = {op->getResult(0), op->getResult(1), Value()};
  b.setShape(outputs.hidden, all);
  b.setShape(outputs.lastHidden, last);
  if (cell == Cell::Lstm) {
    outputs.lastCell = op->getResult(2);
    b.setShape(outputs.lastCell, last);
  }
  return outputs;
}

/// Reads what the node says of its form, and whether its inputs fit it.
llvm::Error Recurrent::check() {
  if (node.rank(0) != 3 || node.rank(1) != 3 || node.rank(2) != 3)
    return node.error("expected input and weights of rank 3");
  std::string direction = node.string("direction", "forward");
  if (direction != "forward" && direction != "reverse" &&
      direction != "bidirectional")
    return node.error("expected direction to be forward, reverse or "
                      "bidirectional");
  directions = direction == "bidirectional" ? 2 : 1;
  reverses = direction == "reverse";
  batchFirst = node.integer("layout", 0) != 0;
  std::optional<int64_t> size = node.shape(2)[2].getConstant();
  auto fits = [&](unsigned i, ArrayRef<int64_t> extents, size_t rank) {
    if (!node.hasInput(i))
      return true;
    const SymbolicShape &shape = node.shape(i);
    return shape.size() == rank &&
           llvm::equal(ArrayRef(shape).take_front(extents.size()), extents,
                       [](const DimExpr &extent, int64_t wanted) {
                         return wanted < 0 || extent == DimExpr(wanted);
                       });
  };
  hidden = size.value_or(0);
  int64_t width = gates * hidden;
  bool isSound =
      hidden > 0 && hidden < (int64_t(1) << 31) &&
      fits(1, {directions, width}, 3) && fits(2, {directions, width}, 3) &&
      fits(kBias, {directions, 2 * width}, 2) && fits(kLengths, {}, 1);
  SmallVector<int64_t, 3> state = {directions, -1, hidden};
  if (batchFirst)
    std::swap(state[0], state[1]);
  isSound = isSound && fits(kHidden, state, 3);
  if (cell == Cell::Lstm)
    isSound = isSound && fits(kCell, state, 3) &&
              fits(kPeephole, {directions, 3 * hidden}, 2);
  if (!isSound)
    return node.error("expected weights, bias and states of " +
                      Twine(directions) + " directions with " + Twine(gates) +
                      " gates of the hidden size each");
  DimExpr batch = node.shape(0)[batchFirst ? 0 : 1];
  if (node.hasInput(kLengths))
    b.requireEqual(node.shape(kLengths)[0], batch);
  if (node.hasInput(kHidden))
    b.requireEqual(node.shape(kHidden)[batchFirst ? 0 : 1], batch);
  if (cell == Cell::Lstm && node.hasInput(kCell))
    b.requireEqual(node.shape(kCell)[batchFirst ? 0 : 1], batch);
  return llvm::Error::success();
}

llvm::Error Recurrent::run() {
  if (llvm::Error problem = check())
    return problem;
  if (llvm::Error problem = readActivations())
    return problem;
  input = node.value(0);
  if (batchFirst)
    input = b.transpose(input, {1, 0, 2});
  if (node.hasInput(kLengths))
    lengths = b.cast(node.value(kLengths), b.ops().getI64Type());
  SmallVector<Value> hiddens, lastHiddens, lastCells;
  // With the batch first, directions come behind it.
  int64_t axis = batchFirst ? 1 : 0;
  for (int64_t d = 0; d < directions; ++d) {
    Outputs outputs = runDirection(d);
    if (llvm::Error problem = node.check())
      return problem;
    hiddens.push_back(b.unsqueeze(outputs.hidden, {1}));
    lastHiddens.push_back(b.unsqueeze(outputs.lastHidden, {axis}));
    if (outputs.lastCell)
      lastCells.push_back(b.unsqueeze(outputs.lastCell, {axis}));
  }
  if (node.needsResult(0)) {
    Value result = b.concat(hiddens, 1);
    node.setResult(0, batchFirst ? b.transpose(result, {2, 0, 1, 3}) : result);
  }
  if (node.needsResult(1))
    node.setResult(1, b.concat(lastHiddens, axis));
  if (cell == Cell::Lstm && node.needsResult(2))
    node.setResult(2, b.concat(lastCells, axis));
  return node.check();
}

} // namespace

static llvm::Error importRnn(NodeImporter &node) {
  return Recurrent(node, Cell::Rnn, 1, {"Tanh"}).run();
}
static llvm::Error importGru(NodeImporter &node) {
  return Recurrent(node, Cell::Gru, 3, {"Sigmoid", "Tanh"}).run();
}
static llvm::Error importLstm(NodeImporter &node) {
  return Recurrent(node, Cell::Lstm, 4, {"Sigmoid", "Tanh", "Tanh"}).run();
}

void attune::registerRecurrent(OnnxOps &ops) {
  ops.add("RNN", {3, 6}, importRnn);
  ops.add("GRU", {3, 6}, importGru);
  ops.add("LSTM", {3, 8}, importLstm);
}
