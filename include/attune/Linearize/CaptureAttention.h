//===- CaptureAttention.h - What a model gives its attention ----*- C++ -*-===//
#ifndef ATTUNE_LINEARIZE_CAPTUREATTENTION_H
#define ATTUNE_LINEARIZE_CAPTUREATTENTION_H

#include "attune/Linearize/LinearizeAttention.h"
#include "attune/Linearize/RunnableModel.h"

namespace attune {

/// Loads a model, up to the phase `import`, and finds attention in it
/// (buildRaisePipeline). Softmax layers of a description of a decoder are those
/// of a sequence from its begin, without keys of earlier calls.
llvm::Error loadAndRaise(Compilation &compilation);

/// A layer of attention of a model.
struct AttentionLayer {
  std::string name; ///< its place in the model
  /// Why it cannot be linear; nothing when it can.
  std::optional<MissedReason> refusal;
};

/// A model with softmax attention and what it gives the layers that can be
/// linear.
class ObservedModel {
public:
  /// Compiles the model, with queries, keys and values of those layers as
  /// further outputs. Their own layers are refused for hybrid attention where
  /// refuseLayer does.
  static llvm::Expected<std::unique_ptr<ObservedModel>>
  create(mlir::MLIRContext &context, const CompilerOptions &options,
         bool isHybrid, int threads);

  llvm::ArrayRef<AttentionLayer> getLayers() const { return layers; }

  /// Runs all sequences. One entry a layer, without sequences for those that
  /// cannot be linear.
  llvm::Expected<std::vector<AttentionSamples>>
  capture(llvm::ArrayRef<TokenSequence> sequences);

  RunnableModel &getModel() { return *model; }

private:
  std::unique_ptr<RunnableModel> model;
  std::vector<AttentionLayer> layers;
  std::vector<AttentionSamples> samples; ///< without sequences
};

/// Compiles the model with the layers linear that have parameters; `parameters`
/// has an entry for each layer.
llvm::Expected<std::unique_ptr<RunnableModel>>
createLinearModel(mlir::MLIRContext &context, const CompilerOptions &options,
                  llvm::ArrayRef<const LayerParameters *> parameters,
                  int threads);

/// A model whose layers with parameters are softmax or linear from run to run:
/// it computes both. Compiling takes longer than running some texts, so that
/// this is how many sets of layers are tried.
class SwitchedModel {
public:
  static llvm::Expected<std::unique_ptr<SwitchedModel>>
  create(mlir::MLIRContext &context, const CompilerOptions &options,
         llvm::ArrayRef<const LayerParameters *> parameters, int threads);

  /// The model with these layers linear, until the next call.
  RunnableModel &select(llvm::ArrayRef<int64_t> layers);

private:
  std::unique_ptr<RunnableModel> model;
  std::vector<int64_t> switched; ///< the layers with parameters
};

} // namespace attune

#endif // ATTUNE_LINEARIZE_CAPTUREATTENTION_H
