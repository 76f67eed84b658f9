//===- CallPipeline.h - Calling what Halide made ----------------*- C++ -*-===//
#ifndef ATTUNE_LIB_BACKEND_HALIDE_CALLPIPELINE_H
#define ATTUNE_LIB_BACKEND_HALIDE_CALLPIPELINE_H

#include "KernelPipeline.h"
#include "mlir/IR/Builders.h"
#include <string>

namespace attune {

/// One of the pipelines of a kernel.
struct PipelineCall {
  KernelPipeline *pipeline = nullptr;
  std::string symbol; ///< under which it was compiled
  /// Whether a status other than 0 says that it has done nothing, and that the
  /// launch is for the next one.
  bool mayDecline = false;
};

/// Emits K.run (Backend::lower) for the pipelines of a kernel, of which a
/// launch takes the first that its rows do not pass
/// (KernelPipeline::getMostRows). Shows the memrefs to it as halide_buffer_t on
/// the stack, without any copy. Halide counts elements in 32 bits; larger
/// buffers make the call fail (attune_fail), as does a status other than 0.
void emitPipelineCalls(llvm::ArrayRef<PipelineCall> calls,
                       mlir::OpBuilder &builder);

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_HALIDE_CALLPIPELINE_H
