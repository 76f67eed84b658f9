//===- Tensors.cpp - Tensors that a subcommand owns -----------------------===//
#include "Tensors.h"

#include "attune/Runtime/Extents.h"
#include "attune/Runtime/Npy.h"

#include <algorithm>

namespace attune::program {

int64_t elementsOf(const attune_tensor &tensor) {
  int64_t elements = 1;
  for (int32_t i = 0; i < tensor.rank; ++i)
    elements *= tensor.dims[i];
  return elements;
}

attune_tensor &Tensors::add(const AttuneTensorInfo &info,
                            const std::vector<int64_t> &dims,
                            const void *data) {
  attune_tensor tensor = {};
  tensor.name = info.name;
  tensor.type = info.type;
  tensor.rank = int32_t(std::min<size_t>(dims.size(), ATTUNE_MAX_RANK));
  std::copy_n(dims.begin(), tensor.rank, tensor.dims);
  tensor.data = const_cast<void *>(data);
  tensors.push_back(tensor);
  return tensors.back();
}

attune_tensor &Tensors::add(const AttuneTensorInfo &info,
                            const std::vector<int64_t> &dims) {
  attune_tensor &tensor = add(info, dims, nullptr);
  size_t bytes = size_t(elementsOf(tensor)) * rt::elementSize(tensor.type);
  memory.emplace_back(bytes / 8 + 1);
  tensor.data = memory.back().data();
  tensor.bytes = bytes;
  return tensor;
}

void Tensors::allocate() {
  for (attune_tensor &tensor : tensors) {
    size_t bytes = size_t(elementsOf(tensor)) * rt::elementSize(tensor.type);
    memory.emplace_back(bytes / 8 + 1);
    tensor.data = memory.back().data();
    tensor.bytes = bytes;
  }
}

const AttuneTensorInfo *findInput(const AttuneModel &model,
                                  std::string_view name) {
  for (int32_t i = 0; i < model.num_inputs; ++i)
    if (name == model.inputs[i].name)
      return &model.inputs[i];
  return nullptr;
}

const AttuneTensorInfo *findOutput(const AttuneModel &model,
                                   std::string_view name) {
  for (int32_t i = 0; i < model.num_outputs; ++i)
    if (name == model.outputs[i].name)
      return &model.outputs[i];
  return nullptr;
}

int32_t findSymbol(const AttuneModel &model, std::string_view name) {
  for (int32_t k = 0; k < model.num_symbols; ++k)
    if (name == model.symbols[k].name)
      return k;
  return -1;
}

std::vector<int64_t> dimsOf(const AttuneModel &model,
                            const AttuneTensorInfo &info,
                            const std::vector<int64_t> &symbols) {
  std::vector<int64_t> dims;
  dims.reserve(size_t(info.rank));
  for (int32_t i = 0; i < info.rank; ++i)
    dims.push_back(
        rt::extentValue(model, info.dims[i], symbols.data()).value_or(0));
  return dims;
}

} // namespace attune::program
