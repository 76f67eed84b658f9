//===- KernelTuning.cpp - One kernel while it is tuned --------------------===//
#include "KernelTuning.h"
#include "attune/Support/Error.h"
#include <cmath>

using namespace attune;

double Contender::getSpeedup() const {
  return measured ? std::exp(logSpeedup / measured) : 0;
}

static std::string getKey(const Candidate &candidate) {
  return candidate.backend + ' ' + candidate.schedule.str();
}

/// The first backend that takes the kernel, and its default schedule.
static std::optional<Candidate>
findDefault(KernelOp kernel, const TargetDesc &target,
            llvm::ArrayRef<const Backend *> backends, std::string &reasons) {
  for (const Backend *backend : backends) {
    std::string reason;
    if (succeeded(backend->supports(kernel, reason)))
      return Candidate{backend->getName().str(),
                       backend->getDefaultSchedule(kernel, target), "default"};
    reasons += "; " + backend->getName().str() + ": " + reason;
  }
  return std::nullopt;
}

llvm::Expected<std::unique_ptr<KernelTuning>> KernelTuning::create(
    mlir::MLIRContext &context, const KernelTask &task,
    const TargetDesc &target, llvm::ArrayRef<const Backend *> backends,
    const TunerOptions &options, const TuningDatabase &database) {
  std::unique_ptr<KernelTuning> tuning(new KernelTuning(task));
  llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> module =
      parseWorkload(context, task.workload.text);
  if (!module)
    return module.takeError();
  tuning->module = std::move(*module);
  auto kernels = tuning->module->getOps<KernelOp>();
  KernelOp kernel = *kernels.begin();
  tuning->all.assign(backends.begin(), backends.end());
  std::vector<const Backend *> tried;
  llvm::StringRef wanted = options.backend.get(task.workload.family);
  for (const Backend *backend : backends)
    if (wanted == "auto" || wanted == backend->getName())
      tried.push_back(backend);
  std::string reasons;
  std::optional<Candidate> reference =
      findDefault(kernel, target, backends, reasons);
  reasons.clear();
  std::optional<Candidate> base = findDefault(kernel, target, tried, reasons);
  if (!reference || !base)
    return userErrorf("kernel '{0}': no backend takes it{1}",
                      task.workload.label, reasons);
  tuning->space.emplace(kernel, target, tried);
  tuning->reference = tuning->space->canonicalize(*reference);
  tuning->base = tuning->space->canonicalize(*base);
  // Each kernel has a stream of its own, whatever else is tuned beside it.
  SearchOptions search = options.search;
  uint64_t id = 0;
  llvm::StringRef(task.workload.id).getAsInteger(16, id);
  search.threads = options.measure.threads;
  search.seed = options.search.seed * 0x9e3779b97f4a7c15 ^ id;
  tuning->search = std::make_unique<Search>(
      *tuning->space, search,
      findNeighbours(database, task, getTargetKey(target), 12));
  return std::move(tuning);
}

llvm::StringRef
KernelTuning::getScheduleVersion(llvm::StringRef backend) const {
  for (const Backend *known : all)
    if (known->getName() == backend)
      return known->getScheduleVersion();
  return "";
}

int64_t KernelTuning::resume(const TuningDatabase &database,
                             const TargetKey &target, int threads) {
  int64_t known = 0;
  for (const TrialRecord &record : database.getRecords()) {
    if (record.workload != task.workload.id || record.shapes != task.shapes)
      continue;
    bool isReference = record.candidate.isSame(reference);
    if (!isReference && (!space->findSide(record.candidate.backend) ||
                         isKnown(record.candidate)))
      continue;
    const TrialRecord *trial = database.findTrial(
        task.workload.id, task.shapes, target, threads, record.candidate,
        getScheduleVersion(record.candidate.backend));
    if (!trial)
      continue;
    if (isReference) {
      // Without the reference's time there is nothing to compare with.
      if (isReferenceKnown() || trial->result.status != TrialStatus::Ok ||
          !(trial->result.time.median > 0))
        continue;
      learnReference(trial->result);
    } else {
      learn(trial->candidate, trial->result, trial->confirmed);
    }
    ++known;
  }
  return known;
}

std::vector<Candidate> KernelTuning::getOpenDefaults() const {
  std::vector<Candidate> open;
  for (Candidate &candidate : space->getDefaults()) {
    if (isKnown(candidate) || candidate.isSame(reference))
      continue;
    candidate.source = "default";
    open.push_back(std::move(candidate));
  }
  return open;
}

std::vector<Candidate> KernelTuning::propose(size_t count,
                                             const CostModel *model) {
  std::vector<Candidate> result;
  // A search may propose what records have told the tuner but not itself.
  for (int attempt = 0; attempt < 4 && result.size() < count; ++attempt) {
    std::vector<Candidate> more =
        search->propose(count - result.size(), task, model);
    if (more.empty())
      break;
    for (Candidate &candidate : more)
      if (!isKnown(candidate) && !candidate.isSame(reference))
        result.push_back(std::move(candidate));
  }
  return result;
}

Contender &KernelTuning::getContender(const Candidate &candidate) {
  auto [entry, isNew] = index.try_emplace(getKey(candidate), contenders.size());
  if (isNew)
    contenders.emplace_back().candidate = candidate;
  return contenders[entry->second];
}

const Contender *KernelTuning::find(const Candidate &candidate) const {
  auto entry = index.find(getKey(candidate));
  return entry == index.end() ? nullptr : &contenders[entry->second];
}

bool KernelTuning::isKnown(const Candidate &candidate) const {
  return find(candidate) != nullptr;
}

void KernelTuning::learnReference(const Measurement &measurement) {
  bool isFirst = !isReferenceKnown();
  // The median over rounds: one disturbed round must not decide what a kernel
  // counts in the model.
  referenceTimes.push_back(measurement.time.median);
  std::vector<double> sorted = referenceTimes;
  auto middle = sorted.begin() + sorted.size() / 2;
  std::nth_element(sorted.begin(), middle, sorted.end());
  referenceMs = *middle;
  if (!isFirst)
    return;
  if (!space->findSide(reference.backend))
    return;
  Measurement self = measurement;
  self.speedup = 1;
  learn(reference, self);
}

void KernelTuning::learn(const Candidate &candidate,
                         const Measurement &measurement, bool confirming) {
  bool isNew = !isKnown(candidate);
  Contender &contender = getContender(candidate);
  contender.last = measurement;
  if (confirming || measurement.status != TrialStatus::Ok) {
    contender.measured = 0;
    contender.logSpeedup = 0;
  }
  contender.confirmed = confirming;
  if (measurement.status == TrialStatus::Ok && measurement.speedup > 0) {
    contender.logSpeedup += std::log(measurement.speedup);
    ++contender.measured;
  }
  if (isNew || confirming)
    search->tell(candidate, measurement);
  if (!confirming)
    settled = false;
}

double KernelTuning::getBaseSpeedup() const {
  if (base.isSame(reference))
    return 1;
  const Contender *contender = find(base);
  return contender && contender->measured ? contender->getSpeedup() : 1;
}

const Contender *KernelTuning::getBest() const {
  const Contender *best = find(base);
  if (best && !best->measured)
    best = nullptr;
  for (const Contender &contender : contenders) {
    if (!contender.measured || (settled && !contender.confirmed))
      continue;
    if (!best || contender.getSpeedup() > best->getSpeedup())
      best = &contender;
  }
  return best;
}

std::vector<Candidate> KernelTuning::getChallengers(size_t count) const {
  double least = getBaseSpeedup();
  for (const Contender &contender : contenders)
    if (contender.confirmed && contender.measured)
      least = std::max(least, contender.getSpeedup());
  std::vector<const Contender *> found;
  for (const Contender &contender : contenders)
    if (contender.measured && !contender.confirmed &&
        contender.getSpeedup() > least && !contender.candidate.isSame(base))
      found.push_back(&contender);
  // Those of equal speed in the order in which they were tried.
  llvm::sort(found, [](const Contender *a, const Contender *b) {
    return std::pair(-a->getSpeedup(), a) < std::pair(-b->getSpeedup(), b);
  });
  std::vector<Candidate> result;
  for (const Contender *contender : found)
    if (result.size() < count)
      result.push_back(contender->candidate);
  return result;
}

void KernelTuning::settle() { settled = true; }

double KernelTuning::getDefaultMs() const {
  return referenceMs / getBaseSpeedup();
}

double KernelTuning::getBestSpeedup() const {
  const Contender *best = getBest();
  return best ? std::max(1.0, best->getSpeedup() / getBaseSpeedup()) : 1;
}

void KernelTuning::updateAccount(bool endsRound) {
  double bestMs = getDefaultMs() / getBestSpeedup();
  account.modelMs = bestMs * static_cast<double>(task.calls);
  if (endsRound || account.best.empty())
    account.best.push_back(bestMs);
}

void KernelTuning::fill(KernelProgress &progress) const {
  progress.task = &task;
  progress.base = base;
  progress.defaultMs = getDefaultMs();
  progress.bestSpeedup = getBestSpeedup();
  const Contender *best = getBest();
  // Without a gain there is no reason to leave the default.
  bool isFaster = best && progress.bestSpeedup > 1;
  progress.best = isFaster ? best->candidate : base;
  progress.confirmed = isFaster && best->confirmed;
}
