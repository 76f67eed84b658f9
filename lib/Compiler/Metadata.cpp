//===- Metadata.cpp - What a program says of its model --------------------===//
#include "attune/Compiler/Metadata.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace attune;

std::string attune::getMetadata(const ModelDescription &model) {
  llvm::json::Object object{
      {"family", model.family},
      {"parameters", parameterCount(model)},
      {"layers", model.layers},
      {"hidden_size", model.hiddenSize},
      {"heads", model.attention.heads},
      {"vocabulary_size", model.vocabularySize},
      {"max_length", model.maxSequenceLength()},
  };
  if (model.sentence) {
    llvm::json::Array modes;
    for (SentencePoolingMode mode : model.sentence->modes)
      modes.push_back(toString(mode));
    object["pooling"] = std::move(modes);
    object["normalized"] = model.sentence->normalize;
  }
  std::string text;
  llvm::raw_string_ostream os(text);
  os << llvm::json::Value(std::move(object));
  return text;
}
