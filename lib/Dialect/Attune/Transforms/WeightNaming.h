//===- WeightNaming.h - Names of merged weights and layers ------*- C++ -*-===//
#ifndef ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_WEIGHTNAMING_H
#define ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_WEIGHTNAMING_H

#include "mlir/IR/Location.h"
#include "llvm/ADT/ArrayRef.h"
#include <string>

namespace attune {

/// One name for several that differ in some of their dot-separated parts:
/// "a.query.weight", "a.key.weight" give "a.{query,key}.weight".
std::string mergeNames(llvm::ArrayRef<llvm::StringRef> names);

/// One location for several: the merged name where all are named, else all
/// of them fused.
mlir::Location mergeLocations(llvm::ArrayRef<mlir::Location> locations);

} // namespace attune

#endif // ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_WEIGHTNAMING_H
