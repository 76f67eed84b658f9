//===- Import.cpp - Walks a graph of ONNX ---------------------------------===//
#include "Import.h"
#include "attune/Support/File.h"
#include "llvm/Support/CheckedArithmetic.h"

using namespace mlir;
using namespace attune;

/// Nodes of the whole model, with loops unrolled.
static constexpr size_t kMaxNodes = 1 << 18;
/// Subgraphs within each other.
static constexpr unsigned kMaxDepth = 32;

ImportedValue *OnnxScope::find(StringRef name) {
  for (OnnxScope *scope = this; scope; scope = scope->outer)
    if (auto found = scope->values.find(name); found != scope->values.end())
      return &found->second;
  return nullptr;
}

bool OnnxScope::isMissing(StringRef name) const {
  for (const OnnxScope *scope = this; scope; scope = scope->outer) {
    if (scope->values.contains(name))
      return false;
    if (scope->missing.contains(name))
      return true;
  }
  return false;
}

static std::string keyOf(StringRef domain, StringRef op) {
  return (domain + "::" + op).str();
}

void OnnxOps::add(StringRef domain, StringRef op, Entry entry) {
  entries[keyOf(domain, op)] = entry;
}

const OnnxOps::Entry *OnnxOps::find(StringRef domain, StringRef op) const {
  auto found = entries.find(keyOf(domain, op));
  return found == entries.end() ? nullptr : &found->second;
}

OnnxImport::OnnxImport(MLIRContext &context, const OnnxModel &model,
                       StringRef path, const OnnxOps &ops)
    : model(model), path(path), ops(ops),
      module(ModuleOp::create(UnknownLoc::get(&context))), graph(context),
      symbols(*module) {}

llvm::Expected<OwningOpRef<ModuleOp>> OnnxImport::run(StringRef name) {
  OpBuilder &builder = graph.ops();
  module.get()->setAttr(kNameAttr, builder.getStringAttr(name));
  module.get()->setAttr(kMaxDimsAttr, builder.getDictionaryAttr({}));
  builder.setInsertionPointToEnd(module->getBody());
  forward = func::FuncOp::create(builder, graph.loc(), "forward",
                                 builder.getFunctionType({}, {}));
  symbols.insert(forward);
  forward.addEntryBlock();
  builder.setInsertionPointToStart(&forward.getBody().front());
  if (llvm::Error error = importInputs())
    return std::move(error);
  for (const auto &tensor : model.graph.initializers) {
    ImportedValue value;
    value.type = tensor->type;
    llvm::append_range(value.shape, tensor->shape);
    value.tensor = tensor.get();
    root.values[tensor->name] = std::move(value);
  }
  if (llvm::Error error = importNodes(model.graph, root))
    return std::move(error);
  if (llvm::Error error = unsupported.take(path))
    return std::move(error);
  if (llvm::Error error = importOutputs())
    return std::move(error);
  settleShapes(*module, forward, graph);
  return std::move(module);
}

//===----------------------------------------------------------------------===//
// Inputs and outputs
//===----------------------------------------------------------------------===//

std::string OnnxImport::makeSymbol(StringRef name) {
  std::string symbol;
  for (char c : name)
    symbol += llvm::isAlnum(c) || c == '_' ? c : '_';
  if (symbol.empty() || llvm::isDigit(symbol.front()))
    symbol = "d" + symbol;
  std::string result = symbol;
  for (unsigned i = 2; !usedSymbols.insert(result).second; ++i)
    result = symbol + "_" + std::to_string(i);
  return result;
}

llvm::Expected<DimExpr> OnnxImport::extentOf(const OnnxValueInfo &input,
                                             size_t axis) {
  const OnnxValueInfo::Dim &dim = (*input.shape)[axis];
  // Some exporters write -1 for what they do not know.
  if (dim.value && *dim.value >= 0)
    return DimExpr(*dim.value);
  if (dim.value && *dim.value < -1)
    return userErrorf("{0}: input '{1}': expected an extent of 0 or more, "
                      "found {2}",
                      path, printable(input.name), *dim.value);
  std::string name = dim.name;
  if (name.empty())
    name = input.name + "_dim_" + std::to_string(axis);
  if (std::optional<DimExpr> sum = parseExtent(name))
    return *sum;
  return DimExpr::symbol(symbolFor(name));
}

const std::string &OnnxImport::symbolFor(StringRef name) {
  std::string &symbol = dims[name];
  if (symbol.empty())
    symbol = makeSymbol(name);
  return symbol;
}

void OnnxImport::findNames() {
  for (const OnnxValueInfo &input : model.graph.inputs)
    for (const OnnxValueInfo::Dim &dim : input.shape
                                             ? ArrayRef(*input.shape)
                                             : ArrayRef<OnnxValueInfo::Dim>()) {
      std::optional<DimExpr> extent = DimExpr::parse(dim.name);
      if (!dim.value && extent && extent->getSymbol() == dim.name)
        plainNames.insert(dim.name);
    }
}

std::optional<DimExpr> OnnxImport::parseExtent(StringRef name) {
  std::optional<DimExpr> parsed = DimExpr::parse(name);
  if (!parsed || parsed->getConstant() || parsed->getSymbol() == name)
    return std::nullopt;
  DimExpr result;
  for (const auto &[monomial, coefficient] : parsed->getTerms()) {
    DimExpr term = coefficient;
    for (const std::string &factor : monomial) {
      if (!plainNames.contains(factor))
        return std::nullopt;
      term *= DimExpr::symbol(symbolFor(factor));
    }
    result += term;
  }
  return result;
}

void OnnxImport::requireDeclared(const OnnxValueInfo &output,
                                 ArrayRef<DimExpr> shape) {
  if (!output.shape || output.shape->size() != shape.size())
    return;
  // Only where it says what a symbol is: exporters also give outputs names that
  // have nothing to do with the inputs'.
  for (auto [dim, extent] : llvm::zip(*output.shape, shape)) {
    auto known = dims.find(dim.name);
    bool isSum = extent.getTerms().size() > 1;
    if (dim.value || known == dims.end() || !isSum)
      continue;
    DimExpr symbol = DimExpr::symbol(known->second);
    if (extent.substitute(known->second, 0) == extent)
      graph.requireEqual(symbol, extent);
  }
}

/// The element type of inputs and outputs: unlike within the function, floats
/// of 16 bits are what they are.
static Type boundaryType(GraphBuilder &graph, OnnxType type) {
  if (type == OnnxType::F16)
    return graph.ops().getF16Type();
  if (type == OnnxType::BF16)
    return graph.ops().getBF16Type();
  return isFloat(type) || isInteger(type) || type == OnnxType::Bool
             ? graph.elementType(type)
             : Type();
}

static ArrayAttr dimsAttr(OpBuilder &builder, ArrayRef<DimExpr> shape) {
  SmallVector<Attribute> dims;
  for (const DimExpr &extent : shape)
    dims.push_back(
        builder.getStringAttr(extent.getConstant() ? "" : extent.str()));
  return builder.getArrayAttr(dims);
}

llvm::Error OnnxImport::importInputs() {
  findNames();
  OpBuilder &builder = graph.ops();
  Block &body = forward.getBody().front();
  SmallVector<Type> types;
  SmallVector<DictionaryAttr> attributes;
  for (const OnnxValueInfo &input : model.graph.inputs) {
    std::string place = "input '" + printable(input.name) + "'";
    Type element = boundaryType(graph, input.type);
    if (!element || input.kind != "tensor") {
      unsupported.addUnsupported(
          "an input that is " +
              (input.kind == "tensor" || input.kind.empty()
                   ? "a tensor of " + toString(input.type).str()
                   : "a " + input.kind.str()),
          place);
      root.missing.insert(input.name);
      continue;
    }
    if (!input.shape) {
      unsupported.addUnsupported("an input without a rank", place,
                                 "give it a shape when the model is exported");
      root.missing.insert(input.name);
      continue;
    }
    ImportedValue value;
    value.type = input.type;
    std::optional<int64_t> count = 1;
    for (size_t axis = 0; axis < input.shape->size(); ++axis) {
      llvm::Expected<DimExpr> extent = extentOf(input, axis);
      if (!extent)
        return extent.takeError();
      if (std::optional<int64_t> number = extent->getConstant();
          number && count)
        count = llvm::checkedMul(*count, std::max<int64_t>(*number, 1));
      value.shape.push_back(*extent);
    }
    if (!count || *count > int64_t(1) << 40)
      return userErrorf("{0}: {1}: its shape has more than 2^40 elements", path,
                        place);
    RankedTensorType type = graph.tensorType(element, value.shape);
    types.push_back(type);
    BlockArgument argument = body.addArgument(type, graph.loc());
    attributes.push_back(builder.getDictionaryAttr(
        {builder.getNamedAttr(kNameAttr, builder.getStringAttr(input.name)),
         builder.getNamedAttr(kDimsAttr, dimsAttr(builder, value.shape))}));
    graph.setShape(argument, value.shape);
    value.value = graph.cast(argument, graph.elementType(input.type));
    root.values[input.name] = std::move(value);
  }
  // Together: a function has attributes for all of its arguments or for none.
  forward.setFunctionType(builder.getFunctionType(types, {}));
  forward.setAllArgAttrs(attributes);
  return llvm::Error::success();
}

llvm::Error OnnxImport::importOutputs() {
  OpBuilder &builder = graph.ops();
  SmallVector<Value> values;
  llvm::DenseSet<Value> returned;
  for (const OnnxValueInfo &output : model.graph.outputs) {
    ImportedValue *known = root.find(output.name);
    if (!known)
      return internalError("the output '" + printable(output.name) +
                           "' was not imported");
    graph.setLocation(NameLoc::get(builder.getStringAttr(output.name)));
    Type element = boundaryType(graph, known->type);
    if (!element)
      return unsupportedError(path + ": this model is not supported",
                              "an output that is a tensor of " +
                                  toString(known->type),
                              "output '" + printable(output.name) + "'");
    Value value = graph.cast(materialize(*known, graph), element);
    requireDeclared(output, graph.shape(value));
    // Results have memory of their own.
    bool isCopied =
        isa<BlockArgument>(value) || value.getDefiningOp<ConstantOp>() ||
        value.getDefiningOp<LoadWeightOp>() || returned.contains(value);
    if (isCopied)
      value = graph.create<TransposeOp>(
          graph.element(value), graph.shape(value), value,
          builder.getDenseI64ArrayAttr(
              llvm::to_vector(llvm::seq<int64_t>(graph.rank(value)))));
    returned.insert(value);
    values.push_back(value);
  }
  if (llvm::Error error = graph.takeError())
    return userError(path + ": " + llvm::toString(std::move(error)));
  func::ReturnOp::create(builder, UnknownLoc::get(builder.getContext()),
                         values);
  forward.setFunctionType(
      builder.getFunctionType(forward.getArgumentTypes(),
                              llvm::to_vector(ValueRange(values).getTypes())));
  for (auto [i, output] : llvm::enumerate(model.graph.outputs)) {
    forward.setResultAttr(i, kNameAttr, builder.getStringAttr(output.name));
    forward.setResultAttr(i, kDimsAttr,
                          dimsAttr(builder, graph.shape(values[i])));
  }
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

static std::string describeOp(const OnnxNode &node) {
  return node.domain.empty()
             ? "op " + printable(node.op)
             : "op " + printable(node.domain) + "." + printable(node.op);
}

static std::string placeOf(const OnnxNode &node) {
  return "node '" + printable(node.name) + "'";
}

void OnnxImport::reportUnsupported(const OnnxNode &node) {
  if (!ops.find(node.domain, node.op))
    unsupported.addUnsupported(describeOp(node), placeOf(node));
  for (const OnnxAttribute &attribute : node.attributes)
    if (attribute.graph)
      reportUnsupported(*attribute.graph);
}

void OnnxImport::reportUnsupported(const OnnxGraph &from) {
  for (const OnnxNode &node : from.nodes)
    reportUnsupported(node);
}

llvm::Error OnnxImport::importNodes(const OnnxGraph &from, OnnxScope &scope) {
  OnnxScope *around = std::exchange(current, &scope);
  llvm::Error result = llvm::Error::success();
  for (const OnnxNode &node : from.nodes)
    if (llvm::Error error = importNode(node, scope)) {
      result = llvm::joinErrors(std::move(result), std::move(error));
      break;
    }
  current = around;
  return result;
}

llvm::Error OnnxImport::importNode(const OnnxNode &node, OnnxScope &scope) {
  if (++nodeCount > kMaxNodes)
    return userErrorf("{0}: more than {1} nodes once loops are unrolled", path,
                      kMaxNodes);
  auto giveUp = [&]() -> llvm::Error {
    for (const std::string &output : node.outputs)
      scope.missing.insert(output);
    return llvm::Error::success();
  };
  const OnnxOps::Entry *entry = ops.find(node.domain, node.op);
  bool lacksInput = llvm::any_of(node.inputs, [&](const std::string &input) {
    return !input.empty() && scope.isMissing(input);
  });
  if (!entry || lacksInput) {
    reportUnsupported(node);
    return giveUp();
  }

  graph.setLocation(NameLoc::get(graph.ops().getStringAttr(node.name)));
  SmallVector<ImportedValue *> inputs;
  for (const std::string &input : node.inputs)
    inputs.push_back(input.empty() ? nullptr : scope.find(input));
  // Left out at the end is the same as not there.
  while (!inputs.empty() && !inputs.back())
    inputs.pop_back();
  NodeImporter importer(*this, node, graph, std::move(inputs));
  unsigned count = importer.numInputs();
  if (count < entry->inputs.min || count > entry->inputs.max)
    return importer.error("expected " +
                          (entry->inputs.min == entry->inputs.max
                               ? llvm::utostr(entry->inputs.min)
                               : llvm::utostr(entry->inputs.min) + " or more") +
                          " inputs, found " + llvm::Twine(count));
  for (unsigned i = 0; i < count; ++i) {
    if (!importer.hasInput(i)) {
      if (i < entry->inputs.min)
        return importer.error("input " + llvm::Twine(i) + " is left out");
      continue;
    }
    if (entry->isControlFlow || graph.elementType(importer.type(i)))
      continue;
    unsupported.addUnsupported(
        describeOp(node) + " of " + toString(importer.type(i)), placeOf(node));
    return giveUp();
  }

  if (llvm::Error error = runImporter(*entry, importer)) {
    bool isUnsupported = false;
    error = llvm::handleErrors(
        std::move(error), [&](const UnsupportedError &problem) {
          isUnsupported = true;
          for (const UnsupportedError::Item &item : problem.getItems())
            unsupported.addUnsupported(item.what, item.where, item.hint);
        });
    if (error)
      return error;
    if (isUnsupported) {
      llvm::consumeError(graph.takeError());
      return giveUp();
    }
  }
  for (auto [i, output] : llvm::enumerate(node.outputs)) {
    if (output.empty())
      continue;
    std::optional<ImportedValue> &result = importer.getResults()[i];
    if (!result) {
      // Control flow reports what it lacks itself.
      if (!entry->isControlFlow)
        unsupported.addUnsupported(
            describeOp(node) + ": output " + llvm::Twine(i), placeOf(node));
      scope.missing.insert(output);
      continue;
    }
    scope.values[output] = std::move(*result);
  }
  return llvm::Error::success();
}

llvm::Error OnnxImport::runImporter(const OnnxOps::Entry &entry,
                                    NodeImporter &node) {
  if (!entry.isControlFlow) {
    if (evaluateSymbolically(node))
      return node.check();
    if (entry.keep && node.hasInput(0) && entry.keep(node))
      return node.check();
    if (canFold(entry, node)) {
      llvm::Expected<bool> isFolded = fold(entry, node);
      if (!isFolded)
        return isFolded.takeError();
      if (*isFolded)
        return llvm::Error::success();
    }
  }
  if (llvm::Error error = entry.import(node))
    return error;
  return node.check();
}

llvm::Expected<std::vector<std::optional<ImportedValue>>>
OnnxImport::importSubgraph(const OnnxGraph &from,
                           ArrayRef<ImportedValue> inputs) {
  if (depth == kMaxDepth)
    return userErrorf("{0}: graphs within each other more than {1} deep", path,
                      kMaxDepth);
  OnnxScope scope;
  scope.outer = current;
  for (auto [info, value] : llvm::zip(from.inputs, inputs))
    scope.values[info.name] = value;
  for (const auto &tensor : from.initializers) {
    ImportedValue value;
    value.type = tensor->type;
    llvm::append_range(value.shape, tensor->shape);
    value.tensor = tensor.get();
    scope.values[tensor->name] = std::move(value);
  }
  Location location = graph.loc();
  ++depth;
  llvm::Error error = importNodes(from, scope);
  --depth;
  graph.setLocation(location);
  if (error)
    return std::move(error);
  std::vector<std::optional<ImportedValue>> results;
  for (const OnnxValueInfo &output : from.outputs) {
    ImportedValue *value =
        scope.isMissing(output.name) ? nullptr : scope.find(output.name);
    results.push_back(value ? std::optional(*value) : std::nullopt);
  }
  return results;
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

Value OnnxImport::materialize(ImportedValue &value, GraphBuilder &into) {
  if (value.value)
    return value.value;
  Type element = into.elementType(value.type);
  if (value.extents) {
    Value numbers = into.extents(*value.extents);
    return value.value = into.cast(into.reshape(numbers, value.shape), element);
  }
  bool isScratch = &into != &graph;
  if (value.tensor && !value.constant && !isScratch &&
      value.tensor->count > 1 && element)
    return value.value = loadWeight(*value.tensor, value.tensor->shape, false);
  std::optional<DenseElementsAttr> constant = getConstant(value);
  if (!constant && value.tensor)
    constant = readConstant(*into.context(), model, *value.tensor, element);
  bool isInline = isScratch || constant->isSplat() ||
                  constant->getNumElements() <= kMaxInlineElements;
  if (value.tensor && value.tensor->count > 1 && !isScratch)
    return value.value = loadWeight(*value.tensor, value.tensor->shape, false);
  if (isInline)
    return value.value = into.constant(*constant);
  return value.value =
             loadWeight("folded", cast<RankedTensorType>(constant->getType()),
                        into.ops().getArrayAttr({}), *constant);
}

std::optional<DenseElementsAttr> OnnxImport::getConstant(ImportedValue &value) {
  if (value.constant)
    return value.constant;
  if (!value.tensor || value.tensor->count > kMaxFoldedElements)
    return std::nullopt;
  Type element = graph.elementType(value.type);
  if (!element)
    return std::nullopt;
  value.constant =
      readConstant(*graph.context(), model, *value.tensor, element);
  return value.constant;
}

void OnnxImport::limitExtent(const DimExpr &extent, int64_t largest) {
  const auto &terms = extent.getTerms();
  if (largest < 1 || terms.size() != 1 || terms.begin()->second != 1 ||
      terms.begin()->first.size() != 1)
    return;
  NamedAttrList limits(
      module.get()->getAttrOfType<DictionaryAttr>(kMaxDimsAttr));
  const std::string &symbol = terms.begin()->first.front();
  auto known = dyn_cast_or_null<IntegerAttr>(limits.get(symbol));
  if (known && known.getInt() <= largest)
    return;
  limits.set(symbol, graph.ops().getI64IntegerAttr(largest));
  module.get()->setAttr(kMaxDimsAttr, limits.getDictionary(graph.context()));
}

bool OnnxImport::limitInput(Value ids, int64_t limit) {
  auto argument = dyn_cast<BlockArgument>(ids);
  if (!argument || argument.getOwner()->getParentOp() != forward)
    return false;
  unsigned index = argument.getArgNumber();
  auto known = forward.getArgAttrOfType<IntegerAttr>(index, kLimitAttr);
  if (!known || known.getInt() > limit)
    forward.setArgAttr(index, kLimitAttr, graph.ops().getI64IntegerAttr(limit));
  return true;
}

Value OnnxImport::loadWeight(StringRef name, RankedTensorType type,
                             ArrayAttr pieces, DenseElementsAttr value) {
  OpBuilder &builder = graph.ops();
  SmallVector<Attribute> content = {TypeAttr::get(type), pieces};
  if (value)
    content.push_back(value);
  StringAttr &symbol = declared[builder.getArrayAttr(content)];
  if (!symbol) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(forward);
    auto weight = WeightOp::create(builder, graph.loc(), name, type, pieces,
                                   value, /*layout=*/Attribute(),
                                   /*offset=*/IntegerAttr());
    // Renames the weight where another symbol has its name.
    symbols.insert(weight);
    symbol = weight.getSymNameAttr();
  }
  SymbolicShape shape;
  llvm::append_range(shape, type.getShape());
  return graph.create<LoadWeightOp>(type.getElementType(), shape,
                                    symbol.getValue());
}

Value OnnxImport::loadWeight(const OnnxTensor &tensor, ArrayRef<int64_t> shape,
                             bool transposed) {
  OpBuilder &builder = graph.ops();
  Type element = graph.elementType(tensor.type);
  SmallVector<int64_t> extents(shape);
  if (transposed)
    std::swap(extents[0], extents[1]);
  auto type = RankedTensorType::get(extents, element);
  StringRef name = tensor.name.empty() ? StringRef("constant") : tensor.name;
  Type stored = tensor.type == OnnxType::F16    ? builder.getF16Type()
                : tensor.type == OnnxType::BF16 ? builder.getBF16Type()
                                                : element;
  bool isStored = isFloat(tensor.type) || isInteger(tensor.type) ||
                  tensor.type == OnnxType::Bool;
  if (tensor.file && isStored) {
    auto piece = PieceAttr::get(builder.getContext(), model.files[*tensor.file],
                                static_cast<int64_t>(tensor.offset), stored,
                                tensor.count, transposed ? extents[0] : 0);
    return loadWeight(name, type, builder.getArrayAttr({piece}), {});
  }
  Value value = loadWeight(
      name, RankedTensorType::get(shape, element), builder.getArrayAttr({}),
      readConstant(*graph.context(), model, tensor, element)
          .reshape(RankedTensorType::get(shape, element)));
  return transposed ? graph.transposeLast(value) : value;
}
