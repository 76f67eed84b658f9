//===- YAMLTraits.h - Scalars of model descriptions as YAML -----*- C++ -*-===//

#ifndef ATTUNE_LIB_MODEL_YAMLTRAITS_H
#define ATTUNE_LIB_MODEL_YAMLTRAITS_H

#include "EnumNames.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/YAMLTraits.h"

#include <cmath>

namespace attune {
/// A double that is written with as many digits as it needs to be read back as
/// the same value; the traits of double write six.
struct ExactDouble {
  double value;
  bool operator==(const ExactDouble &) const = default;
};
} // namespace attune

namespace llvm::yaml {

template <> struct ScalarTraits<attune::ExactDouble> {
  static void output(const attune::ExactDouble &number, void *,
                     raw_ostream &os) {
    for (int digits = 1; digits <= 17; ++digits) {
      SmallString<40> text;
      raw_svector_ostream(text) << format("%.*g", digits, number.value);
      double back = 0;
      if (digits == 17 ||
          (!text.str().getAsDouble(back) && back == number.value)) {
        os << text;
        return;
      }
    }
  }
  static StringRef input(StringRef text, void *, attune::ExactDouble &number) {
    if (text.getAsDouble(number.value) || !std::isfinite(number.value))
      return "expected a finite number";
    return "";
  }
  static QuotingType mustQuote(StringRef) { return QuotingType::None; }
};

template <typename T>
  requires requires { attune::enumNames<T>(); } && std::is_enum_v<T>
struct ScalarEnumerationTraits<T> {
  static void enumeration(IO &io, T &value) {
    for (const attune::EnumName<T> &entry : attune::enumNames<T>())
      io.enumCase(value, entry.name.data(), entry.value);
  }
};

} // namespace llvm::yaml

namespace attune {

/// A number that is `absent` where there is none.
inline void mapNumber(llvm::yaml::IO &io, const char *key, double &value,
                      double absent) {
  ExactDouble number{value};
  io.mapOptional(key, number, ExactDouble{absent});
  value = number.value;
}

/// Parts whose values are all the usual ones are not written.
template <typename T>
void mapPart(llvm::yaml::IO &io, const char *key, T &part) {
  io.mapOptional(key, part, T());
}

} // namespace attune

#endif // ATTUNE_LIB_MODEL_YAMLTRAITS_H
