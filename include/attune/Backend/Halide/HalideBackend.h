//===- HalideBackend.h - Kernels as Halide pipelines ------------*- C++ -*-===//
#ifndef ATTUNE_BACKEND_HALIDE_HALIDEBACKEND_H
#define ATTUNE_BACKEND_HALIDE_HALIDEBACKEND_H

#include "attune/Backend/Backend.h"
#include <memory>

namespace attune {

/// The backend "halide": algorithms in Halide (Ragan-Kelley et al. 2013),
/// scheduled by knobs or by one of Halide's autoschedulers. The code comes as
/// bitcode; it runs on the runtime's threads and on the caller's buffers.
std::unique_ptr<Backend> createHalideBackend();

} // namespace attune

#endif // ATTUNE_BACKEND_HALIDE_HALIDEBACKEND_H
