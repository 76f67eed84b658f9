//===- SearchSpace.cpp - All schedules of one kernel ----------------------===//
#include "attune/Tuning/Search.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <limits>

using namespace attune;

using llvm::ArrayRef;
using llvm::SmallVector;
using llvm::StringRef;

static const Knob *findKnob(ArrayRef<Knob> knobs, StringRef name) {
  const Knob *it =
      llvm::find_if(knobs, [&](const Knob &knob) { return knob.name == name; });
  return it == knobs.end() ? nullptr : it;
}

/// Choices in ascending order, once each, with `value` among them.
static void normalizeChoices(Knob &knob, int64_t value) {
  knob.choices.push_back(value);
  llvm::sort(knob.choices);
  knob.choices.erase(llvm::unique(knob.choices), knob.choices.end());
}

SearchSpace::SearchSpace(KernelOp kernel, const TargetDesc &target,
                         ArrayRef<const Backend *> backends)
    : kernel(kernel), target(target) {
  for (const Backend *backend : backends) {
    std::string reason;
    if (llvm::failed(backend->supports(kernel, reason)))
      continue;
    Side side;
    side.backend = backend;
    side.knobs = backend->getKnobs(kernel, target);
    side.defaultSchedule = backend->getDefaultSchedule(kernel, target);
    for (Knob &knob : side.knobs) {
      if (knob.overrides) {
        normalizeChoices(knob, 0);
        continue;
      }
      int64_t first = knob.choices.empty() ? 0 : knob.choices.front();
      int64_t value = side.defaultSchedule.get(knob.name, first);
      side.defaultSchedule.set(knob.name, value);
      normalizeChoices(knob, value);
    }
    side.limits = {target.vectorRegisters, target.l1Bytes, target.l2Bytes};
    if (std::optional<Footprint> own =
            backend->getFootprint(kernel, side.defaultSchedule, target)) {
      side.limits.registers = std::max(side.limits.registers, own->registers);
      side.limits.l1Bytes = std::max(side.limits.l1Bytes, own->l1Bytes);
      side.limits.l2Bytes = std::max(side.limits.l2Bytes, own->l2Bytes);
    }
    sides.push_back(std::move(side));
  }
}

const SearchSpace::Side *SearchSpace::findSide(StringRef backend) const {
  for (const Side &side : sides)
    if (side.backend->getName() == backend)
      return &side;
  return nullptr;
}

std::vector<Candidate> SearchSpace::getDefaults() const {
  std::vector<Candidate> defaults;
  for (const Side &side : sides)
    defaults.push_back(canonicalize(
        {side.backend->getName().str(), side.defaultSchedule, "default"}));
  return defaults;
}

std::vector<Candidate> SearchSpace::getOverrides() const {
  std::vector<Candidate> overrides;
  for (const Side &side : sides)
    for (const Knob &knob : side.knobs)
      if (knob.overrides)
        for (int64_t choice : knob.choices)
          if (choice)
            overrides.push_back({side.backend->getName().str(),
                                 Schedule().set(knob.name, choice),
                                 "autoscheduler"});
  return overrides;
}

Candidate SearchSpace::canonicalize(const Candidate &candidate) const {
  const Side *side = findSide(candidate.backend);
  if (!side)
    return candidate;
  for (const Knob &knob : side->knobs)
    if (int64_t value = candidate.schedule.get(knob.name, 0);
        knob.overrides && value)
      return {candidate.backend, Schedule().set(knob.name, value),
              candidate.source};
  // Zero for an override is left out unless the default says it: as backends
  // write schedules.
  Candidate result{candidate.backend, Schedule(), candidate.source};
  for (const auto &[name, value] : candidate.schedule.getValues()) {
    const Knob *knob = findKnob(side->knobs, name);
    if (!knob || !knob->overrides)
      result.schedule.set(name, value);
  }
  for (const Knob &knob : side->knobs) {
    int64_t absent = std::numeric_limits<int64_t>::min();
    int64_t otherwise = side->defaultSchedule.get(knob.name, absent);
    if (knob.overrides && otherwise != absent)
      result.schedule.set(knob.name, 0);
    else if (!knob.overrides)
      result.schedule.set(knob.name,
                          candidate.schedule.get(knob.name, otherwise));
  }
  return result;
}

/// Whether `footprint` is within `limits`; else writes the reason.
static bool isWithin(const Footprint &footprint, const Footprint &limits,
                     std::string &reason) {
  struct Resource {
    const char *form;
    int64_t used, available;
  };
  const Resource resources[] = {{"it needs {0} vector registers of {1}",
                                 footprint.registers, limits.registers},
                                {"its inner loops use {0} bytes of {1} in L1",
                                 footprint.l1Bytes, limits.l1Bytes},
                                {"a task uses {0} bytes of {1} in L2",
                                 footprint.l2Bytes, limits.l2Bytes}};
  for (const Resource &resource : resources)
    if (resource.used > resource.available) {
      reason = llvm::formatv(/*Validate=*/false, resource.form, resource.used,
                             resource.available);
      return false;
    }
  return true;
}

bool SearchSpace::fits(const Candidate &candidate, std::string &reason) const {
  const Side *side = findSide(candidate.backend);
  if (!side) {
    reason = "no backend '" + candidate.backend + "' takes the kernel";
    return false;
  }
  Candidate canonical = canonicalize(candidate);
  for (const auto &[name, value] : canonical.schedule.getValues()) {
    const Knob *knob = findKnob(side->knobs, name);
    if (!knob) {
      reason = "the kernel has no knob '" + name + "'";
      return false;
    }
    if (value < knob->choices.front() || value > knob->choices.back()) {
      reason = llvm::formatv("{0}={1} is not between {2} and {3}", name, value,
                             knob->choices.front(), knob->choices.back());
      return false;
    }
  }
  const Schedule &schedule = canonical.schedule;
  if (llvm::failed(
          side->backend->verifySchedule(kernel, schedule, target, reason)))
    return false;
  std::optional<Footprint> footprint =
      side->backend->getFootprint(kernel, schedule, target);
  return !footprint || isWithin(*footprint, side->limits, reason);
}

double SearchSpace::getSize() const {
  double size = 0;
  for (const Side &side : sides) {
    double combinations = 1, overrides = 0;
    for (const Knob &knob : side.knobs) {
      if (knob.overrides)
        overrides +=
            llvm::count_if(knob.choices, [](int64_t c) { return c != 0; });
      else
        combinations *= static_cast<double>(knob.choices.size());
    }
    size += combinations + overrides;
  }
  return size;
}
