//===- FuzzReader.cpp - Any bytes as an ONNX file -------------------------===//
//
// The entry of libFuzzer, and of the test that feeds it damaged files. The
// reader must answer with a model or a UserError (or an UnsupportedError), and
// touch no memory that is not the file's.
//
//===----------------------------------------------------------------------===//
#include "attune/Frontend/Onnx/OnnxModel.h"
#include "attune/Support/Error.h"
#include <cstdlib>

using namespace attune;

/// Touches all data that a graph names.
static uint64_t readAll(const OnnxModel &model, const OnnxGraph &graph) {
  uint64_t sum = 0;
  auto read = [&](const OnnxTensor &tensor) {
    for (uint8_t byte : model.data(tensor))
      sum += byte;
  };
  for (const auto &tensor : graph.initializers)
    read(*tensor);
  for (const OnnxNode &node : graph.nodes)
    for (const OnnxAttribute &attribute : node.attributes) {
      if (attribute.tensor)
        read(*attribute.tensor);
      if (attribute.graph)
        sum += readAll(model, *attribute.graph);
    }
  return sum;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto buffer = llvm::MemoryBuffer::getMemBuffer(
      llvm::StringRef(reinterpret_cast<const char *>(data), size), "fuzz.onnx",
      /*RequiresNullTerminator=*/false);
  llvm::Expected<OnnxModel> model =
      readOnnxModel(std::move(buffer), "/nonexistent");
  if (model) {
    volatile uint64_t sum = readAll(*model, model->graph);
    (void)sum;
    return 0;
  }
  llvm::Error error = model.takeError();
  if (exitCodeFor(error) == ExitInternalError)
    std::abort();
  llvm::consumeError(std::move(error));
  return 0;
}
