//===- Position.cpp - Embeddings and positions ----------------------------===//
#include "Models.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace attune;

namespace {

struct EmbeddingModel
    : ReferenceOpInterface::ExternalModel<EmbeddingModel, EmbeddingOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    const Tensor &ids = *operands[0], &table = *operands[1];
    int64_t rows = table.getDim(0), columns = table.getDim(1);
    SmallVector<int64_t, 4> shape(ids.getShape());
    shape.push_back(columns);
    auto values = makeValues(op, shape);
    if (!values)
      return values.takeError();
    for (int64_t i = 0; i < ids.getNumElements(); ++i) {
      int64_t id = ids.getInteger(i);
      if (id < 0 || id >= rows)
        return errorAt(op, "expected ids in [0, " + Twine(rows) +
                               "), the rows of the table, got " + Twine(id) +
                               " at position " + Twine(i));
      for (int64_t c = 0; c < columns; ++c)
        (*values)[i * columns + c] = table.getFloat(id * columns + c);
    }
    results.push_back(interpreter.store(shape, std::move(*values)));
    return llvm::Error::success();
  }
};

struct PositionsModel
    : ReferenceOpInterface::ExternalModel<PositionsModel, PositionsOp> {
  llvm::Error interpret(Operation *op, Interpreter &interpreter,
                        Operands operands, Results &results) const {
    auto positions = cast<PositionsOp>(op);
    const Tensor &ids = *operands[0];
    std::optional<uint64_t> paddingId = positions.getPaddingId();
    int64_t batch = ids.getDim(0), length = ids.getDim(1);
    int64_t offset = positions.getOffset(), largest;
    if (llvm::AddOverflow(offset, length, largest))
      return errorAt(op, "the offset " + Twine(offset) + " and the length " +
                             Twine(length) + " together exceed 64 bits");
    std::vector<int64_t> values(ids.getNumElements());
    for (int64_t b = 0; b < batch; ++b) {
      int64_t tokens = 0; // those up to and with position s that are no padding
      for (int64_t s = 0; s < length; ++s) {
        int64_t &value = values[b * length + s];
        if (!paddingId) {
          value = s + offset;
          continue;
        }
        bool isToken =
            ids.getInteger(b * length + s) != static_cast<int64_t>(*paddingId);
        tokens += isToken;
        value = offset + (isToken ? tokens : 0);
      }
    }
    results.push_back(Tensor::integers(ids.getShape(), std::move(values)));
    return llvm::Error::success();
  }
};

} // namespace

void attune::attachPositionModels(MLIRContext &context) {
  EmbeddingOp::attachInterface<EmbeddingModel>(context);
  PositionsOp::attachInterface<PositionsModel>(context);
}
