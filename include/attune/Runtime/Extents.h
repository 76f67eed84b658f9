//===- Extents.h - Extents of a model's tensors -----------------*- C++ -*-===//
//
// How descriptors write extents (AttuneTensorInfo::dims in ABI.h): a number, a
// symbol, or a polynomial of symbols.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_RUNTIME_EXTENTS_H
#define ATTUNE_RUNTIME_EXTENTS_H

#include "attune/Runtime/ABI.h"

#include <optional>
#include <string>
#include <vector>

namespace attune::rt {

/// The number of the symbol that `extent` is; -1 when it is no symbol.
int32_t symbolOf(const AttuneModel &model, int64_t extent);

/// Whether `extent` is a polynomial of the model.
bool isPolynomial(const AttuneModel &model, int64_t extent);

/// The value of an extent for these values of the model's symbols, which may be
/// negative for polynomials; nullopt when it exceeds 64 bits, or when the model
/// has no such symbol or polynomial.
std::optional<int64_t> extentValue(const AttuneModel &model, int64_t extent,
                                   const int64_t *symbols);

/// The number, the symbol's name or the polynomial's text; "?" when the model
/// has no such symbol or polynomial.
std::string extentText(const AttuneModel &model, int64_t extent);

/// "[batch, past_sequence + sequence, 384]".
std::string symbolicShape(const AttuneModel &model,
                          const AttuneTensorInfo &info);

/// "length = width" or "past + length at most 64".
std::string constraintText(const AttuneModel &model,
                           const AttuneConstraint &constraint);

/// Where a symbol's value is from.
struct SymbolPlace {
  int32_t input = -1; ///< number of an input; -1: not from one
  int32_t axis = -1;
};

/// Says which constraint of the model does not hold for these values of its
/// symbols, in one line; "" when all hold. `places`, one for each symbol, may
/// be null.
std::string brokenConstraint(const AttuneModel &model, const int64_t *symbols,
                             const SymbolPlace *places = nullptr);

/// Changes values of symbols that are not `isGiven` so that the constraints
/// hold, as far as one symbol alone can see to it: for measuring a model whose
/// caller does not care.
void fitSymbols(const AttuneModel &model, int64_t *symbols,
                const std::vector<bool> &isGiven);

} // namespace attune::rt

#endif // ATTUNE_RUNTIME_EXTENTS_H
