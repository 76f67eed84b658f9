//===- CudaDevice.cpp - GPUs through the CUDA driver ----------------------===//
#include "Cuda.h"
#include "Device.h"
#include "attune/Runtime/Text.h"

#include <cstdlib>
#include <cstring>
#include <vector>

using namespace attune::rt;
using namespace attune::rt::cuda;

namespace {

/// What a group may share without asking for more.
constexpr uint32_t kUsualSharedBytes = 48 << 10;

class CudaDevice;

class CudaProgram : public Program {
public:
  CudaProgram(CudaDevice &device, CUmodule module)
      : device(device), module(module) {}
  ~CudaProgram() override;
  bool launch(const KernelLaunch &launch) override;

private:
  CUfunction find(const char *name);

  CudaDevice &device;
  CUmodule module;
  std::vector<std::pair<std::string, CUfunction>> functions;
};

class CudaDevice : public Device {
public:
  explicit CudaDevice(const Functions &cu) : cu(cu) {}
  ~CudaDevice() override {
    if (!context)
      return;
    if (stream && enter()) {
      cu.streamDestroy(stream);
      leave();
    }
    cu.releaseContext(device);
  }

  bool open();

  bool enter() override {
    return check(cu.pushContext(context), "entering its context");
  }
  void leave() override {
    CUcontext mine;
    cu.popContext(&mine);
  }
  DeviceAddress allocate(size_t bytes) override {
    CUdeviceptr address = 0;
    if (cu.memAlloc(&address, bytes) == CUDA_SUCCESS)
      return address;
    fail(
        format("no memory for %zu bytes on the GPU '%s'", bytes, name.c_str()));
    return 0;
  }
  void release(DeviceAddress address) override { cu.memFree(address); }
  bool copyIn(DeviceAddress to, const void *from, size_t bytes) override {
    return check(cu.copyIn(to, from, bytes, stream), "a copy") && finish();
  }
  bool copyOut(void *to, DeviceAddress from, size_t bytes) override {
    return check(cu.copyOut(to, from, bytes, stream), "a copy") && finish();
  }
  bool finish() override {
    return check(cu.streamSynchronize(stream), "waiting for kernels");
  }
  std::unique_ptr<Program> load(std::string_view code) override;

  bool check(CUresult code, const char *what) {
    if (code == CUDA_SUCCESS)
      return true;
    return fail(format("%s failed on the GPU '%s': %s", what, name.c_str(),
                       errorName(code)));
  }
  const char *errorName(CUresult code) {
    const char *text = nullptr;
    cu.getErrorName(code, &text);
    return text ? text : "unknown error";
  }

  const Functions cu;
  CUdevice device = 0;
  CUcontext context = nullptr;
  CUstream stream = nullptr;
  std::string name = "any";

private:
  bool choose();
};

CudaProgram::~CudaProgram() { device.cu.moduleUnload(module); }

CUfunction CudaProgram::find(const char *name) {
  for (auto &[known, function] : functions)
    if (known == name)
      return function;
  CUfunction function;
  if (!device.check(device.cu.moduleGetFunction(&function, module, name), name))
    return nullptr;
  functions.emplace_back(name, function);
  return function;
}

bool CudaProgram::launch(const KernelLaunch &launch) {
  CUfunction function = find(launch.kernel);
  if (!function)
    return false;
  if (launch.sharedBytes > kUsualSharedBytes &&
      !device.check(device.cu.funcSetAttribute(
                        function,
                        CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                        int(launch.sharedBytes)),
                    launch.kernel))
    return false;
  // CUDA knows the sizes of arguments; an address is one like any other.
  std::vector<void *> arguments;
  for (size_t i = 0; i < launch.numArguments; ++i)
    arguments.push_back(const_cast<void *>(launch.arguments[i].value));
  return device.check(
      device.cu.launchKernel(
          function, launch.groups[0], launch.groups[1], launch.groups[2],
          launch.threads[0], launch.threads[1], launch.threads[2],
          launch.sharedBytes, device.stream, arguments.data(), nullptr),
      launch.kernel);
}

bool CudaDevice::choose() {
  if (CUresult code = cu.init(0))
    return fail(format("the CUDA driver does not start: %s", errorName(code)));
  int count = 0;
  if (CUresult code = cu.deviceGetCount(&count); code || count == 0)
    return fail("no GPU: the CUDA driver finds none");
  const char *asked = getenv("ATTUNE_GPU");
  std::string names;
  for (int i = 0; i < count; ++i) {
    char text[256] = "";
    CUdevice candidate;
    if (cu.deviceGet(&candidate, i) ||
        cu.deviceGetName(text, sizeof text - 1, candidate))
      continue;
    names += (names.empty() ? "'" : ", '") + std::string(text) + "'";
    if (asked && !strstr(text, asked))
      continue;
    device = candidate;
    name = text;
    return true;
  }
  return fail(format("ATTUNE_GPU=%s: no GPU has such a name; there are %s",
                     asked ? asked : "", names.c_str()));
}

bool CudaDevice::open() {
  if (!choose() ||
      !check(cu.retainContext(&context, device), "creating a context") ||
      !enter())
    return false;
  bool made =
      check(cu.streamCreate(&stream, CU_STREAM_NON_BLOCKING), "starting");
  leave();
  return made;
}

std::unique_ptr<Program> CudaDevice::load(std::string_view code) {
  // The driver wants a terminated text.
  std::string text(code);
  char log[160] = "";
  int options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
  void *values[] = {log, reinterpret_cast<void *>(sizeof log - 1)};
  CUmodule module;
  CUresult result = cu.moduleLoad(&module, text.c_str(), 2, options, values);
  if (result == CUDA_SUCCESS)
    return std::make_unique<CudaProgram>(*this, module);
  int major = 0, minor = 0;
  cu.deviceGetAttribute(&major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR,
                        device);
  cu.deviceGetAttribute(&minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR,
                        device);
  if (char *end = strchr(log, '\n'))
    *end = 0;
  fail(format("the GPU '%s' (sm_%d%d) does not load the kernels: %s%s%s",
              name.c_str(), major, minor, errorName(result), *log ? ": " : "",
              log));
  return nullptr;
}

} // namespace

std::unique_ptr<Device> attune::rt::openCuda(std::string &error) {
  Library library("libcuda.so.1", "libcuda.so");
  Functions functions(library);
  if (!functions.isComplete()) {
    error = library
                ? "libcuda.so.1 is too old: it lacks functions of CUDA 11"
                : "no CUDA: libcuda.so.1, which comes with NVIDIA's driver, "
                  "is not installed";
    return nullptr;
  }
  auto device = std::make_unique<CudaDevice>(functions);
  if (device->open())
    return device;
  error = device->getError();
  return nullptr;
}
