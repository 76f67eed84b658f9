//===- ModelFamily.h - The families that config.json readers know -*- C++
//-*-===//
//
// To add a family: one file in lib/Model/Families that defines its ModelFamily,
// one line in lib/Model/Families/Families.def.
//
//===----------------------------------------------------------------------===//

#ifndef ATTUNE_MODEL_MODELFAMILY_H
#define ATTUNE_MODEL_MODELFAMILY_H

#include "attune/Model/ConfigObject.h"
#include "attune/Model/ModelDescription.h"
#include "attune/Model/WeightNames.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <vector>

namespace attune {

/// What config.json calls a field that YAML calls `field`; for messages.
struct FieldName {
  llvm::StringLiteral field;
  llvm::StringLiteral inConfig;
};

/// A family of models that one reader and one weight scheme serve.
struct ModelFamily {
  /// Values of "model_type" that it takes, e.g. roberta, xlm-roberta.
  llvm::ArrayRef<llvm::StringLiteral> modelTypes;
  /// Fills the description from config.json. Problems go to the config's
  /// list; the caller sets name and family, and validates:
  /// `read` need not check ranges.
  void (*read)(ConfigObject &config, ModelDescription &model);
  /// The names of its weights.
  const WeightScheme &scheme;
  /// The names of fields that `read` takes from the configuration.
  llvm::ArrayRef<FieldName> fieldNames;
};

/// All registered families.
llvm::ArrayRef<const ModelFamily *> modelFamilies();
/// The family of a model_type, or null.
const ModelFamily *findModelFamily(llvm::StringRef modelType);
/// All values of model_type that are supported, sorted.
std::vector<std::string> supportedModelTypes();

/// Reads the text of a config.json. `file` names it in messages, `name` becomes
/// ModelDescription::name. UserError: not JSON, values of the wrong kind or
/// absurd. UnsupportedError: unknown model_type, options without code; it lists
/// them all.
llvm::Expected<ModelDescription>
readConfig(llvm::StringRef text, llvm::StringRef file, llvm::StringRef name);

} // namespace attune

#endif // ATTUNE_MODEL_MODELFAMILY_H
