//===- Code.h - Machine code of a compiled model ----------------*- C++ -*-===//
#ifndef ATTUNE_COMPILER_CODE_H
#define ATTUNE_COMPILER_CODE_H

#include "attune/Compiler/Compilation.h"
#include "attune/Compiler/ModelInterface.h"
#include "attune/Compiler/WeightsImage.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

namespace attune {

/// What the names in emitted code are made of.
struct CodeOptions {
  /// Prefix of exported functions, a C identifier.
  std::string prefix;
  /// Default file name of the weights.
  std::string weightsName;
  /// Whether the functions of the C API are exported under the prefix.
  bool forwarders = true;
  /// Whether the descriptor is also called `attune_model_descriptor`, as the
  /// program's main expects.
  bool program = false;
};

/// A model as LLVM modules: one for each CPU, and one with the descriptor and
/// the exported functions. Optimised for their targets.
class ModelCode {
public:
  /// Takes a compilation to the phase `llvm` and generates its code. The
  /// tokenizer that lies in the model's directory goes into the weights image;
  /// when it cannot be used, the reason is kept in getTokenizerNote(). A
  /// directory without any tokenizer file is no such case.
  static llvm::Expected<std::unique_ptr<ModelCode>>
  generate(Compilation &compilation, const CodeOptions &options);

  struct Part {
    std::unique_ptr<llvm::TargetMachine> machine;
    std::unique_ptr<llvm::Module> module;
  };
  llvm::MutableArrayRef<Part> getParts() { return parts; }
  const ModelInterface &getInterface() const { return *interface; }
  const WeightsImage &getWeights() const { return weights; }
  llvm::StringRef getTokenizerNote() const { return tokenizerNote; }
  /// The name of the descriptor's symbol.
  llvm::StringRef getDescriptorName() const { return descriptorName; }

private:
  explicit ModelCode(llvm::StringRef directory) : weights(directory) {}
  void addTokenizer(Compilation &compilation);

  llvm::LLVMContext context;
  std::vector<Part> parts;
  std::optional<ModelInterface> interface;
  WeightsImage weights;
  std::string tokenizerNote, descriptorName;
};

} // namespace attune

#endif // ATTUNE_COMPILER_CODE_H
