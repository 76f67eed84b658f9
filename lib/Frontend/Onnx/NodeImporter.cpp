//===- NodeImporter.cpp - One node while it is imported -------------------===//
#include "Import.h"
#include "attune/Support/File.h"

using namespace mlir;
using namespace attune;
using Kind = OnnxAttribute::Kind;

llvm::Error NodeImporter::error(const Twine &problem) const {
  return userErrorf("{0}: node '{1}' ({2}): {3}", import.getPath(),
                    printable(node.name), printable(node.op), problem.str());
}

llvm::Error NodeImporter::unsupported(const Twine &what,
                                      const Twine &hint) const {
  return unsupportedError(import.getPath() + ": this model is not supported",
                          printable(node.op) + ": " + what,
                          "node '" + printable(node.name) + "'", hint);
}

llvm::Error NodeImporter::check() const {
  if (llvm::Error problem = graph.takeError())
    return error(llvm::toString(std::move(problem)));
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

static StringRef describe(Kind kind) {
  switch (kind) {
  case Kind::Float:
    return "a number";
  case Kind::Int:
    return "an integer";
  case Kind::String:
    return "a string";
  case Kind::Tensor:
    return "a tensor";
  case Kind::Graph:
    return "a graph";
  case Kind::Floats:
    return "numbers";
  case Kind::Ints:
    return "integers";
  case Kind::Strings:
    return "strings";
  case Kind::Other:
    break;
  }
  return "something else";
}

const OnnxAttribute *NodeImporter::find(StringRef name, Kind kind) {
  const OnnxAttribute *attribute = node.find(name);
  if (attribute && attribute->kind != kind) {
    graph.fail("attribute '" + name + "': expected " + describe(kind) +
               ", found " + describe(attribute->kind));
    return nullptr;
  }
  return attribute;
}

int64_t NodeImporter::integer(StringRef name, int64_t absent) {
  const OnnxAttribute *attribute = find(name, Kind::Int);
  return attribute ? attribute->i : absent;
}

double NodeImporter::number(StringRef name, double absent) {
  const OnnxAttribute *attribute = find(name, Kind::Float);
  return attribute ? attribute->f : absent;
}

std::string NodeImporter::string(StringRef name, StringRef absent) {
  const OnnxAttribute *attribute = find(name, Kind::String);
  return attribute ? attribute->s : absent.str();
}

std::optional<SmallVector<int64_t>> NodeImporter::integers(StringRef name) {
  if (const OnnxAttribute *attribute = find(name, Kind::Ints))
    return SmallVector<int64_t>(ArrayRef<int64_t>(attribute->ints));
  return std::nullopt;
}

std::optional<SmallVector<double>> NodeImporter::numbers(StringRef name) {
  if (const OnnxAttribute *attribute = find(name, Kind::Floats))
    return llvm::to_vector_of<double>(attribute->floats);
  return std::nullopt;
}

std::optional<std::vector<std::string>> NodeImporter::strings(StringRef name) {
  if (const OnnxAttribute *attribute = find(name, Kind::Strings))
    return attribute->strings;
  return std::nullopt;
}

const OnnxTensor *NodeImporter::tensor(StringRef name) {
  const OnnxAttribute *attribute = find(name, Kind::Tensor);
  return attribute ? attribute->tensor.get() : nullptr;
}

const OnnxGraph *NodeImporter::subgraph(StringRef name) {
  const OnnxAttribute *attribute = find(name, Kind::Graph);
  return attribute ? attribute->graph.get() : nullptr;
}

int64_t NodeImporter::axis(StringRef name, int64_t absent, int64_t rank) {
  return graph.axis(integer(name, absent), rank);
}

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

Value NodeImporter::value(unsigned i) {
  return import.materialize(*inputs[i], graph);
}

std::optional<DenseElementsAttr> NodeImporter::constant(unsigned i) {
  return hasInput(i) ? import.getConstant(*inputs[i]) : std::nullopt;
}

std::optional<std::vector<double>> NodeImporter::constantNumbers(unsigned i) {
  if (std::optional<DenseElementsAttr> elements = constant(i))
    return toNumbers(*elements);
  return std::nullopt;
}

std::optional<std::vector<int64_t>> NodeImporter::constantIntegers(unsigned i) {
  std::optional<DenseElementsAttr> elements = constant(i);
  if (!elements || !isa<IntegerType>(elements->getElementType()))
    return std::nullopt;
  return toIntegers(*elements);
}

std::optional<SymbolicShape> NodeImporter::symbolicIntegers(unsigned i) {
  if (!hasInput(i))
    return std::nullopt;
  if (inputs[i]->extents)
    return inputs[i]->extents;
  // A tensor of shapes is small.
  if (inputs[i]->shape.size() > 1)
    return std::nullopt;
  std::optional<std::vector<int64_t>> numbers = constantIntegers(i);
  if (!numbers)
    return std::nullopt;
  return llvm::to_vector_of<DimExpr>(*numbers);
}

const OnnxTensor *NodeImporter::initializer(unsigned i) const {
  return hasInput(i) ? inputs[i]->tensor : nullptr;
}

Value NodeImporter::weight(const OnnxTensor &tensor, bool transposed) {
  return import.loadWeight(tensor, tensor.shape, transposed);
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

void NodeImporter::setResult(unsigned i, Value value, OnnxType type) {
  ImportedValue result;
  result.value = value;
  result.shape = graph.shape(value);
  result.type = type != OnnxType::Undefined    ? type
                : !inputs.empty() && inputs[0] ? inputs[0]->type
                                               : OnnxType::F32;
  // What the values are counts: a comparison of floats gives bools.
  Type element = GraphBuilder::element(value);
  if (graph.elementType(result.type) != element) {
    for (int candidate = 1; candidate <= kLastOnnxType; ++candidate)
      if (graph.elementType(static_cast<OnnxType>(candidate)) == element) {
        result.type = static_cast<OnnxType>(candidate);
        break;
      }
  }
  setResult(i, std::move(result));
}

void NodeImporter::setResult(unsigned i, ImportedValue value) {
  if (i < results.size())
    results[i] = std::move(value);
}

llvm::Error NodeImporter::result(Value value, OnnxType type) {
  if (llvm::Error problem = check())
    return problem;
  setResult(0, value, type);
  return llvm::Error::success();
}

llvm::Error NodeImporter::reshapedResult(const SymbolicShape &shape) {
  ImportedValue result = input(0);
  DimExpr from = getNumElements(result.shape), to = getNumElements(shape);
  if (from.getConstant() && to.getConstant() && from != to)
    return error("cannot give a tensor of " + Twine(from.str()) +
                 " elements a shape of " + to.str());
  bool isVector = shape.size() <= 1;
  bool isStatic = llvm::all_of(
      shape, [](const DimExpr &extent) { return extent.getConstant(); });
  if ((result.extents && isVector) || (result.isConstant() && isStatic)) {
    result.value = {};
    result.shape = shape;
    SmallVector<int64_t, 4> extents;
    if (isStatic)
      for (const DimExpr &extent : shape)
        extents.push_back(*extent.getConstant());
    if (result.tensor) {
      OnnxTensor copy = *result.tensor;
      copy.shape = extents;
      result.tensor = import.keep(std::move(copy));
    }
    if (result.constant)
      result.constant = result.constant.reshape(
          RankedTensorType::get(extents, result.constant.getElementType()));
    setResult(0, std::move(result));
    return llvm::Error::success();
  }
  return this->result(graph.reshape(value(0), shape), type(0));
}
