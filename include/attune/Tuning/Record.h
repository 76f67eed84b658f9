//===- Record.h - One trial of the tuner ------------------------*- C++ -*-===//
//
// The tuning database is a text file of JSON objects, one a line: readable,
// mergeable by concatenation, and safe to append to. A record says what was
// run, where, how, and what came of it.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_TUNING_RECORD_H
#define ATTUNE_TUNING_RECORD_H

#include "attune/Kernel/Schedule.h"
#include "attune/Tuning/TargetKey.h"
#include "attune/Tuning/Workload.h"
#include "llvm/Support/JSON.h"

namespace attune {

/// Grows when the meaning of a field changes; newer records are not used.
inline constexpr int64_t kRecordSchema = 1;

/// A way to compute a kernel.
struct Candidate {
  std::string backend;
  Schedule schedule;
  /// Who proposed it: "default", "neighbour", "random", "evolution",
  /// "coordinate", "autoscheduler".
  std::string source;

  /// Whether both are the same code; who proposed it does not matter.
  bool isSame(const Candidate &other) const {
    return backend == other.backend && schedule == other.schedule;
  }
};

enum class TrialStatus { Ok, Wrong, CompileFailed, Crashed, Timeout };
llvm::StringRef getName(TrialStatus status);
std::optional<TrialStatus> parseTrialStatus(llvm::StringRef name);

/// Times of one candidate, in milliseconds a run.
struct TimeStatistics {
  int64_t samples = 0; ///< each the mean of enough runs to be measurable
  double min = 0, median = 0;
  double quartile1 = 0, quartile3 = 0;
};

/// What measuring one candidate gave.
struct Measurement {
  TrialStatus status = TrialStatus::Ok;
  std::string detail; ///< why not ok, one line
  TimeStatistics time;
  /// Largest difference to the reference candidate's results, absolute up to a
  /// magnitude of one and relative beyond.
  double error = 0;
  /// Time of the default schedule of the preferred backend over this one's
  /// (medians), measured in turns in the same process; above 1 is faster.
  double speedup = 0;
};

struct TrialRecord {
  std::string workload; ///< Workload::id
  std::string family, label;
  KernelShapes shapes;
  TargetKey target;
  int threads = 1;
  Candidate candidate;
  std::string scheduleVersion; ///< Backend::getScheduleVersion()
  std::string compiler;        ///< getCompilerVersion()
  Measurement result;
  double predictedMs = 0; ///< by the cost model before it ran; 0: not asked
  /// Measured again as a winner, with more rounds: counts before records of
  /// the same workload that were not. Its speedup is at most 1 when it was not
  /// faster than the reference beyond noise.
  bool confirmed = false;
  std::string time; ///< when it ended, UTC, "2026-01-31T12:00:00Z"
};

/// Version of Attune and of the LLVM that it was built with.
std::string getCompilerVersion();

llvm::json::Value toJSON(const TrialRecord &record);

/// Why a line of a database is not used.
enum class RecordProblem { Damaged, Newer };

/// Reads what toJSON wrote, in one line. Fields that are not known are ignored.
/// `problem` is set on failure, and `reason`, when given, says what was
/// expected and what was found. The line may come from anywhere: its length,
/// nesting and numbers are limited.
std::optional<TrialRecord> parseRecord(llvm::StringRef line,
                                       RecordProblem &problem,
                                       std::string *reason = nullptr);

/// The record as a line of a database, without its end.
std::string toLine(const TrialRecord &record);

/// "1x128x384", or "scalar" for no extents.
std::string printShape(llvm::ArrayRef<int64_t> shape);

} // namespace attune

#endif // ATTUNE_TUNING_RECORD_H
