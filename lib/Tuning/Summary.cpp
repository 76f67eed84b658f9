//===- Summary.cpp - What a database knows, by workload -------------------===//
#include "attune/Tuning/Summary.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include <map>
#include <tuple>

using namespace attune;

//===----------------------------------------------------------------------===//
// Tasks
//===----------------------------------------------------------------------===//

/// What tasks are sorted by, and told apart.
static auto getTaskKey(const TrialRecord &record) {
  const TargetKey &target = record.target;
  return std::tie(record.family, record.label, record.workload, record.shapes,
                  target.arch, target.cpu, target.gpu, target.features,
                  target.vectorBits, target.l1Bytes, target.l2Bytes,
                  target.l3Bytes, target.cores, record.threads);
}

namespace {
struct TaskOrder {
  bool operator()(const TrialRecord *a, const TrialRecord *b) const {
    return getTaskKey(*a) < getTaskKey(*b);
  }
};
} // namespace

bool attune::isSameTask(const TrialRecord &a, const TrialRecord &b) {
  return getTaskKey(a) == getTaskKey(b);
}

std::vector<TaskRecords> attune::summarize(const TuningDatabase &database) {
  std::map<const TrialRecord *, TaskRecords, TaskOrder> tasks;
  for (const TrialRecord &record : database.getRecords()) {
    TaskRecords &task = tasks[&record];
    task.records.push_back(&record);
    ++(record.result.status == TrialStatus::Ok ? task.ok : task.failed);
  }
  std::vector<TaskRecords> result;
  for (auto &[first, task] : tasks) {
    // A database of its own, so that a look-up sees no other sizes.
    TuningDatabase own;
    for (const TrialRecord *record : task.records)
      own.add(*record);
    if (std::optional<DatabaseMatch> match =
            own.find({first->workload, first->shapes, first->target,
                      /*accepts=*/nullptr, first->threads}))
      task.best = task.records[match->record - own.getRecords().data()];
    result.push_back(std::move(task));
  }
  return result;
}

std::vector<TaskDifference> attune::compare(llvm::ArrayRef<TaskRecords> before,
                                            llvm::ArrayRef<TaskRecords> after,
                                            bool withEqual) {
  std::vector<TaskDifference> result;
  TaskOrder isLess;
  while (!before.empty() || !after.empty()) {
    TaskDifference difference{nullptr, nullptr};
    bool takesBefore =
        after.empty() || (!before.empty() && !isLess(&after.front().front(),
                                                     &before.front().front()));
    bool takesAfter =
        before.empty() || (!after.empty() && !isLess(&before.front().front(),
                                                     &after.front().front()));
    if (takesBefore) {
      difference.before = &before.front();
      before = before.drop_front();
    }
    if (takesAfter) {
      difference.after = &after.front();
      after = after.drop_front();
    }
    const TrialRecord *a = takesBefore ? difference.before->best : nullptr;
    const TrialRecord *b = takesAfter ? difference.after->best : nullptr;
    bool isEqual = takesBefore && takesAfter &&
                   (a && b ? a->candidate.isSame(b->candidate) : a == b);
    if (withEqual || !isEqual)
      result.push_back(difference);
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Texts
//===----------------------------------------------------------------------===//

std::string attune::printShapes(const KernelShapes &shapes) {
  if (shapes.empty())
    return "";
  if (shapes.size() == 1)
    return printShape(shapes.front());
  return printShape(shapes.front()) + " -> " + printShape(shapes.back());
}

std::string attune::printAllShapes(const KernelShapes &shapes) {
  return llvm::join(
      llvm::map_range(shapes,
                      [](const auto &shape) { return printShape(shape); }),
      ", ");
}

std::string attune::printMachine(const TargetKey &target) {
  return target.cpu + ", " + std::to_string(target.cores) +
         (target.cores == 1 ? " core" : " cores") +
         (target.gpu.empty() ? "" : ", " + target.gpu);
}

/// "256 KB", "8 MB".
static std::string printBytes(int64_t bytes) {
  if (bytes >= (1 << 20) && bytes % (1 << 20) == 0)
    return std::to_string(bytes >> 20) + " MB";
  if (bytes % (1 << 10) == 0)
    return std::to_string(bytes >> 10) + " KB";
  return std::to_string(bytes) + " bytes";
}

std::string attune::printFeatures(const TargetKey &target) {
  return llvm::formatv("{0}, {1}, {2}-bit vectors, L1 {3}, L2 {4}, L3 {5}",
                       target.arch, llvm::join(target.features, " "),
                       target.vectorBits, printBytes(target.l1Bytes),
                       printBytes(target.l2Bytes), printBytes(target.l3Bytes));
}

/// A field in quotes where its text needs them.
static std::string quote(llvm::StringRef text) {
  if (text.find_first_of(",\"\r\n") == llvm::StringRef::npos)
    return text.str();
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"')
      quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

void attune::writeCSV(llvm::raw_ostream &os,
                      llvm::ArrayRef<const TrialRecord *> records) {
  os << "workload,family,label,shapes,arch,cpu,features,vector_bits,l1,l2,l3,"
        "cores,gpu,threads,backend,schedule,source,schedule_version,compiler,"
        "status,samples,min_ms,median_ms,q1_ms,q3_ms,speedup,error,"
        "predicted_ms,confirmed,time,detail\n";
  for (const TrialRecord *record : records) {
    const TargetKey &target = record->target;
    const Measurement &result = record->result;
    bool isOk = result.status == TrialStatus::Ok;
    llvm::ListSeparator comma(",");
    auto text = [&](llvm::StringRef field) { os << comma << quote(field); };
    auto whole = [&](int64_t field) { os << comma << field; };
    // Times are left empty where there was nothing to time.
    auto number = [&](double field, bool isKnown) {
      os << comma;
      if (isKnown)
        os << llvm::format("%.9g", field);
    };
    text(record->workload);
    text(record->family);
    text(record->label);
    text(llvm::join(
        llvm::map_range(record->shapes,
                        [](const auto &shape) { return printShape(shape); }),
        " "));
    text(target.arch);
    text(target.cpu);
    text(llvm::join(target.features, " "));
    whole(target.vectorBits);
    whole(target.l1Bytes);
    whole(target.l2Bytes);
    whole(target.l3Bytes);
    whole(target.cores);
    text(target.gpu);
    whole(record->threads);
    text(record->candidate.backend);
    text(record->candidate.schedule.str());
    text(record->candidate.source);
    text(record->scheduleVersion);
    text(record->compiler);
    text(getName(result.status));
    whole(result.time.samples);
    number(result.time.min, isOk);
    number(result.time.median, isOk);
    number(result.time.quartile1, isOk);
    number(result.time.quartile3, isOk);
    number(result.speedup, isOk);
    number(result.error, isOk || result.error != 0);
    number(record->predictedMs, record->predictedMs != 0);
    text(record->confirmed ? "yes" : "no");
    text(record->time);
    text(result.detail);
    os << '\n';
  }
}
