//===- Encoder.cpp - The entry function of an encoder ---------------------===//
#include "Importers.h"

using namespace mlir;
using namespace attune;

OwningOpRef<ModuleOp> attune::importEncoder(MLIRContext &context,
                                            const LoadedModel &loaded) {
  const ModelDescription &model = loaded.description;
  ModelBuilder builder(context, loaded);
  SmallVector<ModelInput> signature = {
      builder.idInput(model.inputs.inputIds, model.vocabularySize),
      builder.idInput(model.inputs.attentionMask, 2, "ones")};
  if (model.embedding.segmentTypes > 0 && !model.inputs.tokenTypeIds.empty())
    signature.push_back(builder.idInput(model.inputs.tokenTypeIds,
                                        model.embedding.segmentTypes, "zeros"));
  SmallVector<Value> arguments = builder.beginForward(signature);
  IdInputs inputs = {arguments[0], arguments[1],
                     arguments.size() > 2 ? arguments[2] : Value(),
                     /*positionIds=*/Value()};

  Value hidden = importEmbeddings(builder, inputs);
  for (int64_t layer = 0; layer < model.layers; ++layer) {
    AttentionContext attention = {layer, inputs.attentionMask, {}, {}};
    hidden = importLayer(builder, hidden, attention);
  }
  if (model.norm.finalNorm)
    hidden = builder.norm(hidden, WeightRole::FinalNormWeight,
                          WeightRole::FinalNormBias);

  SmallVector<ModelOutput> outputs;
  outputs.push_back({hidden, "last_hidden_state", {"batch", "length", ""}});
  importPooler(builder, hidden, outputs);
  importSentenceEmbedding(builder, hidden, inputs.attentionMask, outputs);
  return builder.endForward(outputs);
}
