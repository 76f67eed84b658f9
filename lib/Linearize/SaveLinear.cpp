//===- SaveLinear.cpp - The rewritten model as files ----------------------===//
#include "attune/Linearize/SaveLinear.h"
#include "attune/Model/SaveModel.h"
#include "attune/Support/Error.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <cmath>

using namespace attune;
namespace fs = llvm::sys::fs;

static llvm::Error checkDirectory(llvm::StringRef directory) {
  fs::file_status status;
  if (directory.empty() || fs::status(directory, status) || !fs::exists(status))
    return directory.empty() ? userError("-o: expected a directory")
                             : llvm::Error::success();
  std::error_code error;
  if (fs::is_directory(status) &&
      fs::directory_iterator(directory, error) == fs::directory_iterator())
    return llvm::Error::success();
  return userErrorf("-o {0}: there is something of this name; expected a "
                    "directory that is empty or not there yet",
                    directory);
}

llvm::Error attune::checkSaved(const LinearizeOptions &options,
                               llvm::StringRef directory) {
  if (llvm::Error error = checkDirectory(directory))
    return error;
  const std::string &input = options.compiler.input;
  llvm::StringRef extension = llvm::sys::path::extension(input);
  if (extension == ".onnx" || extension == ".mlir")
    return userErrorf("-o: '{0}' is a graph, to which no description of a "
                      "model with linear layers belongs; leave out -o for the "
                      "report, or give a directory or a YAML description",
                      input);
  llvm::Expected<ModelDescription> model = loadModelDescription(input);
  if (!model)
    return model.takeError();
  if (model->sharing.groups > 0)
    return userErrorf("-o: layers of '{0}' share their weights, and those of "
                      "feature maps would be of one layer each; leave out -o "
                      "for the report",
                      input);
  if (model->attention.kind != AttentionKind::Softmax)
    return userErrorf("-o: '{0}' has linear layers of its own already, and a "
                      "description has one kind of them",
                      input);
  if (model->topology == Topology::Decoder &&
      (options.fit.window > 0 || options.fit.sinks > 0))
    return userErrorf("-o: '{0}' is a decoder, whose layers carry a state from "
                      "call to call and no near keys; leave out --window and "
                      "--sinks, or -o",
                      input);
  return llvm::Error::success();
}

static FeatureKind getKind(LinearMap map) {
  switch (map) {
  case LinearMap::Elu1:
    return FeatureKind::Elu1;
  case LinearMap::Relu:
    return FeatureKind::Relu;
  case LinearMap::Favor:
    return FeatureKind::Favor;
  case LinearMap::FavorHyperbolic:
    return FeatureKind::FavorHyperbolic;
  case LinearMap::Taylor2:
    return FeatureKind::Taylor2;
  case LinearMap::Calibrated:
    return FeatureKind::Exp;
  }
  llvm_unreachable("a map of the enum");
}

static FeatureDescription describeFeatures(const LayerParameters &layer,
                                           const SideWeights &side) {
  FeatureDescription features;
  features.kind = getKind(layer.map);
  features.projection = side.rows;
  features.scale = layer.scale;
  features.bias = !side.bias.empty();
  features.mix = side.mix.empty() ? 0 : side.features;
  features.tilt = !side.tilt.empty();
  // Without near keys constants are in numerator and denominator alike.
  features.offset = layer.isHybrid() && !side.offset.empty();
  return features;
}

static void setWeights(ModelWeights &weights, int64_t layer,
                       const LayerParameters &parameters) {
  using R = WeightRole;
  auto set = [&](const SideWeights &side, R projection, R bias, R mix, R tilt,
                 R offset) {
    for (auto [role, values] :
         {std::pair(projection, &side.projection), std::pair(bias, &side.bias),
          std::pair(mix, &side.mix), std::pair(tilt, &side.tilt),
          std::pair(offset, &side.offset)})
      if (!values->empty())
        weights.set(role, layer, *values);
  };
  set(parameters.query, R::QueryFeatureProjection, R::QueryFeatureBias,
      R::QueryFeatureMix, R::QueryFeatureTilt, R::QueryFeatureOffset);
  set(parameters.key, R::KeyFeatureProjection, R::KeyFeatureBias,
      R::KeyFeatureMix, R::KeyFeatureTilt, R::KeyFeatureOffset);
}

llvm::Error attune::saveLinearModel(const LinearizeOptions &options,
                                    const LinearizeReport &report,
                                    llvm::StringRef directory) {
  if (llvm::Error error = checkDirectory(directory))
    return error;
  llvm::Expected<LoadedModel> model = loadModel(options.compiler.input);
  if (!model)
    return model.takeError();
  ModelDescription description = model->description;
  if (description.layers != static_cast<int64_t>(report.layers.size()))
    return internalError("the model has another number of layers than its "
                         "attention");
  ModelWeights weights(*model);
  description.attention.kind = AttentionKind::Linear;
  LinearDescription &linear = description.attention.linear;
  linear = LinearDescription();
  for (int64_t layer : report.getChosen()) {
    const LayerParameters &parameters = *report.parameters[layer];
    linear.layers.push_back(layer);
    linear.features = describeFeatures(parameters, parameters.query);
    linear.keyFeatures = describeFeatures(parameters, parameters.key);
    setWeights(weights, layer, parameters);
  }
  linear.window = report.fit.window;
  linear.sinks = report.fit.sinks;
  if (!linear.isHybrid())
    linear.denominator = 0;

  // Complete under another name before it gets its own.
  llvm::StringRef target = directory.rtrim('/');
  llvm::SmallString<256> temporary;
  fs::createUniquePath(target + ".%%%%%%%%.tmp", temporary,
                       /*MakeAbsolute=*/false);
  llvm::scope_exit remove(
      [&] { (void)fs::remove_directories(temporary, /*IgnoreErrors=*/true); });
  if (llvm::Error error =
          saveModel(temporary, description, weights, model->directory))
    return error;
  if (std::error_code error = fs::rename(temporary, target))
    return userErrorf("{0}: cannot be written: {1}", target, error.message());
  return llvm::Error::success();
}
