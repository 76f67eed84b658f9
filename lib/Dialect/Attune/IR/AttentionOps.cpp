//===- AttentionOps.cpp - Softmax attention and its parts -----------------===//
#include "Verify.h"
#include "attune/Dialect/Attune/IR/Attune.h"

using namespace mlir;
using namespace attune;

LogicalResult attune::verifyPackedHeads(Operation *op, Value query, Value key,
                                        Value value, int64_t heads,
                                        int64_t kvHeads, int64_t mostColumns) {
  if (heads <= 0 || kvHeads <= 0 || heads % kvHeads != 0)
    return op->emitOpError() << "expected heads to be a positive multiple of "
                                "kv_heads, got "
                             << heads << " and " << kvHeads;
  for (auto [name, shape, parts] :
       {std::tuple<StringRef, ArrayRef<int64_t>, int64_t>(
            "query", ranked(query).getShape(), heads),
        {"key", ranked(key).getShape(), kvHeads},
        {"value", ranked(value).getShape(), kvHeads}})
    if (shape.size() != 3 || ShapedType::isDynamic(shape[2]) ||
        shape[2] % parts != 0 || shape[2] == 0 || shape[2] > mostColumns)
      return op->emitOpError()
             << "expected " << name << " of shape [batch, length, " << parts
             << " * head size], got " << shapeText(shape);
  return success();
}

//===----------------------------------------------------------------------===//
// MaskOp
//===----------------------------------------------------------------------===//

LogicalResult MaskOp::verify() {
  ArrayRef<int64_t> scores = ranked(getScores()).getShape();
  if (scores.size() != 4)
    return emitOpError() << "expected scores of shape [batch, heads, queries, "
                            "keys], got "
                         << shapeText(scores);
  return verifyShape(*this, "a key mask", getKeyMask().getType(),
                     {scores[0], scores[3]});
}

void MaskOp::inferSymbolicShapes(ArrayRef<SymbolicShape> operands,
                                 SmallVectorImpl<SymbolicShape> &results) {
  results.push_back(operands[0]);
}

StringRef MaskOp::getKernelFamily() { return "mask"; }

DimExpr MaskOp::getFlops(ArrayRef<SymbolicShape>, ArrayRef<SymbolicShape>) {
  return 0;
}

//===----------------------------------------------------------------------===//
// SoftmaxOp
//===----------------------------------------------------------------------===//

void SoftmaxOp::inferSymbolicShapes(ArrayRef<SymbolicShape> operands,
                                    SmallVectorImpl<SymbolicShape> &results) {
  results.push_back(operands[0]);
}

StringRef SoftmaxOp::getKernelFamily() { return "softmax"; }

// Maximum, difference, exponential (eight operations), sum, product.
DimExpr SoftmaxOp::getFlops(ArrayRef<SymbolicShape> operands,
                            ArrayRef<SymbolicShape>) {
  return getNumElements(operands[0]) * 12;
}

bool SoftmaxOp::acceptsPrologue(unsigned index) { return index == 0; }

//===----------------------------------------------------------------------===//
// AttentionOp
//===----------------------------------------------------------------------===//

LogicalResult AttentionOp::verify() {
  ArrayRef<int64_t> query = ranked(getQuery()).getShape();
  ArrayRef<int64_t> key = ranked(getKey()).getShape();
  ArrayRef<int64_t> value = ranked(getValue()).getShape();
  int64_t heads = getHeads(), kvHeads = getKvHeads();
  if (failed(verifyPackedHeads(*this, getQuery(), getKey(), getValue(), heads,
                               kvHeads)))
    return failure();
  if (query[2] / heads != key[2] / kvHeads)
    return emitOpError() << "expected equal head sizes of query and key, got "
                         << query[2] / heads << " and " << key[2] / kvHeads;
  if (!extentsAgree(key[1], value[1]))
    return emitOpError() << "expected as many values as keys, got "
                         << shapeText(value) << " and " << shapeText(key);
  if (Value mask = getKeyMask())
    if (failed(
            verifyShape(*this, "a key mask", mask.getType(), {key[0], key[1]})))
      return failure();
  if (Value bias = getBias()) {
    ArrayRef<int64_t> shape = ranked(bias).getShape();
    int64_t full[] = {query[0], heads, query[1], key[1]};
    bool fits = shape.size() == 4;
    for (size_t i = 0; fits && i < 4; ++i)
      fits = shape[i] == 1 || extentsAgree(shape[i], full[i]);
    if (!fits)
      return emitOpError() << "expected a bias that broadcasts to [batch, "
                              "heads, queries, keys] = "
                           << shapeText(full) << ", got " << shapeText(shape);
  }
  float cap = getSoftcap().convertToFloat();
  if (!(cap >= 0.0f && cap <= std::numeric_limits<float>::max()))
    return emitOpError() << "expected a softcap of 0 or more, got " << cap;
  return verifyShape(*this, "a result", getResult().getType(),
                     {query[0], query[1], value[2] / kvHeads * heads});
}

void AttentionOp::inferSymbolicShapes(ArrayRef<SymbolicShape> operands,
                                      SmallVectorImpl<SymbolicShape> &results) {
  int64_t columns = ranked(getValue()).getDimSize(2) /
                    static_cast<int64_t>(getKvHeads()) *
                    static_cast<int64_t>(getHeads());
  results.push_back({operands[0][0], operands[0][1], columns});
}

StringRef AttentionOp::getKernelFamily() { return "attention"; }

DimExpr AttentionOp::getFlops(ArrayRef<SymbolicShape> operands,
                              ArrayRef<SymbolicShape> results) {
  DimExpr rows = operands[0][0] * operands[0][1]; // batch * queries
  DimExpr keys = operands[1][1];
  int64_t heads = getHeads();
  // Causal: half the keys, which is exact to a query for as many keys as
  // queries, and too low for more keys.
  int64_t share = getCausal() == Causal::none ? 2 : 1;
  return rows * keys * (operands[0][2] + results[0][2]) * share +
         rows * keys * heads * 6 * share;
}

bool AttentionOp::acceptsEpilogue() { return false; }

// Heads are columns of rows that are far apart anyhow, and so are rows of a
// bias. A mask is read as one row.
bool AttentionOp::acceptsStrided(unsigned index) {
  bool isMask = index == 3 && getKeyMask();
  return !isMask;
}
