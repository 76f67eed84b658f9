//===- Summary.h - What a database knows, by workload -----------*- C++ -*-===//
#ifndef ATTUNE_TUNING_SUMMARY_H
#define ATTUNE_TUNING_SUMMARY_H

#include "attune/Tuning/Database.h"
#include "llvm/Support/raw_ostream.h"

namespace attune {

/// The records of one workload at one size, on one machine with one number of
/// threads: those whose times are comparable.
struct TaskRecords {
  /// In the database's order; never empty.
  std::vector<const TrialRecord *> records;
  int64_t ok = 0, failed = 0;
  /// What a compiler that accepts all of them would use: the fastest, by the
  /// rules of TuningDatabase::find. Null when nothing was correct, or nothing
  /// as fast as the default.
  const TrialRecord *best = nullptr;

  const TrialRecord &front() const { return *records.front(); }
  double getSpeedup() const { return best ? best->result.speedup : 0; }
};

/// Groups records, sorted by family, label, sizes, machine and threads. The
/// database outlives the result.
std::vector<TaskRecords> summarize(const TuningDatabase &database);

/// Whether records are of one task in that sense.
bool isSameTask(const TrialRecord &a, const TrialRecord &b);

/// A task whose winners differ between two databases, or that only one of them
/// knows: then the other is null.
struct TaskDifference {
  const TaskRecords *before, *after;
};
/// Both sorted as summarize() does. `withEqual`: also tasks with one winner.
std::vector<TaskDifference> compare(llvm::ArrayRef<TaskRecords> before,
                                    llvm::ArrayRef<TaskRecords> after,
                                    bool withEqual);

/// "1x128x384 -> 1x128x1536": first argument and last result.
std::string printShapes(const KernelShapes &shapes);
/// All of them: "1x128x384, 1536x384, 1x128x1536".
std::string printAllShapes(const KernelShapes &shapes);
/// "haswell, 4 cores", and the GPU where one ran the kernel.
std::string printMachine(const TargetKey &target);
/// "x86_64, avx2 fma, 256-bit vectors, L1 32 KB, L2 256 KB, L3 8 MB".
std::string printFeatures(const TargetKey &target);

/// Comma-separated values, one record a line below a line of names.
void writeCSV(llvm::raw_ostream &os,
              llvm::ArrayRef<const TrialRecord *> records);

} // namespace attune

#endif // ATTUNE_TUNING_SUMMARY_H
