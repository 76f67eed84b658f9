//===- LaunchShapes.cpp - Sizes at which kernels are launched -------------===//
#include "attune/Kernel/LaunchShapes.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"

using namespace mlir;
using namespace attune;

/// More elements than any memory holds, far from where counts overflow.
static constexpr int64_t kMaxElements = int64_t(1) << 46;

/// A dynamic extent; nullopt when the argument does not name it.
static std::optional<DimExpr> getExtent(func::FuncOp function,
                                        unsigned argument, unsigned dimension) {
  return getNamedExtent(
      function.getArgAttrOfType<ArrayAttr>(argument, kDimsAttr), dimension);
}

SmallVector<std::string> attune::getSymbols(func::FuncOp function) {
  SmallVector<std::string> symbols;
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes())) {
    auto shaped = dyn_cast<RankedTensorType>(type);
    for (unsigned d = 0, e = shaped ? shaped.getRank() : 0; d < e; ++d) {
      std::optional<DimExpr> extent = getExtent(function, i, d);
      StringRef symbol =
          extent && shaped.isDynamicDim(d) ? extent->getSymbol() : StringRef();
      if (!symbol.empty() && !llvm::is_contained(symbols, symbol))
        symbols.push_back(symbol.str());
    }
  }
  return symbols;
}

std::string attune::describePlace(Location loc) {
  auto name = loc->findInstanceOf<NameLoc>();
  return name ? name.getName().str() : std::string("unnamed");
}

/// The shapes of the arguments.
static llvm::Expected<SmallVector<SymbolicShape>>
bindArguments(func::FuncOp function, const llvm::StringMap<int64_t> &symbols) {
  SmallVector<SymbolicShape> arguments;
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes())) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor)
      return userErrorf("function '{0}': expected tensors as arguments, found "
                        "{1} as argument {2}",
                        printable(function.getName()), type, i);
    SymbolicShape &shape = arguments.emplace_back();
    for (auto [d, extent] : llvm::enumerate(tensor.getShape())) {
      if (!ShapedType::isDynamic(extent)) {
        shape.push_back(extent);
        continue;
      }
      std::optional<DimExpr> named = getExtent(function, i, d);
      std::optional<int64_t> value =
          named ? named->evaluateExactly(symbols) : std::nullopt;
      if (!value)
        return userErrorf(
            "function '{0}': dimension {1} of argument {2} is dynamic, and {3}",
            printable(function.getName()), d, i,
            named ? "there is no value for '" + printable(named->str()) + "'"
                  : "'" + kDimsAttr.str() + "' gives it no name");
      shape.push_back(*value);
    }
  }
  return arguments;
}

/// The numbers of a shape in which no symbol is left.
static llvm::Expected<std::vector<int64_t>>
getExtents(Operation *op, Value value, SymbolicShape shape) {
  std::vector<int64_t> extents;
  auto type = dyn_cast<RankedTensorType>(value.getType());
  int64_t elements = 1;
  bool isKnown = type && shape.size() == static_cast<size_t>(type.getRank());
  for (const DimExpr &extent : shape) {
    std::optional<int64_t> number = extent.getConstant();
    isKnown = isKnown && number && *number >= 0 &&
              !llvm::MulOverflow(elements, *number, elements) &&
              elements <= kMaxElements;
    extents.push_back(number.value_or(0));
  }
  if (isKnown)
    return extents;
  return userErrorf("{0}: '{1}' has no size that can be computed for a tensor "
                    "of {2}",
                    describePlace(op->getLoc()), op->getName(),
                    value.getType());
}

llvm::Expected<std::vector<LaunchShapes>>
attune::evaluateLaunchShapes(func::FuncOp function,
                             const llvm::StringMap<int64_t> &symbols) {
  if (function.isExternal())
    return userErrorf("function '{0}' has no body",
                      printable(function.getName()));
  llvm::Expected<SmallVector<SymbolicShape>> arguments =
      bindArguments(function, symbols);
  if (!arguments)
    return arguments.takeError();
  DenseMap<Value, SymbolicShape> shapes;
  for (auto [argument, shape] : llvm::zip(function.getArguments(), *arguments))
    shapes[argument] = shape;

  std::vector<LaunchShapes> launches;
  for (Operation &op : function.front().without_terminator()) {
    SmallVector<SymbolicShape> operands, results;
    for (Value operand : op.getOperands())
      operands.push_back(shapes.lookup(operand));
    if (auto shaped = dyn_cast<SymbolicShapeOpInterface>(op))
      shaped.inferSymbolicShapes(operands, results);
    results.resize(op.getNumResults());
    for (auto [result, shape] : llvm::zip(op.getResults(), results)) {
      // Here and not only at launches: what follows counts on ranks.
      llvm::Expected<std::vector<int64_t>> extents =
          getExtents(&op, result, shape);
      if (!extents)
        return extents.takeError();
      shapes[result] = shape;
    }
    auto launch = dyn_cast<LaunchOp>(op);
    if (!launch)
      continue;
    LaunchShapes &entry = launches.emplace_back();
    entry.launch = launch;
    SmallVector<Value> values(op.getOperands());
    llvm::append_range(values, op.getResults());
    for (Value value : values) {
      llvm::Expected<std::vector<int64_t>> extents =
          getExtents(&op, value, shapes.lookup(value));
      if (!extents)
        return extents.takeError();
      entry.shapes.push_back(std::move(*extents));
    }
  }
  return launches;
}

static double countElements(ArrayRef<std::vector<int64_t>> shapes) {
  double sum = 0;
  for (const std::vector<int64_t> &shape : shapes) {
    double product = 1;
    for (int64_t extent : shape)
      product *= static_cast<double>(extent);
    sum += product;
  }
  return sum;
}

llvm::Expected<std::vector<KernelUse>>
attune::getKernelUses(ModuleOp module, func::FuncOp function,
                      const llvm::StringMap<int64_t> &symbols) {
  llvm::Expected<std::vector<LaunchShapes>> launches =
      evaluateLaunchShapes(function, symbols);
  if (!launches)
    return launches.takeError();
  std::vector<KernelUse> uses;
  llvm::StringMap<size_t> places;
  for (KernelOp kernel : module.getOps<KernelOp>()) {
    places[kernel.getSymName()] = uses.size();
    uses.emplace_back().kernel = kernel;
  }
  for (LaunchShapes &launch : *launches) {
    auto place = places.find(launch.launch.getKernel());
    if (place == places.end())
      continue;
    KernelUse &use = uses[place->second];
    if (use.launches++ == 0)
      use.where = describePlace(launch.launch.getLoc());
    if (countElements(launch.shapes) > countElements(use.shapes))
      use.shapes = std::move(launch.shapes);
  }
  return uses;
}

func::FuncOp attune::findModelFunction(ModuleOp module) {
  for (func::FuncOp function : module.getOps<func::FuncOp>())
    if (!function.isExternal())
      return function;
  return {};
}
