//===- Activations.cpp - Activations by the names others use --------------===//

#include "attune/Model/ModelDescription.h"

using namespace llvm;

namespace attune {

std::optional<Activation> activationFromHuggingFace(StringRef name) {
  struct Row {
    StringLiteral name;
    Activation activation;
  };
  // The keys of ACT2FN in transformers/activations.py. gelu_fast and
  // gelu_accurate are the tanh form with its constants written out.
  static constexpr Row kRows[] = {
      {"gelu", Activation::GeluErf},
      {"gelu_python", Activation::GeluErf},
      {"gelu_new", Activation::GeluTanh},
      {"gelu_fast", Activation::GeluTanh},
      {"gelu_accurate", Activation::GeluTanh},
      {"gelu_pytorch_tanh", Activation::GeluTanh},
      {"gelu_python_tanh", Activation::GeluTanh},
      {"quick_gelu", Activation::QuickGelu},
      {"relu", Activation::Relu},
      {"silu", Activation::Silu},
      {"swish", Activation::Silu},
      {"tanh", Activation::Tanh},
  };
  for (const Row &row : kRows)
    if (row.name == name)
      return row.activation;
  return std::nullopt;
}

} // namespace attune
