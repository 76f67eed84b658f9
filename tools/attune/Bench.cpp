//===- Bench.cpp - attune bench -------------------------------------------===//
#include "KernelBench.h"
#include "RunModel.h"
#include "llvm/Support/raw_ostream.h"

using namespace attune::tool;

int attune::tool::runBench(int argc, const char **argv) {
  for (int i = 1; i < argc; ++i)
    if (llvm::StringRef(argv[i]).ltrim('-').split('=').first == "kernel")
      return runKernelBench(argc, argv);
  int status = runModel("bench", argc, argv);
  llvm::StringRef only = argc == 2 ? argv[1] : "";
  if (only == "--help" || only == "-h")
    llvm::outs() << "\n'" << argv[0]
                 << " --kernel=SPEC' times one kernel; with --help behind it, "
                    "that is explained.\n";
  return status;
}
