//===- FileWeights.h - Weights from the model's files -----------*- C++ -*-===//
#ifndef ATTUNE_REFERENCE_FILEWEIGHTS_H
#define ATTUNE_REFERENCE_FILEWEIGHTS_H

#include "attune/Reference/WeightProvider.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/MemoryBuffer.h"

#include <memory>
#include <string>

namespace attune {

/// Reads the pieces of weights from the files that they name, which are mapped
/// when first needed. A weight of one f32 piece is a view of its file; others
/// are converted to f32 each time they are loaded.
///
/// Errors (UserError): a file that cannot be read, a piece that is not within
/// its file or has an element type other than f32, f16, bf16 and f64, pieces
/// that are not the weight's elements in number.
class FileWeights : public WeightProvider {
public:
  /// `directory` is what the files of pieces are relative to:
  /// LoadedModel::directory.
  explicit FileWeights(llvm::StringRef directory) : directory(directory) {}

  llvm::Expected<Tensor> load(WeightOp weight) override;

private:
  llvm::Expected<std::shared_ptr<llvm::MemoryBuffer>>
  getFile(llvm::StringRef name);

  std::string directory;
  llvm::StringMap<std::shared_ptr<llvm::MemoryBuffer>> files;
};

} // namespace attune

#endif // ATTUNE_REFERENCE_FILEWEIGHTS_H
