//===- ModelPageTest.cpp - The page of a model ----------------------------===//
#include "attune/Explain/ModelPage.h"
#include "gtest/gtest.h"

using namespace attune;

namespace {

size_t count(llvm::StringRef text, llvm::StringRef what) {
  return text.count(what);
}

/// A graph of `layers` layers of two ops, which are one region when `fused`.
ModelGraph makeGraph(size_t layers, bool fused, llvm::StringRef name) {
  ModelGraph graph;
  GraphNode input;
  input.kind = GraphNodeKind::Input;
  input.op = "x";
  graph.nodes.push_back(input);
  for (size_t layer = 0; layer < layers; ++layer) {
    std::string where = (name + "." + llvm::Twine(layer)).str();
    for (llvm::StringRef op : {"linear", "gelu"}) {
      GraphNode node;
      node.kind =
          op == "gelu" ? GraphNodeKind::Elementwise : GraphNodeKind::Anchor;
      node.op = op.str();
      node.where = where;
      node.shape = "batch";
      node.operands = {graph.nodes.size() - 1};
      node.details = {{"FLOPs", "12"}};
      if (fused)
        node.region = layer;
      graph.nodes.push_back(node);
    }
    if (fused)
      graph.regions.push_back({where, {{"ops in one kernel", "2"}}});
  }
  return graph;
}

TEST(ModelPage, ShowsBothGraphs) {
  ModelPage page;
  page.title = "tiny";
  page.sizes = "batch 1";
  page.before = makeGraph(3, false, "layer");
  page.after = makeGraph(3, true, "layer");
  page.remarks = {{"bias", true, "layer.0", "a sum", ""},
                  {"attention", false, "layer.1", "two uses", "use one"},
                  {"attention", false, "layer.2", "two uses", "use one"}};
  std::string text = renderModelPage(page);
  EXPECT_EQ(count(text, "<svg"), 6u);
  EXPECT_EQ(count(text, "class=\"region\""), 3u);
  EXPECT_EQ(count(text, "class=\"node anchor\""), 6u);
  EXPECT_EQ(count(text, "class=\"node elementwise\""), 6u);
  EXPECT_EQ(count(text, "6 ops before fusion, 6 after it, which run as 3 "
                        "kernels"),
            1u);
  EXPECT_EQ(count(text, "looks like layer.0"), 2u);
  EXPECT_EQ(count(text, "<details class=\"section\" id=\"s0\" open>"), 1u);
  EXPECT_EQ(count(text, "<details class=\"section\" id=\"s2\">"), 1u);
  // Values that come from another layer, and go to one.
  EXPECT_EQ(count(text, ">from layer.0<"), 2u);
  EXPECT_EQ(count(text, ">to layer.1<"), 2u);
  EXPECT_EQ(count(text, "href=\"#s1\""), 4u);
  // Misses, equal ones together.
  EXPECT_EQ(count(text, "<td>layer.1</td><td class=\"n\">2</td><td>two "
                        "uses</td><td>use one</td>"),
            1u);
}

TEST(ModelPage, EscapesWhatFilesSay) {
  std::string hostile = "</script><b onclick=\"x\">&'\xff\x01";
  ModelPage page;
  page.title = page.sizes = hostile;
  page.before = makeGraph(1, false, hostile);
  page.after = makeGraph(1, true, hostile);
  for (ModelGraph *graph : {&page.before, &page.after})
    for (GraphNode &node : graph->nodes) {
      node.op = node.shape = hostile;
      node.details.emplace_back(hostile, hostile);
    }
  page.remarks = {{hostile, false, hostile, hostile, hostile}};
  std::string text = renderModelPage(page);
  EXPECT_EQ(count(text, "<b onclick"), 0u);
  EXPECT_EQ(count(text, "</script>"), 1u);
  EXPECT_EQ(count(text, "\xff"), 0u);
  EXPECT_EQ(count(text, "\x01"), 0u);
}

TEST(ModelPage, ShowsEmptyGraphs) {
  ModelPage page;
  page.title = "none";
  std::string text = renderModelPage(page);
  EXPECT_EQ(count(text, "<svg"), 0u);
  EXPECT_EQ(count(text, "No candidates."), 1u);
}

} // namespace
