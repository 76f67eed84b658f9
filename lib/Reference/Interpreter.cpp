//===- Interpreter.cpp - Runs attune IR in plain loops --------------------===//
#include "attune/Reference/Interpreter.h"
#include "CheckInputs.h"
#include "attune/Dialect/Attune/IR/Attune.h"
#include "attune/Reference/ElementTypes.h"
#include "attune/Support/Error.h"

#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/CheckedArithmetic.h"

using namespace mlir;
using namespace attune;

Tensor Interpreter::store(ArrayRef<int64_t> shape, std::vector<double> values) {
  Tensor tensor = Tensor::doubles(shape, std::move(values));
  return options.keepDouble ? tensor : tensor.castFloat(ElementType::F32);
}

Tensor Interpreter::store(Type element, ArrayRef<int64_t> shape,
                          std::vector<double> values) {
  Tensor tensor = Tensor::doubles(shape, std::move(values));
  bool stays = options.keepDouble && isa<FloatType>(element);
  return stays ? tensor : conform(tensor, element);
}

Tensor Interpreter::conformResult(const Tensor &tensor, Type type) const {
  auto tensorType = dyn_cast<RankedTensorType>(type);
  if (!tensorType)
    return tensor;
  Type element = tensorType.getElementType();
  // What was computed in float does not become integers unasked, or the other
  // way round: that is a defect of a model, which is reported.
  if (tensor.isFloat() != isa<FloatType>(element))
    return tensor;
  return tensor.isFloat() && options.keepDouble ? tensor
                                                : conform(tensor, element);
}

llvm::Expected<SmallVector<Tensor>> Interpreter::run(StringRef name,
                                                     ArrayRef<Tensor> inputs) {
  auto function =
      dyn_cast_or_null<FunctionOpInterface>(module.lookupSymbol(name));
  if (!function)
    return userError("the module has no function @" + name);
  if (!function.getFunctionBody().hasOneBlock())
    return errorAt(function, "@" + name +
                                 " cannot be interpreted: expected a body "
                                 "of one block");
  if (llvm::Error error = checkInputs(function, inputs))
    return std::move(error);

  bindSymbols(function, inputs);
  SmallVector<const Tensor *> arguments;
  SmallVector<Tensor> rounded;
  for (auto [input, type] :
       llvm::zip_equal(inputs, function.getArgumentTypes()))
    rounded.push_back(conformResult(input, type));
  for (const Tensor &input : rounded)
    arguments.push_back(&input);
  SmallVector<Tensor> results;
  if (llvm::Error error =
          runBlock(function.getFunctionBody().front(), arguments, results))
    return std::move(error);
  return results;
}

void Interpreter::bindSymbols(FunctionOpInterface function,
                              ArrayRef<Tensor> inputs) {
  for (auto [i, tensor] : llvm::enumerate(inputs)) {
    auto names = function.getArgAttrOfType<ArrayAttr>(i, kDimsAttr);
    if (!names)
      continue;
    for (auto [d, extent] : llvm::enumerate(tensor.getShape()))
      if (std::optional<DimExpr> named = getNamedExtent(names, d))
        if (StringRef symbol = named->getSymbol(); !symbol.empty())
          options.symbols[symbol] = extent;
  }
}

llvm::Expected<SmallVector<int64_t, 4>>
Interpreter::evaluate(Operation *op, ShapeAttr extents) {
  SmallVector<int64_t, 4> values;
  for (const DimExpr &extent : extents.getShape()) {
    int64_t &sum = values.emplace_back(0);
    for (const auto &[monomial, coefficient] : extent.getTerms()) {
      std::optional<int64_t> product = coefficient;
      for (const std::string &symbol : monomial) {
        auto known = options.symbols.find(symbol);
        if (known == options.symbols.end())
          return errorAt(op, "the symbol '" + Twine(symbol) +
                                 "' has no value: no input has such an extent");
        if (product)
          product = llvm::checkedMul(*product, known->second);
      }
      if (product)
        product = llvm::checkedAdd(sum, *product);
      if (!product)
        return errorAt(op, "the extent " + Twine(extent.str()) +
                               " exceeds 64 bits");
      sum = *product;
    }
  }
  return values;
}

llvm::Error Interpreter::runBlock(Block &block,
                                  ArrayRef<const Tensor *> arguments,
                                  SmallVectorImpl<Tensor> &results) {
  // Values live from their definition to their last use. Regions are isolated
  // from above, so that all uses are in this block.
  DenseMap<Value, Tensor> values;
  DenseMap<Value, int64_t> usesLeft;
  auto define = [&](Value value, const Tensor &tensor) {
    if (value.use_empty())
      return;
    values[value] = tensor;
    usesLeft[value] = std::distance(value.use_begin(), value.use_end());
  };

  if (block.getNumArguments() != arguments.size())
    return errorAt(block.getParentOp(),
                   "expected " + Twine(block.getNumArguments()) +
                       " operands, got " + Twine(arguments.size()));
  for (auto [argument, tensor] : llvm::zip(block.getArguments(), arguments))
    define(argument, *tensor);

  for (Operation &op : block) {
    SmallVector<const Tensor *> operands;
    for (Value operand : op.getOperands()) {
      auto found = values.find(operand);
      if (found == values.end())
        return errorAt(&op, "an operand is defined outside of the block");
      operands.push_back(&found->second);
    }
    if (op.hasTrait<OpTrait::IsTerminator>()) {
      for (const Tensor *operand : operands)
        results.push_back(*operand);
      return llvm::Error::success();
    }

    SmallVector<Tensor> produced;
    if (llvm::Error error = runOp(op, operands, produced))
      return error;
    for (Value operand : op.getOperands())
      if (--usesLeft[operand] == 0)
        values.erase(operand);
    for (auto [value, tensor] : llvm::zip_equal(op.getResults(), produced))
      define(value, tensor);
  }
  return errorAt(block.getParentOp(), "expected a terminator");
}

llvm::Error Interpreter::runOp(Operation &op, ArrayRef<const Tensor *> operands,
                               SmallVectorImpl<Tensor> &results) {
  auto model = dyn_cast<ReferenceOpInterface>(op);
  if (!model)
    return errorAt(&op, "has no reference model");
  if (llvm::any_of(op.getOperandTypes(), llvm::IsaPred<MemRefType>))
    return errorAt(&op, "works on planned buffers; interpret the module of an "
                        "earlier phase, up to 'kernels'");
  if (llvm::Error error = model.interpret(*this, operands, results))
    return error;

  if (results.size() != op.getNumResults())
    return errorAt(&op, "expected " + Twine(op.getNumResults()) +
                            " results, got " + Twine(results.size()));
  for (auto [type, tensor] : llvm::zip_equal(op.getResultTypes(), results))
    tensor = conformResult(tensor, type);
  for (auto [i, type, tensor] : llvm::enumerate(op.getResultTypes(), results))
    if (!fits(tensor, type)) {
      std::string text;
      llvm::raw_string_ostream(text) << "expected result " << i << " of type "
                                     << type << ", got " << tensor.describe();
      return errorAt(&op, text);
    }
  if (options.observer)
    options.observer(&op, results);
  return llvm::Error::success();
}
