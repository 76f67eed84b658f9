//===- Database.cpp - What was measured before ----------------------------===//
#include "attune/Tuning/Database.h"
#include "DatabaseFile.h"
#include "attune/Support/Error.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/xxhash.h"
#include <cmath>

using namespace attune;
namespace fs = llvm::sys::fs;

/// How many damaged lines are described; the others are counted.
static constexpr size_t kMaxDetails = 20;

std::string DatabaseProblems::describe() const {
  std::vector<std::string> parts;
  auto plural = [](int64_t count, llvm::StringRef one, llvm::StringRef many) {
    return std::to_string(count) + " " + (count == 1 ? one : many).str();
  };
  if (damaged)
    parts.push_back(plural(damaged, "damaged line", "damaged lines") +
                    (tornEnd ? " (the last one torn)" : ""));
  if (newer)
    parts.push_back(plural(newer, "record", "records") + " of a newer version");
  return llvm::join(parts, ", ");
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

llvm::Expected<TuningDatabase> TuningDatabase::load(llvm::StringRef path,
                                                    bool mayBeMissing) {
  if (mayBeMissing && !fs::exists(path))
    return TuningDatabase();
  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> buffer =
      readDatabaseFile(path);
  if (!buffer)
    return buffer.takeError();
  return parse((*buffer)->getBuffer());
}

TuningDatabase TuningDatabase::parse(llvm::StringRef text) {
  TuningDatabase database;
  DatabaseProblems &problems = database.problems;
  forEachLine(text, [&](int64_t number, llvm::StringRef line, bool isWhole) {
    RecordProblem problem = RecordProblem::Damaged;
    std::string reason;
    if (std::optional<TrialRecord> record =
            parseRecord(line, problem, &reason)) {
      database.add(std::move(*record));
    } else if (problem == RecordProblem::Newer) {
      ++problems.newer;
      database.newerLines.push_back(line.str());
    } else {
      ++problems.damaged;
      problems.tornEnd = !isWhole;
      if (problems.details.size() < kMaxDetails)
        problems.details.push_back("line " + std::to_string(number) + ": " +
                                   reason);
    }
  });
  return database;
}

//===----------------------------------------------------------------------===//
// Records
//===----------------------------------------------------------------------===//

/// A text that equal targets share, and no others.
static std::string getTargetText(const TargetKey &target) {
  std::string text;
  llvm::raw_string_ostream os(text);
  auto field = [&](llvm::StringRef value) {
    os << value.size() << ':' << value << ',';
  };
  field(target.arch);
  field(target.cpu);
  field(target.gpu);
  os << target.features.size() << ';';
  for (const std::string &feature : target.features)
    field(feature);
  os << target.vectorBits << ',' << target.l1Bytes << ',' << target.l2Bytes
     << ',' << target.l3Bytes << ',' << target.cores;
  return text;
}

uint64_t TuningDatabase::hashTrial(llvm::StringRef workload,
                                   const KernelShapes &shapes, uint64_t target,
                                   int threads, const Candidate &candidate,
                                   llvm::StringRef scheduleVersion) {
  llvm::SmallString<256> text;
  llvm::raw_svector_ostream os(text);
  os << workload << '\0' << target << '\0' << threads << '\0'
     << candidate.backend << '\0' << scheduleVersion;
  for (const std::vector<int64_t> &shape : shapes) {
    os << '\0';
    for (int64_t extent : shape)
      os << extent << ',';
  }
  for (const auto &[knob, value] : candidate.schedule.getValues())
    os << '\0' << knob << '=' << value;
  return llvm::xxh3_64bits(text.str());
}

void TuningDatabase::add(TrialRecord record) {
  auto [entry, isNew] = targetPlaces.try_emplace(getTargetText(record.target),
                                                 knownTargets.size());
  if (isNew)
    knownTargets.push_back(record.target);
  uint32_t target = entry->second;
  uint64_t trial =
      hashTrial(record.workload, record.shapes, target, record.threads,
                record.candidate, record.scheduleVersion);
  size_t index = records.size();
  byWorkload[record.workload].push_back(index);
  auto [last, isFirst] = lastOfTrial.try_emplace(trial, index);
  // Passing measurements do not take back what was confirmed.
  if (!isFirst && (record.confirmed || !records[last->second].confirmed ||
                   record.result.status != TrialStatus::Ok))
    last->second = index;
  trials.push_back(trial);
  targets.push_back(target);
  records.push_back(std::move(record));
}

void TuningDatabase::merge(const TuningDatabase &other) {
  // Not by iterators: `other` may be this.
  size_t count = other.records.size();
  records.reserve(records.size() + count);
  for (size_t i = 0; i < count; ++i)
    add(other.records[i]);
  llvm::StringSet<> known;
  known.insert(newerLines.begin(), newerLines.end());
  for (size_t i = 0, end = other.newerLines.size(); i < end; ++i)
    if (known.insert(other.newerLines[i]).second)
      newerLines.push_back(other.newerLines[i]);
  problems.damaged += other.problems.damaged;
  problems.newer += other.problems.newer;
  problems.tornEnd |= other.problems.tornEnd;
  for (const std::string &detail : other.problems.details)
    if (problems.details.size() < kMaxDetails)
      problems.details.push_back(detail);
}

bool TuningDatabase::isLast(size_t index) const {
  return lastOfTrial.find(trials[index])->second == index;
}

int64_t TuningDatabase::countForeign(const TargetKey &target) const {
  llvm::SmallVector<bool> isForeign;
  for (const TargetKey &known : knownTargets)
    isForeign.push_back(!matchTargets(known, target));
  return llvm::count_if(targets,
                        [&](uint32_t place) { return isForeign[place]; });
}

const TrialRecord *
TuningDatabase::findTrial(llvm::StringRef workload, const KernelShapes &shapes,
                          const TargetKey &target, int threads,
                          const Candidate &candidate,
                          llvm::StringRef scheduleVersion) const {
  auto place = targetPlaces.find(getTargetText(target));
  if (place == targetPlaces.end())
    return nullptr;
  auto it = lastOfTrial.find(hashTrial(workload, shapes, place->second, threads,
                                       candidate, scheduleVersion));
  if (it == lastOfTrial.end())
    return nullptr;
  const TrialRecord &record = records[it->second];
  bool isSame = record.workload == workload && record.shapes == shapes &&
                record.target == target && record.threads == threads &&
                record.candidate.isSame(candidate) &&
                record.scheduleVersion == scheduleVersion;
  return isSame ? &record : nullptr;
}

//===----------------------------------------------------------------------===//
// Looking up
//===----------------------------------------------------------------------===//

std::optional<ShapeDistance> attune::getDistance(const KernelShapes &a,
                                                 const KernelShapes &b) {
  if (a.size() != b.size())
    return std::nullopt;
  ShapeDistance distance;
  for (const auto &[left, right] : llvm::zip_equal(a, b)) {
    if (left.size() != right.size())
      return std::nullopt;
    for (const auto &[i, j] : llvm::zip_equal(left, right)) {
      if (i == j)
        continue;
      // Nothing is as near to an empty tensor as one of one element.
      double ratio = static_cast<double>(std::max<int64_t>(i, 1)) /
                     static_cast<double>(std::max<int64_t>(j, 1));
      distance.sum += std::abs(std::log2(ratio));
      distance.largestRatio =
          std::max({distance.largestRatio, ratio, 1 / ratio});
    }
  }
  return distance;
}

namespace {
/// Where a record stands among those that could be used; less is better.
struct Rank {
  /// 0: this machine at near shapes, 1: a similar one at near shapes, 2: this
  /// one at others, 3: a similar one at others.
  int tier;
  double distance;
  bool isUnconfirmed;
  bool hasOtherThreads;
  double slowness; ///< minus the speedup
  size_t index;
  auto operator<=>(const Rank &) const = default;
};
} // namespace

std::optional<DatabaseMatch>
TuningDatabase::find(const DatabaseQuery &query) const {
  auto bucket = byWorkload.find(query.workload);
  if (bucket == byWorkload.end())
    return std::nullopt;
  // There are far fewer machines than records.
  llvm::SmallVector<std::optional<TargetMatch>> matches(knownTargets.size());
  for (auto [known, match] : llvm::zip_equal(knownTargets, matches))
    match = matchTargets(known, query.target);

  std::vector<Rank> ranks;
  for (size_t index : bucket->second) {
    const TrialRecord &record = records[index];
    std::optional<TargetMatch> match = matches[targets[index]];
    if (!match || record.result.status != TrialStatus::Ok ||
        !std::isfinite(record.result.speedup) || !isLast(index))
      continue;
    std::optional<ShapeDistance> distance =
        getDistance(record.shapes, query.shapes);
    if (!distance || distance->largestRatio > kMaxTransferRatio)
      continue;
    bool isNear = distance->largestRatio <= kSameShapesRatio;
    bool isExact = *match == TargetMatch::Exact;
    ranks.push_back({(isNear ? 0 : 2) + (isExact ? 0 : 1), distance->sum,
                     !record.confirmed,
                     query.threads && record.threads != query.threads,
                     -record.result.speedup, index});
  }
  llvm::sort(ranks);

  auto accepts = [&](const TrialRecord &record) {
    return !query.accepts || query.accepts(record);
  };
  auto isSameGroup = [](const Rank &a, const Rank &b) {
    return a.tier == b.tier && a.distance == b.distance;
  };
  // The speedup of what is run without records: 1, or that of the default of
  // the only backend there is.
  auto getBase = [&](size_t first) {
    for (size_t i = first; !query.backend.empty() && i < ranks.size() &&
                           isSameGroup(ranks[i], ranks[first]);
         ++i) {
      const TrialRecord &record = records[ranks[i].index];
      if (record.candidate.source == "default" &&
          record.candidate.backend == query.backend && accepts(record))
        return record.result.speedup;
    }
    return 1.0;
  };
  // At these shapes the best candidate was measured again with care, and is
  // not faster than the default: those measured in passing are not either.
  bool isDefaultBest = false;
  double base = 1;
  for (auto [i, rank] : llvm::enumerate(ranks)) {
    const TrialRecord &record = records[rank.index];
    bool beginsGroup = i == 0 || !isSameGroup(rank, ranks[i - 1]);
    if (isDefaultBest && beginsGroup)
      return std::nullopt;
    if (beginsGroup)
      base = getBase(i);
    double speedup = record.result.speedup;
    if (record.candidate.source == "default") {
      if (speedup < base)
        continue;
    } else if (isDefaultBest) {
      continue;
    } else if (speedup <= base) {
      isDefaultBest = record.confirmed && accepts(record);
      continue;
    }
    if (accepts(record))
      return DatabaseMatch{&record, rank.tier == 0 ? Knowledge::Tuned
                                                   : Knowledge::Transferred};
  }
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

llvm::Expected<std::unique_ptr<DatabaseWriter>>
DatabaseWriter::open(llvm::StringRef path) {
  std::unique_ptr<DatabaseWriter> writer(new DatabaseWriter);
  writer->path = path.str();
  llvm::Expected<LockedFile> file =
      LockedFile::acquire(path, LockedFile::Mode::Append);
  if (!file)
    return file.takeError();
  writer->file = file->release();
  return writer;
}

DatabaseWriter::~DatabaseWriter() {
  if (file >= 0)
    LockedFile::close(file);
}

llvm::Error DatabaseWriter::append(const TrialRecord &record) {
  llvm::Expected<LockedFile> locked = LockedFile::acquire(
      path, LockedFile::Mode::Append, std::exchange(file, -1));
  if (!locked)
    return locked.takeError();
  llvm::Error error = locked->append(toLine(record) + "\n");
  file = locked->release();
  return error;
}

static std::string toText(llvm::ArrayRef<TrialRecord> records,
                          llvm::ArrayRef<std::string> newerLines) {
  std::string text;
  for (const TrialRecord &record : records)
    text += toLine(record) + "\n";
  for (const std::string &line : newerLines)
    text += line + "\n";
  return text;
}

llvm::Error attune::writeDatabase(llvm::StringRef path,
                                  llvm::ArrayRef<TrialRecord> records,
                                  llvm::ArrayRef<std::string> newerLines) {
  return replaceFile(path, toText(records, newerLines));
}

llvm::Error attune::rewriteDatabase(
    llvm::StringRef path,
    llvm::function_ref<
        llvm::Expected<std::vector<TrialRecord>>(TuningDatabase &)>
        change) {
  llvm::Expected<LockedFile> file =
      LockedFile::acquire(path, LockedFile::Mode::Append);
  if (!file)
    return file.takeError();
  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> buffer = file->read();
  if (!buffer)
    return buffer.takeError();
  TuningDatabase database = TuningDatabase::parse((*buffer)->getBuffer());
  llvm::Expected<std::vector<TrialRecord>> records = change(database);
  if (!records)
    return records.takeError();
  return replaceFile(path, toText(*records, database.getNewerLines()));
}

std::string attune::getSeedDatabasePath() {
  std::string program = fs::getMainExecutable(
      nullptr, reinterpret_cast<void *>(&attune::getSeedDatabasePath));
  llvm::SmallString<256> path(
      llvm::sys::path::parent_path(llvm::sys::path::parent_path(program)));
  llvm::sys::path::append(path, "share", "attune", "tuning.jsonl");
  return fs::is_regular_file(path) ? path.str().str() : "";
}
