//===- Linearize.h - A model with linear attention, judged ------*- C++ -*-===//
//
// Fits feature maps to the layers of a model, replaces softmax attention in
// some of them, and says how far the results then are, on texts that the maps
// have not seen. Nothing is written here.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LINEARIZE_LINEARIZE_H
#define ATTUNE_LINEARIZE_LINEARIZE_H

#include "attune/Linearize/CaptureAttention.h"
#include "attune/Linearize/EndToEnd.h"
#include "attune/Linearize/FitFeatures.h"
#include "attune/Linearize/LayerReport.h"
#include "attune/Linearize/TextSet.h"

namespace attune {

struct LinearizeOptions {
  CompilerOptions compiler;
  FitOptions fit;
  /// The layers to replace, by their order in the program; unset: all that can
  /// be.
  std::optional<std::vector<int64_t>> layers;
  /// Replace as many layers as the budget allows (`layers` are candidates).
  bool automatic = false;
  ErrorBudget budget;
  std::string calibration; ///< a file (readTexts)
  std::string holdout;     ///< likewise; empty: a part of the calibration texts
  int64_t maxLength = 0;   ///< most tokens of a text; 0: what the model takes
  /// Seeds beside the first that random maps are judged with as well.
  int moreSeeds = 2;
  int threads = 0;
  /// Is told what is being done, for people who wait.
  std::function<void(llvm::StringRef)> progress = [](llvm::StringRef) {};
};

/// What became of one layer.
struct LayerOutcome {
  LayerReport report; ///< without heads when the layer cannot be linear
  std::optional<MissedReason> refusal;
  bool isChosen = false; ///< linear in the model that is judged
  /// Results with this layer alone linear, and with all layers up to it in the
  /// order of isolated errors; of candidates only.
  std::optional<EndToEnd> isolated, cumulative;
};

/// Results on texts cut to a length.
struct LengthResult {
  int64_t length = 0;
  EndToEnd results;
};

struct LinearizeReport {
  std::string model; ///< the input as it was given
  FitOptions fit;
  ErrorBudget budget;
  bool isDecoder = false;
  bool isAutomatic = false;
  TextSet calibration, holdout; ///< sequences included
  std::vector<LayerOutcome> layers;
  /// Candidates by their isolated errors, the easiest first.
  std::vector<int64_t> order;
  /// With the chosen layers linear: on the held-out texts, on those cut to
  /// shorter lengths, and with other random projections.
  EndToEnd results;
  std::vector<LengthResult> lengths;
  std::vector<EndToEnd> seeds;
  bool passes = false;
  /// The largest set that was found to pass: candidates are added in `order`,
  /// those left out whose addition fails.
  std::vector<int64_t> passingLayers;
  EndToEnd passingResults;
  /// Parameters of the layers, null where it stays softmax.
  std::vector<std::unique_ptr<LayerParameters>> parameters;

  /// The chosen layers.
  std::vector<int64_t> getChosen() const;
};

/// UserErrors: what the parts say; layers that do not exist, or that were asked
/// for and cannot be linear, with the reasons; a model without softmax
/// attention.
llvm::Expected<LinearizeReport> linearizeModel(mlir::MLIRContext &context,
                                               const LinearizeOptions &options);

} // namespace attune

#endif // ATTUNE_LINEARIZE_LINEARIZE_H
