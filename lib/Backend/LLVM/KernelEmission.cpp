//===- KernelEmission.cpp - The functions of a kernel ---------------------===//
#include "attune/Backend/LLVM/KernelFamily.h"

using namespace mlir;
using namespace attune;

Value KernelEmission::getInput(func::FuncOp function, unsigned index) const {
  return function.getArgument(index);
}

Value KernelEmission::getOutput(func::FuncOp function, unsigned index) const {
  KernelOp spec = kernel;
  return function.getArgument(spec.getArgumentTypes().size() + index);
}

Value KernelEmission::getScratch() const {
  func::FuncOp function = task;
  return function.getArgument(function.getNumArguments() - 2);
}

Value KernelEmission::getTaskIndex() const {
  func::FuncOp function = task;
  return function.getArgument(function.getNumArguments() - 1);
}

void KernelEmission::setScratchBytes(int64_t bytes) const {
  func::FuncOp function = task;
  function->setAttr(kScratchAttr,
                    Builder(function.getContext()).getI64IntegerAttr(bytes));
}
