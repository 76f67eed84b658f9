//===- Database.h - What was measured before --------------------*- C++ -*-===//
#ifndef ATTUNE_TUNING_DATABASE_H
#define ATTUNE_TUNING_DATABASE_H

#include "attune/Tuning/Record.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace attune {

/// What reading found that is not used.
struct DatabaseProblems {
  int64_t damaged = 0;  ///< lines that are no records
  int64_t newer = 0;    ///< records of a newer schema
  bool tornEnd = false; ///< the last line ends in the middle (also damaged)
  /// "3 damaged lines, 2 records of a newer version"; empty: none.
  std::string describe() const;
};

/// What is known of a workload on a machine.
enum class Knowledge { Tuned, Transferred };

struct DatabaseQuery {
  std::string workload;
  KernelShapes shapes;
  TargetKey target;
  /// Whether a record may be used: its backend exists here, its schedule fits.
  llvm::function_ref<bool(const TrialRecord &)> accepts;
};

struct DatabaseMatch {
  const TrialRecord *record;
  Knowledge knowledge;
};

/// Records in memory. Names and formats are those of Record.h.
class TuningDatabase {
public:
  /// Reads a file. A missing file is an error unless `mayBeMissing`.
  static llvm::Expected<TuningDatabase> load(llvm::StringRef path,
                                             bool mayBeMissing = false);

  void add(TrialRecord record);
  /// Adds all records of another database.
  void merge(const TuningDatabase &other);

  llvm::ArrayRef<TrialRecord> getRecords() const { return records; }
  const DatabaseProblems &getProblems() const { return problems; }

  /// The fastest correct record of a workload: among those of the exact target
  /// and of shapes within a factor of two of the wanted ones, the one with the
  /// largest speedup at the nearest shapes (Tuned); else among similar targets
  /// or other shapes (Transferred). A record slower than the default (speedup
  /// below 1) never wins over the default's own.
  std::optional<DatabaseMatch> find(const DatabaseQuery &query) const;

  /// The record of this trial, if it was made before with a final result.
  const TrialRecord *findTrial(llvm::StringRef workload,
                               const KernelShapes &shapes,
                               const TargetKey &target, int threads,
                               const Candidate &candidate,
                               llvm::StringRef scheduleVersion) const;

private:
  std::vector<TrialRecord> records;
  llvm::StringMap<std::vector<size_t>> byWorkload;
  DatabaseProblems problems;
};

/// Appends to a database file that others may append to as well. A line is
/// written as a whole under a lock of the file and synchronised to the disk; a
/// torn last line that another process left is ended first.
class DatabaseWriter {
public:
  static llvm::Expected<std::unique_ptr<DatabaseWriter>>
  open(llvm::StringRef path);
  ~DatabaseWriter();
  llvm::Error append(const TrialRecord &record);

private:
  DatabaseWriter() = default;
  std::string path;
  int file = -1;
};

/// Writes a whole database, by rename once complete.
llvm::Error writeDatabase(llvm::StringRef path,
                          llvm::ArrayRef<TrialRecord> records);

/// The path of the records that ship with Attune; empty when there are none
/// beside the compiler.
std::string getSeedDatabasePath();

} // namespace attune

#endif // ATTUNE_TUNING_DATABASE_H
