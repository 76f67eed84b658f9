//===- CaptureAttention.cpp - What a model gives its attention ------------===//
#include "attune/Linearize/CaptureAttention.h"
#include "attune/Dialect/Attune/Transforms/Pipelines.h"
#include "attune/Kernel/LaunchShapes.h"
#include "attune/Support/Error.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace attune;

static constexpr llvm::StringLiteral kParts[] = {"query", "key", "value"};

static std::string getOutputName(size_t layer, StringRef part) {
  return llvm::formatv("attention.{0}.{1}", layer, part).str();
}

/// What a decoder's layer carries is empty at the begin of a sequence, where
/// all texts are run from: `concat(past.N.key, key)` is the key itself. What
/// goes out as `present.N.key` stays.
static void dropPast(AttentionOp attention) {
  auto drop = [](OpOperand &operand) {
    auto concat = operand.get().getDefiningOp<ConcatOp>();
    if (!concat || concat.getInputs().size() != 2 || concat.getAxis() != 1)
      return;
    auto past = dyn_cast<BlockArgument>(concat.getInputs().front());
    auto function = past
                        ? dyn_cast<func::FuncOp>(past.getOwner()->getParentOp())
                        : func::FuncOp();
    if (!function)
      return;
    auto name =
        function.getArgAttrOfType<StringAttr>(past.getArgNumber(), kNameAttr);
    if (name && name.getValue().starts_with("past."))
      operand.set(concat.getInputs().back());
  };
  drop(attention.getKeyMutable());
  drop(attention.getValueMutable());
}

llvm::Error attune::loadAndRaise(Compilation &compilation) {
  if (llvm::Error error = compilation.load())
    return error;
  if (compilation.getPhase() != Phase::Import)
    return userErrorf("'{0}' stands after the phase {1}; expected a model or "
                      "IR of the phase import, in which attention can be "
                      "replaced",
                      compilation.getOptions().input,
                      getName(compilation.getPhase()));
  PassManager manager(&compilation.getContext());
  FuseOptions fuse;
  fuse.disabled = compilation.getOptions().disabledFusions;
  buildRaisePipeline(manager, fuse);
  ModuleOp module = *compilation.getVariants().front().module;
  if (failed(manager.run(module)))
    return internalError("the passes that find attention failed");
  if (const ModelSource *source = compilation.getSource())
    if (source->getDescription())
      for (AttentionOp attention : getAttentionLayers(module))
        dropPast(attention);
  return llvm::Error::success();
}

/// Makes values further results of a function, with names.
static void addResults(func::FuncOp function,
                       ArrayRef<std::pair<std::string, Value>> values,
                       SymbolicShapes &shapes) {
  Operation *terminator = function.front().getTerminator();
  Builder builder(function.getContext());
  SmallVector<Type> types(function.getResultTypes());
  SmallVector<DictionaryAttr> attributes;
  function.getAllResultAttrs(attributes);
  attributes.resize(types.size(), builder.getDictionaryAttr({}));
  for (auto &[name, value] : values) {
    types.push_back(value.getType());
    terminator->insertOperands(terminator->getNumOperands(), value);
    SmallVector<Attribute> dims;
    for (const DimExpr &extent : shapes.get(value))
      dims.push_back(builder.getStringAttr(
          extent.getConstant() ? std::string() : extent.str()));
    attributes.push_back(builder.getDictionaryAttr(
        {builder.getNamedAttr(kNameAttr, builder.getStringAttr(name)),
         builder.getNamedAttr(kDimsAttr, builder.getArrayAttr(dims))}));
  }
  function.setType(builder.getFunctionType(function.getArgumentTypes(), types));
  function.setAllResultAttrs(attributes);
}

llvm::Expected<std::unique_ptr<ObservedModel>>
ObservedModel::create(MLIRContext &context, const CompilerOptions &options,
                      bool isHybrid, int threads) {
  Compilation compilation(context, options);
  if (llvm::Error error = loadAndRaise(compilation))
    return std::move(error);
  ModuleOp module = *compilation.getVariants().front().module;
  std::unique_ptr<ObservedModel> observed(new ObservedModel);
  func::FuncOp function = findModelFunction(module);
  if (!function)
    return userErrorf("'{0}' has no function to run", options.input);
  SymbolicShapes shapes(function.front());
  std::vector<std::pair<std::string, Value>> values;
  for (auto [index, op] : llvm::enumerate(getAttentionLayers(module))) {
    observed->layers.push_back(
        {describePlace(op.getLoc()), refuseLayer(op, shapes, isHybrid)});
    AttentionSamples &samples = observed->samples.emplace_back();
    samples.layer = observed->layers.back().name;
    samples.heads = op.getHeads();
    samples.kvHeads = op.getKvHeads();
    samples.headDim = op.getHeadDim();
    samples.valueDim = op.getValueDim();
    samples.scale = op.getScale().convertToDouble();
    samples.causal = op.getCausal() != Causal::none;
    if (observed->layers.back().refusal)
      continue;
    Value parts[] = {op.getQuery(), op.getKey(), op.getValue()};
    for (auto [part, value] : llvm::zip_equal(kParts, parts))
      values.emplace_back(getOutputName(index, part), value);
  }
  addResults(function, values, shapes);
  auto model = RunnableModel::create(compilation, threads);
  if (!model)
    return model.takeError();
  observed->model = std::move(*model);
  return observed;
}

llvm::Expected<std::vector<AttentionSamples>>
ObservedModel::capture(ArrayRef<TokenSequence> sequences) {
  std::vector<std::string> outputs;
  for (auto [index, layer] : llvm::enumerate(layers))
    if (!layer.refusal)
      for (StringRef part : kParts)
        outputs.push_back(getOutputName(index, part));
  std::vector<AttentionSamples> result = samples;
  for (const TokenSequence &sequence : sequences) {
    llvm::Expected<llvm::StringMap<RunOutput>> found =
        model->run(sequence, outputs);
    if (!found)
      return found.takeError();
    for (auto [index, layer] : llvm::enumerate(layers)) {
      if (layer.refusal)
        continue;
      auto take = [&](StringRef part) {
        return std::move((*found)[getOutputName(index, part)].values);
      };
      result[index].sequences.push_back({static_cast<int64_t>(sequence.size()),
                                         take("query"), take("key"),
                                         take("value")});
    }
  }
  return result;
}

static std::string getWeightsName(size_t layer) {
  return "linear_attention." + std::to_string(layer);
}
static std::string getSwitchName(int64_t layer) {
  return llvm::formatv("attention.{0}.linear", layer).str();
}

/// Loads the model and calls `rewrite` with its layers that have parameters.
static llvm::Error
rewriteLayers(Compilation &compilation,
              ArrayRef<const LayerParameters *> parameters,
              llvm::function_ref<void(AttentionOp, const LayerParameters &,
                                      int64_t layer)>
                  rewrite) {
  if (llvm::Error error = loadAndRaise(compilation))
    return error;
  ModuleOp module = *compilation.getVariants().front().module;
  SmallVector<AttentionOp> layers = getAttentionLayers(module);
  if (layers.size() != parameters.size())
    return internalError("the model has another number of layers than before");
  for (auto [index, layer] : llvm::enumerate(parameters))
    if (layer)
      rewrite(layers[index], *layer, index);
  return llvm::Error::success();
}

llvm::Expected<std::unique_ptr<RunnableModel>>
attune::createLinearModel(MLIRContext &context, const CompilerOptions &options,
                          ArrayRef<const LayerParameters *> parameters,
                          int threads) {
  Compilation compilation(context, options);
  auto rewrite = [](AttentionOp attention, const LayerParameters &layer,
                    int64_t index) {
    linearizeLayer(attention, layer, getWeightsName(index));
  };
  if (llvm::Error error = rewriteLayers(compilation, parameters, rewrite))
    return std::move(error);
  return RunnableModel::create(compilation, threads);
}

/// An input [1, 1, 1] that is broadcast over a layer's result.
static Value addSwitch(func::FuncOp function, StringRef name) {
  Builder builder(function.getContext());
  unsigned place = function.getNumArguments();
  auto type = RankedTensorType::get({1, 1, 1}, builder.getI64Type());
  DictionaryAttr attributes = builder.getDictionaryAttr(
      {builder.getNamedAttr(kNameAttr, builder.getStringAttr(name)),
       builder.getNamedAttr(kDimsAttr, builder.getStrArrayAttr({"", "", ""}))});
  // It fails for arguments of signatures that are not the function's own.
  (void)function.insertArgument(place, type, attributes, function.getLoc());
  return function.getArgument(place);
}

llvm::Expected<std::unique_ptr<SwitchedModel>>
SwitchedModel::create(MLIRContext &context, const CompilerOptions &options,
                      ArrayRef<const LayerParameters *> parameters,
                      int threads) {
  std::unique_ptr<SwitchedModel> result(new SwitchedModel);
  Compilation compilation(context, options);
  auto rewrite = [&](AttentionOp attention, const LayerParameters &layer,
                     int64_t index) {
    auto function = attention->getParentOfType<func::FuncOp>();
    Value isLinear = addSwitch(function, getSwitchName(index));
    OpBuilder builder(attention);
    Location loc = attention.getLoc();
    auto copy = cast<AttentionOp>(builder.clone(*attention));
    auto condition = CastOp::create(
        builder, loc, RankedTensorType::get({1, 1, 1}, builder.getI1Type()),
        isLinear, /*saturate=*/false);
    Value softmax = attention.getResult();
    builder.setInsertionPointAfter(attention);
    auto chosen = WhereOp::create(builder, loc, softmax.getType(), condition,
                                  copy.getResult(), softmax);
    softmax.replaceAllUsesExcept(chosen, chosen);
    linearizeLayer(copy, layer, getWeightsName(index));
    result->switched.push_back(index);
  };
  if (llvm::Error error = rewriteLayers(compilation, parameters, rewrite))
    return std::move(error);
  auto model = RunnableModel::create(compilation, threads);
  if (!model)
    return model.takeError();
  result->model = std::move(*model);
  return result;
}

RunnableModel &SwitchedModel::select(ArrayRef<int64_t> layers) {
  for (int64_t layer : switched)
    model->setInput(getSwitchName(layer), llvm::is_contained(layers, layer));
  return *model;
}
