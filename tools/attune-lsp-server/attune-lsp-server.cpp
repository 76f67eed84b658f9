//===- attune-lsp-server.cpp - Language server for Attune's IR ------------===//
#include "attune/InitAllDialects.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  attune::registerAllDialects(registry);
  return failed(mlir::MlirLspServerMain(argc, argv, registry));
}
