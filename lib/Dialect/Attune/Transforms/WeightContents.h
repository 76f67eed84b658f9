//===- WeightContents.h - What constants and weights hold -------*- C++ -*-===//
#ifndef ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_WEIGHTCONTENTS_H
#define ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_WEIGHTCONTENTS_H

#include "attune/Dialect/Attune/IR/Attune.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MemoryBuffer.h"
#include <memory>
#include <optional>
#include <vector>

namespace attune {

/// The elements of a constant, row-major.
class Contents {
public:
  Contents(mlir::RankedTensorType type, std::vector<uint8_t> bytes)
      : type(type), bytes(std::move(bytes)) {}

  mlir::RankedTensorType getType() const { return type; }
  size_t size() const { return static_cast<size_t>(type.getNumElements()); }
  /// Element `i`; integers of 64 bits rounded to double.
  double operator[](size_t i) const;

private:
  mlir::RankedTensorType type;
  std::vector<uint8_t> bytes;
};

/// Reads what a pattern has to know of the numbers in masks and tables: those
/// of attune.constant, and those of declared weights, whose files are looked
/// for where the module says that its weights are. Each is read once.
class WeightContents {
public:
  explicit WeightContents(mlir::ModuleOp module) : symbols(module) {}

  /// What `value` holds, an attune.constant or a loaded weight of f32, f64 or
  /// integers. Null for anything else, for more than 2^26 elements, and where a
  /// file cannot be read: packing the weight will say so.
  const Contents *get(mlir::Value value);

private:
  std::optional<Contents> read(WeightOp weight);
  const llvm::MemoryBuffer *getFile(llvm::StringRef name);

  mlir::SymbolTable symbols;
  llvm::DenseMap<mlir::Operation *, std::unique_ptr<Contents>> known;
  llvm::StringMap<std::unique_ptr<llvm::MemoryBuffer>> files;
};

} // namespace attune

#endif // ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_WEIGHTCONTENTS_H
