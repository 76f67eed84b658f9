//===- GpuCall.cpp - Calls whose kernels run on a GPU ---------------------===//
#include "GpuCall.h"

using namespace attune::rt;

void attune::rt::listRanges(const AttuneModel &model, const CallShape &shape,
                            void *const *buffers, void *workspace,
                            size_t workspaceBytes,
                            std::vector<AttuneGpuRange> &ranges) {
  ranges.clear();
  const int64_t *dims = shape.symbols.data();
  auto add = [&](const AttuneTensorInfo &info, AttuneGpuUse use) {
    size_t bytes = 0;
    bytesOf(model, info, dims, bytes);
    ranges.push_back({*buffers++, bytes, use});
  };
  // Inputs that were left out lie in the workspace, but are not its to make.
  for (int32_t i = 0; i < model.num_inputs; ++i)
    add(model.inputs[i], ATTUNE_GPU_INPUT);
  for (int32_t i = 0; i < model.num_outputs; ++i)
    add(model.outputs[i],
        shape.outputs[size_t(i)] ? ATTUNE_GPU_OUTPUT : ATTUNE_GPU_WORK);
  ranges.push_back({workspace, workspaceBytes, ATTUNE_GPU_WORK});
}

extern "C" {

int32_t attune_gpu_begin(const AttuneGpuDriver *driver, const AttuneCall *call,
                         const AttuneGpuRange *ranges, size_t count) {
  char message[sizeof(AttuneFailure::message)] = "";
  int32_t status =
      driver->begin(call->gpu, ranges, count, message, sizeof message);
  if (status)
    attune_fail(call, message);
  return status;
}

int32_t attune_gpu_end(const AttuneGpuDriver *driver, const AttuneCall *call) {
  char message[sizeof(AttuneFailure::message)] = "";
  int32_t status = driver->end(call->gpu, message, sizeof message);
  if (status)
    attune_fail(call, message);
  return status;
}

} // extern "C"
