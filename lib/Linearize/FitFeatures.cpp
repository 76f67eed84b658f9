//===- FitFeatures.cpp - Weights of feature maps --------------------------===//
#include "attune/Linearize/FitFeatures.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Parallel.h"
#include <algorithm>
#include <cmath>

using namespace attune;

/// Calibration tokens of more sequences add time and little else: factors are
/// fitted to this many, the longest.
static constexpr size_t kFactorSequences = 16;
/// Points that centroids are made of.
static constexpr int64_t kMostPoints = 8192;

static bool approximatesSoftmax(LinearMap map) {
  return map != LinearMap::Elu1 && map != LinearMap::Relu;
}
namespace {
/// The weights of one head of keys and of the queries that read it. Heads do
/// not know of each other: each draws from a random stream of its own, so that
/// the results do not depend on the order in which they are fitted.
class HeadFit {
public:
  HeadFit(const AttentionSamples &samples, const FitOptions &options,
          const LayerParameters &layer, int64_t keyHead)
      : samples(samples), options(options), layer(layer),
        numQueries(samples.heads / layer.key.heads),
        firstQuery(keyHead * numQueries) {
    std::seed_seq seeds{static_cast<uint32_t>(options.seed),
                        static_cast<uint32_t>(options.seed >> 32),
                        static_cast<uint32_t>(keyHead)};
    random.seed(seeds);
  }

  void run();
  /// Behind those of the heads before it.
  void append(LayerParameters &result) const;

private:
  void collect();
  SideWeights fitSide(const SideWeights &side, const Matrix &rows,
                      llvm::ArrayRef<double> own,
                      llvm::ArrayRef<double> other) const;
  void fitCalibrated();
  void mixLandmarks();

  const AttentionSamples &samples;
  const FitOptions &options;
  const LayerParameters &layer; ///< without weights
  int64_t numQueries, firstQuery;
  std::mt19937_64 random;
  std::vector<HeadTokens> sequences; ///< of each query head in turn
  std::vector<double> queryMean, keyMean;
  SideWeights query, key; ///< of one head; queries of a group share theirs
};
} // namespace

static std::vector<double> getMean(llvm::ArrayRef<const Matrix *> matrices,
                                   int64_t columns) {
  std::vector<double> mean(columns);
  double count = 0;
  for (const Matrix *matrix : matrices)
    for (int64_t i = 0; i < matrix->rows; ++i, ++count)
      for (int64_t c = 0; c < columns; ++c)
        mean[c] += matrix->row(i)[c];
  for (double &value : mean)
    value /= std::max(count, 1.0);
  return mean;
}

void HeadFit::collect() {
  for (int64_t head = firstQuery; head < firstQuery + numQueries; ++head)
    for (const AttentionSequence &sequence : samples.sequences)
      sequences.push_back(getHeadTokens(samples, sequence, head));
  std::vector<const Matrix *> queries, keys;
  for (const HeadTokens &tokens : sequences) {
    queries.push_back(&tokens.query);
    keys.push_back(&tokens.key);
  }
  queryMean.assign(samples.headDim, 0);
  keyMean.assign(samples.headDim, 0);
  if (options.centre && approximatesSoftmax(options.map)) {
    queryMean = getMean(queries, samples.headDim);
    keyMean = getMean(keys, samples.headDim);
  }
}

/// Rows of the map and what takes the means out of it. With x the scaled token,
/// c its mean and c' that of the other side, features are of x - c, and
///
///   q.k = (q - c_q).(k - c_k) + c_k.q + c_q.k - c_q.c_k
///
/// where the last three are a tilt of each side and a constant. FAVOR+ has
/// |x - c|^2 / 2 in its exponent, of which the map itself computes |x|^2 / 2:
/// c.x and the constant are tilt and offset again.
SideWeights HeadFit::fitSide(const SideWeights &sizes, const Matrix &rows,
                             llvm::ArrayRef<double> own,
                             llvm::ArrayRef<double> other) const {
  int64_t dim = samples.headDim;
  SideWeights side = sizes;
  side.heads = 1;
  llvm::append_range(side.projection, rows.values);
  if (!options.centre || !approximatesSoftmax(options.map))
    return side;
  int64_t numRows = side.rows ? side.rows : dim;
  for (int64_t r = 0; r < numRows; ++r) {
    double moved = 0;
    if (side.rows)
      for (int64_t c = 0; c < dim; ++c)
        moved += rows.row(r)[c] * own[c];
    else
      moved = own[r];
    side.bias.push_back(-moved);
  }
  double constant = 0;
  for (int64_t c = 0; c < dim; ++c) {
    double tilt = other[c];
    constant -= own[c] * other[c] / 2; // half a side
    if (isRandom(options.map)) {
      tilt += own[c];
      constant -= own[c] * own[c] / 2;
    }
    side.tilt.push_back(tilt * layer.scale);
  }
  side.offset.push_back(constant);
  return side;
}

void HeadFit::run() {
  collect();
  if (options.map == LinearMap::Calibrated) {
    fitCalibrated();
    return;
  }
  Matrix rows;
  if (isRandom(options.map))
    rows = drawOrthogonalRows(options.features, samples.headDim, random);
  query = fitSide(layer.query, rows, queryMean, keyMean);
  key = fitSide(layer.key, rows, keyMean, queryMean);
}

void HeadFit::append(LayerParameters &result) const {
  auto add = [](SideWeights &to, const SideWeights &from) {
    for (auto part :
         {&SideWeights::projection, &SideWeights::bias, &SideWeights::mix,
          &SideWeights::tilt, &SideWeights::offset})
      llvm::append_range(to.*part, from.*part);
  };
  for (int64_t i = 0; i < numQueries; ++i)
    add(result.query, query);
  add(result.key, key);
}

/// Centred tokens of all sequences, thinned out evenly.
static Matrix stack(llvm::ArrayRef<const Matrix *> matrices,
                    llvm::ArrayRef<double> mean) {
  int64_t total = 0, columns = mean.size();
  for (const Matrix *matrix : matrices)
    total += matrix->rows;
  int64_t step = std::max<int64_t>(1, llvm::divideCeil(total, kMostPoints));
  Matrix result(llvm::divideCeil(total, step), columns);
  int64_t position = 0;
  for (const Matrix *matrix : matrices)
    for (int64_t i = 0; i < matrix->rows; ++i, ++position)
      if (position % step == 0)
        for (int64_t c = 0; c < columns; ++c)
          result.row(position / step)[c] = matrix->row(i)[c] - mean[c];
  return result;
}

void HeadFit::fitCalibrated() {
  std::vector<const Matrix *> queries, keys;
  for (const HeadTokens &tokens : sequences) {
    queries.push_back(&tokens.query);
    keys.push_back(&tokens.key);
  }
  // Queries are compared with landmarks of keys, and keys with such of queries.
  auto landmarks = [&](llvm::ArrayRef<const Matrix *> matrices,
                       llvm::ArrayRef<double> mean) {
    Matrix found =
        findCentroids(stack(matrices, mean), options.features, random);
    Matrix rows(options.features, samples.headDim);
    // Fewer points than landmarks: the rest stays at the mean.
    llvm::copy(found.values, rows.values.begin());
    return rows;
  };
  Matrix ofKeys = landmarks(keys, keyMean);
  Matrix ofQueries = landmarks(queries, queryMean);
  query = fitSide(layer.query, ofKeys, queryMean, keyMean);
  key = fitSide(layer.key, ofQueries, keyMean, queryMean);
  mixLandmarks();
}

/// Fits M to the kernel between the queries and keys of calibration sequences,
/// also where a causal model masks it, for it is one function of both. Rows are
/// divided by their exact sums: queries count alike however large their scores
/// are.
void HeadFit::mixLandmarks() {
  int64_t count = options.features;
  llvm::SmallVector<size_t> order =
      llvm::to_vector(llvm::seq(sequences.size()));
  llvm::sort(order, [&](size_t a, size_t b) {
    return std::pair(-sequences[a].query.rows, a) <
           std::pair(-sequences[b].query.rows, b);
  });
  order.resize(std::min<size_t>(order.size(), kFactorSequences * numQueries));

  std::vector<FactorSample> factors;
  std::vector<Features> rights;
  std::vector<double> largest(count, -INFINITY);
  for (size_t index : order) {
    const HeadTokens &tokens = sequences[index];
    int64_t length = tokens.query.rows;
    Features left = computeFeatures(layer, query, 0, tokens.query);
    // Not mixed yet: the factor is what comes between them.
    Features right = computeFeatures(layer, key, 0, tokens.key);
    FactorSample sample{multiplyByTransposed(tokens.query, tokens.key),
                        Matrix(length, count),
                        {}};
    for (int64_t i = 0; i < length; ++i) {
      llvm::MutableArrayRef<double> scores = sample.target.row(i);
      double top = *std::max_element(scores.begin(), scores.end()), sum = 0;
      for (double score : scores)
        sum += std::exp(score - top);
      double logSum = top + std::log(sum);
      for (int64_t m = 0; m < count; ++m)
        sample.left.row(i)[m] =
            left.values.row(i)[m] * std::exp(left.scales[i] - logSum);
      for (double &score : scores)
        score = std::exp(score - logSum);
    }
    for (int64_t j = 0; j < length; ++j)
      for (int64_t m = 0; m < count; ++m)
        if (double value = right.values.row(j)[m])
          largest[m] = std::max(largest[m], right.scales[j] + std::log(value));
    factors.push_back(std::move(sample));
    rights.push_back(std::move(right));
  }
  // Columns of the right side are brought to a largest element of one.
  for (auto [sample, right] : llvm::zip_equal(factors, rights)) {
    sample.right = Matrix(right.values.rows, count);
    for (int64_t j = 0; j < right.values.rows; ++j)
      for (int64_t m = 0; m < count; ++m)
        sample.right.row(j)[m] =
            right.values.row(j)[m] == 0
                ? 0
                : std::exp(right.scales[j] + std::log(right.values.row(j)[m]) -
                           largest[m]);
  }
  Matrix factor = fitNonNegativeFactor(factors);
  for (int64_t m = 0; m < count; ++m)
    for (int64_t n = 0; n < count; ++n) {
      double value = factor.row(m)[n];
      key.mix.push_back(value == 0 ? 0 : value * std::exp(-largest[n]));
    }
}

LayerParameters attune::fitLayer(const AttentionSamples &samples,
                                 const FitOptions &options) {
  LayerParameters result;
  int64_t dim = samples.headDim;
  result.map = options.map;
  result.headDim = dim;
  result.scale = std::sqrt(samples.scale);
  result.window = options.window;
  result.sinks = options.sinks;
  // Exact keys are weighed by scores of their own query head, and the others
  // must be on the same scale.
  bool isShared = !result.isHybrid();
  int64_t keyHeads = isShared ? samples.kvHeads : samples.heads;
  bool hasRows = isRandom(options.map) || options.map == LinearMap::Calibrated;
  for (auto [side, heads] : {std::pair(&result.query, samples.heads),
                             std::pair(&result.key, keyHeads)}) {
    side->heads = heads;
    side->rows = hasRows ? options.features : 0;
    side->features = hasRows ? options.features : dim;
    if (options.map == LinearMap::FavorHyperbolic)
      side->features *= 2;
    if (options.map == LinearMap::Taylor2)
      side->features = 1 + dim + dim * (dim + 1) / 2;
  }

  std::vector<HeadFit> heads;
  for (int64_t head = 0; head < keyHeads; ++head)
    heads.emplace_back(samples, options, result, head);
  llvm::parallelFor(0, heads.size(), [&](size_t head) { heads[head].run(); });
  for (const HeadFit &head : heads)
    head.append(result);
  return result;
}
