//===- FileWeights.cpp - Weights from the model's files -------------------===//
#include "attune/Reference/FileWeights.h"
#include "attune/Dialect/Attune/IR/Attune.h"
#include "attune/Model/TensorConversion.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"

#include "llvm/Support/Path.h"

using namespace mlir;
using namespace attune;

static std::optional<TensorDType> storedType(Type type) {
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
  std::optional<TensorDType> type = storedType(piece.getType());
  if (!type)
    return userErrorf("weight @{0}: expected pieces of f32, f16, bf16 or f64",
                      weight.getSymName());
  uint64_t size = file.getBufferSize(), width = bitWidth(*type) / 8;
  uint64_t offset = piece.getOffset(), count = piece.getCount();
  if (piece.getOffset() < 0 || piece.getCount() < 0 || offset > size ||
      count > (size - offset) / width)
    return userErrorf("weight @{0}: expected {1} elements of {2} bytes at "
                      "offset {3} of {4}, but it has {5} bytes; use the file "
                      "that the module was made from",
                      weight.getSymName(), piece.getCount(), width,
                      piece.getOffset(), piece.getFile(), size);
  return ArrayRef<uint8_t>(
      reinterpret_cast<const uint8_t *>(file.getBufferStart()) + offset,
      count * width);
}

llvm::Expected<Tensor> FileWeights::load(WeightOp weight) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(weight.getType()).getShape();
  ArrayRef<Attribute> pieces = weight.getPieces().getValue();
  std::vector<float> values;
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
    if (pieces.size() == 1 && piece.getType().isF32() && isAligned &&
        llvm::sys::IsLittleEndianHost &&
        countElements(shape) == piece.getCount())
      return Tensor::view(shape,
                          {reinterpret_cast<const float *>(bytes->data()),
                           static_cast<size_t>(piece.getCount())},
                          *file);

    size_t first = values.size();
    values.resize(first + piece.getCount());
    // bytesOf has seen that the type is one that is stored.
    TensorDType type = storedType(piece.getType()).value();
    if (llvm::Error error = convertToF32(
            type, *bytes, MutableArrayRef<float>(values).drop_front(first)))
      return std::move(error);
  }
  if (countElements(shape) != static_cast<int64_t>(values.size()))
    return userErrorf("weight @{0}: expected as many elements as {1} has, got "
                      "{2} in its pieces",
                      weight.getSymName(), weight.getType(), values.size());
  return Tensor::floats(shape, std::move(values));
}
