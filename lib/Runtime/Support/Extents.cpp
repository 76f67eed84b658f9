//===- Extents.cpp - Extents of a model's tensors -------------------------===//
#include "attune/Runtime/Extents.h"

#include "attune/Runtime/Text.h"

#include <algorithm>

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

namespace {

/// One side of a constraint, for messages.
struct Side {
  Side(const AttuneModel &model, int64_t extent, const int64_t *symbols,
       const SymbolPlace *places)
      : text(extentText(model, extent)),
        value(extentValue(model, extent, symbols)), isNumber(extent >= 0) {
    int32_t symbol = symbolOf(model, extent);
    if (symbol >= 0 && places && places[symbol].input >= 0)
      place =
          format("input '%s' axis %d", model.inputs[places[symbol].input].name,
                 int(places[symbol].axis));
  }
  std::string valueText() const {
    return value ? std::to_string(*value) : "more than 64 bits hold";
  }
  /// "sequence = 7", or "64" for a number.
  std::string expectedText() const {
    if (isNumber)
      return text;
    return text + (value ? " = " + std::to_string(*value)
                         : ", which is " + valueText());
  }

  std::string text, place;
  std::optional<int64_t> value;
  bool isNumber;
};

bool holds(const AttuneConstraint &constraint, std::optional<int64_t> left,
           std::optional<int64_t> right) {
  return left && right &&
         (constraint.relation == ATTUNE_AT_MOST ? *left <= *right
                                                : *left == *right);
}

} // namespace

std::string brokenConstraint(const AttuneModel &model, const int64_t *symbols,
                             const SymbolPlace *places) {
  for (int32_t i = 0; i < model.num_constraints; ++i) {
    const AttuneConstraint &constraint = model.constraints[i];
    Side left(model, constraint.left, symbols, places),
        right(model, constraint.right, symbols, places);
    if (holds(constraint, left.value, right.value))
      continue;
    bool isLimit = constraint.relation == ATTUNE_AT_MOST;
    // What callers see in their own tensors comes first.
    bool isTurned =
        left.isNumber || (left.place.empty() && !right.place.empty());
    const Side &first = isTurned ? right : left,
               &second = isTurned ? left : right;
    return format("%s is %s, expected %s%s: %s needs it",
                  (first.place.empty() ? first.text : first.place).c_str(),
                  first.valueText().c_str(),
                  !isLimit   ? ""
                  : isTurned ? "at least "
                             : "at most ",
                  second.expectedText().c_str(), constraint.where);
  }
  return "";
}

void fitSymbols(const AttuneModel &model, int64_t *symbols,
                const std::vector<bool> &isGiven) {
  auto freeSymbol = [&](int64_t extent) {
    int32_t symbol = symbolOf(model, extent);
    return symbol >= 0 && !isGiven[size_t(symbol)] ? symbol : -1;
  };
  // One change may ask for another.
  for (int32_t round = 0; round <= model.num_constraints; ++round)
    for (int32_t i = 0; i < model.num_constraints; ++i) {
      const AttuneConstraint &constraint = model.constraints[i];
      auto value = [&](int64_t extent) {
        return extentValue(model, extent, symbols);
      };
      std::optional<int64_t> left = value(constraint.left),
                             right = value(constraint.right);
      if (holds(constraint, left, right))
        continue;
      auto set = [&](int64_t side, std::optional<int64_t> number) {
        int32_t symbol = freeSymbol(side);
        if (symbol < 0 || !number || *number < model.symbols[symbol].min)
          return false;
        symbols[symbol] = *number;
        return true;
      };
      if (set(constraint.right, left) || set(constraint.left, right))
        continue;
      // Halves what is largest until it fits.
      while (
          constraint.relation == ATTUNE_AT_MOST &&
          !holds(constraint, value(constraint.left), value(constraint.right))) {
        int32_t largest = -1;
        for (int32_t k = 0; k < model.num_symbols; ++k)
          if (!isGiven[size_t(k)] && symbols[k] > model.symbols[k].min &&
              (largest < 0 || symbols[k] > symbols[largest]))
            largest = k;
        if (largest < 0)
          return;
        symbols[largest] =
            std::max(symbols[largest] / 2, model.symbols[largest].min);
      }
    }
}

} // namespace attune::rt
