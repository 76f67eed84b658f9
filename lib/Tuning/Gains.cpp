//===- Gains.cpp - What is a gain, and what is noise ----------------------===//
#include "attune/Tuning/Tuner.h"
#include "llvm/Support/Chrono.h"
#include "llvm/Support/FormatVariadic.h"
#include <chrono>
#include <cmath>

using namespace attune;

double attune::getExpectedGain(llvm::ArrayRef<KernelProgress> kernels) {
  double before = 0, after = 0;
  for (const KernelProgress &kernel : kernels) {
    before += kernel.getModelMsBefore();
    after += kernel.getModelMsAfter();
  }
  return after > 0 ? before / after - 1 : 0;
}

/// The standard error of a median, relative to it.
static double getRelativeError(const TimeStatistics &time) {
  if (time.samples < 1 || !(time.median > 0))
    return 0;
  double spread = (time.quartile3 - time.quartile1) / 1.349;
  return 1.253 * spread / std::sqrt(static_cast<double>(time.samples)) /
         time.median;
}

bool attune::isFasterBeyondNoise(const Measurement &candidate,
                                 const Measurement &reference) {
  if (candidate.status != TrialStatus::Ok || !(reference.speedup > 0))
    return false;
  double error = std::hypot(getRelativeError(candidate.time),
                            getRelativeError(reference.time));
  return candidate.speedup / reference.speedup > 1 + std::max(0.01, 2 * error);
}

std::string attune::getRecordTime() {
  auto now = std::chrono::time_point_cast<std::chrono::seconds>(
      std::chrono::system_clock::now());
  return llvm::formatv(
             "{0:%Y-%m-%dT%H:%M:%SZ}",
             llvm::sys::toUtcTime(std::chrono::system_clock::to_time_t(now)))
      .str();
}
