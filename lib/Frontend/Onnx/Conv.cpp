//===- Conv.cpp - Convolutions --------------------------------------------===//
#include "Import.h"
#include "Windows.h"

using namespace mlir;
using namespace attune;

/// Whether windows lie side by side and cover the input, as those that cut an
/// image into patches do: then the convolution is a product of matrices.
static bool arePatches(const Windows &windows, ArrayRef<DimExpr> input,
                       int64_t groups) {
  if (groups != 1)
    return false;
  for (size_t i = 0; i < windows.kernel.size(); ++i) {
    int64_t kernel = windows.kernel[i];
    std::optional<int64_t> extent = input[i + 2].getConstant();
    bool dilates = windows.dilations[i] != 1 && kernel != 1;
    if (windows.strides[i] != kernel || windows.low[i] || windows.high[i] ||
        dilates || !extent || *extent % kernel != 0)
      return false;
  }
  return true;
}

/// The weight [out, channels, kernel...] as a matrix [out, columns].
static Value matrixOfWeight(NodeImporter &node, int64_t out, int64_t columns) {
  GraphBuilder &b = node.builder();
  const OnnxTensor *tensor = node.initializer(1);
  if (tensor && isa_and_nonnull<FloatType>(b.elementType(tensor->type)))
    return node.getImport().loadWeight(*tensor, {out, columns}, false);
  return b.reshape(node.value(1), {out, columns});
}

/// Patches as rows, times the weight: [batch, patches..., out], whose last
/// dimension then goes to where channels are.
static Value emitPatches(NodeImporter &node, const Windows &windows,
                         int64_t out, int64_t channels) {
  GraphBuilder &b = node.builder();
  Value input = node.value(0);
  SymbolicShape shape = b.shape(input);
  int64_t count = windows.kernel.size(), columns = channels;
  SymbolicShape split = {shape[0], shape[1]};
  SmallVector<int64_t> order = {0};
  DimExpr patches = 1;
  for (int64_t i = 0; i < count; ++i) {
    split.push_back(windows.results[i]);
    split.push_back(windows.kernel[i]);
    order.push_back(2 + 2 * i);
    patches *= windows.results[i];
    columns *= windows.kernel[i];
  }
  order.push_back(1);
  for (int64_t i = 0; i < count; ++i)
    order.push_back(3 + 2 * i);
  Value rows = b.reshape(b.transpose(b.reshape(input, split), order),
                         {shape[0], patches, columns});
  Value result = b.matmul(rows, matrixOfWeight(node, out, columns), true);
  if (node.hasInput(2))
    result = b.add(result, node.value(2));
  SymbolicShape shown = {shape[0], out};
  for (int64_t extent : windows.results)
    shown.push_back(extent);
  return b.reshape(b.transpose(result, {0, 2, 1}), shown);
}

static llvm::Error importConv(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  SymbolicShape weight = node.shape(1);
  SmallVector<int64_t> extents;
  for (const DimExpr &extent : weight)
    if (std::optional<int64_t> value = extent.getConstant())
      extents.push_back(*value);
  if (weight.size() < 3 || weight.size() > 5 || extents.size() != weight.size())
    return node.unsupported("weights of " + Twine(weight.size()) +
                            " dimensions or of dynamic extents");
  ArrayRef<int64_t> kernel = ArrayRef(extents).drop_front(2);
  std::optional<SmallVector<int64_t>> given = node.integers("kernel_shape");
  if (given && ArrayRef(*given) != kernel)
    return node.error("expected kernel_shape to be that of the weights");
  llvm::Expected<Windows> windows = Windows::read(node, kernel);
  if (!windows)
    return windows.takeError();
  int64_t groups = node.integer("group", 1);
  std::optional<int64_t> channels = node.shape(0)[1].getConstant();
  if (!channels || groups < 1 || extents[0] % groups != 0 ||
      *channels % groups != 0 || *channels / groups != extents[1])
    return node.error("expected weights for the channels of the input in " +
                      Twine(groups) + " groups");
  if (arePatches(*windows, node.shape(0), groups))
    return node.result(emitPatches(node, *windows, extents[0], *channels));
  SymbolicShape result = {node.shape(0)[0], extents[0]};
  for (int64_t extent : windows->results)
    result.push_back(extent);
  OpBuilder &ops = b.ops();
  Value input = node.value(0);
  return node.result(b.create<ConvOp>(
      GraphBuilder::element(input), result, input, node.value(1),
      node.optionalValue(2), ops.getDenseI64ArrayAttr(windows->strides),
      ops.getDenseI64ArrayAttr(windows->low),
      ops.getDenseI64ArrayAttr(windows->high),
      ops.getDenseI64ArrayAttr(windows->dilations),
      ops.getI64IntegerAttr(groups)));
}

void attune::registerConv(OnnxOps &ops) { ops.add("Conv", {2, 3}, importConv); }
