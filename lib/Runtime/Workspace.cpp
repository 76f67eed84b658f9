//===- Workspace.cpp - Memory of one call ---------------------------------===//
#include "Workspace.h"

#include "Error.h"
#include "Shapes.h"
#include "attune/Runtime/Elements.h"

#include <algorithm>
#include <cstring>

namespace attune::rt {

namespace {

size_t roundUp(size_t bytes) { return (bytes + 63) / 64 * 64; }

void fillDefault(const AttuneTensorInfo &info, void *data, size_t bytes) {
  if (info.when_absent != ATTUNE_ONES) {
    memset(data, 0, bytes);
    return;
  }
  size_t count = bytes / elementSize(info.type);
  for (size_t i = 0; i < count; ++i)
    setElement(info.type, data, int64_t(i), 1);
}

} // namespace

attune_status workspaceBytes(const AttuneModel &model,
                             const AttuneVariant &variant, const int64_t *dims,
                             size_t &bytes) {
  // Far below what overflows, far above what any machine has.
  constexpr size_t most = size_t(1) << 50;
  int64_t compiled = variant.workspace ? variant.workspace(dims) : 0;
  bool tooLarge = compiled < 0 || size_t(compiled) > most;
  bytes = tooLarge ? 0 : roundUp(size_t(compiled));
  auto add = [&](const AttuneTensorInfo &info) {
    size_t more;
    tooLarge |= !bytesOf(model, info, dims, more) || more > most;
    bytes += tooLarge ? 0 : roundUp(more);
    tooLarge |= bytes > most;
  };
  for (int32_t i = 0; i < model.num_inputs; ++i)
    if (model.inputs[i].when_absent != ATTUNE_REQUIRED)
      add(model.inputs[i]);
  for (int32_t i = 0; i < model.num_outputs; ++i)
    add(model.outputs[i]);
  if (tooLarge)
    return fail(ATTUNE_OUT_OF_MEMORY,
                "the workspace for these extents is larger than any memory");
  // Room for one line even when nothing is needed, so that the address is real.
  bytes = std::max<size_t>(bytes, 64);
  return ATTUNE_OK;
}

void layOutCall(const AttuneModel &model, const AttuneVariant &variant,
                const CallShape &shape, void *workspace, void **buffers) {
  const int64_t *dims = shape.symbols.data();
  auto *next = static_cast<char *>(workspace);
  next += roundUp(variant.workspace ? size_t(variant.workspace(dims)) : 0);
  auto place = [&](const AttuneTensorInfo &info, size_t &bytes) {
    bytesOf(model, info, dims, bytes);
    void *at = next;
    next += roundUp(bytes);
    return at;
  };
  size_t bytes;
  for (int32_t i = 0; i < model.num_inputs; ++i) {
    if (const attune_tensor *tensor = shape.inputs[size_t(i)]) {
      *buffers++ = tensor->data;
      continue;
    }
    void *at = place(model.inputs[i], bytes);
    fillDefault(model.inputs[i], at, bytes);
    *buffers++ = at;
  }
  for (int32_t i = 0; i < model.num_outputs; ++i) {
    attune_tensor *tensor = shape.outputs[size_t(i)];
    *buffers++ = tensor ? tensor->data : place(model.outputs[i], bytes);
  }
}

} // namespace attune::rt
