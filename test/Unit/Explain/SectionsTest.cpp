//===- SectionsTest.cpp - A model's graph in parts ------------------------===//
#include "Sections.h"
#include "gtest/gtest.h"

using namespace attune;

namespace {

GraphNode makeNode(std::string op, std::string where,
                   std::vector<size_t> operands = {},
                   std::optional<size_t> region = std::nullopt) {
  GraphNode node;
  node.kind = GraphNodeKind::Anchor;
  node.op = std::move(op);
  node.where = std::move(where);
  node.operands = std::move(operands);
  node.region = region;
  return node;
}

TEST(Sections, NamesLayers) {
  EXPECT_EQ(getSectionName("encoder.layer.3.attention.self"),
            "encoder.layer.3");
  EXPECT_EQ(getSectionName("/encoder/layer.11/output/Add"),
            "/encoder/layer.11");
  EXPECT_EQ(getSectionName("transformer.h.0"), "transformer.h.0");
  EXPECT_EQ(getSectionName("blk.7.attn_q"), "blk.7");
  EXPECT_EQ(getSectionName("model/layers_2/mlp"), "model/layers_2");
  EXPECT_EQ(getSectionName("block3.conv"), "block3");
  EXPECT_EQ(getSectionName("encoder.layer.3.ffn#2"), "encoder.layer.3#2");
  EXPECT_EQ(getSectionName("encoder.layer.3.ffn#x"), "encoder.layer.3");
}

TEST(Sections, NamesOtherParts) {
  EXPECT_EQ(getSectionName("embeddings.word_embeddings"), "embeddings");
  EXPECT_EQ(getSectionName("/embeddings/LayerNorm/Sqrt"), "/embeddings");
  EXPECT_EQ(getSectionName("pooler"), "pooler");
  EXPECT_EQ(getSectionName("node_MatMul_12"), "model");
  EXPECT_EQ(getSectionName("MatMul_12"), "model");
  EXPECT_EQ(getSectionName(""), "model");
  EXPECT_EQ(getSectionName("..//"), "model");
  EXPECT_EQ(getSectionName("#"), "#");
}

TEST(Sections, HasEveryNodeOnceAndInOrder) {
  ModelGraph graph;
  GraphNode input;
  input.kind = GraphNodeKind::Input;
  input.op = "x";
  graph.nodes.push_back(input);
  graph.nodes.push_back(makeNode("linear", "layer.0.a", {0}));
  graph.nodes.push_back(makeNode("linear", "layer.1.a", {1}));
  graph.nodes.push_back(makeNode("add", "layer.0.b", {1, 2}));
  GraphNode output;
  output.kind = GraphNodeKind::Output;
  output.op = "y";
  output.operands = {3};
  graph.nodes.push_back(output);
  std::vector<GraphSection> sections = splitIntoSections(graph);
  ASSERT_EQ(sections.size(), 2u);
  EXPECT_EQ(sections[0].name, "layer.0");
  EXPECT_EQ(sections[0].nodes, (std::vector<size_t>{0, 1, 3, 4}));
  EXPECT_EQ(sections[1].name, "layer.1");
  EXPECT_EQ(sections[1].nodes, std::vector<size_t>{2});
}

TEST(Sections, SplitsLongOnesButNoRegion) {
  ModelGraph graph;
  graph.regions.resize(1);
  for (size_t i = 0; i < 10; ++i)
    graph.nodes.push_back(
        makeNode("add", "", {},
                 i >= 3 && i < 7 ? std::optional<size_t>(0) : std::nullopt));
  std::vector<GraphSection> sections = splitIntoSections(graph, 4);
  ASSERT_EQ(sections.size(), 2u);
  EXPECT_EQ(sections[0].name, "model (1)");
  EXPECT_EQ(sections[0].nodes.size(), 7u);
  EXPECT_EQ(sections[1].name, "model (2)");
  EXPECT_EQ(sections[1].nodes.size(), 3u);
}

TEST(Sections, KeepsRegionsOfSeveralLayersTogether) {
  ModelGraph graph;
  graph.regions.push_back({"layer.0.output", {}});
  graph.nodes.push_back(makeNode("linear", "layer.0.output", {}, 0));
  graph.nodes.push_back(makeNode("layer_norm", "layer.1.norm", {0}, 0));
  std::vector<GraphSection> sections = splitIntoSections(graph);
  ASSERT_EQ(sections.size(), 1u);
  EXPECT_EQ(sections[0].name, "layer.0");
}

TEST(Sections, SeesWhatLooksAlike) {
  ModelGraph graph;
  for (int layer = 0; layer < 3; ++layer) {
    std::string name = "layer." + std::to_string(layer);
    graph.nodes.push_back(makeNode("linear", name + ".a"));
    graph.nodes.push_back(makeNode(layer == 2 ? "relu" : "gelu", name + ".b",
                                   {graph.nodes.size() - 1}));
  }
  std::vector<GraphSection> sections = splitIntoSections(graph);
  ASSERT_EQ(sections.size(), 3u);
  EXPECT_EQ(getSignature(graph, sections[0]), getSignature(graph, sections[1]));
  EXPECT_NE(getSignature(graph, sections[0]), getSignature(graph, sections[2]));
  // An edge makes a difference, too.
  graph.nodes[3].operands.clear();
  EXPECT_NE(getSignature(graph, sections[0]), getSignature(graph, sections[1]));
}

} // namespace
