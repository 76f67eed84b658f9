//===- CostModel.cpp - Guessing times from earlier ones -------------------===//
//
// A time is predicted in two parts: that of the default schedule on the kernel,
// which says nothing about the candidate and is looked up, and the candidate's
// relative to it, which trees learn. Speedups were measured in turns with the
// default, so that they carry neither the machine's drift nor the kernel's size
// and are comparable between workloads.
//
//===----------------------------------------------------------------------===//
#include "attune/Tuning/CostModel.h"
#include "BaseTimes.h"
#include "Features.h"
#include "RegressionTrees.h"
#include "Uniform.h"
#include <cmath>
#include <map>
#include <numeric>

using namespace attune;

static constexpr size_t kLeastRecords = 16, kMostRecords = 4096;

/// Logarithms of relative times as trees learn them: small ones as they are,
/// large ones compressed into (-1, 1). Ten times slower or twenty is much the
/// same, and a disturbed measurement must not outweigh many good ones.
static double compress(double log) { return log / (1 + std::abs(log)); }
static double expand(double value) {
  double bounded = std::clamp(value, -0.9, 0.9);
  return bounded / (1 - std::abs(bounded));
}

struct CostModel::Impl {
  void fit(std::vector<const TrialRecord *> records);
  double predict(const CostQuery &query) const;
  std::optional<double> crossValidate() const;

  bool isFitted = false;
  FeatureColumns columns;
  BaseTimes baseTimes;
  RegressionTrees trees;
  /// What it was fitted to, for validation.
  std::optional<BinnedTable> table;
  std::vector<std::vector<float>> rows;
  std::vector<double> targets;
  std::vector<size_t> groups;     ///< of each row: workload, shapes, threads
  std::vector<size_t> candidates; ///< of each row, within its group
  mutable std::optional<std::optional<double>> correlation;
};

static CostQuery getQuery(const TrialRecord &record) {
  return {record.family, record.shapes, record.candidate, record.target,
          record.threads};
}

static bool isUsable(const TrialRecord &record) {
  const Measurement &result = record.result;
  return result.status == TrialStatus::Ok &&
         std::isfinite(result.time.median) && result.time.median > 0;
}

/// An even share of too many records.
static void thinOut(std::vector<const TrialRecord *> &records) {
  if (records.size() <= kMostRecords)
    return;
  std::vector<const TrialRecord *> kept;
  for (size_t i = 0; i < kMostRecords; ++i)
    kept.push_back(records[i * records.size() / kMostRecords]);
  records = std::move(kept);
}

void CostModel::Impl::fit(std::vector<const TrialRecord *> records) {
  baseTimes = BaseTimes(records);
  columns = FeatureColumns(records);
  std::map<std::string, size_t> groupOf, candidateOf;
  for (const TrialRecord *record : records) {
    CostQuery query = getQuery(*record);
    rows.push_back(columns.compute(query));
    targets.push_back(compress(baseTimes.getRelativeLog(*record)));
    std::string group = record->workload + BaseTimes::getKey(query);
    groups.push_back(groupOf.try_emplace(group, groupOf.size()).first->second);
    std::string candidate =
        group + record->candidate.backend + record->candidate.schedule.str();
    candidates.push_back(
        candidateOf.try_emplace(candidate, candidateOf.size()).first->second);
  }
  table.emplace(rows);
  std::vector<uint32_t> all(rows.size());
  std::iota(all.begin(), all.end(), 0);
  trees.fit(*table, targets, all, BoostingOptions());
  isFitted = true;
}

double CostModel::Impl::predict(const CostQuery &query) const {
  double relative = expand(trees.predict(columns.compute(query)));
  return std::exp(baseTimes.getLog(query) + relative);
}

std::optional<double> CostModel::Impl::crossValidate() const {
  constexpr uint64_t kFolds = 4;
  constexpr size_t kLeastOfGroup = 6;
  // Equal candidates share a fold: none is validated by itself.
  Generator generator(0);
  std::vector<uint64_t> foldOfCandidate;
  std::vector<uint64_t> fold(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    while (foldOfCandidate.size() <= candidates[i])
      foldOfCandidate.push_back(drawBelow(generator, kFolds));
    fold[i] = foldOfCandidate[candidates[i]];
  }
  BoostingOptions options;
  options.trees = 60;
  options.shrinkage = 0.15;
  std::vector<double> predicted(rows.size(), 0);
  for (uint64_t held = 0; held < kFolds; ++held) {
    std::vector<uint32_t> kept;
    for (size_t i = 0; i < rows.size(); ++i)
      if (fold[i] != held)
        kept.push_back(static_cast<uint32_t>(i));
    RegressionTrees partial;
    partial.fit(*table, targets, kept, options);
    for (size_t i = 0; i < rows.size(); ++i)
      if (fold[i] == held)
        predicted[i] = partial.predict(rows[i]);
  }

  // Folds have different models: correlations are taken within both.
  std::map<std::pair<size_t, uint64_t>, std::vector<size_t>> parts;
  for (size_t i = 0; i < rows.size(); ++i)
    parts[{groups[i], fold[i]}].push_back(i);
  double sum = 0, weight = 0;
  for (const auto &part : parts) {
    if (part.second.size() < kLeastOfGroup)
      continue;
    std::vector<double> said, measured;
    for (size_t i : part.second) {
      said.push_back(predicted[i]);
      measured.push_back(targets[i]);
    }
    double size = static_cast<double>(part.second.size());
    sum += size * computeRankCorrelation(said, measured);
    weight += size;
  }
  if (weight == 0)
    return std::nullopt;
  return sum / weight;
}

CostModel::CostModel() : impl(std::make_unique<Impl>()) {}
CostModel::~CostModel() = default;

size_t CostModel::fit(llvm::ArrayRef<TrialRecord> records,
                      const TargetKey &target) {
  impl = std::make_unique<Impl>();
  std::vector<const TrialRecord *> usable;
  for (const TrialRecord &record : records)
    if (isUsable(record) && matchTargets(record.target, target))
      usable.push_back(&record);
  thinOut(usable);
  if (usable.size() >= kLeastRecords)
    impl->fit(usable);
  return usable.size();
}

bool CostModel::isFitted() const { return impl->isFitted; }

double CostModel::predict(llvm::StringRef family, const KernelShapes &shapes,
                          const Candidate &candidate, const TargetKey &target,
                          int threads) const {
  if (!impl->isFitted)
    return 0;
  return impl->predict({family, shapes, candidate, target, threads});
}

std::optional<double> CostModel::getRankCorrelation() const {
  if (!impl->isFitted)
    return std::nullopt;
  if (!impl->correlation)
    impl->correlation = impl->crossValidate();
  return *impl->correlation;
}
