//===- Decoder.cpp - The entry function of a decoder ----------------------===//
#include "Importers.h"

using namespace mlir;
using namespace attune;

/// Inputs of what each layer carries. States of linear layers may be left out,
/// at the begin of a sequence; keys and values may not, for they say how many
/// tokens there were.
static void addPastInputs(ModelBuilder &builder,
                          SmallVectorImpl<ModelInput> &signature) {
  const ModelDescription &model = builder.description();
  for (int64_t layer = 0; layer < model.layers; ++layer)
    for (const CarriedTensor &tensor : getCarried(model, layer))
      signature.push_back(
          {llvm::formatv("past.{0}.{1}", layer, tensor.name).str(),
           RankedTensorType::get(tensor.shape, builder.ops().getF32Type()),
           tensor.pastDims, /*limit=*/0,
           model.attention.isLinear(layer) ? "zeros" : ""});
}

static bool hasSoftmaxLayers(const ModelDescription &model) {
  for (int64_t layer = 0; layer < model.layers; ++layer)
    if (!model.attention.isLinear(layer))
      return true;
  return false;
}

/// x E^T + b.
static Value importHead(ModelBuilder &builder, const HeadDescription &head,
                        Value hidden) {
  if (!head.tied)
    return builder.linear(hidden, WeightRole::HeadWeight, WeightRole::HeadBias);
  builder.enter("head");
  Value logits =
      builder.matmul(hidden, builder.weight(WeightRole::TokenEmbedding),
                     /*transposeRhs=*/true);
  return head.bias ? builder.add(logits, builder.weight(WeightRole::HeadBias))
                   : logits;
}

OwningOpRef<ModuleOp> attune::importDecoder(MLIRContext &context,
                                            const LoadedModel &loaded) {
  const ModelDescription &model = loaded.description;
  ModelBuilder builder(context, loaded);
  int64_t longest = model.maxSequenceLength();
  if (hasSoftmaxLayers(model))
    builder.setLimits({{"length", longest}, {"past", longest}}, {"past"});
  SmallVector<ModelInput> signature = {
      builder.idInput(model.inputs.inputIds, model.vocabularySize)};
  if (longest)
    signature.push_back(builder.idInput(model.inputs.positionIds, longest));
  size_t firstPast = signature.size();
  addPastInputs(builder, signature);
  SmallVector<Value> arguments = builder.beginForward(signature);
  IdInputs inputs;
  inputs.inputIds = arguments[0];
  if (longest)
    inputs.positionIds = arguments[1];

  Value hidden = importEmbeddings(builder, inputs);
  ArrayRef<Value> past = ArrayRef(arguments).drop_front(firstPast);
  SmallVector<ModelOutput> carried;
  for (int64_t layer = 0; layer < model.layers; ++layer) {
    SmallVector<CarriedTensor> tensors = getCarried(model, layer);
    AttentionContext attention;
    attention.layer = layer;
    attention.past = llvm::to_vector(past.take_front(tensors.size()));
    past = past.drop_front(tensors.size());
    hidden = importLayer(builder, hidden, attention);
    for (auto [tensor, value] : llvm::zip_equal(tensors, attention.present))
      carried.push_back(
          {value, llvm::formatv("present.{0}.{1}", layer, tensor.name).str(),
           tensor.presentDims});
  }
  if (model.norm.finalNorm)
    hidden = builder.norm(hidden, WeightRole::FinalNormWeight,
                          WeightRole::FinalNormBias);

  SmallVector<ModelOutput> outputs;
  if (model.head)
    outputs.push_back({importHead(builder, *model.head, hidden),
                       "logits",
                       {"batch", "length", ""}});
  else
    outputs.push_back({hidden, "last_hidden_state", {"batch", "length", ""}});
  llvm::append_range(outputs, carried);
  return builder.endForward(outputs);
}
