//===- Families.h - The kernel families of the backend ----------*- C++ -*-===//
#ifndef ATTUNE_LIB_BACKEND_LLVM_FAMILIES_H
#define ATTUNE_LIB_BACKEND_LLVM_FAMILIES_H

#include "attune/Backend/LLVM/KernelFamily.h"
#include <memory>

namespace attune {

#define ATTUNE_FAMILY(NAME)                                                    \
  std::unique_ptr<KernelFamily> create##NAME##Family();
#include "Families.def"
#undef ATTUNE_FAMILY

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_LLVM_FAMILIES_H
