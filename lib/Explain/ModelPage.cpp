//===- ModelPage.cpp - A model before and after fusion, as a page ---------===//
#include "attune/Explain/ModelPage.h"
#include "SectionDrawing.h"
#include "attune/Kernel/LaunchShapes.h"
#include "attune/Support/Error.h"
#include "attune/Support/HTMLPage.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/FormatVariadic.h"
#include <map>

using namespace attune;

static constexpr llvm::StringLiteral kStyle = R"css(
body { max-width: none; padding-bottom: 16rem; }
.controls { position: sticky; top: 0; background: var(--bg); padding: .4rem 0;
  border-bottom: 1px solid var(--line); z-index: 1; }
.controls button { font: inherit; font-size: 13px; margin-right: .3rem;
  color: var(--fg); background: var(--bg); border: 1px solid var(--line);
  border-radius: 4px; cursor: pointer; }
.controls button[aria-pressed=true] { border-color: var(--c3); color: var(--c3); }
.section { border-bottom: 1px solid var(--line); content-visibility: auto; }
.section summary span { color: var(--soft); font-size: 13px; }
.pair { display: flex; gap: 1rem; align-items: flex-start; }
.pair > div { flex: 1 1 0; min-width: 0; overflow: auto; max-height: 90vh; }
.pair h3 { font-size: 13px; color: var(--soft); margin: 0; }
body[data-view=before] .after, body[data-view=after] .before { display: none; }
svg text { font: 11px system-ui, sans-serif; fill: var(--fg);
  text-anchor: middle; pointer-events: none; }
svg text.soft { fill: var(--soft); font-size: 10px; }
.node, .region { cursor: pointer; outline: none; }
.node rect { fill: var(--bg); stroke: var(--c0); }
.anchor rect { stroke: var(--c3); stroke-width: 2; }
.elementwise rect { stroke: var(--c4); }
.view rect { stroke-dasharray: 3 3; }
.port rect { stroke: var(--c1); stroke-width: 2; }
.other rect { stroke: var(--c2); }
.link rect { fill: none; stroke: var(--line); } .link text { fill: var(--c3); }
.region rect { fill: var(--c3); fill-opacity: .08; stroke: var(--c3);
  stroke-dasharray: 6 3; }
.region text { text-anchor: start; fill: var(--c3); }
.selected > rect, .node:focus > rect, .region:focus > rect {
  stroke: var(--c5); stroke-width: 3; }
.edge { fill: none; stroke: var(--soft); stroke-opacity: .6; }
.edge.inner { stroke: var(--c3); }
#panel { position: fixed; left: 0; right: 0; bottom: 0; max-height: 14rem;
  overflow: auto; background: var(--bg); border-top: 2px solid var(--c3);
  padding: .4rem 1rem; font-size: 13px; }
#panel dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem;
  margin: 0; }
#panel dt { color: var(--soft); } #panel dd { margin: 0;
  overflow-wrap: anywhere; }
)css";

static constexpr llvm::StringLiteral kScript = R"js(
(() => {
  const panel = document.getElementById("panel");
  const list = panel.querySelector("dl");
  let selected = null;
  const show = (element) => {
    if (selected) selected.classList.remove("selected");
    selected = element;
    element.classList.add("selected");
    list.replaceChildren();
    for (const [name, value] of JSON.parse(element.dataset.info)) {
      const term = document.createElement("dt");
      const text = document.createElement("dd");
      term.textContent = name;
      text.textContent = value;
      list.append(term, text);
    }
    panel.hidden = false;
  };
  const openTarget = () => {
    const target = document.getElementById(location.hash.slice(1));
    if (target && target.tagName === "DETAILS") target.open = true;
  };
  document.addEventListener("click", (event) => {
    const element = event.target.closest("[data-info]");
    if (element) show(element);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") panel.hidden = true;
    if (event.key !== "Enter" && event.key !== " ") return;
    const element = event.target.closest("[data-info]");
    if (!element) return;
    event.preventDefault();
    show(element);
  });
  const views = document.querySelectorAll("[data-show]");
  for (const button of views)
    button.addEventListener("click", () => {
      document.body.dataset.view = button.dataset.show;
      for (const other of views)
        other.setAttribute("aria-pressed", other === button);
    });
  for (const button of document.querySelectorAll("[data-open]"))
    button.addEventListener("click", () => {
      for (const section of document.querySelectorAll("details.section"))
        section.open = button.dataset.open === "all";
    });
  window.addEventListener("hashchange", openTarget);
  openTarget();
})();
)js";

/// Sections that are open at first hold no more nodes than a browser draws at
/// once.
static constexpr size_t kMaxOpenNodes = 1500;

llvm::Expected<ModelPage>
attune::buildModelPage(Compilation &compilation,
                       const llvm::StringMap<int64_t> &symbols) {
  ModelPage page;
  page.title = compilation.getName();
  auto getGraph = [&] {
    // There is a function: importers make it, and it was looked for in IR.
    return buildModelGraph(
        findModelFunction(compilation.getVariants().front().module.get()),
        symbols);
  };
  if (compilation.getPhase() < Phase::Fuse)
    page.before = getGraph();
  llvm::Expected<std::vector<FusionRemark>> remarks =
      collectFusionRemarks(compilation);
  if (!remarks)
    return remarks.takeError();
  page.remarks = std::move(*remarks);
  page.after = getGraph();
  std::vector<std::string> sizes;
  for (const auto &entry : symbols)
    sizes.push_back(
        (entry.getKey() + " " + llvm::Twine(entry.getValue())).str());
  llvm::sort(sizes);
  page.sizes = llvm::join(sizes, ", ");
  return page;
}

namespace {

/// Sections of the same name before and after.
struct Row {
  std::optional<size_t> before, after;
};

class PageWriter {
public:
  PageWriter(const ModelPage &page, llvm::raw_ostream &os)
      : page(page), os(os), before(splitIntoSections(page.before)),
        after(splitIntoSections(page.after)), drawnBefore(page.before, before),
        drawnAfter(page.after, after) {
    pairSections();
  }
  void write();

private:
  void pairSections();
  void writeHead();
  void writeFusions();
  void writeRow(const Row &row, size_t number);
  void writeSide(const DrawnGraph &drawn, std::optional<size_t> section,
                 llvm::StringRef cls, llvm::StringRef title);

  llvm::StringRef getName(const Row &row) const {
    return row.before ? before[*row.before].name : after[*row.after].name;
  }
  size_t countNodes(const Row &row) const {
    return (row.before ? before[*row.before].nodes.size() : 0) +
           (row.after ? after[*row.after].nodes.size() : 0);
  }
  /// Ops of a section, and the kernels that they are.
  static std::pair<size_t, size_t> countOps(const ModelGraph &graph,
                                            const GraphSection &section);

  const ModelPage &page;
  llvm::raw_ostream &os;
  std::vector<GraphSection> before, after;
  DrawnGraph drawnBefore, drawnAfter;
  std::vector<Row> rows;
  std::map<std::string, std::string> known; ///< signature to name
  size_t openNodes = 0;
};

} // namespace

void PageWriter::pairSections() {
  llvm::MapVector<llvm::StringRef, Row> byName;
  for (auto [i, section] : llvm::enumerate(before))
    byName[section.name].before = i;
  for (auto [i, section] : llvm::enumerate(after))
    byName[section.name].after = i;
  for (auto &[name, row] : byName) {
    std::string anchor = llvm::formatv("s{0}", rows.size());
    if (row.before)
      drawnBefore.anchors[*row.before] = anchor;
    if (row.after)
      drawnAfter.anchors[*row.after] = anchor;
    rows.push_back(row);
  }
}

std::pair<size_t, size_t> PageWriter::countOps(const ModelGraph &graph,
                                               const GraphSection &section) {
  size_t ops = 0, kernels = 0;
  std::optional<size_t> region;
  for (size_t index : section.nodes) {
    const GraphNode &node = graph.nodes[index];
    if (node.kind == GraphNodeKind::Input || node.kind == GraphNodeKind::Output)
      continue;
    ++ops;
    bool goesOn = node.region && node.region == region;
    kernels += node.kind != GraphNodeKind::View && !goesOn;
    region = node.region;
  }
  return {ops, kernels};
}

void PageWriter::writeHead() {
  size_t opsBefore = 0, opsAfter = 0, kernels = 0;
  for (const GraphSection &section : before)
    opsBefore += countOps(page.before, section).first;
  for (const GraphSection &section : after) {
    auto [ops, runs] = countOps(page.after, section);
    opsAfter += ops;
    kernels += runs;
  }
  os << "<h1>" << escapeHTML(page.title) << "</h1>\n<p class=\"lead\">"
     << llvm::formatv("{0} ops before fusion, {1} after it, which run as {2} "
                      "kernels. FLOPs and bytes are those of ",
                      opsBefore, opsAfter, kernels)
     << escapeHTML(page.sizes) << ".</p>\n";
}

void PageWriter::writeFusions() {
  struct Count {
    size_t fused = 0, missed = 0;
  };
  llvm::MapVector<llvm::StringRef, Count> patterns;
  using Key = std::tuple<llvm::StringRef, llvm::StringRef, llvm::StringRef>;
  std::map<Key, size_t> places;
  std::vector<std::pair<const FusionRemark *, size_t>> misses;
  for (const FusionRemark &remark : page.remarks) {
    Count &count = patterns[remark.pattern];
    ++(remark.isFused ? count.fused : count.missed);
    if (remark.isFused)
      continue;
    auto [place, isNew] = places.try_emplace(
        Key(remark.pattern, remark.reason, remark.hint), misses.size());
    if (isNew)
      misses.emplace_back(&remark, 0);
    ++misses[place->second].second;
  }
  os << "<h2>Fusions</h2>\n";
  if (patterns.empty()) {
    os << "<p class=\"none\">No candidates.</p>\n";
    return;
  }
  os << "<table><tr><th>pattern</th><th class=\"n\">fused</th><th class=\"n\">"
        "missed</th></tr>\n";
  for (const auto &[name, count] : patterns)
    os << "<tr><td>" << escapeHTML(name) << "</td><td class=\"n\">"
       << count.fused << "</td><td class=\"n" << (count.missed ? " bad" : "")
       << "\">" << count.missed << "</td></tr>\n";
  os << "</table>\n";
  if (misses.empty())
    return;
  os << "<table><tr><th>missed</th><th>first at</th><th class=\"n\">times</th>"
        "<th>reason</th><th>hint</th></tr>\n";
  for (auto [remark, count] : misses)
    os << "<tr><td>" << escapeHTML(remark->pattern) << "</td><td>"
       << escapeHTML(remark->where) << "</td><td class=\"n\">" << count
       << "</td><td>" << escapeHTML(remark->reason) << "</td><td>"
       << escapeHTML(remark->hint) << "</td></tr>\n";
  os << "</table>\n";
}

void PageWriter::writeSide(const DrawnGraph &drawn,
                           std::optional<size_t> section, llvm::StringRef cls,
                           llvm::StringRef title) {
  os << "<div class=\"" << cls << "\"><h3>" << title << "</h3>\n";
  if (section)
    os << drawSection(drawn, *section);
  else
    os << "<p class=\"none\">Nothing of this name.</p>\n";
  os << "</div>\n";
}

void PageWriter::writeRow(const Row &row, size_t number) {
  std::string signature;
  if (row.before)
    signature += getSignature(page.before, before[*row.before]);
  signature += "after\n";
  if (row.after)
    signature += getSignature(page.after, after[*row.after]);
  auto [like, isNew] = known.try_emplace(signature, getName(row).str());
  bool isOpen = isNew && (openNodes += countNodes(row)) <= kMaxOpenNodes;
  size_t opsBefore =
      row.before ? countOps(page.before, before[*row.before]).first : 0;
  auto [opsAfter, kernels] = row.after ? countOps(page.after, after[*row.after])
                                       : std::pair<size_t, size_t>();
  os << llvm::formatv("<details class=\"section\" id=\"s{0}\"{1}><summary><b>"
                      "{2}</b> <span>{3} ops, fused {4} in {5} kernels{6}"
                      "</span></summary>\n<div class=\"pair\">\n",
                      number, isOpen ? " open" : "", escapeHTML(getName(row)),
                      opsBefore, opsAfter, kernels,
                      isNew ? "" : ", looks like " + escapeHTML(like->second));
  writeSide(drawnBefore, row.before, "before", "Before fusion");
  writeSide(drawnAfter, row.after, "after", "After fusion");
  os << "</div></details>\n";
}

void PageWriter::write() {
  writeHead();
  writeFusions();
  os << "<h2>Graph</h2>\n<div class=\"controls\">\n";
  for (auto [view, text] :
       {std::pair("both", "side by side"), std::pair("before", "before fusion"),
        std::pair("after", "after fusion")})
    os << "<button data-show=\"" << view << "\" aria-pressed=\""
       << (llvm::StringRef(view) == "both" ? "true" : "false") << "\">" << text
       << "</button>\n";
  os << "<button data-open=\"all\">open all</button>\n"
        "<button data-open=\"none\">close all</button>\n</div>\n";
  for (auto [i, row] : llvm::enumerate(rows))
    writeRow(row, i);
  os << "<div id=\"panel\" hidden><dl></dl></div>\n";
}

std::string attune::renderModelPage(const ModelPage &page) {
  HTMLPage html;
  html.title = page.title + " before and after fusion";
  html.style = kStyle;
  html.script = kScript;
  llvm::raw_string_ostream os(html.body);
  PageWriter(page, os).write();
  return renderPage(html);
}
