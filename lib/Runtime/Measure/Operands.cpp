//===- Operands.cpp - Memory of a measured kernel -------------------------===//
#include "Operands.h"

#include "Support/Memory.h"
#include "attune/Runtime/Text.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <sys/mman.h>
#include <utility>

namespace attune::measure {

namespace {

/// Bytes before and after a result that no code may touch.
constexpr size_t kGuard = 256;
constexpr unsigned char kGuardByte = 0xa5;
/// Small weights do not take as much memory as asked for.
constexpr size_t kMostCopies = 256;
/// What results hold before a run: a NaN that no kernel computes.
constexpr uint32_t kNoFloat = 0x7fedcba9;
constexpr int64_t kNoInteger = 0x5aa55aa55aa55aa5;

size_t elementBytes(const AttuneMeasuredOperand &operand) {
  return operand.type == ATTUNE_F32 ? sizeof(float) : sizeof(int64_t);
}

/// splitmix64: numbers of good quality from a counter.
uint64_t scramble(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

void fillFloats(float *data, size_t count, uint64_t seed, int64_t min,
                int64_t max) {
  float low = min < max ? float(min) / 1024 : -1;
  float width = min < max ? float(max - min) / 1024 : 2;
  // The upper 24 bits as a number of [0, 1).
  for (size_t i = 0; i < count; ++i)
    data[i] = float(scramble(seed + i) >> 40) * 0x1p-24f * width + low;
}

void fillIntegers(int64_t *data, size_t count, uint64_t seed, int64_t min,
                  int64_t max) {
  uint64_t range = uint64_t(max) - uint64_t(min) + 1;
  for (size_t i = 0; i < count; ++i) {
    uint64_t random = scramble(seed + i);
    data[i] = int64_t(uint64_t(min) + (range ? random % range : random));
  }
}

/// Rows of ones that end in zeros: the first row a sixteenth of them, further
/// ones up to a quarter, so that most is in use, as in a batch of texts.
void fillMask(int64_t *data, const AttuneMeasuredOperand &operand,
              size_t count) {
  size_t columns =
      operand.rank ? std::max<size_t>(size_t(operand.dims[operand.rank - 1]), 1)
                   : 1;
  for (size_t i = 0; i < count; ++i) {
    size_t row = i / columns, column = i % columns;
    size_t zeros = columns * (1 + row % 4) / 16;
    data[i] = column + zeros < columns ? 1 : 0;
  }
}

void packPanels(const float *from, int64_t rows, int64_t columns, int64_t width,
                float *to) {
  for (int64_t first = 0; first < rows; first += width, to += columns * width) {
    int64_t count = std::min(width, rows - first);
    for (int64_t j = 0; j < count; ++j)
      for (int64_t k = 0; k < columns; ++k)
        to[k * width + j] = from[(first + j) * columns + k];
    // Pages come zeroed: rows beyond the last need no writing.
  }
}

int64_t panelCount(const AttuneMeasuredOperand &operand, int64_t width) {
  return (operand.dims[0] + width - 1) / width;
}

} // namespace

Pages::Pages(Pages &&other) noexcept { *this = std::move(other); }

Pages &Pages::operator=(Pages &&other) noexcept {
  std::swap(memory, other.memory);
  std::swap(bytes, other.bytes);
  return *this;
}

Pages::~Pages() { rt::releasePages(memory, bytes); }

bool Pages::reserve(size_t wanted) {
  bytes = wanted ? wanted : 1;
  memory = rt::reservePages(bytes);
  if (!memory)
    bytes = 0;
  return memory;
}

void Pages::protect() { mprotect(memory, bytes, PROT_READ); }

bool Operands::allocate(Buffer &buffer, size_t bytes, std::string &error) {
  // Buffers that all begin at the same offset of a page would compete for the
  // same lines of the caches, which those of a model do not.
  buffer.offset = kGuard + 64 * (7 * allocated++ % 48);
  if (bytes <= SIZE_MAX / 2 &&
      buffer.pages.reserve(buffer.offset + bytes + kGuard))
    return true;
  error = rt::format("out of memory: an operand takes %zu bytes", bytes);
  return false;
}

bool Operands::create(const AttuneMeasuredKernel &described,
                      size_t bytesOfWeights, std::string &error) {
  kernel = &described;
  weightBytes = bytesOfWeights;
  for (int32_t i = 0; i < described.num_operands; ++i) {
    const AttuneMeasuredOperand &operand = described.operands[i];
    size_t count = 1;
    for (int32_t d = 0; d < operand.rank; ++d)
      if (__builtin_mul_overflow(count, size_t(operand.dims[d]), &count) ||
          count > SIZE_MAX / 16) {
        error = rt::format("operand %d does not fit into memory", int(i));
        return false;
      }
    Buffer &buffer = buffers.emplace_back();
    elements.push_back(count);
    if (!allocate(buffer, count * elementBytes(operand), error))
      return false;
    uint64_t seed = uint64_t(i + 1) << 40;
    if (operand.fill == ATTUNE_FILL_NONE)
      continue;
    if (operand.type == ATTUNE_F32)
      fillFloats(reinterpret_cast<float *>(buffer.data()), count, seed,
                 operand.min, operand.max);
    else if (operand.fill == ATTUNE_FILL_MASK)
      fillMask(reinterpret_cast<int64_t *>(buffer.data()), operand, count);
    else
      fillIntegers(reinterpret_cast<int64_t *>(buffer.data()), count, seed,
                   operand.min, operand.max);
    buffer.pages.protect();
  }
  return true;
}

const Operands::Packed *Operands::findPacked(int32_t operand,
                                             int64_t width) const {
  for (const Packed &candidate : packed)
    if (candidate.operand == operand && candidate.width == width)
      return &candidate;
  return nullptr;
}

bool Operands::pack(const AttuneMeasuredCode &code, std::string &error) {
  for (int32_t i = 0; i < kernel->num_operands; ++i) {
    int64_t width = code.panels[i];
    if (!width || findPacked(i, width))
      continue;
    const AttuneMeasuredOperand &operand = kernel->operands[i];
    int64_t rows = operand.dims[0], columns = operand.dims[1];
    size_t count = size_t(panelCount(operand, width));
    if (__builtin_mul_overflow(count, size_t(columns * width), &count)) {
      error = rt::format("operand %d does not fit into memory", int(i));
      return false;
    }
    size_t bytes = count * sizeof(float);
    // Copies begin at different offsets of a page, as allocate() has it.
    size_t stride = (bytes + 63) / 64 * 64 + 7 * 64;
    size_t copies = std::clamp<size_t>(weightBytes / std::max<size_t>(bytes, 1),
                                       1, kMostCopies);
    Packed panels = {i, width, copies, stride, {}};
    if (!allocate(panels.buffer, copies * stride, error))
      return false;
    for (size_t copy = 0; copy < copies; ++copy)
      packPanels(
          reinterpret_cast<const float *>(buffers[size_t(i)].data()), rows,
          columns, width,
          reinterpret_cast<float *>(panels.buffer.data() + copy * stride));
    panels.buffer.pages.protect();
    packed.push_back(std::move(panels));
  }
  return true;
}

std::vector<std::vector<int64_t>>
Operands::describe(const AttuneMeasuredCode &code) const {
  size_t copies = 1;
  for (int32_t i = 0; i < kernel->num_operands; ++i)
    if (int64_t width = code.panels[i])
      copies = std::max(copies, findPacked(i, width)->copies);
  std::vector<std::vector<int64_t>> blocks;
  for (size_t copy = 0; copy < copies; ++copy)
    blocks.push_back(describe(code, copy));
  return blocks;
}

std::vector<int64_t> Operands::describe(const AttuneMeasuredCode &code,
                                        size_t copy) const {
  std::vector<int64_t> block;
  for (int32_t i = 0; i < kernel->num_operands; ++i) {
    const AttuneMeasuredOperand &operand = kernel->operands[i];
    std::vector<int64_t> dims(operand.dims, operand.dims + operand.rank);
    const char *data = buffers[size_t(i)].data();
    if (int64_t width = code.panels[i]) {
      const Packed &panels = *findPacked(i, width);
      data = panels.buffer.data() + copy % panels.copies * panels.stride;
      dims = {panelCount(operand, width), operand.dims[1], width};
    }
    int64_t address = int64_t(reinterpret_cast<intptr_t>(data));
    block.insert(block.end(), {address, address, 0});
    block.insert(block.end(), dims.begin(), dims.end());
    std::vector<int64_t> strides(dims.size(), 1);
    for (size_t d = dims.size(); d-- > 1;)
      strides[d - 1] = strides[d] * dims[d];
    block.insert(block.end(), strides.begin(), strides.end());
  }
  return block;
}

void Operands::clearResults() {
  for (int32_t i = 0; i < kernel->num_operands; ++i) {
    const AttuneMeasuredOperand &operand = kernel->operands[i];
    if (operand.fill != ATTUNE_FILL_NONE)
      continue;
    Buffer &buffer = buffers[size_t(i)];
    size_t count = elements[size_t(i)];
    if (operand.type == ATTUNE_F32)
      std::fill_n(reinterpret_cast<uint32_t *>(buffer.data()), count, kNoFloat);
    else
      std::fill_n(reinterpret_cast<int64_t *>(buffer.data()), count,
                  kNoInteger);
    memset(buffer.data() - kGuard, kGuardByte, kGuard);
    memset(buffer.data() + count * elementBytes(operand), kGuardByte, kGuard);
  }
}

bool Operands::guardsAreIntact() const {
  auto intact = [](const char *guard) {
    return std::all_of(guard, guard + kGuard, [](char byte) {
      return static_cast<unsigned char>(byte) == kGuardByte;
    });
  };
  for (int32_t i = 0; i < kernel->num_operands; ++i) {
    const AttuneMeasuredOperand &operand = kernel->operands[i];
    const char *data = buffers[size_t(i)].data();
    if (operand.fill == ATTUNE_FILL_NONE &&
        !(intact(data - kGuard) &&
          intact(data + elements[size_t(i)] * elementBytes(operand))))
      return false;
  }
  return true;
}

bool Operands::keepReference(std::string &error) {
  reference.clear();
  for (int32_t i = 0; i < kernel->num_operands; ++i) {
    const AttuneMeasuredOperand &operand = kernel->operands[i];
    if (operand.fill != ATTUNE_FILL_NONE)
      continue;
    size_t bytes = elements[size_t(i)] * elementBytes(operand);
    Pages &copy = reference.emplace_back();
    if (!copy.reserve(bytes)) {
      error = "out of memory for the reference's results";
      return false;
    }
    memcpy(copy.data(), buffers[size_t(i)].data(), bytes);
    copy.protect();
  }
  return true;
}

double Operands::compare() const {
  double largest = 0;
  size_t result = 0;
  for (int32_t i = 0; i < kernel->num_operands; ++i) {
    const AttuneMeasuredOperand &operand = kernel->operands[i];
    if (operand.fill != ATTUNE_FILL_NONE)
      continue;
    const char *want = reference[result++].data();
    const char *have = buffers[size_t(i)].data();
    size_t count = elements[size_t(i)];
    if (memcmp(want, have, count * elementBytes(operand)) == 0)
      continue;
    if (operand.type != ATTUNE_F32)
      return kIncomparable;
    const auto *a = reinterpret_cast<const float *>(want);
    const auto *b = reinterpret_cast<const float *>(have);
    for (size_t j = 0; j < count; ++j) {
      double wanted = a[j], found = b[j];
      if (wanted == found || (std::isnan(wanted) && std::isnan(found) &&
                              memcmp(&b[j], &kNoFloat, sizeof kNoFloat) != 0))
        continue;
      double difference =
          std::fabs(wanted - found) / std::max(1.0, std::fabs(wanted));
      // Not a number, or an infinity and a number.
      if (!(difference < kIncomparable))
        return kIncomparable;
      largest = std::max(largest, difference);
    }
  }
  return largest;
}

} // namespace attune::measure
