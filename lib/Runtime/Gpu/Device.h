//===- Device.h - A GPU and what runs on it ---------------------*- C++ -*-===//
//
// What the interfaces to GPUs have in common, as far as models need it: memory
// by address, programs from text, launches in order.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_RUNTIME_GPU_DEVICE_H
#define ATTUNE_LIB_RUNTIME_GPU_DEVICE_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace attune::rt {

/// A place in the memory of a device; 0 is none. Sums of an address and an
/// offset within the allocation are addresses, too.
using DeviceAddress = uint64_t;

/// One argument of a kernel: `bytes` at `value`, where for memory of the device
/// a DeviceAddress lies.
struct KernelArgument {
  const void *value;
  size_t bytes;
  bool isAddress;
};

/// A launch of one kernel: groups and threads of a group, all of them positive.
struct KernelLaunch {
  const char *kernel;
  uint32_t groups[3];
  uint32_t threads[3];
  uint32_t sharedBytes; ///< of memory that a group shares
  const KernelArgument *arguments;
  size_t numArguments;
};

/// Code that the device can run.
class Program {
public:
  virtual ~Program() = default;
  /// Begins after all that was asked for before. False: Device::getError().
  virtual bool launch(const KernelLaunch &launch) = 0;
};

/// Functions that return false, 0 or null leave a message in getError().
class Device {
public:
  virtual ~Device() = default;

  /// Before and after all other functions, on the thread that calls them.
  virtual bool enter() { return true; }
  virtual void leave() {}

  virtual DeviceAddress allocate(size_t bytes) = 0;
  /// Nothing that the device still runs may use it.
  virtual void release(DeviceAddress address) = 0;
  /// In the order of launches; the memory at `from` is free to change then.
  virtual bool copyIn(DeviceAddress to, const void *from, size_t bytes) = 0;
  /// Waits for what was launched before, and for the copy.
  virtual bool copyOut(void *to, DeviceAddress from, size_t bytes) = 0;
  /// Waits for all that was asked for.
  virtual bool finish() = 0;
  /// Text of kernels in the interface's own language.
  virtual std::unique_ptr<Program> load(std::string_view code) = 0;

  const std::string &getError() const { return error; }
  /// Sets the message of getError(), returns false.
  bool fail(std::string message) {
    error = std::move(message);
    return false;
  }

private:
  std::string error;
};

/// Opens the GPU to be used: the one whose name contains the environment's
/// ATTUNE_GPU, else the first one. Null with a message in `error`.
std::unique_ptr<Device> openOpenCL(std::string &error);
std::unique_ptr<Device> openCuda(std::string &error);

} // namespace attune::rt

#endif // ATTUNE_LIB_RUNTIME_GPU_DEVICE_H
