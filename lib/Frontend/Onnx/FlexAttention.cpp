//===- FlexAttention.cpp - Attention with subgraphs on scores -------------===//
#include "Import.h"
#include "NeuralOps.h"
#include <cmath>

using namespace mlir;
using namespace attune;

/// Runs a subgraph of one tensor to one of the same shape.
static llvm::Expected<Value> modify(NodeImporter &node, const OnnxGraph *graph,
                                    Value value, OnnxType type) {
  GraphBuilder &b = node.builder();
  if (!graph)
    return value;
  if (graph->inputs.size() != 1 || graph->outputs.size() != 1)
    return node.error("expected a subgraph of one input and one output");
  ImportedValue input;
  input.type = type;
  input.shape = b.shape(value);
  input.value = value;
  llvm::Expected<std::vector<std::optional<ImportedValue>>> results =
      node.getImport().importSubgraph(*graph, {input});
  if (!results)
    return results.takeError();
  if (results->size() != 1 || !results->front())
    return node.unsupported("a subgraph with ops that are not supported");
  Value result = node.getImport().materialize(*results->front(), b);
  if (!result ||
      GraphBuilder::element(result) != GraphBuilder::element(value) ||
      b.rank(result) != b.rank(value))
    return node.error("expected a subgraph whose output is like its input");
  return result;
}

static llvm::Error importFlexAttention(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  for (unsigned i = 0; i < 3; ++i)
    if (node.rank(i) != 4)
      return node.error("expected query, key and value of rank 4");
  std::optional<int64_t> heads = node.shape(0)[1].getConstant();
  std::optional<int64_t> kvHeads = node.shape(1)[1].getConstant();
  std::optional<int64_t> size = node.shape(0)[3].getConstant();
  if (!heads || !kvHeads || !size || *size < 1 || *kvHeads < 1 ||
      *heads % *kvHeads != 0)
    return node.error("expected known numbers of heads, those of queries a "
                      "multiple of those of keys");
  double scale = node.number("scale", 1 / std::sqrt(double(*size)));
  const OnnxGraph *scoreMod = node.subgraph("score_mod"),
                  *probMod = node.subgraph("prob_mod");
  if (llvm::Error problem = node.check())
    return problem;
  if (!scoreMod && !probMod) {
    AttentionParts parts;
    parts.query = mergeHeads(b, node.value(0));
    parts.key = mergeHeads(b, node.value(1));
    parts.value = mergeHeads(b, node.value(2));
    parts.heads = *heads;
    parts.kvHeads = *kvHeads;
    parts.scale = scale;
    Value result = emitAttention(b, parts);
    if (llvm::Error problem = node.check())
      return problem;
    return node.result(splitHeads(b, result, *heads));
  }
  // What the subgraphs see: float unless they are asked for something else.
  OnnxType type = node.type(0) == OnnxType::F64 ? OnnxType::F64 : OnnxType::F32;
  int64_t precision =
      node.integer("softmax_precision", static_cast<int64_t>(type));
  if (precision < 0 || precision > kLastOnnxType ||
      !isFloat(static_cast<OnnxType>(precision)))
    return node.error("expected a float type as softmax_precision, found " +
                      Twine(precision));
  type = static_cast<OnnxType>(precision);
  Type element = b.elementType(type);
  int64_t group = *heads / *kvHeads;
  Value key = repeatHeads(b, node.value(1), group);
  Value value = repeatHeads(b, node.value(2), group);
  Value scores =
      b.cast(emitScale(b, b.matmul(node.value(0), key, true), scale), element);
  if (llvm::Error problem = node.check())
    return problem;
  llvm::Expected<Value> modified = modify(node, scoreMod, scores, type);
  if (!modified)
    return modified.takeError();
  llvm::Expected<Value> weights =
      modify(node, probMod, emitMaskedSoftmax(b, *modified), type);
  if (!weights)
    return weights.takeError();
  Value result = b.matmul(*weights, b.cast(value, element));
  return node.result(b.cast(result, b.elementType(node.type(0))));
}

void attune::registerFlexAttention(OnnxOps &ops) {
  ops.add("ai.onnx.preview", "FlexAttention", {3, 3}, importFlexAttention);
}
