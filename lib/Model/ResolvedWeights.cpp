//===- ResolvedWeights.cpp - Each logical weight's tensor -----------------===//

#include "attune/Model/ResolvedWeights.h"
#include "attune/Model/TensorConversion.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"

#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

#include <algorithm>

using namespace llvm;

namespace attune {

/// Rows of the table of problems; a screen holds them.
static constexpr size_t kMaxRows = 30;
/// Models in one set of files that are tried.
static constexpr size_t kMaxPrefixes = 16;
/// What was found where there is no tensor of the name.
static constexpr char kNothing[] = "nothing";

namespace {

/// The names of a model's weights under one prefix.
class Namer {
public:
  Namer(const ModelDescription &model, const WeightScheme *scheme)
      : model(model), patterns(kWeightRoleCount) {
    if (scheme)
      for (const WeightPattern &row : scheme->patterns)
        patterns[static_cast<unsigned>(row.role)].push_back(row.pattern);
    for (const auto &[key, pattern] : model.weights.names)
      if (std::optional<WeightRole> role = weightRoleFromString(key))
        patterns[static_cast<unsigned>(*role)] = {pattern};
  }

  ArrayRef<StringRef> patternsOf(WeightRole role) const {
    return patterns[static_cast<unsigned>(role)];
  }

  /// The alternatives for the name of a weight.
  SmallVector<std::string, 2> names(WeightRole role, int64_t layer,
                                    StringRef prefix) const {
    SmallVector<std::string, 2> result;
    for (StringRef pattern : patternsOf(role))
      result.push_back((prefix + expandPattern(pattern, layer, model)).str());
    return result;
  }

  const TensorEntry *find(WeightRole role, int64_t layer, StringRef prefix,
                          const WeightStore &store) const {
    for (const std::string &name : names(role, layer, prefix))
      if (const TensorEntry *entry = store.find(name))
        return entry;
    return nullptr;
  }

private:
  const ModelDescription &model;
  std::vector<SmallVector<StringRef, 2>> patterns;
};

/// What is wrong with one weight, or with the same weight of several layers.
struct Problem {
  WeightRole role;
  /// The first and the last layer, and how many of those between them have
  /// the problem.
  int64_t firstLayer, lastLayer, count;
  /// The name of the first one in the file.
  std::string name;
  std::string expected, found;
};

} // namespace

/// Calls `visit(role, layer)` for every weight that the model needs.
template <typename VisitFn>
static void forEachWeight(const ModelDescription &model, VisitFn visit) {
  for (WeightRole role : allWeightRoles()) {
    if (!isNeeded(role, model))
      continue;
    int64_t count = isPerLayer(role) ? model.distinctLayers() : 1;
    for (int64_t layer = 0; layer < count; ++layer)
      if (isNeeded(role, model, layer))
        visit(role, layer);
  }
}

/// Candidates for the prefix: whatever stands before the name of the token
/// embedding, or before that of another weight when there is no such tensor.
static std::vector<std::string> prefixCandidates(const ModelDescription &model,
                                                 const Namer &namer,
                                                 const WeightStore &store) {
  std::vector<std::string> candidates;
  for (WeightRole role : allWeightRoles()) {
    if (!isNeeded(role, model))
      continue;
    for (const std::string &suffix : namer.names(role, 0, "")) {
      for (const TensorEntry &entry : store.entries()) {
        StringRef name = entry.name;
        if (name.consume_back(suffix) && (name.empty() || name.ends_with(".")))
          candidates.push_back(name.str());
      }
    }
    if (!candidates.empty())
      break;
  }
  llvm::sort(candidates);
  candidates.erase(llvm::unique(candidates), candidates.end());
  return candidates;
}

static Expected<std::string> findPrefix(const ModelDescription &model,
                                        const Namer &namer,
                                        const WeightStore &store) {
  if (model.weights.prefix)
    return *model.weights.prefix;
  std::vector<std::string> candidates = prefixCandidates(model, namer, store);
  if (candidates.size() > kMaxPrefixes)
    return userErrorf(
        "{0}: the files hold {1} models; write a YAML description "
        "with weights.prefix to choose one",
        printable(store.files().front()), candidates.size());
  size_t best = 0;
  std::vector<std::string> winners;
  for (const std::string &candidate : candidates) {
    size_t found = 0;
    forEachWeight(model, [&](WeightRole role, int64_t layer) {
      found += namer.find(role, layer, candidate, store) != nullptr;
    });
    if (found > best)
      winners.clear();
    if (found >= best)
      winners.push_back(candidate);
    best = std::max(best, found);
  }
  if (winners.size() > 1) {
    std::vector<std::string> shown;
    shown.reserve(winners.size());
    for (const std::string &winner : winners)
      shown.push_back("'" + printable(winner) + "'");
    return userErrorf(
        "{0}: the files hold {1} models, with the prefixes {2}; write a YAML "
        "description with weights.prefix to choose one",
        printable(store.files().front()), winners.size(),
        join(ArrayRef(shown).take_front(8), ", "));
  }
  return winners.empty() ? "" : winners.front();
}

namespace {
/// Collects what is wrong and prints it as a table.
class ProblemTable {
public:
  ProblemTable(const ModelDescription &model, const WeightStore &store)
      : model(model), store(store) {}

  void add(WeightRole role, int64_t layer, StringRef name, bool badType,
           std::string found) {
    ++total;
    // Each layer has the same problem as the one before: one row for all.
    if (!problems.empty()) {
      Problem &last = problems.back();
      if (last.role == role && last.found == found) {
        last.lastLayer = layer;
        ++last.count;
        return;
      }
    }
    std::string expected = formatShape(expectedShape(role, model));
    if (badType)
      expected = "F32, F16, BF16 or F64 " + expected;
    problems.push_back({role, layer, layer, 1, name.str(), std::move(expected),
                        std::move(found)});
  }

  bool empty() const { return problems.empty(); }

  /// `unused` are the tensors that may be meant by a name that is missing.
  Error take(ArrayRef<const TensorEntry *> unused);

private:
  static std::string place(const Problem &problem);

  const ModelDescription &model;
  const WeightStore &store;
  std::vector<Problem> problems;
  size_t total = 0;
};
} // namespace

/// The name that is nearest to `name`, or an empty one when none is near.
static StringRef nearestName(StringRef name,
                             ArrayRef<const TensorEntry *> among) {
  StringRef nearest;
  unsigned limit = std::min<unsigned>(name.size() / 3, 20) + 1;
  for (const TensorEntry *entry : among) {
    StringRef other = entry->name;
    size_t difference = std::max(other.size(), name.size()) -
                        std::min(other.size(), name.size());
    if (difference >= limit || other.size() > 256)
      continue;
    unsigned distance = name.edit_distance(other, true, limit);
    if (distance < limit) {
      limit = distance;
      nearest = other;
    }
  }
  return nearest;
}

std::string ProblemTable::place(const Problem &problem) {
  std::string text = toString(problem.role).str();
  if (!isPerLayer(problem.role))
    return text;
  std::string first = std::to_string(problem.firstLayer);
  if (problem.count == 1)
    return "layer " + first + " " + text;
  bool all = problem.lastLayer - problem.firstLayer + 1 == problem.count;
  std::string layers =
      all ? "layers " : std::to_string(problem.count) + " of layers ";
  return layers + first + "-" + std::to_string(problem.lastLayer) + " " + text;
}

Error ProblemTable::take(ArrayRef<const TensorEntry *> unused) {
  std::string text = printable(store.files().front(), 200);
  raw_string_ostream os(text);
  if (store.files().size() > 1)
    os << " and " << store.files().size() - 1 << " more";
  os << ": " << total << " weight" << (total == 1 ? " does" : "s do")
     << " not fit the model's description";
  ArrayRef<Problem> shown = ArrayRef(problems).take_front(kMaxRows);
  size_t placeWidth = 0, nameWidth = 0, expectedWidth = 0;
  for (const Problem &p : shown) {
    placeWidth = std::max(placeWidth, place(p).size());
    nameWidth = std::max(nameWidth, printable(p.name).size());
    expectedWidth = std::max(expectedWidth, p.expected.size());
  }
  size_t rest = total;
  for (const Problem &p : shown) {
    os << "\n  " << left_justify(place(p), placeWidth) << "  "
       << left_justify(printable(p.name), nameWidth) << "  expected "
       << left_justify(p.expected, expectedWidth) << "  found " << p.found;
    if (StringRef near = nearestName(p.name, unused);
        p.found == kNothing && !near.empty())
      os << ", nearest is " << printable(near);
    rest -= p.count;
  }
  if (rest)
    os << "\n  and " << rest << " more";
  return userError(text);
}

Expected<ResolvedWeights>
ResolvedWeights::resolve(const ModelDescription &model,
                         const WeightStore &store) {
  Namer namer(model, findWeightScheme(model.weights.scheme));
  Expected<std::string> prefix = findPrefix(model, namer, store);
  if (!prefix)
    return prefix.takeError();

  ResolvedWeights result;
  result.namePrefix = *prefix;
  result.byRole.resize(kWeightRoleCount);
  ProblemTable problems(model, store);
  DenseSet<const TensorEntry *> used;
  forEachWeight(model, [&](WeightRole role, int64_t layer) {
    const TensorEntry *entry = namer.find(role, layer, *prefix, store);
    std::vector<const TensorEntry *> &entries =
        result.byRole[static_cast<unsigned>(role)];
    // Null for the layers that do not have the weight.
    entries.resize(isPerLayer(role) ? model.distinctLayers() : 1);
    entries[layer] = entry;
    if (!entry) {
      SmallVector<std::string, 2> names = namer.names(role, layer, *prefix);
      if (names.empty())
        problems.add(role, layer, "(no name)", false,
                     "nothing: weights.names has no pattern for it");
      else
        problems.add(role, layer, names.front(), false, kNothing);
      return;
    }
    used.insert(entry);
    bool badType = !isConvertibleToF32(entry->dtype);
    if (badType || ArrayRef<int64_t>(entry->shape) !=
                       ArrayRef<int64_t>(expectedShape(role, model)))
      problems.add(role, layer, entry->name, badType, describe(*entry));
  });
  for (const TensorEntry &entry : store.entries())
    if (!used.contains(&entry))
      result.leftOver.push_back(&entry);
  if (!problems.empty())
    return problems.take(result.leftOver);

  result.distinctOf.reserve(model.layers);
  for (int64_t layer = 0; layer < model.layers; ++layer)
    result.distinctOf.push_back(model.weightLayer(layer));
  return result;
}

const TensorEntry *ResolvedWeights::find(WeightRole role, int64_t layer) const {
  ArrayRef<const TensorEntry *> entries = byRole[static_cast<unsigned>(role)];
  if (entries.empty())
    return nullptr;
  if (!isPerLayer(role))
    return entries.front();
  return entries[distinctOf[layer]];
}

ModelDescription adaptToWeights(ModelDescription model,
                                const WeightStore &store) {
  if (model.pooler == PoolerKind::None)
    return model;
  Namer namer(model, findWeightScheme(model.weights.scheme));
  Expected<std::string> prefix = findPrefix(model, namer, store);
  if (!prefix) {
    // resolve() reports it.
    consumeError(prefix.takeError());
    return model;
  }
  if (!namer.find(WeightRole::PoolerWeight, 0, *prefix, store) &&
      !namer.find(WeightRole::PoolerBias, 0, *prefix, store))
    model.pooler = PoolerKind::None;
  return model;
}

} // namespace attune
