//===- BaseTimes.cpp - How long default schedules take --------------------===//
#include "BaseTimes.h"
#include "RelativeTime.h"
#include <cmath>
#include <limits>

using namespace attune;

static CostQuery getQuery(const TrialRecord &record) {
  return {record.family, record.shapes, record.candidate, record.target,
          record.threads};
}

std::string BaseTimes::getKey(const CostQuery &query) {
  std::string key = query.family.str() + " " + std::to_string(query.threads);
  for (const std::vector<int64_t> &shape : query.shapes) {
    key += ' ';
    for (int64_t extent : shape)
      key += std::to_string(extent) + "x";
  }
  return key;
}

BaseTimes::BaseTimes(llvm::ArrayRef<const TrialRecord *> records) {
  for (const TrialRecord *record : records) {
    Problem &problem = problems[getKey(getQuery(*record))];
    problem.family = record->family;
    problem.shapes = record->shapes;
    problem.threads = record->threads;
    // Times without a speedup stand in where there are no others.
    bool better = getRelativeTime(record->result).has_value();
    if (better && !problem.hasSpeedups) {
      problem.hasSpeedups = true;
      problem.log = 0;
      problem.records = 0;
    }
    if (better != problem.hasSpeedups)
      continue;
    double log = std::log(record->result.time.median);
    problem.log += better ? log + std::log(record->result.speedup) : log;
    ++problem.records;
  }
  for (auto &entry : problems)
    entry.second.log /= static_cast<double>(entry.second.records);
}

double BaseTimes::getRelativeLog(const TrialRecord &record) const {
  if (std::optional<double> relative = getRelativeTime(record.result))
    return std::log(*relative);
  return std::log(record.result.time.median) - getLog(getQuery(record));
}

/// Calls `visit` with the logarithm of the ratio of each pair of extents; false
/// when ranks differ.
template <typename Visitor>
static bool compareShapes(const KernelShapes &a, const KernelShapes &b,
                          Visitor visit) {
  if (a.size() != b.size())
    return false;
  auto positive = [](int64_t extent) {
    return std::max(static_cast<double>(extent), 1.0);
  };
  for (auto [left, right] : llvm::zip_equal(a, b)) {
    if (left.size() != right.size())
      return false;
    for (auto [l, r] : llvm::zip_equal(left, right))
      visit(std::log(positive(l) / positive(r)));
  }
  return true;
}

const BaseTimes::Problem *BaseTimes::findNearest(const CostQuery &query) const {
  const Problem *nearest = nullptr;
  double least = std::numeric_limits<double>::infinity();
  for (const auto &entry : problems) {
    const Problem &problem = entry.second;
    if (problem.family != query.family)
      continue;
    double distance = std::abs(std::log(std::max(query.threads, 1)) -
                               std::log(std::max(problem.threads, 1)));
    if (!compareShapes(query.shapes, problem.shapes,
                       [&](double log) { distance += std::abs(log); }))
      continue;
    if (distance < least) {
      least = distance;
      nearest = &problem;
    }
  }
  return nearest;
}

double BaseTimes::getLog(const CostQuery &query) const {
  if (auto it = problems.find(getKey(query)); it != problems.end())
    return it->second.log;
  const Problem *nearest = findNearest(query);
  if (!nearest)
    return 0;
  // Products read and write m x k, k x n and m x n elements in m x n x k steps:
  // the root of the three's product. Of other families it is a rough guess.
  double growth = 0;
  compareShapes(query.shapes, nearest->shapes,
                [&](double log) { growth += log / 2; });
  return nearest->log + growth;
}
