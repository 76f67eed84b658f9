//===- RandomInputs.cpp - Inputs that exercise a model --------------------===//
#include "RandomInputs.h"
#include "attune/Runtime/Elements.h"
#include "attune/Runtime/Extents.h"
#include "attune/Support/Error.h"
#include <random>

using namespace attune;

/// Takes the values of symbols from the shape of a given tensor.
static llvm::Error bindSymbols(const AttuneModel &model,
                               const AttuneTensorInfo &info,
                               const Tensor &tensor,
                               std::vector<int64_t> &symbols) {
  if (tensor.getRank() != info.rank ||
      rt::isFloatType(info.type) != tensor.isFloat())
    return userErrorf("input '{0}': expected {1} of rank {2}, found {3}",
                      info.name, rt::elementTypeName(info.type), info.rank,
                      tensor.describe());
  for (int32_t i = 0; i < info.rank; ++i) {
    int64_t expected = info.dims[i];
    int64_t actual = tensor.getDim(i);
    const char *symbol = "";
    // What follows from symbols is checked when all are known.
    if (rt::isPolynomial(model, expected))
      continue;
    if (int32_t number = rt::symbolOf(model, expected); number >= 0) {
      int64_t &value = symbols[number];
      symbol = model.symbols[number].name;
      int64_t max = model.symbols[number].max;
      if (max && actual > max)
        return userErrorf("input '{0}': expected a {1} of at most {2}, found "
                          "{3}",
                          info.name, symbol, max, actual);
      if (value < 0)
        value = actual;
      expected = value;
    }
    if (actual != expected)
      return userErrorf("input '{0}': expected extent {1} in dimension {2} "
                        "({3}), found {4}",
                        info.name, expected, i, symbol, tensor.describe());
  }
  return llvm::Error::success();
}

/// A tensor's extents, of a given tensor or for one that is made.
static llvm::Expected<llvm::SmallVector<int64_t>>
getShape(const AttuneModel &model, const AttuneTensorInfo &info,
         const std::vector<int64_t> &symbols) {
  llvm::SmallVector<int64_t> shape;
  for (int64_t extent : llvm::ArrayRef(info.dims, info.rank)) {
    std::optional<int64_t> value =
        rt::extentValue(model, extent, symbols.data());
    if (!value || *value < 0)
      return userErrorf("input '{0}': {1} has no extent for these sizes",
                        info.name, rt::extentText(model, extent));
    shape.push_back(*value);
  }
  return shape;
}

/// Integers in the input's range. A mask (what counts as all ones when it is
/// left out) gets rows of different lengths, the first one full.
static Tensor makeRandom(const AttuneTensorInfo &info,
                         llvm::ArrayRef<int64_t> shape, std::mt19937_64 &rng) {
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  if (rt::isFloatType(info.type)) {
    std::vector<float> values(count);
    for (float &value : values) {
      value = static_cast<float>(rng() % 2001) / 1000 - 1;
      if (info.type == ATTUNE_F16)
        value = rt::halfToFloat(rt::floatToHalf(value));
      if (info.type == ATTUNE_BF16)
        value = rt::bfloat16ToFloat(rt::floatToBfloat16(value));
    }
    Tensor tensor = Tensor::floats(shape, std::move(values));
    return info.type == ATTUNE_F64 ? tensor.castFloat(ElementType::F64)
                                   : tensor;
  }
  std::vector<int64_t> values(count);
  bool isMask = info.when_absent == ATTUNE_ONES && shape.size() == 2;
  if (isMask) {
    for (int64_t row = 0; row < shape[0]; ++row) {
      int64_t length = row == 0 ? shape[1] : 1 + rng() % shape[1];
      for (int64_t i = 0; i < length; ++i)
        values[row * shape[1] + i] = 1;
    }
  } else {
    uint64_t range = info.min <= info.max ? info.max - info.min + 1 : 2;
    for (int64_t &value : values)
      value = (info.min <= info.max ? info.min : 0) + rng() % range;
  }
  return Tensor::integers(shape, std::move(values));
}

llvm::Expected<std::vector<Tensor>>
attune::makeInputs(const AttuneModel &model, const VerifyOptions &options,
                   std::vector<int64_t> &symbols) {
  symbols.assign(model.num_symbols, -1);
  llvm::ArrayRef<AttuneTensorInfo> inputs(model.inputs, model.num_inputs);
  for (const auto &given : options.inputs) {
    auto *info = llvm::find_if(inputs, [&](const AttuneTensorInfo &candidate) {
      return given.getKey() == candidate.name;
    });
    if (info == inputs.end()) {
      std::string names;
      for (const AttuneTensorInfo &input : inputs)
        names += (names.empty() ? "" : ", ") + std::string(input.name);
      return userErrorf("the model has no input '{0}'; it has {1}",
                        given.getKey(), names);
    }
    if (llvm::Error error =
            bindSymbols(model, *info, given.getValue(), symbols))
      return std::move(error);
  }
  std::vector<bool> isGiven;
  for (int32_t i = 0; i < model.num_symbols; ++i) {
    int64_t &value = symbols[i];
    isGiven.push_back(value >= 0);
    if (value < 0)
      value = llvm::StringRef(model.symbols[i].name) == "length"
                  ? options.length
                  : options.batch;
    if (int64_t max = model.symbols[i].max)
      value = std::min(value, max);
  }
  rt::fitSymbols(model, symbols.data(), isGiven);
  std::string broken = rt::brokenConstraint(model, symbols.data());
  if (!broken.empty())
    return userError(broken);
  std::mt19937_64 rng(options.seed);
  std::vector<Tensor> tensors;
  for (const AttuneTensorInfo &info : inputs) {
    llvm::Expected<llvm::SmallVector<int64_t>> shape =
        getShape(model, info, symbols);
    if (!shape)
      return shape.takeError();
    auto given = options.inputs.find(info.name);
    if (given != options.inputs.end()) {
      const Tensor &tensor = given->second;
      if (tensor.getShape() != llvm::ArrayRef(*shape))
        return userErrorf("input '{0}': expected the shape {1}, found {2}",
                          info.name, rt::symbolicShape(model, info),
                          tensor.describe());
      if (tensor.isFloat())
        tensors.push_back(tensor.castFloat(
            info.type == ATTUNE_F64 ? ElementType::F64 : ElementType::F32));
      else
        tensors.push_back(tensor);
      continue;
    }
    tensors.push_back(makeRandom(info, *shape, rng));
  }
  return tensors;
}
