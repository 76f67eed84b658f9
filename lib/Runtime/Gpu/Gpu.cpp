//===- Gpu.cpp - A model's memory on a GPU --------------------------------===//
#include "Gpu.h"
#include "attune/Runtime/Text.h"

#include <cstring>
#include <new>

using namespace attune::rt;

/// Ranges begin at multiples of this, as kernels that read vectors expect.
static size_t roundUp(size_t bytes) { return (bytes + 255) / 256 * 256; }

AttuneGpu::~AttuneGpu() {
  if (!device->enter())
    return;
  device->finish();
  programs.clear();
  for (const Block &block : borrowed)
    device->release(block.address);
  if (callMemory.address)
    device->release(callMemory.address);
  if (weights.address)
    device->release(weights.address);
  device->leave();
}

bool AttuneGpu::addWeights(const void *host, size_t bytes) {
  if (!bytes)
    return true;
  weights = {static_cast<char *>(const_cast<void *>(host)), bytes, 0,
             ATTUNE_GPU_INPUT};
  weights.address = device->allocate(bytes);
  return weights.address && device->copyIn(weights.address, host, bytes);
}

bool AttuneGpu::begin(const AttuneGpuRange *given, size_t count) {
  ranges.clear();
  // Also of nothing but empty ranges there is an address.
  size_t needed = roundUp(1);
  for (size_t i = 0; i < count; ++i)
    needed += roundUp(given[i].bytes);
  if (needed > callMemory.bytes) {
    if (callMemory.address)
      device->release(callMemory.address);
    callMemory = {};
    Address memory = device->allocate(needed);
    if (!memory)
      return false;
    callMemory = {memory, needed, false};
  }
  Address next = callMemory.address;
  for (size_t i = 0; i < count; ++i) {
    ranges.push_back({static_cast<char *>(given[i].host), given[i].bytes, next,
                      given[i].use});
    next += roundUp(given[i].bytes);
  }
  for (const Mirror &range : ranges)
    if ((range.use & ATTUNE_GPU_INPUT) && range.bytes &&
        !device->copyIn(range.address, range.host, range.bytes))
      return false;
  return true;
}

bool AttuneGpu::end() {
  bool fine = device->finish();
  for (const Mirror &range : ranges)
    if (fine && (range.use & ATTUNE_GPU_OUTPUT) && range.bytes)
      fine = device->copyOut(range.host, range.address, range.bytes);
  ranges.clear();
  return fine;
}

AttuneGpu::Address AttuneGpu::find(const void *host, size_t bytes) const {
  auto *place = static_cast<const char *>(host);
  auto holds = [&](const Mirror &range) {
    return place >= range.host && place <= range.host + range.bytes &&
           bytes <= size_t(range.host + range.bytes - place);
  };
  for (const Mirror &range : ranges)
    if (holds(range))
      return range.address + size_t(place - range.host);
  return holds(weights) ? weights.address + size_t(place - weights.host) : 0;
}

AttuneGpu::Address AttuneGpu::borrow(size_t bytes) {
  Block *best = nullptr;
  for (Block &block : borrowed)
    if (block.isFree && block.bytes >= bytes &&
        (!best || block.bytes < best->bytes))
      best = &block;
  if (best) {
    best->isFree = false;
    return best->address;
  }
  // Launches run in order, so that memory given back can be lent again at once.
  Address memory = device->allocate(roundUp(bytes ? bytes : 1));
  if (memory)
    borrowed.push_back({memory, roundUp(bytes ? bytes : 1), false});
  return memory;
}

void AttuneGpu::giveBack(Address address) {
  for (Block &block : borrowed)
    if (block.address == address)
      block.isFree = true;
}

bool AttuneGpu::addProgram(const char *code, size_t bytes) {
  // Halide counts the terminator.
  std::string_view text(code, strnlen(code, bytes));
  Code *same = nullptr;
  for (Code &known : programs) {
    if (known.text == text)
      same = &known;
    else if (known.address == code)
      known.address = nullptr;
  }
  if (!same) {
    std::unique_ptr<Program> program = device->load(text);
    if (!program)
      return false;
    programs.push_back({code, std::string(text), std::move(program)});
    return true;
  }
  same->address = code;
  return true;
}

Program *AttuneGpu::getProgram(const void *code) const {
  for (const Code &known : programs)
    if (known.address == code)
      return known.program.get();
  return nullptr;
}

namespace {

void tell(std::string_view text, char *message, size_t size) {
  if (!size)
    return;
  size_t length = text.size() < size ? text.size() : size - 1;
  memcpy(message, text.data(), length);
  message[length] = 0;
}

using Open = std::unique_ptr<Device> (*)(std::string &error);

template <Open openDevice>
AttuneGpu *open(const void *weights, size_t bytes, char *message, size_t size) {
  std::string error;
  std::unique_ptr<Device> device = openDevice(error);
  if (!device) {
    tell(error, message, size);
    return nullptr;
  }
  std::unique_ptr<AttuneGpu> gpu(new (std::nothrow)
                                     AttuneGpu(std::move(device)));
  if (!gpu) {
    tell("no memory", message, size);
    return nullptr;
  }
  bool entered = gpu->device->enter();
  if (entered && gpu->addWeights(weights, bytes)) {
    gpu->device->leave();
    return gpu.release();
  }
  tell(gpu->device->getError(), message, size);
  if (entered)
    gpu->device->leave();
  return nullptr;
}

void close(AttuneGpu *gpu) { delete gpu; }

int32_t begin(AttuneGpu *gpu, const AttuneGpuRange *ranges, size_t count,
              char *message, size_t size) {
  bool entered = gpu->device->enter();
  if (entered && gpu->begin(ranges, count))
    return 0;
  tell(gpu->device->getError(), message, size);
  if (entered)
    gpu->device->leave();
  return 1;
}

int32_t end(AttuneGpu *gpu, char *message, size_t size) {
  bool fine = gpu->end();
  if (!fine)
    tell(gpu->device->getError(), message, size);
  gpu->device->leave();
  return !fine;
}

} // namespace

extern "C" {

const AttuneGpuDriver attune_gpu_opencl = {"opencl", open<openOpenCL>, close,
                                           begin, end};
const AttuneGpuDriver attune_gpu_cuda = {"cuda", open<openCuda>, close, begin,
                                         end};
}
