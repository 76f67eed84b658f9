//===- CallPipeline.h - Calling what Halide made ----------------*- C++ -*-===//
#ifndef ATTUNE_LIB_BACKEND_HALIDE_CALLPIPELINE_H
#define ATTUNE_LIB_BACKEND_HALIDE_CALLPIPELINE_H

#include "KernelPipeline.h"
#include "mlir/IR/Builders.h"

namespace attune {

/// Emits K.run (Backend::lower) for a pipeline compiled under `symbol`: shows
/// the memrefs to it as halide_buffer_t on the stack, without any copy. Halide
/// counts elements in 32 bits; larger buffers make the call fail
/// (attune_fail), as does a status other than 0.
void emitPipelineCall(KernelPipeline &pipeline, llvm::StringRef symbol,
                      mlir::OpBuilder &builder);

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_HALIDE_CALLPIPELINE_H
