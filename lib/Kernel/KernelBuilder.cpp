//===- KernelBuilder.cpp - A kernel from a command line -------------------===//
#include "KernelBuilder.h"
#include "attune/Kernel/Cost.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"

using namespace mlir;
using namespace attune;

namespace {

/// Names of elementwise ops beside those of the dialect.
struct ElementwiseName {
  StringRef word, op;
  /// Attributes that the op needs.
  void (*configure)(OpBuilder &builder, OperationState &state);
};

constexpr ElementwiseName kElementwiseNames[] = {
    {"gelu_tanh", "gelu",
     [](OpBuilder &builder, OperationState &state) {
       state.addAttribute("approximate", builder.getStringAttr("tanh"));
     }},
    {"scale", "scale",
     [](OpBuilder &builder, OperationState &state) {
       state.addAttribute("factor", builder.getF32FloatAttr(0.5f));
     }},
};

} // namespace

/// More elements than any memory holds, far from where counts overflow.
static constexpr double kMaxElements = 1e12;

std::string attune::listElementwise(MLIRContext &context) {
  SmallVector<StringRef> names;
  for (RegisteredOperationName name : context.getRegisteredOperations())
    if (name.getDialectNamespace() == AttuneDialect::getDialectNamespace() &&
        name.hasInterface<ElementwiseOpInterface>())
      names.push_back(name.stripDialect());
  for (const ElementwiseName &name : kElementwiseNames)
    names.push_back(name.word);
  llvm::sort(names);
  names.erase(llvm::unique(names), names.end());
  return llvm::join(names, ", ");
}

llvm::Expected<Value> KernelBuilder::addElementwise(ArrayRef<StringRef> words,
                                                    Value value,
                                                    ArrayRef<int64_t> extents) {
  MLIRContext &context = *builder.getContext();
  for (StringRef word : words) {
    const auto *special =
        llvm::find_if(kElementwiseNames, [&](const ElementwiseName &name) {
          return name.word == word;
        });
    bool isSpecial = special != std::end(kElementwiseNames);
    std::string name = (AttuneDialect::getDialectNamespace() + "." +
                        (isSpecial ? special->op : word))
                           .str();
    std::optional<RegisteredOperationName> op =
        RegisteredOperationName::lookup(name, &context);
    if (!op || !op->hasInterface<ElementwiseOpInterface>())
      return userErrorf("kernel '{0}': '{1}' is no elementwise op; expected "
                        "one of {2}",
                        printable(spec), printable(word),
                        listElementwise(context));
    OperationState state(loc, *op);
    state.addOperands(value);
    if (!op->hasTrait<OpTrait::OneOperand>())
      state.addOperands(addTensor(
          cast<RankedTensorType>(value.getType()).getShape(), extents));
    if (isSpecial)
      special->configure(builder, state);
    state.addTypes(value.getType());
    value = builder.create(state)->getResult(0);
  }
  return value;
}

llvm::Expected<KernelProblem>
KernelBuilder::finish(StringRef name, ValueRange values,
                      ArrayRef<SmallVector<int64_t>> extents) {
  YieldOp::create(builder, loc, values);
  TypeRange results = values.getTypes();
  KernelProblem problem;
  problem.module = ModuleOp::create(loc);
  builder.setInsertionPointToEnd(problem.module->getBody());
  auto type = builder.getFunctionType(body->getArgumentTypes(), results);
  problem.kernel =
      KernelOp::create(builder, loc, name, type, /*backend=*/StringAttr(),
                       /*schedule=*/DictionaryAttr(), /*arg_attrs=*/ArrayAttr(),
                       /*res_attrs=*/ArrayAttr());
  problem.kernel.getBody().push_back(body.release());
  SmallVector<SymbolicShape> arguments;
  for (ArrayRef<int64_t> shape : shapes)
    arguments.emplace_back(shape.begin(), shape.end());
  problem.shapes = std::move(shapes);
  llvm::append_range(problem.shapes, extents);
  problem.limits = std::move(limits);
  for (ArrayRef<int64_t> shape : problem.shapes) {
    double elements = 1;
    for (int64_t extent : shape)
      elements *= static_cast<double>(extent);
    if (elements > kMaxElements)
      return userErrorf("kernel '{0}': its operands are too large for any "
                        "memory",
                        printable(spec));
  }
  Cost cost = getKernelCost(problem.kernel, arguments);
  problem.flops = cost.flops.evaluate({});
  problem.bytes = cost.activationBytes.evaluate({});
  return problem;
}
