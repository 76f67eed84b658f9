//===- ScheduleChooser.cpp - Backend and schedule of kernels --------------===//
#include "attune/Compiler/ScheduleChooser.h"
#include "attune/Compiler/Backends.h"
#include "attune/Kernel/LaunchShapes.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"

using namespace mlir;
using namespace attune;

/// Longer sequences are rarer than shorter ones; kernels for 128 rows are good
/// for more.
static constexpr int64_t kUsualSize = 128;

StringRef attune::getName(ScheduleSource source) {
  switch (source) {
  case ScheduleSource::Given:
    return "given";
  case ScheduleSource::Tuned:
    return "tuned";
  case ScheduleSource::Transferred:
    return "transferred";
  case ScheduleSource::Analytic:
    return "analytic";
  }
  return "";
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

llvm::Expected<llvm::StringMap<int64_t>>
attune::parseOptimizeFor(StringRef text) {
  llvm::StringMap<int64_t> values;
  SmallVector<StringRef> parts;
  text.split(parts, ',', -1, /*KeepEmpty=*/false);
  for (StringRef part : parts) {
    auto [name, number] = part.split('=');
    int64_t value;
    if (name.empty() || number.getAsInteger(10, value) || value < 1)
      return userErrorf("--optimize-for={0}: expected SYMBOL=SIZE with a "
                        "positive size, found '{1}'",
                        printable(text), printable(part));
    values[name] = value;
  }
  return values;
}

llvm::Expected<llvm::StringMap<int64_t>>
attune::getOptimizedSizes(ModuleOp module,
                          const llvm::StringMap<int64_t> &optimizeFor) {
  func::FuncOp function = findModelFunction(module);
  SmallVector<std::string> symbols;
  if (function)
    symbols = getSymbols(function);
  auto limits = module->getAttrOfType<DictionaryAttr>(kMaxDimsAttr);
  auto getLimit = [&](StringRef symbol) -> std::optional<int64_t> {
    auto limit = limits ? limits.getAs<IntegerAttr>(symbol) : IntegerAttr();
    if (!limit || !limit.getType().isSignlessInteger(64))
      return std::nullopt;
    return limit.getInt();
  };
  llvm::StringMap<int64_t> sizes;
  for (const std::string &symbol : symbols)
    sizes[symbol] =
        symbol == "batch"
            ? 1
            : std::min(kUsualSize, getLimit(symbol).value_or(kUsualSize));
  for (const auto &entry : optimizeFor) {
    StringRef symbol = entry.getKey();
    int64_t size = entry.getValue();
    if (!llvm::is_contained(symbols, symbol))
      return userErrorf("--optimize-for={0}={1}: the model has no symbol '{0}'"
                        "{2}",
                        printable(symbol), size,
                        symbols.empty()
                            ? std::string("; none of its sizes is dynamic")
                            : "; expected " +
                                  printable(llvm::join(symbols, " or ")));
    if (size > getLimit(symbol).value_or(size))
      return userErrorf("--optimize-for={0}={1}: expected at most {2}, the "
                        "largest this model takes",
                        printable(symbol), size, *getLimit(symbol));
    sizes[symbol] = size;
  }
  return sizes;
}

//===----------------------------------------------------------------------===//
// Records
//===----------------------------------------------------------------------===//

llvm::Expected<std::unique_ptr<ScheduleChooser>>
ScheduleChooser::create(ScheduleOptions options) {
  if (llvm::Error error = options.backend.check())
    return std::move(error);
  std::unique_ptr<ScheduleChooser> chooser(
      new ScheduleChooser(std::move(options)));
  if (llvm::Error error = chooser->readDatabases())
    return std::move(error);
  return chooser;
}

llvm::Error ScheduleChooser::readDatabases() {
  auto read = [&](StringRef path, TuningDatabase &into) -> llvm::Error {
    llvm::Expected<TuningDatabase> database = TuningDatabase::load(path);
    if (!database)
      return database.takeError();
    if (std::string found = database->getProblems().describe(); !found.empty())
      warnings.push_back(printable(path) + ": not used: " + found);
    into.merge(*database);
    return llvm::Error::success();
  };
  for (const std::string &path : options.databases)
    if (llvm::Error error = read(path, own))
      return error;
  std::string path =
      options.useSeedDatabase ? getSeedDatabasePath() : std::string();
  return path.empty() ? llvm::Error::success() : read(path, seed);
}

bool ScheduleChooser::accepts(const TrialRecord &record, KernelOp kernel,
                              ArrayRef<const Backend *> usable,
                              const TargetDesc &target) {
  auto refuse = [&](Refusal why) {
    refused.insert({&record, why});
    return false;
  };
  const Candidate &candidate = record.candidate;
  if (record.result.status != TrialStatus::Ok)
    return false;
  const Backend *backend = findBackend(candidate.backend);
  if (!backend)
    return refuse(Refusal::NoBackend);
  // Not asked for, or no longer for such kernels: nothing is odd about that.
  if (!llvm::is_contained(usable, backend))
    return false;
  if (record.scheduleVersion != backend->getScheduleVersion())
    return refuse(Refusal::Version);
  std::string reason;
  if (failed(
          backend->verifySchedule(kernel, candidate.schedule, target, reason)))
    return refuse(Refusal::Schedule);
  return true;
}

std::optional<ScheduleChoice>
ScheduleChooser::findTuned(KernelOp kernel, const KernelShapes &shapes,
                           ArrayRef<const Backend *> usable,
                           const TargetDesc &target) {
  // Records are of schedules for CPUs.
  if (target.gpu || (own.getRecords().empty() && seed.getRecords().empty()))
    return std::nullopt;
  DatabaseQuery query;
  query.workload = getWorkload(kernel).id;
  query.shapes = shapes;
  query.target = getTargetKey(target);
  if (usable.size() == 1)
    query.backend = usable.front()->getName().str();
  auto accept = [&](const TrialRecord &record) {
    return accepts(record, kernel, usable, target);
  };
  query.accepts = accept;
  // What was measured here comes before what was measured elsewhere, whoever
  // measured it.
  std::optional<DatabaseMatch> best;
  for (const TuningDatabase *database : {&own, &seed}) {
    std::optional<DatabaseMatch> match = database->find(query);
    if (match && (!best || (best->knowledge != Knowledge::Tuned &&
                            match->knowledge == Knowledge::Tuned)))
      best = match;
  }
  if (best)
    return ScheduleChoice{findBackend(best->record->candidate.backend),
                          best->record->candidate.schedule,
                          best->knowledge == Knowledge::Tuned
                              ? ScheduleSource::Tuned
                              : ScheduleSource::Transferred};
  for (const TrialRecord &record : own.getRecords())
    if (record.workload == query.workload &&
        record.result.status == TrialStatus::Ok &&
        !matchTargets(record.target, query.target))
      refused.insert({&record, Refusal::Machine});
  return std::nullopt;
}

std::vector<std::string> ScheduleChooser::takeWarnings() {
  static constexpr std::pair<Refusal, StringLiteral> kReasons[] = {
      {Refusal::Version, "of another version of its backend's schedules"},
      {Refusal::Schedule, "with a schedule that does not fit the kernel"},
      {Refusal::NoBackend, "of a backend that this build does not have"},
      {Refusal::Machine, "of machines unlike this one"},
  };
  std::string parts;
  for (auto [why, text] : kReasons) {
    size_t count = llvm::count_if(
        llvm::drop_begin(refused, told),
        [why = why](const auto &entry) { return entry.second == why; });
    if (count)
      parts += llvm::formatv("{0}{1} {2}", parts.empty() ? "" : ", ", count,
                             text.str());
  }
  if (!parts.empty())
    warnings.push_back("records of these kernels are not used: " + parts);
  told = refused.size();
  return std::exchange(warnings, {});
}

//===----------------------------------------------------------------------===//
// The choice
//===----------------------------------------------------------------------===//

/// The backends that may compute a kernel, the preferred one first.
static llvm::Expected<SmallVector<const Backend *>>
getUsableBackends(KernelOp kernel, StringRef asked, const TargetDesc &target) {
  SmallVector<const Backend *> usable;
  std::string reasons;
  for (const Backend *candidate : getBackends()) {
    if (asked != "auto" && asked != candidate->getName())
      continue;
    std::string reason;
    bool runsThere =
        !target.gpu || succeeded(candidate->supportsGpu(target.gpu, reason));
    if (runsThere && succeeded(candidate->supports(kernel, reason))) {
      usable.push_back(candidate);
      continue;
    }
    reasons += (reasons.empty() ? "" : "; ") + candidate->getName().str() +
               ": " + reason;
  }
  if (usable.empty())
    return userErrorf(
        "no backend takes kernel '{0}'{1}: {2}", printable(kernel.getSymName()),
        target.gpu ? " for --gpu=" + target.gpu.str() : "",
        reasons.empty() ? "there is no backend '" + printable(asked) + "'"
                        : reasons);
  return usable;
}

/// Where the schedule of a kernel that has one comes from.
static ScheduleSource getSource(KernelOp kernel) {
  auto said = kernel->getAttrOfType<StringAttr>(kScheduleSourceAttr);
  for (ScheduleSource source :
       {ScheduleSource::Tuned, ScheduleSource::Transferred,
        ScheduleSource::Analytic})
    if (said && said.getValue() == getName(source))
      return source;
  return ScheduleSource::Given;
}

llvm::Expected<ScheduleChoice>
ScheduleChooser::choose(KernelOp kernel, const KernelShapes &shapes,
                        const TargetDesc &target) {
  StringRef asked = kernel.getBackend()
                        ? *kernel.getBackend()
                        : options.backend.get(kernel.getFamily());
  llvm::Expected<SmallVector<const Backend *>> usable =
      getUsableBackends(kernel, asked, target);
  if (!usable)
    return usable.takeError();
  if (DictionaryAttr given = kernel.getScheduleAttr()) {
    Schedule schedule(given);
    std::string reasons;
    for (const Backend *backend : *usable) {
      std::string reason;
      if (succeeded(backend->verifySchedule(kernel, schedule, target, reason)))
        return ScheduleChoice{backend, schedule, getSource(kernel)};
      reasons += (reasons.empty() ? "" : "; ") + reason;
    }
    return userErrorf("schedule '{0}' does not fit: {1}", schedule.str(),
                      reasons);
  }
  if (!shapes.empty())
    if (std::optional<ScheduleChoice> tuned =
            findTuned(kernel, shapes, *usable, target))
      return *tuned;
  const Backend *first = usable->front();
  return ScheduleChoice{first, first->getDefaultSchedule(kernel, target),
                        ScheduleSource::Analytic};
}

/// Whether there is more than one way to compute the kernel.
static bool hasChoices(KernelOp kernel, StringRef asked,
                       const TargetDesc &target) {
  llvm::Expected<SmallVector<const Backend *>> usable =
      getUsableBackends(kernel, asked, target);
  if (!usable) {
    llvm::consumeError(usable.takeError());
    return false;
  }
  return usable->size() > 1 ||
         llvm::any_of(usable->front()->getKnobs(kernel, target),
                      [](const Knob &knob) { return knob.choices.size() > 1; });
}

/// All kernels that lack a tuned schedule, as a table.
static std::string describeUntuned(ArrayRef<const KernelUse *> untuned,
                                   size_t total, const TargetDesc &target,
                                   StringRef model, StringRef database) {
  std::vector<std::array<std::string, 3>> rows{{"kernel", "what it is", "in"}};
  for (const KernelUse *use : untuned) {
    KernelOp kernel = use->kernel;
    rows.push_back({printable(kernel.getSymName()),
                    printable(getWorkload(kernel).label),
                    printable(use->where)});
  }
  size_t widths[2] = {};
  for (const auto &row : rows)
    for (size_t i = 0; i < 2; ++i)
      widths[i] = std::max(widths[i], row[i].size());
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "--require-tuned: " << untuned.size() << " of " << total
     << " kernels have no schedule that was tuned on a machine like '"
     << target.name << "':\n";
  for (const auto &row : rows)
    os << "  " << llvm::left_justify(row[0], widths[0]) << "  "
       << llvm::left_justify(row[1], widths[1]) << "  " << row[2] << '\n';
  os << "To tune them: attune tune " << model;
  if (target.name != "native")
    os << " --cpu=" << target.name;
  os << " --db=" << (database.empty() ? "FILE" : database);
  return text;
}

std::vector<ScheduleProblem> ScheduleChooser::assign(ModuleOp module,
                                                     const TargetDesc &target,
                                                     StringRef model) {
  std::vector<ScheduleProblem> problems;
  std::vector<KernelUse> uses;
  bool isAsked = !options.databases.empty() || options.requireTuned ||
                 !options.optimizeFor.empty();
  if (isAsked || !seed.getRecords().empty()) {
    func::FuncOp function = findModelFunction(module);
    llvm::Expected<llvm::StringMap<int64_t>> sizes =
        getOptimizedSizes(module, options.optimizeFor);
    llvm::Error error = sizes.takeError();
    if (!error && function) {
      auto found = getKernelUses(module, function, *sizes);
      if (found)
        uses = std::move(*found);
      else
        error = found.takeError();
    }
    // Who asked for nothing gets the analytic schedules of IR without names.
    if (error && isAsked)
      problems.push_back({KernelOp(), llvm::toString(std::move(error))});
    else
      llvm::consumeError(std::move(error));
    if (!problems.empty())
      return problems;
  }
  if (uses.empty())
    for (KernelOp kernel : module.getOps<KernelOp>())
      uses.emplace_back().kernel = kernel;

  std::vector<const KernelUse *> untuned;
  for (const KernelUse &use : uses) {
    KernelOp kernel = use.kernel;
    StringRef asked = kernel.getBackend()
                          ? *kernel.getBackend()
                          : options.backend.get(kernel.getFamily());
    llvm::Expected<ScheduleChoice> choice = choose(kernel, use.shapes, target);
    if (!choice) {
      problems.push_back({kernel, llvm::toString(choice.takeError())});
      continue;
    }
    bool isTuned = choice->source == ScheduleSource::Tuned ||
                   choice->source == ScheduleSource::Given;
    if (options.requireTuned && !isTuned && use.launches > 0 &&
        hasChoices(kernel, asked, target))
      untuned.push_back(&use);
    kernel.setBackend(choice->backend->getName());
    kernel.setScheduleAttr(choice->schedule.toAttr(module.getContext()));
    kernel->setAttr(
        kScheduleSourceAttr,
        StringAttr::get(module.getContext(), getName(choice->source)));
  }
  if (!untuned.empty())
    problems.push_back(
        {KernelOp(), describeUntuned(untuned, uses.size(), target, model,
                                     options.databases.empty()
                                         ? StringRef()
                                         : options.databases.front())});
  return problems;
}
