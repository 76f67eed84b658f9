//===- FileWeights.cpp - Weights from the model's files -------------------===//
#include "attune/Reference/FileWeights.h"
#include "attune/Dialect/Attune/IR/Attune.h"
#include "attune/Kernel/ElementTypes.h"
#include "attune/Kernel/WeightBytes.h"
#include "attune/Reference/ElementTypes.h"
#include "attune/Runtime/Elements.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"

#include "llvm/Support/Path.h"

using namespace mlir;
using namespace attune;

llvm::Expected<std::shared_ptr<llvm::MemoryBuffer>>
FileWeights::getFile(StringRef name) {
  std::shared_ptr<llvm::MemoryBuffer> &file = files[name];
  if (!file) {
    SmallString<128> path(name);
    if (!llvm::sys::path::is_absolute(name) && !directory.empty()) {
      path = directory;
      llvm::sys::path::append(path, name);
    }
    auto opened = readFile(path);
    if (!opened)
      return opened.takeError();
    file = std::move(*opened);
  }
  return file;
}

/// The bytes of `piece` within `file`.
static llvm::Expected<ArrayRef<uint8_t>>
bytesOf(WeightOp weight, PieceAttr piece, const llvm::MemoryBuffer &file) {
  std::optional<int64_t> length = getStoredBytes(piece);
  uint64_t size = file.getBufferSize(), offset = piece.getOffset();
  if (!length || piece.getOffset() < 0 || *length < 0 || offset > size ||
      static_cast<uint64_t>(*length) > size - offset)
    return userErrorf("weight @{0}: expected {1} elements of {2} at offset {3} "
                      "of {4}, but it has {5} bytes; use the file that the "
                      "module was made from",
                      weight.getSymName(), piece.getCount(),
                      llvm::formatv("{0}", piece.getType()).str(),
                      piece.getOffset(), piece.getFile(), size);
  return ArrayRef<uint8_t>(
      reinterpret_cast<const uint8_t *>(file.getBufferStart()) + offset,
      static_cast<size_t>(*length));
}

/// A tensor of `type` from its elements as they lie in memory.
static Tensor makeTensor(RankedTensorType type, ArrayRef<uint8_t> memory) {
  std::optional<AttuneElementType> element =
      getRuntimeType(type.getElementType());
  int64_t count = type.getNumElements();
  if (isa<FloatType>(type.getElementType())) {
    std::vector<double> values(count);
    for (int64_t i = 0; i < count; ++i)
      values[i] = rt::elementValue(*element, memory.data(), i);
    return Tensor::doubles(type.getShape(), std::move(values))
        .castFloat(getStorage(type.getElementType()));
  }
  std::vector<int64_t> values(count);
  for (int64_t i = 0; i < count; ++i)
    values[i] = rt::elementBits(*element, memory.data(), i);
  return Tensor::integers(type.getShape(), std::move(values));
}

llvm::Expected<Tensor> FileWeights::load(WeightOp weight) {
  auto type = cast<RankedTensorType>(weight.getType());
  ArrayRef<int64_t> shape = type.getShape();
  Type element = type.getElementType();
  std::optional<int64_t> count = countElements(shape);
  if (!count || !getRuntimeType(element))
    return userErrorf("weight @{0} of {1} is too large", weight.getSymName(),
                      weight.getType());
  if (ElementsAttr value = weight.getValueAttr()) {
    std::vector<uint8_t> memory(*count * getElementBytes(element));
    if (llvm::Error error = writeElements(value, memory.data()))
      return std::move(error);
    return makeTensor(type, memory);
  }
  ArrayRef<Attribute> pieces = weight.getPieces().getValue();
  int64_t stored = 0;
  for (Attribute attribute : pieces)
    stored += cast<PieceAttr>(attribute).getCount();
  if (stored != *count)
    return userErrorf("weight @{0}: expected as many elements as {1} has, got "
                      "{2} in its pieces",
                      weight.getSymName(), weight.getType(), stored);
  // Of f32, so that the common case is not copied again.
  bool isFloat = element.isF32();
  std::vector<float> floats(isFloat ? *count : 0);
  std::vector<uint8_t> memory(isFloat ? 0 : *count * getElementBytes(element));
  uint8_t *next =
      isFloat ? reinterpret_cast<uint8_t *>(floats.data()) : memory.data();
  for (Attribute attribute : pieces) {
    auto piece = cast<PieceAttr>(attribute);
    auto file = getFile(piece.getFile());
    if (!file)
      return file.takeError();
    auto bytes = bytesOf(weight, piece, **file);
    if (!bytes)
      return bytes.takeError();
    bool isAligned =
        reinterpret_cast<uintptr_t>(bytes->data()) % alignof(float) == 0;
    if (pieces.size() == 1 && isFloat && piece.getType().isF32() &&
        !piece.getTransposed() && isAligned && llvm::sys::IsLittleEndianHost)
      return Tensor::view(shape,
                          {reinterpret_cast<const float *>(bytes->data()),
                           static_cast<size_t>(piece.getCount())},
                          *file);
    if (llvm::Error error = writePiece(piece, *bytes, element, next))
      return std::move(error);
    next += piece.getCount() * getElementBytes(element);
  }
  if (isFloat)
    return Tensor::floats(shape, std::move(floats));
  return makeTensor(type, memory);
}
