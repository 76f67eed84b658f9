//===- Rotary.cpp - Rotary position embedding -----------------------------===//
#include "NeuralOps.h"

using namespace mlir;
using namespace attune;

/// The rotation from smaller ops, for types that attune.rotary has not.
static Value rotateGenerically(GraphBuilder &b, Value input, Value cos,
                               Value sin, int64_t heads, bool interleaved) {
  SymbolicShape shape = b.shape(input), table = b.shape(cos);
  int64_t size = headSize(b, input, heads, "a tensor");
  std::optional<int64_t> half = table.back().getConstant();
  if (!half || 2 * *half > size || *half < 1) {
    b.fail("expected tables of at most half the head size");
    return input;
  }
  Value split = b.reshape(input, {shape[0], shape[1], heads, size});
  auto part = [&](int64_t first, int64_t count, int64_t step) {
    return b.slice(split, 3, first, count, step);
  };
  Value x = part(0, *half, interleaved ? 2 : 1);
  Value y = interleaved ? part(1, *half, 2) : part(*half, *half, 1);
  cos = b.unsqueeze(cos, {2});
  sin = b.unsqueeze(sin, {2});
  Value real = b.sub(b.mul(x, cos), b.mul(y, sin));
  Value imaginary = b.add(b.mul(y, cos), b.mul(x, sin));
  Value rotated;
  if (interleaved) {
    rotated =
        b.concat({b.unsqueeze(real, {4}), b.unsqueeze(imaginary, {4})}, 4);
    rotated = b.reshape(rotated, {shape[0], shape[1], heads, 2 * *half});
  } else {
    rotated = b.concat({real, imaginary}, 3);
  }
  if (2 * *half < size)
    rotated = b.concat({rotated, part(2 * *half, size - 2 * *half, 1)}, 3);
  return b.reshape(rotated, shape);
}

Value attune::emitRotary(GraphBuilder &b, Value input, Value cos, Value sin,
                         int64_t heads, bool interleaved) {
  Type element = GraphBuilder::element(input);
  if (b.rank(cos) != 3 || b.rank(sin) != 3 || b.rank(input) != 3) {
    b.fail("expected tables of [batch, length, columns]");
    return input;
  }
  int64_t size = headSize(b, input, heads, "a tensor");
  std::optional<int64_t> half = b.shape(cos).back().getConstant();
  if (!half || *half < 1 || 2 * *half > size ||
      b.shape(sin).back() != b.shape(cos).back()) {
    b.fail("expected tables of the same number of columns, at most half the "
           "head size of " +
           Twine(size));
    return input;
  }
  if (b.failed())
    return input;
  for (Value table : {cos, sin})
    (void)b.broadcast(ArrayRef(b.shape(table)).drop_back(),
                      ArrayRef(b.shape(input)).drop_back());
  if (!element.isF32())
    return rotateGenerically(b, input, cos, sin, heads, interleaved);
  return b.create<RotaryOp>(element, b.shape(input), input, cos, sin,
                            b.ops().getI64IntegerAttr(heads),
                            interleaved ? b.ops().getUnitAttr() : UnitAttr());
}

/// The columns of a table that a rotation of `columns` of every head takes.
static Value cutTable(GraphBuilder &b, Value table, int64_t columns) {
  SymbolicShape shape = b.shape(table);
  if (columns == 0 || shape.empty() || shape.back() == DimExpr(columns / 2))
    return table;
  return b.slice(table, shape.size() - 1, 0, columns / 2);
}

namespace {
/// [batch, heads, length, size] or [batch, length, heads * size], shown to a
/// rotation as the latter.
struct HeadsInput {
  HeadsInput(NodeImporter &node, int64_t heads)
      : b(node.builder()), heads(heads) {
    input = node.value(0);
    isSplit = b.rank(input) == 4;
    if (isSplit) {
      std::optional<int64_t> count = b.shape(input)[1].getConstant();
      if (!count || (heads && heads != *count)) {
        b.fail("expected " +
               (heads ? std::to_string(heads) : "a known number of") +
               " heads in dimension 1");
        return;
      }
      this->heads = *count;
      input = mergeHeads(b, input);
    } else if (b.rank(input) != 3) {
      b.fail("expected an input of rank 3 or 4");
    }
  }
  Value restore(Value result) {
    return isSplit ? splitHeads(b, result, heads) : result;
  }

  GraphBuilder &b;
  Value input;
  int64_t heads;
  bool isSplit = false;
};
} // namespace

static llvm::Error importRotaryEmbedding(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  HeadsInput of(node, node.integer("num_heads", 0));
  if (llvm::Error problem = node.check())
    return problem;
  if (of.heads < 1)
    return node.error("expected num_heads for an input of rank 3");
  int64_t columns = node.integer("rotary_embedding_dim", 0);
  Value cos = cutTable(b, node.value(1), columns);
  Value sin = cutTable(b, node.value(2), columns);
  if (node.hasInput(3)) {
    Value ids = node.value(3);
    cos = b.gather(cos, ids, 0);
    sin = b.gather(sin, ids, 0);
  }
  return node.result(of.restore(emitRotary(
      b, of.input, cos, sin, of.heads, node.integer("interleaved", 0) != 0)));
}

/// com.microsoft: position ids come before the tables, and may be one number,
/// the position of the first token.
static llvm::Error importContribRotary(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  if (node.integer("is_packed_batching", 0))
    return node.unsupported("batches packed without padding");
  if (node.number("scale", 1) != 1)
    return node.unsupported("a scale of positions");
  Value cos = node.value(2), sin = node.value(3);
  int64_t columns = node.integer("rotary_embedding_dim", 0);
  int64_t heads = node.integer("num_heads", 0);
  if (node.rank(0) == 3 && heads == 0) {
    // Then the tables tell the size of a head.
    std::optional<int64_t> half =
        node.rank(2) ? node.shape(2).back().getConstant() : std::nullopt;
    std::optional<int64_t> width = node.shape(0).back().getConstant();
    if (!half || !width || *half < 1 || *width % (2 * *half) != 0)
      return node.error("expected num_heads, or tables whose columns are half "
                        "the head size");
    heads = *width / (2 * *half);
  }
  HeadsInput of(node, heads);
  if (llvm::Error problem = node.check())
    return problem;
  Value ids = node.value(1);
  if (b.rank(ids) < 2) {
    Type i64 = b.ops().getI64Type();
    Value positions = b.iota(i64, b.shape(of.input)[1]);
    ids = b.unsqueeze(b.add(positions, b.cast(ids, i64)), {0});
  }
  cos = b.gather(cutTable(b, cos, columns), ids, 0);
  sin = b.gather(cutTable(b, sin, columns), ids, 0);
  return node.result(of.restore(emitRotary(
      b, of.input, cos, sin, of.heads, node.integer("interleaved", 0) != 0)));
}

void attune::registerRotary(OnnxOps &ops) {
  ops.add("RotaryEmbedding", {3, 4}, importRotaryEmbedding);
  ops.add(kContribDomain, "RotaryEmbedding", {4, 4}, importContribRotary);
}
