//===- Sections.h - A model's graph in parts that fit a screen --*- C++ -*-===//
#ifndef ATTUNE_LIB_EXPLAIN_SECTIONS_H
#define ATTUNE_LIB_EXPLAIN_SECTIONS_H

#include "attune/Explain/ModelGraph.h"
#include "llvm/ADT/StringRef.h"
#include <string>
#include <vector>

namespace attune {

/// The layer or part of the model that the name of a node says: the name up to
/// the layer's number ("encoder.layer.3" of "encoder.layer.3.output.dense",
/// "/encoder/layer.3"), with what numbers its executions when layers share
/// weights ("#2"); without a number the first word of several. Names of one
/// word, as exporters count nodes, and nodes without a name belong to "model".
std::string getSectionName(llvm::StringRef where);

/// Some nodes of a graph that are drawn together.
struct GraphSection {
  std::string name;
  std::vector<size_t> nodes; ///< in the graph's order
};

/// Every node in one section, sections in order of their first node. Those of
/// more than `maxNodes` nodes come in parts, named "NAME (2)"; a fused region
/// stays in one part.
std::vector<GraphSection> splitIntoSections(const ModelGraph &graph,
                                            size_t maxNodes = 250);

/// Equal for sections that look the same but for the names of layers and
/// weights, and for the model's inputs and outputs.
std::string getSignature(const ModelGraph &graph, const GraphSection &section);

} // namespace attune

#endif // ATTUNE_LIB_EXPLAIN_SECTIONS_H
