//===- DagLayout.h - Places for the boxes of a graph ------------*- C++ -*-===//
//
// Layered drawing of directed acyclic graphs in the manner of Sugiyama, Tagawa
// and Toda (1981): rows by longest paths, waypoints where an edge passes a row,
// the order within rows by the means of neighbours, and places that keep that
// order and are nearest to the neighbours' by least squares (isotonic
// regression: Barlow et al., 1972).
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_EXPLAIN_DAGLAYOUT_H
#define ATTUNE_LIB_EXPLAIN_DAGLAYOUT_H

#include "llvm/ADT/ArrayRef.h"
#include <utility>
#include <vector>

namespace attune {

struct LayoutPoint {
  double x = 0, y = 0;
};

struct LayoutBox {
  double width = 0, height = 0;
  LayoutPoint corner = {}; ///< upper left; what the layout finds
};

struct LayoutEdge {
  size_t from = 0, to = 0; ///< boxes; from < to
  /// From the lower side of the one to the upper side of the other.
  std::vector<LayoutPoint> points = {};
};

struct Layout {
  double width = 0, height = 0;
};

/// Finds the places of boxes and the ways of edges, users below what they use;
/// units are those of the boxes.
Layout layOut(llvm::MutableArrayRef<LayoutBox> boxes,
              llvm::MutableArrayRef<LayoutEdge> edges);

} // namespace attune

#endif // ATTUNE_LIB_EXPLAIN_DAGLAYOUT_H
