//===- Maintenance.cpp - Checking and thinning out a database -------------===//
#include "attune/Tuning/Maintenance.h"
#include "DatabaseFile.h"
#include "attune/Tuning/Summary.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MemoryBuffer.h"
#include <cmath>
#include <numeric>
#include <tuple>

using namespace attune;

static constexpr size_t kMaxDetails = 20;

int64_t attune::dropDuplicates(std::vector<TrialRecord> &records) {
  llvm::StringSet<> seen;
  size_t before = records.size();
  llvm::erase_if(records, [&](const TrialRecord &record) {
    return !seen.insert(toLine(record)).second;
  });
  return static_cast<int64_t>(before - records.size());
}

void attune::sortByTime(std::vector<TrialRecord> &records) {
  std::vector<size_t> order(records.size());
  std::iota(order.begin(), order.end(), size_t(0));
  llvm::sort(order, [&](size_t a, size_t b) {
    // UTC in one form: the order of texts is that of times.
    return std::tie(records[a].time, a) < std::tie(records[b].time, b);
  });
  std::vector<TrialRecord> sorted;
  sorted.reserve(records.size());
  for (size_t index : order)
    sorted.push_back(std::move(records[index]));
  records = std::move(sorted);
}

/// Whether the times of a correct trial can be times.
static bool hasTimes(const Measurement &result) {
  const TimeStatistics &time = result.time;
  for (double number :
       {time.min, time.median, time.quartile1, time.quartile3, result.speedup})
    if (!std::isfinite(number) || number <= 0)
      return false;
  return time.samples > 0 && time.min <= time.median &&
         time.quartile1 <= time.median && time.median <= time.quartile3;
}

//===----------------------------------------------------------------------===//
// Pruning
//===----------------------------------------------------------------------===//

PruneResult attune::prune(const TuningDatabase &database,
                          const PruneOptions &options, RecordJudge judge) {
  PruneResult result;
  llvm::ArrayRef<TrialRecord> records = database.getRecords();
  std::vector<char> isKept(records.size(), false);
  for (const TaskRecords &task : summarize(database)) {
    llvm::StringMap<std::vector<const TrialRecord *>> byBackend;
    for (const TrialRecord *record : task.records) {
      size_t index = record - records.data();
      std::string reason;
      RecordUse use = judge(*record, reason);
      bool isOk = record->result.status == TrialStatus::Ok;
      if (!options.keepStale &&
          (use == RecordUse::Stale || use == RecordUse::Invalid ||
           (isOk && !hasTimes(record->result))))
        ++result.stale;
      else if (!database.isLast(index))
        ++result.repeated;
      else if (isOk)
        byBackend[record->candidate.backend].push_back(record);
      else if (options.keepFailed)
        isKept[index] = true;
      else
        ++result.failed;
    }
    for (auto &entry : byBackend) {
      std::vector<const TrialRecord *> &correct = entry.second;
      // What look-ups prefer comes first.
      llvm::sort(correct, [](const TrialRecord *a, const TrialRecord *b) {
        return std::tuple(!a->confirmed, -a->result.speedup, a) <
               std::tuple(!b->confirmed, -b->result.speedup, b);
      });
      int64_t left = options.keep;
      for (const TrialRecord *record : correct) {
        bool isDefault = record->candidate.source == "default";
        if (isDefault || left > 0) {
          isKept[record - records.data()] = true;
          left -= !isDefault;
        } else {
          ++result.slower;
        }
      }
    }
  }
  for (auto [record, kept] : llvm::zip_equal(records, isKept))
    if (kept)
      result.records.push_back(record);
  return result;
}

//===----------------------------------------------------------------------===//
// Checking
//===----------------------------------------------------------------------===//

DatabaseReport attune::checkDatabase(llvm::StringRef text, RecordJudge judge) {
  DatabaseReport report;
  llvm::StringSet<> seen;
  auto detail = [&](int64_t number, const llvm::Twine &what) {
    if (report.details.size() < kMaxDetails)
      report.details.push_back(
          ("line " + llvm::Twine(number) + ": " + what).str());
  };
  forEachLine(text, [&](int64_t number, llvm::StringRef line, bool isWhole) {
    RecordProblem problem = RecordProblem::Damaged;
    std::string reason;
    std::optional<TrialRecord> record = parseRecord(line, problem, &reason);
    if (!record) {
      if (problem == RecordProblem::Newer) {
        ++report.file.newer;
        return;
      }
      ++report.file.damaged;
      report.file.tornEnd = !isWhole;
      detail(number, reason);
      return;
    }
    ++report.records;
    bool isOk = record->result.status == TrialStatus::Ok;
    ++(isOk ? report.ok : report.failed);
    report.duplicates += !seen.insert(toLine(*record)).second;
    if (isOk && !hasTimes(record->result)) {
      ++report.untimed;
      detail(number, "expected positive times of a correct trial");
    }
    switch (judge(*record, reason)) {
    case RecordUse::Usable:
      break;
    case RecordUse::UnknownBackend:
      ++report.unknownBackend;
      break;
    case RecordUse::Stale:
      ++report.stale;
      break;
    case RecordUse::Invalid:
      ++report.invalid;
      detail(number, reason);
      break;
    }
  });
  return report;
}

llvm::Expected<DatabaseReport> attune::checkDatabaseFile(llvm::StringRef path,
                                                         RecordJudge judge) {
  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> buffer =
      readDatabaseFile(path);
  if (!buffer)
    return buffer.takeError();
  return checkDatabase((*buffer)->getBuffer(), judge);
}
