//===- Passes.h - From kernels to code that runs ----------------*- C++ -*-===//
#ifndef ATTUNE_COMPILER_PASSES_H
#define ATTUNE_COMPILER_PASSES_H

#include "attune/Dialect/Attune/IR/Attune.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Pass/Pass.h"

namespace attune {

/// On a planned function, later on its module: one dictionary a slot of the
/// arena with its `size` (bytes, as a polynomial) and the places whose results
/// it `holds`.
inline constexpr llvm::StringLiteral kSlotsAttr = "attune.slots";
/// On the planned module: the kernels' largest need of scratch, in bytes.
inline constexpr llvm::StringLiteral kScratchBytesAttr = "attune.scratch_bytes";
/// On a planned function: how many of its buffers are inputs.
inline constexpr llvm::StringLiteral kNumInputsAttr = "attune.num_inputs";
/// On arguments of a planned function: the element type of the model's tensor,
/// where it is unsigned and the buffer's is signless therefore.
inline constexpr llvm::StringLiteral kElementAttr = "attune.element";
/// On a module whose launches are lowered: the model's symbols, inputs and
/// outputs, from which the descriptor is made.
inline constexpr llvm::StringLiteral kInterfaceAttr = "attune.interface";
/// On a module: where the weights file ends, counted from its beginning.
inline constexpr llvm::StringLiteral kWeightsEndAttr = "attune.weights_end";
/// The largest weights file that is planned.
inline constexpr int64_t kMaxWeightsBytes = int64_t(1) << 46;
/// Suffix of the function that computes the size of the workspace.
inline constexpr llvm::StringLiteral kWorkspaceSuffix = ".workspace";
/// Suffix of the functions that the runtime calls.
inline constexpr llvm::StringLiteral kEntrySuffix = ".entry";

#define GEN_PASS_DECL
#include "attune/Compiler/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "attune/Compiler/Passes.h.inc"

} // namespace attune

#endif // ATTUNE_COMPILER_PASSES_H
