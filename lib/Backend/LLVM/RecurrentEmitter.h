//===- RecurrentEmitter.h - Steps of recurrent networks ---------*- C++ -*-===//
#ifndef ATTUNE_LIB_BACKEND_LLVM_RECURRENTEMITTER_H
#define ATTUNE_LIB_BACKEND_LLVM_RECURRENTEMITTER_H

#include "NumberMath.h"
#include "PlainLoops.h"

namespace attune {

/// What gru, lstm and rnn share. A task takes one sequence of the batch through
/// all of its steps: the state and what the gates add up to are rows of scratch
/// memory. Products with the recurrent weight are sums over its rows, several
/// at once; gates are vectors of units.
class RecurrentEmitter {
public:
  RecurrentEmitter(KernelEmission &emission, mlir::OpBuilder &builder,
                   int64_t gates);
  virtual ~RecurrentEmitter() = default;

  /// Fills both functions of the kernel.
  void emit();

protected:
  /// Rows of scratch memory beside those below, and what they hold at first.
  virtual void prepareSequence() {}
  /// Emits one step: reads `state`, hands the new one to `setState`.
  virtual void emitStep() = 0;
  /// Stores what the op yields beside the hidden states.
  virtual void finishSequence() {}

  /// `sums[r] = bias[r] + recurrent[r, :] . vector` for rows [first, end), and
  /// the input's element on top with `addInput`.
  void emitProducts(mlir::Value vector, int64_t first, int64_t end,
                    bool addInput);
  /// Calls `body` for vectors of units (see emitColumns).
  void forEachUnit(ColumnBody body);
  /// Gate number `gate` of units: an element of `sums` or of the input.
  mlir::Value loadSum(const NumberMath &number, int64_t gate, mlir::Value unit,
                      mlir::Value mask);
  void storeSum(const NumberMath &number, mlir::Value value, int64_t gate,
                mlir::Value unit, mlir::Value mask);
  mlir::Value loadInput(const NumberMath &number, int64_t gate,
                        mlir::Value unit, mlir::Value mask);
  /// The new state of units, also the step's result.
  void setState(const NumberMath &number, mlir::Value value, mlir::Value unit,
                mlir::Value mask);
  /// Activation `index` of the op.
  mlir::Value activate(const NumberMath &number, unsigned index, mlir::Value x,
                       bool clipped = true);

  mlir::Value allocateRow(int64_t columns);
  /// Copies row [batch, :] of an operand, or zeros where it is null, and back.
  void loadRow(mlir::Value row, mlir::Value operand);
  void storeRow(mlir::Value row, mlir::Value output);
  /// The buffer of an operand of the op; null for a null operand.
  mlir::Value getBuffer(mlir::Value operand);

  KernelEmission &emission;
  mlir::OpBuilder &builder;
  mlir::Operation *op;
  mlir::Location loc;
  IndexMath math;
  NumberMath scalar;
  int64_t lanes, gates, hidden; ///< `hidden`: units
  mlir::Value batch, step;      ///< index
  mlir::Value state, sums;      ///< rows of scratch memory

private:
  struct Activation {
    GateActivation kind;
    double alpha, beta;
  };
  mlir::Value input, recurrent, bias, lengths, initial;
  mlir::Value inputBuffer, recurrentBuffer, biasBuffer, output;
  llvm::SmallVector<Activation> activations;
  std::optional<double> clip;
  bool reverse;
  ScratchAllocator scratch;
};

/// What the families of these ops answer alike.
class RecurrentFamily : public KernelFamily {
public:
  llvm::LogicalResult supports(KernelOp kernel,
                               std::string &reason) const override {
    return supportsAnchorAlone(kernel, reason);
  }
};

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_LLVM_RECURRENTEMITTER_H
