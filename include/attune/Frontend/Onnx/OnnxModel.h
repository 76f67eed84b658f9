//===- OnnxModel.h - What an ONNX file says, checked ------------*- C++ -*-===//
//
// The model as plain structures, without protobuf's types. Tensors stay where
// they lie: in the mapped .onnx file, or in a mapped file of external data.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_FRONTEND_ONNX_ONNXMODEL_H
#define ATTUNE_FRONTEND_ONNX_ONNXMODEL_H

#include "attune/Frontend/Onnx/OnnxType.h"
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

/// The opsets of the default domain that Attune reads. In 7 broadcasting became
/// what it is; ops that have changed since are read as they are from 11 on.
constexpr int64_t kMinOnnxOpset = 7, kMaxOnnxOpset = 28;

/// A constant: an initializer or the value of an attribute.
struct OnnxTensor {
  std::string name;
  OnnxType type = OnnxType::Undefined;
  /// Row-major extents, outermost first; empty for a scalar.
  llvm::SmallVector<int64_t, 4> shape;
  /// Product of the shape, at most 2^40.
  int64_t count = 0;
  /// Where the elements lie, little endian and without gaps: `size` bytes from
  /// `offset` on of OnnxModel::files[file]. Elements of 4 and 2 bits are
  /// packed, the first in the lowest bits. Without a file they are `values`.
  std::optional<unsigned> file;
  uint64_t offset = 0;
  uint64_t size = 0;
  std::vector<uint8_t> values;
  /// The elements of tensors of strings.
  std::vector<std::string> strings;
};

struct FixedInput;
struct OnnxGraph;

/// A named parameter of a node.
struct OnnxAttribute {
  enum class Kind {
    Float,
    Int,
    String,
    Tensor,
    Graph,
    Floats,
    Ints,
    Strings,
    /// Sparse tensors, types and lists of tensors and graphs: no op that
    /// Attune imports has them.
    Other,
  };
  std::string name;
  Kind kind = Kind::Other;
  double f = 0;
  int64_t i = 0;
  std::string s;
  std::vector<float> floats;
  std::vector<int64_t> ints;
  std::vector<std::string> strings;
  /// Shared by the copies that inlining makes.
  std::shared_ptr<const OnnxTensor> tensor;
  std::shared_ptr<const OnnxGraph> graph;
  /// Within functions: the attribute of the calling node that it is.
  std::string reference;
};

struct OnnxNode {
  /// As in the file, "OpType_3" where the fourth node is nameless.
  std::string name;
  std::string op;
  /// "" for ONNX's own operators ("ai.onnx" in files is the same).
  std::string domain;
  std::string overload;
  /// The version of the domain's operator set that the node is written for.
  int64_t version = 0;
  /// Names of values; "" for optional ones that are left out.
  std::vector<std::string> inputs, outputs;
  std::vector<OnnxAttribute> attributes;

  const OnnxAttribute *find(llvm::StringRef name) const;
};

/// An input or output of a graph.
struct OnnxValueInfo {
  /// An extent: a number, or a name, or (with neither) anything.
  struct Dim {
    std::optional<int64_t> value;
    std::string name;
  };
  std::string name;
  /// Undefined for sequences, optionals and maps, and where the file is silent.
  OnnxType type = OnnxType::Undefined;
  /// nullopt when the file says nothing of the rank.
  std::optional<std::vector<Dim>> shape;
  /// "tensor", "sequence", "optional", "map", "sparse tensor", or "".
  llvm::StringRef kind;
};

struct OnnxGraph {
  std::string name;
  std::vector<OnnxNode> nodes;
  std::vector<std::shared_ptr<const OnnxTensor>> initializers;
  /// Without those that are initializers too.
  std::vector<OnnxValueInfo> inputs, outputs;
};

/// A model whose functions are inlined, so that nodes call operators only, and
/// whose graph is sound: every name is defined once and before its uses.
struct OnnxModel {
  int64_t irVersion = 0;
  std::string producer;
  /// The version of each imported operator set by its domain.
  llvm::StringMap<int64_t> opsets;
  OnnxGraph graph;
  /// The directory of the file, that `files` are relative to.
  std::string directory;
  /// The .onnx file first, then those of external data; names relative to
  /// `directory`.
  std::vector<std::string> files;
  std::vector<std::unique_ptr<llvm::MemoryBuffer>> buffers;

  /// The bytes of a tensor of this model.
  llvm::ArrayRef<uint8_t> data(const OnnxTensor &tensor) const;
};

/// Reads a model: maps the file, and the files of external data that lie below
/// its directory.
///
/// UserErrors name the file and the node, tensor or value: a file that is no
/// protobuf of ONNX or is cut off; operator sets and versions that Attune does
/// not know; tensors whose data does not fit their shape, or lies outside of
/// its file or the directory; names that are defined twice, never, or behind
/// their first use; functions that call themselves.
llvm::Expected<OnnxModel> loadOnnxModel(llvm::StringRef path);

/// The same from memory, for tests; `directory` is where external data lies.
llvm::Expected<OnnxModel>
readOnnxModel(std::unique_ptr<llvm::MemoryBuffer> buffer,
              llvm::StringRef directory);

/// Turns an input of the graph into an initializer. UserErrors, as of the
/// option --fix-input: no such input, another type or shape.
llvm::Error fixInput(OnnxModel &model, const FixedInput &input);

} // namespace attune

#endif // ATTUNE_FRONTEND_ONNX_ONNXMODEL_H
