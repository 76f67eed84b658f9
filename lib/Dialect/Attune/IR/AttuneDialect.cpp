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
