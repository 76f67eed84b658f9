//===- Windows.cpp - Windows of convolutions and pooling ------------------===//
#include "Windows.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace attune;

/// Values of attributes that could overflow what is computed from them.
static constexpr int64_t kMost = int64_t(1) << 31;

llvm::Expected<Windows> Windows::read(NodeImporter &node,
                                      ArrayRef<int64_t> kernel) {
  Windows windows;
  windows.kernel.assign(kernel.begin(), kernel.end());
  size_t count = kernel.size();
  if (node.rank(0) != static_cast<int64_t>(count) + 2)
    return node.error("expected an input of rank " + Twine(count + 2) +
                      " for a kernel of " + Twine(count) + " dimensions");
  windows.strides =
      node.integers("strides").value_or(SmallVector<int64_t>(count, 1));
  windows.dilations =
      node.integers("dilations").value_or(SmallVector<int64_t>(count, 1));
  SmallVector<int64_t> pads =
      node.integers("pads").value_or(SmallVector<int64_t>(2 * count, 0));
  std::string automatic = node.string("auto_pad", "NOTSET");
  bool rounds = node.integer("ceil_mode", 0) != 0;
  if (llvm::Error problem = node.check())
    return std::move(problem);
  auto isSane = [](ArrayRef<int64_t> values, int64_t least) {
    return llvm::all_of(
        values, [&](int64_t value) { return value >= least && value < kMost; });
  };
  if (windows.strides.size() != count || windows.dilations.size() != count ||
      pads.size() != 2 * count || !isSane(windows.strides, 1) ||
      !isSane(windows.dilations, 1) || !isSane(pads, 0) || !isSane(kernel, 1))
    return node.error("expected " + Twine(count) +
                      " positive strides and dilations, and " +
                      Twine(2 * count) + " pads");
  for (size_t i = 0; i < count; ++i) {
    std::optional<int64_t> input = node.shape(0)[i + 2].getConstant();
    if (!input)
      return node.unsupported("spatial extents that are not known");
    int64_t stride = windows.strides[i];
    int64_t span = (kernel[i] - 1) * windows.dilations[i] + 1;
    int64_t low = pads[i], high = pads[i + count], extra = 0;
    if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
      int64_t results = llvm::divideCeil(*input, stride);
      int64_t total =
          std::max<int64_t>((results - 1) * stride + span - *input, 0);
      low = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
      high = total - low;
    } else if (automatic == "VALID") {
      low = high = 0;
    } else if (automatic != "NOTSET") {
      return node.error("expected auto_pad to be NOTSET, SAME_UPPER, "
                        "SAME_LOWER or VALID");
    }
    int64_t room = *input + low + high - span;
    if (room < 0 && !rounds)
      return node.error("a kernel that spans " + Twine(span) +
                        " of an extent of " + Twine(*input + low + high));
    int64_t results = room < 0 ? 1 : room / stride + 1;
    if (rounds && room > 0 && room % stride != 0) {
      // One more window, unless it would begin in the padding.
      if (results * stride < *input + low)
        ++results;
    }
    extra = std::max<int64_t>(
        (results - 1) * stride + span - (*input + low + high), 0);
    windows.low.push_back(low);
    windows.high.push_back(high);
    windows.extraHigh.push_back(extra);
    windows.results.push_back(results);
  }
  return windows;
}
