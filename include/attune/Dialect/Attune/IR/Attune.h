//===- Attune.h - The attune dialect ----------------------------*- C++ -*-===//
//
// Ops, attributes and interfaces of the dialect; what each means is written
// beside its definition in the .td files of this folder.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_DIALECT_ATTUNE_IR_ATTUNE_H
#define ATTUNE_DIALECT_ATTUNE_IR_ATTUNE_H

#include "attune/Support/DimExpr.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "attune/Dialect/Attune/IR/AttuneInterfaces.h.inc"

namespace attune {
class YieldOp;

/// The shape of a binary elementwise result under NumPy broadcasting.
SymbolicShape broadcastShapes(const SymbolicShape &lhs,
                              const SymbolicShape &rhs);

/// Verifies that `lhs` and `rhs` broadcast to `result`; dynamic extents are
/// assumed to fit.
llvm::LogicalResult verifyBroadcast(mlir::Operation *op, mlir::Type lhs,
                                    mlir::Type rhs, mlir::Type result);

/// Names of attributes on arguments and results of entry functions.
inline constexpr llvm::StringLiteral kNameAttr = "attune.name";
/// Dynamic extents: ["batch", "past + length"]; static extents: "". Symbols
/// take their values from the inputs that have them as an extent; an input
/// whose extent is a polynomial must have its value.
inline constexpr llvm::StringLiteral kDimsAttr = "attune.dims";
/// On inputs that callers may leave out: "zeros" or "ones".
inline constexpr llvm::StringLiteral kWhenAbsentAttr = "attune.when_absent";
/// On integer inputs: the exclusive upper bound of their values.
inline constexpr llvm::StringLiteral kLimitAttr = "attune.limit";
/// On kernel arguments: the layout that a weight operand is stored in.
inline constexpr llvm::StringLiteral kLayoutAttr = "attune.layout";
/// On the module: {length = 512 : i64}: largest values of symbols.
inline constexpr llvm::StringLiteral kMaxDimsAttr = "attune.max_dims";
/// On the module: {past = 0 : i64}: smallest values of symbols, 0 or 1. Symbols
/// that are not listed are 1 at least.
inline constexpr llvm::StringLiteral kMinDimsAttr = "attune.min_dims";
/// On the module: what the ops count on and no op checks, a dictionary each:
/// [{left = "n", relation = "equal", right = "m", where = "node 'add'"}].
/// `relation` is "equal" or "at_most", the sides are as in `attune.dims`.
inline constexpr llvm::StringLiteral kConstraintsAttr = "attune.constraints";

/// What `attune.dims` says of dimension `i`; nullopt when it says nothing that
/// can be read.
std::optional<DimExpr> getNamedExtent(mlir::ArrayAttr dims, size_t i);
} // namespace attune

#include "attune/Dialect/Attune/IR/AttuneDialect.h.inc"
#include "attune/Dialect/Attune/IR/AttuneEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "attune/Dialect/Attune/IR/AttuneAttributes.h.inc"
#define GET_OP_CLASSES
#include "attune/Dialect/Attune/IR/AttuneOps.h.inc"

#endif // ATTUNE_DIALECT_ATTUNE_IR_ATTUNE_H
