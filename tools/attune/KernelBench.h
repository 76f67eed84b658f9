//===- KernelBench.h - Timing one kernel ------------------------*- C++ -*-===//
#ifndef ATTUNE_TOOLS_ATTUNE_KERNELBENCH_H
#define ATTUNE_TOOLS_ATTUNE_KERNELBENCH_H

namespace attune::tool {

/// attune bench --kernel=SPEC; `argv[0]` is "attune bench".
int runKernelBench(int argc, const char **argv);

} // namespace attune::tool

#endif // ATTUNE_TOOLS_ATTUNE_KERNELBENCH_H
