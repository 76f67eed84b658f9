//===- Fold.cpp - Computes nodes of constants -----------------------------===//
//
// What a node of constants means is what its ops mean: they are emitted into a
// scratch function, which the reference interpreter runs.
//
//===----------------------------------------------------------------------===//
#include "Import.h"
#include "attune/Reference/Interpreter.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;
using namespace attune;

bool OnnxImport::canFold(const OnnxOps::Entry &entry, NodeImporter &node) {
  if (node.numInputs() == 0)
    return false;
  for (unsigned i = 0; i < node.numInputs(); ++i)
    if (node.hasInput(i) && !node.input(i).isConstant())
      return false;
  if (entry.isView && node.initializer(0))
    return false;
  for (unsigned i = 0; i < node.numInputs(); ++i)
    if (node.hasInput(i) && !node.constant(i))
      return false;
  return true;
}

/// Whether the interpreter may compute all of a block.
static bool isSmall(Block &block) {
  int64_t total = 0;
  for (Operation &op : block)
    for (Type type : op.getResultTypes()) {
      auto tensor = cast<RankedTensorType>(type);
      if (!tensor.hasStaticShape())
        return false;
      std::optional<int64_t> count = countElements(tensor.getShape());
      if (!count || *count > kMaxFoldedElements)
        return false;
      total += *count;
    }
  return total <= 4 * kMaxFoldedElements;
}

static DenseElementsAttr toConstant(const Tensor &tensor, Type type) {
  auto ranked = cast<RankedTensorType>(type);
  Type element = ranked.getElementType();
  if (element.isF32())
    return DenseElementsAttr::get(ranked, tensor.getFloats());
  if (element.isF64())
    return DenseElementsAttr::get(ranked, tensor.getDoubles());
  if (element.isInteger(1)) {
    SmallVector<bool> values;
    for (int64_t value : tensor.getIntegers())
      values.push_back(value != 0);
    return DenseElementsAttr::get(ranked, ArrayRef<bool>(values));
  }
  unsigned width = element.getIntOrFloatBitWidth();
  SmallVector<APInt> values;
  for (int64_t value : tensor.getIntegers())
    values.push_back(APInt(width, value, true, /*implicitTrunc=*/true));
  return DenseElementsAttr::get(ranked, values);
}

llvm::Expected<bool> OnnxImport::fold(const OnnxOps::Entry &entry,
                                      NodeImporter &node) {
  MLIRContext &context = *graph.context();
  OwningOpRef<ModuleOp> scratch(ModuleOp::create(graph.loc()));
  GraphBuilder into(context);
  into.setLocation(graph.loc());
  OpBuilder &builder = into.ops();
  builder.setInsertionPointToEnd(scratch->getBody());
  auto function = func::FuncOp::create(builder, graph.loc(), "fold",
                                       builder.getFunctionType({}, {}));
  Block *body = function.addEntryBlock();
  builder.setInsertionPointToStart(body);

  std::deque<ImportedValue> copies;
  SmallVector<ImportedValue *> inputs;
  for (unsigned i = 0; i < node.numInputs(); ++i) {
    if (!node.hasInput(i)) {
      inputs.push_back(nullptr);
      continue;
    }
    ImportedValue &copy = copies.emplace_back();
    copy.type = node.type(i);
    copy.shape = node.shape(i);
    copy.constant = *node.constant(i);
    inputs.push_back(&copy);
  }
  NodeImporter inner(*this, node.getNode(), into, std::move(inputs));
  if (llvm::Error error = entry.import(inner))
    return std::move(error);
  if (llvm::Error error = inner.check())
    return std::move(error);

  SmallVector<Value> values;
  for (const std::optional<ImportedValue> &result : inner.getResults())
    if (result && result->value)
      values.push_back(result->value);
  if (!isSmall(*body))
    return false;
  func::ReturnOp::create(builder, graph.loc(), values);
  function.setFunctionType(builder.getFunctionType(
      {}, llvm::to_vector(ValueRange(values).getTypes())));
  {
    // What does not verify is reported where it is imported for good.
    ScopedDiagnosticHandler quiet(&context,
                                  [](Diagnostic &) { return success(); });
    if (failed(verify(*scratch)))
      return false;
  }
  NamedWeights weights;
  Interpreter interpreter(*scratch, weights);
  llvm::Expected<SmallVector<Tensor>> computed =
      interpreter.run("fold", ArrayRef<Tensor>());
  if (!computed)
    return node.error(llvm::toString(computed.takeError()));
  auto next = computed->begin();
  for (auto [i, result] : llvm::enumerate(inner.getResults())) {
    if (!result)
      continue;
    if (result->value) {
      result->constant = toConstant(*next++, result->value.getType());
      result->value = {};
    }
    node.setResult(i, std::move(*result));
  }
  return true;
}
