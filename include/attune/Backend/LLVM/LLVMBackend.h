//===- LLVMBackend.h - Kernels as vector code -------------------*- C++ -*-===//
#ifndef ATTUNE_BACKEND_LLVM_LLVMBACKEND_H
#define ATTUNE_BACKEND_LLVM_LLVMBACKEND_H

#include "attune/Backend/Backend.h"
#include <memory>

namespace attune {

/// The backend "llvm": loops and vectors that LLVM compiles. It has a family
/// for every anchor of the dialect.
std::unique_ptr<Backend> createLLVMBackend();

/// The dialects that the backend emits, and the models by which elementwise
/// ops join its kernels.
void registerLLVMBackendDialects(mlir::DialectRegistry &registry);

} // namespace attune

#endif // ATTUNE_BACKEND_LLVM_LLVMBACKEND_H
