//===- LoadModel.cpp - A model from a directory or a YAML file ------------===//

#include "attune/Model/LoadModel.h"
#include "attune/Model/ModelFamily.h"
#include "attune/Model/ModelYAML.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace attune {

static constexpr uint64_t kMaxDescriptionBytes = 4 << 20;

Error LoadedModel::requireWeights() const {
  if (weights)
    return Error::success();
  return userErrorf("the description of {0} names no weights: add\n"
                    "  weights:\n    path: model.safetensors\n"
                    "to it (relative to the description)",
                    description.name);
}

static std::string joinPath(StringRef directory, StringRef part) {
  SmallString<256> path(directory);
  if (!part.empty() && part != ".")
    sys::path::append(path, part);
  return std::string(path);
}

/// The name of a directory, also when the path ends with a slash or is ".".
static std::string directoryName(StringRef directory) {
  SmallString<256> path(directory);
  if (sys::fs::make_absolute(path))
    return "model";
  sys::path::remove_dots(path, /*remove_dot_dot=*/true);
  StringRef name = sys::path::filename(path);
  return name.empty() || name == "/" ? "model" : printable(name);
}

namespace {
/// A description and where its files are.
struct Described {
  ModelDescription description;
  std::string directory;
  /// What WeightStore::open takes; empty: no weights.
  std::string weightsPath;
  /// Says all there is, whatever tensors the weight files have.
  bool isExact = false;
};
} // namespace

static Expected<Described> describeDirectory(StringRef path) {
  std::string transformerPath;
  Expected<std::optional<SentenceDescription>> sentence =
      readSentenceModules(path, transformerPath);
  if (!sentence)
    return sentence.takeError();
  Described result;
  result.directory = joinPath(path, transformerPath);
  result.weightsPath = result.directory;
  std::string config = joinPath(result.directory, "config.json");
  if (!sys::fs::exists(config))
    return userErrorf("{0}: not a model directory: it has neither config.json "
                      "nor model.yaml",
                      printable(result.directory, 400));
  Expected<std::unique_ptr<MemoryBuffer>> text =
      readFile(config, kMaxDescriptionBytes);
  if (!text)
    return text.takeError();
  Expected<ModelDescription> description =
      readConfig((*text)->getBuffer(), config, directoryName(path));
  if (!description)
    return description.takeError();
  if (*sentence) {
    description->sentence = std::move(**sentence);
    // Files in the wild promise more than the model's positions allow.
    int64_t limit = description->maxSequenceLength();
    int64_t &maxLength = description->sentence->maxLength;
    if (limit > 0)
      maxLength = std::min(maxLength, limit);
    if (Error error = validate(*description, path))
      return std::move(error);
  }
  result.description = std::move(*description);
  return result;
}

static Expected<Described> describeYAML(StringRef path) {
  Expected<std::unique_ptr<MemoryBuffer>> text =
      readFile(path, kMaxDescriptionBytes);
  if (!text)
    return text.takeError();
  Expected<ModelDescription> description =
      readModelYAML((*text)->getBuffer(), path);
  if (!description)
    return description.takeError();
  Described result;
  result.isExact = true;
  result.description = std::move(*description);
  result.directory = sys::path::parent_path(path).str();
  if (result.directory.empty())
    result.directory = ".";
  const std::string &weights = result.description.weights.path;
  if (!weights.empty())
    result.weightsPath = sys::path::is_absolute(weights)
                             ? weights
                             : joinPath(result.directory, weights);
  return result;
}

static Expected<Described> describeModel(StringRef path) {
  if (path.empty() || path.contains('\0'))
    return userError("expected the path of a model, found an empty one");
  if (!sys::fs::exists(path))
    return fileUserError(
        printable(path, 400), "open",
        std::make_error_code(std::errc::no_such_file_or_directory));
  if (sys::fs::is_directory(path)) {
    std::string yaml = joinPath(path, "model.yaml");
    bool isSaved = sys::fs::exists(yaml) &&
                   !sys::fs::exists(joinPath(path, "config.json"));
    return isSaved ? describeYAML(yaml) : describeDirectory(path);
  }
  StringRef extension = sys::path::extension(path);
  if (extension == ".yaml" || extension == ".yml")
    return describeYAML(path);
  return userErrorf("{0}: not a model that Attune reads: expected a Hugging "
                    "Face directory, an .onnx file or a .yaml description",
                    printable(path, 400));
}

Expected<ModelDescription> loadModelDescription(StringRef path) {
  Expected<Described> described = describeModel(path);
  if (!described)
    return described.takeError();
  return std::move(described->description);
}

Expected<LoadedModel> loadModel(StringRef path) {
  Expected<Described> described = describeModel(path);
  if (!described)
    return described.takeError();
  LoadedModel model;
  model.description = std::move(described->description);
  model.directory = std::move(described->directory);
  if (described->weightsPath.empty())
    return std::move(model);

  Expected<WeightStore> store = WeightStore::open(described->weightsPath);
  if (!store)
    return store.takeError();
  model.weights = std::make_unique<WeightStore>(std::move(*store));
  // A YAML description is taken at its word.
  if (!described->isExact)
    model.description =
        adaptToWeights(std::move(model.description), *model.weights);
  Expected<ResolvedWeights> resolved =
      ResolvedWeights::resolve(model.description, *model.weights);
  if (!resolved)
    return resolved.takeError();
  model.resolved = std::move(*resolved);
  return std::move(model);
}

} // namespace attune
