//===- MemoryReport.h - Who holds the activations' memory -------*- C++ -*-===//
#ifndef ATTUNE_COMPILER_MEMORYREPORT_H
#define ATTUNE_COMPILER_MEMORYREPORT_H

#include "attune/Compiler/Compilation.h"
#include "llvm/Support/raw_ostream.h"

namespace attune {

/// A slot of the arena, as the plan has it.
struct SlotReport {
  std::string formula; ///< bytes in the model's symbols
  DimExpr bytes;
  std::vector<std::string> holds;
};

/// The slots of a compilation that has reached the phase `plan`.
llvm::Expected<std::vector<SlotReport>> getSlots(Compilation &compilation);

/// Prints the arena: its size as a formula, at batch 1 and 8 and several
/// lengths, and the slots with the places whose results they hold.
llvm::Error printMemoryReport(Compilation &compilation, llvm::raw_ostream &os);

} // namespace attune

#endif // ATTUNE_COMPILER_MEMORYREPORT_H
