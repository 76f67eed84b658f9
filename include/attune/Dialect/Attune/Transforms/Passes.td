//===- Passes.td - Passes on the attune dialect ---------------------------===//
//
// The pass `attune-foo-bar` is FooBar.cpp in lib/Dialect/Attune/Transforms and
// is tested by test/Dialect/Attune/Transforms/foo-bar.mlir.
//
// Passes count by remarks and not by statistics: release builds of LLVM leave
// statistics out.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_DIALECT_ATTUNE_TRANSFORMS_PASSES
#define ATTUNE_DIALECT_ATTUNE_TRANSFORMS_PASSES

include "mlir/Pass/PassBase.td"

def RaiseSoftmax : Pass<"attune-raise-softmax", "::mlir::ModuleOp"> {
  let summary = "Finds softmax in exponentials divided by their sum";
  let description = [{
    `exp(x - max(x)) / sum(exp(x - max(x)))` over the last dimension becomes
    `attune.softmax`. Without the maximum it is the same, where no exponential
    overflows. The division may be a product with the reciprocal.
  }];
  let dependentDialects = ["::attune::AttuneDialect"];
}

def RaiseLayerNorm : Pass<"attune-raise-layer-norm", "::mlir::ModuleOp"> {
  let summary = "Finds layer normalisation in means and square roots";
  let description = [{
    `(x - mean(x)) / sqrt(mean((x - mean(x))^2) + epsilon) * gamma + beta`
    becomes `attune.layer_norm`, in all forms that exporters write: squares as
    products or powers, the variance as a difference of moments, roots as
    powers, division as a product with the reciprocal, gamma and beta on either
    side or absent. Means over several dimensions at the end become one over
    those taken together.

    A division by the square root of a mean of squares that is none of this
    gets a remark that says why.
  }];
  let dependentDialects = ["::attune::AttuneDialect"];
}

def RaiseRmsNorm : Pass<"attune-raise-rms-norm", "::mlir::ModuleOp"> {
  let summary = "Finds root mean square normalisation";
  let description = [{
    `x / sqrt(mean(x^2) + epsilon) * gamma` becomes `attune.rms_norm`, in the
    forms that `attune-raise-layer-norm` knows.
  }];
  let dependentDialects = ["::attune::AttuneDialect"];
}

def RaiseGelu : Pass<"attune-raise-gelu", "::mlir::ModuleOp"> {
  let summary = "Finds GELU in error functions and tangents";
  let description = [{
    `x / 2 * (1 + erf(x / sqrt(2)))`, and with
    `tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))` in place of the error function,
    become `attune.gelu`. Factors may come in any order, and the argument of the
    function may be any way to write its polynomial.
  }];
  let dependentDialects = ["::attune::AttuneDialect"];
}

def RaiseSilu : Pass<"attune-raise-silu", "::mlir::ModuleOp"> {
  let summary = "Finds SiLU and quick GELU in sigmoids";
  let description = [{
    `x * sigmoid(x)` and `x / (1 + exp(-x))` become `attune.silu`, and with
    `sigmoid(1.702 * x)` `attune.quick_gelu`.
  }];
  let dependentDialects = ["::attune::AttuneDialect"];
}

def RaiseRotary : Pass<"attune-raise-rotary", "::mlir::ModuleOp"> {
  let summary = "Finds rotary position embeddings";
  let description = [{
    `x * cos + concat(-x2, x1) * sin`, with cosines and sines that are the same
    for both halves, and `concat(x1 * cos - x2 * sin, x1 * sin + x2 * cos)`, with
    x1 and x2 the halves of x or its even and odd columns, become
    `attune.rotary` on packed heads; so does the first form with the columns of
    concat(-x2, x1) interleaved. That tables are the same for both halves, or
    both columns of a pair, is seen from how they are made or, of constants that
    rows are chosen from, from their bytes in the model's file. Columns behind
    that are not rotated are taken along. Heads may stand before or behind
    positions: cosines have extent one there.
  }];
  let dependentDialects = ["::attune::AttuneDialect"];
}

def FuseLinear : Pass<"attune-fuse-linear", "::mlir::ModuleOp"> {
  let summary = "Turns products with weights and their bias into attune.linear";
  let description = [{
    `matmul(x, load_weight, transpose_rhs)` becomes `attune.linear`, and a sum
    of a linear map that has no other use with a weight vector of its width
    becomes its bias. A weight that is stored as `[inputs, outputs]` is declared
    again as its transpose, which is made when weights are packed. Rows that are
    flattened for the product keep their dimensions.
  }];
  let dependentDialects = ["::attune::AttuneDialect"];
}

def FuseAttention : Pass<"attune-fuse-attention", "::mlir::ModuleOp"> {
  let summary = "Finds softmax attention and turns it into attune.attention";
  let description = [{
    Matches `matmul(softmax(f(matmul(q, k^T))), v)`, where f is made of scaling,
    softcaps, masks and sums with anything, which becomes the bias. Boolean
    masks become a bias too, or `causal` where that is proven: by comparisons of
    positions, or by a constant matrix that is exactly triangular, whose bytes
    are read from the model's file, with a box cut out of it. Masks that are
    added, and `scores * mask - 10000 * (1 - mask)`, are read the same way;
    -10000 and less count as leaving keys out where each query sees a key.
    Scales may also stand on the way of q and k; keys and values may be repeated
    for groups of query heads. The heads stay packed in the last dimension of
    the operands: where they were split by a reshape and a transposition nothing
    of it is left, otherwise what packs them is put in.

    A softmax over scores that are all -inf gives zeros, as `attune.softmax`
    does, and `where(is_nan(p), 0, p)` behind it is taken along. Large finite
    numbers in masks are added, so that rows without keys stay what they are.

    Where scores or probabilities have another use the attention stays as it
    is, with a remark that says so.
  }];
  let dependentDialects = ["::attune::AttuneDialect"];
}

def ReassociateAttention : Pass<"attune-reassociate-attention", "::mlir::ModuleOp"> {
  let summary = "Computes attention without softmax by the cheaper order of its products";
  let description = [{
    `matmul(f(matmul(q, k^T)), v)` with f linear becomes
    `attune.linear_attention`, which is `q (k^T v)`, where that takes fewer
    FLOPs. In f may stand: constants, a lower triangle of ones (causal), masks
    and factors of keys, factors of rows, and the division by the sums of rows,
    also behind the product with the values; a constant added to the sums is the
    `denominator`. Where the sum is zero the result is zero. Heads, their
    repetition and scales are found as `attune-fuse-attention` finds them.

    And back: `attune.linear_attention` of the rule linear, whose features are
    no map and whose state nobody uses, becomes products of matrices where its
    lengths are static and so short that these take fewer FLOPs.

    Static lengths are compared exactly. With dynamic lengths the state is used
    unless the model's maximum (`attune.max_dims`) is below the crossover: short
    sequences run as one chunk, by scores. The remark names the crossover.
    Results are the same up to rounding.

    What stands in the way gets a remark: a softmax, a bias, an elementwise op
    that is not linear, another use of the scores.
  }];
  let dependentDialects = ["::attune::AttuneDialect"];
}

def MergeProjections : Pass<"attune-merge-projections", "::mlir::ModuleOp"> {
  let summary = "Merges linear maps of one input into one";
  let description = [{
    The linear maps that read the same value and whose weights and biases are
    declared weights of the same width become one map with the weights stacked,
    and slices of its result: query, key and value of self attention. One wide
    GEMM reads the input once.

    Maps are merged only where every result is used by ops that read slices
    without a copy. Gate and up of gated feed-forward layers stay two maps: their
    product is computed in registers behind the second, and one wider map was
    measured to gain nothing.
  }];
  let dependentDialects = ["::attune::AttuneDialect"];
}

def FuseElementwise : Pass<"attune-fuse-elementwise", "::mlir::ModuleOp"> {
  let summary = "Groups anchors with their elementwise prologue and epilogue";
  let description = [{
    Every op with KernelOpInterface becomes an `attune.fused` region. Its
    elementwise users join as epilogue where the result has no other use and
    the anchor accepts one; elementwise producers join as prologue where the
    anchor accepts one for that operand. What is elementwise and joins no anchor
    is grouped into regions of its own.

    Epilogues come before prologues: the residual behind a linear map is added
    in its epilogue and not in the norm behind. The rest of what an op in a
    region reads has the shape of the anchor's result (of its operand, in a
    prologue) or its trailing dimensions. Weights and views stay outside.
  }];
  let dependentDialects = ["::attune::AttuneDialect"];
  let options = [
    Option<"join", "join", "bool", /*default=*/"true",
           "Join ops into regions; false makes a region of each op">
  ];
}

def MaterializeResults : Pass<"attune-materialize-results", "::mlir::ModuleOp"> {
  let summary = "Copies what has to be in memory of its own";
  let description = [{
    A function's results are written by kernels into the caller's buffers, and
    a reshape can show its operand only where that lies without gaps. This
    inserts an identity transposition where a result is a view, an argument or
    returned twice, and before reshapes that merge dimensions of a slice.
  }];
  let dependentDialects = ["::attune::AttuneDialect"];
}

def OutlineKernels : Pass<"attune-outline-kernels", "::mlir::ModuleOp"> {
  let summary = "Makes a kernel of each distinct fused region";
  let description = [{
    Equal regions, whichever layer they come from, become one `attune.kernel`,
    and each `attune.fused` a launch of its kernel. Kernels are named after the
    family of their anchor. The number of kernels does not depend on the number
    of layers.
  }];
  let dependentDialects = ["::attune::AttuneDialect"];
}

#endif // ATTUNE_DIALECT_ATTUNE_TRANSFORMS_PASSES
