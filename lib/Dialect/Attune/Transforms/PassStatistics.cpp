//===- PassStatistics.cpp - What each pass did, counted -------------------===//
#include "attune/Dialect/Attune/Transforms/PassStatistics.h"
#include "attune/Support/File.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"

using namespace mlir;
using namespace attune;

static constexpr llvm::StringLiteral kKinds[] = {"fused", "missed", "done"};
enum Kind : unsigned { Fused, Missed, Done };

/// What a line keeps of a reason, which may quote the model.
static constexpr size_t kLongest = 400;

/// Notes which pass runs. Passes of other names may run on several threads.
class PassStatistics::Instrumentation : public PassInstrumentation {
public:
  explicit Instrumentation(std::shared_ptr<PassStatistics> statistics)
      : statistics(std::move(statistics)) {}

  void runBeforePass(Pass *pass, Operation *) override {
    if (!pass->getArgument().starts_with("attune-"))
      return;
    statistics->current = pass->getArgument().str();
    (void)statistics->get(statistics->current);
  }
  void runAfterPass(Pass *pass, Operation *) override {
    if (pass->getArgument().starts_with("attune-"))
      statistics->current.clear();
  }

private:
  std::shared_ptr<PassStatistics> statistics;
};

class PassStatistics::Streamer : public remark::detail::MLIRRemarkStreamerBase {
public:
  explicit Streamer(std::shared_ptr<PassStatistics> statistics)
      : statistics(std::move(statistics)) {}

  void streamOptimizationRemark(const remark::detail::Remark &remark) override {
    if (statistics->current.empty())
      return;
    Outcome outcome{Done, printable(remark.getRemarkName(), kLongest)};
    if (remark.getRemarkType() == llvm::remarks::Type::Passed)
      outcome.kind = Fused;
    if (remark.getRemarkType() == llvm::remarks::Type::Missed)
      outcome.kind = Missed;
    // What was fused differs from candidate to candidate.
    for (const remark::detail::Remark::Arg &arg : remark.getArgs())
      if (arg.key == "Reason" && outcome.kind != Fused)
        outcome.text += ": " + printable(arg.val, kLongest);
    ++statistics->get(statistics->current).outcomes[outcome];
  }

private:
  std::shared_ptr<PassStatistics> statistics;
};

PassStatistics::Counts &PassStatistics::get(StringRef pass) {
  for (Counts &counts : passes)
    if (counts.pass == pass)
      return counts;
  return passes.emplace_back(Counts{pass.str(), {}});
}

LogicalResult
PassStatistics::collect(PassManager &manager,
                        const std::shared_ptr<PassStatistics> &statistics) {
  MLIRContext &context = *manager.getContext();
  remark::RemarkCategories categories;
  // MLIR enables only kinds that have a filter of their own.
  categories.passed = categories.missed = categories.analysis = ".*";
  if (failed(remark::enableOptimizationRemarks(
          context, std::make_unique<Streamer>(statistics),
          std::make_unique<remark::RemarkEmittingPolicyAll>(), categories)))
    return failure();
  manager.addInstrumentation(std::make_unique<Instrumentation>(statistics));
  return success();
}

void PassStatistics::print(raw_ostream &os) const {
  for (const Counts &counts : passes) {
    unsigned sums[std::size(kKinds)] = {};
    for (const auto &[outcome, count] : counts.outcomes)
      sums[outcome.kind] += count;
    os << counts.pass << ": " << sums[Fused] << " fused, " << sums[Missed]
       << " missed";
    if (sums[Done])
      os << ", " << sums[Done] << " done";
    os << '\n';
    for (const auto &[outcome, count] : counts.outcomes)
      os << "  " << count << ' ' << kKinds[outcome.kind] << ": " << outcome.text
         << '\n';
  }
}
