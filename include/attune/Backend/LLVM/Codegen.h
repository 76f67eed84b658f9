//===- Codegen.h - From kernels in MLIR to machine code ---------*- C++ -*-===//
//
// The last stages of compilation: lower a module of func, scf, arith, memref
// and vector ops to the LLVM dialect, translate it for a target, optimise, and
// emit what was asked for. A module is compiled for one target; a model with
// several variants has one module each.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_BACKEND_LLVM_CODEGEN_H
#define ATTUNE_BACKEND_LLVM_CODEGEN_H

#include "attune/Kernel/Target.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Target/TargetMachine.h"
#include <memory>

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace attune {

/// Adds the passes after which a module is in the LLVM dialect alone (attune
/// ops must be gone). Expects single-rank vectors, as the families emit them.
void buildLowerToLLVMPipeline(mlir::OpPassManager &pm);

/// A code generator for the target: position-independent code.
llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createTargetMachine(const TargetDesc &target);

/// Translates a module of the LLVM dialect, all functions for `target`. The
/// code of attune.object ops becomes part of the result; they stay in `module`
/// (at its end).
llvm::Expected<std::unique_ptr<llvm::Module>>
translateToLLVMIR(mlir::ModuleOp module, llvm::LLVMContext &context,
                  const TargetDesc &target, llvm::TargetMachine &machine);

/// Runs LLVM's -O3 pipeline, without the passes that would vectorise or unroll
/// once more: families emit vectors, and unroll what gains from it.
void optimize(llvm::Module &module, llvm::TargetMachine &machine);

enum class OutputKind { Object, Assembly, LLVMText };

/// Emits a module; machine code generation may change it.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
emitModule(llvm::Module &module, llvm::TargetMachine &machine, OutputKind kind);

/// All of the above: lowers `module` in place and emits it.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
compileModule(mlir::ModuleOp module, const TargetDesc &target, OutputKind kind);

} // namespace attune

#endif // ATTUNE_BACKEND_LLVM_CODEGEN_H
