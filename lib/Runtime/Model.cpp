//===- Model.cpp - The C API of compiled models ---------------------------===//
#include "attune/Runtime/Model.h"

#include "Error.h"
#include "GpuCall.h"
#include "ModelHandle.h"
#include "Support/Memory.h"
#include "Workspace.h"
#include "attune/Runtime/Cpu.h"
#include "attune/Runtime/Text.h"
#include "attune/Runtime/ThreadPool.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>

using namespace attune::rt;

attune_model::attune_model(const AttuneModel &descriptor)
    : descriptor(descriptor), shape(descriptor),
      buffers(size_t(descriptor.num_inputs) + size_t(descriptor.num_outputs)) {}

attune_model::~attune_model() {
  if (gpu)
    variant->gpu->close(gpu);
  attune_pool_destroy(pool);
  releasePages(workspace, workspaceBytes);
}

attune_status attune_model::grow(size_t bytes) {
  if (bytes <= workspaceBytes)
    return ATTUNE_OK;
  void *larger = reservePages(bytes);
  if (!larger)
    return fail(ATTUNE_OUT_OF_MEMORY,
                format("no memory for a workspace of %zu bytes", bytes));
  releasePages(workspace, workspaceBytes);
  workspace = larger;
  workspaceBytes = bytes;
  return ATTUNE_OK;
}

attune_status attune::rt::busyError() {
  return fail(ATTUNE_BUSY, "another thread is using this model: threads that "
                           "run side by side need a handle each");
}

namespace {

attune_status checkDescriptor(const AttuneModel *descriptor) {
  if (!descriptor)
    return fail(ATTUNE_INVALID_ARGUMENT, "the model's descriptor is NULL");
  if (descriptor->abi_version != ATTUNE_ABI_VERSION)
    return fail(ATTUNE_INVALID_ARGUMENT,
                format("the model was compiled for version %u of the runtime "
                       "interface, the runtime has version %u: link the "
                       "libraries that come with the compiler",
                       descriptor->abi_version, ATTUNE_ABI_VERSION));
  return ATTUNE_OK;
}

/// The caller's options, with defaults for fields that it does not know.
attune_status readOptions(const attune_options *given,
                          attune_options &options) {
  options = ATTUNE_OPTIONS_INIT;
  if (!given)
    return ATTUNE_OK;
  if (given->size < offsetof(attune_options, weights_data))
    return fail(ATTUNE_INVALID_ARGUMENT,
                format("attune_options::size is %zu: start from "
                       "ATTUNE_OPTIONS_INIT",
                       given->size));
  memcpy(&options, given, std::min(given->size, sizeof options));
  if (options.threads < 0 || options.threads > ATTUNE_MAX_THREADS)
    return fail(ATTUNE_INVALID_ARGUMENT,
                format("%d threads were asked for: 1 to %d are possible, 0 "
                       "takes one for each CPU",
                       options.threads, ATTUNE_MAX_THREADS));
  return ATTUNE_OK;
}

attune_status prepare(attune_model &model, const char *default_weights,
                      const attune_options &options) {
  const AttuneModel &descriptor = model.descriptor;
  std::string error;
  const char *cpu = options.cpu ? options.cpu : getenv("ATTUNE_CPU");
  model.variant = selectVariant(descriptor, cpuFeatures(), cpu, error);
  if (!model.variant)
    return fail(ATTUNE_UNSUPPORTED_CPU, error);
  WeightsSource source;
  source.data = options.weights_data;
  source.bytes = options.weights_bytes;
  source.path = options.weights_path;
  source.anchor = &descriptor;
  source.defaultName = default_weights;
  if (!model.weights.open(descriptor, source, error))
    return fail(ATTUNE_BAD_FILE, error);
  model.pool =
      attune_pool_create(options.threads, model.variant->scratch_bytes);
  if (!model.pool)
    return fail(
        errno == ENOMEM ? ATTUNE_OUT_OF_MEMORY : ATTUNE_SYSTEM_ERROR,
        format("cannot start %d threads with %lld bytes each: %s",
               options.threads ? options.threads : attune_default_threads(),
               (long long)model.variant->scratch_bytes, strerror(errno)));
  if (!model.variant->gpu)
    return ATTUNE_OK;
  // The tokenizer, which is last in the image, is nothing to kernels.
  size_t bytes = descriptor.tokenizer_bytes ? descriptor.tokenizer_offset
                                            : descriptor.weights_bytes;
  char message[sizeof(AttuneFailure::message)];
  model.gpu = model.variant->gpu->open(model.weights.data(), bytes, message,
                                       sizeof message);
  return model.gpu ? ATTUNE_OK : fail(ATTUNE_SYSTEM_ERROR, message);
}

attune_status noModel() {
  return fail(ATTUNE_INVALID_ARGUMENT, "the model is NULL");
}

/// Names, types and shapes of a call into model.shape.
attune_status match(attune_model &model, CallKind kind,
                    const attune_tensor *inputs, size_t num_inputs,
                    attune_tensor *outputs, size_t num_outputs) {
  model.shape.clear();
  attune_status status =
      matchInputs(model.descriptor, kind, inputs, num_inputs, model.shape);
  return status ? status
                : matchOutputs(model.descriptor, kind, outputs, num_outputs,
                               model.shape);
}

} // namespace

extern "C" {

uint32_t attune_abi_version(void) { return ATTUNE_ABI_VERSION; }

const char *attune_info(const AttuneModel *descriptor) {
  bool has = descriptor && descriptor->metadata && *descriptor->metadata;
  return has ? descriptor->metadata : "{}";
}

attune_status attune_create(const AttuneModel *descriptor,
                            const char *default_weights,
                            const attune_options *options,
                            attune_model **model) {
  if (!model)
    return fail(ATTUNE_INVALID_ARGUMENT, "the place for the new model is NULL");
  *model = nullptr;
  attune_options known;
  if (attune_status status = checkDescriptor(descriptor))
    return status;
  if (attune_status status = readOptions(options, known))
    return status;
  auto *made = new (std::nothrow) attune_model(*descriptor);
  if (!made)
    return fail(ATTUNE_OUT_OF_MEMORY, "no memory for the model's handle");
  if (attune_status status = prepare(*made, default_weights, known)) {
    delete made;
    return status;
  }
  *model = made;
  return ATTUNE_OK;
}

void attune_destroy(attune_model *model) { delete model; }

attune_status attune_forward(attune_model *model, const attune_tensor *inputs,
                             size_t num_inputs, attune_tensor *outputs,
                             size_t num_outputs, void *workspace,
                             size_t workspace_bytes) {
  if (!model)
    return noModel();
  InUse use(*model);
  if (!use)
    return busyError();
  const AttuneModel &descriptor = model->descriptor;
  const AttuneVariant &variant = *model->variant;
  if (attune_status status = match(*model, CallKind::Run, inputs, num_inputs,
                                   outputs, num_outputs))
    return status;
  if (attune_status status = checkValues(descriptor, model->shape))
    return status;
  const int64_t *dims = model->shape.symbols.data();
  size_t needed;
  if (attune_status status =
          attune::rt::workspaceBytes(descriptor, variant, dims, needed))
    return status;
  if (!workspace) {
    if (attune_status status = model->grow(needed))
      return status;
    workspace = model->workspace;
  } else if (workspace_bytes < needed) {
    return fail(ATTUNE_INVALID_ARGUMENT,
                format("the workspace has %zu bytes, this call needs %zu",
                       workspace_bytes, needed));
  } else if (reinterpret_cast<uintptr_t>(workspace) % 64 != 0) {
    return fail(ATTUNE_INVALID_ARGUMENT,
                "the workspace is not aligned to 64 bytes");
  }
  layOutCall(descriptor, variant, model->shape, workspace,
             model->buffers.data());
  AttuneFailure failure = {};
  AttuneCall call;
  call.buffers = model->buffers.data();
  call.dims = dims;
  call.workspace = workspace;
  call.weights = model->weights.data();
  call.pool = model->pool;
  call.failure = &failure;
  call.gpu = model->gpu;
  if (!model->gpu) {
    variant.forward(&call);
  } else {
    listRanges(descriptor, model->shape, model->buffers.data(), workspace,
               needed, model->ranges);
    if (attune_gpu_begin(variant.gpu, &call, model->ranges.data(),
                         model->ranges.size()) == 0) {
      variant.forward(&call);
      attune_gpu_end(variant.gpu, &call);
    }
  }
  if (failure.failed)
    return fail(ATTUNE_SYSTEM_ERROR, failure.message);
  return ATTUNE_OK;
}

attune_status attune_shapes(attune_model *model, const attune_tensor *inputs,
                            size_t num_inputs, attune_tensor *outputs,
                            size_t num_outputs) {
  if (!model)
    return noModel();
  InUse use(*model);
  if (!use)
    return busyError();
  return match(*model, CallKind::ShapesOnly, inputs, num_inputs, outputs,
               num_outputs);
}

attune_status attune_workspace_size(const attune_model *model,
                                    const int64_t *dims, size_t num_dims,
                                    size_t *bytes) {
  if (!model)
    return noModel();
  if (!bytes)
    return fail(ATTUNE_INVALID_ARGUMENT, "the place for the size is NULL");
  *bytes = 0;
  if (attune_status status = checkSymbols(model->descriptor, dims, num_dims))
    return status;
  return attune::rt::workspaceBytes(model->descriptor, *model->variant, dims,
                                    *bytes);
}

attune_status attune_reserve(attune_model *model, const int64_t *dims,
                             size_t num_dims) {
  size_t bytes;
  if (attune_status status =
          attune_workspace_size(model, dims, num_dims, &bytes))
    return status;
  InUse use(*model);
  if (!use)
    return busyError();
  return model->grow(bytes);
}

const char *attune_cpu(const attune_model *model) {
  return model ? model->variant->cpu : "";
}

int32_t attune_threads(const attune_model *model) {
  return model ? attune_pool_threads(model->pool) : 0;
}

} // extern "C"
