//===- FrontendTestSupport.cpp - Small models as modules ------------------===//
#include "FrontendTestSupport.h"
#include "attune/Dialect/Attune/Transforms/Passes.h"
#include "attune/Dialect/Attune/Transforms/Pipelines.h"
#include "attune/Model/ModelFamily.h"
#include "mlir/Pass/PassManager.h"

using namespace mlir;

namespace attune::test {

SmallModel::SmallModel(StringRef config, StringRef prefix, StringRef dtype,
                       bool withPooler) {
  ModelDescription model = valueOf(readConfig(config, "config.json", "small"));
  if (!withPooler)
    model.pooler = PoolerKind::None;
  directory.write("config.json", config);
  directory.write("model.safetensors",
                  makeSafetensors(weightsOf(model, prefix, dtype)));
}

std::string bertConfig(int layers, StringRef activation) {
  return llvm::formatv(R"({{
    "model_type": "bert", "vocab_size": 30, "hidden_size": 16,
    "num_hidden_layers": {0}, "num_attention_heads": 2,
    "intermediate_size": 24, "max_position_embeddings": 20,
    "type_vocab_size": 2, "hidden_act": "{1}", "pad_token_id": 0})",
                       layers, activation)
      .str();
}

std::string robertaConfig(int layers) {
  return llvm::formatv(R"({{
    "model_type": "roberta", "vocab_size": 30, "hidden_size": 16,
    "num_hidden_layers": {0}, "num_attention_heads": 4,
    "intermediate_size": 24, "max_position_embeddings": 20,
    "type_vocab_size": 1, "hidden_act": "gelu", "pad_token_id": 1})",
                       layers)
      .str();
}

std::string distilBertConfig(int layers) {
  return llvm::formatv(R"({{
    "model_type": "distilbert", "vocab_size": 30, "dim": 16,
    "n_layers": {0}, "n_heads": 2, "hidden_dim": 24,
    "max_position_embeddings": 20, "activation": "gelu",
    "pad_token_id": 0})",
                       layers)
      .str();
}

std::string albertConfig(int layers) {
  return llvm::formatv(R"({{
    "model_type": "albert", "vocab_size": 30, "embedding_size": 8,
    "hidden_size": 16, "num_hidden_layers": {0}, "num_hidden_groups": 1,
    "inner_group_num": 1, "num_attention_heads": 2, "intermediate_size": 24,
    "max_position_embeddings": 20, "type_vocab_size": 2,
    "hidden_act": "gelu_new", "pad_token_id": 0})",
                       layers)
      .str();
}

func::FuncOp getForward(ModuleOp module) {
  return module.lookupSymbol<func::FuncOp>("forward");
}

std::vector<std::string> argNames(func::FuncOp function) {
  std::vector<std::string> names;
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    names.push_back(function.getArgAttrOfType<StringAttr>(i, kNameAttr).str());
  return names;
}

std::vector<std::string> resultNames(func::FuncOp function) {
  std::vector<std::string> names;
  for (unsigned i = 0; i < function.getNumResults(); ++i)
    names.push_back(
        function.getResultAttrOfType<StringAttr>(i, kNameAttr).str());
  return names;
}

std::string locationOf(Operation *op) {
  auto loc = dyn_cast<NameLoc>(op->getLoc());
  return loc ? loc.getName().str() : std::string();
}

static void run(ModuleOp module, PassManager &manager) {
  EXPECT_TRUE(succeeded(manager.run(module)));
}

void fuse(ModuleOp module, std::vector<std::string> disabled) {
  PassManager manager(module.getContext());
  buildFusePipeline(manager, {std::move(disabled)});
  run(module, manager);
}

void outline(ModuleOp module) {
  PassManager manager(module.getContext());
  manager.addPass(createOutlineKernels());
  run(module, manager);
}

} // namespace attune::test
