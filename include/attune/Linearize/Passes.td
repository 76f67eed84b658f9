//===- Passes.td - From softmax attention to linear attention -------------===//
//
// The pass `attune-foo-bar` is FooBar.cpp in lib/Linearize and is tested by
// test/Linearize/foo-bar.mlir. What a pass has done it tells in remarks.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_LINEARIZE_PASSES
#define ATTUNE_LINEARIZE_PASSES

include "mlir/Pass/PassBase.td"

def LinearizeAttention : Pass<"attune-linearize-attention", "::mlir::ModuleOp"> {
  let summary = "Replaces softmax attention by linear attention, which is an approximation";
  let description = [{
    Every `attune.attention` of the chosen layers becomes `attune.feature_map`
    and `attune.linear_attention`, or with a window or sinks
    `attune.hybrid_attention`. Nothing else of the layer changes. The results
    are those of another function, and in a model that was trained with softmax
    usually far from its own: `attune linearize` fits the maps to a model, says
    how far the results are, and refuses what is too far. This pass fits nothing
    and has the maps that need no calibration. Random projections become weights
    of the module.

    Layers that cannot be linear stay, with a remark that says why: a bias of
    scores, a softcap, queries and keys of different tokens under a causal mask.
    It runs on modules in which attention is found and no op is in a region yet,
    and never by default.
  }];
  let dependentDialects = ["::attune::AttuneDialect"];
  let options = [
    Option<"map", "feature-map", "std::string", "\"favor\"",
           "elu1, relu, favor, favor-hyperbolic or taylor2">,
    Option<"features", "features", "int64_t", "256", "Rows of random projections">,
    Option<"window", "window", "int64_t", "0", "Keys this near are weighed exactly">,
    Option<"sinks", "sinks", "int64_t", "0", "So many first keys are weighed exactly">,
    Option<"seed", "seed", "uint64_t", "0", "Of random projections">,
    ListOption<"layers", "layers", "int64_t",
               "Which attention ops, by their order in the program; none: all">
  ];
}

#endif // ATTUNE_LINEARIZE_PASSES
