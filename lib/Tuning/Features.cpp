//===- Features.cpp - Kernels, schedules and machines as numbers ----------===//
#include "Features.h"
#include <cmath>
#include <map>

using namespace attune;

/// Names beyond these are rare: the most frequent are kept.
static constexpr size_t kMostNames = 16;
static constexpr float kAbsent = -1;

/// The most frequent names, sorted.
static std::vector<std::string>
selectNames(const std::map<std::string, size_t> &counts) {
  std::vector<std::pair<std::string, size_t>> ranked(counts.begin(),
                                                     counts.end());
  llvm::sort(ranked, [](const auto &a, const auto &b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  if (ranked.size() > kMostNames)
    ranked.resize(kMostNames);
  std::vector<std::string> names;
  for (auto &entry : ranked)
    names.push_back(std::move(entry.first));
  llvm::sort(names);
  return names;
}

FeatureColumns::FeatureColumns(llvm::ArrayRef<const TrialRecord *> records) {
  std::map<std::string, size_t> familyCounts, backendCounts, knobCounts;
  for (const TrialRecord *record : records) {
    ++familyCounts[record->family];
    ++backendCounts[record->candidate.backend];
    for (const auto &knob : record->candidate.schedule.getValues())
      ++knobCounts[knob.first];
  }
  families = selectNames(familyCounts);
  backends = selectNames(backendCounts);
  knobs = selectNames(knobCounts);
}

namespace {

/// Numbers that a record may say, whatever they are, as logarithms.
double logOf(double value) { return std::log2(std::max(value, 1.0)); }

/// The sizes of a tensor as kernels see it: rows of columns, and the extent
/// before the last (queries or keys of a batch).
struct TensorSizes {
  double rows = 0, columns = 0, before = 0;

  TensorSizes() = default;
  explicit TensorSizes(llvm::ArrayRef<int64_t> shape) {
    rows = columns = before = 1;
    if (shape.empty())
      return;
    columns = std::max<double>(static_cast<double>(shape.back()), 1);
    for (int64_t extent : shape.drop_back())
      rows *= std::max<double>(static_cast<double>(extent), 1);
    if (shape.size() > 1)
      before =
          std::max<double>(static_cast<double>(shape[shape.size() - 2]), 1);
  }
};

} // namespace

std::vector<float> FeatureColumns::compute(const CostQuery &query) const {
  std::vector<float> row;
  auto add = [&](double value) { row.push_back(static_cast<float>(value)); };
  for (const std::string &family : families)
    add(family == query.family);
  for (const std::string &backend : backends)
    add(backend == query.candidate.backend);

  const TargetKey &target = query.target;
  for (double value : {double(target.vectorBits), double(target.l1Bytes),
                       double(target.l2Bytes), double(target.l3Bytes),
                       double(target.cores), double(query.threads)})
    add(logOf(value));

  // The first inputs and the result.
  constexpr size_t kInputs = 3;
  TensorSizes tensors[kInputs + 1];
  double elements = 0;
  for (auto [index, shape] : llvm::enumerate(query.shapes)) {
    TensorSizes sizes(shape);
    elements += sizes.rows * sizes.columns;
    if (index < kInputs)
      tensors[index] = sizes;
    if (index + 1 == query.shapes.size())
      tensors[kInputs] = sizes;
  }
  add(logOf(elements));
  for (const TensorSizes &sizes : tensors) {
    add(logOf(sizes.rows));
    add(logOf(sizes.columns));
    add(logOf(sizes.before));
  }

  std::vector<double> values;
  for (const std::string &knob : knobs) {
    constexpr int64_t absent = std::numeric_limits<int64_t>::min();
    int64_t value = query.candidate.schedule.get(knob, absent);
    values.push_back(
        value == absent ? -1 : std::max(static_cast<double>(value), 0.0));
    add(value == absent ? kAbsent : std::log2(1 + values.back()));
  }
  for (size_t i = 0; i < values.size(); ++i)
    for (size_t j = i + 1; j < values.size(); ++j)
      add(values[i] > 0 && values[j] > 0
              ? std::log2(values[i]) + std::log2(values[j])
              : kAbsent);
  for (double extent :
       {tensors[0].rows, tensors[0].columns, tensors[0].before, tensors[1].rows,
        tensors[1].before, tensors[kInputs].columns})
    for (double value : values) {
      bool defined = value > 0 && extent > 0;
      // Rises with the knob, so that it is recognised as the same column where
      // all kernels have the same extent.
      add(defined ? std::log2(value) - std::log2(extent) : -100);
      add(defined ? std::ceil(extent / value) * value / extent : kAbsent);
    }
  return row;
}
