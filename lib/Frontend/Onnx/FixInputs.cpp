//===- FixInputs.cpp - Inputs of a graph become initializers --------------===//
#include "attune/Frontend/FixedInput.h"
#include "attune/Frontend/Onnx/OnnxModel.h"
#include "attune/Support/Error.h"
#include "llvm/ADT/STLExtras.h"
#include <cstring>

using namespace attune;

static OnnxType toOnnxType(AttuneElementType type) {
  switch (type) {
  case ATTUNE_F32:
    return OnnxType::F32;
  case ATTUNE_F64:
    return OnnxType::F64;
  case ATTUNE_I32:
    return OnnxType::I32;
  case ATTUNE_I64:
    return OnnxType::I64;
  case ATTUNE_I8:
    return OnnxType::I8;
  case ATTUNE_BOOL:
    return OnnxType::Bool;
  case ATTUNE_U8:
    return OnnxType::U8;
  case ATTUNE_F16:
    return OnnxType::F16;
  case ATTUNE_BF16:
    return OnnxType::BF16;
  case ATTUNE_I16:
    return OnnxType::I16;
  case ATTUNE_U16:
    return OnnxType::U16;
  case ATTUNE_U32:
    return OnnxType::U32;
  case ATTUNE_U64:
    return OnnxType::U64;
  }
  return OnnxType::Undefined;
}

/// The i64 elements of `data` as `type`; nullopt when one does not fit.
static std::optional<std::vector<uint8_t>>
narrow(const std::vector<uint8_t> &data, OnnxType type) {
  unsigned bits = bitWidth(type);
  std::vector<uint8_t> result;
  for (size_t i = 0; i + 8 <= data.size(); i += 8) {
    int64_t value;
    std::memcpy(&value, data.data() + i, 8);
    bool fits = isUnsigned(type)
                    ? value >= 0 && (bits == 64 || value < int64_t(1) << bits)
                    : llvm::isIntN(bits, value);
    if (!fits)
      return std::nullopt;
    // Little endian: the low bytes come first.
    result.insert(result.end(), data.begin() + i, data.begin() + i + bits / 8);
  }
  return result;
}

llvm::Error attune::fixInput(OnnxModel &model, const FixedInput &input) {
  auto &inputs = model.graph.inputs;
  auto place = llvm::find_if(inputs, [&](const OnnxValueInfo &info) {
    return info.name == input.name;
  });
  if (place == inputs.end()) {
    std::string names = llvm::join(
        llvm::map_range(inputs, [](const auto &info) { return info.name; }),
        ", ");
    return userErrorf(
        "--fix-input={0}: the model has no such input; it has {1}", input.name,
        names.empty() ? "none" : names);
  }
  auto tensor = std::make_shared<OnnxTensor>();
  tensor->name = input.name;
  tensor->type = toOnnxType(input.type);
  tensor->values = input.data;
  if (tensor->type == OnnxType::I64 && place->type != OnnxType::I64 &&
      isInteger(place->type)) {
    auto narrowed = narrow(input.data, place->type);
    if (!narrowed)
      return userErrorf("--fix-input={0}: a value is out of the range of the "
                        "input's type {1}",
                        input.name, toString(place->type));
    tensor->type = place->type;
    tensor->values = std::move(*narrowed);
  }
  if (place->type != OnnxType::Undefined && tensor->type != place->type)
    return userErrorf(
        "--fix-input={0}: expected {1}, the input's type, got {2}", input.name,
        toString(place->type), toString(tensor->type));
  bool fits = !place->shape || place->shape->size() == input.shape.size();
  if (fits && place->shape)
    for (auto [dim, extent] : llvm::zip(*place->shape, input.shape))
      fits &= !dim.value || *dim.value == extent;
  if (!fits)
    return userErrorf(
        "--fix-input={0}: the shape [{1}] is not that of the "
        "model's input",
        input.name,
        llvm::join(llvm::map_range(
                       input.shape,
                       [](int64_t extent) { return std::to_string(extent); }),
                   ", "));
  tensor->count = 1;
  for (int64_t extent : input.shape) {
    tensor->shape.push_back(extent);
    tensor->count *= extent;
  }
  tensor->size = tensor->values.size();
  inputs.erase(place);
  model.graph.initializers.push_back(std::move(tensor));
  return llvm::Error::success();
}
