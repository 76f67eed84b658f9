//===- attune-opt.cpp - Runs passes on Attune's IR ------------------------===//
#include "attune/Compiler/Compilation.h"
#include "attune/Dialect/Attune/Transforms/PassStatistics.h"
#include "attune/InitAllPasses.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace mlir;

static constexpr llvm::StringLiteral kOverview =
    "Attune's passes, one by one or as a pipeline\n";

/// MlirOptMain, and behind it the counts of what passes did on stderr.
static LogicalResult runCounted(llvm::StringRef input, llvm::StringRef output,
                                DialectRegistry &registry) {
  std::string message;
  auto buffer = openInputFile(input, &message);
  auto file = buffer ? openOutputFile(output, &message) : nullptr;
  if (!file) {
    llvm::errs() << message << '\n';
    return failure();
  }
  auto statistics = std::make_shared<attune::PassStatistics>();
  MlirOptMainConfig base = MlirOptMainConfig::createFromCLOptions();
  // One place takes a context's remarks.
  if (base.shouldEmitRemarks()) {
    llvm::errs() << "--attune-statistics counts remarks: leave out the filters "
                    "of remarks beside it\n";
    return failure();
  }
  MlirOptMainConfig config = base;
  config.setPassPipelineSetupFn([&](PassManager &manager) {
    return success(
        succeeded(base.setupPassPipeline(manager)) &&
        succeeded(attune::PassStatistics::collect(manager, statistics)));
  });
  if (failed(MlirOptMain(file->os(), std::move(buffer), registry, config)))
    return failure();
  file->keep();
  statistics->print(llvm::errs());
  return success();
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  attune::registerAllPasses();
  // The pipelines of reproducers have these too.
  registerConversionPasses();
  memref::registerMemRefPasses();
  DialectRegistry registry;
  attune::registerCompilerDialects(registry);
  llvm::cl::opt<bool> statistics(
      "attune-statistics",
      llvm::cl::desc("Count for every pass what it fused, what it missed for "
                     "which reason, and what else it did; on stderr"));
  auto [input, output] =
      registerAndParseCLIOptions(argc, argv, kOverview, registry);
  return asMainReturnCode(
      statistics ? runCounted(input, output, registry)
                 : MlirOptMain(argc, argv, input, output, registry));
}
