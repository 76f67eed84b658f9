//===- Database.h - What was measured before --------------------*- C++ -*-===//
#ifndef ATTUNE_TUNING_DATABASE_H
#define ATTUNE_TUNING_DATABASE_H

#include "attune/Tuning/Record.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <unordered_map>

namespace attune {

/// What reading found that is not used.
struct DatabaseProblems {
  int64_t damaged = 0;  ///< lines that are no records
  int64_t newer = 0;    ///< records of a newer schema
  bool tornEnd = false; ///< the last line ends in the middle (also damaged)
  /// Where and what, e.g. "line 7: expected a number as 'speedup'"; those of
  /// the first damaged lines.
  std::vector<std::string> details;
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
  /// Asked of the best first until it says yes. Null: any record.
  llvm::function_ref<bool(const TrialRecord &)> accepts;
  /// Of records that are equal otherwise, those with as many threads come
  /// first; 0: none does.
  int threads = 0;
  /// The only backend that may be taken; empty: any. Its own default is then
  /// what a record has to beat, however that compares with the reference.
  std::string backend = {};
};

struct DatabaseMatch {
  const TrialRecord *record;
  Knowledge knowledge;
};

/// Records in memory. Names and formats are those of Record.h.
class TuningDatabase {
public:
  /// Reads a file. A missing file is an error unless `mayBeMissing`. Lines that
  /// are no records are no error: getProblems() counts them.
  static llvm::Expected<TuningDatabase> load(llvm::StringRef path,
                                             bool mayBeMissing = false);
  /// The records in a file's text.
  static TuningDatabase parse(llvm::StringRef text);

  void add(TrialRecord record);
  /// Adds all records of another database, and its problems to this one's.
  void merge(const TuningDatabase &other);

  llvm::ArrayRef<TrialRecord> getRecords() const { return records; }
  const DatabaseProblems &getProblems() const { return problems; }
  /// Lines with records of a newer schema, which are to be kept as they are.
  llvm::ArrayRef<std::string> getNewerLines() const { return newerLines; }
  /// Whether a record is what counts of its trial: no later one repeats it,
  /// unless it was confirmed and the later one not.
  bool isLast(size_t index) const;
  /// How many records come from machines that do not even match `target`
  /// similarly: never used there.
  int64_t countForeign(const TargetKey &target) const;

  /// The fastest correct record of a workload: among those of the exact target
  /// and of shapes within a factor of two of the wanted ones, the one with the
  /// largest speedup at the nearest shapes (Tuned); else among similar targets
  /// or other shapes (Transferred). A record slower than the default (speedup
  /// below 1) never wins over the default's own.
  ///
  /// The distance of shapes is the sum of |log2| of the ratios of extents;
  /// those of other ranks, or with an extent more than kMaxTransferRatio off,
  /// do not carry over. Similar machines at near shapes come before this
  /// machine at others. Of trials that were repeated only the last counts, and
  /// of records at equal shapes only confirmed ones where there are any, beside
  /// the default's own. Any but the default's own is faster than the default.
  std::optional<DatabaseMatch> find(const DatabaseQuery &query) const;

  /// The last record of this trial, if it was made before, whatever came of it;
  /// a confirmed one rather than later ones that are not.
  const TrialRecord *findTrial(llvm::StringRef workload,
                               const KernelShapes &shapes,
                               const TargetKey &target, int threads,
                               const Candidate &candidate,
                               llvm::StringRef scheduleVersion) const;

private:
  /// What makes records repetitions of one trial.
  static uint64_t hashTrial(llvm::StringRef workload,
                            const KernelShapes &shapes, uint64_t target,
                            int threads, const Candidate &candidate,
                            llvm::StringRef scheduleVersion);

  std::vector<TrialRecord> records;
  std::vector<uint64_t> trials;  ///< hashTrial of each record
  std::vector<uint32_t> targets; ///< of each record: its place in knownTargets
  std::vector<TargetKey> knownTargets;
  llvm::StringMap<uint32_t> targetPlaces;
  llvm::StringMap<std::vector<size_t>> byWorkload;
  std::unordered_map<uint64_t, size_t> lastOfTrial;
  std::vector<std::string> newerLines;
  DatabaseProblems problems;
};

/// Within this factor shapes count as those that were measured.
inline constexpr double kSameShapesRatio = 2;
/// Beyond this factor in any extent nothing is known of a kernel.
inline constexpr double kMaxTransferRatio = 16;

/// Sum of |log2| of the ratios of extents, and the largest ratio of two of
/// them; nothing when ranks differ.
struct ShapeDistance {
  double sum = 0, largestRatio = 1;
};
std::optional<ShapeDistance> getDistance(const KernelShapes &a,
                                         const KernelShapes &b);

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

/// Writes a whole database, by rename once complete. `newerLines` go in as they
/// are.
llvm::Error writeDatabase(llvm::StringRef path,
                          llvm::ArrayRef<TrialRecord> records,
                          llvm::ArrayRef<std::string> newerLines = {});

/// Replaces the records of a file, which may be missing, by those that `change`
/// makes of them. Writers wait meanwhile and go on with the new file. Lines of
/// newer schemas stay, also those that `change` merges; damaged ones go. An
/// error of `change` leaves the file as it is.
llvm::Error
rewriteDatabase(llvm::StringRef path,
                llvm::function_ref<
                    llvm::Expected<std::vector<TrialRecord>>(TuningDatabase &)>
                    change);

/// Writes `text` to a new file that takes the place of `path` once it is
/// complete and on the disk. Links are followed.
llvm::Error replaceFile(llvm::StringRef path, llvm::StringRef text);

/// The path of the records that ship with Attune; empty when there are none
/// beside the compiler.
std::string getSeedDatabasePath();

} // namespace attune

#endif // ATTUNE_TUNING_DATABASE_H
