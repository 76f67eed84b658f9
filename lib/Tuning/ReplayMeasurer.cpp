//===- ReplayMeasurer.cpp - Measurements from records ---------------------===//
#include "attune/Tuning/ReplayMeasurer.h"

using namespace attune;

namespace {

class ReplayMeasurer : public Measurer {
public:
  explicit ReplayMeasurer(const TuningDatabase &database) {
    for (const TrialRecord &record : database.getRecords())
      measurements[getKey(record.workload, record.shapes, record.candidate)] =
          record.result;
  }

  llvm::Expected<std::vector<Measurement>>
  measure(const KernelTask &task, const Candidate &reference,
          llvm::ArrayRef<Candidate> candidates,
          const MeasureOptions &options) override {
    std::vector<Measurement> results{find(task, reference)};
    for (const Candidate &candidate : candidates)
      results.push_back(find(task, candidate));
    return results;
  }

private:
  static std::string getKey(llvm::StringRef workload,
                            const KernelShapes &shapes,
                            const Candidate &candidate) {
    std::string key = workload.str();
    for (const std::vector<int64_t> &shape : shapes)
      key += ' ' + printShape(shape);
    return key + ' ' + candidate.backend + ' ' + candidate.schedule.str();
  }

  Measurement find(const KernelTask &task, const Candidate &candidate) const {
    auto found =
        measurements.find(getKey(task.workload.id, task.shapes, candidate));
    if (found != measurements.end())
      return found->second;
    Measurement missing;
    missing.status = TrialStatus::CompileFailed;
    missing.detail = "no record";
    return missing;
  }

  llvm::StringMap<Measurement> measurements;
};

} // namespace

std::unique_ptr<Measurer>
attune::createReplayMeasurer(const TuningDatabase &records) {
  return std::make_unique<ReplayMeasurer>(records);
}
