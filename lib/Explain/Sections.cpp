//===- Sections.cpp - A model's graph in parts that fit a screen ----------===//
#include "Sections.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/raw_ostream.h"

using namespace attune;

/// Whether a word of a name numbers a layer: "3", "layer3", "h_3".
static bool isLayerNumber(llvm::StringRef word) {
  if (word.empty())
    return false;
  llvm::StringRef digits = word;
  for (llvm::StringRef prefix :
       {"layers", "layer", "blocks", "block", "blk", "h"})
    if (digits.consume_front(prefix)) {
      digits.consume_front("_");
      break;
    }
  return !digits.empty() && llvm::all_of(digits, llvm::isDigit);
}

std::string attune::getSectionName(llvm::StringRef where) {
  auto [name, run] = where.rsplit('#');
  bool isRun = !run.empty() && llvm::all_of(run, llvm::isDigit);
  if (!isRun)
    name = where;
  std::string suffix = isRun ? ("#" + run).str() : "";
  size_t begin = 0, words = 0;
  llvm::StringRef first;
  while (begin <= name.size()) {
    size_t end = std::min(name.find_first_of("./", begin), name.size());
    llvm::StringRef word = name.slice(begin, end);
    if (isLayerNumber(word))
      return (name.take_front(end) + suffix).str();
    if (!word.empty() && ++words == 1)
      first = name.take_front(end);
    begin = end + 1;
  }
  // Words that count nodes name no part of the model.
  bool isCounted = words == 1 && !name.empty() && llvm::isDigit(name.back());
  return words == 0 || isCounted ? "model" : (first + suffix).str();
}

/// Inputs stand with their first reader, outputs with what they show.
static std::vector<std::string> nameSections(const ModelGraph &graph) {
  std::vector<std::string> names(graph.nodes.size());
  for (auto [i, node] : llvm::enumerate(graph.nodes)) {
    if (node.kind == GraphNodeKind::Output)
      names[i] = node.operands.empty() ? "model" : names[node.operands.front()];
    else if (node.kind != GraphNodeKind::Input)
      // A region stands in one section, that of its name.
      names[i] = getSectionName(node.region ? graph.regions[*node.region].where
                                            : node.where);
    for (size_t operand : node.operands)
      if (names[operand].empty())
        names[operand] = names[i];
  }
  for (std::string &name : names)
    if (name.empty())
      name = "model";
  return names;
}

std::vector<GraphSection> attune::splitIntoSections(const ModelGraph &graph,
                                                    size_t maxNodes) {
  std::vector<std::string> names = nameSections(graph);
  llvm::MapVector<llvm::StringRef, std::vector<size_t>> byName;
  for (size_t i = 0; i < graph.nodes.size(); ++i)
    byName[names[i]].push_back(i);
  std::vector<GraphSection> sections;
  for (auto &[name, nodes] : byName) {
    std::vector<size_t> part;
    size_t number = 0;
    bool isSplit = nodes.size() > maxNodes;
    auto flush = [&] {
      ++number;
      sections.push_back({isSplit
                              ? (name + " (" + llvm::Twine(number) + ")").str()
                              : name.str(),
                          std::move(part)});
      part.clear();
    };
    for (size_t node : nodes) {
      const std::optional<size_t> &region = graph.nodes[node].region;
      bool goesOn =
          region && !part.empty() && graph.nodes[part.back()].region == region;
      if (part.size() >= maxNodes && !goesOn)
        flush();
      part.push_back(node);
    }
    if (!part.empty())
      flush();
  }
  return sections;
}

std::string attune::getSignature(const ModelGraph &graph,
                                 const GraphSection &section) {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::DenseMap<size_t, size_t> places, regions;
  for (size_t index : section.nodes) {
    const GraphNode &node = graph.nodes[index];
    // What stands with its first reader makes no difference between layers.
    if (node.kind == GraphNodeKind::Input || node.kind == GraphNodeKind::Output)
      continue;
    os << static_cast<int>(node.kind) << ' ' << node.op << ' ' << node.shape;
    if (node.region)
      os << " r"
         << regions.try_emplace(*node.region, regions.size()).first->second;
    for (size_t operand : node.operands)
      if (auto place = places.find(operand); place != places.end())
        os << ' ' << place->second;
      else
        os << " -";
    os << '\n';
    places.try_emplace(index, places.size());
  }
  return text;
}
