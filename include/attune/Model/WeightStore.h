//===- WeightStore.h - Tensors of safetensors files -------------*- C++ -*-===//
//
// Reads the safetensors format (an 8-byte little-endian header length, a JSON
// header, the data) of one file or of the shards that an index lists. The files
// are mapped, not read, and everything they say is checked when they are
// opened: data(entry) of any entry is in bounds.
//
//===----------------------------------------------------------------------===//

#ifndef ATTUNE_MODEL_WEIGHTSTORE_H
#define ATTUNE_MODEL_WEIGHTSTORE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace attune {

/// Element types of safetensors, little endian.
enum class TensorDType {
  Bool,
  F4,
  F6E2M3,
  F6E3M2,
  U8,
  I8,
  F8E5M2,
  F8E4M3,
  F8E8M0,
  I16,
  U16,
  F16,
  BF16,
  I32,
  U32,
  F32,
  C64,
  F64,
  I64,
  U64,
};

/// The name in safetensors headers: "F32", "BF16", ...
llvm::StringRef toString(TensorDType type);
std::optional<TensorDType> dtypeFromString(llvm::StringRef name);
/// Bits of an element.
unsigned bitWidth(TensorDType type);

/// One tensor of a store.
struct TensorEntry {
  std::string name;
  TensorDType dtype = TensorDType::F32;
  /// Row-major sizes, outermost first; empty for a scalar; a size may be 0.
  llvm::SmallVector<int64_t, 4> shape;
  /// Index into WeightStore::files().
  unsigned file = 0;
  /// Where the data begins, counted from the beginning of the file.
  uint64_t offset = 0;
  /// Bytes of the data.
  uint64_t size = 0;

  /// Product of the shape; the reader made sure that it fits.
  int64_t elementCount() const;
};

/// The header is never larger than this in files that safetensors reads.
constexpr uint64_t kMaxSafetensorsHeader = 100 * 1000 * 1000;

/// The tensors of one or several safetensors files, mapped into memory.
class WeightStore {
public:
  /// Opens what `path` names:
  ///  - a directory: its model.safetensors, else the shards of its
  ///    model.safetensors.index.json;
  ///  - a .safetensors file;
  ///  - an index (.json), whose shards lie below its own directory.
  /// UserErrors name the file and the tensor: no weights there (with the
  /// command to convert a pytorch_model.bin), truncated file, bad header,
  /// unknown type, offsets out of range, overlapping, not covering the data
  /// or not fitting type and shape, names that occur twice, tensors that the
  /// index has and its shard has not.
  static llvm::Expected<WeightStore> open(llvm::StringRef path);

  WeightStore(WeightStore &&) = default;
  WeightStore &operator=(WeightStore &&) = default;

  /// The tensor of that name, or null. Valid as long as the store.
  const TensorEntry *find(llvm::StringRef name) const;
  /// All tensors, ordered by file and offset.
  llvm::ArrayRef<TensorEntry> entries() const { return tensors; }
  /// The bytes of a tensor of this store.
  llvm::ArrayRef<uint8_t> data(const TensorEntry &entry) const;
  /// Paths of the files, as given to open() joined with what an index says.
  llvm::ArrayRef<std::string> files() const { return paths; }
  /// Bytes of each file.
  uint64_t fileSize(unsigned file) const;

private:
  WeightStore() = default;
  llvm::Error addFile(llvm::StringRef path);
  llvm::Error openIndex(llvm::StringRef path);

  std::vector<std::string> paths;
  std::vector<std::unique_ptr<llvm::MemoryBuffer>> buffers;
  std::vector<TensorEntry> tensors;
  llvm::StringMap<size_t> index;
};

/// "F32 [30522, 384]".
std::string describe(const TensorEntry &entry);
/// "[30522, 384]".
std::string formatShape(llvm::ArrayRef<int64_t> shape);

} // namespace attune

#endif // ATTUNE_MODEL_WEIGHTSTORE_H
