//===- ImportModel.cpp - A model description becomes IR -------------------===//
#include "attune/Frontend/ImportModel.h"
#include "Importers.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;
using namespace attune;

llvm::Expected<OwningOpRef<ModuleOp>>
attune::importModel(MLIRContext &context, const LoadedModel &model) {
  if (llvm::Error error = model.requireWeights())
    return std::move(error);
  ProblemList problems;
  checkSentencePooling(model.description, problems);
  if (!problems.empty())
    return problems.take(model.directory);

  context.loadDialect<AttuneDialect, func::FuncDialect>();
  OwningOpRef<ModuleOp> module;
  switch (model.description.topology) {
  case Topology::Encoder:
    module = importEncoder(context, model);
    break;
  case Topology::Decoder:
    module = importDecoder(context, model);
    break;
  }
  // Verifying names each fault by a diagnostic.
  if (!module || failed(verify(*module)))
    return internalError("the imported model does not verify");
  return std::move(module);
}
