//===- Tensors.h - Tensors that a subcommand owns ---------------*- C++ -*-===//
#ifndef ATTUNE_LIB_RUNTIME_MAIN_TENSORS_H
#define ATTUNE_LIB_RUNTIME_MAIN_TENSORS_H

#include "attune/Runtime/ABI.h"
#include "attune/Runtime/Types.h"

#include <string_view>
#include <vector>

namespace attune::program {

/// Tensors and the memory behind them.
class Tensors {
public:
  /// Adds a tensor with zeroed memory for its dims.
  attune_tensor &add(const AttuneTensorInfo &info,
                     const std::vector<int64_t> &dims);

  /// Adds a tensor whose data belong to the caller.
  attune_tensor &add(const AttuneTensorInfo &info,
                     const std::vector<int64_t> &dims, const void *data);

  /// Gives memory to every tensor from its dims.
  void allocate();

  attune_tensor *data() { return tensors.data(); }
  size_t size() const { return tensors.size(); }
  attune_tensor &operator[](size_t i) { return tensors[i]; }

private:
  std::vector<attune_tensor> tensors;
  std::vector<std::vector<uint64_t>> memory;
};

/// Number of elements of a tensor.
int64_t elementsOf(const attune_tensor &tensor);

/// The model's input or output of this name, or null.
const AttuneTensorInfo *findInput(const AttuneModel &model,
                                  std::string_view name);
const AttuneTensorInfo *findOutput(const AttuneModel &model,
                                   std::string_view name);

/// The index of the symbol of this name, or -1.
int32_t findSymbol(const AttuneModel &model, std::string_view name);

/// A tensor's extents for these symbol values, which the model takes.
std::vector<int64_t> dimsOf(const AttuneModel &model,
                            const AttuneTensorInfo &info,
                            const std::vector<int64_t> &symbols);

} // namespace attune::program

#endif // ATTUNE_LIB_RUNTIME_MAIN_TENSORS_H
