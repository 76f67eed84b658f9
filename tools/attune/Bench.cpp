//===- Bench.cpp - attune bench -------------------------------------------===//
#include "KernelBench.h"
#include "RunModel.h"

using namespace attune::tool;

int attune::tool::runBench(int argc, const char **argv) {
  for (int i = 1; i < argc; ++i)
    if (llvm::StringRef(argv[i]).ltrim('-').split('=').first == "kernel")
      return runKernelBench(argc, argv);
  return runModel("bench", argc, argv);
}
