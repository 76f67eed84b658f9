//===- RowFamily.h - Families whose kernels work row by row -----*- C++ -*-===//
//
// Norms, softmax and their like: what happens to one row depends on that row
// alone, rows are independent, and elementwise ops before and after the anchor
// run in the same pass over the row.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_BACKEND_LLVM_ROWFAMILY_H
#define ATTUNE_LIB_BACKEND_LLVM_ROWFAMILY_H

#include "attune/Backend/LLVM/RegionEmitter.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace attune {

/// Emits the code for one row. A pass is a loop over the row's vectors.
class RowEmitter {
public:
  using Values = llvm::SmallVector<mlir::Value>;

  RowEmitter(KernelEmission &emission, const RegionEmitter &region,
             mlir::OpBuilder &builder, mlir::Location loc, mlir::Value row,
             mlir::Value buffer)
      : emission(emission), region(region), builder(builder), loc(loc),
        row(row), buffer(buffer) {}

  template <typename Op> Op getAnchor() const {
    KernelOp kernel = emission.kernel;
    return mlir::cast<Op>(kernel.getAnchor().getOperation());
  }
  mlir::OpBuilder &getBuilder() const { return builder; }
  mlir::Location getLoc() const { return loc; }
  mlir::Value getRow() const { return row; }
  /// Rows of one index of the first dimension.
  mlir::Value getRowsOfBatch() const;
  /// The memory of an operand of the anchor that is an operand of the kernel.
  mlir::Value getBuffer(mlir::Value operand) const;

  /// A value of the region on the row's columns from `column`.
  mlir::Value load(mlir::Value value, mlir::Value column,
                   mlir::Value mask) const;
  /// The task's own row of f32 (RowFamily::getBufferColumns).
  mlir::Value loadBuffer(mlir::Value column) const;
  void storeBuffer(mlir::Value vector, mlir::Value column) const;
  /// `vector`, with `otherwise` in the lanes that do not exist.
  mlir::Value fill(mlir::Value vector, mlir::Value mask, float otherwise) const;
  /// Hands the anchor's result to the epilogue and stores what the kernel
  /// yields.
  void finish(mlir::Value result, mlir::Value column, mlir::Value mask) const;

  /// A pass that stores.
  void forEach(llvm::function_ref<void(mlir::Value column, mlir::Value mask)>
                   body) const;
  /// A pass that combines `count` vectors of every step into as many scalars,
  /// from `init`. Several partial results hide the latency of the operation.
  Values reduce(unsigned count, float init, mlir::vector::CombiningKind kind,
                llvm::function_ref<Values(mlir::Value column, mlir::Value mask)>
                    body) const;

  /// Arithmetic on vectors and on scalars.
  mlir::Value splat(mlir::Value scalar) const;
  mlir::Value splat(float value) const;
  mlir::Value constant(float value) const;
  mlir::Value add(mlir::Value a, mlir::Value b) const;
  mlir::Value sub(mlir::Value a, mlir::Value b) const;
  mlir::Value mul(mlir::Value a, mlir::Value b) const;
  mlir::Value div(mlir::Value a, mlir::Value b) const;
  mlir::Value fma(mlir::Value a, mlir::Value b, mlir::Value c) const;
  /// The larger one; b where a is a NaN.
  mlir::Value max(mlir::Value a, mlir::Value b) const;

private:
  mlir::Value combine(mlir::vector::CombiningKind kind, mlir::Value a,
                      mlir::Value b) const;
  int64_t getLanes() const { return emission.target.getLanes(); }
  mlir::VectorType getVectorType() const {
    return mlir::VectorType::get({getLanes()}, builder.getF32Type());
  }

  KernelEmission &emission;
  const RegionEmitter &region;
  mlir::OpBuilder &builder;
  mlir::Location loc;
  mlir::Value row, buffer;
};

/// Knob `elements`: about how many elements a task computes, in whole rows.
class RowFamily : public KernelFamily {
public:
  llvm::LogicalResult supports(KernelOp kernel,
                               std::string &reason) const override;
  llvm::SmallVector<Knob> getKnobs(KernelOp kernel,
                                   const TargetDesc &target) const override;
  Schedule getDefaultSchedule(KernelOp kernel,
                              const TargetDesc &target) const override;
  llvm::LogicalResult verifySchedule(KernelOp kernel, const Schedule &schedule,
                                     const TargetDesc &target,
                                     std::string &reason) const override;
  llvm::LogicalResult emit(KernelEmission &emission,
                           mlir::OpBuilder &builder) const override;

protected:
  /// Whether the anchor reads operand `index` through the region, so that
  /// elementwise ops may compute it. Others must be operands of the kernel.
  virtual bool readsThroughRegion(unsigned index) const { return true; }
  /// Columns of the row buffer that a task needs; zero: none.
  virtual int64_t getBufferColumns(KernelOp kernel) const { return 0; }
  virtual void emitRow(const RowEmitter &row) const = 0;
};

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_LLVM_ROWFAMILY_H
