//===- Importer.h - What importers of ops work with -------------*- C++ -*-===//
//
// An importer is a function of one node. It reads attributes and inputs through
// NodeImporter, emits ops through GraphBuilder and sets the node's results:
//
//   llvm::Error importGelu(NodeImporter &node) {
//     GraphBuilder &b = node.builder();
//     return node.result(b.gelu(node.value(0),
//                               node.string("approximate", "none")));
//   }
//   void registerActivations(OnnxOps &ops) {
//     ops.add("Gelu", {1, 1}, importGelu);
//   }
//
// Who calls it has made sure that there are as many inputs as registered, that
// those which are needed are not left out, and that all have a type that values
// may have. A node whose inputs are all constants is computed by the reference
// interpreter from the ops that its importer emits, so that importers need not
// fold; arithmetic of shapes is done in SymbolicEvaluation.cpp.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_FRONTEND_ONNX_IMPORTER_H
#define ATTUNE_LIB_FRONTEND_ONNX_IMPORTER_H

#include "GraphBuilder.h"
#include "attune/Frontend/Onnx/OnnxModel.h"
#include "mlir/IR/BuiltinAttributes.h"

namespace attune {
class NodeImporter;
class OnnxImport;

/// What is known of a value of the ONNX graph. One of the last four is set; a
/// value that is needed as such is made when it is asked for, and kept.
struct ImportedValue {
  OnnxType type = OnnxType::Undefined;
  SymbolicShape shape;
  /// A value of the function, of GraphBuilder::elementType(type).
  mlir::Value value;
  /// An initializer that nobody needed so far.
  const OnnxTensor *tensor = nullptr;
  /// Computed while importing.
  mlir::DenseElementsAttr constant;
  /// An integer tensor of rank 0 or 1 that follows from the extents of inputs.
  std::optional<SymbolicShape> extents;

  bool isConstant() const { return tensor || constant; }
};

/// How many inputs a node has. Those before `min` may not be left out.
struct InputCount {
  unsigned min, max;
};
/// For ops that take any number of inputs.
constexpr unsigned kAnyInputs = ~0u;

using OnnxOpImporter = llvm::Error (*)(NodeImporter &node);

/// The ops that there are importers for.
class OnnxOps {
public:
  struct Entry {
    InputCount inputs;
    OnnxOpImporter import;
    /// Looks at types itself, and is never computed while importing: values
    /// that nothing computes with (null from value()) may be among its inputs.
    bool isControlFlow = false;
    /// Gives an initializer another shape or name, which stays where it is in
    /// its file.
    bool isView = false;
    /// Sets the results when they are the initializer of input 0 where it is;
    /// asked before nodes of constants are computed. May be null.
    bool (*keep)(NodeImporter &node) = nullptr;
  };
  /// An op of ONNX's own domain.
  void add(llvm::StringRef op, InputCount inputs, OnnxOpImporter import) {
    add("", op, {inputs, import});
  }
  void addView(llvm::StringRef op, InputCount inputs, OnnxOpImporter import) {
    add("", op, {inputs, import, false, /*isView=*/true});
  }
  void addControlFlow(llvm::StringRef op, InputCount inputs,
                      OnnxOpImporter import) {
    add("", op, {inputs, import, /*isControlFlow=*/true});
  }
  /// `domain` is for example "com.microsoft".
  void add(llvm::StringRef domain, llvm::StringRef op, InputCount inputs,
           OnnxOpImporter import) {
    add(domain, op, Entry{inputs, import});
  }
  void add(llvm::StringRef domain, llvm::StringRef op, Entry entry);
  const Entry *find(llvm::StringRef domain, llvm::StringRef op) const;

private:
  llvm::StringMap<Entry> entries;
};

/// One node while it is imported.
class NodeImporter {
public:
  NodeImporter(OnnxImport &import, const OnnxNode &node, GraphBuilder &graph,
               llvm::SmallVector<ImportedValue *> inputs)
      : import(import), node(node), graph(graph), inputs(std::move(inputs)),
        results(node.outputs.size()) {}

  GraphBuilder &builder() { return graph; }
  llvm::StringRef op() const { return node.op; }
  const OnnxNode &getNode() const { return node; }
  /// The version of the operator set that the node is written for.
  int64_t version() const { return node.version; }

  // Errors --------------------------------------------------------------------
  /// A UserError: "M.onnx: node 'x' (Softmax): problem".
  llvm::Error error(const llvm::Twine &problem) const;
  /// A valid node that there is no code for; what it is comes into the table of
  /// unsupported things. The import goes on with nodes that do not need it.
  llvm::Error unsupported(const llvm::Twine &what,
                          const llvm::Twine &hint = "") const;
  /// The first problem of the builder and of attributes so far, if any.
  llvm::Error check() const;

  // Attributes ----------------------------------------------------------------
  /// The value, or the default where the node has no such attribute. One of
  /// another kind is a problem for check().
  int64_t integer(llvm::StringRef name, int64_t absent);
  double number(llvm::StringRef name, double absent);
  std::string string(llvm::StringRef name, llvm::StringRef absent);
  std::optional<llvm::SmallVector<int64_t>> integers(llvm::StringRef name);
  std::optional<llvm::SmallVector<double>> numbers(llvm::StringRef name);
  std::optional<std::vector<std::string>> strings(llvm::StringRef name);
  const OnnxTensor *tensor(llvm::StringRef name);
  const OnnxGraph *subgraph(llvm::StringRef name);
  bool has(llvm::StringRef name) const { return node.find(name); }
  /// The attribute `name` as an axis in [0, rank).
  int64_t axis(llvm::StringRef name, int64_t absent, int64_t rank);

  // Inputs --------------------------------------------------------------------
  unsigned numInputs() const { return inputs.size(); }
  /// Whether input `i` is there and not left out.
  bool hasInput(unsigned i) const { return i < inputs.size() && inputs[i]; }
  /// What is known of an input that is there.
  ImportedValue &input(unsigned i) { return *inputs[i]; }
  OnnxType type(unsigned i) const { return inputs[i]->type; }
  const SymbolicShape &shape(unsigned i) const { return inputs[i]->shape; }
  int64_t rank(unsigned i) const { return inputs[i]->shape.size(); }
  /// The value, made now where it is a constant or extents.
  mlir::Value value(unsigned i);
  /// The value, or null where the input is left out.
  mlir::Value optionalValue(unsigned i) {
    return hasInput(i) ? value(i) : mlir::Value();
  }
  /// The elements where they are known while importing (at most 2^20).
  std::optional<mlir::DenseElementsAttr> constant(unsigned i);
  /// The same as numbers of any type.
  std::optional<std::vector<double>> constantNumbers(unsigned i);
  std::optional<std::vector<int64_t>> constantIntegers(unsigned i);
  /// Elements of an integer tensor, constant or following from extents.
  std::optional<SymbolicShape> symbolicIntegers(unsigned i);
  /// The initializer behind an input, when it is one: weights in another form
  /// can be declared from where it lies.
  const OnnxTensor *initializer(unsigned i) const;
  /// attune.weight of one piece and its value, as `shape` of `tensor`'s
  /// elements. `transposed`: the tensor is a matrix [K, N], and the weight its
  /// transpose [N, K].
  mlir::Value weight(const OnnxTensor &tensor, bool transposed = false);

  // Results -------------------------------------------------------------------
  unsigned numResults() const { return node.outputs.size(); }
  bool needsResult(unsigned i) const {
    return i < node.outputs.size() && !node.outputs[i].empty();
  }
  /// Sets result `i`, which may be one that the node leaves out. The ONNX type
  /// is that of the first input, or what `type` says; the value's element type
  /// is what represents it.
  void setResult(unsigned i, mlir::Value value,
                 OnnxType type = OnnxType::Undefined);
  /// A result that is known already.
  void setResult(unsigned i, ImportedValue value);
  /// Result 0: input 0 under another shape of as many elements. Initializers,
  /// constants and extents stay what they are.
  llvm::Error reshapedResult(const SymbolicShape &shape);
  /// setResult(0, value) and check().
  llvm::Error result(mlir::Value value, OnnxType type = OnnxType::Undefined);

  OnnxImport &getImport() { return import; }
  llvm::MutableArrayRef<std::optional<ImportedValue>> getResults() {
    return results;
  }

private:
  const OnnxAttribute *find(llvm::StringRef name, OnnxAttribute::Kind kind);

  OnnxImport &import;
  const OnnxNode &node;
  GraphBuilder &graph;
  llvm::SmallVector<ImportedValue *> inputs;
  std::vector<std::optional<ImportedValue>> results;
};

// Families, one file each.
void registerElementwise(OnnxOps &ops);
void registerActivations(OnnxOps &ops);
void registerShapeOps(OnnxOps &ops);
void registerDataMovement(OnnxOps &ops);
void registerIndexOps(OnnxOps &ops);
void registerReductions(OnnxOps &ops);
void registerQuantization(OnnxOps &ops);
void registerControlFlow(OnnxOps &ops);
/// All of them.
void registerOnnxOps(OnnxOps &ops);

} // namespace attune

#endif // ATTUNE_LIB_FRONTEND_ONNX_IMPORTER_H
