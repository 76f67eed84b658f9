//===- ModelTestSupport.h - Files and models made for tests -----*- C++ -*-===//

#ifndef ATTUNE_TEST_UNIT_MODEL_MODELTESTSUPPORT_H
#define ATTUNE_TEST_UNIT_MODEL_MODELTESTSUPPORT_H

#include "attune/Model/ModelDescription.h"
#include "attune/Model/WeightStore.h"
#include "attune/Support/Error.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include "gtest/gtest.h"

#include <cstdint>
#include <string>
#include <vector>

namespace attune::test {

/// A new directory that is removed with everything in it.
class TempDirectory {
public:
  TempDirectory();
  ~TempDirectory();
  TempDirectory(const TempDirectory &) = delete;
  TempDirectory &operator=(const TempDirectory &) = delete;

  const std::string &path() const { return root; }
  std::string path(llvm::StringRef file) const;
  /// Writes a file, with the directories that it needs.
  std::string write(llvm::StringRef file, llvm::StringRef content) const;

private:
  std::string root;
};

/// A tensor for makeSafetensors; `bytes` may be left empty for zeros.
struct TestTensor {
  std::string name, dtype;
  std::vector<int64_t> shape;
  std::string bytes;
};

/// A valid safetensors file.
std::string makeSafetensors(llvm::ArrayRef<TestTensor> tensors);
/// A safetensors file of any header text and data.
std::string makeRawSafetensors(llvm::StringRef header, llvm::StringRef data);

/// Every weight that the model needs, by the names of its scheme behind
/// `prefix`, filled with zeros.
std::vector<TestTensor> weightsOf(const ModelDescription &model,
                                  llvm::StringRef prefix = "",
                                  llvm::StringRef dtype = "F32");

/// A BERT of two layers, hidden size 8, two heads, vocabulary 10.
extern const char kTinyBertConfig[];
/// The same as a description.
ModelDescription tinyBert();

/// The message of an error and its exit status.
struct Failure {
  std::string message;
  int exitCode = 0;
};

Failure failureOf(llvm::Error error);
template <typename T> Failure failureOf(llvm::Expected<T> value) {
  return failureOf(value ? llvm::Error::success() : value.takeError());
}

/// Fails the test, with the message, unless there is a value.
template <typename T> T valueOf(llvm::Expected<T> value) {
  if (value)
    return std::move(*value);
  ADD_FAILURE() << llvm::toString(value.takeError());
  std::abort();
}

/// Expects a UserError whose message has all of `parts`.
void expectUserError(const Failure &failure, std::vector<std::string> parts);
/// Expects an UnsupportedError whose message has all of `parts`.
void expectUnsupported(const Failure &failure, std::vector<std::string> parts);

} // namespace attune::test

#endif // ATTUNE_TEST_UNIT_MODEL_MODELTESTSUPPORT_H
