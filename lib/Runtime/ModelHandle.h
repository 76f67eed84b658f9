//===- ModelHandle.h - What an attune_model is ------------------*- C++ -*-===//
#ifndef ATTUNE_LIB_RUNTIME_MODELHANDLE_H
#define ATTUNE_LIB_RUNTIME_MODELHANDLE_H

#include "Shapes.h"
#include "attune/Runtime/Gpu.h"
#include "attune/Runtime/Tokenizer.h"
#include "attune/Runtime/Weights.h"

#include <atomic>
#include <memory>
#include <vector>

struct attune_model {
  explicit attune_model(const AttuneModel &descriptor);
  ~attune_model();
  attune_model(const attune_model &) = delete;
  attune_model &operator=(const attune_model &) = delete;

  /// Makes the handle's own workspace at least `bytes` large.
  attune_status grow(size_t bytes);

  const AttuneModel &descriptor;
  const AttuneVariant *variant = nullptr;
  attune::rt::Weights weights;
  AttunePool *pool = nullptr;
  AttuneGpu *gpu = nullptr; ///< Of variant->gpu.
  void *workspace = nullptr;
  size_t workspaceBytes = 0;
  std::unique_ptr<attune::rt::Tokenizer> tokenizer; ///< Opened when first used.
  attune::rt::CallShape shape;
  std::vector<void *> buffers;
  std::vector<AttuneGpuRange> ranges;
  std::atomic<bool> busy{false};
};

namespace attune::rt {

/// Holds a handle for one thread; false when another has it.
class InUse {
public:
  explicit InUse(attune_model &model)
      : model(model),
        mine(!model.busy.exchange(true, std::memory_order_acquire)) {}
  ~InUse() {
    if (mine)
      model.busy.store(false, std::memory_order_release);
  }
  InUse(const InUse &) = delete;
  InUse &operator=(const InUse &) = delete;
  explicit operator bool() const { return mine; }

private:
  attune_model &model;
  bool mine;
};

/// The error for a handle that another thread uses.
attune_status busyError();

} // namespace attune::rt

#endif // ATTUNE_LIB_RUNTIME_MODELHANDLE_H
