//===- Packing.cpp - How weights are stored for kernels -------------------===//
#include "attune/Kernel/Packing.h"
#include "attune/Dialect/Attune/IR/Attune.h"
#include "attune/Kernel/ElementTypes.h"
#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>

using namespace mlir;
using namespace attune;

MemRefType attune::getPackedMemRefType(RankedTensorType type,
                                       Attribute layout) {
  if (!layout)
    return getBufferType(type);
  auto panels = dyn_cast<PanelsAttr>(layout);
  if (!panels || panels.getWidth() < 1 || type.getRank() != 2 ||
      !type.hasStaticShape())
    return {};
  int64_t width = panels.getWidth();
  return MemRefType::get({int64_t(llvm::divideCeil(type.getDimSize(0), width)),
                          type.getDimSize(1), width},
                         getBufferElementType(type.getElementType()));
}

int64_t attune::getPackedSize(RankedTensorType type, Attribute layout) {
  MemRefType packed = getPackedMemRefType(type, layout);
  if (!packed || !packed.hasStaticShape())
    return -1;
  // Padding may take more than can be counted.
  std::optional<int64_t> elements = 1;
  for (int64_t extent : packed.getShape())
    elements = elements ? llvm::checkedMul(*elements, extent) : std::nullopt;
  return elements.value_or(-1);
}

void attune::packWeight(ArrayRef<float> source, int64_t rows, int64_t columns,
                        Attribute layout, float *target) {
  auto panels = dyn_cast_or_null<PanelsAttr>(layout);
  if (!panels) {
    std::copy_n(source.data(), rows * columns, target);
    return;
  }
  // A block of a panel: rows of the source are read a cache line at a time,
  // and the lines they are spread over stay in L1 until they are full.
  constexpr int64_t kBlock = 16;
  int64_t width = panels.getWidth();
  for (int64_t first = 0; first < rows; first += width) {
    int64_t count = std::min(width, rows - first);
    for (int64_t begin = 0; begin < columns; begin += kBlock) {
      int64_t end = std::min(begin + kBlock, columns);
      for (int64_t j = 0; j < count; ++j) {
        const float *from = source.data() + (first + j) * columns;
        for (int64_t k = begin; k < end; ++k)
          target[k * width + j] = from[k];
      }
      for (int64_t j = count; j < width; ++j)
        for (int64_t k = begin; k < end; ++k)
          target[k * width + j] = 0;
    }
    target += columns * width;
  }
}
