//===- FrontendTestSupport.h - Small models as modules ----------*- C++ -*-===//
#ifndef ATTUNE_TEST_UNIT_FRONTEND_FRONTENDTESTSUPPORT_H
#define ATTUNE_TEST_UNIT_FRONTEND_FRONTENDTESTSUPPORT_H

#include "../Model/ModelTestSupport.h"
#include "attune/Dialect/Attune/IR/Attune.h"
#include "attune/Frontend/ImportModel.h"
#include "attune/Model/LoadModel.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace attune::test {

/// A Hugging Face directory with its model, loaded and imported. Weights are
/// zeros under the names of the family's scheme.
class SmallModel {
public:
  /// `config` is the text of config.json. With `withPooler` false the files
  /// lack the pooler.
  explicit SmallModel(llvm::StringRef config, llvm::StringRef prefix = "",
                      llvm::StringRef dtype = "F32", bool withPooler = true);

  /// Adds a file to the directory before it is loaded.
  void write(llvm::StringRef file, llvm::StringRef content) {
    directory.write(file, content);
  }
  LoadedModel load() { return valueOf(loadModel(directory.path())); }
  mlir::OwningOpRef<mlir::ModuleOp> import() {
    LoadedModel model = load();
    return valueOf(importModel(context, model));
  }

  mlir::MLIRContext context;

private:
  TempDirectory directory;
};

/// Configurations of small models; `layers` may be 1 or more.
std::string bertConfig(int layers, llvm::StringRef activation = "gelu");
std::string robertaConfig(int layers);
std::string distilBertConfig(int layers);
std::string albertConfig(int layers);

template <typename Op> unsigned count(mlir::ModuleOp module) {
  unsigned number = 0;
  module.walk([&](Op) { ++number; });
  return number;
}

mlir::func::FuncOp getForward(mlir::ModuleOp module);
/// The values of a string attribute of all arguments (or results).
std::vector<std::string> argNames(mlir::func::FuncOp function);
std::vector<std::string> resultNames(mlir::func::FuncOp function);
/// The name of the op's location, "" when it has none.
std::string locationOf(mlir::Operation *op);

/// Runs the pipeline of the phase `fuse`, then outlines kernels.
void fuse(mlir::ModuleOp module, std::vector<std::string> disabled = {});
void outline(mlir::ModuleOp module);

} // namespace attune::test

#endif // ATTUNE_TEST_UNIT_FRONTEND_FRONTENDTESTSUPPORT_H
