//===- ModelGraph.h - A model's ops as a graph to look at -------*- C++ -*-===//
#ifndef ATTUNE_EXPLAIN_MODELGRAPH_H
#define ATTUNE_EXPLAIN_MODELGRAPH_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringMap.h"
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace attune {

/// What a node does, which decides how it is drawn.
enum class GraphNodeKind { Input, Output, Anchor, Elementwise, View, Other };

struct GraphNode {
  GraphNodeKind kind = GraphNodeKind::Other;
  std::string op;    ///< without the dialect; an input's or output's own name
  std::string where; ///< the model's name of the layer or node; may be empty
  std::string shape; ///< of the first result, in the model's symbols
  /// Nodes whose results it reads, in the order of its operands, each once.
  std::vector<size_t> operands;
  /// The fused region that it stands in.
  std::optional<size_t> region;
  /// What else there is to tell: names and values, plain text.
  std::vector<std::pair<std::string, std::string>> details;
};

/// Ops that run as one kernel.
struct GraphRegion {
  std::string where;
  std::vector<std::pair<std::string, std::string>> details;
};

/// The ops of a model's function in their order, so that operands precede
/// their users. Weights are told of by the nodes that read them.
struct ModelGraph {
  std::vector<GraphNode> nodes;
  std::vector<GraphRegion> regions;
};

/// The graph of a function on tensors at the phases `import` and `fuse`. FLOPs
/// and bytes are those of the given values of the model's symbols.
ModelGraph buildModelGraph(mlir::func::FuncOp function,
                           const llvm::StringMap<int64_t> &symbols);

} // namespace attune

#endif // ATTUNE_EXPLAIN_MODELGRAPH_H
