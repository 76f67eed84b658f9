//===- Import.h - Walks a graph of ONNX -------------------------*- C++ -*-===//
#ifndef ATTUNE_LIB_FRONTEND_ONNX_IMPORT_H
#define ATTUNE_LIB_FRONTEND_ONNX_IMPORT_H

#include "Importer.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/StringSet.h"
#include <deque>

namespace attune {

/// Elements of tensors that are computed while importing, and of those that
/// constants in the IR may have before they become weights.
constexpr int64_t kMaxFoldedElements = 1 << 20;
constexpr int64_t kMaxInlineElements = 64;

/// Names of values in a graph, those of graphs around it behind them.
struct OnnxScope {
  OnnxScope *outer = nullptr;
  llvm::StringMap<ImportedValue> values;
  /// Results of nodes that could not be imported, and what needs them.
  llvm::StringSet<> missing;

  ImportedValue *find(llvm::StringRef name);
  bool isMissing(llvm::StringRef name) const;
};

class OnnxImport {
public:
  OnnxImport(mlir::MLIRContext &context, const OnnxModel &model,
             llvm::StringRef path, const OnnxOps &ops);

  /// The module of the phase import.
  llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> run(llvm::StringRef name);

  /// For importers and control flow -------------------------------------------

  const OnnxModel &getModel() const { return model; }
  llvm::StringRef getPath() const { return path; }
  /// Emits a graph that sees the names around the node being imported. `inputs`
  /// are one for each input of it; the results one for each output, empty ones
  /// where something unsupported is needed.
  llvm::Expected<std::vector<std::optional<ImportedValue>>>
  importSubgraph(const OnnxGraph &graph, llvm::ArrayRef<ImportedValue> inputs);
  /// Counts what cannot be imported in a graph that nothing calls.
  void reportUnsupported(const OnnxGraph &graph);

  /// The value as one of the function that `graph` emits into.
  mlir::Value materialize(ImportedValue &value, GraphBuilder &graph);
  /// Elements of a constant value; nullopt when there are too many.
  std::optional<mlir::DenseElementsAttr> getConstant(ImportedValue &value);
  mlir::Value loadWeight(const OnnxTensor &tensor,
                         llvm::ArrayRef<int64_t> shape, bool transposed);
  /// A tensor that lives as long as the import.
  const OnnxTensor *keep(OnnxTensor tensor) {
    return &tensors.emplace_back(std::move(tensor));
  }
  /// Callers must not give a larger extent for `extent`, when it is a symbol: a
  /// table has no more than `largest` rows.
  void limitExtent(const DimExpr &extent, int64_t largest);
  /// Values of an input of ids are smaller than `limit`, when `ids` is one.
  bool limitInput(mlir::Value ids, int64_t limit);
  /// A symbol that nothing else is called, for an extent of the model.
  std::string makeSymbol(llvm::StringRef name);

private:
  llvm::Error importInputs();
  llvm::Error importOutputs();
  llvm::Error importNodes(const OnnxGraph &graph, OnnxScope &scope);
  llvm::Error importNode(const OnnxNode &node, OnnxScope &scope);
  /// Runs the importer, on a scratch function and the interpreter where all
  /// inputs are constants.
  llvm::Error runImporter(const OnnxOps::Entry &entry, NodeImporter &node);
  bool canFold(const OnnxOps::Entry &entry, NodeImporter &node);
  /// Fold.cpp. False when the result would be too large.
  llvm::Expected<bool> fold(const OnnxOps::Entry &entry, NodeImporter &node);
  void reportUnsupported(const OnnxNode &node);
  /// Declares a weight, once for each content, and loads it.
  mlir::Value loadWeight(llvm::StringRef name, mlir::RankedTensorType type,
                         mlir::ArrayAttr pieces, mlir::DenseElementsAttr value);
  llvm::Expected<DimExpr> extentOf(const OnnxValueInfo &input, size_t axis);
  /// Finds the names of extents that inputs have alone.
  void findNames();
  /// A name of the model that is a sum of other names, as exporters write the
  /// extents of caches; nullopt when it is one of its own.
  std::optional<DimExpr> parseExtent(llvm::StringRef name);
  const std::string &symbolFor(llvm::StringRef name);
  /// Has an output that the model gives a name which inputs have as an extent
  /// decide that name.
  void requireDeclared(const OnnxValueInfo &output,
                       llvm::ArrayRef<DimExpr> shape);

  const OnnxModel &model;
  std::string path;
  const OnnxOps &ops;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  GraphBuilder graph;
  mlir::SymbolTable symbols;
  mlir::func::FuncOp forward;
  OnnxScope root;
  OnnxScope *current = nullptr;
  /// Weights by what they are made of.
  llvm::DenseMap<mlir::Attribute, mlir::StringAttr> declared;
  std::deque<OnnxTensor> tensors;
  /// Symbols of dynamic extents by the model's name of them.
  llvm::StringMap<std::string> dims;
  /// Names of dynamic extents that inputs have alone.
  llvm::StringSet<> plainNames;
  llvm::StringSet<> usedSymbols;
  /// What is not supported, in the order found, with counts.
  ProblemList unsupported;
  /// Nodes so far, unrolled ones included.
  size_t nodeCount = 0;
  unsigned depth = 0;
};

/// SettleShapes.cpp: replaces symbols that the graph's requirements decide, and
/// leaves the others and the smallest values of symbols in the module's
/// attributes.
void settleShapes(mlir::ModuleOp module, mlir::func::FuncOp function,
                  const GraphBuilder &graph);

/// SymbolicEvaluation.cpp: sets the results of a node of integer arithmetic
/// whose inputs are constants and extents, when its ops are ones of shapes;
/// says whether it did.
bool evaluateSymbolically(NodeImporter &node);

/// a / b where that is a polynomial.
std::optional<DimExpr> divideExtents(const DimExpr &a, const DimExpr &b);

/// Constants.cpp: elements of an initializer as constants of
/// GraphBuilder::elementType; null for strings and complex numbers.
mlir::DenseElementsAttr readConstant(mlir::MLIRContext &context,
                                     const OnnxModel &model,
                                     const OnnxTensor &tensor,
                                     mlir::Type element);
std::vector<double> toNumbers(mlir::DenseElementsAttr constant);
std::vector<int64_t> toIntegers(mlir::DenseElementsAttr constant);

} // namespace attune

#endif // ATTUNE_LIB_FRONTEND_ONNX_IMPORT_H
