//===- ModelInterface.h - The model's descriptor ----------------*- C++ -*-===//
#ifndef ATTUNE_COMPILER_MODELINTERFACE_H
#define ATTUNE_COMPILER_MODELINTERFACE_H

#include "attune/Dialect/Attune/IR/Attune.h"
#include "attune/Kernel/Target.h"
#include "attune/Runtime/ABI.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"
#include <deque>

namespace attune {

/// One compiled version of the model, by the names of its functions.
struct VariantCode {
  TargetDesc target;
  std::string forward, workspace;
  int64_t scratchBytes = 0;
};

/// The AttuneModel descriptor (ABI.h) of a module whose launches are lowered:
/// a C struct for the compiler's own use, and the same as code.
class ModelInterface {
public:
  /// Reads the module's attributes.
  static llvm::Expected<ModelInterface> get(mlir::ModuleOp module);

  ModelInterface(ModelInterface &&) = default;
  ModelInterface &operator=(ModelInterface &&) = default;

  /// Without variants and code.
  AttuneModel &getDescriptor() { return model; }
  const AttuneModel &getDescriptor() const { return model; }

  /// Defines the descriptor in `module` under the name `symbol`, with
  /// variants in the order given. It stays inside of the artefact unless
  /// `exported`.
  void emit(llvm::Module &module, llvm::StringRef symbol,
            llvm::ArrayRef<VariantCode> variants, bool exported) const;

private:
  ModelInterface() = default;
  const char *keep(llvm::StringRef text) {
    return strings.emplace_back(text.str()).c_str();
  }
  llvm::Expected<AttuneTensorInfo> readTensor(mlir::DictionaryAttr entry);
  llvm::Error readConstraints(mlir::ArrayAttr entries);
  /// The extent as AttuneTensorInfo::dims has it, with a polynomial for it
  /// where it is none yet; nullopt when it has symbols that the model lacks.
  std::optional<int64_t> encode(const DimExpr &extent);

  AttuneModel model = {};
  // Deques: pointers into them stay valid as they grow.
  std::deque<std::string> strings;
  std::deque<std::vector<int64_t>> extents;
  std::deque<std::vector<int32_t>> factors;
  std::deque<std::vector<AttuneTerm>> terms;
  std::vector<AttuneSymbol> symbols;
  std::vector<AttunePolynomial> polynomials;
  std::vector<AttuneConstraint> constraints;
  std::vector<AttuneTensorInfo> inputs, outputs;
};

/// Defines the exported functions of a library in `module`: for every line of
/// Forwarders.def PREFIX_name, which calls the runtime's function with the
/// descriptor.
void emitForwarders(llvm::Module &module, llvm::StringRef prefix,
                    llvm::StringRef descriptor, llvm::StringRef weightsName,
                    bool hasTokenizer);

} // namespace attune

#endif // ATTUNE_COMPILER_MODELINTERFACE_H
