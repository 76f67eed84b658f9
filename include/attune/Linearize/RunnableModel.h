//===- RunnableModel.h - A model run on token sequences ---------*- C++ -*-===//
#ifndef ATTUNE_LINEARIZE_RUNNABLEMODEL_H
#define ATTUNE_LINEARIZE_RUNNABLEMODEL_H

#include "attune/Compiler/InMemoryModel.h"
#include "attune/Runtime/Model.h"
#include "llvm/ADT/StringMap.h"

namespace attune {

/// Token ids of one text, without padding.
using TokenSequence = std::vector<int64_t>;

/// One output of a run, as floats.
struct RunOutput {
  llvm::SmallVector<int64_t> shape;
  std::vector<float> values;
};

/// A model compiled into this process. It takes token ids, and beside them at
/// most: masks, which are ones, positions, which count from 0, and integers and
/// states that may be absent or empty, for a sequence from its beginning.
class RunnableModel {
public:
  /// Compiles what has been loaded. UserErrors: inputs of other kinds.
  static llvm::Expected<std::unique_ptr<RunnableModel>>
  create(Compilation &compilation, int threads);
  ~RunnableModel();

  const AttuneModel &getDescriptor() const { return compiled->getDescriptor(); }

  /// The input that takes token ids.
  const AttuneTensorInfo &getIdsInput() const {
    return getDescriptor().inputs[idsInput];
  }
  /// Most tokens of a sequence; 0: no limit.
  int64_t getMaxLength() const;

  /// The ids of a text with those that the model wants around them, at most so
  /// many (0: what the model takes). A UserError when it has no tokenizer.
  llvm::Expected<TokenSequence> tokenize(llvm::StringRef text,
                                         int64_t maxLength = 0);

  /// Gives all elements of another integer input a value from now on.
  void setInput(llvm::StringRef name, int64_t value) { given[name] = value; }

  /// Runs one sequence by itself and returns the named outputs.
  llvm::Expected<llvm::StringMap<RunOutput>>
  run(llvm::ArrayRef<int64_t> ids, llvm::ArrayRef<std::string> outputs);

private:
  RunnableModel() = default;
  llvm::Error findInputs();

  std::unique_ptr<InMemoryModel> compiled;
  attune_model *handle = nullptr;
  int idsInput = -1;
  llvm::StringMap<int64_t> given;
};

} // namespace attune

#endif // ATTUNE_LINEARIZE_RUNNABLEMODEL_H
