//===- ElementRegion.cpp - A kernel's region element by element -----------===//
#include "ElementRegion.h"
#include "IndexMath.h"
#include "Pointers.h"
#include "attune/Dialect/Attune/IR/Attune.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace attune;

/// Elements that one element of a result may be computed from; more come from
/// regions that read what others compute again and again.
static constexpr int64_t kMaxReads = 4096;

static RankedTensorType rankedType(Value value) {
  return cast<RankedTensorType>(value.getType());
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

/// The address of a byte of a buffer of bools.
static Value getByte(OpBuilder &builder, Location loc, Value buffer,
                     ArrayRef<Value> indices) {
  IndexMath math(builder, loc);
  Value offset = math.constant(0);
  for (auto [d, index] : llvm::enumerate(indices))
    offset =
        math.add(offset, math.mul(index, getStride(builder, loc, buffer, d)));
  Value base = getPointer(builder, loc, buffer);
  return LLVM::GEPOp::create(
      builder, loc, base.getType(), builder.getI8Type(), base,
      ArrayRef<LLVM::GEPArg>{toI64(builder, loc, offset)});
}

Value attune::loadElement(OpBuilder &builder, Location loc, Value buffer,
                          ArrayRef<Value> indices) {
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  if (element.isInteger(1)) {
    Value byte = LLVM::LoadOp::create(builder, loc, builder.getI8Type(),
                                      getByte(builder, loc, buffer, indices));
    Value none =
        arith::ConstantOp::create(builder, loc, builder.getI8IntegerAttr(0));
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, byte,
                                 none);
  }
  Value value = memref::LoadOp::create(builder, loc, buffer, indices);
  Type scalar = getScalarType(element);
  return scalar == element
             ? value
             : arith::BitcastOp::create(builder, loc, scalar, value)
                   .getResult();
}

void attune::storeElement(OpBuilder &builder, Location loc, Value element,
                          Value buffer, ArrayRef<Value> indices) {
  Type type = cast<MemRefType>(buffer.getType()).getElementType();
  if (type.isInteger(1)) {
    Value byte =
        arith::ExtUIOp::create(builder, loc, builder.getI8Type(), element);
    LLVM::StoreOp::create(builder, loc, byte,
                          getByte(builder, loc, buffer, indices));
    return;
  }
  if (type != element.getType())
    element = arith::BitcastOp::create(builder, loc, type, element);
  memref::StoreOp::create(builder, loc, element, buffer, indices);
}

void attune::markForVectors(Operation *loop) {
  MLIRContext *context = loop->getContext();
  auto vectorize = LLVM::LoopVectorizeAttr::get(
      context, /*disable=*/BoolAttr::get(context, false), {}, {}, {}, {}, {},
      {});
  auto annotation =
      LLVM::LoopAnnotationAttr::get(context, {}, vectorize, {}, {}, {}, {}, {},
                                    {}, {}, {}, {}, {}, {}, {}, {});
  loop->setAttr("llvm.loop_annotation", annotation);
}

//===----------------------------------------------------------------------===//
// Extents
//===----------------------------------------------------------------------===//

/// A symbol for a dynamic extent of an argument of a kernel. The model's own
/// symbols have other names.
static DimExpr getArgumentSymbol(unsigned argument, int64_t dim) {
  return DimExpr::symbol(
      ("%" + llvm::Twine(argument) + "." + llvm::Twine(dim)).str());
}

/// The shapes of all values of a kernel, by its arguments' extents.
static DenseMap<Value, SymbolicShape> inferShapes(KernelOp kernel) {
  DenseMap<Value, SymbolicShape> shapes;
  Block &body = kernel.getBody().front();
  for (BlockArgument argument : body.getArguments()) {
    SymbolicShape shape;
    for (auto [d, extent] : llvm::enumerate(rankedType(argument).getShape()))
      shape.push_back(ShapedType::isDynamic(extent)
                          ? getArgumentSymbol(argument.getArgNumber(), d)
                          : DimExpr(extent));
    shapes[argument] = shape;
  }
  for (Operation &op : body.without_terminator()) {
    SmallVector<SymbolicShape> operands, results;
    for (Value operand : op.getOperands())
      operands.push_back(shapes[operand]);
    cast<SymbolicShapeOpInterface>(op).inferSymbolicShapes(operands, results);
    for (auto [result, shape] : llvm::zip(op.getResults(), results))
      shapes[result] = shape;
  }
  return shapes;
}

/// The argument and dimension that a symbol stands for.
static std::optional<std::pair<unsigned, unsigned>>
parseArgumentSymbol(StringRef symbol) {
  unsigned argument, dim;
  auto [first, second] = symbol.split('.');
  if (!first.consume_front("%") || first.getAsInteger(10, argument) ||
      second.getAsInteger(10, dim))
    return std::nullopt;
  return std::pair(argument, dim);
}

/// Whether an extent follows from those of arguments.
static bool isKnown(const DimExpr &extent) {
  for (const auto &[monomial, coefficient] : extent.getTerms())
    for (const std::string &symbol : monomial)
      if (!parseArgumentSymbol(symbol))
        return false;
  return true;
}

Value ElementRegion::findExtent(OpBuilder &builder, Location loc, Value value,
                                int64_t dim) const {
  IndexMath math(builder, loc);
  int64_t extent = rankedType(value).getDimSize(dim);
  if (!ShapedType::isDynamic(extent))
    return math.constant(extent);
  KernelOp kernel = emission.kernel;
  for (auto [i, yielded] : llvm::enumerate(kernel.getYield().getValues()))
    if (yielded == value)
      return math.dim(emission.getOutput(function, i), dim);
  const DimExpr &expr = shapes.find(value)->second[dim];
  if (!isKnown(expr))
    return {};
  Value sum = zero;
  for (const auto &[monomial, coefficient] : expr.getTerms()) {
    Value product = math.constant(coefficient);
    for (const std::string &symbol : monomial) {
      auto [argument, place] = *parseArgumentSymbol(symbol);
      product = math.mul(
          product, math.dim(emission.getInput(function, argument), place));
    }
    sum = math.add(sum, product);
  }
  return sum;
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

class ElementRegion::Reader : public ElementReader {
public:
  Reader(ElementRegion &region, OpBuilder &builder, Location loc,
         Operation *operation)
      : ElementReader(builder, loc), region(region) {
    op = operation;
  }

  Value read(unsigned operand, ArrayRef<Value> indices) override {
    return region.emit(builder, loc, op->getOperand(operand), indices);
  }
  Value findExtent(unsigned operand, int64_t dim) override {
    return region.findExtent(builder, loc, op->getOperand(operand), dim);
  }
  Value getExtent(unsigned operand, int64_t dim) override {
    Value extent = findExtent(operand, dim);
    return extent ? extent : region.zero; // ElementRegion::supports has asked
  }
  Value getZero() override { return region.zero; }

  Value branch(Value condition, Type type, llvm::function_ref<Value()> onTrue,
               llvm::function_ref<Value()> onFalse) override {
    // What one side computes is not there on the other or behind.
    size_t numKnown = region.known.size();
    auto emitSide = [&](llvm::function_ref<Value()> side) {
      return [this, side, numKnown](OpBuilder &, Location) {
        scf::YieldOp::create(builder, loc, side());
        region.known.truncate(numKnown);
      };
    };
    OpBuilder::InsertionGuard guard(builder);
    auto branch = scf::IfOp::create(builder, loc, type, condition,
                                    /*withElseRegion=*/true);
    builder.setInsertionPointToStart(branch.thenBlock());
    emitSide(onTrue)(builder, loc);
    builder.setInsertionPointToStart(branch.elseBlock());
    emitSide(onFalse)(builder, loc);
    return branch.getResult(0);
  }

private:
  ElementRegion &region;
};

ElementRegion::ElementRegion(const KernelEmission &emission,
                             func::FuncOp function, OpBuilder &builder)
    : emission(emission), function(function) {
  KernelOp kernel = emission.kernel;
  Location loc = kernel.getLoc();
  IndexMath math(builder, loc);
  zero = math.constant(0);
  shapes = inferShapes(kernel);
  Value output = emission.getOutput(function, 0);
  auto type = rankedType(kernel.getYield().getValues()[0]);
  rows = math.constant(1);
  for (int64_t d = 0; d < type.getRank(); ++d)
    extents.push_back(math.dim(output, d));
  for (Value extent : ArrayRef(extents).drop_back(extents.empty() ? 0 : 1))
    rows = math.mul(rows, extent);
  columns = extents.empty() ? math.constant(1) : extents.back();
}

SmallVector<Value> ElementRegion::emitRowIndices(OpBuilder &builder,
                                                 Value row) const {
  IndexMath math(builder, row.getLoc());
  SmallVector<Value> indices(extents.empty() ? 0 : extents.size() - 1);
  for (size_t d = indices.size(); d-- > 0;) {
    indices[d] = d ? math.rem(row, extents[d]) : row;
    if (d)
      row = math.div(row, extents[d]);
  }
  return indices;
}

Value ElementRegion::emit(OpBuilder &builder, Location loc, Value value,
                          ArrayRef<Value> indices) {
  for (const Known &entry : known)
    if (entry.value == value && ArrayRef(entry.indices) == indices)
      return entry.element;
  Value element;
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    element = loadElement(builder, loc,
                          emission.getInput(function, argument.getArgNumber()),
                          indices);
  } else {
    Operation *op = value.getDefiningOp();
    Reader reader(*this, builder, loc, op);
    element = cast<ElementEmissionOpInterface>(op).emitElement(reader, indices);
  }
  known.push_back({value, SmallVector<Value>(indices), element});
  return element;
}

void ElementRegion::emitResults(OpBuilder &builder, Location loc,
                                ArrayRef<Value> indices) {
  KernelOp kernel = emission.kernel;
  known.clear();
  SmallVector<Value> elements;
  for (Value value : kernel.getYield().getValues())
    elements.push_back(emit(builder, loc, value, indices));
  for (auto [i, element] : llvm::enumerate(elements))
    storeElement(builder, loc, element, emission.getOutput(function, i),
                 indices);
  known.clear();
}

LogicalResult ElementRegion::supports(KernelOp kernel, std::string &reason) {
  Block &body = kernel.getBody().front();
  ValueRange results = kernel.getYield().getValues();
  for (Value result : results)
    if (rankedType(result).getShape() != rankedType(results[0]).getShape()) {
      reason = "results of different shapes";
      return failure();
    }
  DenseMap<Value, SymbolicShape> shapes = inferShapes(kernel);
  DenseMap<Value, int64_t> reads;
  for (Value result : results)
    reads[result] += 1;
  for (Operation &op : llvm::reverse(body.without_terminator())) {
    int64_t count = 0;
    for (Value result : op.getResults())
      count += reads.lookup(result);
    if (count == 0)
      continue;
    StringRef name = op.getName().getStringRef();
    auto emitted = dyn_cast<ElementEmissionOpInterface>(op);
    if (!emitted || op.getNumResults() != 1) {
      reason = ("no code for '" + name + "' element by element").str();
      return failure();
    }
    if (failed(emitted.supportsElement(reason)))
      return failure();
    auto indexed = dyn_cast<IndexedOpInterface>(op);
    llvm::SmallPtrSet<Value, 4> seen;
    for (OpOperand &operand : op.getOpOperands()) {
      Value value = operand.get();
      unsigned i = operand.getOperandNumber();
      // Elementwise ops read all operands at the same place.
      bool isNew = seen.insert(value).second;
      if (isNew || indexed)
        reads[value] += indexed && !indexed.readsOnce(i) ? 2 * count : count;
      if (reads[value] > kMaxReads) {
        reason = ("'" + name + "' computes its operands too often").str();
        return failure();
      }
      if (!indexed)
        continue;
      for (int64_t d = 0; d < rankedType(value).getRank(); ++d)
        if (indexed.readsExtent(i, d) &&
            ShapedType::isDynamic(rankedType(value).getDimSize(d)) &&
            !isKnown(shapes[value][d])) {
          reason = ("the extent of an operand of '" + name +
                    "' is not known in the kernel")
                       .str();
          return failure();
        }
    }
  }
  return success();
}
