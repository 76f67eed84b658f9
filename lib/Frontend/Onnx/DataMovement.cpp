//===- DataMovement.cpp - Elements in other places ------------------------===//
#include "Import.h"
#include <limits>

using namespace mlir;
using namespace attune;

static llvm::Error importTranspose(NodeImporter &node) {
  auto permutation = node.integers("perm");
  if (!permutation) {
    permutation = llvm::to_vector(llvm::seq<int64_t>(node.rank(0)));
    std::reverse(permutation->begin(), permutation->end());
  }
  for (int64_t &axis : *permutation)
    axis = axis < 0 ? axis + node.rank(0) : axis;
  return node.result(node.builder().transpose(node.value(0), *permutation));
}

static llvm::Error importExpand(NodeImporter &node) {
  std::optional<SymbolicShape> shape = node.symbolicIntegers(1);
  if (!shape)
    return node.unsupported("a shape that is computed from data");
  for (const DimExpr &extent : *shape)
    if (extent.getConstant().value_or(0) < 0)
      return node.error("expected extents of 0 and more, found " +
                        Twine(extent.str()));
  return node.result(node.builder().expand(node.value(0), *shape));
}

static llvm::Error importTile(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  std::optional<SymbolicShape> repeats = node.symbolicIntegers(1);
  if (!repeats)
    return node.unsupported("repeats that are computed from data");
  SymbolicShape from = node.shape(0);
  if (repeats->size() != from.size())
    return node.error("expected " + Twine(from.size()) + " repeats, found " +
                      Twine(repeats->size()));
  // Each dimension as two, [1, d], of which the first is repeated.
  SymbolicShape split, repeated, merged;
  for (auto [extent, times] : llvm::zip(from, *repeats)) {
    if (times.getConstant().value_or(0) < 0)
      return node.error("expected repeats of 0 and more");
    if (times != DimExpr(1) && extent != DimExpr(1)) {
      split.push_back(1);
      repeated.push_back(times);
    }
    split.push_back(extent);
    repeated.push_back(extent == DimExpr(1) ? times : extent);
    merged.push_back(extent * times);
  }
  Value spread = b.expand(b.reshape(node.value(0), split), repeated);
  return node.result(b.reshape(spread, merged));
}

static llvm::Error importConcat(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  int64_t axis = node.axis("axis", 0, node.rank(0));
  SmallVector<Value> values;
  for (unsigned i = 0; i < node.numInputs(); ++i) {
    if (!node.hasInput(i))
      return node.error("input " + Twine(i) + " is left out");
    // An empty tensor adds nothing but is no problem of ranks either.
    if (node.rank(i) == 0)
      return node.error("expected tensors of rank 1 and more");
    values.push_back(node.value(i));
  }
  return node.result(b.concat(values, axis));
}

static llvm::Error importSplit(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  int64_t axis = node.axis("axis", 0, node.rank(0));
  if (llvm::Error error = node.check())
    return error;
  DimExpr extent = node.shape(0)[axis];
  SymbolicShape sizes;
  if (node.hasInput(1)) {
    std::optional<SymbolicShape> given = node.symbolicIntegers(1);
    if (!given)
      return node.unsupported("sizes that are computed from data");
    sizes = std::move(*given);
  } else if (auto given = node.integers("split")) {
    llvm::append_range(sizes, *given);
  } else {
    int64_t count = node.integer("num_outputs", node.numResults());
    if (count < 1)
      return node.error("expected one output or more");
    if (std::optional<int64_t> known = extent.getConstant()) {
      // The last is smaller where the extent does not divide.
      int64_t size = (*known + count - 1) / count;
      for (int64_t i = 0, rest = *known; i < count; ++i, rest -= size)
        sizes.push_back(std::clamp<int64_t>(rest, 0, size));
    } else if (std::optional<DimExpr> size = extent.divideBy(DimExpr(count))) {
      sizes.assign(count, *size);
    } else {
      return node.unsupported("an extent of (" + Twine(extent.str()) + ") / " +
                              Twine(count));
    }
  }
  DimExpr total;
  for (const DimExpr &size : sizes) {
    if (size.getConstant().value_or(0) < 0)
      return node.error("expected sizes of 0 and more");
    total += size;
  }
  if (sizes.size() < node.numResults() ||
      (total != extent && total.getConstant() && extent.getConstant()))
    return node.error("expected sizes of " + Twine(extent.str()) +
                      " elements together for " + Twine(node.numResults()) +
                      " outputs, found " + total.str() + " for " +
                      Twine(sizes.size()));
  Value input = node.value(0);
  DimExpr offset;
  for (auto [i, size] : llvm::enumerate(sizes)) {
    if (node.needsResult(i))
      node.setResult(i, b.slice(input, axis, offset, size));
    offset += size;
  }
  return node.check();
}

//===----------------------------------------------------------------------===//
// Slice
//===----------------------------------------------------------------------===//

/// Whether a bound means "to the end": exporters write large numbers.
static bool isBeyond(int64_t bound) {
  return bound >= std::numeric_limits<int32_t>::max() ||
         bound <= std::numeric_limits<int32_t>::min();
}

/// One end of a range in an extent. Where symbols decide, the range is taken to
/// be within the extent, as exporters mean it.
static DimExpr boundOf(const DimExpr &bound, const DimExpr &extent, int64_t low,
                       const DimExpr &high) {
  std::optional<int64_t> value = bound.getConstant(),
                         size = extent.getConstant();
  if (!value)
    return bound;
  if (isBeyond(*value))
    return *value > 0 ? high : DimExpr(low);
  if (!size)
    return *value < 0 ? extent + bound : bound;
  int64_t position = *value < 0 ? *value + *size : *value;
  return DimExpr(std::clamp(position, low, std::max(low, *high.getConstant())));
}

static llvm::Error importSlice(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  auto starts = node.symbolicIntegers(1), ends = node.symbolicIntegers(2);
  if (!starts || !ends)
    return node.unsupported("bounds that are computed from data");
  int64_t rank = node.rank(0);
  size_t count = starts->size();
  std::vector<int64_t> axes(llvm::seq<int64_t>(count).begin(),
                            llvm::seq<int64_t>(count).end());
  std::vector<int64_t> steps(count, 1);
  for (auto [i, list] : {std::pair(3u, &axes), std::pair(4u, &steps)}) {
    if (!node.hasInput(i))
      continue;
    std::optional<std::vector<int64_t>> given = node.constantIntegers(i);
    if (!given)
      return node.unsupported("axes or steps that are computed from data");
    *list = std::move(*given);
  }
  if (ends->size() != count || axes.size() != count || steps.size() != count)
    return node.error("expected as many ends, axes and steps as starts");
  SymbolicShape offsets(rank, DimExpr()), sizes = node.shape(0);
  SmallVector<int64_t> allSteps(rank, 1);
  SmallVector<bool> seen(rank);
  for (size_t i = 0; i < count; ++i) {
    int64_t axis = b.axis(axes[i], rank), step = steps[i];
    if (llvm::Error error = node.check())
      return error;
    if (std::exchange(seen[axis], true))
      return node.error("axis " + Twine(axis) + " is given twice");
    if (step == 0)
      return node.error("expected steps other than 0");
    DimExpr extent = node.shape(0)[axis];
    bool isForward = step > 0;
    DimExpr high = isForward ? extent : extent - DimExpr(1);
    DimExpr start = boundOf((*starts)[i], extent, 0, high);
    DimExpr end = boundOf((*ends)[i], extent, isForward ? 0 : -1, high);
    if (!(*ends)[i].getConstant() && extent.getConstant())
      node.getImport().limitExtent((*ends)[i], *extent.getConstant());
    DimExpr distance = isForward ? end - start : start - end;
    // Of a step beyond the range only the sign counts.
    uint64_t width = isForward ? step : 0 - static_cast<uint64_t>(step);
    std::optional<int64_t> known = distance.getConstant();
    if (known) {
      uint64_t length = std::max<int64_t>(0, *known);
      sizes[axis] =
          static_cast<int64_t>(length / width + (length % width != 0));
      if (length <= width)
        step = isForward ? 1 : -1;
    } else if (std::optional<DimExpr> size =
                   distance.divideBy(DimExpr(static_cast<int64_t>(width)))) {
      sizes[axis] = *size;
    } else {
      return node.unsupported("an extent of (" + Twine(distance.str()) +
                              ") / " + Twine(width));
    }
    offsets[axis] = sizes[axis] == DimExpr(0) ? DimExpr(0) : start;
    allSteps[axis] = step;
  }
  return node.result(b.extract(node.value(0), offsets, sizes, allSteps));
}

//===----------------------------------------------------------------------===//
// Pad
//===----------------------------------------------------------------------===//

static llvm::Error importPad(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  std::optional<std::vector<int64_t>> pads = node.constantIntegers(1);
  if (!pads)
    return node.unsupported("pads that are not known while importing");
  int64_t rank = node.rank(0);
  SmallVector<int64_t> axes;
  if (node.hasInput(3)) {
    std::optional<std::vector<int64_t>> given = node.constantIntegers(3);
    if (!given)
      return node.unsupported("axes that are not known while importing");
    for (int64_t axis : *given)
      axes.push_back(b.axis(axis, rank));
  } else {
    axes = llvm::to_vector(llvm::seq<int64_t>(rank));
  }
  if (llvm::Error error = node.check())
    return error;
  if (pads->size() != 2 * axes.size())
    return node.error("expected " + Twine(2 * axes.size()) + " pads, found " +
                      Twine(pads->size()));
  SmallVector<int64_t> low(rank, 0), high(rank, 0);
  for (auto [i, axis] : llvm::enumerate(axes)) {
    low[axis] = (*pads)[i];
    high[axis] = (*pads)[axes.size() + i];
  }
  for (int64_t axis = 0; axis < rank; ++axis) {
    for (int64_t pad : {low[axis], high[axis]})
      if (pad < -(int64_t(1) << 40) || pad > int64_t(1) << 40)
        return node.error("expected pads of at most 2^40, found " + Twine(pad));
    std::optional<int64_t> extent = node.shape(0)[axis].getConstant();
    if (extent && *extent + low[axis] + high[axis] < 0)
      return node.error("pads take more than axis " + Twine(axis) + " has");
  }
  std::string mode = node.string("mode", "constant");
  std::optional<PadMode> kind = symbolizePadMode(mode);
  if (!kind)
    return node.error("expected a mode constant, reflect, edge or wrap, found "
                      "'" +
                      mode + "'");
  Value value;
  if (*kind == PadMode::constant && node.hasInput(2))
    value = b.reshape(node.value(2), {});
  return node.result(b.pad(*kind, node.value(0), value, low, high));
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

static llvm::Error importDepthToSpace(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  SymbolicShape s = node.shape(0);
  int64_t block = node.integer("blocksize", 0);
  if (s.size() != 4 || block < 1 || block > 1 << 20)
    return node.error("expected images [N, C, H, W] and a blocksize");
  DimExpr size(block);
  std::optional<DimExpr> channels = s[1].divideBy(size * size);
  if (!channels)
    return node.error("expected channels that blocksize^2 divides, found " +
                      Twine(s[1].str()));
  bool isCRD = node.string("mode", "DCR") == "CRD";
  SymbolicShape split =
      isCRD ? SymbolicShape{s[0], *channels, size, size, s[2], s[3]}
            : SymbolicShape{s[0], size, size, *channels, s[2], s[3]};
  Value blocks = b.reshape(node.value(0), split);
  blocks = isCRD ? b.transpose(blocks, {0, 1, 4, 2, 5, 3})
                 : b.transpose(blocks, {0, 3, 4, 1, 5, 2});
  return node.result(
      b.reshape(blocks, {s[0], *channels, s[2] * size, s[3] * size}));
}

static llvm::Error importSpaceToDepth(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  SymbolicShape s = node.shape(0);
  int64_t block = node.integer("blocksize", 0);
  if (s.size() != 4 || block < 1 || block > 1 << 20)
    return node.error("expected images [N, C, H, W] and a blocksize");
  DimExpr size(block);
  std::optional<DimExpr> height = s[2].divideBy(size),
                         width = s[3].divideBy(size);
  if (!height || !width)
    return node.error("expected height and width that blocksize divides");
  bool isCRD = node.string("mode", "DCR") == "CRD";
  Value blocks =
      b.reshape(node.value(0), {s[0], s[1], *height, size, *width, size});
  blocks = isCRD ? b.transpose(blocks, {0, 1, 3, 5, 2, 4})
                 : b.transpose(blocks, {0, 3, 5, 1, 2, 4});
  return node.result(
      b.reshape(blocks, {s[0], s[1] * size * size, *height, *width}));
}

static llvm::Error importReverseSequence(NodeImporter &node) {
  GraphBuilder &b = node.builder();
  int64_t rank = node.rank(0);
  int64_t batch = node.axis("batch_axis", 1, rank),
          time = node.axis("time_axis", 0, rank);
  if (llvm::Error error = node.check())
    return error;
  if (batch == time || node.rank(1) != 1)
    return node.error("expected lengths of one axis and another batch_axis "
                      "than time_axis");
  SymbolicShape shape = node.shape(0);
  auto along = [&](Value vector, int64_t axis) {
    SymbolicShape places(rank, DimExpr(1));
    places[axis] = b.shape(vector)[0];
    return b.reshape(vector, places);
  };
  Type index = b.ops().getI64Type();
  Value times = along(b.iota(index, shape[time]), time);
  Value lengths = along(b.cast(node.value(1), index), batch);
  Value mirrored = b.add(b.sub(lengths, times), -1.0);
  Value from =
      b.where(b.compare(CompareKind::k_lt, times, lengths), mirrored, times);
  return node.result(
      b.gatherElements(node.value(0), b.expand(from, shape), time));
}

void attune::registerDataMovement(OnnxOps &ops) {
  ops.add("Transpose", {1, 1}, importTranspose);
  ops.add("Expand", {2, 2}, importExpand);
  ops.add("Tile", {2, 2}, importTile);
  ops.add("Concat", {1, kAnyInputs}, importConcat);
  ops.add("Split", {1, 2}, importSplit);
  ops.add("Slice", {3, 5}, importSlice);
  ops.add("Pad", {2, 4}, importPad);
  ops.add("DepthToSpace", {1, 1}, importDepthToSpace);
  ops.add("SpaceToDepth", {1, 1}, importSpaceToDepth);
  ops.add("ReverseSequence", {2, 2}, importReverseSequence);
}
