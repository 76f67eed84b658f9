//===- attune-reduce.cpp - Shrinks IR that shows a fault ------------------===//
#include "attune/Compiler/Compilation.h"
#include "attune/InitAllPasses.h"
#include "mlir/Tools/mlir-reduce/MlirReduceMain.h"

int main(int argc, char **argv) {
  attune::registerAllPasses();
  mlir::DialectRegistry registry;
  attune::registerCompilerDialects(registry);
  mlir::MLIRContext context(registry);
  return failed(mlir::mlirReduceMain(argc, argv, context));
}
