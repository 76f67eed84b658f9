//===- LinearizeCosts.cpp - What linear attention takes here --------------===//
#include "LinearizeCosts.h"
#include "KernelTimer.h"
#include "attune/Runtime/ThreadPool.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace attune;
using namespace attune::tool;

static constexpr int64_t kShortest = 128, kLongest = 32768;
/// A clock tick does not matter to what takes this long, in ms.
static constexpr double kSampleMs = 5;
/// So much time, in ms, goes into one length where three samples leave some.
static constexpr double kLengthMs = 300;

namespace {
/// What is timed, with {0} in the place of the length.
struct LayerKernels {
  std::string softmax;
  std::vector<std::string> linear; ///< one behind the other
};

/// Kernels that run one behind the other.
class TimedKernels {
public:
  static llvm::Expected<TimedKernels> create(mlir::MLIRContext &context,
                                             ScheduleChooser &chooser,
                                             TimedKernelOptions options,
                                             llvm::ArrayRef<std::string> specs,
                                             int64_t length) {
    TimedKernels result;
    for (const std::string &spec : specs) {
      options.spec = llvm::formatv(spec.c_str(), length).str();
      auto timer = KernelTimer::create(context, chooser, options);
      if (!timer)
        return timer.takeError();
      result.timers.push_back(std::move(*timer));
    }
    return result;
  }

  /// Milliseconds of one run of all.
  llvm::Expected<double> time(int threads, int iterations) {
    double sum = 0;
    for (const std::unique_ptr<KernelTimer> &timer : timers) {
      llvm::Expected<double> once = timer->time(threads, iterations);
      if (!once)
        return once.takeError();
      sum += *once;
    }
    return sum;
  }

private:
  std::vector<std::unique_ptr<KernelTimer>> timers;
};
} // namespace

/// The map of a spec, as the dialect calls it. Landmarks are exponentials.
static std::string getMapOptions(const LayerParameters &parameters,
                                 const SideWeights &side) {
  std::string map = parameters.map == LinearMap::Calibrated
                        ? "exp"
                        : toString(parameters.map).str();
  llvm::replace(map, '-', '_');
  std::string text = ",map=" + map;
  if (!side.projection.empty())
    text += llvm::formatv(",features={0}", side.rows);
  if (!side.mix.empty())
    text += ",mix=1";
  return text;
}

static LayerKernels describeKernels(const LayerReport &layer,
                                    const LayerParameters &parameters) {
  LayerKernels kernels;
  size_t heads = layer.heads.size();
  kernels.softmax = llvm::formatv(
      "attention:b=1,h={0},hkv={1},q={{0},k={{0},d={2},dv={3},causal={4}",
      heads, layer.kvHeads, layer.headDim, layer.valueDim, int(layer.causal));
  if (!parameters.isHybrid()) {
    kernels.linear.push_back(llvm::formatv(
        "linear_attention:b=1,h={0},hkv={1},n={{0},d={2},dv={3},causal={4},"
        "denominator=1{5}",
        heads, layer.kvHeads, layer.headDim, layer.valueDim, int(layer.causal),
        getMapOptions(parameters, parameters.key)));
    return kernels;
  }
  for (const SideWeights *side : {&parameters.query, &parameters.key})
    kernels.linear.push_back(
        llvm::formatv("feature_map:b=1,h={0},n={{0},d={1}{2}", side->heads,
                      layer.headDim, getMapOptions(parameters, *side)));
  kernels.linear.push_back(llvm::formatv(
      "hybrid_attention:b=1,h={0},hkv={1},n={{0},d={2},dv={3},features={4},"
      "window={5},sinks={6},causal={7}",
      heads, layer.kvHeads, layer.headDim, layer.valueDim,
      parameters.query.features, parameters.window, parameters.sinks,
      int(layer.causal)));
  return kernels;
}

/// The first layer that is linear in the model, else the first that could be.
static const LayerOutcome *findLayer(const LinearizeReport &report) {
  const LayerOutcome *found = nullptr;
  for (auto [index, layer] : llvm::enumerate(report.layers)) {
    if (layer.report.heads.empty() || index >= report.parameters.size() ||
        !report.parameters[index])
      continue;
    if (layer.isChosen)
      return &layer;
    if (!found)
      found = &layer;
  }
  return found;
}

/// Runs both in turns, for clocks and neighbours change.
static llvm::Expected<AttentionTimes>
timeInTurns(TimedKernels &softmax, TimedKernels &linear, int threads) {
  TimedKernels *both[] = {&softmax, &linear};
  int iterations[2] = {};
  double pair = 0;
  for (int i = 0; i < 2; ++i) {
    // Also warms up.
    llvm::Expected<double> once = both[i]->time(threads, 1);
    if (!once)
      return once.takeError();
    iterations[i] = std::clamp<int>(kSampleMs / std::max(*once, 1e-3), 1, 1000);
    pair += *once * iterations[i];
  }
  int samples = std::clamp<int>(kLengthMs / std::max(pair, 1e-3), 3, 15);
  std::vector<double> times[2];
  for (int sample = 0; sample < samples; ++sample)
    for (int i = 0; i < 2; ++i) {
      llvm::Expected<double> time = both[i]->time(threads, iterations[i]);
      if (!time)
        return time.takeError();
      times[i].push_back(*time);
    }
  AttentionTimes result;
  result.softmaxMs = getMedian(std::move(times[0]));
  result.linearMs = getMedian(std::move(times[1]));
  return result;
}

llvm::Expected<std::optional<AttentionCosts>> attune::tool::measureCosts(
    mlir::MLIRContext &context, const LinearizeReport &report,
    const CompilerOptions &compiler, int64_t longest, int threads,
    llvm::function_ref<void(llvm::StringRef)> progress) {
  const LayerOutcome *layer = findLayer(report);
  longest = std::min(longest, kLongest);
  if (!layer || longest < kShortest)
    return std::nullopt;
  const LayerParameters &parameters = *report.parameters[layer->report.index];
  LayerKernels kernels = describeKernels(layer->report, parameters);

  TimedKernelOptions options;
  llvm::Expected<TargetDesc> target = getTarget("native");
  if (!target)
    return target.takeError();
  options.target = std::move(*target);
  ScheduleOptions schedules = compiler.schedules;
  auto chooser = ScheduleChooser::create(std::move(schedules));
  if (!chooser)
    return chooser.takeError();

  AttentionCosts costs;
  costs.threads = threads ? threads : attune_default_threads();
  costs.softmax = llvm::formatv(kernels.softmax.c_str(), "N").str();
  std::vector<std::string> linear;
  for (const std::string &spec : kernels.linear)
    linear.push_back(llvm::formatv(spec.c_str(), "N").str());
  costs.linear = llvm::join(linear, " + ");
  costs.flopCrossover = getFlopCrossover(parameters, layer->report.causal);
  for (int64_t length = kShortest; length <= longest; length *= 2) {
    // Twice the tokens are four times the work of softmax, and twice that of
    // its replacement.
    if (!costs.times.empty() &&
        (4 * costs.times.back().softmaxMs > kLongestRunMs ||
         2 * costs.times.back().linearMs > kLongestRunMs))
      break;
    progress(llvm::formatv("timing attention at {0} tokens", length).str());
    auto before = TimedKernels::create(context, **chooser, options,
                                       kernels.softmax, length);
    if (!before)
      return before.takeError();
    auto after = TimedKernels::create(context, **chooser, options,
                                      kernels.linear, length);
    if (!after)
      return after.takeError();
    llvm::Expected<AttentionTimes> times =
        timeInTurns(*before, *after, costs.threads);
    if (!times)
      return times.takeError();
    times->length = length;
    costs.times.push_back(*times);
  }
  return costs;
}
