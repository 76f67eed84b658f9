//===- InMemoryModel.h - A model compiled into this process -----*- C++ -*-===//
#ifndef ATTUNE_COMPILER_INMEMORYMODEL_H
#define ATTUNE_COMPILER_INMEMORYMODEL_H

#include "attune/Backend/LLVM/Jit.h"
#include "attune/Compiler/Code.h"

namespace attune {

/// The same code and weights that a package would hold, without files: code is
/// linked in memory, the weights image lies in an anonymous file.
class InMemoryModel {
public:
  static llvm::Expected<std::unique_ptr<InMemoryModel>>
  create(Compilation &compilation);
  ~InMemoryModel();

  const AttuneModel &getDescriptor() const { return *descriptor; }
  /// A path under which this process can open the weights.
  std::string getWeightsPath() const;
  llvm::StringRef getTokenizerNote() const { return tokenizerNote; }

private:
  InMemoryModel() = default;
  llvm::Error writeWeights(const WeightsImage &weights);

  std::unique_ptr<Jit> jit;
  const AttuneModel *descriptor = nullptr;
  int weightsFile = -1;
  std::string tokenizerNote;
};

} // namespace attune

#endif // ATTUNE_COMPILER_INMEMORYMODEL_H
