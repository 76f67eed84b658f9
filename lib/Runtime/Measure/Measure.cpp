//===- Measure.cpp - Running one kernel's codes in turns ------------------===//
#include "Measure.h"

#include "Events.h"
#include "Execution.h"
#include "Main/Arguments.h"
#include "Rounds.h"
#include "attune/Runtime/Cpu.h"
#include "attune/Runtime/Text.h"

#include <algorithm>
#include <cstdlib>

namespace attune::measure {

namespace {

using rt::format;

/// Runs in one sample at most.
constexpr double kMostRuns = 1e6;
/// Beyond this many sample times a run is not preceded by another one that
/// brings its operands into the caches: they are but a small part of its time.
constexpr double kWarmUpSamples = 4;
/// Runs of a sample with cold caches at most: emptying them takes long.
constexpr double kMostColdRuns = 4;
/// First runs are slow for many reasons: only one that is this many times
/// beyond the ratio at which codes are dropped says that a code is.
constexpr double kFirstRunSlack = 4;

bool readSettings(const std::vector<std::string_view> &arguments, int64_t codes,
                  Settings &settings, std::string &error) {
  program::Arguments given;
  std::vector<program::Option> options = {
      {"threads", 't', "N", ""},   {"rounds", 'r', "N", ""},
      {"kill-ratio", 0, "X", ""},  {"sample-ms", 0, "X", ""},
      {"tolerance", 0, "X", ""},   {"timeout", 0, "SECONDS", ""},
      {"skip", 0, "CODE,...", ""}, {"cold", 0, nullptr, ""},
      {"weight-bytes", 0, "N", ""}};
  if (!given.parse(options, arguments, error) ||
      !given.number("threads", 1, ATTUNE_MAX_THREADS, settings.threads,
                    settings.threads, error) ||
      !given.number("rounds", 1, 100000, settings.rounds, settings.rounds,
                    error) ||
      !given.fraction("kill-ratio", settings.killRatio, settings.killRatio,
                      error) ||
      !given.fraction("sample-ms", settings.sampleMs, settings.sampleMs,
                      error) ||
      !given.fraction("tolerance", settings.tolerance, settings.tolerance,
                      error) ||
      !given.fraction("timeout", settings.timeout, settings.timeout, error) ||
      !given.number("weight-bytes", 0, int64_t(1) << 40, settings.weightBytes,
                    settings.weightBytes, error) ||
      !given.numbers("skip", 1, std::max<int64_t>(codes - 1, 1), {},
                     settings.skip, error))
    return false;
  settings.coldCaches = given.has("cold");
  return true;
}

class Measurement {
public:
  Measurement(const AttuneMeasuredKernel &kernel, const Settings &settings)
      : kernel(kernel), settings(settings) {}

  bool run(std::string &error);

private:
  /// A code in the contest.
  struct Entrant {
    Execution::Bound bound;
    Track track;
    double error = 0;
    double estimate = 0; ///< milliseconds a run
  };

  /// Runs a code for the first time; false when it is wrong.
  bool check(Entrant &entrant);
  /// Times a code once; false when it turns out to be wrong.
  bool sample(Entrant &entrant);
  /// One run of a sample.
  double timeRun(Entrant &entrant, AttuneFailure &failure);
  /// Whether results and guards are right; prints it when not.
  bool isRight(Entrant &entrant, const AttuneFailure &failure);
  /// Whether its first run shows that timing it would be a waste; prints it.
  bool isHopeless(Entrant &entrant);
  void report(const Entrant &entrant, const Track &reference);
  void remove(const std::vector<int64_t> &codes);
  bool runRounds(std::string &error);

  const AttuneMeasuredKernel &kernel;
  const Settings &settings;
  Operands operands;
  Execution execution;
  std::vector<Entrant> entrants; ///< the reference first
};

bool Measurement::isRight(Entrant &entrant, const AttuneFailure &failure) {
  CodeResult result;
  result.code = entrant.track.code;
  if (failure.failed) {
    result.wrong = format("the kernel failed: %s", failure.message);
  } else if (!operands.guardsAreIntact()) {
    result.wrong = "it wrote outside its results";
  } else if (result.code) {
    entrant.error = std::max(entrant.error, operands.compare());
    result.error = entrant.error;
    if (entrant.error >= Operands::kIncomparable)
      result.wrong = "its results are not those of the reference";
    else if (!(entrant.error <= settings.tolerance))
      result.wrong = format("its results differ from the reference's by %.3g, "
                            "more than %.3g",
                            entrant.error, settings.tolerance);
  }
  if (result.wrong.empty())
    return true;
  printResult(result);
  return false;
}

bool Measurement::check(Entrant &entrant) {
  operands.clearResults();
  AttuneFailure failure = {};
  {
    InFlight inFlight(entrant.track.code, settings.timeout);
    entrant.estimate = execution.run(entrant.bound, failure);
  }
  return isRight(entrant, failure);
}

double Measurement::timeRun(Entrant &entrant, AttuneFailure &failure) {
  if (settings.coldCaches)
    execution.evict(operands);
  return execution.run(entrant.bound, failure);
}

bool Measurement::sample(Entrant &entrant) {
  AttuneFailure failure = {};
  {
    InFlight inFlight(entrant.track.code, settings.timeout);
    double once = entrant.estimate;
    if (!settings.coldCaches && once < kWarmUpSamples * settings.sampleMs) {
      // The first run of a code took longer than those that follow.
      double warm = execution.run(entrant.bound, failure);
      once = entrant.track.samples.empty() ? std::min(once, warm) : once;
    }
    double wanted = settings.sampleMs / std::max(once, 1e-6);
    auto runs = int64_t(std::clamp(
        wanted + 0.999, 1.0, settings.coldCaches ? kMostColdRuns : kMostRuns));
    double total = 0;
    for (int64_t i = 0; i < runs; ++i)
      total += timeRun(entrant, failure);
    entrant.estimate = total / double(runs);
  }
  entrant.track.samples.push_back(entrant.estimate);
  return isRight(entrant, failure);
}

void Measurement::report(const Entrant &entrant, const Track &reference) {
  CodeResult result;
  result.code = entrant.track.code;
  result.error = entrant.error;
  summarize(entrant.track, reference, result);
  printResult(result);
}

bool Measurement::isHopeless(Entrant &entrant) {
  if (!entrant.track.code)
    return false;
  double first = entrants.front().estimate;
  if (entrant.estimate <=
      std::max(settings.sampleMs, kFirstRunSlack * settings.killRatio * first))
    return false;
  entrant.track.samples = {entrant.estimate};
  report(entrant, Track{0, {first}});
  return true;
}

void Measurement::remove(const std::vector<int64_t> &codes) {
  for (int64_t code : codes) {
    auto found =
        std::find_if(entrants.begin(), entrants.end(),
                     [&](const Entrant &e) { return e.track.code == code; });
    if (found != entrants.end())
      entrants.erase(found);
  }
}

bool Measurement::runRounds(std::string &error) {
  for (int64_t round = 0; round < settings.rounds; ++round) {
    // Every other round backwards: nobody always follows the same one.
    std::vector<int64_t> wrong;
    size_t count = entrants.size();
    for (size_t i = 0; i < count; ++i) {
      Entrant &entrant = entrants[round % 2 ? count - 1 - i : i];
      if (sample(entrant))
        continue;
      if (entrant.track.code == 0) {
        error = "the reference's results changed";
        return false;
      }
      wrong.push_back(entrant.track.code);
    }
    remove(wrong);
    if (round + 1 == settings.rounds)
      break;
    std::vector<Track> tracks;
    for (const Entrant &entrant : entrants)
      tracks.push_back(entrant.track);
    std::vector<int64_t> losers =
        chooseLosers(tracks, size_t(round + 1), settings.killRatio);
    for (const Entrant &entrant : entrants)
      if (std::find(losers.begin(), losers.end(), entrant.track.code) !=
          losers.end())
        report(entrant, entrants.front().track);
    remove(losers);
  }
  for (const Entrant &entrant : entrants)
    report(entrant, entrants.front().track);
  return true;
}

bool Measurement::run(std::string &error) {
  uint64_t missing = kernel.features & ~rt::cpuFeatures();
  if (missing) {
    error = format("this CPU lacks %s, which the kernel was compiled for",
                   rt::cpuFeatureNames(missing).c_str());
    return false;
  }
  if (!operands.create(kernel, size_t(settings.weightBytes), error) ||
      !execution.create(kernel, int32_t(settings.threads), error))
    return false;
  for (int64_t code = 0; code < kernel.num_codes; ++code) {
    if (std::find(settings.skip.begin(), settings.skip.end(), code) !=
        settings.skip.end())
      continue;
    if (!operands.pack(kernel.codes[code], error))
      return false;
    Entrant entrant;
    entrant.bound.code = &kernel.codes[code];
    entrant.bound.arguments = operands.describe(kernel.codes[code]);
    entrant.track.code = code;
    bool right = check(entrant);
    if (code == 0 && (!right || !operands.keepReference(error))) {
      if (error.empty())
        error = "the reference failed";
      return false;
    }
    if (right && !isHopeless(entrant))
      entrants.push_back(std::move(entrant));
  }
  return runRounds(error);
}

} // namespace

int runMeasurement(const AttuneMeasuredKernel &kernel,
                   const std::vector<std::string_view> &arguments) {
  printStart(kernel.num_codes);
  std::string error;
  Settings settings;
  if (kernel.version != ATTUNE_MEASURE_VERSION) {
    error = format("the kernel is described in version %u, expected %u",
                   kernel.version, ATTUNE_MEASURE_VERSION);
  } else if (readSettings(arguments, kernel.num_codes, settings, error)) {
    Measurement measurement(kernel, settings);
    if (measurement.run(error)) {
      printEnd();
      return EXIT_SUCCESS;
    }
  }
  printFailure(error);
  return EXIT_FAILURE;
}

} // namespace attune::measure
