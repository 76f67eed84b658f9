//===- MemoryPlanTest.cpp - No two live values share memory ---------------===//
//
// Random graphs of launches and views are planned; then the lives of all
// values are computed again, from the graph alone, and the places that the
// planned function gives them are read out of its code for values of the
// symbols. Values that live at the same time must lie apart.
//
//===----------------------------------------------------------------------===//
#include "CompilerTestSupport.h"
#include "attune/Compiler/Passes.h"
#include "attune/Support/DimExpr.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <random>

using namespace mlir;
using namespace attune;
using namespace attune::test;

namespace {

/// A value of the random graph: its columns, and when it begins and ends.
struct Node {
  int64_t columns;
  int birth;        ///< the launch that computes it; -1 for the input
  int lastUse = -1; ///< the last launch that reads it or a view of it
  bool isResult = false;
};

struct Graph {
  std::string text;
  std::vector<Node> nodes; // the input, then one a launch
};

std::string rowsOf(int64_t columns) {
  return llvm::formatv("tensor<?x{0}xf32>", columns);
}

std::string nameOf(size_t node) {
  return node ? llvm::formatv("%v{0}", node).str() : std::string("%x");
}

/// Values are rows of 8, 16 or 24 columns. A launch reads one to three of
/// them, whole or as a slice of 8 columns, and computes a linear map of the
/// first: nothing is compiled here, what the kernel does with the others does
/// not matter.
Graph makeGraph(std::mt19937 &rng, int launches) {
  constexpr int64_t widths[] = {8, 16, 24};
  Graph graph;
  std::string kernels, body;
  graph.nodes.push_back({24, -1});
  for (int launch = 0; launch < launches; ++launch) {
    std::vector<std::string> operands, types;
    int64_t firstWidth = 0;
    int64_t columns = widths[rng() % 3];
    int count = 1 + static_cast<int>(rng() % 3);
    for (int i = 0; i < count; ++i) {
      // Mostly recent values, sometimes old ones, which live long.
      size_t newest = graph.nodes.size() - 1;
      size_t back = rng() % 4 ? rng() % 4 : rng() % graph.nodes.size();
      size_t node = newest - std::min(back, newest);
      graph.nodes[node].lastUse = launch;
      int64_t width = graph.nodes[node].columns;
      std::string name = nameOf(node);
      if (width > 8 && rng() % 2) {
        std::string slice = llvm::formatv("%s{0}_{1}", launch, i);
        body += llvm::formatv("  {0} = attune.slice {1} {{axis = 1 : i64, "
                              "offset = {2} : i64, size = 8 : i64} : {3} -> "
                              "{4}\n",
                              slice, name, 8 * (rng() % (width / 8)),
                              rowsOf(width), rowsOf(8));
        name = slice;
        width = 8;
      }
      operands.push_back(name);
      types.push_back(rowsOf(width));
      firstWidth = i ? firstWidth : width;
    }
    std::string weight =
        llvm::formatv("tensor<{0}x{1}xf32>", columns, firstWidth);
    body += llvm::formatv("  %w{0} = attune.load_weight @w{1}x{2} : {3}\n",
                          launch, columns, firstWidth, weight);
    operands.push_back(llvm::formatv("%w{0}", launch).str());
    types.push_back(weight);
    std::vector<std::string> parameters;
    for (auto [i, type] : llvm::enumerate(types))
      parameters.push_back(llvm::formatv("%p{0}: {1}", i, type).str());
    kernels +=
        llvm::formatv("attune.kernel @k{0}({1}) -> {2} {{\n"
                      "  %0 = attune.linear %p0, %p{3} : ({4}, {5}) -> {2}\n"
                      "  attune.yield %0 : {2}\n}\n",
                      launch, llvm::join(parameters, ", "), rowsOf(columns),
                      count, types[0], weight);
    graph.nodes.push_back({columns, launch});
    body += llvm::formatv("  {0} = attune.launch @k{1}({2}) : ({3}) -> {4}\n",
                          nameOf(graph.nodes.size() - 1), launch,
                          llvm::join(operands, ", "), llvm::join(types, ", "),
                          rowsOf(columns));
  }

  // The last value and perhaps one more are results.
  std::vector<size_t> results = {graph.nodes.size() - 1};
  if (size_t other = 1 + rng() % (graph.nodes.size() - 1); other != results[0])
    results.push_back(other);
  std::vector<std::string> names, types;
  for (size_t result : results) {
    graph.nodes[result].isResult = true;
    names.push_back(nameOf(result));
    types.push_back(rowsOf(graph.nodes[result].columns));
  }
  for (int64_t rows : widths)
    for (int64_t columns : widths)
      graph.text += llvm::formatv(
          "attune.weight @w{0}x{1} : tensor<{0}x{1}xf32> from "
          "[#attune.piece<\"w\", 0, f32, {2}>] at {3}\n",
          rows, columns, rows * columns, 4096 * (rows + columns / 8));
  graph.text += kernels;
  graph.text += llvm::formatv(
      "func.func @forward(%x: tensor<?x24xf32> {{attune.dims = [\"n\", "
      "\"\"]}) -> ({0}) {{\n{1}  return {2} : {0}\n}\n",
      llvm::join(types, ", "), body, llvm::join(names, ", "));
  return graph;
}

/// Evaluates index arithmetic for given arguments.
int64_t evaluate(Value value, ArrayRef<int64_t> arguments) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return arguments[argument.getArgNumber()];
  Operation *op = value.getDefiningOp();
  auto operand = [&](unsigned i) {
    return evaluate(op->getOperand(i), arguments);
  };
  if (auto constant = dyn_cast<arith::ConstantIndexOp>(op))
    return constant.value();
  if (isa<arith::AddIOp>(op))
    return operand(0) + operand(1);
  if (isa<arith::MulIOp>(op))
    return operand(0) * operand(1);
  if (isa<arith::CeilDivUIOp>(op))
    return llvm::divideCeil(operand(0), operand(1));
  ADD_FAILURE() << "unexpected arithmetic: "
                << op->getName().getStringRef().str();
  return 0;
}

/// Where each launch's result lies in the workspace: first byte, or -1 for
/// results in the caller's memory.
std::vector<int64_t> getPlaces(func::FuncOp planned, int64_t n) {
  std::vector<int64_t> places;
  Value workspace = planned.getArgument(planned.getNumArguments() - 2);
  SmallVector<int64_t> arguments(planned.getNumArguments(), n);
  for (LaunchOp launch : planned.getOps<LaunchOp>()) {
    Value buffer = launch.getOperands().back();
    auto view = buffer.getDefiningOp<memref::ViewOp>();
    bool inWorkspace = view && view.getSource() == workspace;
    places.push_back(inWorkspace ? evaluate(view.getByteShift(), arguments)
                                 : -1);
  }
  return places;
}

class MemoryPlanTest : public CompilerTest {
protected:
  OwningOpRef<ModuleOp> plan(const Graph &graph, bool keepAll) {
    OwningOpRef<ModuleOp> module = parse(graph.text);
    if (!module)
      return {};
    PassManager passes(&context);
    PlanMemoryOptions options;
    options.keepAll = keepAll;
    passes.addPass(createPlanMemory(options));
    if (failed(passes.run(*module)))
      return {};
    return module;
  }
};

TEST_F(MemoryPlanTest, LiveValuesLieApart) {
  size_t shared = 0, needed = 0, kept = 0;
  for (unsigned seed = 0; seed < 60; ++seed) {
    std::mt19937 rng(seed);
    Graph graph = makeGraph(rng, 2 + static_cast<int>(rng() % 30));
    OwningOpRef<ModuleOp> module = plan(graph, /*keepAll=*/false);
    ASSERT_TRUE(module) << graph.text;
    auto planned = module->lookupSymbol<func::FuncOp>("forward");
    auto size = module->lookupSymbol<func::FuncOp>("forward.workspace");
    for (int64_t n : {1, 7, 64}) {
      std::vector<int64_t> places = getPlaces(planned, n);
      ASSERT_EQ(places.size() + 1, graph.nodes.size());
      int64_t workspace =
          evaluate(size.front().getTerminator()->getOperand(0), {n});
      for (size_t a = 1; a < graph.nodes.size(); ++a) {
        const Node &first = graph.nodes[a];
        int64_t begin = places[a - 1];
        EXPECT_EQ(begin < 0, first.isResult) << graph.text;
        if (begin < 0)
          continue;
        int64_t end = begin + n * first.columns * 4;
        EXPECT_EQ(begin % 64, 0);
        EXPECT_LE(end, workspace);
        needed += n == 64;
        for (size_t b = a + 1; b < graph.nodes.size(); ++b) {
          const Node &second = graph.nodes[b];
          int64_t otherBegin = places[b - 1];
          if (otherBegin < 0)
            continue;
          int64_t otherEnd = otherBegin + n * second.columns * 4;
          bool overlap = begin < otherEnd && otherBegin < end;
          // `first` is alive while `second` is computed: a kernel never writes
          // where it reads, so that the last use counts.
          bool live = first.lastUse >= second.birth;
          EXPECT_FALSE(live && overlap) << "seed " << seed << ": values " << a
                                        << " and " << b << " share bytes\n"
                                        << graph.text;
          shared += n == 64 && overlap;
        }
      }
    }
    // With keep-all nothing is shared, and it takes at least as much.
    OwningOpRef<ModuleOp> all = plan(graph, /*keepAll=*/true);
    ASSERT_TRUE(all);
    std::vector<int64_t> places =
        getPlaces(all->lookupSymbol<func::FuncOp>("forward"), 7);
    int64_t next = 0;
    for (size_t a = 1; a < graph.nodes.size(); ++a) {
      if (places[a - 1] < 0)
        continue;
      EXPECT_EQ(places[a - 1], next);
      next += llvm::alignTo(7 * graph.nodes[a].columns * 4, 64);
      ++kept;
    }
  }
  // The plan is worth its name: memory is used again.
  EXPECT_GT(needed, 300u);
  EXPECT_GT(shared, needed);
  EXPECT_EQ(kept, needed);
}

} // namespace
