//===- Extents.cpp - Extents of a model's tensors -------------------------===//
#include "attune/Runtime/Extents.h"

#include "attune/Runtime/Text.h"

namespace attune::rt {

int32_t symbolOf(const AttuneModel &model, int64_t extent) {
  return extent < 0 && -1 - extent < model.num_symbols ? int32_t(-1 - extent)
                                                       : -1;
}

static const AttunePolynomial *polynomialOf(const AttuneModel &model,
                                            int64_t extent) {
  int64_t index = -1 - extent - model.num_symbols;
  return extent < 0 && index >= 0 && index < model.num_polynomials
             ? &model.polynomials[index]
             : nullptr;
}

bool isPolynomial(const AttuneModel &model, int64_t extent) {
  return polynomialOf(model, extent);
}

std::optional<int64_t> extentValue(const AttuneModel &model, int64_t extent,
                                   const int64_t *symbols) {
  if (extent >= 0)
    return extent;
  if (int32_t symbol = symbolOf(model, extent); symbol >= 0)
    return symbols[symbol];
  const AttunePolynomial *polynomial = polynomialOf(model, extent);
  if (!polynomial)
    return std::nullopt;
  int64_t sum = 0;
  for (int32_t t = 0; t < polynomial->num_terms; ++t) {
    const AttuneTerm &term = polynomial->terms[t];
    int64_t product = term.coefficient;
    for (int32_t i = 0; i < term.num_symbols; ++i) {
      int32_t symbol = term.symbols[i];
      if (symbol < 0 || symbol >= model.num_symbols ||
          __builtin_mul_overflow(product, symbols[symbol], &product))
        return std::nullopt;
    }
    if (__builtin_add_overflow(sum, product, &sum))
      return std::nullopt;
  }
  return sum;
}

std::string extentText(const AttuneModel &model, int64_t extent) {
  if (extent >= 0)
    return std::to_string(extent);
  if (int32_t symbol = symbolOf(model, extent); symbol >= 0)
    return model.symbols[symbol].name;
  const AttunePolynomial *polynomial = polynomialOf(model, extent);
  return polynomial ? polynomial->text : "?";
}

std::string symbolicShape(const AttuneModel &model,
                          const AttuneTensorInfo &info) {
  std::string text = "[";
  for (int32_t i = 0; i < info.rank; ++i)
    text += (i ? ", " : "") + extentText(model, info.dims[i]);
  return text + "]";
}

std::string constraintText(const AttuneModel &model,
                           const AttuneConstraint &constraint) {
  return extentText(model, constraint.left) +
         (constraint.relation == ATTUNE_AT_MOST ? " at most " : " = ") +
         extentText(model, constraint.right);
}

/// "sequence = 7", or "64" for a number.
static std::string valueText(const AttuneModel &model, int64_t extent,
                             std::optional<int64_t> value) {
  std::string text = extentText(model, extent);
  if (extent >= 0)
    return text;
  return text + (value ? " = " + std::to_string(*value)
                       : std::string(", which is more than 64 bits hold"));
}

std::string brokenConstraint(const AttuneModel &model, const int64_t *symbols) {
  for (int32_t i = 0; i < model.num_constraints; ++i) {
    const AttuneConstraint &constraint = model.constraints[i];
    std::optional<int64_t> left = extentValue(model, constraint.left, symbols),
                           right =
                               extentValue(model, constraint.right, symbols);
    bool isLimit = constraint.relation == ATTUNE_AT_MOST;
    if (left && right && (isLimit ? *left <= *right : *left == *right))
      continue;
    return format(
        "%s is %s, expected %s%s: %s needs it",
        extentText(model, constraint.left).c_str(),
        left ? std::to_string(*left).c_str() : "more than 64 bits hold",
        isLimit ? "at most " : "",
        valueText(model, constraint.right, right).c_str(), constraint.where);
  }
  return "";
}

} // namespace attune::rt
