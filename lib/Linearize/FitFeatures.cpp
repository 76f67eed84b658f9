//===- FitFeatures.cpp - Weights of feature maps --------------------------===//
#include "attune/Linearize/FitFeatures.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"
#include "llvm/Support/MathExtras.h"
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
static bool isRandom(LinearMap map) {
  return map == LinearMap::Favor || map == LinearMap::FavorHyperbolic;
}

namespace {
/// The weights of one layer's map, head by head.
class LayerFit {
public:
  LayerFit(const AttentionSamples &samples, const FitOptions &options)
      : samples(samples), options(options), random(options.seed) {}

  LayerParameters run();

private:
  /// Tokens of a head of keys with all queries that read it.
  struct Group {
    std::vector<HeadTokens> sequences; ///< of each query head in turn
    std::vector<double> queryMean, keyMean;
  };
  Group collect(int64_t firstHead, int64_t numHeads) const;
  void fitSide(SideWeights &side, const Matrix &rows,
               llvm::ArrayRef<double> own, llvm::ArrayRef<double> other);
  void fitCalibrated(int64_t head, const Group &group);
  void mixLandmarks(int64_t head, const Group &group);

  const AttentionSamples &samples;
  const FitOptions &options;
  std::mt19937_64 random;
  LayerParameters result;
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

LayerFit::Group LayerFit::collect(int64_t firstHead, int64_t numHeads) const {
  Group group;
  for (int64_t head = firstHead; head < firstHead + numHeads; ++head)
    for (const AttentionSequence &sequence : samples.sequences)
      group.sequences.push_back(getHeadTokens(samples, sequence, head));
  std::vector<const Matrix *> queries, keys;
  for (const HeadTokens &tokens : group.sequences) {
    queries.push_back(&tokens.query);
    keys.push_back(&tokens.key);
  }
  group.queryMean.assign(samples.headDim, 0);
  group.keyMean.assign(samples.headDim, 0);
  if (options.centre && approximatesSoftmax(options.map)) {
    group.queryMean = getMean(queries, samples.headDim);
    group.keyMean = getMean(keys, samples.headDim);
  }
  return group;
}

/// Rows of the map and what takes the means out of it. With x the scaled token,
/// c its mean and c' that of the other side, features are of x - c, and
///
///   q.k = (q - c_q).(k - c_k) + c_k.q + c_q.k - c_q.c_k
///
/// where the last three are a tilt of each side and a constant. FAVOR+ has
/// |x - c|^2 / 2 in its exponent, of which the map itself computes |x|^2 / 2:
/// c.x and the constant are tilt and offset again.
void LayerFit::fitSide(SideWeights &side, const Matrix &rows,
                       llvm::ArrayRef<double> own,
                       llvm::ArrayRef<double> other) {
  int64_t dim = samples.headDim;
  llvm::append_range(side.projection, rows.values);
  if (!options.centre || !approximatesSoftmax(options.map))
    return;
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
    side.tilt.push_back(tilt * result.scale);
  }
  side.offset.push_back(constant);
}

LayerParameters LayerFit::run() {
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

  int64_t numQueries = samples.heads / keyHeads;
  for (int64_t head = 0; head < keyHeads; ++head) {
    Group group = collect(head * numQueries, numQueries);
    if (options.map == LinearMap::Calibrated) {
      fitCalibrated(head, group);
      continue;
    }
    Matrix rows;
    if (isRandom(options.map))
      rows = drawOrthogonalRows(options.features, dim, random);
    for (int64_t i = 0; i < numQueries; ++i)
      fitSide(result.query, rows, group.queryMean, group.keyMean);
    fitSide(result.key, rows, group.keyMean, group.queryMean);
  }
  return result;
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

void LayerFit::fitCalibrated(int64_t head, const Group &group) {
  std::vector<const Matrix *> queries, keys;
  for (const HeadTokens &tokens : group.sequences) {
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
  Matrix ofKeys = landmarks(keys, group.keyMean);
  Matrix ofQueries = landmarks(queries, group.queryMean);
  int64_t numQueries = samples.heads / result.key.heads;
  for (int64_t i = 0; i < numQueries; ++i)
    fitSide(result.query, ofKeys, group.queryMean, group.keyMean);
  fitSide(result.key, ofQueries, group.keyMean, group.queryMean);
  mixLandmarks(head, group);
}

/// Fits M to the kernel between the queries and keys of calibration sequences,
/// also where a causal model masks it, for it is one function of both. Rows are
/// divided by their exact sums: queries count alike however large their scores
/// are.
void LayerFit::mixLandmarks(int64_t head, const Group &group) {
  int64_t count = options.features;
  int64_t numQueries = samples.heads / result.key.heads;
  size_t numSequences = samples.sequences.size();
  llvm::SmallVector<size_t> order =
      llvm::to_vector(llvm::seq(group.sequences.size()));
  llvm::stable_sort(order, [&](size_t a, size_t b) {
    return group.sequences[a].query.rows > group.sequences[b].query.rows;
  });
  order.resize(std::min(order.size(), kFactorSequences * numQueries));

  std::vector<FactorSample> factors;
  std::vector<Features> rights;
  std::vector<double> largest(count, -INFINITY);
  for (size_t index : order) {
    const HeadTokens &tokens = group.sequences[index];
    int64_t length = tokens.query.rows;
    int64_t queryHead = head * numQueries + index / numSequences;
    // Unmixed: the factor is what comes between them.
    Features left =
        computeFeatures(result, result.query, queryHead, tokens.query);
    SideWeights unmixed = result.key;
    unmixed.mix.clear();
    Features right = computeFeatures(result, unmixed, head, tokens.key);
    FactorSample sample{Matrix(length, length), Matrix(length, count), {}};
    for (int64_t i = 0; i < length; ++i) {
      std::vector<double> scores(length);
      for (int64_t j = 0; j < length; ++j)
        for (int64_t c = 0; c < samples.headDim; ++c)
          scores[j] += tokens.query.row(i)[c] * tokens.key.row(j)[c];
      double top = *std::max_element(scores.begin(), scores.end()), sum = 0;
      for (double score : scores)
        sum += std::exp(score - top);
      double logSum = top + std::log(sum);
      for (int64_t m = 0; m < count; ++m)
        sample.left.row(i)[m] =
            left.values.row(i)[m] * std::exp(left.scales[i] - logSum);
      for (int64_t j = 0; j < length; ++j)
        sample.target.row(i)[j] = std::exp(scores[j] - logSum);
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
      result.key.mix.push_back(value == 0 ? 0 : value * std::exp(-largest[n]));
    }
}

LayerParameters attune::fitLayer(const AttentionSamples &calibration,
                                 const FitOptions &options) {
  return LayerFit(calibration, options).run();
}
