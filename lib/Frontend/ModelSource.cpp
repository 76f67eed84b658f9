//===- ModelSource.cpp - A model that imports itself ----------------------===//
#include "attune/Frontend/ModelSource.h"
#include "attune/Frontend/ImportModel.h"
#include "attune/Frontend/Onnx/ImportOnnx.h"
#include "attune/Support/Error.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace attune;

ModelSource::~ModelSource() = default;

namespace {

/// A Hugging Face directory or YAML.
class DescribedSource : public ModelSource {
public:
  explicit DescribedSource(LoadedModel loaded)
      : ModelSource(loaded.directory), model(std::move(loaded)) {}

  llvm::Expected<OwningOpRef<ModuleOp>>
  import(MLIRContext &context) const override {
    return importModel(context, model);
  }
  const ModelDescription *getDescription() const override {
    return &model.description;
  }

private:
  LoadedModel model;
};

class OnnxSource : public ModelSource {
public:
  OnnxSource(OnnxModel loaded, StringRef path)
      : ModelSource(loaded.directory), model(std::move(loaded)), path(path) {}

  llvm::Expected<OwningOpRef<ModuleOp>>
  import(MLIRContext &context) const override {
    return importOnnx(context, model, llvm::sys::path::stem(path), path);
  }

private:
  OnnxModel model;
  std::string path;
};

} // namespace

llvm::Expected<std::unique_ptr<ModelSource>>
attune::openModel(StringRef path, ArrayRef<FixedInput> fixed) {
  if (llvm::sys::path::extension(path) == ".onnx") {
    llvm::Expected<OnnxModel> model = loadOnnxModel(path);
    if (!model)
      return model.takeError();
    for (const FixedInput &input : fixed)
      if (llvm::Error error = fixInput(*model, input))
        return std::move(error);
    return std::make_unique<OnnxSource>(std::move(*model), path);
  }
  if (!fixed.empty())
    return userErrorf("--fix-input={0}: only inputs of ONNX models can be "
                      "fixed, and '{1}' is none",
                      fixed.front().name, path);
  llvm::Expected<LoadedModel> model = loadModel(path);
  if (!model)
    return model.takeError();
  if (llvm::Error error = model->requireWeights())
    return std::move(error);
  return std::make_unique<DescribedSource>(std::move(*model));
}
