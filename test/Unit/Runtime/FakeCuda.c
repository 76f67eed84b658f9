/* The CUDA driver as far as Gpu/Cuda.h uses it, on memory of this process: what
 * the runtime asks of the driver can be checked without a GPU.
 *
 * A module's text is the names of its kernels. The kernel `scale`, whose
 * parameters are (float *x, float factor, int count), does what it says, each
 * thread one element; others do nothing. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* What tests look at and set, found by dlsym. */
struct FakeCuda {
  int devices;     /* that there are */
  int refuse_text; /* modules do not load */
  int contexts;    /* pushed and not popped */
  int retained;    /* and not released */
  int streams, modules, allocations;
  int launches;
  unsigned shared_bytes; /* of the last launch */
  int shared_limit;      /* set on the last function */
  size_t memory;         /* left */
} fake_cuda = {1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 << 20};

enum {
  SUCCESS = 0,
  OUT_OF_MEMORY = 2,
  NOT_ACTIVE = 201,
  NO_PTX = 218,
  NONE = 500
};

struct Module {
  char *text;
};
struct Function {
  char name[64];
};
static struct Function functions[16];
static int numFunctions;

int cuInit(unsigned flags) { return SUCCESS; }
int cuGetErrorName(int code, const char **name) {
  *name = code == OUT_OF_MEMORY ? "CUDA_ERROR_OUT_OF_MEMORY"
          : code == NO_PTX      ? "CUDA_ERROR_INVALID_PTX"
          : code == NONE        ? "CUDA_ERROR_NOT_FOUND"
                                : "CUDA_ERROR_INVALID_CONTEXT";
  return SUCCESS;
}
int cuDeviceGetCount(int *count) {
  *count = fake_cuda.devices;
  return SUCCESS;
}
int cuDeviceGet(int *device, int number) {
  *device = number;
  return SUCCESS;
}
int cuDeviceGetName(char *name, int bytes, int device) {
  strncpy(name, device ? "Fake B" : "Fake A", (size_t)bytes);
  return SUCCESS;
}
int cuDeviceGetAttribute(int *value, int attribute, int device) {
  *value = attribute == 75 ? 8 : 6;
  return SUCCESS;
}
int cuDevicePrimaryCtxRetain(void **context, int device) {
  ++fake_cuda.retained;
  *context = &fake_cuda;
  return SUCCESS;
}
int cuDevicePrimaryCtxRelease_v2(int device) {
  --fake_cuda.retained;
  return SUCCESS;
}
int cuCtxPushCurrent_v2(void *context) {
  ++fake_cuda.contexts;
  return SUCCESS;
}
int cuCtxPopCurrent_v2(void **context) {
  --fake_cuda.contexts;
  return SUCCESS;
}

/* Everything below needs a context. */
static int active(void) { return fake_cuda.contexts > 0; }

int cuStreamCreate(void **stream, unsigned flags) {
  if (!active())
    return NOT_ACTIVE;
  ++fake_cuda.streams;
  *stream = &fake_cuda.streams;
  return SUCCESS;
}
int cuStreamDestroy_v2(void *stream) {
  --fake_cuda.streams;
  return active() ? SUCCESS : NOT_ACTIVE;
}
int cuStreamSynchronize(void *stream) {
  return active() ? SUCCESS : NOT_ACTIVE;
}
int cuMemAlloc_v2(uint64_t *address, size_t bytes) {
  if (!active())
    return NOT_ACTIVE;
  if (bytes > fake_cuda.memory)
    return OUT_OF_MEMORY;
  ++fake_cuda.allocations;
  *address = (uintptr_t)malloc(bytes);
  return SUCCESS;
}
int cuMemFree_v2(uint64_t address) {
  if (!active())
    return NOT_ACTIVE;
  --fake_cuda.allocations;
  free((void *)(uintptr_t)address);
  return SUCCESS;
}
int cuMemcpyHtoDAsync_v2(uint64_t to, const void *from, size_t bytes,
                         void *stream) {
  if (!active())
    return NOT_ACTIVE;
  memcpy((void *)(uintptr_t)to, from, bytes);
  return SUCCESS;
}
int cuMemcpyDtoHAsync_v2(void *to, uint64_t from, size_t bytes, void *stream) {
  if (!active())
    return NOT_ACTIVE;
  memcpy(to, (void *)(uintptr_t)from, bytes);
  return SUCCESS;
}
int cuModuleLoadDataEx(void **module, const void *text, unsigned count,
                       int *options, void **values) {
  if (!active())
    return NOT_ACTIVE;
  if (fake_cuda.refuse_text) {
    for (unsigned i = 0; i < count; ++i)
      if (options[i] == 5)
        strcpy(values[i], "ptxas error: too new\nsecond line");
    return NO_PTX;
  }
  ++fake_cuda.modules;
  struct Module *made = malloc(sizeof(struct Module));
  made->text = strdup(text);
  *module = made;
  return SUCCESS;
}
int cuModuleUnload(void *module) {
  --fake_cuda.modules;
  free(((struct Module *)module)->text);
  free(module);
  return active() ? SUCCESS : NOT_ACTIVE;
}
int cuModuleGetFunction(void **function, void *module, const char *name) {
  if (!strstr(((struct Module *)module)->text, name))
    return NONE;
  struct Function *made = &functions[numFunctions++ % 16];
  strncpy(made->name, name, sizeof made->name - 1);
  *function = made;
  return SUCCESS;
}
int cuFuncSetAttribute(void *function, int attribute, int value) {
  if (attribute == 8)
    fake_cuda.shared_limit = value;
  return SUCCESS;
}
int cuLaunchKernel(void *function, unsigned groupsX, unsigned groupsY,
                   unsigned groupsZ, unsigned threadsX, unsigned threadsY,
                   unsigned threadsZ, unsigned shared, void *stream,
                   void **arguments, void **extra) {
  if (!active())
    return NOT_ACTIVE;
  ++fake_cuda.launches;
  fake_cuda.shared_bytes = shared;
  if (strcmp(((struct Function *)function)->name, "scale") != 0)
    return SUCCESS;
  float *x = *(float **)arguments[0];
  float factor = *(float *)arguments[1];
  int count = *(int *)arguments[2];
  for (unsigned i = 0; i < groupsX * groupsY * groupsZ * threadsX; ++i)
    if ((int)i < count)
      x[i] *= factor;
  return SUCCESS;
}
