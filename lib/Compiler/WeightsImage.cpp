//===- WeightsImage.cpp - Packing weights into the artefact ---------------===//
#include "attune/Compiler/WeightsImage.h"
#include "attune/Kernel/ElementTypes.h"
#include "attune/Kernel/Packing.h"
#include "attune/Kernel/WeightBytes.h"
#include "attune/Runtime/ABI.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace attune;

llvm::Expected<ArrayRef<uint8_t>> WeightsImage::getFile(StringRef name) {
  auto &buffer = files[name];
  if (!buffer) {
    SmallString<256> path;
    if (!llvm::sys::path::is_absolute(name)) {
      if (!isContainedRelativePath(name))
        return userErrorf("weights file '{0}': expected a path below the "
                          "model's directory",
                          printable(name));
      path = directory;
    }
    llvm::sys::path::append(path, name);
    llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> opened = readFile(path);
    if (!opened)
      return opened.takeError();
    buffer = std::move(*opened);
  }
  return ArrayRef<uint8_t>(
      reinterpret_cast<const uint8_t *>(buffer->getBufferStart()),
      buffer->getBufferSize());
}

llvm::Error WeightsImage::add(ModuleOp module) {
  knownHash.reset();
  for (WeightOp weight : module.getOps<WeightOp>()) {
    std::optional<uint64_t> offset = weight.getOffset();
    if (!offset)
      return internalError("weight '" + weight.getSymName() +
                           "' has no place in the weights file");
    if (!placeAt.try_emplace(*offset, places.size()).second)
      continue;
    Place place;
    place.name = weight.getSymName().str();
    place.type = cast<RankedTensorType>(weight.getType());
    place.layout = weight.getLayoutAttr();
    place.offset = *offset;
    for (auto piece : weight.getPieces().getAsRange<PieceAttr>()) {
      llvm::Expected<ArrayRef<uint8_t>> file = getFile(piece.getFile());
      if (!file)
        return file.takeError();
      uint64_t begin = piece.getOffset();
      uint64_t size = getStoredBytes(piece).value_or(INT64_MAX);
      if (begin > file->size() || size > file->size() - begin)
        return userErrorf("weight '{0}': expected {1} bytes at {2} in '{3}', "
                          "but the file has {4} bytes",
                          place.name, size, begin, printable(piece.getFile()),
                          file->size());
      place.pieces.push_back({file->slice(begin, size), piece});
    }
    place.value = weight.getValueAttr();
    bytes = std::max<uint64_t>(
        bytes, *offset + getElementBytes(place.type.getElementType()) *
                             getPackedSize(place.type, place.layout));
    places.push_back(std::move(place));
  }
  return llvm::Error::success();
}

void WeightsImage::addTokenizer(std::string image) {
  knownHash.reset();
  tokenizer = std::move(image);
  tokenizerOffset = llvm::alignTo(bytes, 4096);
  bytes = tokenizerOffset + tokenizer.size();
}

/// Bytes of a weight that is not packed.
static uint64_t getBytes(RankedTensorType type) {
  return type.getNumElements() * getElementBytes(type.getElementType());
}

uint64_t WeightsImage::getHash() const {
  if (knownHash)
    return *knownHash;
  uint64_t hash = llvm::xxh3_64bits(tokenizer);
  auto mix = [&](uint64_t value) {
    uint64_t words[2] = {hash, value};
    hash = llvm::xxh3_64bits(ArrayRef<uint8_t>(
        reinterpret_cast<const uint8_t *>(words), sizeof(words)));
  };
  for (const Place &place : places) {
    mix(place.offset);
    std::string layout;
    llvm::raw_string_ostream os(layout);
    os << place.type;
    if (place.layout)
      os << place.layout;
    mix(llvm::xxh3_64bits(layout));
    for (const Piece &piece : place.pieces) {
      mix(llvm::xxh3_64bits(piece.data));
      mix(piece.attr.getTransposed());
    }
    if (place.value) {
      std::vector<uint8_t> elements(::getBytes(place.type));
      if (llvm::Error error = writeElements(place.value, elements.data()))
        llvm::consumeError(std::move(error)); // write() reports it
      mix(llvm::xxh3_64bits(elements));
    }
  }
  knownHash = hash;
  return hash;
}

llvm::Error WeightsImage::writePlace(const Place &place,
                                     MutableArrayRef<uint8_t> memory) {
  uint8_t *target = memory.data() + place.offset;
  Type element = place.type.getElementType();
  auto writeRows = [&](uint8_t *destination) -> llvm::Error {
    if (place.value)
      return writeElements(place.value, destination);
    for (const Piece &piece : place.pieces) {
      if (llvm::Error error =
              writePiece(piece.attr, piece.data, element, destination))
        return error;
      destination += piece.attr.getCount() * getElementBytes(element);
    }
    return llvm::Error::success();
  };
  if (!place.layout)
    return writeRows(target);
  if (!element.isF32())
    return internalError("weight '" + llvm::Twine(place.name) +
                         "' is packed, but not of f32");
  auto pack = [&](const float *source) {
    packWeight(ArrayRef(source, place.type.getNumElements()),
               place.type.getDimSize(0), place.type.getDimSize(1), place.layout,
               reinterpret_cast<float *>(target));
  };
  // One contiguous, aligned f32 piece is packed from where it lies.
  if (place.pieces.size() == 1) {
    const Piece &first = place.pieces.front();
    if (first.attr.getType().isF32() && !first.attr.getTransposed() &&
        reinterpret_cast<uintptr_t>(first.data.data()) % alignof(float) == 0) {
      pack(reinterpret_cast<const float *>(first.data.data()));
      return llvm::Error::success();
    }
  }
  std::vector<float> rows(place.type.getNumElements());
  if (llvm::Error error = writeRows(reinterpret_cast<uint8_t *>(rows.data())))
    return error;
  pack(rows.data());
  return llvm::Error::success();
}

llvm::Error WeightsImage::write(MutableArrayRef<uint8_t> memory) const {
  AttuneWeightsHeader header = {};
  std::memcpy(header.magic, ATTUNE_WEIGHTS_MAGIC, sizeof(header.magic));
  header.abi_version = ATTUNE_ABI_VERSION;
  header.bytes = bytes;
  header.hash = getHash();
  std::memcpy(memory.data(), &header, sizeof(header));
  for (const Place &place : places)
    if (llvm::Error error = writePlace(place, memory))
      return error;
  if (!tokenizer.empty())
    std::memcpy(memory.data() + tokenizerOffset, tokenizer.data(),
                tokenizer.size());
  return llvm::Error::success();
}
