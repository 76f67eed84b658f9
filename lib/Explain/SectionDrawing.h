//===- SectionDrawing.h - A part of a model's graph as SVG ------*- C++ -*-===//
#ifndef ATTUNE_LIB_EXPLAIN_SECTIONDRAWING_H
#define ATTUNE_LIB_EXPLAIN_SECTIONDRAWING_H

#include "Sections.h"

namespace attune {

/// The graph that a section is a part of, and where its nodes are drawn.
struct DrawnGraph {
  const ModelGraph &graph;
  const std::vector<GraphSection> &sections;
  std::vector<size_t> sectionOf;    ///< of each node
  std::vector<std::string> anchors; ///< what links to each section lead to
  std::vector<std::vector<size_t>> users; ///< of each node

  DrawnGraph(const ModelGraph &graph,
             const std::vector<GraphSection> &sections);
};

/// An SVG element: a box for every node and around every fused region, lines
/// between them, and links to the sections that values come from and go to.
/// What a click is to show stands in `data-info`, a list of pairs in JSON.
std::string drawSection(const DrawnGraph &drawn, size_t section);

} // namespace attune

#endif // ATTUNE_LIB_EXPLAIN_SECTIONDRAWING_H
