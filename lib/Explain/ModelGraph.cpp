//===- ModelGraph.cpp - A model's ops as a graph to look at ---------------===//
#include "attune/Explain/ModelGraph.h"
#include "attune/Kernel/Cost.h"
#include "attune/Support/File.h"

using namespace mlir;
using namespace attune;

/// What is kept of a printed attribute or name.
static constexpr size_t kLongest = 200;

namespace {

using Details = std::vector<std::pair<std::string, std::string>>;

class GraphBuilder {
public:
  GraphBuilder(func::FuncOp function, const llvm::StringMap<int64_t> &symbols)
      : function(function), symbols(symbols), costs(function) {
    for (const auto &[op, cost] : costs.getOps())
      costOf[op] = &cost;
  }
  ModelGraph build();

private:
  void addInputs();
  void addOutputs();
  void addOp(Operation &op, std::optional<size_t> region);
  void addFused(FusedOp fused);
  void addOperands(GraphNode &node, Operation &op);

  static std::string getWhere(Location loc) {
    auto name = loc->findInstanceOf<NameLoc>();
    return name ? printable(name.getName().getValue(), kLongest)
                : std::string();
  }
  std::string describeShape(Value value) const;
  std::string describeType(Value value) const;
  void describeCost(Operation &op, Details &details) const;
  void describeOp(Operation &op, GraphNode &node) const;

  func::FuncOp function;
  const llvm::StringMap<int64_t> &symbols;
  CostAnalysis costs;
  DenseMap<Operation *, const Cost *> costOf;
  /// The node that computes a value; the arguments of regions have those of
  /// what is bound to them.
  DenseMap<Value, size_t> producers;
  /// The weights that values load.
  DenseMap<Value, LoadWeightOp> weights;
  ModelGraph graph;
};

} // namespace

/// "tensor<64xf32>" as "64 f32" is told apart by what stands before it.
std::string GraphBuilder::describeShape(Value value) const {
  SymbolicShape shape = costs.getShape(value);
  if (shape.empty())
    return "scalar";
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleave(
      shape, os, [&](const DimExpr &extent) { os << extent; }, " \xc3\x97 ");
  return text;
}

std::string GraphBuilder::describeType(Value value) const {
  auto type = dyn_cast<ShapedType>(value.getType());
  if (!type)
    return llvm::formatv("{0}", value.getType());
  return llvm::formatv("{0} {1}", describeShape(value), type.getElementType());
}

/// "12.3 M": figures of models go over many decades.
static std::string printCount(double value, StringRef unit) {
  static constexpr const char *prefixes[] = {"", "k", "M", "G", "T", "P"};
  size_t prefix = 0;
  while (value >= 1000 && prefix + 1 < std::size(prefixes)) {
    value /= 1000;
    ++prefix;
  }
  return llvm::formatv(prefix ? "{0:f2} {1}{2}" : "{0:f0} {1}{2}", value,
                       prefixes[prefix], unit);
}

void GraphBuilder::describeCost(Operation &op, Details &details) const {
  if (DimExpr flops = costs.getFlops(&op); flops != DimExpr())
    details.emplace_back("FLOPs", printCount(flops.evaluate(symbols), "FLOP") +
                                      " = " + flops.str());
  const Cost *cost = costOf.lookup(&op);
  if (!cost)
    return;
  details.emplace_back(
      "activations moved",
      printCount(cost->activationBytes.evaluate(symbols), "B"));
  if (cost->weightBytes != DimExpr())
    details.emplace_back("weights read",
                         printCount(cost->weightBytes.evaluate(symbols), "B"));
}

void GraphBuilder::describeOp(Operation &op, GraphNode &node) const {
  node.details.emplace_back("op", op.getName().getStringRef().str());
  for (auto [i, operand] : llvm::enumerate(op.getOperands())) {
    std::string name = llvm::formatv("operand {0}", i);
    if (LoadWeightOp load = weights.lookup(operand))
      node.details.emplace_back(
          name, "weight " + printable(load.getWeight(), kLongest) + ", " +
                    describeType(load));
    else
      node.details.emplace_back(name, describeType(operand));
  }
  for (Value result : op.getResults())
    node.details.emplace_back("result", describeType(result));
  for (NamedAttribute attribute : op.getAttrs()) {
    std::string text;
    llvm::raw_string_ostream os(text);
    attribute.getValue().print(os, /*elideType=*/true);
    node.details.emplace_back(printable(attribute.getName().getValue()),
                              printable(text, kLongest));
  }
}

void GraphBuilder::addOperands(GraphNode &node, Operation &op) {
  for (Value operand : op.getOperands()) {
    auto producer = producers.find(operand);
    if (producer != producers.end() &&
        !llvm::is_contained(node.operands, producer->second))
      node.operands.push_back(producer->second);
  }
}

void GraphBuilder::addOp(Operation &op, std::optional<size_t> region) {
  GraphNode node;
  node.kind = isa<KernelOpInterface>(op)        ? GraphNodeKind::Anchor
              : isa<ElementwiseOpInterface>(op) ? GraphNodeKind::Elementwise
              : isa<ViewOpInterface>(op)        ? GraphNodeKind::View
                                                : GraphNodeKind::Other;
  node.op = op.getName().stripDialect().str();
  node.where = getWhere(op.getLoc());
  node.region = region;
  if (op.getNumResults())
    node.shape = describeShape(op.getResult(0));
  addOperands(node, op);
  describeOp(op, node);
  describeCost(op, node.details);
  for (Value result : op.getResults())
    producers[result] = graph.nodes.size();
  graph.nodes.push_back(std::move(node));
}

void GraphBuilder::addFused(FusedOp fused) {
  Block &body = fused.getBody().front();
  for (auto [argument, operand] :
       llvm::zip(body.getArguments(), fused->getOperands())) {
    if (auto producer = producers.find(operand); producer != producers.end())
      producers[argument] = producer->second;
    if (LoadWeightOp load = weights.lookup(operand))
      weights[argument] = load;
  }
  size_t members = llvm::range_size(body.without_terminator());
  std::optional<size_t> region;
  if (members > 1) {
    region = graph.regions.size();
    GraphRegion &entry = graph.regions.emplace_back();
    entry.where = getWhere(fused.getLoc());
    entry.details.emplace_back("ops in one kernel", std::to_string(members));
    describeCost(*fused, entry.details);
  }
  for (Operation &op : body.without_terminator()) {
    addOp(op, region);
    // What a region of one op moves is known of the region.
    if (!region)
      if (const Cost *cost = costOf.lookup(fused)) {
        graph.nodes.back().details.emplace_back(
            "activations moved",
            printCount(cost->activationBytes.evaluate(symbols), "B"));
        if (cost->weightBytes != DimExpr())
          graph.nodes.back().details.emplace_back(
              "weights read",
              printCount(cost->weightBytes.evaluate(symbols), "B"));
      }
  }
  for (auto [result, yielded] :
       llvm::zip(fused->getResults(), body.getTerminator()->getOperands()))
    if (auto producer = producers.find(yielded); producer != producers.end())
      producers[result] = producer->second;
}

void GraphBuilder::addInputs() {
  for (BlockArgument argument : function.getArguments()) {
    auto name = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(),
                                                      kNameAttr);
    GraphNode node;
    node.kind = GraphNodeKind::Input;
    node.op = name ? printable(name.getValue(), kLongest)
                   : llvm::formatv("input {0}", argument.getArgNumber()).str();
    node.shape = describeShape(argument);
    node.details = {{"input", node.op}, {"type", describeType(argument)}};
    producers[argument] = graph.nodes.size();
    graph.nodes.push_back(std::move(node));
  }
}

void GraphBuilder::addOutputs() {
  Operation *terminator = function.front().getTerminator();
  for (auto [i, value] : llvm::enumerate(terminator->getOperands())) {
    auto name = function.getResultAttrOfType<StringAttr>(i, kNameAttr);
    GraphNode node;
    node.kind = GraphNodeKind::Output;
    node.op = name ? printable(name.getValue(), kLongest)
                   : llvm::formatv("output {0}", i).str();
    node.shape = describeShape(value);
    node.details = {{"output", node.op}, {"type", describeType(value)}};
    if (auto producer = producers.find(value); producer != producers.end())
      node.operands = {producer->second};
    graph.nodes.push_back(std::move(node));
  }
}

ModelGraph GraphBuilder::build() {
  addInputs();
  for (Operation &op : function.front().without_terminator()) {
    if (auto load = dyn_cast<LoadWeightOp>(op))
      weights[load.getResult()] = load;
    else if (auto fused = dyn_cast<FusedOp>(op))
      addFused(fused);
    else
      addOp(op, std::nullopt);
  }
  addOutputs();
  return std::move(graph);
}

ModelGraph attune::buildModelGraph(func::FuncOp function,
                                   const llvm::StringMap<int64_t> &symbols) {
  return GraphBuilder(function, symbols).build();
}
