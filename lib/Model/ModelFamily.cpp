//===- ModelFamily.cpp - The registry and the config.json reader ----------===//

#include "attune/Model/ModelFamily.h"
#include "Families/Families.h"
#include "Validate.h"
#include "attune/Support/File.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace attune {

ArrayRef<const ModelFamily *> modelFamilies() {
  static const ModelFamily *const kFamilies[] = {
#define ATTUNE_MODEL_FAMILY(NAME) &NAME##Family(),
#include "Families/Families.def"
#undef ATTUNE_MODEL_FAMILY
  };
  return kFamilies;
}

const ModelFamily *findModelFamily(StringRef modelType) {
  for (const ModelFamily *family : modelFamilies())
    if (llvm::is_contained(family->modelTypes, modelType))
      return family;
  return nullptr;
}

std::vector<std::string> supportedModelTypes() {
  std::vector<std::string> types;
  for (const ModelFamily *family : modelFamilies())
    for (StringRef type : family->modelTypes)
      types.push_back(type.str());
  llvm::sort(types);
  return types;
}

Expected<ModelDescription> readConfig(StringRef text, StringRef file,
                                      StringRef name) {
  Expected<json::Value> value = parseJSON(text, file);
  if (!value)
    return value.takeError();
  const json::Object *object = value->getAsObject();
  if (!object)
    return userErrorf("{0}: expected a JSON object", file);

  ProblemList problems;
  ConfigObject config(*object, problems, file);
  std::string modelType = config.string("model_type", "");
  if (!problems.empty())
    return problems.take(file);
  std::string supported = "supported: " + join(supportedModelTypes(), ", ");
  if (modelType.empty())
    return userErrorf("{0}: \"model_type\" is missing, it says the family of "
                      "the model ({1})",
                      file, supported);
  const ModelFamily *family = findModelFamily(modelType);
  if (!family)
    return unsupportedError(file + ": this model is not supported",
                            "model_type '" + printable(modelType) + "'", file,
                            supported);

  ModelDescription model;
  model.name = name.str();
  model.family = modelType;
  model.weights.scheme = family->scheme.name.str();
  family->read(config, model);
  // Stand-ins for what is missing would only give further messages.
  if (config.isComplete())
    collectProblems(model, family->fieldNames, problems);
  if (Error error = problems.take(file))
    return std::move(error);
  return model;
}

} // namespace attune
