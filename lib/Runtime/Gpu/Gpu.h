//===- Gpu.h - A model's memory on a GPU ------------------------*- C++ -*-===//
#ifndef ATTUNE_LIB_RUNTIME_GPU_GPU_H
#define ATTUNE_LIB_RUNTIME_GPU_GPU_H

#include "Device.h"
#include "attune/Runtime/Gpu.h"

#include <vector>

/// What a handle keeps of its GPU. Functions that return false leave a message
/// in the device.
struct AttuneGpu {
  using Address = attune::rt::DeviceAddress;

  explicit AttuneGpu(std::unique_ptr<attune::rt::Device> device)
      : device(std::move(device)) {}
  ~AttuneGpu();
  AttuneGpu(const AttuneGpu &) = delete;
  AttuneGpu &operator=(const AttuneGpu &) = delete;

  /// Copies weights to the device.
  bool addWeights(const void *host, size_t bytes);

  /// As AttuneGpuDriver says.
  bool begin(const AttuneGpuRange *ranges, size_t count);
  bool end();

  /// What stands for memory of this process; 0 when that is unknown.
  Address find(const void *host, size_t bytes) const;

  /// Memory for the time between two launches, which earlier launches may
  /// still use.
  Address borrow(size_t bytes);
  void giveBack(Address address);

  /// Makes a text of kernels known by its address, which another text may have
  /// had before, when code comes and goes.
  bool addProgram(const char *code, size_t bytes);
  /// The program that addProgram() has made last of a text at this address;
  /// null without.
  attune::rt::Program *getProgram(const void *code) const;

  std::unique_ptr<attune::rt::Device> device;

private:
  struct Mirror {
    char *host;
    size_t bytes;
    Address address;
    int32_t use;
  };
  struct Block {
    Address address;
    size_t bytes;
    bool isFree;
  };

  Mirror weights = {};
  std::vector<Mirror> ranges; ///< of the call
  Block callMemory = {};      ///< what ranges lie in
  std::vector<Block> borrowed;
  struct Code {
    const void *address;
    std::string text;
    std::unique_ptr<attune::rt::Program> program;
  };
  std::vector<Code> programs;
};

#endif // ATTUNE_LIB_RUNTIME_GPU_GPU_H
