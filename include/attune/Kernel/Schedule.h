//===- Schedule.h - Knobs and their values ----------------------*- C++ -*-===//
//
// A schedule says how a kernel computes what its region says: values of named
// knobs. Backends that know a knob of the same name mean the same by it.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_KERNEL_SCHEDULE_H
#define ATTUNE_KERNEL_SCHEDULE_H

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <string>
#include <vector>

namespace attune {

/// A knob of a kernel family.
struct Knob {
  llvm::StringRef name;
  llvm::StringRef description;
  /// Values worth trying, in ascending order.
  llvm::SmallVector<int64_t> choices;
  /// Where the knob is not zero, somebody else decides what the other knobs
  /// would (an autoscheduler): they then mean nothing and are left out.
  bool overrides = false;
};

/// Values of knobs; stored in the IR as a dictionary of i64.
class Schedule {
public:
  Schedule() = default;
  explicit Schedule(mlir::DictionaryAttr attr);

  int64_t get(llvm::StringRef name, int64_t otherwise) const;
  Schedule &set(llvm::StringRef name, int64_t value);
  mlir::DictionaryAttr toAttr(mlir::MLIRContext *context) const;
  /// "mr=6 nv=2", the form that reports show.
  std::string str() const;
  /// Names and values, sorted by name.
  llvm::ArrayRef<std::pair<std::string, int64_t>> getValues() const {
    return values;
  }
  bool operator==(const Schedule &) const = default;

private:
  std::vector<std::pair<std::string, int64_t>> values; // sorted by name
};

} // namespace attune

#endif // ATTUNE_KERNEL_SCHEDULE_H
