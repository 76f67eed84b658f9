//===- RuntimeSymbols.cpp - The runtime, for code linked in memory --------===//
#include "attune/Backend/LLVM/RuntimeSymbols.h"
#include "attune/Runtime/ABI.h"
#include "attune/Runtime/HalideHooks.h"

using namespace attune;

llvm::ArrayRef<JitSymbol> attune::getRuntimeSymbols() {
#define ATTUNE_SYMBOL(NAME)                                                    \
  {                                                                            \
    #NAME, reinterpret_cast<void *>(&NAME)                                     \
  }
  static const JitSymbol symbols[] = {
      ATTUNE_SYMBOL(attune_fail),
      ATTUNE_SYMBOL(attune_parallel_for),
      ATTUNE_SYMBOL(attune_halide_do_par_for),
      ATTUNE_SYMBOL(attune_halide_error),
      ATTUNE_SYMBOL(attune_halide_free),
      ATTUNE_SYMBOL(attune_halide_malloc),
  };
#undef ATTUNE_SYMBOL
  return symbols;
}
