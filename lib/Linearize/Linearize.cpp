//===- Linearize.cpp - A model with linear attention, judged --------------===//
#include "attune/Linearize/Linearize.h"
#include "attune/Support/Error.h"
#include "llvm/ADT/STLExtras.h"
#include <numeric>

using namespace attune;

std::vector<int64_t> LinearizeReport::getChosen() const {
  std::vector<int64_t> chosen;
  for (auto [index, layer] : llvm::enumerate(layers))
    if (layer.isChosen)
      chosen.push_back(index);
  return chosen;
}

static std::string listLayers(llvm::ArrayRef<int64_t> layers) {
  return llvm::formatv("{0:$[, ]}",
                       llvm::make_range(layers.begin(), layers.end()))
      .str();
}

namespace {
class Linearization {
public:
  Linearization(mlir::MLIRContext &context, const LinearizeOptions &options)
      : context(context), options(options) {}

  llvm::Expected<LinearizeReport> run() {
    if (llvm::Error error = prepare())
      return std::move(error);
    if (llvm::Error error = fit())
      return std::move(error);
    if (llvm::Error error = judgeLayers())
      return std::move(error);
    if (llvm::Error error = judgeModel())
      return std::move(error);
    return std::move(report);
  }

private:
  llvm::Error prepare();
  llvm::Error chooseCandidates(llvm::ArrayRef<AttentionLayer> layers);
  llvm::Error fit();
  llvm::Error judgeLayers();
  llvm::Error judgeModel();
  llvm::Error searchPassing();

  /// Results with these layers linear.
  llvm::Expected<EndToEnd> judge(llvm::ArrayRef<int64_t> layers);
  llvm::Expected<EndToEnd> judge(RunnableModel &model);
  std::vector<const LayerParameters *>
  getParameters(llvm::ArrayRef<int64_t> layers) const;
  /// The model with these layers linear and nothing else.
  llvm::Expected<std::unique_ptr<RunnableModel>>
  createModel(llvm::ArrayRef<int64_t> layers);
  llvm::Error judgeLengths(RunnableModel &model);
  llvm::Error judgeSeeds();
  void say(const llvm::Twine &what) { options.progress(what.str()); }

  mlir::MLIRContext &context;
  const LinearizeOptions &options;
  LinearizeReport report;
  std::unique_ptr<ObservedModel> observed;
  std::vector<int64_t> candidates;
  std::unique_ptr<SwitchedModel> switched;   ///< all candidates, once fitted
  std::vector<AttentionSamples> calibration; ///< by layer
  ModelResults exact;
};
} // namespace

llvm::Error Linearization::prepare() {
  report.model = options.compiler.input;
  report.fit = options.fit;
  report.budget = options.budget;
  report.isAutomatic = options.automatic;
  say("compiling the model as it is");
  auto created = ObservedModel::create(
      context, options.compiler,
      options.fit.window > 0 || options.fit.sinks > 0, options.threads);
  if (!created)
    return created.takeError();
  observed = std::move(*created);
  if (llvm::Error error = chooseCandidates(observed->getLayers()))
    return error;
  llvm::Expected<TextSet> texts =
      readTexts(options.calibration, observed->getModel(), options.maxLength);
  if (!texts)
    return texts.takeError();
  report.calibration = std::move(*texts);
  if (options.holdout.empty()) {
    report.holdout = takeHoldout(report.calibration);
    if (report.holdout.sequences.empty())
      return userErrorf("'{0}' has fewer than four texts: give more of them, "
                        "or others to judge by with --holdout=FILE",
                        options.calibration);
  } else {
    llvm::Expected<TextSet> holdout =
        readTexts(options.holdout, observed->getModel(), options.maxLength);
    if (!holdout)
      return holdout.takeError();
    if (holdout->hash == report.calibration.hash)
      return userErrorf("--holdout={0}: expected other texts than those of "
                        "--calibrate, which the maps are fitted to",
                        options.holdout);
    report.holdout = std::move(*holdout);
  }
  say("running the model on the held-out texts");
  llvm::Expected<ModelResults> results =
      runTexts(observed->getModel(), report.holdout.sequences);
  if (!results)
    return results.takeError();
  exact = std::move(*results);
  report.isDecoder = exact.isDecoder;
  return options.budget.check(exact.isDecoder);
}

llvm::Error
Linearization::chooseCandidates(llvm::ArrayRef<AttentionLayer> layers) {
  if (layers.empty())
    return userErrorf("'{0}' has no softmax attention: 'attune explain' says "
                      "what was found in it",
                      options.compiler.input);
  ProblemList problems;
  for (const AttentionLayer &layer : layers) {
    LayerOutcome &outcome = report.layers.emplace_back();
    outcome.report.layer = layer.name;
    outcome.report.index = report.layers.size() - 1;
    outcome.refusal = layer.refusal;
  }
  if (!options.layers) {
    for (auto [index, layer] : llvm::enumerate(layers))
      if (!layer.refusal)
        candidates.push_back(index);
    if (candidates.empty())
      for (auto [index, layer] : llvm::enumerate(layers))
        problems.addf("layer {0} ({1}) cannot be linear: {2}", index,
                      layer.name, layer.refusal->reason);
    return problems.take(options.compiler.input);
  }
  for (int64_t index : *options.layers)
    if (index < 0 || index >= static_cast<int64_t>(layers.size()))
      problems.addf("there is no layer {0}: expected 0 to {1}", index,
                    layers.size() - 1);
    else if (const auto &refusal = layers[index].refusal)
      problems.addf("layer {0} ({1}) cannot be linear: {2}; {3}", index,
                    layers[index].name, refusal->reason, refusal->hint);
    else if (!llvm::is_contained(candidates, index))
      candidates.push_back(index);
  llvm::sort(candidates);
  return problems.take(options.compiler.input);
}

llvm::Error Linearization::fit() {
  say("running the model on the calibration texts");
  auto known = observed->capture(report.calibration.sequences);
  if (!known)
    return known.takeError();
  calibration = std::move(*known);
  auto unseen = observed->capture(report.holdout.sequences);
  if (!unseen)
    return unseen.takeError();
  report.parameters.resize(report.layers.size());
  for (int64_t index : candidates) {
    say("fitting layer " + llvm::Twine(index));
    FitOptions fit = options.fit;
    fit.seed = options.fit.seed + index;
    report.parameters[index] =
        std::make_unique<LayerParameters>(fitLayer(calibration[index], fit));
    LayerReport found = reportLayer(*report.parameters[index],
                                    calibration[index], (*unseen)[index]);
    found.index = index;
    report.layers[index].report = std::move(found);
  }
  return llvm::Error::success();
}

std::vector<const LayerParameters *>
Linearization::getParameters(llvm::ArrayRef<int64_t> layers) const {
  std::vector<const LayerParameters *> parameters(report.layers.size());
  for (int64_t index : layers)
    parameters[index] = report.parameters[index].get();
  return parameters;
}

llvm::Expected<std::unique_ptr<RunnableModel>>
Linearization::createModel(llvm::ArrayRef<int64_t> layers) {
  return createLinearModel(context, options.compiler, getParameters(layers),
                           options.threads);
}

llvm::Expected<EndToEnd> Linearization::judge(RunnableModel &model) {
  llvm::Expected<ModelResults> found =
      runTexts(model, report.holdout.sequences);
  if (!found)
    return found.takeError();
  return compareResults(exact, *found);
}

llvm::Expected<EndToEnd> Linearization::judge(llvm::ArrayRef<int64_t> layers) {
  if (!switched) {
    auto created = SwitchedModel::create(
        context, options.compiler, getParameters(candidates), options.threads);
    if (!created)
      return created.takeError();
    switched = std::move(*created);
  }
  return judge(switched->select(layers));
}

llvm::Error Linearization::judgeLayers() {
  for (int64_t index : candidates) {
    say("judging layer " + llvm::Twine(index) + " alone");
    llvm::Expected<EndToEnd> results = judge(index);
    if (!results)
      return results.takeError();
    report.layers[index].isolated = *results;
  }
  report.order = candidates;
  llvm::stable_sort(report.order, [&](int64_t a, int64_t b) {
    return report.layers[a].isolated->relativeError <
           report.layers[b].isolated->relativeError;
  });
  std::vector<int64_t> layers;
  for (int64_t index : report.order) {
    layers.push_back(index);
    say("judging " + llvm::Twine(layers.size()) + " layers together");
    if (layers.size() == 1) {
      report.layers[index].cumulative = report.layers[index].isolated;
      continue;
    }
    llvm::Expected<EndToEnd> results = judge(layers);
    if (!results)
      return results.takeError();
    report.layers[index].cumulative = *results;
  }
  return searchPassing();
}

/// Greedy, from the easiest layer on. As long as no layer has been left out the
/// results are those of the cumulative runs.
llvm::Error Linearization::searchPassing() {
  std::vector<int64_t> layers;
  bool isPrefix = true;
  for (int64_t index : report.order) {
    layers.push_back(index);
    EndToEnd results = layers.size() == 1 ? *report.layers[index].isolated
                                          : *report.layers[index].cumulative;
    if (!isPrefix && layers.size() > 1) {
      say("searching: layers " + listLayers(layers));
      llvm::Expected<EndToEnd> found = judge(layers);
      if (!found)
        return found.takeError();
      results = *found;
    }
    if (options.budget.passes(results)) {
      report.passingResults = results;
      continue;
    }
    layers.pop_back();
    isPrefix = false;
  }
  llvm::sort(layers);
  report.passingLayers = std::move(layers);
  return llvm::Error::success();
}

llvm::Error Linearization::judgeModel() {
  std::vector<int64_t> chosen =
      options.automatic ? report.passingLayers : candidates;
  for (int64_t index : chosen)
    report.layers[index].isChosen = true;
  if (chosen.empty())
    return llvm::Error::success();
  // The verdict is on the model that would be used, without switches.
  say("compiling the rewritten model");
  auto model = createModel(chosen);
  if (!model)
    return model.takeError();
  llvm::Expected<EndToEnd> results = judge(**model);
  if (!results)
    return results.takeError();
  report.results = *results;
  report.passes = options.budget.passes(report.results);
  if (llvm::Error error = judgeLengths(**model))
    return error;
  return isRandom(options.fit.map) ? judgeSeeds() : llvm::Error::success();
}

llvm::Error Linearization::judgeLengths(RunnableModel &model) {
  int64_t longest = report.holdout.getLongest();
  for (int64_t length : {longest / 4, longest / 2}) {
    if (length < 2)
      continue;
    say("judging texts of up to " + llvm::Twine(length) + " tokens");
    std::vector<TokenSequence> texts = report.holdout.cut(length);
    llvm::Expected<ModelResults> before = runTexts(observed->getModel(), texts);
    if (!before)
      return before.takeError();
    llvm::Expected<ModelResults> after = runTexts(model, texts);
    if (!after)
      return after.takeError();
    report.lengths.push_back({length, compareResults(*before, *after)});
  }
  report.lengths.push_back({longest, report.results});
  return llvm::Error::success();
}

llvm::Error Linearization::judgeSeeds() {
  std::vector<int64_t> chosen = report.getChosen();
  for (int seed = 1; seed <= options.moreSeeds; ++seed) {
    say("judging other random projections, " + llvm::Twine(seed) + " of " +
        llvm::Twine(options.moreSeeds));
    std::vector<std::unique_ptr<LayerParameters>> kept(report.layers.size());
    for (int64_t index : chosen) {
      FitOptions fit = options.fit;
      fit.seed = options.fit.seed + index + 7919 * uint64_t(seed);
      kept[index] =
          std::make_unique<LayerParameters>(fitLayer(calibration[index], fit));
      std::swap(kept[index], report.parameters[index]);
    }
    auto model = createModel(chosen);
    for (int64_t index : chosen)
      std::swap(kept[index], report.parameters[index]);
    if (!model)
      return model.takeError();
    llvm::Expected<EndToEnd> results = judge(**model);
    if (!results)
      return results.takeError();
    report.seeds.push_back(*results);
  }
  return llvm::Error::success();
}

llvm::Expected<LinearizeReport>
attune::linearizeModel(mlir::MLIRContext &context,
                       const LinearizeOptions &options) {
  return Linearization(context, options).run();
}
