//===- MeasureTestSupport.h - Measuring for tests ---------------*- C++ -*-===//
#ifndef ATTUNE_TEST_UNIT_TUNING_MEASURETESTSUPPORT_H
#define ATTUNE_TEST_UNIT_TUNING_MEASURETESTSUPPORT_H

#include "attune/Tuning/MeasureProgram.h"
#include "gtest/gtest.h"
#include <mutex>

namespace attune {

/// The runtime's archives of this build.
inline MeasureTools getTestTools() {
  MeasureTools tools;
  tools.runtimeDirectory = ATTUNE_BINARY_DIR "/lib";
  return tools;
}

/// Short measurements: tests look at results, not at times.
inline MeasureOptions getTestOptions() {
  MeasureOptions options;
  options.rounds = 3;
  options.sampleMs = 0.2;
  options.timeout = 20;
  // Nobody is dropped for being slow.
  options.killRatio = 1e9;
  return options;
}

inline TargetDesc getTestTarget() {
  llvm::Expected<TargetDesc> target = getTarget("native");
  if (target)
    return *target;
  ADD_FAILURE() << llvm::toString(target.takeError());
  return {};
}

/// Keeps warnings.
class Warnings {
public:
  std::function<void(llvm::StringRef)> listen() {
    return [this](llvm::StringRef text) { lines.push_back(text.str()); };
  }
  /// How many contain `part`.
  size_t count(llvm::StringRef part) const {
    size_t found = 0;
    for (llvm::StringRef line : lines)
      found += line.contains(part);
    return found;
  }

private:
  std::vector<std::string> lines;
};

/// Compiles C that defines entries, with the system's C compiler.
MeasuredCode compileC(llvm::StringRef source, llvm::StringRef name);

/// A kernel `out[i] = 2 * in[i]` in C, whose name is used up by `body`: the
/// statements of task `index` over `in`, `out` and `n`.
MeasuredCode makeDoubling(llvm::StringRef name, llvm::StringRef body);
/// The right one.
inline MeasuredCode makeDoubling(llvm::StringRef name) {
  return makeDoubling(name, "for (long i = 0; i < n; ++i) out[i] = 2 * in[i];");
}
/// Its operands, of 1000 elements.
std::vector<AttuneMeasuredOperand> getDoublingOperands();

} // namespace attune

#endif // ATTUNE_TEST_UNIT_TUNING_MEASURETESTSUPPORT_H
