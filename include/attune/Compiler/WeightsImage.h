//===- WeightsImage.h - Packing weights into the artefact -------*- C++ -*-===//
#ifndef ATTUNE_COMPILER_WEIGHTSIMAGE_H
#define ATTUNE_COMPILER_WEIGHTSIMAGE_H

#include "attune/Dialect/Attune/IR/Attune.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"

namespace attune {

/// The file that compiled code reads its weights from, and the tokenizer's
/// image behind them. Collects the places that modules have planned, then
/// writes all of it into memory that the caller provides.
class WeightsImage {
public:
  /// `directory` is what the pieces' files are relative to.
  explicit WeightsImage(llvm::StringRef directory)
      : directory(directory.str()) {}

  /// Adds the planned weights of a module; places that are known already are
  /// not added again. Errors: a file that is not there, or has no such bytes.
  llvm::Error add(mlir::ModuleOp module);

  /// Puts `image` behind the weights.
  void addTokenizer(std::string image);

  uint64_t getBytes() const { return bytes; }
  uint64_t getTokenizerOffset() const { return tokenizerOffset; }
  uint64_t getTokenizerBytes() const { return tokenizer.size(); }

  /// Identifies the contents: a hash of the planned places and the bytes of
  /// their sources.
  uint64_t getHash() const;

  /// Fills `memory` of getBytes() bytes, header included.
  llvm::Error write(llvm::MutableArrayRef<uint8_t> memory) const;

private:
  struct Piece {
    llvm::ArrayRef<uint8_t> data;
    PieceAttr attr;
  };
  struct Place {
    std::string name;
    mlir::RankedTensorType type;
    mlir::Attribute layout;
    uint64_t offset;
    llvm::SmallVector<Piece, 1> pieces;
    mlir::ElementsAttr value; ///< Instead of pieces.
  };
  llvm::Expected<llvm::ArrayRef<uint8_t>> getFile(llvm::StringRef name);
  static llvm::Error writePlace(const Place &place,
                                llvm::MutableArrayRef<uint8_t> memory);

  std::string directory;
  std::vector<Place> places;
  llvm::DenseMap<uint64_t, size_t> placeAt;
  llvm::StringMap<std::unique_ptr<llvm::MemoryBuffer>> files;
  std::string tokenizer;
  uint64_t tokenizerOffset = 0;
  uint64_t bytes = 4096;
  /// Of what has been added so far. Kept, since it reads every source byte and
  /// both the descriptor and the file's header ask for it.
  mutable std::optional<uint64_t> knownHash;
};

} // namespace attune

#endif // ATTUNE_COMPILER_WEIGHTSIMAGE_H
