//===- KernelOps.cpp - Fused regions, kernels and launches ----------------===//
#include "attune/Dialect/Attune/IR/Attune.h"
#include "mlir/Interfaces/FunctionImplementation.h"

using namespace mlir;
using namespace attune;

/// Infers the shapes of what `block` yields from those of its arguments.
static void inferBlockShapes(Block &block, ArrayRef<SymbolicShape> arguments,
                             SmallVectorImpl<SymbolicShape> &results) {
  DenseMap<Value, SymbolicShape> shapes;
  for (auto [argument, shape] : llvm::zip(block.getArguments(), arguments))
    shapes[argument] = shape;
  for (Operation &op : block.without_terminator()) {
    SmallVector<SymbolicShape> operands, inferred;
    for (Value operand : op.getOperands())
      operands.push_back(shapes.lookup(operand));
    if (auto shaped = dyn_cast<SymbolicShapeOpInterface>(op))
      shaped.inferSymbolicShapes(operands, inferred);
    for (auto [result, shape] : llvm::zip(op.getResults(), inferred))
      shapes[result] = shape;
  }
  for (Value value : block.getTerminator()->getOperands())
    results.push_back(shapes.lookup(value));
}

/// Whether `op` is a head map that its only readers, anchors, compute where
/// they read it.
static bool isComputedByReaders(Operation &op) {
  return isa<HeadMapOpInterface>(op) && !op.use_empty() &&
         llvm::all_of(op.getUses(), [](OpOperand &use) {
           auto reader = dyn_cast<KernelOpInterface>(use.getOwner());
           return reader && reader.acceptsHeadMap(use.getOperandNumber());
         });
}

/// What holds for the body of fused regions and kernels: pure ops that a
/// backend can ask, at most one anchor beside the head maps that it reads.
static LogicalResult verifyKernelBody(Operation *op, Block &body,
                                      TypeRange expectedResults) {
  Operation *anchor = nullptr;
  for (Operation &inner : body.without_terminator()) {
    if (isComputedByReaders(inner))
      continue;
    if (isa<KernelOpInterface>(inner)) {
      if (anchor) {
        auto diagnostic = op->emitOpError()
                          << "expected one anchor, got '" << anchor->getName()
                          << "' and '" << inner.getName() << "'";
        return diagnostic;
      }
      anchor = &inner;
    } else if (!isa<ElementwiseOpInterface, IndexedOpInterface>(inner)) {
      return op->emitOpError() << "expected anchors, elementwise and indexed "
                                  "ops, got '"
                               << inner.getName() << "'";
    }
  }
  auto yield = dyn_cast<YieldOp>(body.getTerminator());
  if (!yield || yield.getValues().getTypes() != expectedResults)
    return op->emitOpError() << "expected the region to yield the result types";
  return success();
}

//===----------------------------------------------------------------------===//
// FusedOp
//===----------------------------------------------------------------------===//

void FusedOp::print(OpAsmPrinter &printer) {
  printer << '(';
  llvm::interleaveComma(llvm::zip(getBody().getArguments(), getInputs()),
                        printer, [&](auto pair) {
                          auto [argument, input] = pair;
                          printer << argument << " = " << input;
                        });
  printer << ')';
  printer.printOptionalAttrDict((*this)->getAttrs());
  printer << " : ";
  printer.printFunctionalType(*this);
  printer << ' ';
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false,
                      /*printBlockTerminators=*/true);
}

ParseResult FusedOp::parse(OpAsmParser &parser, OperationState &result) {
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<OpAsmParser::UnresolvedOperand> inputs;
  FunctionType type;
  auto parsePair = [&]() -> ParseResult {
    return failure(parser.parseArgument(arguments.emplace_back()) ||
                   parser.parseEqual() ||
                   parser.parseOperand(inputs.emplace_back()));
  };
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseCommaSeparatedList(OpAsmParser::Delimiter::Paren,
                                     parsePair) ||
      parser.parseOptionalAttrDict(result.attributes) ||
      parser.parseColonType(type) ||
      parser.resolveOperands(inputs, type.getInputs(), loc, result.operands))
    return failure();
  result.addTypes(type.getResults());
  for (auto [argument, inputType] : llvm::zip(arguments, type.getInputs()))
    argument.type = inputType;
  Region *body = result.addRegion();
  if (parser.parseRegion(*body, arguments))
    return failure();
  FusedOp::ensureTerminator(*body, parser.getBuilder(), result.location);
  return success();
}

LogicalResult FusedOp::verify() {
  if (getBody().getArgumentTypes() != getInputs().getTypes())
    return emitOpError("expected one block argument of its type an input");
  return verifyKernelBody(*this, getBody().front(), getResultTypes());
}

void FusedOp::inferSymbolicShapes(ArrayRef<SymbolicShape> operands,
                                  SmallVectorImpl<SymbolicShape> &results) {
  inferBlockShapes(getBody().front(), operands, results);
}

//===----------------------------------------------------------------------===//
// KernelOp
//===----------------------------------------------------------------------===//

ParseResult KernelOp::parse(OpAsmParser &parser, OperationState &result) {
  auto buildType =
      [](Builder &builder, ArrayRef<Type> arguments, ArrayRef<Type> results,
         function_interface_impl::VariadicFlag, std::string &) -> Type {
    return builder.getFunctionType(arguments, results);
  };
  return function_interface_impl::parseFunctionOp(
      parser, result, /*allowVariadic=*/false,
      getFunctionTypeAttrName(result.name), buildType,
      getArgAttrsAttrName(result.name), getResAttrsAttrName(result.name));
}

void KernelOp::print(OpAsmPrinter &printer) {
  function_interface_impl::printFunctionOp(
      printer, *this, /*isVariadic=*/false, getFunctionTypeAttrName(),
      getArgAttrsAttrName(), getResAttrsAttrName());
}

LogicalResult KernelOp::verify() {
  return verifyKernelBody(*this, getBody().front(),
                          getFunctionType().getResults());
}

LogicalResult ObjectOp::verify() {
  if (getFormat() != "bitcode")
    return emitOpError() << "expected the format 'bitcode', got '"
                         << getFormat() << "'";
  return success();
}

KernelOpInterface KernelOp::getAnchor() {
  // Head maps, which are anchors of their own kernels too, come before the op
  // that reads them.
  for (Operation &op : llvm::reverse(getBody().front()))
    if (auto anchor = dyn_cast<KernelOpInterface>(op))
      return anchor;
  return {};
}

StringRef KernelOp::getFamily() {
  KernelOpInterface anchor = getAnchor();
  return anchor ? anchor.getKernelFamily() : "elementwise";
}

YieldOp KernelOp::getYield() {
  return cast<YieldOp>(getBody().front().getTerminator());
}

//===----------------------------------------------------------------------===//
// LaunchOp
//===----------------------------------------------------------------------===//

/// True when the value's shape and element type are the kernel's.
static bool agrees(Type actual, Type expected, bool isPacked) {
  auto a = cast<ShapedType>(actual), e = cast<ShapedType>(expected);
  // Buffers know no signs: ui8 tensors are memrefs of i8.
  Type element = e.getElementType();
  if (isa<MemRefType>(actual) && element.isUnsignedInteger())
    element = IntegerType::get(e.getContext(), element.getIntOrFloatBitWidth());
  if (a.getElementType() != element)
    return false;
  return isPacked || succeeded(verifyCompatibleShape(a, e));
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto kernel =
      tables.lookupNearestSymbolFrom<KernelOp>(*this, getKernelAttr());
  if (!kernel)
    return emitOpError() << "expected a kernel, but " << getKernelAttr()
                         << " is none";
  FunctionType type = kernel.getFunctionType();
  bool planned = llvm::any_of(getOperandTypes(), llvm::IsaPred<MemRefType>);
  SmallVector<Type> expected(type.getInputs());
  if (planned)
    llvm::append_range(expected, type.getResults());
  if (getNumOperands() != expected.size() ||
      getNumResults() != (planned ? 0 : type.getNumResults()))
    return emitOpError() << "expected " << expected.size()
                         << " operands as the kernel has, got "
                         << getNumOperands();
  for (auto [i, actual, wanted] :
       llvm::enumerate(getOperandTypes(), expected)) {
    bool packed =
        planned && i < type.getNumInputs() && kernel.getArgAttr(i, kLayoutAttr);
    if (!agrees(actual, wanted, packed))
      return emitOpError() << "expected operand " << i << " to fit " << wanted
                           << " of " << getKernelAttr() << ", got " << actual;
  }
  return success();
}

void LaunchOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  for (OpOperand &operand : getOperation()->getOpOperands())
    if (isa<MemRefType>(operand.get().getType())) {
      effects.emplace_back(MemoryEffects::Read::get(), &operand);
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
    }
}

void LaunchOp::inferSymbolicShapes(ArrayRef<SymbolicShape> operands,
                                   SmallVectorImpl<SymbolicShape> &results) {
  auto kernel =
      SymbolTable::lookupNearestSymbolFrom<KernelOp>(*this, getKernelAttr());
  if (kernel)
    inferBlockShapes(kernel.getBody().front(), operands, results);
}
