//===- ConfigObject.h - Typed access to a JSON configuration ----*- C++ -*-===//

#ifndef ATTUNE_MODEL_CONFIGOBJECT_H
#define ATTUNE_MODEL_CONFIGOBJECT_H

#include "attune/Model/ModelDescription.h"
#include "attune/Support/Error.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/JSON.h"

#include <optional>

namespace attune {

/// A JSON object whose fields are read with their expected type. What is
/// missing or of the wrong type goes into the list of problems and a default
/// comes back, so that one run finds all problems. A null counts as absent.
class ConfigObject {
public:
  ConfigObject(const llvm::json::Object &object, ProblemList &problems,
               llvm::StringRef file)
      : object(object), problems(problems), file(file) {}

  bool has(llvm::StringRef key) const;
  /// False once a required field was missing or one had a wrong type.
  bool isComplete() const { return complete; }

  /// An integer that must be there. A missing one gives 0.
  int64_t requireInteger(llvm::StringRef key);
  int64_t integer(llvm::StringRef key, int64_t absent);
  double number(llvm::StringRef key, double absent);
  bool boolean(llvm::StringRef key, bool absent);
  std::string string(llvm::StringRef key, llvm::StringRef absent);

  /// An activation by its name in transformers; one without code is reported
  /// as unsupported with the list of those that have.
  Activation activation(llvm::StringRef key, llvm::StringRef absent);

  /// Reports `key` as unsupported when it is true.
  void refuseTrue(llvm::StringRef key, llvm::StringRef why);
  /// Reports `key` as unsupported when it is a string other than `only`.
  void refuseOtherThan(llvm::StringRef key, llvm::StringRef only);

  ProblemList &getProblems() { return problems; }
  llvm::StringRef getFile() const { return file; }

private:
  const llvm::json::Value *get(llvm::StringRef key) const;
  void wrongType(llvm::StringRef key, llvm::StringRef expected,
                 const llvm::json::Value &found);

  const llvm::json::Object &object;
  ProblemList &problems;
  llvm::StringRef file;
  bool complete = true;
};

} // namespace attune

#endif // ATTUNE_MODEL_CONFIGOBJECT_H
