//===- Neighbours.cpp - What won on kernels like this one -----------------===//
#include "KernelTuning.h"
#include <map>

using namespace attune;

/// How far apart the extents of two kernels are, in factors of two.
static double getFactors(const KernelShapes &a, const KernelShapes &b) {
  constexpr double kOtherForm = 64;
  std::optional<ShapeDistance> distance = getDistance(a, b);
  return distance ? std::min(distance->sum, kOtherForm) : kOtherForm;
}

std::vector<Candidate> attune::findNeighbours(const TuningDatabase &database,
                                              const KernelTask &task,
                                              const TargetKey &target,
                                              size_t most) {
  struct Winner {
    const TrialRecord *record;
    double distance;
  };
  auto isBetter = [](const TrialRecord &a, const TrialRecord &b) {
    return std::pair(a.confirmed, a.result.speedup) >
           std::pair(b.confirmed, b.result.speedup);
  };
  // One winner a workload, shapes and kind of machine.
  using Key = std::tuple<std::string, KernelShapes, int>;
  std::map<Key, Winner> winners;
  for (const TrialRecord &record : database.getRecords()) {
    if (record.family != task.workload.family ||
        record.result.status != TrialStatus::Ok || !(record.result.speedup > 0))
      continue;
    std::optional<TargetMatch> match = matchTargets(record.target, target);
    int machine = !match ? 2 : *match == TargetMatch::Exact ? 0 : 1;
    bool isSelf = machine == 0 && record.workload == task.workload.id &&
                  record.shapes == task.shapes;
    if (isSelf)
      continue;
    double distance = machine * 1000.0 +
                      (record.workload == task.workload.id ? 0 : 1) +
                      getFactors(record.shapes, task.shapes);
    auto [entry, isNew] =
        winners.try_emplace(Key(record.workload, record.shapes, machine),
                            Winner{&record, distance});
    if (!isNew && isBetter(record, *entry->second.record))
      entry->second.record = &record;
  }
  std::vector<std::pair<double, const TrialRecord *>> sorted;
  for (const auto &[key, winner] : winners)
    sorted.emplace_back(winner.distance, winner.record);
  // Equally near ones in the database's order.
  llvm::sort(sorted);
  std::vector<Candidate> result;
  for (const auto &[distance, record] : sorted) {
    Candidate candidate = record->candidate;
    candidate.source = "neighbour";
    bool isThere = llvm::any_of(result, [&](const Candidate &other) {
      return other.isSame(candidate);
    });
    if (!isThere && result.size() < most)
      result.push_back(std::move(candidate));
  }
  return result;
}
