//===- AttuneOps.td - All ops of the dialect ------------------------------===//
#ifndef ATTUNE_DIALECT_ATTUNE_IR_ATTUNEOPS_TD
#define ATTUNE_DIALECT_ATTUNE_IR_ATTUNEOPS_TD

include "attune/Dialect/Attune/IR/AttentionOps.td"
include "attune/Dialect/Attune/IR/AttuneBase.td"
include "attune/Dialect/Attune/IR/ConvOps.td"
include "attune/Dialect/Attune/IR/ElementwiseOps.td"
include "attune/Dialect/Attune/IR/IndexOps.td"
include "attune/Dialect/Attune/IR/KernelOps.td"
include "attune/Dialect/Attune/IR/LinearAttentionOps.td"
include "attune/Dialect/Attune/IR/LinearOps.td"
include "attune/Dialect/Attune/IR/NormOps.td"
include "attune/Dialect/Attune/IR/PositionOps.td"
include "attune/Dialect/Attune/IR/RecurrentOps.td"
include "attune/Dialect/Attune/IR/ReduceOps.td"
include "attune/Dialect/Attune/IR/ShapeOps.td"
include "attune/Dialect/Attune/IR/WeightOps.td"

#endif // ATTUNE_DIALECT_ATTUNE_IR_ATTUNEOPS_TD
