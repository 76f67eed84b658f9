//===- FeatureMap.cpp - The family of feature maps ------------------------===//
#include "Families.h"
#include "FeatureMapEmitter.h"
#include "PlainLoops.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace attune;

namespace {

/// Tokens of one block: an item is a block of one head.
constexpr int64_t kTokens = 64;

/// Scratch memory that a task may take.
constexpr int64_t kMostScratch = int64_t(1) << 28;

class FeatureMapFamily : public KernelFamily {
public:
  StringRef getName() const override { return "feature_map"; }

  LogicalResult supports(KernelOp kernel, std::string &reason) const override {
    auto map = cast<FeatureMapOp>(kernel.getAnchor().getOperation());
    int64_t elements = 4 * (map.getRows() + map.getHeadDim());
    if (map.getMix())
      elements += 2 * map.getNumber() + map.getFeatures();
    if (elements > kMostScratch / 4 / kTokens) {
      reason = "a feature map of " + std::to_string(map.getNumber()) +
               " features of " + std::to_string(map.getRows()) +
               " elements needs too much scratch memory";
      return failure();
    }
    return supportsAnchorAlone(kernel, reason);
  }

  LogicalResult emit(KernelEmission &emission,
                     OpBuilder &builder) const override {
    auto map = cast<FeatureMapOp>(emission.kernel.getAnchor().getOperation());
    Location loc = map.getLoc();
    IndexMath math(builder, loc);
    int64_t heads = map.getHeads(), columns = map.getFeatures();
    FeatureMapEmitter emitter(emission, builder, map, kTokens);
    NumberMath scalar(builder, loc, builder.getF32Type());
    Value length, blocks, output, logScale, scales;
    auto prepare = [&](func::FuncOp function) -> ItemCounts {
      Value input = getOperandBuffer(emission, function, map.getInput());
      length = math.dim(input, 1);
      blocks = math.ceilDiv(length, math.constant(kTokens));
      Value items = math.mul(math.mul(math.dim(input, 0), heads), blocks);
      if (function == emission.task) {
        ScratchAllocator scratch(emission.getScratch());
        output = emission.getOutput(function, 0);
        if (map.getLogScale()) {
          logScale = emission.getOutput(function, 1);
          scales =
              scratch.allocate(builder, loc, {kTokens}, builder.getF32Type());
        }
        emitter.prepare(function, scratch);
        emission.setScratchBytes(scratch.getBytes());
      }
      return {items, math.constant(1)};
    };
    // Blocks of all heads follow each other: heads of a token share lines of
    // the caches.
    emitItems(emission, builder, prepare, [&](Value item) {
      Value head = math.rem(item, math.constant(heads));
      Value rest = math.div(item, math.constant(heads));
      Value token = math.mul(math.rem(rest, blocks), kTokens);
      Value batch = math.div(rest, blocks);
      Value count = math.min(math.constant(kTokens), math.sub(length, token));
      Value features = emitHeadView(builder, loc, output, batch, token,
                                    math.mul(head, columns), count, columns);
      emitter.emit(batch, head, token, count, features, scales);
      if (logScale)
        emitPlainLoop(builder, loc, math.constant(0), count, math.constant(1),
                      [&](OpBuilder &, Location, Value row) {
                        scalar.store(scalar.load(scales, row), logScale,
                                     {batch, math.add(token, row), head});
                      });
    });
    return success();
  }

private:
  /// Rows [token, token + count) and some columns of a head as a matrix.
  static Value emitHeadView(OpBuilder &builder, Location loc, Value buffer,
                            Value batch, Value token, Value column, Value count,
                            int64_t columns) {
    SmallVector<OpFoldResult> offsets = {batch, token, column};
    SmallVector<OpFoldResult> sizes = {builder.getIndexAttr(1), count,
                                       builder.getIndexAttr(columns)};
    SmallVector<OpFoldResult> strides(3, builder.getIndexAttr(1));
    auto type = memref::SubViewOp::inferRankReducedResultType(
        {ShapedType::kDynamic, columns}, cast<MemRefType>(buffer.getType()),
        offsets, sizes, strides);
    return memref::SubViewOp::create(builder, loc, type, buffer, offsets, sizes,
                                     strides);
  }
};

} // namespace

std::unique_ptr<KernelFamily> attune::createFeatureMapFamily() {
  return std::make_unique<FeatureMapFamily>();
}
