//===- IndexMath.h - Index arithmetic and loops, in short -------*- C++ -*-===//
//
// What families that compute addresses and extents write all the time.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_BACKEND_LLVM_INDEXMATH_H
#define ATTUNE_LIB_BACKEND_LLVM_INDEXMATH_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace attune {

/// Emits ops on values of type index, which are never negative.
class IndexMath {
public:
  IndexMath(mlir::OpBuilder &builder, mlir::Location loc)
      : builder(builder), loc(loc) {}

  mlir::Value constant(int64_t value) const;
  mlir::Value add(mlir::Value a, mlir::Value b) const;
  mlir::Value add(mlir::Value a, int64_t b) const;
  mlir::Value sub(mlir::Value a, mlir::Value b) const;
  mlir::Value mul(mlir::Value a, mlir::Value b) const;
  mlir::Value mul(mlir::Value a, int64_t b) const;
  mlir::Value div(mlir::Value a, mlir::Value b) const;
  mlir::Value rem(mlir::Value a, mlir::Value b) const;
  mlir::Value ceilDiv(mlir::Value a, mlir::Value b) const;
  mlir::Value min(mlir::Value a, mlir::Value b) const;
  mlir::Value max(mlir::Value a, mlir::Value b) const;
  mlir::Value select(mlir::Value condition, mlir::Value a, mlir::Value b) const;
  mlir::Value less(mlir::Value a, mlir::Value b) const;
  mlir::Value atLeast(mlir::Value a, mlir::Value b) const;
  /// The extent of a memref's dimension.
  mlir::Value dim(mlir::Value memref, int64_t dimension) const;
  /// The product of all extents from `first` up to but not with `last`.
  mlir::Value extents(mlir::Value memref, int64_t first, int64_t last) const;

private:
  mlir::OpBuilder &builder;
  mlir::Location loc;
};

/// The body of a loop: is given the index and the carried values and returns
/// their new values.
using LoopBody = llvm::function_ref<llvm::SmallVector<mlir::Value>(
    mlir::OpBuilder &, mlir::Location, mlir::Value index,
    mlir::ValueRange carried)>;

/// Emits a loop over [begin, end) in steps of `step`.
llvm::SmallVector<mlir::Value> emitLoop(mlir::OpBuilder &builder,
                                        mlir::Location loc, mlir::Value begin,
                                        mlir::Value end, mlir::Value step,
                                        mlir::ValueRange init, LoopBody body);

/// Emits a loop over [0, end) in steps of one, `unroll` copies of the body an
/// iteration, and, unless `end` is a constant multiple of `unroll`, a second
/// loop for the rest.
llvm::SmallVector<mlir::Value>
emitUnrolledLoop(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value end,
                 int64_t unroll, mlir::ValueRange init, LoopBody body);

/// A loop without carried values.
void emitPlainLoop(mlir::OpBuilder &builder, mlir::Location loc,
                   mlir::Value begin, mlir::Value end, mlir::Value step,
                   llvm::function_ref<void(mlir::OpBuilder &, mlir::Location,
                                           mlir::Value index)>
                       body);

/// Transposes a square of values in registers: `rows` holds N vectors of N
/// elements, N a power of two.
void emitTranspose(mlir::OpBuilder &builder, mlir::Location loc,
                   llvm::MutableArrayRef<mlir::Value> rows);

/// Views of parts of a task's scratch memory, handed out one after the other,
/// each aligned to 64 bytes.
class ScratchAllocator {
public:
  explicit ScratchAllocator(mlir::Value scratch) : scratch(scratch) {}
  /// A memref of static shape.
  mlir::Value allocate(mlir::OpBuilder &builder, mlir::Location loc,
                       llvm::ArrayRef<int64_t> shape, mlir::Type element);
  int64_t getBytes() const { return bytes; }

private:
  mlir::Value scratch;
  int64_t bytes = 0;
};

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_LLVM_INDEXMATH_H
