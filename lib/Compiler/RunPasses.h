//===- RunPasses.h - Passes whose failures become errors --------*- C++ -*-===//
#ifndef ATTUNE_LIB_COMPILER_RUNPASSES_H
#define ATTUNE_LIB_COMPILER_RUNPASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/Error.h"
#include <string>

namespace attune {

/// Collects the errors that are reported to a context, with their places in
/// the model or in the input file, until it is destroyed.
class ErrorCollector {
public:
  explicit ErrorCollector(mlir::MLIRContext &context);
  /// All of them, a line each; what lies beyond a screen is counted.
  std::string take();

private:
  std::string text;
  unsigned left = 0;
  mlir::ScopedDiagnosticHandler handler;
};

/// Runs the passes that `build` adds. A failure is a defect of Attune, and an
/// InternalError with a reproducer in the directory for temporary files,
/// unless `written` names the file in which the user wrote the IR: then it is
/// a UserError about that file. Passes that crash leave the reproducer too.
llvm::Error runPasses(mlir::ModuleOp module, llvm::StringRef written,
                      llvm::function_ref<void(mlir::OpPassManager &)> build);

} // namespace attune

#endif // ATTUNE_LIB_COMPILER_RUNPASSES_H
