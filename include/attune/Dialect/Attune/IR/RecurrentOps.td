//===- RecurrentOps.td - State carried along a sequence -------------------===//
#ifndef ATTUNE_DIALECT_ATTUNE_IR_RECURRENTOPS_TD
#define ATTUNE_DIALECT_ATTUNE_IR_RECURRENTOPS_TD

include "attune/Dialect/Attune/IR/AttuneBase.td"

#endif // ATTUNE_DIALECT_ATTUNE_IR_RECURRENTOPS_TD
