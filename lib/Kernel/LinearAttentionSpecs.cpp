//===- LinearAttentionSpecs.cpp - Features and linear attention by name ---===//
#include "KernelBuilder.h"
#include "attune/Support/Error.h"
#include "attune/Support/File.h"
#include <cmath>

using namespace mlir;
using namespace attune;

namespace {

/// The map that a name asks for, of queries and keys alike.
struct MapChoice {
  FeatureMap map = FeatureMap::identity;
  FeatureNorm norm = FeatureNorm::none;
  int64_t rows = 0; ///< of the projection; 0: none
  int64_t order = 1;
  bool isMixed = false; ///< keys alone
  bool isThere = false;

  /// Whether features have a scale of their own.
  bool hasScale() const {
    return norm == FeatureNorm::none &&
           (map == FeatureMap::exp || map == FeatureMap::favor ||
            map == FeatureMap::favor_hyperbolic);
  }
};

/// Packed heads of features and, where wanted, their scales.
struct Features {
  Value value, scale;
  int64_t columns; // of a head
};

} // namespace

/// The one word of an option, as a case of an enum. `fallback` without the
/// option.
template <typename Enum>
static llvm::Expected<Enum>
readWord(const SpecOptions &options, StringRef name, Enum fallback,
         std::optional<Enum> (*symbolize)(StringRef), StringRef choices) {
  ArrayRef<StringRef> words = options.getWords(name);
  if (words.empty())
    return fallback;
  if (words.size() == 1)
    if (std::optional<Enum> found = symbolize(words.front()))
      return *found;
  return userErrorf("kernel '{0}': expected {1} to be one of {2}; found '{3}'",
                    printable(options.getSpec()), name, choices,
                    printable(llvm::join(words, "+")));
}

template <typename Enum>
static std::string listCases(uint32_t last, StringRef (*stringify)(Enum)) {
  return llvm::join(
      llvm::map_range(llvm::seq_inclusive<uint32_t>(0, last),
                      [&](uint32_t i) { return stringify(Enum(i)); }),
      ", ");
}

static llvm::Expected<MapChoice> readMap(const SpecOptions &options) {
  MapChoice choice;
  llvm::Expected<FeatureMap> map = readWord<FeatureMap>(
      options, "map", choice.map, symbolizeFeatureMap,
      listCases<FeatureMap>(getMaxEnumValForFeatureMap(), stringifyFeatureMap));
  if (!map)
    return map.takeError();
  llvm::Expected<FeatureNorm> norm = readWord<FeatureNorm>(
      options, "norm", choice.norm, symbolizeFeatureNorm,
      listCases<FeatureNorm>(getMaxEnumValForFeatureNorm(),
                             stringifyFeatureNorm));
  if (!norm)
    return norm.takeError();
  choice.map = *map;
  choice.norm = *norm;
  choice.rows = options.get("features");
  choice.order = std::max<int64_t>(options.get("order"), 1);
  choice.isMixed = options.get("mix");
  choice.isThere = !options.getWords("map").empty() || choice.rows ||
                   choice.norm != FeatureNorm::none || choice.isMixed;
  if (choice.map != FeatureMap::dpfp && choice.order != 1)
    return userErrorf("kernel '{0}': expected no order for the map {1}, dpfp "
                      "has one",
                      printable(options.getSpec()),
                      stringifyFeatureMap(choice.map));
  if (!FeatureMapOp::countFeatures(choice.map,
                                   choice.rows ? choice.rows : options.get("d"),
                                   choice.order))
    return userErrorf("kernel '{0}': a head would have more than 2^24 features",
                      printable(options.getSpec()));
  return choice;
}

/// Features of `input`, whose heads have `d` columns each; input itself without
/// a map. All heads share a projection.
static Features addFeatures(KernelBuilder &kernel, const MapChoice &choice,
                            Value input, int64_t heads, int64_t d,
                            bool isScaled, bool isMixed) {
  if (!choice.isThere)
    return {input, Value(), d};
  int64_t rows = choice.rows ? choice.rows : d;
  Value projection =
      choice.rows ? kernel.addTensor({1, rows, d}, {1, rows, d}) : Value();
  int64_t columns =
      *FeatureMapOp::countFeatures(choice.map, rows, choice.order);
  SmallVector<int64_t> square = {1, columns, columns};
  Value mix = isMixed ? kernel.addTensor(square, square) : Value();
  // As softmax has it: products of features are to be those of queries and keys
  // divided by the root of their size.
  double scale = choice.hasScale() ? std::pow(double(d), -0.25) : 1.0;
  auto map = FeatureMapOp::create(
      kernel.builder, kernel.loc,
      kernel.getTensorType({kAny, kAny, heads * columns}),
      isScaled ? kernel.getTensorType({kAny, kAny, heads}) : Type(), choice.map,
      input, projection, /*bias=*/Value(), mix, /*tilt=*/Value(),
      static_cast<uint64_t>(heads), llvm::APFloat(scale),
      static_cast<uint64_t>(choice.order), llvm::APFloat(0.0), choice.norm,
      llvm::APFloat(1e-6));
  return {map.getResult(), map.getLogScale(), columns};
}

/// Heads of queries and of keys, which belong to as many of the former each.
static llvm::Expected<int64_t> readKeyHeads(const SpecOptions &options) {
  int64_t h = options.get("h");
  int64_t hkv = options.get("hkv") ? options.get("hkv") : h;
  if (h % hkv != 0)
    return userErrorf("kernel '{0}': expected h to be a multiple of hkv",
                      printable(options.getSpec()));
  return hkv;
}

llvm::Expected<KernelProblem>
attune::buildLinearAttentionSpec(MLIRContext &context, StringRef spec,
                                 StringRef text) {
  llvm::Expected<SpecOptions> options = SpecOptions::parse(
      spec, text,
      {{"b", "h", "n", "d"},
       {{"hkv", 0}, {"dv", 0}, {"features", 0}, {"order", 1}, {"causal", 1}},
       {"denominator", "mask", "past", "columns", "mix"},
       {"map", "norm", "rule"}});
  if (!options)
    return options.takeError();
  llvm::Expected<int64_t> keyHeads = readKeyHeads(*options);
  if (!keyHeads)
    return keyHeads.takeError();
  llvm::Expected<MapChoice> choice = readMap(*options);
  if (!choice)
    return choice.takeError();
  llvm::Expected<UpdateRule> rule = readWord<UpdateRule>(
      *options, "rule", UpdateRule::linear, symbolizeUpdateRule,
      listCases<UpdateRule>(getMaxEnumValForUpdateRule(), stringifyUpdateRule));
  if (!rule)
    return rule.takeError();
  bool isGated = *rule == UpdateRule::gated || *rule == UpdateRule::gated_delta;
  bool isDelta = *rule == UpdateRule::delta || *rule == UpdateRule::gated_delta;
  // As in the paper; else the state of random keys grows without bounds.
  if (isDelta && choice->isThere && options->getWords("norm").empty())
    choice->norm = FeatureNorm::sum;
  bool isFull = options->get("causal") == 0;
  bool hasSum = options->get("denominator");
  auto refuse = [&](StringRef what) {
    return userErrorf("kernel '{0}': expected no {1} for the rule {2}",
                      printable(spec), what, stringifyUpdateRule(*rule));
  };
  if (isFull && *rule != UpdateRule::linear)
    return refuse("causal=0");
  if (hasSum && isDelta)
    return refuse("denominator");
  if (options->get("columns") && !isGated)
    return refuse("columns");

  int64_t b = options->get("b"), h = options->get("h"), hkv = *keyHeads;
  int64_t n = options->get("n"), d = options->get("d");
  int64_t dv = options->get("dv") ? options->get("dv") : d;
  KernelBuilder kernel(context, spec);
  auto add = [&](int64_t columns) {
    return kernel.addTensor({kAny, kAny, columns}, {b, n, columns});
  };
  Value query = add(h * d), key = add(hkv * d), value = add(hkv * dv);
  Value mask = options->get("mask")
                   ? kernel.addIds({kAny, kAny}, {b, n}, /*limit=*/2)
                   : Value();
  // Only sums of weighted keys have a largest weight.
  bool isWeighted = *rule == UpdateRule::linear && choice->hasScale();
  Features queries =
      addFeatures(kernel, *choice, query, h, d, /*isScaled=*/false,
                  /*isMixed=*/false);
  Features keys =
      addFeatures(kernel, *choice, key, hkv, d, isWeighted, choice->isMixed);
  int64_t dk = keys.columns;
  Value decay, beta;
  if (isGated)
    decay = add(options->get("columns") ? hkv * dk : hkv);
  if (isDelta)
    beta = add(hkv);
  // The state and its parts, before and after.
  SmallVector<SmallVector<int64_t>> parts = {{b, hkv, dk, dv}};
  if (hasSum)
    parts.push_back({b, hkv, dk});
  if (isWeighted)
    parts.push_back({b, hkv});
  SmallVector<Type> types = {kernel.getTensorType({kAny, kAny, h * dv})};
  SmallVector<Value> past;
  for (ArrayRef<int64_t> part : parts) {
    SmallVector<int64_t> shape(part);
    shape[0] = kAny;
    types.push_back(kernel.getTensorType(shape));
    if (options->get("past"))
      past.push_back(kernel.addTensor(shape, part));
  }
  auto pastOf = [&](bool isThere, size_t index) {
    return isThere && !past.empty() ? past[index] : Value();
  };
  Type none;
  auto op = LinearAttentionOp::create(
      kernel.builder, kernel.loc, types[0], types[1], hasSum ? types[2] : none,
      isWeighted ? types.back() : none, *rule, queries.value, keys.value, value,
      mask, decay, beta, keys.scale, pastOf(true, 0), pastOf(hasSum, 1),
      pastOf(isWeighted, 1 + hasSum), static_cast<uint64_t>(h),
      static_cast<uint64_t>(hkv), llvm::APFloat(1.0), isFull,
      hasSum ? kernel.builder.getF64FloatAttr(1e-6) : FloatAttr(),
      GateActivationAttr());
  SmallVector<SmallVector<int64_t>> extents = {{b, n, h * dv}};
  llvm::append_range(extents, parts);
  return kernel.finish("linear_attention", op->getResults(), extents);
}

llvm::Expected<KernelProblem> attune::buildFeatureMapSpec(MLIRContext &context,
                                                          StringRef spec,
                                                          StringRef text) {
  llvm::Expected<SpecOptions> options =
      SpecOptions::parse(spec, text,
                         {{"b", "h", "n", "d"},
                          {{"features", 0}, {"order", 1}},
                          {"mix"},
                          {"map", "norm"}});
  if (!options)
    return options.takeError();
  llvm::Expected<MapChoice> choice = readMap(*options);
  if (!choice)
    return choice.takeError();
  choice->isThere = true;
  int64_t b = options->get("b"), h = options->get("h"), n = options->get("n"),
          d = options->get("d");
  KernelBuilder kernel(context, spec);
  Value input = kernel.addTensor({kAny, kAny, h * d}, {b, n, h * d});
  Features features = addFeatures(kernel, *choice, input, h, d,
                                  choice->hasScale(), choice->isMixed);
  SmallVector<Value> results = {features.value};
  SmallVector<SmallVector<int64_t>> extents = {{b, n, h * features.columns}};
  if (features.scale) {
    results.push_back(features.scale);
    extents.push_back({b, n, h});
  }
  return kernel.finish("feature_map", results, extents);
}

llvm::Expected<KernelProblem>
attune::buildHybridAttentionSpec(MLIRContext &context, StringRef spec,
                                 StringRef text) {
  llvm::Expected<SpecOptions> options = SpecOptions::parse(
      spec, text,
      {{"b", "h", "n", "d", "features"},
       {{"hkv", 0}, {"dv", 0}, {"window", 64}, {"sinks", 4}, {"causal", 1}},
       {"mask"},
       {}});
  if (!options)
    return options.takeError();
  llvm::Expected<int64_t> keyHeads = readKeyHeads(*options);
  if (!keyHeads)
    return keyHeads.takeError();
  int64_t b = options->get("b"), h = options->get("h"), hkv = *keyHeads;
  int64_t n = options->get("n"), d = options->get("d");
  int64_t dv = options->get("dv") ? options->get("dv") : d;
  int64_t features = options->get("features");
  KernelBuilder kernel(context, spec);
  auto add = [&](int64_t columns) {
    return kernel.addTensor({kAny, kAny, columns}, {b, n, columns});
  };
  Value query = add(h * d), key = add(hkv * d), value = add(hkv * dv);
  Value queryFeatures = add(h * features), keyFeatures = add(h * features);
  Value queryScale = add(h), keyScale = add(h);
  Value mask = options->get("mask")
                   ? kernel.addIds({kAny, kAny}, {b, n}, /*limit=*/2)
                   : Value();
  auto result = HybridAttentionOp::create(
      kernel.builder, kernel.loc, kernel.getTensorType({kAny, kAny, h * dv}),
      query, key, value, queryFeatures, keyFeatures, queryScale, keyScale, mask,
      static_cast<uint64_t>(h), static_cast<uint64_t>(hkv),
      llvm::APFloat(1 / std::sqrt(double(d))),
      static_cast<uint64_t>(options->get("window")),
      static_cast<uint64_t>(options->get("sinks")),
      /*full=*/options->get("causal") == 0);
  return kernel.finish("hybrid_attention", result.getResult(), {b, n, h * dv});
}
