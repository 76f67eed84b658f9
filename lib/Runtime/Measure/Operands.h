//===- Operands.h - Memory of a measured kernel -----------------*- C++ -*-===//
//
// Every code reads the same operands, in the layout that it asks for, and
// writes to the same results. Operands are write-protected, results have guards
// around them.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LIB_RUNTIME_MEASURE_OPERANDS_H
#define ATTUNE_LIB_RUNTIME_MEASURE_OPERANDS_H

#include "attune/Runtime/MeasureABI.h"

#include <cstddef>
#include <string>
#include <vector>

namespace attune::measure {

/// Zeroed pages.
class Pages {
public:
  Pages() = default;
  Pages(Pages &&other) noexcept;
  Pages &operator=(Pages &&other) noexcept;
  ~Pages();
  /// False when there is no memory.
  bool reserve(size_t bytes);
  char *data() const { return static_cast<char *>(memory); }
  size_t size() const { return bytes; }
  /// Writing ends the process from now on.
  void protect();

private:
  void *memory = nullptr;
  size_t bytes = 0;
};

class Operands {
public:
  /// Makes operands for a kernel; the same at each call. Packed weights come in
  /// as many copies as take `weightBytes` together, at least one: in a model
  /// whose weights do not fit the caches, each layer finds its own in memory.
  /// False and a reason when there is not enough memory for them.
  bool create(const AttuneMeasuredKernel &kernel, size_t weightBytes,
              std::string &error);

  /// Adds the operands in the layouts that a code wants.
  bool pack(const AttuneMeasuredCode &code, std::string &error);

  /// The blocks of descriptors for a code whose operands have been packed: one
  /// for each copy of its weights.
  std::vector<std::vector<int64_t>>
  describe(const AttuneMeasuredCode &code) const;

  /// Fills results and guards with what no kernel computes.
  void clearResults();

  /// Whether nothing was written around the results.
  bool guardsAreIntact() const;

  /// Keeps the results as those that others are compared with.
  bool keepReference(std::string &error);

  /// Calls `visit(data, bytes)` for all memory that codes read or write.
  template <typename Visitor> void forEachBuffer(Visitor visit) const {
    for (const Buffer &buffer : buffers)
      visit(buffer.pages.data(), buffer.pages.size());
    for (const Packed &panels : packed)
      visit(panels.buffer.pages.data(), panels.buffer.pages.size());
  }

  /// The largest difference of the results to the reference's: absolute up to
  /// a magnitude of one and relative beyond. What is not comparable (a NaN and
  /// a number, unequal integers) differs by at least `kIncomparable`.
  double compare() const;
  static constexpr double kIncomparable = 1e30;

private:
  struct Buffer {
    Pages pages;
    size_t offset = 0; ///< of the first element
    char *data() const { return pages.data() + offset; }
  };
  /// An operand in panels.
  struct Packed {
    int32_t operand;
    int64_t width;
    size_t copies;
    size_t stride; ///< bytes from one to the next
    Buffer buffer;
  };

  bool allocate(Buffer &buffer, size_t bytes, std::string &error);
  const Packed *findPacked(int32_t operand, int64_t width) const;
  std::vector<int64_t> describe(const AttuneMeasuredCode &code,
                                size_t copy) const;

  const AttuneMeasuredKernel *kernel = nullptr;
  std::vector<size_t> elements; ///< of each operand
  std::vector<Buffer> buffers;  ///< of each operand
  std::vector<Packed> packed;
  std::vector<Pages> reference; ///< of each result
  size_t weightBytes = 0;
  size_t allocated = 0;
};

} // namespace attune::measure

#endif // ATTUNE_LIB_RUNTIME_MEASURE_OPERANDS_H
