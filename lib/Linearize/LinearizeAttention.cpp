//===- LinearizeAttention.cpp - From softmax to features ------------------===//
#include "attune/Linearize/LinearizeAttention.h"
#include "attune/Dialect/Attune/Transforms/LinearAttentionBuilder.h"
#include "attune/Linearize/FitFeatures.h"
#include "attune/Linearize/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/SymbolTable.h"

namespace attune {
#define GEN_PASS_DEF_LINEARIZEATTENTION
#include "attune/Linearize/Passes.h.inc"
} // namespace attune

using namespace mlir;
using namespace attune;

SmallVector<AttentionOp> attune::getAttentionLayers(ModuleOp module) {
  SmallVector<AttentionOp> layers;
  for (auto function : module.getOps<func::FuncOp>())
    if (!function.isExternal())
      llvm::append_range(layers, function.front().getOps<AttentionOp>());
  return layers;
}

std::optional<MissedReason> attune::refuseLayer(AttentionOp attention,
                                                SymbolicShapes &shapes,
                                                bool isHybrid) {
  if (attention.getBias())
    return MissedReason{"a bias is added to the scores, relative positions or "
                        "a mask of queries and keys: the weight of a key is no "
                        "inner product of features",
                        "leave this layer as it is"};
  if (!attention.getSoftcap().isZero())
    return MissedReason{"the scores are capped: the weight of a key is no "
                        "inner product of features",
                        "leave this layer as it is"};
  if (attention.getScale().isNegative())
    return MissedReason{"the scale of the scores is negative",
                        "negate the weights of the queries instead"};
  const DimExpr queries = shapes.get(attention.getQuery())[1];
  const DimExpr keys = shapes.get(attention.getKey())[1];
  if (queries == keys)
    return std::nullopt;
  std::string lengths = queries.str() + " queries and " + keys.str() + " keys";
  if (attention.getCausal() != Causal::none)
    return MissedReason{"the mask is causal, with " + lengths +
                            ": earlier keys come from a cache",
                        "export the model without its cache: linear attention "
                        "carries a state instead"};
  if (isHybrid)
    return MissedReason{
        "a window needs queries and keys of the same tokens, not " + lengths,
        "leave out the window and the sinks"};
  return std::nullopt;
}

static FeatureMap getFeatureMap(LinearMap map) {
  switch (map) {
  case LinearMap::Elu1:
    return FeatureMap::elu1;
  case LinearMap::Relu:
    return FeatureMap::relu;
  case LinearMap::Favor:
    return FeatureMap::favor;
  case LinearMap::FavorHyperbolic:
    return FeatureMap::favor_hyperbolic;
  case LinearMap::Taylor2:
    return FeatureMap::taylor2;
  case LinearMap::Calibrated:
    return FeatureMap::exp;
  }
  llvm_unreachable("a map of the enum");
}

namespace {
/// Declares the weights of a layer's maps with their values.
class LayerWeights {
public:
  LayerWeights(AttentionOp attention, StringRef name)
      : symbols(attention->getParentOfType<ModuleOp>()), builder(attention),
        location(attention.getLoc()), name(name) {}

  FeatureParameters load(const LayerParameters &parameters,
                         const SideWeights &side, StringRef sideName) {
    int64_t dim = parameters.headDim;
    int64_t rows = side.rows ? side.rows : dim;
    auto weight = [&](ArrayRef<float> values, ArrayRef<int64_t> ofHead,
                      StringRef what) {
      return declare(values, side.heads, ofHead,
                     name + "." + sideName + "." + what);
    };
    FeatureParameters result;
    result.map = getFeatureMap(parameters.map);
    result.scale = parameters.scale;
    result.projection = weight(side.projection, {rows, dim}, "projection");
    result.bias = weight(side.bias, rows, "bias");
    int64_t number = side.mix.size() / (side.heads * side.features);
    result.mix = weight(side.mix, {side.features, number}, "mix");
    result.tilt = weight(side.tilt, dim, "tilt");
    // Where all keys have features, constants are in numerator and denominator
    // alike.
    if (parameters.isHybrid())
      result.offset = weight(side.offset, {}, "offset");
    return result;
  }

private:
  /// Null without values.
  Value declare(ArrayRef<float> values, int64_t heads, ArrayRef<int64_t> ofHead,
                const Twine &name) {
    if (values.empty())
      return {};
    SmallVector<int64_t> shape = {heads};
    llvm::append_range(shape, ofHead);
    auto type = RankedTensorType::get(shape, builder.getF32Type());
    auto module = cast<ModuleOp>(symbols.getOp());
    OpBuilder atStart = OpBuilder::atBlockBegin(module.getBody());
    auto weight = WeightOp::create(
        atStart, location, atStart.getStringAttr(name), TypeAttr::get(type),
        atStart.getArrayAttr({}), DenseElementsAttr::get(type, values),
        /*layout=*/Attribute(), /*offset=*/IntegerAttr());
    // Others may have the name.
    StringAttr symbol = symbols.insert(weight);
    return LoadWeightOp::create(builder, location, type,
                                FlatSymbolRefAttr::get(symbol));
  }

  SymbolTable symbols;
  OpBuilder builder;
  Location location;
  std::string name;
};
} // namespace

void attune::linearizeLayer(AttentionOp attention,
                            const LayerParameters &parameters, StringRef name) {
  LayerWeights weights(attention, name);
  LinearAttentionParameters built;
  built.heads = attention.getHeads();
  built.kvHeads = attention.getKvHeads();
  built.queryFeatures =
      weights.load(parameters, parameters.query, "query_features");
  built.keyFeatures = weights.load(parameters, parameters.key, "key_features");
  built.full = attention.getCausal() == Causal::none;
  if (parameters.isHybrid())
    built.near = NearKeys{parameters.window, parameters.sinks,
                          attention.getScale().convertToDouble()};
  else
    built.denominator = 0;
  OpBuilder builder(attention);
  LinearAttentionResult result = buildLinearAttention(
      builder, attention.getLoc(), attention.getQuery(), attention.getKey(),
      attention.getValue(), attention.getKeyMask(), built);
  attention.replaceAllUsesWith(result.result);
  attention.erase();
}

namespace {
struct LinearizeAttention
    : attune::impl::LinearizeAttentionBase<LinearizeAttention> {
  using LinearizeAttentionBase::LinearizeAttentionBase;

  void runOnOperation() override {
    std::optional<FitOptions> options = readOptions();
    if (!options)
      return signalPassFailure();
    SmallVector<AttentionOp> ops = getAttentionLayers(getOperation());
    for (int64_t layer : layers)
      if (layer < 0 || layer >= static_cast<int64_t>(ops.size())) {
        getOperation().emitError()
            << "there is no layer " << layer << ": the module has "
            << static_cast<int64_t>(ops.size()) << " attention ops";
        return signalPassFailure();
      }
    // Reasons first: rewriting erases values that shapes are known by.
    SmallVector<std::optional<MissedReason>> refusals;
    for (AttentionOp op : ops) {
      SymbolicShapes shapes(*op->getBlock());
      refusals.push_back(
          refuseLayer(op, shapes, options->window > 0 || options->sinks > 0));
    }
    for (auto [index, op] : llvm::enumerate(ops)) {
      if (!layers.empty() &&
          !llvm::is_contained(layers, static_cast<int64_t>(index)))
        continue;
      if (refusals[index]) {
        remarkMissed(op, "linear-attention", *refusals[index]);
        continue;
      }
      AttentionSamples none;
      none.heads = op.getHeads();
      none.kvHeads = op.getKvHeads();
      none.headDim = op.getHeadDim();
      none.valueDim = op.getValueDim();
      none.scale = op.getScale().convertToDouble();
      options->seed = seed + index;
      remarkFused(op, "linear-attention",
                  "became linear with the map " + map.getValue());
      linearizeLayer(op, fitLayer(none, *options),
                     "linear_attention." + std::to_string(index));
    }
  }

private:
  std::optional<FitOptions> readOptions() {
    FitOptions options;
    std::optional<LinearMap> parsed = parseLinearMap(map);
    if (!parsed || *parsed == LinearMap::Calibrated) {
      getOperation().emitError()
          << "feature-map: expected elu1, relu, favor, favor-hyperbolic or "
             "taylor2, got '"
          << map << "'";
      return std::nullopt;
    }
    if (features < 1 || features > (1 << 16) || window < 0 || sinks < 0) {
      getOperation().emitError()
          << "expected 1 to 65536 features, a window and sinks of 0 or more";
      return std::nullopt;
    }
    options.map = *parsed;
    options.features = features;
    options.window = window;
    options.sinks = sinks;
    options.centre = false;
    return options;
  }
};
} // namespace
