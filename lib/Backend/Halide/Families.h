//===- Families.h - The families of the Halide backend ----------*- C++ -*-===//
#ifndef ATTUNE_LIB_BACKEND_HALIDE_FAMILIES_H
#define ATTUNE_LIB_BACKEND_HALIDE_FAMILIES_H

#include "HalideFamily.h"

namespace attune {

#define ATTUNE_HALIDE_FAMILY(NAME)                                             \
  std::unique_ptr<HalideFamily> createHalide##NAME();
#include "Families.def"
#undef ATTUNE_HALIDE_FAMILY

} // namespace attune

#endif // ATTUNE_LIB_BACKEND_HALIDE_FAMILIES_H
