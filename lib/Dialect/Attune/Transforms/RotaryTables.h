//===- RotaryTables.h - Cosines and sines of rotary embeddings --*- C++ -*-===//
#ifndef ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_ROTARYTABLES_H
#define ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_ROTARYTABLES_H

#include "WeightContents.h"

namespace attune {

/// How a table that has a column for each that is rotated repeats them: column
/// i + R/2 is as column i, or column 2i + 1 as column 2i.
enum class Doubling { Halves, Pairs };

/// Proves that the last dimension of `value` is doubled that way: by a
/// concatenation or a repetition on its way, or by numbers that are known,
/// which rows may have been chosen from by positions.
bool hasDoubledColumns(mlir::Value value, Doubling doubling,
                       WeightContents &contents);

} // namespace attune

#endif // ATTUNE_LIB_DIALECT_ATTUNE_TRANSFORMS_ROTARYTABLES_H
