//===- RecurrentOps.cpp - State carried along a sequence ------------------===//
#include "Verify.h"
#include "attune/Dialect/Attune/IR/Attune.h"

using namespace mlir;
using namespace attune;

//===----------------------------------------------------------------------===//
// GruOp, LstmOp, RnnOp
//===----------------------------------------------------------------------===//

static LogicalResult verifyType(Operation *op, StringRef what, Value operand,
                                Type element) {
  if (!operand || ranked(operand).getElementType() == element)
    return success();
  return op->emitOpError() << "expected " << what << " of " << element
                           << ", got " << operand.getType();
}

/// What the ops for recurrent networks share.
template <typename Op>
static LogicalResult verifyRecurrent(Op op, int64_t gates,
                                     size_t numActivations) {
  ArrayRef<int64_t> input = ranked(op.getInput()).getShape();
  ArrayRef<int64_t> recurrent = ranked(op.getRecurrent()).getShape();
  if (recurrent.size() != 2 || ShapedType::isDynamicShape(recurrent) ||
      recurrent[1] > (int64_t(1) << 24) || recurrent[0] != gates * recurrent[1])
    return op.emitOpError()
           << "expected a static recurrent weight [" << gates
           << " * H, H] with H up to 2^24, got " << shapeText(recurrent);
  int64_t hidden = recurrent[1];
  if (input.size() != 3 || !extentsAgree(input[2], gates * hidden))
    return op.emitOpError() << "expected an input [steps, batch, "
                            << gates * hidden << "], got " << shapeText(input);
  if (op.getActivations().size() != numActivations)
    return op.emitOpError()
           << "expected " << static_cast<int64_t>(numActivations)
           << " activations, got "
           << static_cast<int64_t>(op.getActivations().size());
  for (auto [name, list] :
       {std::pair("alpha", op.getAlpha()), {"beta", op.getBeta()}})
    if (!list.empty() && list.size() != numActivations)
      return op.emitOpError()
             << "expected one " << name << " an activation, or none, got "
             << static_cast<int64_t>(list.size());
  if (op.getClip() && !(op.getClip()->convertToDouble() >= 0))
    return op.emitOpError("expected a clip of 0 or more");

  Type element = ranked(op.getInput()).getElementType();
  SmallVector<int64_t> state = {input[1], hidden};
  if (Value bias = op.getBias())
    if (failed(verifyShape(op, "a bias", bias.getType(), gates * hidden)) ||
        failed(verifyType(op, "a bias", bias, element)))
      return failure();
  if (Value lengths = op.getLengths())
    if (failed(verifyShape(op, "lengths", lengths.getType(), input[1])))
      return failure();
  if (Value initial = op.getInitialHidden())
    if (failed(verifyShape(op, "an initial state", initial.getType(), state)) ||
        failed(verifyType(op, "an initial state", initial, element)))
      return failure();
  if (failed(verifyShape(op, "hidden states", op.getHidden().getType(),
                         {input[0], input[1], hidden})))
    return failure();
  return verifyShape(op, "a last state", op.getLastHidden().getType(), state);
}

template <typename Op>
static void inferRecurrent(Op op, ArrayRef<SymbolicShape> operands,
                           SmallVectorImpl<SymbolicShape> &results) {
  DimExpr hidden = operands[1][1];
  results.push_back({operands[0][0], operands[0][1], hidden});
  while (results.size() < op->getNumResults())
    results.push_back({operands[0][1], hidden});
}

/// The products with the recurrent weight, and about ten operations for each
/// gate of each unit.
static DimExpr getRecurrentFlops(ArrayRef<SymbolicShape> operands) {
  return operands[0][0] * operands[0][1] * operands[1][0] *
         (operands[1][1] * 2 + 10);
}

LogicalResult GruOp::verify() {
  return verifyRecurrent(*this, /*gates=*/3, /*numActivations=*/2);
}
void GruOp::inferSymbolicShapes(ArrayRef<SymbolicShape> operands,
                                SmallVectorImpl<SymbolicShape> &results) {
  inferRecurrent(*this, operands, results);
}
StringRef GruOp::getKernelFamily() { return "gru"; }
DimExpr GruOp::getFlops(ArrayRef<SymbolicShape> operands,
                        ArrayRef<SymbolicShape>) {
  return getRecurrentFlops(operands);
}
bool GruOp::acceptsEpilogue() { return false; }

LogicalResult LstmOp::verify() {
  if (failed(verifyRecurrent(*this, /*gates=*/4, /*numActivations=*/3)))
    return failure();
  int64_t batch = ranked(getInput()).getDimSize(1);
  int64_t hidden = ranked(getRecurrent()).getDimSize(1);
  Type element = ranked(getInput()).getElementType();
  if (Value cell = getInitialCell())
    if (failed(verifyShape(*this, "an initial cell", cell.getType(),
                           {batch, hidden})) ||
        failed(verifyType(*this, "an initial cell", cell, element)))
      return failure();
  if (Value peephole = getPeephole())
    if (failed(
            verifyShape(*this, "peepholes", peephole.getType(), 3 * hidden)) ||
        failed(verifyType(*this, "peepholes", peephole, element)))
      return failure();
  return verifyShape(*this, "a last cell", getLastCell().getType(),
                     {batch, hidden});
}
void LstmOp::inferSymbolicShapes(ArrayRef<SymbolicShape> operands,
                                 SmallVectorImpl<SymbolicShape> &results) {
  inferRecurrent(*this, operands, results);
}
StringRef LstmOp::getKernelFamily() { return "lstm"; }
DimExpr LstmOp::getFlops(ArrayRef<SymbolicShape> operands,
                         ArrayRef<SymbolicShape>) {
  return getRecurrentFlops(operands);
}
bool LstmOp::acceptsEpilogue() { return false; }

LogicalResult RnnOp::verify() {
  return verifyRecurrent(*this, /*gates=*/1, /*numActivations=*/1);
}
void RnnOp::inferSymbolicShapes(ArrayRef<SymbolicShape> operands,
                                SmallVectorImpl<SymbolicShape> &results) {
  inferRecurrent(*this, operands, results);
}
StringRef RnnOp::getKernelFamily() { return "rnn"; }
DimExpr RnnOp::getFlops(ArrayRef<SymbolicShape> operands,
                        ArrayRef<SymbolicShape>) {
  return getRecurrentFlops(operands);
}
bool RnnOp::acceptsEpilogue() { return false; }

//===----------------------------------------------------------------------===//
// CausalConvOp
//===----------------------------------------------------------------------===//

LogicalResult CausalConvOp::verify() {
  ArrayRef<int64_t> input = ranked(getInput()).getShape();
  ArrayRef<int64_t> weight = ranked(getWeight()).getShape();
  if (weight.size() != 2 || ShapedType::isDynamicShape(weight) ||
      weight[1] < 1 || weight[1] > 4096)
    return emitOpError() << "expected a static weight [channels, K] with K in "
                            "[1, 4096], got "
                         << shapeText(weight);
  if (input.size() != 3 || !extentsAgree(input[1], weight[0]))
    return emitOpError() << "expected an input [batch, " << weight[0]
                         << ", length], got " << shapeText(input);
  if (Value bias = getBias())
    if (failed(verifyShape(*this, "a bias", bias.getType(), weight[0])))
      return failure();
  SmallVector<int64_t> state = {input[0], weight[0], weight[1] - 1};
  if (Value past = getPast())
    if (failed(verifyShape(*this, "a past state", past.getType(), state)))
      return failure();
  if (failed(verifyShape(*this, "a result", getResult().getType(), input)))
    return failure();
  return verifyShape(*this, "a present state", getPresent().getType(), state);
}

void CausalConvOp::inferSymbolicShapes(
    ArrayRef<SymbolicShape> operands, SmallVectorImpl<SymbolicShape> &results) {
  results.push_back(operands[0]);
  results.push_back(
      {operands[0][0], operands[0][1], operands[1][1] + DimExpr(-1)});
}

StringRef CausalConvOp::getKernelFamily() { return "causal_conv"; }

DimExpr CausalConvOp::getFlops(ArrayRef<SymbolicShape> operands,
                               ArrayRef<SymbolicShape> results) {
  return getNumElements(results[0]) * (operands[1][1] * 2 + 8);
}

bool CausalConvOp::acceptsEpilogue() { return false; }
