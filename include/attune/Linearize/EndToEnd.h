//===- EndToEnd.h - How far a rewritten model's results are -----*- C++ -*-===//
#ifndef ATTUNE_LINEARIZE_ENDTOEND_H
#define ATTUNE_LINEARIZE_ENDTOEND_H

#include "attune/Linearize/RunnableModel.h"
#include <optional>

namespace attune {

/// What a model makes of some texts: an embedding each (encoders) or the logits
/// of each token (decoders).
struct ModelResults {
  bool isDecoder = false;
  /// One an input; [1, width] of embeddings, [tokens, vocabulary] of logits.
  std::vector<RunOutput> outputs;
  std::vector<TokenSequence> tokens;
};

/// Runs the model. The output that counts is "logits", else the sentence
/// embedding, else the mean over tokens of the first output of shape
/// [batch, length, width]. UserErrors: a model without any of these.
llvm::Expected<ModelResults> runTexts(RunnableModel &model,
                                      llvm::ArrayRef<TokenSequence> texts);

/// Results of a rewritten model against those of the model itself.
struct EndToEnd {
  /// Mean over rows of |o' - o| / |o|.
  double relativeError = 0;
  /// Of embeddings; of logits, row by row, in decoders.
  double cosineMean = 1, cosineMin = 1;
  /// Encoders: Spearman's rank correlation of the similarities of all pairs of
  /// texts; nothing with fewer than three.
  std::optional<double> rankCorrelation;
  /// Decoders: Kullback-Leibler divergence KL(exact || rewritten) in nats, mean
  /// and 99th percentile over tokens; share of tokens whose best, and whose
  /// best of the rewritten model's first five, is the same; perplexity of the
  /// texts over that of the model itself.
  double klMean = 0, klP99 = 0, top1 = 1, top5 = 1, perplexityRatio = 1;
  double exactPerplexity = 0;
  /// Results that are infinite or no number.
  int64_t notFinite = 0;
};

/// Both are of the same texts.
EndToEnd compareResults(const ModelResults &exact, const ModelResults &found);

/// What the held-out error may be: "cos:0.99", "kl:0.05", "top1:0.95",
/// "ppl:1.05", "rel:0.1".
struct ErrorBudget {
  enum class Metric { Cosine, KL, Top1, Perplexity, Relative };
  Metric metric = Metric::Cosine;
  double bound = 0.99;

  /// UserErrors: no such metric, no number, a metric that the kind of model has
  /// not.
  static llvm::Expected<ErrorBudget> parse(llvm::StringRef text);
  llvm::Error check(bool isDecoder) const;
  /// The figure that is compared with the bound.
  double getValue(const EndToEnd &results) const;
  bool passes(const EndToEnd &results) const;
  /// "mean cosine of results at least 0.99".
  std::string describe() const;
  /// "mean cosine of results".
  llvm::StringRef getMetricText() const;
};

} // namespace attune

#endif // ATTUNE_LINEARIZE_ENDTOEND_H
