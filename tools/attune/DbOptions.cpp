//===- DbOptions.cpp - What the actions of attune db share ----------------===//
#include "DbOptions.h"
#include "attune/Compiler/Backends.h"
#include "attune/Compiler/Compilation.h"
#include "attune/Kernel/KernelSpec.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/StringSet.h"

using namespace attune;
using namespace attune::tool;
namespace cl = llvm::cl;

//===----------------------------------------------------------------------===//
// Choosing records
//===----------------------------------------------------------------------===//

RecordFilter::RecordFilter(cl::OptionCategory &category,
                           cl::SubCommand &command)
    : workload{"workload", cl::value_desc("text"),
               cl::desc("only workloads whose id begins so, or whose label "
                        "holds this text"),
               cl::cat(category), cl::sub(command)},
      family{"family", cl::value_desc("name"),
             cl::desc("only kernels of this family, e.g. linear"),
             cl::cat(category), cl::sub(command)},
      target{"target", cl::value_desc("here|similar|cpu"),
             cl::desc("only records of this machine, of machines like it, or "
                      "of machines with this CPU or architecture"),
             cl::cat(category), cl::sub(command)},
      backend{"backend", cl::value_desc("name"),
              cl::desc("only trials of this backend"), cl::cat(category),
              cl::sub(command)},
      status{"status", cl::value_desc("name"),
             cl::desc("only trials that ended so: ok, failed, wrong, "
                      "compile-failed, crashed or timeout"),
             cl::cat(category), cl::sub(command)},
      current{"current",
              cl::desc("only records that this build can use: their backend is "
                       "there and means the same by their schedule"),
              cl::cat(category), cl::sub(command)} {}

llvm::Expected<TuningDatabase>
RecordFilter::apply(const TuningDatabase &database) const {
  std::optional<TrialStatus> wanted = parseTrialStatus(status);
  if (!status.empty() && status != "failed" && !wanted)
    return userErrorf("--status={0}: expected ok, failed, wrong, "
                      "compile-failed, crashed or timeout",
                      status.getValue());
  std::optional<TargetKey> here;
  if (target == "here" || target == "similar") {
    llvm::Expected<TargetDesc> native = getTarget("native");
    if (!native)
      return native.takeError();
    here = getTargetKey(*native);
  }
  BuildJudge judge;
  auto isChosen = [&](const TrialRecord &record) {
    llvm::StringRef id = record.workload, label = record.label;
    if (!workload.empty() && !id.starts_with(workload.getValue()) &&
        !label.contains(workload.getValue()))
      return false;
    if ((!family.empty() && record.family != family.getValue()) ||
        (!backend.empty() && record.candidate.backend != backend.getValue()))
      return false;
    bool isOk = record.result.status == TrialStatus::Ok;
    if (!status.empty() && (wanted ? record.result.status != *wanted : isOk))
      return false;
    if (here) {
      std::optional<TargetMatch> match = matchTargets(record.target, *here);
      if (!match || (target == "here" && *match != TargetMatch::Exact))
        return false;
    } else if (!target.empty() && record.target.cpu != target.getValue() &&
               record.target.arch != target.getValue()) {
      return false;
    }
    std::string reason;
    return !current || judge(record, reason) == RecordUse::Usable;
  };
  TuningDatabase chosen;
  for (const TrialRecord &record : database.getRecords())
    if (isChosen(record))
      chosen.add(record);
  return chosen;
}

FormatOption::FormatOption(cl::OptionCategory &category,
                           cl::SubCommand &command,
                           std::vector<llvm::StringRef> forms)
    : forms(std::move(forms)), formsText(llvm::join(this->forms, "|")),
      format{"format",
             cl::init(this->forms.front().str()),
             cl::value_desc(formsText),
             cl::desc("form of what is printed"),
             cl::cat(category),
             cl::sub(command)} {}

llvm::Error FormatOption::check() const {
  if (llvm::is_contained(forms, format.getValue()))
    return llvm::Error::success();
  return userErrorf("--format={0}: expected {1}", format.getValue(),
                    llvm::join(forms, " or "));
}

//===----------------------------------------------------------------------===//
// Judging records
//===----------------------------------------------------------------------===//

/// Kernels of the families that have knobs, with everything that could bring
/// more of them.
static constexpr llvm::StringLiteral kSamples[] = {
    "gemm:m=64,n=64,k=64",
    "gemm:m=64,n=64,k=64,bias=1,epilogue=gelu,residual=1",
    "gemv:n=64,k=64",
    "matmul:b=2,h=2,m=32,n=32,k=32",
    "matmul:b=2,h=2,m=32,n=32,k=32,transpose=1",
    "attention:b=2,h=2,hkv=2,q=32,k=32,d=32",
    "attention:b=2,h=2,hkv=1,q=32,k=32,d=32,mask=1",
    "linear_attention:b=2,h=2,hkv=1,n=64,d=32,denominator=1,mask=1,past=1",
    "linear_attention:b=2,h=2,n=64,d=32,map=favor,features=32,causal=0",
    "linear_attention:b=2,h=2,n=64,d=32,rule=gated_delta,columns=1",
    "feature_map:b=2,h=2,n=64,d=32,map=favor,features=32",
    "hybrid_attention:b=2,h=2,n=64,d=32,features=32",
    "softmax:rows=64,columns=64",
    "layer_norm:rows=64,columns=64,residual=1",
    "l2_normalize:rows=64,columns=64",
    "elementwise:rows=64,columns=64,ops=gelu+add",
    "embedding:rows=64,vocabulary=64,columns=64"};

struct BuildJudge::Impl {
  /// Names of knobs by backend and family.
  std::map<std::pair<std::string, std::string>, llvm::StringSet<>> knobs;

  Impl() {
    mlir::DialectRegistry registry;
    registerCompilerDialects(registry);
    mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
    context.loadDialect<AttuneDialect>();
    llvm::Expected<TargetDesc> target = getTarget("x86-64-v3");
    if (!target) {
      llvm::consumeError(target.takeError());
      return;
    }
    for (llvm::StringRef sample : kSamples) {
      llvm::Expected<KernelProblem> problem = parseKernelSpec(context, sample);
      if (problem)
        addKnobs(problem->kernel, *target);
      else
        llvm::consumeError(problem.takeError());
    }
  }

  void addKnobs(KernelOp kernel, const TargetDesc &target) {
    for (const Backend *backend : getBackends()) {
      std::string reason;
      if (failed(backend->supports(kernel, reason)))
        continue;
      llvm::StringSet<> &names =
          knobs[{backend->getName().str(), kernel.getFamily().str()}];
      for (const Knob &knob : backend->getKnobs(kernel, target))
        names.insert(knob.name);
      Schedule schedule = backend->getDefaultSchedule(kernel, target);
      for (const auto &[name, value] : schedule.getValues())
        names.insert(name);
    }
  }
};

BuildJudge::BuildJudge() = default;
BuildJudge::~BuildJudge() = default;

RecordUse BuildJudge::operator()(const TrialRecord &record,
                                 std::string &reason) {
  const Candidate &candidate = record.candidate;
  const Backend *backend = findBackend(candidate.backend);
  if (!backend)
    return RecordUse::UnknownBackend;
  if (record.scheduleVersion != backend->getScheduleVersion())
    return RecordUse::Stale;
  if (!impl)
    impl = std::make_unique<Impl>();
  auto known = impl->knobs.find({candidate.backend, record.family});
  // Of other families nothing is known but their names.
  if (known == impl->knobs.end())
    return RecordUse::Usable;
  for (const auto &[knob, value] : candidate.schedule.getValues())
    if (!known->second.contains(knob)) {
      std::vector<std::string> names;
      for (llvm::StringRef name : known->second.keys())
        names.push_back(name.str());
      llvm::sort(names);
      reason = llvm::formatv("the {0} backend has no knob '{1}' for {2} "
                             "kernels; expected of {3}",
                             candidate.backend, printable(knob), record.family,
                             llvm::join(names, ", "));
      return RecordUse::Invalid;
    }
  return RecordUse::Usable;
}

//===----------------------------------------------------------------------===//
// Reading and printing
//===----------------------------------------------------------------------===//

llvm::Expected<TuningDatabase>
attune::tool::loadDatabase(llvm::StringRef action, llvm::StringRef path) {
  llvm::Expected<TuningDatabase> database = TuningDatabase::load(path);
  if (database)
    if (std::string problems = database->getProblems().describe();
        !problems.empty())
      llvm::errs() << action << ": warning: " << printable(path, 400) << ": "
                   << problems << " (attune db verify tells more)\n";
  return database;
}

llvm::Error attune::tool::expectFile(llvm::StringRef path) {
  if (path.empty())
    return userError("expected a tuning database, as attune tune --db=FILE "
                     "writes it (--help tells more)");
  return llvm::Error::success();
}

void attune::tool::printJSON(llvm::raw_ostream &os, llvm::json::Value value) {
  os << llvm::formatv("{0:2}", value) << '\n';
}

std::string attune::tool::printCount(int64_t number, llvm::StringRef what) {
  return std::to_string(number) + " " + what.str() + (number == 1 ? "" : "s");
}

std::string attune::tool::printSpeedup(const TrialRecord *record) {
  return record ? llvm::formatv("{0:f3}x", record->result.speedup).str() : "";
}
