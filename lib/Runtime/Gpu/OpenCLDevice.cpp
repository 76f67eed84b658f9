//===- OpenCLDevice.cpp - GPUs through OpenCL -----------------------------===//
//
// Memory is shared virtual memory, so that kernels can be given any place in an
// allocation: sub-buffers would have to begin at multiples of what the device
// says, up to 4 KB.
//
//===----------------------------------------------------------------------===//
#include "Device.h"
#include "OpenCL.h"
#include "attune/Runtime/Text.h"

#include <cstdlib>
#include <cstring>
#include <vector>

using namespace attune::rt;
using namespace attune::rt::opencl;

namespace {

/// Names of the codes that a user may get to see.
const char *errorName(cl_int code) {
  switch (code) {
#define ATTUNE_CODE(NAME, VALUE)                                               \
  case VALUE:                                                                  \
    return #NAME;
    ATTUNE_CODE(CL_DEVICE_NOT_AVAILABLE, -2)
    ATTUNE_CODE(CL_COMPILER_NOT_AVAILABLE, -3)
    ATTUNE_CODE(CL_MEM_OBJECT_ALLOCATION_FAILURE, -4)
    ATTUNE_CODE(CL_OUT_OF_RESOURCES, -5)
    ATTUNE_CODE(CL_OUT_OF_HOST_MEMORY, -6)
    ATTUNE_CODE(CL_BUILD_PROGRAM_FAILURE, -11)
    ATTUNE_CODE(CL_INVALID_VALUE, -30)
    ATTUNE_CODE(CL_INVALID_KERNEL_NAME, -46)
    ATTUNE_CODE(CL_INVALID_ARG_VALUE, -50)
    ATTUNE_CODE(CL_INVALID_ARG_SIZE, -51)
    ATTUNE_CODE(CL_INVALID_KERNEL_ARGS, -52)
    ATTUNE_CODE(CL_INVALID_WORK_GROUP_SIZE, -54)
    ATTUNE_CODE(CL_INVALID_BUFFER_SIZE, -61)
#undef ATTUNE_CODE
  default:
    return "see the specification";
  }
}

class OpenCLDevice;

class OpenCLProgram : public Program {
public:
  OpenCLProgram(OpenCLDevice &device, cl_program program)
      : device(device), program(program) {}
  ~OpenCLProgram() override;
  bool launch(const KernelLaunch &launch) override;

private:
  cl_kernel find(const char *name);

  OpenCLDevice &device;
  cl_program program;
  std::vector<std::pair<std::string, cl_kernel>> kernels;
};

class OpenCLDevice : public Device {
public:
  explicit OpenCLDevice(const Functions &cl) : cl(cl) {}
  ~OpenCLDevice() override {
    if (queue)
      cl.clReleaseCommandQueue(queue);
    if (context)
      cl.clReleaseContext(context);
  }

  bool open();

  DeviceAddress allocate(size_t bytes) override {
    void *memory = cl.clSVMAlloc(context, CL_MEM_READ_WRITE, bytes, 0);
    if (!memory)
      fail(format("no memory for %zu bytes on the OpenCL device '%s'", bytes,
                  name.c_str()));
    return reinterpret_cast<uintptr_t>(memory);
  }
  void release(DeviceAddress address) override {
    cl.clSVMFree(context, reinterpret_cast<void *>(address));
  }
  bool copyIn(DeviceAddress to, const void *from, size_t bytes) override {
    return copy(reinterpret_cast<void *>(to), from, bytes);
  }
  bool copyOut(void *to, DeviceAddress from, size_t bytes) override {
    return copy(to, reinterpret_cast<const void *>(from), bytes);
  }
  bool finish() override {
    return check(cl.clFinish(queue), "waiting for kernels");
  }
  std::unique_ptr<Program> load(std::string_view code) override;

  bool check(cl_int code, const char *what) {
    return code == CL_SUCCESS ||
           fail(format("%s failed on the OpenCL device '%s': error %d (%s)",
                       what, name.c_str(), code, errorName(code)));
  }

  const Functions cl;
  cl_device_id device = nullptr;
  cl_context context = nullptr;
  cl_command_queue queue = nullptr;
  std::string name;

private:
  bool choose();
  std::string nameOf(cl_device_id id) const;
  bool copy(void *to, const void *from, size_t bytes) {
    return check(cl.clEnqueueSVMMemcpy(queue, CL_TRUE, to, from, bytes, 0,
                                       nullptr, nullptr),
                 "a copy");
  }
};

OpenCLProgram::~OpenCLProgram() {
  for (auto &[name, kernel] : kernels)
    device.cl.clReleaseKernel(kernel);
  device.cl.clReleaseProgram(program);
}

cl_kernel OpenCLProgram::find(const char *name) {
  for (auto &[known, kernel] : kernels)
    if (known == name)
      return kernel;
  cl_int code;
  cl_kernel kernel = device.cl.clCreateKernel(program, name, &code);
  if (!device.check(code, name))
    return nullptr;
  kernels.emplace_back(name, kernel);
  return kernel;
}

bool OpenCLProgram::launch(const KernelLaunch &launch) {
  const Functions &cl = device.cl;
  cl_kernel kernel = find(launch.kernel);
  if (!kernel)
    return false;
  cl_uint number = 0;
  for (size_t i = 0; i < launch.numArguments; ++i) {
    const KernelArgument &argument = launch.arguments[i];
    DeviceAddress address;
    if (argument.isAddress)
      memcpy(&address, argument.value, sizeof address);
    cl_int code =
        argument.isAddress
            ? cl.clSetKernelArgSVMPointer(kernel, number,
                                          reinterpret_cast<void *>(address))
            : cl.clSetKernelArg(kernel, number, argument.bytes, argument.value);
    if (!device.check(code, launch.kernel))
      return false;
    ++number;
  }
  // Kernels take their shared memory as the last argument, also when they use
  // none; OpenCL does not allow it to be empty.
  if (!device.check(cl.clSetKernelArg(
                        kernel, number,
                        launch.sharedBytes ? launch.sharedBytes : 1, nullptr),
                    launch.kernel))
    return false;
  size_t global[3], local[3];
  for (int i = 0; i < 3; ++i) {
    local[i] = launch.threads[i];
    global[i] = size_t(launch.groups[i]) * launch.threads[i];
  }
  return device.check(cl.clEnqueueNDRangeKernel(device.queue, kernel, 3,
                                                nullptr, global, local, 0,
                                                nullptr, nullptr),
                      launch.kernel);
}

std::string OpenCLDevice::nameOf(cl_device_id id) const {
  char text[256] = "";
  cl.clGetDeviceInfo(id, CL_DEVICE_NAME, sizeof text - 1, text, nullptr);
  return text;
}

/// The first device of the best kind, or the first that was asked for.
bool OpenCLDevice::choose() {
  cl_platform_id platforms[16];
  cl_uint numPlatforms = 0;
  // Without a platform the loader reports an error of its own.
  cl.clGetPlatformIDs(16, platforms, &numPlatforms);
  if (numPlatforms == 0)
    return fail("no OpenCL platform: install a driver, or pocl-opencl-icd to "
                "run on the CPU");
  const char *asked = getenv("ATTUNE_GPU");
  std::string names;
  int best = -1;
  for (cl_uint i = 0; i < (numPlatforms < 16 ? numPlatforms : 16); ++i) {
    cl_device_id devices[16];
    cl_uint count = 0;
    if (cl.clGetDeviceIDs(platforms[i], CL_DEVICE_TYPE_ALL, 16, devices,
                          &count) != CL_SUCCESS)
      continue;
    for (cl_uint j = 0; j < (count < 16 ? count : 16); ++j) {
      std::string found = nameOf(devices[j]);
      names += (names.empty() ? "'" : ", '") + found + "'";
      cl_bitfield type = 0;
      cl.clGetDeviceInfo(devices[j], CL_DEVICE_TYPE, sizeof type, &type,
                         nullptr);
      int rank = type & CL_DEVICE_TYPE_GPU ? 2 : !(type & CL_DEVICE_TYPE_CPU);
      if (asked && found.find(asked) == std::string::npos)
        continue;
      if (rank <= best)
        continue;
      best = rank;
      device = devices[j];
      name = found;
    }
  }
  if (device)
    return true;
  if (names.empty())
    return fail("no OpenCL device: the platforms that are installed find none");
  return fail(format("ATTUNE_GPU=%s: no OpenCL device has such a name; there "
                     "are %s",
                     asked, names.c_str()));
}

bool OpenCLDevice::open() {
  if (!choose())
    return false;
  cl_bitfield shared = 0;
  cl.clGetDeviceInfo(device, CL_DEVICE_SVM_CAPABILITIES, sizeof shared, &shared,
                     nullptr);
  if (!cl.hasSharedMemory() || !(shared & CL_DEVICE_SVM_COARSE_GRAIN_BUFFER))
    return fail(format("the OpenCL device '%s' has no shared virtual memory "
                       "(OpenCL 2.0), which kernels need; choose another one "
                       "with ATTUNE_GPU=NAME",
                       name.c_str()));
  cl_int code;
  context = cl.clCreateContext(nullptr, 1, &device, nullptr, nullptr, &code);
  if (!check(code, "creating a context"))
    return false;
  queue = cl.clCreateCommandQueue(context, device, 0, &code);
  return check(code, "creating a queue");
}

std::unique_ptr<Program> OpenCLDevice::load(std::string_view code) {
  const char *text = code.data();
  size_t bytes = code.size();
  cl_int status;
  cl_program program =
      cl.clCreateProgramWithSource(context, 1, &text, &bytes, &status);
  if (!check(status, "loading kernels"))
    return nullptr;
  // Halide would put small buffers into constant memory if there was any.
  status = cl.clBuildProgram(
      program, 1, &device,
      "-D MAX_CONSTANT_BUFFER_SIZE=0 -D MAX_CONSTANT_ARGS=0", nullptr, nullptr);
  if (status != CL_SUCCESS) {
    char log[160] = "";
    size_t needed = 0;
    std::string whole;
    cl.clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, 0, nullptr,
                             &needed);
    whole.resize(needed);
    cl.clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, needed,
                             whole.data(), nullptr);
    // The first error says most, on one line.
    size_t at = whole.find("error:");
    for (size_t i = 0, from = at == std::string::npos ? 0 : at;
         i + 1 < sizeof log && from + i < whole.size() && whole[from + i] &&
         whole[from + i] != '\n';
         ++i)
      log[i] = whole[from + i];
    fail(format("the OpenCL device '%s' does not compile the kernels: %s",
                name.c_str(), *log ? log : errorName(status)));
    cl.clReleaseProgram(program);
    return nullptr;
  }
  return std::make_unique<OpenCLProgram>(*this, program);
}

} // namespace

std::unique_ptr<Device> attune::rt::openOpenCL(std::string &error) {
  Library library("libOpenCL.so.1", "libOpenCL.so");
  Functions functions(library);
  if (!functions.isComplete()) {
    error = library ? "libOpenCL lacks functions of OpenCL 1.2"
                    : "no OpenCL: libOpenCL.so.1 is not installed (on Debian: "
                      "ocl-icd-libopencl1, with a driver or pocl-opencl-icd to "
                      "run on the CPU)";
    return nullptr;
  }
  auto device = std::make_unique<OpenCLDevice>(functions);
  if (device->open())
    return device;
  error = device->getError();
  return nullptr;
}
