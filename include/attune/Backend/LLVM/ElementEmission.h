//===- ElementEmission.h - Elements of ops as scalar code -------*- C++ -*-===//
//
// Ops on any element type, and ops that choose elements by position, are
// emitted element by element: a kernel is a loop nest over its result, and each
// op computes its element from those of its operands. LLVM makes vectors of
// the innermost loop where it can.
//
// Scalars are of the buffers' element types, but f16 and bf16 are i16: their
// bits. Only casts look into those.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_BACKEND_LLVM_ELEMENTEMISSION_H
#define ATTUNE_BACKEND_LLVM_ELEMENTEMISSION_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpDefinition.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace attune {

/// What an op is given to read its operands with.
class ElementReader {
public:
  ElementReader(mlir::OpBuilder &builder, mlir::Location loc)
      : builder(builder), loc(loc) {}
  virtual ~ElementReader() = default;

  /// The element of operand `operand` at `indices`, one a dimension and within
  /// its extents.
  virtual mlir::Value read(unsigned operand,
                           llvm::ArrayRef<mlir::Value> indices) = 0;
  /// The extent of a dimension of an operand (index).
  virtual mlir::Value getExtent(unsigned operand, int64_t dim) = 0;
  /// The same, or null when it is not known in the kernel. Dimensions that
  /// IndexedOpInterface::readsExtent names are.
  virtual mlir::Value findExtent(unsigned operand, int64_t dim) = 0;
  /// One of two values of type `type`, of which only the chosen one is
  /// computed.
  virtual mlir::Value branch(mlir::Value condition, mlir::Type type,
                             llvm::function_ref<mlir::Value()> onTrue,
                             llvm::function_ref<mlir::Value()> onFalse) = 0;
  /// Zero (index); always the same value.
  virtual mlir::Value getZero() = 0;

  /// The element of an operand that NumPy's broadcasting puts at `indices` of
  /// the result: aligned at the last dimension, static extents of one repeat.
  mlir::Value readBroadcast(unsigned operand,
                            llvm::ArrayRef<mlir::Value> indices);

  mlir::OpBuilder &builder;
  mlir::Location loc;
  /// The op that is emitted.
  mlir::Operation *op = nullptr;
};

/// The type of scalars for an element type of tensors.
mlir::Type getScalarType(mlir::Type element);

/// Attaches ElementEmissionOpInterface to the elementwise and indexed ops.
void registerElementEmissionModels(mlir::DialectRegistry &registry);

} // namespace attune

#include "attune/Backend/LLVM/ElementEmission.h.inc"

#endif // ATTUNE_BACKEND_LLVM_ELEMENTEMISSION_H
