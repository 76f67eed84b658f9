//===- ModelSource.h - A model that imports itself --------------*- C++ -*-===//
#ifndef ATTUNE_FRONTEND_MODELSOURCE_H
#define ATTUNE_FRONTEND_MODELSOURCE_H

#include "attune/Frontend/FixedInput.h"
#include "attune/Model/ModelDescription.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <string>

namespace attune {

/// A model as its files have it, opened and checked.
class ModelSource {
public:
  virtual ~ModelSource();

  /// The module of the phase `import`, whose weights name files relative to
  /// getDirectory(). Errors of all three classes.
  virtual llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>>
  import(mlir::MLIRContext &context) const = 0;

  /// Where its files lie, those of the tokenizer among them.
  llvm::StringRef getDirectory() const { return directory; }
  /// What is known of the model as a whole; null for formats that only have a
  /// graph.
  virtual const ModelDescription *getDescription() const { return nullptr; }

protected:
  explicit ModelSource(std::string directory)
      : directory(std::move(directory)) {}

private:
  std::string directory;
};

/// Opens
///  - what loadModel takes (LoadModel.h): a Hugging Face directory, a
///    description in YAML; without weights it is a UserError;
///  - an .onnx file (Onnx/OnnxModel.h), whose inputs `fixed` become part of
///    it; other models have no inputs that could.
llvm::Expected<std::unique_ptr<ModelSource>>
openModel(llvm::StringRef path, llvm::ArrayRef<FixedInput> fixed = {});

} // namespace attune

#endif // ATTUNE_FRONTEND_MODELSOURCE_H
