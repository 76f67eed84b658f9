//===- WeightBytes.cpp - From bytes of files to weights -------------------===//
#include "attune/Kernel/WeightBytes.h"
#include "attune/Kernel/ElementTypes.h"
#include "attune/Model/TensorConversion.h"
#include "attune/Support/Error.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/Support/CheckedArithmetic.h"

using namespace mlir;
using namespace attune;

std::optional<int64_t> attune::getStoredBytes(PieceAttr piece) {
  if (!getRuntimeType(piece.getType()))
    return std::nullopt;
  return llvm::checkedMul(piece.getCount(), getElementBytes(piece.getType()));
}

/// What can be converted to f32.
static std::optional<TensorDType> getFloatType(Type type) {
  if (type.isF32())
    return TensorDType::F32;
  if (type.isF16())
    return TensorDType::F16;
  if (type.isBF16())
    return TensorDType::BF16;
  if (type.isF64())
    return TensorDType::F64;
  return std::nullopt;
}

/// Writes a matrix of `rows` x `columns` elements of `size` bytes as its
/// transpose, a block of rows at a time: the lines of both sides stay in L1.
static void transpose(const uint8_t *source, int64_t rows, int64_t columns,
                      int64_t size, uint8_t *target) {
  constexpr int64_t kBlock = 16;
  for (int64_t first = 0; first < rows; first += kBlock) {
    int64_t last = std::min(first + kBlock, rows);
    for (int64_t j = 0; j < columns; ++j)
      for (int64_t i = first; i < last; ++i)
        std::memcpy(target + (j * rows + i) * size,
                    source + (i * columns + j) * size, size);
  }
}

llvm::Error attune::writePiece(PieceAttr piece, ArrayRef<uint8_t> source,
                               Type element, uint8_t *target) {
  std::optional<TensorDType> stored = getFloatType(piece.getType());
  bool converts = element.isF32() && stored;
  if (!converts && element != piece.getType())
    return userErrorf("elements of {0} in '{1}' cannot become those of a "
                      "weight of {2}",
                      llvm::formatv("{0}", piece.getType()).str(),
                      piece.getFile(), llvm::formatv("{0}", element).str());
  int64_t count = piece.getCount(), size = getElementBytes(element);
  int64_t columns = piece.getTransposed();
  std::vector<uint8_t> rows;
  uint8_t *straight = target;
  if (columns > 0) {
    rows.resize(count * size);
    straight = rows.data();
  }
  if (converts) {
    if (llvm::Error error = convertToF32(
            *stored, source,
            MutableArrayRef(reinterpret_cast<float *>(straight), count)))
      return error;
  } else if (count) {
    std::memcpy(straight, source.data(), count * size);
  }
  if (columns > 0)
    transpose(straight, count / columns, columns, size, target);
  return llvm::Error::success();
}

llvm::Error attune::writeElements(ElementsAttr value, uint8_t *target) {
  auto type = cast<RankedTensorType>(value.getType());
  int64_t count = type.getNumElements(),
          size = getElementBytes(type.getElementType());
  if (auto dense = dyn_cast<DenseElementsAttr>(value)) {
    if (type.getElementType().isInteger(1)) {
      for (bool element : dense.getValues<bool>())
        *target++ = element;
      return llvm::Error::success();
    }
    ArrayRef<char> raw = dense.getRawData();
    for (int64_t i = 0; dense.isSplat() && i < count; ++i)
      std::memcpy(target + i * size, raw.data(), size);
    if (!dense.isSplat() && count)
      std::memcpy(target, raw.data(), count * size);
    return llvm::Error::success();
  }
  auto resource = dyn_cast<DenseResourceElementsAttr>(value);
  AsmResourceBlob *blob =
      resource ? resource.getRawHandle().getBlob() : nullptr;
  if (!blob || static_cast<int64_t>(blob->getData().size()) != count * size)
    return userErrorf("a constant of {0} does not have its elements",
                      llvm::formatv("{0}", type).str());
  if (count)
    std::memcpy(target, blob->getData().data(), count * size);
  return llvm::Error::success();
}
