//===- ControlFlow.cpp - If, Loop and Scan, where decided now -------------===//
#include "Import.h"

using namespace mlir;
using namespace attune;

/// Iterations of one loop.
static constexpr int64_t kMaxIterations = 4096;

using Results = std::vector<std::optional<ImportedValue>>;

static std::optional<bool> constantTruth(NodeImporter &node, unsigned i) {
  std::optional<std::vector<int64_t>> value = node.constantIntegers(i);
  if (!value || value->size() != 1)
    return std::nullopt;
  return value->front() != 0;
}

/// The constants behind a value, through the import's own eyes.
static std::optional<std::vector<int64_t>> integersOf(NodeImporter &node,
                                                      ImportedValue &value) {
  std::optional<DenseElementsAttr> constant =
      node.getImport().getConstant(value);
  if (!constant || !isa<IntegerType>(constant->getElementType()))
    return std::nullopt;
  return toIntegers(*constant);
}

static llvm::Error importIf(NodeImporter &node) {
  const OnnxGraph *onTrue = node.subgraph("then_branch"),
                  *onFalse = node.subgraph("else_branch");
  if (!onTrue || !onFalse)
    return node.error("expected the graphs then_branch and else_branch");
  std::optional<bool> condition = constantTruth(node, 0);
  if (!condition) {
    node.getImport().reportUnsupported(*onTrue);
    node.getImport().reportUnsupported(*onFalse);
    return node.unsupported("a condition that is not known while importing");
  }
  llvm::Expected<Results> results =
      node.getImport().importSubgraph(*condition ? *onTrue : *onFalse, {});
  if (!results)
    return results.takeError();
  if (results->size() < node.numResults())
    return node.error("its branch has too few outputs");
  for (unsigned i = 0; i < node.numResults(); ++i)
    if ((*results)[i])
      node.setResult(i, std::move(*(*results)[i]));
  return node.check();
}

static ImportedValue scalarOf(NodeImporter &node, OnnxType type,
                              int64_t number) {
  ImportedValue value;
  value.type = type;
  Type element = node.builder().elementType(type);
  value.constant =
      DenseElementsAttr::get(RankedTensorType::get({}, element),
                             APInt(element.getIntOrFloatBitWidth(), number));
  return value;
}

/// One value of an iteration, as a slice of extent 1 along `axis`.
static Value sliceOf(NodeImporter &node, ImportedValue &value, int64_t axis) {
  GraphBuilder &b = node.builder();
  return b.unsqueeze(node.getImport().materialize(value, b), {axis});
}

/// What iterations gave, side by side. Without any there is nothing to know
/// their shape from.
static llvm::Error setScanResult(NodeImporter &node, unsigned i,
                                 std::vector<Value> slices, int64_t axis,
                                 OnnxType type, bool isReversed) {
  if (slices.empty())
    return node.unsupported("outputs of no iteration");
  if (isReversed)
    std::reverse(slices.begin(), slices.end());
  node.setResult(i, node.builder().concat(slices, axis), type);
  return node.check();
}

static llvm::Error importLoop(NodeImporter &node) {
  const OnnxGraph *body = node.subgraph("body");
  if (!body)
    return node.error("expected the graph body");
  OnnxImport &import = node.getImport();
  unsigned carriedCount = node.numInputs() > 2 ? node.numInputs() - 2 : 0;
  if (body->inputs.size() != carriedCount + 2 ||
      body->outputs.size() < carriedCount + 1)
    return node.error("its body has other inputs and outputs than the loop");
  std::optional<int64_t> trips;
  if (node.hasInput(0)) {
    std::optional<std::vector<int64_t>> count = node.constantIntegers(0);
    if (!count || count->size() != 1) {
      import.reportUnsupported(*body);
      return node.unsupported("a trip count that is not known while importing");
    }
    trips = count->front();
  }
  std::optional<bool> condition = true;
  if (node.hasInput(1))
    condition = constantTruth(node, 1);

  std::vector<ImportedValue> carried;
  for (unsigned i = 2; i < node.numInputs(); ++i) {
    if (!node.hasInput(i))
      return node.error("input " + Twine(i) + " is left out");
    carried.push_back(node.input(i));
  }
  unsigned scans = body->outputs.size() - 1 - carriedCount;
  if (node.numResults() > carriedCount + scans)
    return node.error("its body has too few outputs");
  std::vector<std::vector<Value>> slices(scans);
  std::vector<OnnxType> types(scans, OnnxType::F32);
  for (int64_t iteration = 0;; ++iteration) {
    if (!condition) {
      import.reportUnsupported(*body);
      return node.unsupported("a condition that is not known while importing");
    }
    if (!*condition || (trips && iteration >= *trips))
      break;
    if (iteration == kMaxIterations)
      return node.unsupported("more than " + Twine(kMaxIterations) +
                              " iterations");
    std::vector<ImportedValue> inputs = {
        scalarOf(node, OnnxType::I64, iteration),
        scalarOf(node, OnnxType::Bool, 1)};
    inputs.insert(inputs.end(), carried.begin(), carried.end());
    llvm::Expected<Results> results = import.importSubgraph(*body, inputs);
    if (!results)
      return results.takeError();
    // Something in the body is not supported, and reported.
    if (!llvm::all_of(*results, [](auto &value) { return value.has_value(); }))
      return llvm::Error::success();
    std::optional<std::vector<int64_t>> goesOn =
        integersOf(node, *results->front());
    condition = goesOn && goesOn->size() == 1
                    ? std::optional<bool>(goesOn->front() != 0)
                    : std::nullopt;
    for (unsigned i = 0; i < carriedCount; ++i)
      carried[i] = *(*results)[i + 1];
    for (unsigned i = 0; i < scans; ++i) {
      ImportedValue &value = *(*results)[1 + carriedCount + i];
      types[i] = value.type;
      slices[i].push_back(sliceOf(node, value, 0));
    }
  }
  for (unsigned i = 0; i < carriedCount; ++i)
    node.setResult(i, carried[i]);
  for (unsigned i = 0; i < scans; ++i)
    if (node.needsResult(carriedCount + i))
      if (llvm::Error error = setScanResult(node, carriedCount + i, slices[i],
                                            0, types[i], false))
        return error;
  return node.check();
}

static llvm::Error importScan(NodeImporter &node) {
  const OnnxGraph *body = node.subgraph("body");
  int64_t scanInputs = node.integer("num_scan_inputs", 0);
  if (!body || scanInputs < 1 || scanInputs > node.numInputs())
    return node.error("expected the graph body and num_scan_inputs");
  GraphBuilder &b = node.builder();
  OnnxImport &import = node.getImport();
  unsigned states = node.numInputs() - scanInputs;
  if (body->inputs.size() != node.numInputs() || body->outputs.size() < states)
    return node.error("its body has other inputs and outputs than the scan");
  unsigned scans = body->outputs.size() - states;
  if (node.numResults() > states + scans)
    return node.error("its body has too few outputs");
  auto listOf = [&](StringRef name, size_t count) {
    auto list = node.integers(name).value_or(SmallVector<int64_t>());
    list.resize(count);
    return list;
  };
  SmallVector<int64_t> inputAxes = listOf("scan_input_axes", scanInputs),
                       inputReversed =
                           listOf("scan_input_directions", scanInputs),
                       outputAxes = listOf("scan_output_axes", scans),
                       outputReversed = listOf("scan_output_directions", scans);
  std::optional<int64_t> trips;
  for (int64_t i = 0; i < scanInputs; ++i) {
    unsigned input = states + i;
    inputAxes[i] = b.axis(inputAxes[i], node.rank(input));
    if (llvm::Error error = node.check())
      return error;
    std::optional<int64_t> extent =
        node.shape(input)[inputAxes[i]].getConstant();
    if (!extent || (trips && *trips != *extent)) {
      import.reportUnsupported(*body);
      return node.unsupported("a length that is not known while importing");
    }
    trips = extent;
  }
  if (*trips > kMaxIterations)
    return node.unsupported("more than " + Twine(kMaxIterations) +
                            " iterations");
  std::vector<ImportedValue> state;
  for (unsigned i = 0; i < node.numInputs(); ++i) {
    if (!b.elementType(node.type(i)))
      return node.unsupported("tensors of " + toString(node.type(i)));
    if (i < states)
      state.push_back(node.input(i));
  }
  std::vector<std::vector<Value>> slices(scans);
  std::vector<OnnxType> types(scans, OnnxType::F32);
  for (int64_t iteration = 0; iteration < *trips; ++iteration) {
    std::vector<ImportedValue> inputs = state;
    for (int64_t i = 0; i < scanInputs; ++i) {
      ImportedValue slice;
      slice.type = node.type(states + i);
      slice.value =
          b.select(node.value(states + i), inputAxes[i],
                   inputReversed[i] ? *trips - 1 - iteration : iteration);
      slice.shape = b.shape(slice.value);
      inputs.push_back(std::move(slice));
    }
    llvm::Expected<Results> results = import.importSubgraph(*body, inputs);
    if (!results)
      return results.takeError();
    if (!llvm::all_of(*results, [](auto &value) { return value.has_value(); }))
      return llvm::Error::success();
    for (unsigned i = 0; i < states; ++i)
      state[i] = *(*results)[i];
    for (unsigned i = 0; i < scans; ++i) {
      ImportedValue &value = *(*results)[states + i];
      types[i] = value.type;
      int64_t axis =
          b.axis(outputAxes[i], static_cast<int64_t>(value.shape.size()) + 1);
      slices[i].push_back(sliceOf(node, value, axis));
      outputAxes[i] = axis;
    }
  }
  for (unsigned i = 0; i < states; ++i)
    node.setResult(i, state[i]);
  for (unsigned i = 0; i < scans; ++i)
    if (node.needsResult(states + i))
      if (llvm::Error error =
              setScanResult(node, states + i, slices[i], outputAxes[i],
                            types[i], outputReversed[i] != 0))
        return error;
  return node.check();
}

void attune::registerControlFlow(OnnxOps &ops) {
  ops.addControlFlow("If", {1, 1}, importIf);
  ops.addControlFlow("Loop", {0, kAnyInputs}, importLoop);
  ops.addControlFlow("Scan", {1, kAnyInputs}, importScan);
}
