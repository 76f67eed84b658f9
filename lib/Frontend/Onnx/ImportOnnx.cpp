//===- ImportOnnx.cpp - An ONNX graph becomes IR --------------------------===//
#include "attune/Frontend/Onnx/ImportOnnx.h"
#include "Import.h"
#include "attune/Reference/ReferenceOpInterface.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;
using namespace attune;

llvm::Expected<OwningOpRef<ModuleOp>> attune::importOnnx(MLIRContext &context,
                                                         const OnnxModel &model,
                                                         StringRef name,
                                                         StringRef path) {
  // Nodes of constants are interpreted.
  DialectRegistry registry;
  registerReferenceModels(registry);
  context.appendDialectRegistry(registry);
  context.loadDialect<AttuneDialect, func::FuncDialect>();
  OnnxOps ops;
  registerOnnxOps(ops);
  llvm::Expected<OwningOpRef<ModuleOp>> module =
      OnnxImport(context, model, path, ops).run(name);
  if (!module)
    return module.takeError();
  std::string problems;
  {
    ScopedDiagnosticHandler collect(&context, [&](Diagnostic &diagnostic) {
      llvm::raw_string_ostream(problems)
          << "\n  " << diagnostic.getLocation() << ": " << diagnostic.str();
      return success();
    });
    if (succeeded(verify(**module)))
      return module;
  }
  return internalError("the import of " + path +
                       " does not verify:" + problems);
}
