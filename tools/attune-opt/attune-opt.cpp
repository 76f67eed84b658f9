//===- attune-opt.cpp - Runs passes on Attune's IR ------------------------===//
#include "attune/Compiler/Compilation.h"
#include "attune/InitAllPasses.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  attune::registerAllPasses();
  // The pipelines of reproducers have these too.
  mlir::registerConversionPasses();
  mlir::memref::registerMemRefPasses();
  mlir::DialectRegistry registry;
  attune::registerCompilerDialects(registry);
  return mlir::asMainReturnCode(mlir::MlirOptMain(
      argc, argv, "Attune's passes, one by one or as a pipeline\n", registry));
}
