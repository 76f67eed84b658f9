//===- WeightContents.cpp - What constants and weights hold ---------------===//
#include "WeightContents.h"
#include "attune/Compiler/Phase.h"
#include "attune/Kernel/ElementTypes.h"
#include "attune/Kernel/WeightBytes.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"
#include "llvm/Support/Path.h"
#include <cstring>

using namespace mlir;
using namespace attune;

/// More than any mask or table has; larger weights are not worth the time.
static constexpr int64_t kMostElements = int64_t(1) << 26;

template <typename T> static double readAs(const uint8_t *bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return static_cast<double>(value);
}

double Contents::operator[](size_t i) const {
  Type element = type.getElementType();
  size_t size = getElementBytes(element);
  const uint8_t *from = bytes.data() + i * size;
  if (element.isF32())
    return readAs<float>(from);
  if (element.isF64())
    return readAs<double>(from);
  if (element.isInteger(1))
    return *from != 0;
  bool isUnsigned = element.isUnsignedInteger();
  switch (size) {
  case 1:
    return isUnsigned ? readAs<uint8_t>(from) : readAs<int8_t>(from);
  case 2:
    return isUnsigned ? readAs<uint16_t>(from) : readAs<int16_t>(from);
  case 4:
    return isUnsigned ? readAs<uint32_t>(from) : readAs<int32_t>(from);
  default:
    return isUnsigned ? readAs<uint64_t>(from) : readAs<int64_t>(from);
  }
}

/// The number of elements of a type that can be read.
static std::optional<int64_t> getCount(RankedTensorType type) {
  Type element = type.getElementType();
  if (!type.hasStaticShape() || !getRuntimeType(element) ||
      !(element.isF32() || element.isF64() || isa<IntegerType>(element)))
    return std::nullopt;
  int64_t count = 1;
  for (int64_t extent : type.getShape()) {
    if (extent < 1 || count > kMostElements / extent)
      return std::nullopt;
    count *= extent;
  }
  return count;
}

const llvm::MemoryBuffer *WeightContents::getFile(StringRef name) {
  auto [entry, isNew] = files.try_emplace(name);
  if (!isNew)
    return entry->second.get();
  SmallString<128> path(name);
  auto directory = symbols.getOp()->getAttrOfType<StringAttr>(kDirectoryAttr);
  if (directory && !llvm::sys::path::is_absolute(name)) {
    path = directory.getValue();
    llvm::sys::path::append(path, name);
  }
  auto file = readFile(path);
  if (file)
    entry->second = std::move(*file);
  else
    llvm::consumeError(file.takeError());
  return entry->second.get();
}

std::optional<Contents> WeightContents::read(WeightOp weight) {
  auto type = dyn_cast<RankedTensorType>(weight.getType());
  std::optional<int64_t> count = type ? getCount(type) : std::nullopt;
  if (!count)
    return std::nullopt;
  Type element = type.getElementType();
  std::vector<uint8_t> bytes(*count * getElementBytes(element));
  auto isWritten = [](llvm::Error error) {
    bool failed = static_cast<bool>(error);
    llvm::consumeError(std::move(error));
    return !failed;
  };
  if (ElementsAttr value = weight.getValueAttr())
    return value.getType() == type &&
                   isWritten(writeElements(value, bytes.data()))
               ? std::optional(Contents(type, std::move(bytes)))
               : std::nullopt;
  int64_t written = 0;
  for (Attribute attribute : weight.getPieces()) {
    auto piece = cast<PieceAttr>(attribute);
    const llvm::MemoryBuffer *file = getFile(piece.getFile());
    std::optional<int64_t> length = getStoredBytes(piece);
    if (!file || !length || *length < 0 || piece.getOffset() < 0 ||
        piece.getCount() > *count - written)
      return std::nullopt;
    uint64_t size = file->getBufferSize(), offset = piece.getOffset();
    if (offset > size || static_cast<uint64_t>(*length) > size - offset)
      return std::nullopt;
    ArrayRef<uint8_t> source(
        reinterpret_cast<const uint8_t *>(file->getBufferStart()) + offset,
        static_cast<size_t>(*length));
    if (!isWritten(
            writePiece(piece, source, element,
                       bytes.data() + written * getElementBytes(element))))
      return std::nullopt;
    written += piece.getCount();
  }
  return written == *count ? std::optional(Contents(type, std::move(bytes)))
                           : std::nullopt;
}

const Contents *WeightContents::get(Value value) {
  Operation *op = value.getDefiningOp();
  std::optional<Contents> contents;
  if (auto load = dyn_cast_or_null<LoadWeightOp>(op)) {
    op = symbols.lookup<WeightOp>(load.getWeight());
    // The load's own type is what the pattern reasons about.
    if (!op || cast<WeightOp>(op).getType() != load.getType())
      return nullptr;
  } else if (!isa_and_nonnull<ConstantOp>(op)) {
    return nullptr;
  }
  auto [entry, isNew] = known.try_emplace(op);
  if (!isNew)
    return entry->second.get();
  if (auto weight = dyn_cast<WeightOp>(op)) {
    contents = read(weight);
  } else {
    ElementsAttr elements = cast<ConstantOp>(op).getValue();
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    if (std::optional<int64_t> count = getCount(type)) {
      std::vector<uint8_t> bytes(*count *
                                 getElementBytes(type.getElementType()));
      if (llvm::Error error = writeElements(elements, bytes.data()))
        llvm::consumeError(std::move(error));
      else
        contents = Contents(type, std::move(bytes));
    }
  }
  if (contents)
    entry->second = std::make_unique<Contents>(std::move(*contents));
  return entry->second.get();
}
