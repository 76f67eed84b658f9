//===- SectionDrawing.cpp - A part of a model's graph as SVG --------------===//
#include "SectionDrawing.h"
#include "DagLayout.h"
#include "attune/Support/HTMLPage.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

using namespace attune;

static constexpr double kLetter = 6.4, kLine = 14, kPadding = 8, kMargin = 12,
                        kTitle = 18;
static constexpr size_t kMaxLetters = 34;

DrawnGraph::DrawnGraph(const ModelGraph &graph,
                       const std::vector<GraphSection> &sections)
    : graph(graph), sections(sections), sectionOf(graph.nodes.size()),
      anchors(sections.size()), users(graph.nodes.size()) {
  for (auto [i, section] : llvm::enumerate(sections))
    for (size_t node : section.nodes)
      sectionOf[node] = i;
  for (auto [i, node] : llvm::enumerate(graph.nodes))
    for (size_t operand : node.operands)
      users[operand].push_back(i);
}

/// Text of one line in a box. Cuts between letters of UTF-8, not within.
static std::string cut(llvm::StringRef text) {
  if (text.size() <= kMaxLetters)
    return text.str();
  size_t end = kMaxLetters - 1;
  while (end && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
    --end;
  return (text.take_front(end) + "\xe2\x80\xa6").str();
}

static llvm::StringRef getClass(GraphNodeKind kind) {
  switch (kind) {
  case GraphNodeKind::Input:
  case GraphNodeKind::Output:
    return "port";
  case GraphNodeKind::Anchor:
    return "anchor";
  case GraphNodeKind::Elementwise:
    return "elementwise";
  case GraphNodeKind::View:
    return "view";
  case GraphNodeKind::Other:
    break;
  }
  return "other";
}

static std::string
printInfo(llvm::StringRef op, llvm::StringRef where,
          const std::vector<std::pair<std::string, std::string>> &details) {
  llvm::json::Array list;
  auto add = [&](llvm::StringRef name, llvm::StringRef value) {
    list.push_back(llvm::json::Array{llvm::json::fixUTF8(name),
                                     llvm::json::fixUTF8(value)});
  };
  add("", op);
  if (!where.empty())
    add("where", where);
  for (const auto &[name, value] : details)
    add(name, value);
  return llvm::formatv("{0}", llvm::json::Value(std::move(list)));
}

namespace {

/// What is drawn at one place: a node, a region, or a link.
struct Item {
  enum Kind { Node, Region, From, To } kind = Node;
  size_t index = 0; ///< the node, the region, or the section it links to
  std::string text; ///< of a link
  std::vector<size_t> members; ///< the nodes of a region
  /// Places within the region.
  std::vector<LayoutBox> boxes;
  std::vector<LayoutEdge> edges;
};

class SectionDrawing {
public:
  SectionDrawing(const DrawnGraph &drawn, size_t section)
      : drawn(drawn), graph(drawn.graph), section(section) {}
  std::string draw();

private:
  void collectItems();
  void addLinks();
  void connect(size_t from, size_t to) {
    if (from != to && connected.insert({from, to}))
      edges.push_back({std::min(from, to), std::max(from, to)});
  }
  std::vector<std::string> getLines(const GraphNode &node) const;
  LayoutBox measure(const GraphNode &node) const;
  LayoutBox measure(Item &item);

  void drawNode(size_t node, const LayoutBox &box, LayoutPoint origin);
  void drawItem(const Item &item, const LayoutBox &box);
  void drawWay(llvm::ArrayRef<LayoutPoint> points, LayoutPoint origin,
               llvm::StringRef cls);
  void drawInto(const Item &item, const LayoutBox &box);

  const DrawnGraph &drawn;
  const ModelGraph &graph;
  size_t section;
  std::vector<Item> items;
  llvm::DenseMap<size_t, size_t> itemOf; ///< of the section's nodes
  std::vector<LayoutBox> boxes;
  std::vector<LayoutEdge> edges;
  llvm::SetVector<std::pair<size_t, size_t>> connected;
  std::string text;
  llvm::raw_string_ostream os{text};
};

} // namespace

std::vector<std::string> SectionDrawing::getLines(const GraphNode &node) const {
  llvm::StringRef where = node.where;
  // What the section's title says is not repeated.
  where.consume_front(getSectionName(where));
  where = where.ltrim("./");
  std::vector<std::string> lines{cut(node.op)};
  if (!node.shape.empty())
    lines.push_back(cut(node.shape));
  if (!where.empty())
    lines.push_back(cut(where));
  return lines;
}

LayoutBox SectionDrawing::measure(const GraphNode &node) const {
  std::vector<std::string> lines = getLines(node);
  size_t letters = 6;
  for (const std::string &line : lines)
    letters = std::max(letters, line.size());
  return {kLetter * static_cast<double>(letters) + 2 * kPadding,
          kLine * static_cast<double>(lines.size()) + kPadding};
}

LayoutBox SectionDrawing::measure(Item &item) {
  if (item.kind == Item::Node)
    return measure(graph.nodes[item.index]);
  if (item.kind != Item::Region)
    return {kLetter * static_cast<double>(item.text.size()) + 2 * kPadding,
            kLine + kPadding};
  llvm::DenseMap<size_t, size_t> places;
  for (size_t node : item.members) {
    for (size_t operand : graph.nodes[node].operands)
      if (auto place = places.find(operand); place != places.end())
        item.edges.push_back({place->second, item.boxes.size()});
    places[node] = item.boxes.size();
    item.boxes.push_back(measure(graph.nodes[node]));
  }
  Layout inner = layOut(item.boxes, item.edges);
  return {inner.width + 2 * kMargin, inner.height + 2 * kMargin + kTitle};
}

void SectionDrawing::addLinks() {
  // A link for each section that something comes from, above all readers.
  llvm::MapVector<size_t, llvm::SetVector<size_t>> sources;
  for (size_t node : drawn.sections[section].nodes)
    for (size_t operand : graph.nodes[node].operands)
      if (drawn.sectionOf[operand] != section)
        sources[drawn.sectionOf[operand]].insert(operand);
  for (const auto &[from, nodes] : sources) {
    Item &item = items.emplace_back();
    item.kind = Item::From;
    item.index = from;
    item.text = cut("from " + drawn.sections[from].name);
    for (size_t node : nodes)
      itemOf[node] = items.size() - 1;
  }
}

void SectionDrawing::collectItems() {
  addLinks();
  llvm::DenseMap<size_t, size_t> regions;
  for (size_t node : drawn.sections[section].nodes) {
    const std::optional<size_t> &region = graph.nodes[node].region;
    size_t place = items.size();
    if (region) {
      auto [known, isNew] = regions.try_emplace(*region, place);
      place = known->second;
      if (isNew) {
        Item &item = items.emplace_back();
        item.kind = Item::Region;
        item.index = *region;
      }
      items[place].members.push_back(node);
    } else {
      items.emplace_back().index = node;
    }
    itemOf[node] = place;
  }
  llvm::MapVector<size_t, llvm::SetVector<size_t>> targets;
  for (size_t node : drawn.sections[section].nodes) {
    for (size_t operand : graph.nodes[node].operands)
      if (auto from = itemOf.find(operand); from != itemOf.end())
        connect(from->second, itemOf[node]);
    for (size_t user : drawn.users[node])
      if (drawn.sectionOf[user] != section)
        targets[drawn.sectionOf[user]].insert(itemOf[node]);
  }
  for (const auto &[to, from] : targets) {
    Item &item = items.emplace_back();
    item.kind = Item::To;
    item.index = to;
    item.text = cut("to " + drawn.sections[to].name);
    for (size_t one : from)
      connect(one, items.size() - 1);
  }
}

/// A line that is smooth where it passes rows and upright at its ends.
void SectionDrawing::drawWay(llvm::ArrayRef<LayoutPoint> points,
                             LayoutPoint origin, llvm::StringRef cls) {
  os << "<path class=\"" << cls << "\" d=\"";
  LayoutPoint last;
  for (auto [i, point] : llvm::enumerate(points)) {
    LayoutPoint at{point.x + origin.x, point.y + origin.y};
    if (i == 0) {
      os << llvm::formatv("M{0:f1} {1:f1}", at.x, at.y);
    } else {
      double middle = (last.y + at.y) / 2;
      os << llvm::formatv("C{0:f1} {1:f1} {2:f1} {1:f1} {2:f1} {3:f1}", last.x,
                          middle, at.x, at.y);
    }
    last = at;
  }
  os << "\"/>\n";
}

void SectionDrawing::drawNode(size_t index, const LayoutBox &box,
                              LayoutPoint origin) {
  const GraphNode &node = graph.nodes[index];
  os << llvm::formatv(
      "<g class=\"node {0}\" tabindex=\"0\" role=\"button\" "
      "transform=\"translate({1:f1} {2:f1})\" data-info=\"{3}\"><title>{4}"
      "</title><rect width=\"{5:f1}\" height=\"{6:f1}\" rx=\"4\"/>",
      getClass(node.kind), origin.x + box.corner.x, origin.y + box.corner.y,
      escapeHTML(printInfo(node.op, node.where, node.details)),
      escapeHTML(node.where.empty() ? node.op : node.where), box.width,
      box.height);
  for (auto [i, line] : llvm::enumerate(getLines(node)))
    os << llvm::formatv("<text{0} x=\"{1:f1}\" y=\"{2:f1}\">{3}</text>",
                        i ? " class=\"soft\"" : "", box.width / 2,
                        kLine * static_cast<double>(i + 1) + 1,
                        escapeHTML(line));
  os << "</g>\n";
}

/// The last bit of the way to those members that read what comes from
/// elsewhere and do not stand at the top.
void SectionDrawing::drawInto(const Item &item, const LayoutBox &box) {
  LayoutPoint origin{box.corner.x + kMargin, box.corner.y + kMargin + kTitle};
  for (auto [node, inner] : llvm::zip(item.members, item.boxes)) {
    bool readsMember = false, readsOther = false;
    for (size_t operand : graph.nodes[node].operands)
      (graph.nodes[operand].region == graph.nodes[node].region ? readsMember
                                                               : readsOther) =
          true;
    if (!readsMember || !readsOther)
      continue;
    LayoutPoint top{box.corner.x + box.width / 2, box.corner.y};
    LayoutPoint side{box.corner.x + kMargin / 2,
                     origin.y + inner.corner.y - kMargin};
    LayoutPoint to{origin.x + inner.corner.x + inner.width / 4,
                   origin.y + inner.corner.y};
    drawWay({top, side, to}, {0, 0}, "edge inner");
  }
}

void SectionDrawing::drawItem(const Item &item, const LayoutBox &box) {
  switch (item.kind) {
  case Item::Node:
    return drawNode(item.index, box, {0, 0});
  case Item::From:
  case Item::To:
    os << llvm::formatv(
        "<a class=\"link\" href=\"#{0}\"><g transform=\"translate({1:f1} "
        "{2:f1})\"><rect width=\"{3:f1}\" height=\"{4:f1}\" rx=\"11\"/><text "
        "x=\"{5:f1}\" y=\"{6:f1}\">{7}</text></g></a>\n",
        drawn.anchors[item.index], box.corner.x, box.corner.y, box.width,
        box.height, box.width / 2, kLine + 1, escapeHTML(item.text));
    return;
  case Item::Region:
    break;
  }
  const GraphRegion &region = graph.regions[item.index];
  os << llvm::formatv(
      "<g class=\"region\" tabindex=\"0\" role=\"button\" data-info=\"{0}\">"
      "<title>{1}</title><rect x=\"{2:f1}\" y=\"{3:f1}\" width=\"{4:f1}\" "
      "height=\"{5:f1}\" rx=\"6\"/><text x=\"{6:f1}\" y=\"{7:f1}\">fused: {8} "
      "ops</text></g>\n",
      escapeHTML(printInfo("fused region", region.where, region.details)),
      escapeHTML(region.where), box.corner.x, box.corner.y, box.width,
      box.height, box.corner.x + kPadding, box.corner.y + kLine,
      item.members.size());
  LayoutPoint origin{box.corner.x + kMargin, box.corner.y + kMargin + kTitle};
  for (const LayoutEdge &edge : item.edges)
    drawWay(edge.points, origin, "edge inner");
  drawInto(item, box);
  for (auto [node, inner] : llvm::zip(item.members, item.boxes))
    drawNode(node, inner, origin);
}

std::string SectionDrawing::draw() {
  collectItems();
  for (Item &item : items)
    boxes.push_back(measure(item));
  Layout layout = layOut(boxes, edges);
  os << llvm::formatv("<svg width=\"{0:f0}\" height=\"{1:f0}\" viewBox=\"{2} "
                      "{2} {0:f0} {1:f0}\">\n",
                      layout.width + 2 * kMargin, layout.height + 2 * kMargin,
                      -kMargin);
  for (const LayoutEdge &edge : edges)
    drawWay(edge.points, {0, 0}, "edge");
  for (auto [item, box] : llvm::zip(items, boxes))
    drawItem(item, box);
  os << "</svg>\n";
  return std::move(text);
}

std::string attune::drawSection(const DrawnGraph &drawn, size_t section) {
  return SectionDrawing(drawn, section).draw();
}
