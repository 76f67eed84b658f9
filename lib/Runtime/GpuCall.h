//===- GpuCall.h - Calls whose kernels run on a GPU -------------*- C++ -*-===//
#ifndef ATTUNE_LIB_RUNTIME_GPUCALL_H
#define ATTUNE_LIB_RUNTIME_GPUCALL_H

#include "Shapes.h"
#include "attune/Runtime/Gpu.h"

namespace attune::rt {

/// The memory that kernels of a call may be given: inputs, outputs and the
/// workspace. `buffers` is what layOutCall() has made of it.
void listRanges(const AttuneModel &model, const CallShape &shape,
                void *const *buffers, void *workspace, size_t workspaceBytes,
                std::vector<AttuneGpuRange> &ranges);

} // namespace attune::rt

#endif // ATTUNE_LIB_RUNTIME_GPUCALL_H
