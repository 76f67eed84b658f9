//===- Reader.h - The parts of the ONNX reader ------------------*- C++ -*-===//
#ifndef ATTUNE_LIB_FRONTEND_ONNX_READER_H
#define ATTUNE_LIB_FRONTEND_ONNX_READER_H

#include "attune/Frontend/Onnx/OnnxModel.h"

namespace onnx {
class TensorProto;
} // namespace onnx

namespace attune {

/// A function of the model: a body that calls of it stand for.
struct OnnxFunction {
  std::string domain, name, overload;
  std::vector<std::string> inputs, outputs;
  /// What attributes are that a call does not give.
  std::vector<OnnxAttribute> defaults;
  std::vector<OnnxNode> nodes;
};

/// "domain::name::overload", as functions are looked up.
std::string getFunctionKey(llvm::StringRef domain, llvm::StringRef name,
                           llvm::StringRef overload);

/// Reads tensors, and maps files of external data when one lies there.
class TensorReader {
public:
  explicit TensorReader(OnnxModel &model) : model(model) {}

  /// `proto` is from a model that went through separateData. UserErrors name
  /// the tensor.
  llvm::Expected<OnnxTensor> read(const onnx::TensorProto &proto);

private:
  llvm::Error readExternal(const onnx::TensorProto &proto, OnnxTensor &tensor,
                           uint64_t bytes);
  llvm::Expected<unsigned> openFile(llvm::StringRef location);

  OnnxModel &model;
  llvm::StringMap<unsigned> opened;
};

/// Replaces the calls of functions in `graph` and its subgraphs by their
/// bodies. UserErrors: calls that do not fit, functions that call themselves,
/// more than 2^20 nodes.
llvm::Error inlineFunctions(OnnxGraph &graph,
                            const llvm::StringMap<OnnxFunction> &functions);

/// That every name is defined once in its graph, and before its uses.
llvm::Error checkGraph(const OnnxGraph &graph);

} // namespace attune

#endif // ATTUNE_LIB_FRONTEND_ONNX_READER_H
