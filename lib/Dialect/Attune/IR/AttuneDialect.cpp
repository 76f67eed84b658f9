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
