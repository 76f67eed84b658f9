//===- Compilation.h - A model on its way through the phases ----*- C++ -*-===//
#ifndef ATTUNE_COMPILER_COMPILATION_H
#define ATTUNE_COMPILER_COMPILATION_H

#include "attune/Compiler/Options.h"
#include "attune/Compiler/WeightsImage.h"
#include "attune/Frontend/ModelSource.h"
#include "attune/Kernel/Target.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Pass/PassManager.h"

namespace attune {

/// Registers all that a compilation needs with a context: dialects, the
/// backends' models and the translation to LLVM IR.
void registerCompilerDialects(mlir::DialectRegistry &registry);

class Compilation {
public:
  /// The model for one CPU. Before the phase `kernels` there is one module for
  /// all of them.
  struct Variant {
    TargetDesc target;
    mlir::OwningOpRef<mlir::ModuleOp> module;
  };

  /// `context` has the dialects of registerCompilerDialects.
  Compilation(mlir::MLIRContext &context, CompilerOptions options);

  /// Reads the input: a model is imported, .mlir is parsed and stands after
  /// the phase it says. Checks the options.
  llvm::Error load();

  /// Goes on until `phase`, at most Phase::LLVM, has been reached.
  llvm::Error runTo(Phase phase);

  Phase getPhase() const { return reached; }
  const CompilerOptions &getOptions() const { return options; }
  mlir::MLIRContext &getContext() const { return context; }
  llvm::MutableArrayRef<Variant> getVariants() { return variants; }
  /// The model's files; null for .mlir input.
  const ModelSource *getSource() const { return source.get(); }
  /// What the input is called: the default prefix and output name.
  std::string getName() const;
  /// Directory of the weight and tokenizer files.
  llvm::StringRef getDirectory() const { return directory; }
  /// The largest sequence length the model takes; 0: no limit.
  int64_t getMaxLength() const;

private:
  llvm::Error importInput();
  llvm::Error parseInput();
  llvm::Error enter(Phase phase);
  llvm::Error chooseSchedules();
  llvm::Error planWeights();
  llvm::Error dump(Phase phase);
  /// Runs passes on a module; failures become internal errors with a
  /// reproducer, or user errors for IR that the user wrote.
  llvm::Error runPasses(mlir::ModuleOp module,
                        llvm::function_ref<void(mlir::OpPassManager &)> build);

  mlir::MLIRContext &context;
  CompilerOptions options;
  std::unique_ptr<ScheduleChooser> chooser; ///< once loaded
  Phase reached = Phase::Import;
  std::vector<TargetDesc> targets;
  std::vector<Variant> variants;
  std::unique_ptr<ModelSource> source;
  std::string directory;
};

} // namespace attune

#endif // ATTUNE_COMPILER_COMPILATION_H
