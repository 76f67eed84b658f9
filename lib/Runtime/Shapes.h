//===- Shapes.h - Matching a call's tensors to the model's ------*- C++ -*-===//
#ifndef ATTUNE_LIB_RUNTIME_SHAPES_H
#define ATTUNE_LIB_RUNTIME_SHAPES_H

#include "attune/Runtime/ABI.h"
#include "attune/Runtime/Extents.h"
#include "attune/Runtime/Types.h"

#include <cstddef>
#include <string>
#include <vector>

namespace attune::rt {

/// A call's tensors in the descriptor's order and the values of its symbols.
/// Sized once for a model, so that calls do not allocate.
struct CallShape {
  explicit CallShape(const AttuneModel &model);

  /// Forgets the last call.
  void clear();

  std::vector<const attune_tensor *> inputs; ///< Null: left out.
  std::vector<attune_tensor *> outputs;      ///< Null: not listed.
  std::vector<int64_t> symbols;              ///< -1: not known.
  std::vector<SymbolPlace> places;           ///< The inputs that set symbols.
};

/// Whether a call runs the model or only asks for shapes.
enum class CallKind { Run, ShapesOnly };

/// Matches inputs by name or place, checks element types, ranks, extents, sizes
/// and alignment, takes the symbols' values from their shapes, and checks the
/// model's constraints.
attune_status matchInputs(const AttuneModel &model, CallKind kind,
                          const attune_tensor *inputs, size_t count,
                          CallShape &shape);

/// Matches outputs by name or place and fills in their name, rank and dims;
/// for runs checks that their buffers are large enough.
attune_status matchOutputs(const AttuneModel &model, CallKind kind,
                           attune_tensor *outputs, size_t count,
                           CallShape &shape);

/// Checks the values of integer and boolean inputs against the descriptor's
/// range. `shape` must be matched.
attune_status checkValues(const AttuneModel &model, const CallShape &shape);

/// Checks explicit extents: their number, min <= value <= max for each, and the
/// model's constraints.
attune_status checkSymbols(const AttuneModel &model, const int64_t *dims,
                           size_t count);

/// Bytes of a tensor for these symbol values; false when they overflow or an
/// extent would be negative.
bool bytesOf(const AttuneModel &model, const AttuneTensorInfo &info,
             const int64_t *symbols, size_t &bytes);

} // namespace attune::rt

#endif // ATTUNE_LIB_RUNTIME_SHAPES_H
