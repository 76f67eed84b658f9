//===- CompilePipeline.h - From a pipeline to bitcode -----------*- C++ -*-===//
#ifndef ATTUNE_LIB_BACKEND_HALIDE_COMPILEPIPELINE_H
#define ATTUNE_LIB_BACKEND_HALIDE_COMPILEPIPELINE_H

#include "KernelPipeline.h"

namespace attune {

/// Compiles a scheduled pipeline. The bitcode defines one function,
///
///   int32 symbol(ptr user_context, inputs..., results...)
///
/// with halide_buffer_t pointers and int32 extents in the order of
/// KernelPipeline::getInputs; everything else in it is internal, and what it
/// needs of Halide's runtime is called by the names of HalideHooks.h. A check
/// of buffers that fails (KernelPipeline::Options) gives a status other than 0,
/// without any report. Throws
/// Halide::Error; fails with the reason when LLVM cannot read what Halide made.
llvm::LogicalResult compilePipeline(KernelPipeline &pipeline,
                                    llvm::StringRef symbol,
                                    std::string &bitcode, std::string &reason);

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_HALIDE_COMPILEPIPELINE_H
