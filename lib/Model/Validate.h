//===- Validate.h - Checks of a model description ---------------*- C++ -*-===//

#ifndef ATTUNE_LIB_MODEL_VALIDATE_H
#define ATTUNE_LIB_MODEL_VALIDATE_H

#include "attune/Model/ModelFamily.h"
#include "attune/Support/Error.h"

namespace attune {

/// Adds all problems of a description to `problems`. `names` are what the file
/// that it came from calls its fields; the others have their names in YAML.
void collectProblems(const ModelDescription &model,
                     llvm::ArrayRef<FieldName> names, ProblemList &problems);

/// Adds problems of values to a list, under the names that the reader of the
/// message knows the fields by.
class FieldChecks {
public:
  FieldChecks(llvm::ArrayRef<FieldName> names, ProblemList &problems)
      : names(names), problems(problems) {}

  llvm::StringRef nameOf(llvm::StringRef field) const;
  /// Whether low <= value <= high; a problem if not.
  bool inRange(llvm::StringRef what, int64_t value, int64_t low, int64_t high);
  void positiveFinite(llvm::StringRef what, double value);
  /// Finite and 0 or more.
  void notNegative(llvm::StringRef what, double value);
  /// A problem when `wrong`: "FIELD is WHAT: WHY".
  void refuse(bool wrong, llvm::StringRef field, const llvm::Twine &what,
              const llvm::Twine &why);

  ProblemList &getProblems() { return problems; }

private:
  llvm::ArrayRef<FieldName> names;
  ProblemList &problems;
};

/// ValidateAttention.cpp: the attention of a model whose other parts are
/// checked elsewhere.
void checkAttention(const ModelDescription &model, FieldChecks &checks);

/// No width of a model is larger: far above every published model, low enough
/// that sums of a few products of two of them fit 64 bits.
constexpr int64_t kMaxWidth = int64_t(1) << 20;

} // namespace attune

#endif // ATTUNE_LIB_MODEL_VALIDATE_H
