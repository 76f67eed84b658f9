//===- Pooling.cpp - Pooling over windows and whole images ----------------===//
#include "Windows.h"

using namespace mlir;
using namespace attune;

static Value emitPool(GraphBuilder &b, ReduceKind kind, Value input,
                      const Windows &windows, ArrayRef<int64_t> low,
                      ArrayRef<int64_t> high, bool countsPadding) {
  SymbolicShape result = b.shape(input);
  result.resize(2);
  for (int64_t extent : windows.results)
    result.push_back(extent);
  OpBuilder &ops = b.ops();
  return b.create<PoolWindowOp>(GraphBuilder::element(input), result,
                                ReduceKindAttr::get(b.context(), kind), input,
                                ops.getDenseI64ArrayAttr(windows.kernel),
                                ops.getDenseI64ArrayAttr(windows.strides),
                                ops.getDenseI64ArrayAttr(low),
                                ops.getDenseI64ArrayAttr(high),
                                ops.getDenseI64ArrayAttr(windows.dilations),
                                countsPadding ? ops.getUnitAttr() : UnitAttr());
}

static llvm::Expected<Windows> readWindows(NodeImporter &node) {
  std::optional<SmallVector<int64_t>> kernel = node.integers("kernel_shape");
  if (!kernel || kernel->empty() || kernel->size() > 3)
    return node.error("expected kernel_shape of 1 to 3 dimensions");
  return Windows::read(node, *kernel);
}

/// Padding, and what the last window of ceil_mode reaches beyond it.
static SmallVector<int64_t> allHigh(const Windows &windows) {
  SmallVector<int64_t> high = windows.high;
  for (auto [value, extra] : llvm::zip(high, windows.extraHigh))
    value += extra;
  return high;
}

static llvm::Error importMaxPool(NodeImporter &node) {
  if (node.needsResult(1))
    return node.unsupported("the places of the largest elements");
  llvm::Expected<Windows> windows = readWindows(node);
  if (!windows)
    return windows.takeError();
  return node.result(emitPool(node.builder(), ReduceKind::max, node.value(0),
                              *windows, windows->low, allHigh(*windows),
                              false));
}

static llvm::Error importAveragePool(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  llvm::Expected<Windows> windows = readWindows(node);
  if (!windows)
    return windows.takeError();
  Value input = node.value(0);
  bool counts = node.integer("count_include_pad", 0) != 0;
  bool hasExtra =
      llvm::any_of(windows->extraHigh, [](int64_t n) { return n > 0; });
  if (!counts || !hasExtra)
    return node.result(emitPool(b, ReduceKind::mean, input, *windows,
                                windows->low, allHigh(*windows), counts));
  // Padding counts, what lies beyond it does not: padding becomes part of the
  // input.
  SmallVector<int64_t> low = {0, 0}, high = {0, 0};
  low.append(windows->low);
  high.append(windows->high);
  Value padded = b.pad(PadMode::constant, input, Value(), low, high);
  SmallVector<int64_t> none(windows->kernel.size(), 0);
  return node.result(emitPool(b, ReduceKind::mean, padded, *windows, none,
                              windows->extraHigh, false));
}

/// |x|^p, and the p-th root of sums of it.
static Value powerOf(GraphBuilder &b, Value input, int64_t p) {
  if (p == 2)
    return b.mul(input, input);
  Value absolute = b.unary(UnaryKind::k_abs, input);
  return p == 1 ? absolute
                : b.binary(BinaryKind::k_pow, absolute,
                           b.scalarLike(input, static_cast<double>(p)));
}
static Value rootOf(GraphBuilder &b, Value sum, int64_t p) {
  if (p == 1)
    return sum;
  if (p == 2)
    return b.unary(UnaryKind::k_sqrt, sum);
  return b.binary(BinaryKind::k_pow, sum, b.scalarLike(sum, 1.0 / double(p)));
}

static llvm::Error importLpPool(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  int64_t p = node.integer("p", 2);
  if (p < 1)
    return node.error("expected a positive p, found " + Twine(p));
  llvm::Expected<Windows> windows = readWindows(node);
  if (!windows)
    return windows.takeError();
  Value sums = emitPool(b, ReduceKind::sum, powerOf(b, node.value(0), p),
                        *windows, windows->low, allHigh(*windows), false);
  return node.result(rootOf(b, sums, p));
}

static llvm::Error importGlobal(NodeImporter &node, ReduceKind kind) {
  if (node.rank(0) < 3)
    return node.error("expected an input of rank 3 or more");
  return node.result(node.builder().reduce(kind, node.value(0),
                                           axesFrom(2, node.rank(0)), true));
}
static llvm::Error importGlobalAverage(NodeImporter &node) {
  return importGlobal(node, ReduceKind::mean);
}
static llvm::Error importGlobalMax(NodeImporter &node) {
  return importGlobal(node, ReduceKind::max);
}

static llvm::Error importGlobalLpPool(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  int64_t p = node.integer("p", 2);
  if (p < 1 || node.rank(0) < 3)
    return node.error("expected a positive p and an input of rank 3 or more");
  Value sums = b.reduce(ReduceKind::sum, powerOf(b, node.value(0), p),
                        axesFrom(2, node.rank(0)), true);
  return node.result(rootOf(b, sums, p));
}

void attune::registerPooling(OnnxOps &ops) {
  ops.add("MaxPool", {1, 1}, importMaxPool);
  ops.add("AveragePool", {1, 1}, importAveragePool);
  ops.add("LpPool", {1, 1}, importLpPool);
  ops.add("GlobalAveragePool", {1, 1}, importGlobalAverage);
  ops.add("GlobalMaxPool", {1, 1}, importGlobalMax);
  ops.add("GlobalLpPool", {1, 1}, importGlobalLpPool);
}
