//===- Maintenance.h - Checking and thinning out a database -----*- C++ -*-===//
#ifndef ATTUNE_TUNING_MAINTENANCE_H
#define ATTUNE_TUNING_MAINTENANCE_H

#include "attune/Tuning/Database.h"

namespace attune {

/// Whether this build can use a record.
enum class RecordUse {
  Usable,
  UnknownBackend, ///< it is of a backend that this build does not have
  Stale,          ///< its schedule means other code by now
  Invalid         ///< its backend does not know its knobs
};
/// Writes the reason of Invalid.
using RecordJudge =
    llvm::function_ref<RecordUse(const TrialRecord &, std::string &reason)>;

/// Drops records that say the same as an earlier one in every field; returns
/// how many.
int64_t dropDuplicates(std::vector<TrialRecord> &records);

/// Earlier records first, by their times; the order of others stays.
void sortByTime(std::vector<TrialRecord> &records);

struct PruneOptions {
  /// Fastest correct records kept of each workload, sizes, machine, threads and
  /// backend. The default schedules' are kept besides.
  int64_t keep = 3;
  bool keepFailed = false;
  /// Stale and invalid ones, also correct ones without times.
  bool keepStale = false;
};

struct PruneResult {
  std::vector<TrialRecord> records; ///< in the database's order
  int64_t failed = 0, stale = 0, repeated = 0, slower = 0; ///< dropped
};

/// What is left of a database when only what look-ups need is kept: repeated
/// trials but the last, failures and slow candidates go. Records of backends
/// that this build does not have are judged like others.
PruneResult prune(const TuningDatabase &database, const PruneOptions &options,
                  RecordJudge judge);

/// What is in a database file.
struct DatabaseReport {
  int64_t records = 0, ok = 0, failed = 0;
  int64_t duplicates = 0; ///< say the same as an earlier one in every field
  int64_t unknownBackend = 0, stale = 0;
  int64_t invalid = 0;   ///< knobs that the backend does not know
  int64_t untimed = 0;   ///< correct, but without positive times
  DatabaseProblems file; ///< lines that are no records
  /// "line 7: ...": the first of what is damaged, invalid or untimed.
  std::vector<std::string> details;

  /// Whether something in the file should not be there.
  bool isDamaged() const { return file.damaged || invalid || untimed; }
};

DatabaseReport checkDatabase(llvm::StringRef text, RecordJudge judge);
/// Reads the file first.
llvm::Expected<DatabaseReport> checkDatabaseFile(llvm::StringRef path,
                                                 RecordJudge judge);

} // namespace attune

#endif // ATTUNE_TUNING_MAINTENANCE_H
