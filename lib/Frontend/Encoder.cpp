//===- Encoder.cpp - The entry function of an encoder ---------------------===//
#include "Importers.h"

using namespace mlir;
using namespace attune;

OwningOpRef<ModuleOp> attune::importEncoder(MLIRContext &context,
                                            const LoadedModel &loaded) {
  const ModelDescription &model = loaded.description;
  ModelBuilder builder(context, loaded);
  SmallVector<ModelBuilder::Input> signature = {
      {model.inputs.inputIds, model.vocabularySize, ""},
      {model.inputs.attentionMask, 2, "ones"}};
  if (model.embedding.segmentTypes > 0 && !model.inputs.tokenTypeIds.empty())
    signature.push_back(
        {model.inputs.tokenTypeIds, model.embedding.segmentTypes, "zeros"});
  SmallVector<Value> arguments = builder.beginForward(signature);
  EncoderInputs inputs = {arguments[0], arguments[1],
                          arguments.size() > 2 ? arguments[2] : Value()};

  Value hidden = importEmbeddings(builder, inputs);
  for (int64_t layer = 0; layer < model.layers; ++layer)
    hidden = importEncoderLayer(builder, hidden, inputs.attentionMask, layer);
  if (model.norm.finalNorm)
    hidden = builder.norm(hidden, WeightRole::FinalNormWeight,
                          WeightRole::FinalNormBias);

  SmallVector<ModelOutput> outputs;
  outputs.push_back({hidden, "last_hidden_state", {"batch", "length", ""}});
  importPooler(builder, hidden, outputs);
  importSentenceEmbedding(builder, hidden, inputs.attentionMask, outputs);
  return builder.endForward(outputs);
}
