//===- AttuneDialect.cpp - The attune dialect -----------------------------===//
#include "attune/Dialect/Attune/IR/Attune.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace attune;

#include "attune/Dialect/Attune/IR/AttuneDialect.cpp.inc"
#include "attune/Dialect/Attune/IR/AttuneEnums.cpp.inc"
#include "attune/Dialect/Attune/IR/AttuneInterfaces.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "attune/Dialect/Attune/IR/AttuneAttributes.cpp.inc"
#define GET_OP_CLASSES
#include "attune/Dialect/Attune/IR/AttuneOps.cpp.inc"

Operation *AttuneDialect::materializeConstant(OpBuilder &builder,
                                              Attribute value, Type type,
                                              Location loc) {
  auto elements = dyn_cast<ElementsAttr>(value);
  if (!elements || elements.getType() != type)
    return nullptr;
  return ConstantOp::create(builder, loc, type, elements);
}

std::optional<DimExpr> attune::getNamedExtent(ArrayAttr dims, size_t i) {
  auto text =
      dims && i < dims.size() ? dyn_cast<StringAttr>(dims[i]) : StringAttr();
  if (!text || text.empty())
    return std::nullopt;
  return DimExpr::parse(text);
}

/// One entry of attune.constraints.
static LogicalResult verifyConstraint(Operation *op, Attribute entry) {
  auto dictionary = dyn_cast<DictionaryAttr>(entry);
  if (!dictionary)
    return op->emitError() << "expected a dictionary as an entry of '"
                           << kConstraintsAttr << "', got " << entry;
  for (StringRef side : {"left", "right"}) {
    auto text = dictionary.getAs<StringAttr>(side);
    if (!text || !DimExpr::parse(text))
      return op->emitError()
             << "expected a polynomial of symbols as '" << side
             << "' of an entry of '" << kConstraintsAttr << "', got " << entry;
  }
  auto relation = dictionary.getAs<StringAttr>("relation");
  if (!relation || (relation != "equal" && relation != "at_most"))
    return op->emitError() << "expected \"equal\" or \"at_most\" as 'relation' "
                              "of an entry of '"
                           << kConstraintsAttr << "', got " << entry;
  if (!dictionary.getAs<StringAttr>("where"))
    return op->emitError() << "expected a text as 'where' of an entry of '"
                           << kConstraintsAttr << "', got " << entry;
  return success();
}

LogicalResult AttuneDialect::verifyOperationAttribute(Operation *op,
                                                      NamedAttribute named) {
  if (named.getName() == kMinDimsAttr) {
    auto limits = dyn_cast<DictionaryAttr>(named.getValue());
    for (NamedAttribute limit :
         limits ? limits.getValue() : ArrayRef<NamedAttribute>()) {
      auto value = dyn_cast<IntegerAttr>(limit.getValue());
      if (!value || !value.getType().isSignlessInteger(64) ||
          value.getInt() < 0 || value.getInt() > 1)
        limits = {};
    }
    if (!limits)
      return op->emitError()
             << "expected '" << kMinDimsAttr
             << "' to give symbols 0 or 1 of i64, got " << named.getValue();
  }
  if (named.getName() != kConstraintsAttr)
    return success();
  auto entries = dyn_cast<ArrayAttr>(named.getValue());
  if (!entries || !isa<ModuleOp>(op))
    return op->emitError() << "expected '" << kConstraintsAttr
                           << "' to be a list on a module, got "
                           << named.getValue();
  for (Attribute entry : entries)
    if (failed(verifyConstraint(op, entry)))
      return failure();
  return success();
}

void AttuneDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "attune/Dialect/Attune/IR/AttuneAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "attune/Dialect/Attune/IR/AttuneOps.cpp.inc"
      >();
}
