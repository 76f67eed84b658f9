//===- MicroKernel.cpp - Register tiles of a matrix product ---------------===//
#include "MicroKernel.h"
#include "Pointers.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace attune;

/// Elements of f32 in a cache line.
static constexpr int64_t kLineElements = 16;

namespace {

/// Emits one function: a tile of exactly `rows` rows. Written in the LLVM
/// dialect, where the addressing that the inner loop needs can be stated.
class TileFunction {
public:
  TileFunction(OpBuilder &builder, Location loc, TileShape shape)
      : builder(builder), loc(loc), shape(shape) {
    MLIRContext *context = builder.getContext();
    pointer = LLVM::LLVMPointerType::get(context);
    i64 = builder.getI64Type();
    f32 = builder.getF32Type();
    vector = VectorType::get({shape.lanes}, f32);
  }

  void emit(LLVM::LLVMFuncOp function);

private:
  Value constant(int64_t value) {
    return LLVM::ConstantOp::create(builder, loc, i64, value);
  }
  Value offset(Value base, int64_t elements) {
    return advance(builder, loc, base, elements);
  }
  /// Where vector `v` of step `step` lies relative to the step's row of b.
  Value addressOfB(Value b, int64_t step, int64_t v) {
    int64_t column = v * shape.lanes;
    int64_t panel = column / shape.panel, inPanel = column % shape.panel;
    return offset(b, panel * shape.bStride + step * shape.panel + inPanel);
  }
  /// What advances with k.
  struct Streams {
    Value a, b;
    Value ahead; // what to prefetch
  };
  /// One iteration: `steps` steps of k on the accumulators.
  void accumulate(const Streams &streams, int64_t steps, bool prefetches,
                  MutableArrayRef<Value> acc);
  /// A loop `count` times over `steps` steps.
  void loop(Block *&block, Value count, int64_t steps, bool prefetches,
            Streams &streams, SmallVectorImpl<Value> &acc);

  OpBuilder &builder;
  Location loc;
  TileShape shape;
  Type pointer, i64, f32;
  VectorType vector;
  Region *body = nullptr;
  Value prefetchStep;
};

void TileFunction::accumulate(const Streams &streams, int64_t steps,
                              bool prefetches, MutableArrayRef<Value> acc) {
  auto [a, b, ahead] = streams;
  for (int64_t step = 0; step < steps; ++step) {
    if (prefetches) {
      // Into L2, where the next strip is read from.
      constexpr int32_t kRead = 0, kModerateLocality = 2, kData = 1;
      LLVM::Prefetch::create(builder, loc, offset(ahead, step * kLineElements),
                             kRead, kModerateLocality, kData);
    }
    SmallVector<Value> columns;
    for (int64_t v = 0; v < shape.vectors; ++v)
      columns.push_back(
          loadVector(builder, loc, addressOfB(b, step, v), shape.lanes));
    for (int64_t row = 0; row < shape.rows; ++row) {
      Value scalar = LLVM::LoadOp::create(
          builder, loc, f32, offset(a, row * shape.aStride + step));
      Value poison = LLVM::PoisonOp::create(builder, loc, vector);
      Value zero =
          LLVM::ConstantOp::create(builder, loc, builder.getI32Type(), 0);
      Value lane =
          LLVM::InsertElementOp::create(builder, loc, poison, scalar, zero);
      Value splat = LLVM::ShuffleVectorOp::create(
          builder, loc, lane, poison, SmallVector<int32_t>(shape.lanes, 0));
      for (int64_t v = 0; v < shape.vectors; ++v) {
        Value &sum = acc[row * shape.vectors + v];
        sum = LLVM::FMAOp::create(builder, loc, splat, columns[v], sum);
      }
    }
  }
}

void TileFunction::loop(Block *&block, Value count, int64_t steps,
                        bool prefetches, Streams &streams,
                        SmallVectorImpl<Value> &acc) {
  // loop(i, a, b, ahead, acc...): repeats while i > 0
  SmallVector<Type> types = {i64, pointer, pointer, pointer};
  types.append(acc.size(), vector);
  SmallVector<Location> locations(types.size(), loc);
  Block *loopBlock = builder.createBlock(body, body->end(), types, locations);
  Block *after =
      builder.createBlock(body, body->end(), ArrayRef(types).drop_front(),
                          ArrayRef(locations).drop_front());
  builder.setInsertionPointToEnd(block);
  SmallVector<Value> initial = {count, streams.a, streams.b, streams.ahead};
  llvm::append_range(initial, acc);
  Value any = LLVM::ICmpOp::create(builder, loc, LLVM::ICmpPredicate::sgt,
                                   count, constant(0));
  LLVM::CondBrOp::create(builder, loc, any, loopBlock, initial, after,
                         ArrayRef(initial).drop_front());

  builder.setInsertionPointToStart(loopBlock);
  auto arguments = loopBlock->getArguments();
  Streams inner = {arguments[1], arguments[2], arguments[3]};
  SmallVector<Value> current(arguments.drop_front(4));
  accumulate(inner, steps, prefetches, current);
  Value left = LLVM::SubOp::create(builder, loc, arguments[0], constant(1));
  Value ahead = inner.ahead;
  if (prefetches)
    ahead = LLVM::GEPOp::create(builder, loc, pointer, builder.getI8Type(),
                                ahead, ArrayRef<LLVM::GEPArg>{prefetchStep});
  SmallVector<Value> next = {left, offset(inner.a, steps),
                             offset(inner.b, steps * shape.panel), ahead};
  llvm::append_range(next, current);
  Value more = LLVM::ICmpOp::create(builder, loc, LLVM::ICmpPredicate::ne, left,
                                    constant(0));
  LLVM::CondBrOp::create(builder, loc, more, loopBlock, next, after,
                         ArrayRef(next).drop_front());

  arguments = after->getArguments();
  streams = {arguments[0], arguments[1], arguments[2]};
  acc.assign(arguments.begin() + 3, arguments.end());
  block = after;
  builder.setInsertionPointToStart(after);
}

void TileFunction::emit(LLVM::LLVMFuncOp function) {
  Block *block = function.addEntryBlock(builder);
  body = &function.getBody();
  builder.setInsertionPointToStart(block);
  enum { A, B, K, Tile, Accumulate, Prefetch, PrefetchStep };
  auto argument = [&](unsigned index) { return block->getArgument(index); };
  Streams streams = {argument(A), argument(B), argument(Prefetch)};
  prefetchStep = argument(PrefetchStep);
  Value k = argument(K), tile = argument(Tile), adds = argument(Accumulate);

  // Start from zero or from what the tile holds.
  int64_t numAcc = shape.rows * shape.vectors;
  SmallVector<Type> types(numAcc, vector);
  SmallVector<Location> locations(numAcc, loc);
  Block *start = builder.createBlock(body, body->end(), types, locations);
  Block *resume = builder.createBlock(body, body->end());
  builder.setInsertionPointToEnd(block);
  Value zero = LLVM::ZeroOp::create(builder, loc, vector);
  LLVM::CondBrOp::create(builder, loc, adds, resume, ValueRange(), start,
                         SmallVector<Value>(numAcc, zero));
  builder.setInsertionPointToEnd(resume);
  SmallVector<Value> loaded;
  for (int64_t i = 0; i < numAcc; ++i)
    loaded.push_back(
        loadVector(builder, loc, offset(tile, i * shape.lanes), shape.lanes));
  LLVM::BrOp::create(builder, loc, loaded, start);

  builder.setInsertionPointToStart(start);
  SmallVector<Value> acc(start->getArguments());
  Value unroll = constant(shape.unroll);
  Value whole = LLVM::UDivOp::create(builder, loc, k, unroll);
  Value rest = LLVM::URemOp::create(builder, loc, k, unroll);
  loop(start, whole, shape.unroll, /*prefetches=*/true, streams, acc);
  if (shape.unroll > 1)
    loop(start, rest, 1, /*prefetches=*/false, streams, acc);
  for (int64_t i = 0; i < numAcc; ++i)
    storeVector(builder, loc, acc[i], offset(tile, i * shape.lanes));
  LLVM::ReturnOp::create(builder, loc, ValueRange());
}

/// Finds or creates a function at the start of the module.
std::pair<LLVM::LLVMFuncOp, bool> getFunction(OpBuilder &builder, Location loc,
                                              ModuleOp module, StringRef name,
                                              ArrayRef<Type> arguments) {
  if (auto existing = module.lookupSymbol<LLVM::LLVMFuncOp>(name))
    return {existing, false};
  builder.setInsertionPointToStart(module.getBody());
  auto type = LLVM::LLVMFunctionType::get(
      LLVM::LLVMVoidType::get(builder.getContext()), arguments);
  auto function = LLVM::LLVMFuncOp::create(builder, loc, name, type,
                                           LLVM::Linkage::Internal);
  return {function, true};
}

std::string getName(const TileShape &shape) {
  return llvm::formatv("attune.tile.{0}x{1}x{2}.p{3}.u{4}.a{5}.b{6}",
                       shape.rows, shape.vectors, shape.lanes, shape.panel,
                       shape.unroll, shape.aStride, shape.bStride);
}

/// The function that computes tiles of exactly shape.rows rows.
LLVM::LLVMFuncOp getExactTile(OpBuilder &builder, Location loc, ModuleOp module,
                              TileShape shape, ArrayRef<Type> arguments) {
  OpBuilder::InsertionGuard guard(builder);
  auto [function, isNew] =
      getFunction(builder, loc, module, getName(shape), arguments);
  if (isNew) {
    function.setNoInline(true);
    TileFunction(builder, loc, shape).emit(function);
  }
  return function;
}

/// The function that computes tiles of up to shape.rows rows: a jump to the
/// exact one.
LLVM::LLVMFuncOp getTileSwitch(OpBuilder &builder, Location loc,
                               ModuleOp module, const TileShape &shape,
                               ArrayRef<Type> exactTypes) {
  OpBuilder::InsertionGuard guard(builder);
  SmallVector<Type> types = {builder.getI64Type()};
  llvm::append_range(types, exactTypes);
  auto [function, isNew] =
      getFunction(builder, loc, module, getName(shape) + ".any", types);
  if (!isNew)
    return function;
  function.setNoInline(true);
  Block *entry = function.addEntryBlock(builder);
  Region *body = &function.getBody();
  SmallVector<Block *> blocks;
  SmallVector<int64_t> values;
  for (int64_t rows = 1; rows <= shape.rows; ++rows) {
    TileShape exact = shape;
    exact.rows = rows;
    auto callee = getExactTile(builder, loc, module, exact, exactTypes);
    Block *block = builder.createBlock(body, body->end());
    auto call = LLVM::CallOp::create(builder, loc, callee,
                                     entry->getArguments().drop_front());
    call.setTailCallKind(LLVM::TailCallKind::Tail);
    LLVM::ReturnOp::create(builder, loc, ValueRange());
    blocks.push_back(block);
    values.push_back(rows);
  }
  builder.setInsertionPointToEnd(entry);
  Block *fallback = blocks.pop_back_val();
  values.pop_back();
  SmallVector<ValueRange> none(blocks.size());
  auto caseValues =
      values.empty()
          ? DenseIntElementsAttr()
          : DenseIntElementsAttr::get(
                VectorType::get({int64_t(values.size())}, builder.getI64Type()),
                ArrayRef<int64_t>(values));
  if (values.empty())
    LLVM::BrOp::create(builder, loc, ValueRange(), fallback);
  else
    LLVM::SwitchOp::create(builder, loc, entry->getArgument(0), fallback,
                           ValueRange(), caseValues, blocks, none);
  return function;
}

} // namespace

void attune::emitTile(OpBuilder &builder, Location loc, ModuleOp module,
                      const TileShape &shape, const TileOperands &operands) {
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
  Type i64 = builder.getI64Type();
  SmallVector<Type> types = {
      pointer, pointer, i64, pointer, builder.getI1Type(), pointer, i64};
  auto function = getTileSwitch(builder, loc, module, shape, types);
  // Without anything ahead, the tile's own first line is named again and again.
  Value ahead = operands.prefetch, step = operands.prefetchStep;
  if (!ahead) {
    ahead = operands.tile;
    step = LLVM::ConstantOp::create(builder, loc, i64, 0);
  }
  LLVM::CallOp::create(builder, loc, function,
                       ValueRange{operands.rows, operands.a, operands.b,
                                  operands.k, operands.tile,
                                  operands.accumulate, ahead, step});
}
