//===- RecurrentOps.td - State carried along a sequence -------------------===//
//
// Recurrent networks take their input projected: the product with the input's
// weights is one attune.linear over all steps, and what is left here is what
// depends on the step before.
//
//===----------------------------------------------------------------------===//
#ifndef ATTUNE_DIALECT_ATTUNE_IR_RECURRENTOPS_TD
#define ATTUNE_DIALECT_ATTUNE_IR_RECURRENTOPS_TD

include "attune/Dialect/Attune/IR/AttuneBase.td"

def Attune_FloatTensor : RankedTensorOf<[F32, F64]>;

//===----------------------------------------------------------------------===//
// gru, lstm, rnn
//===----------------------------------------------------------------------===//

def Attune_GateActivation : I32EnumAttr<"GateActivation", "activation of a gate",
    [I32EnumAttrCase<"sigmoid", 0, "sigmoid">, I32EnumAttrCase<"tanh", 1, "tanh">,
     I32EnumAttrCase<"relu", 2, "relu">, I32EnumAttrCase<"affine", 3, "affine">,
     I32EnumAttrCase<"leaky_relu", 4, "leaky_relu">,
     I32EnumAttrCase<"thresholded_relu", 5, "thresholded_relu">,
     I32EnumAttrCase<"scaled_tanh", 6, "scaled_tanh">,
     I32EnumAttrCase<"hard_sigmoid", 7, "hard_sigmoid">,
     I32EnumAttrCase<"elu", 8, "elu">, I32EnumAttrCase<"softsign", 9, "softsign">,
     I32EnumAttrCase<"softplus", 10, "softplus">]> {
  let cppNamespace = "::attune";
  let genSpecializedAttr = 0;
}
def Attune_GateActivationAttr
    : EnumAttr<Attune_Dialect, Attune_GateActivation, "gate"> {
  let assemblyFormat = "`<` $value `>`";
}
def Attune_GateActivationsAttr
    : TypedArrayAttrBase<Attune_GateActivationAttr, "activations of gates">;

class Attune_RecurrentOp<string mnemonic, list<Trait> traits = []>
    : Attune_PureOp<mnemonic, !listconcat(
        [AttrSizedOperandSegments,
         AllElementTypesMatch<["input", "recurrent", "hidden", "last_hidden"]>,
         DeclareOpInterfaceMethods<KernelOpInterface, ["acceptsEpilogue"]>],
        traits)> {
  let hasVerifier = 1;
}

def Attune_GruOp : Attune_RecurrentOp<"gru"> {
  let summary = "Gated recurrent unit along a sequence";
  let description = [{
    `input` `[steps, batch, 3 * H]` holds the projections of all steps for the
    gates z (update), r (reset) and h (candidate), in this order; so do
    `recurrent` `[3 * H, H]` its rows R and `bias` `[3 * H]` its elements b. With
    `H_0 = initial_hidden` (zeros without), in each step

    `z = f(x_z + R_z H + b_z)`
    `r = f(x_r + R_r H + b_r)`
    `h = g(x_h + R_h (r * H) + b_h)`, or with `linear_before_reset`
    `h = g(x_h + r * (R_h H + b_h))`
    `H' = (1 - z) * h + z * H`

    where f and g are `activations`. Those that have parameters take them from
    `alpha` and `beta`, lists of one number an activation (or of none): affine
    `alpha * x + beta`, leaky_relu `x >= 0 ? x : alpha * x`, thresholded_relu
    `x > alpha ? x : 0`, scaled_tanh `alpha * tanh(beta * x)`, hard_sigmoid
    `min(max(alpha * x + beta, 0), 1)`, elu `x >= 0 ? x : alpha * (e^x - 1)`;
    softsign is `x / (1 + |x|)`, softplus `log(1 + e^x)`. With `clip` the
    arguments of activations are bounded to `[-clip, clip]` before.

    `hidden` `[steps, batch, H]` has H' of every step. With `lengths` `[batch]`
    only that many steps count (at most all): later ones are 0 in `hidden`, and
    `last_hidden` `[batch, H]` is the state after the last that counts. With
    `reverse` the steps that count are taken from the last to the first;
    `hidden[t]` is still that of step t.

    The equations are those of ONNX's GRU (Cho et al. 2014, and with
    `linear_before_reset` cuDNN's and PyTorch's variant).

    Example:

    ```mlir
    %h, %last = attune.gru %x, %r bias(%b : tensor<192xf32>)
        {activations = [#attune.gate<sigmoid>, #attune.gate<tanh>], linear_before_reset}
        : (tensor<?x?x192xf32>, tensor<192x64xf32>) -> (tensor<?x?x64xf32>, tensor<?x64xf32>)
    ```
  }];
  let arguments = (ins Attune_FloatTensor:$input, Attune_FloatTensor:$recurrent,
                       Optional<Attune_FloatTensor>:$bias,
                       Optional<Attune_IdTensor>:$lengths,
                       Optional<Attune_FloatTensor>:$initial_hidden,
                       Attune_GateActivationsAttr:$activations,
                       DefaultValuedAttr<DenseF64ArrayAttr, "{}">:$alpha,
                       DefaultValuedAttr<DenseF64ArrayAttr, "{}">:$beta,
                       OptionalAttr<F64Attr>:$clip, UnitAttr:$reverse,
                       UnitAttr:$linear_before_reset);
  let results = (outs Attune_FloatTensor:$hidden, Attune_FloatTensor:$last_hidden);
  let assemblyFormat = [{
    $input `,` $recurrent (`bias` `(` $bias^ `:` type($bias) `)`)?
    (`lengths` `(` $lengths^ `:` type($lengths) `)`)?
    (`initial` `(` $initial_hidden^ `:` type($initial_hidden) `)`)?
    attr-dict `:` `(` type($input) `,` type($recurrent) `)`
    `->` `(` type($hidden) `,` type($last_hidden) `)`
  }];
}

def Attune_LstmOp : Attune_RecurrentOp<"lstm", [
    AllElementTypesMatch<["input", "last_cell"]>]> {
  let summary = "Long short-term memory along a sequence";
  let description = [{
    As `attune.gru`, with four gates i (input), o (output), f (forget) and c
    (cell) in this order, `peephole` `[3 * H]` with P_i, P_o and P_f, and the
    cell `C_0 = initial_cell` `[batch, H]`. In each step

    `i = f(x_i + R_i H + P_i * C + b_i)`
    `f = f(x_f + R_f H + P_f * C + b_f)`, or with `coupled` `1 - i`
    `c = g(x_c + R_c H + b_c)`
    `C' = f * C + i * c`
    `o = f(x_o + R_o H + P_o * C' + b_o)`
    `H' = o * h(C')`

    where f, g and h are the three `activations`. `last_cell` `[batch, H]` is the
    cell beside `last_hidden`. The argument of h is not clipped. The equations
    are those of ONNX's LSTM (Hochreiter and Schmidhuber 1997, Gers and
    Schmidhuber 2000), `coupled` its `input_forget`.

    Example:

    ```mlir
    %h, %last, %cell = attune.lstm %x, %r
        {activations = [#attune.gate<sigmoid>, #attune.gate<tanh>, #attune.gate<tanh>]}
        : (tensor<?x?x256xf32>, tensor<256x64xf32>)
        -> (tensor<?x?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>)
    ```
  }];
  let arguments = (ins Attune_FloatTensor:$input, Attune_FloatTensor:$recurrent,
                       Optional<Attune_FloatTensor>:$bias,
                       Optional<Attune_IdTensor>:$lengths,
                       Optional<Attune_FloatTensor>:$initial_hidden,
                       Optional<Attune_FloatTensor>:$initial_cell,
                       Optional<Attune_FloatTensor>:$peephole,
                       Attune_GateActivationsAttr:$activations,
                       DefaultValuedAttr<DenseF64ArrayAttr, "{}">:$alpha,
                       DefaultValuedAttr<DenseF64ArrayAttr, "{}">:$beta,
                       OptionalAttr<F64Attr>:$clip, UnitAttr:$reverse,
                       UnitAttr:$coupled);
  let results = (outs Attune_FloatTensor:$hidden, Attune_FloatTensor:$last_hidden,
                      Attune_FloatTensor:$last_cell);
  let assemblyFormat = [{
    $input `,` $recurrent (`bias` `(` $bias^ `:` type($bias) `)`)?
    (`lengths` `(` $lengths^ `:` type($lengths) `)`)?
    (`initial` `(` $initial_hidden^ `:` type($initial_hidden) `)`)?
    (`cell` `(` $initial_cell^ `:` type($initial_cell) `)`)?
    (`peephole` `(` $peephole^ `:` type($peephole) `)`)?
    attr-dict `:` `(` type($input) `,` type($recurrent) `)`
    `->` `(` type($hidden) `,` type($last_hidden) `,` type($last_cell) `)`
  }];
}

def Attune_RnnOp : Attune_RecurrentOp<"rnn"> {
  let summary = "Simple recurrent network along a sequence";
  let description = [{
    As `attune.gru`, with one gate and one activation:
    `H' = f(x + R H + b)`. The equation is that of ONNX's RNN (Elman 1990).

    Example:

    ```mlir
    %h, %last = attune.rnn %x, %r initial(%h0 : tensor<?x64xf32>)
        {activations = [#attune.gate<leaky_relu>], alpha = array<f64: 0.01>, reverse}
        : (tensor<?x?x64xf32>, tensor<64x64xf32>) -> (tensor<?x?x64xf32>, tensor<?x64xf32>)
    ```
  }];
  let arguments = (ins Attune_FloatTensor:$input, Attune_FloatTensor:$recurrent,
                       Optional<Attune_FloatTensor>:$bias,
                       Optional<Attune_IdTensor>:$lengths,
                       Optional<Attune_FloatTensor>:$initial_hidden,
                       Attune_GateActivationsAttr:$activations,
                       DefaultValuedAttr<DenseF64ArrayAttr, "{}">:$alpha,
                       DefaultValuedAttr<DenseF64ArrayAttr, "{}">:$beta,
                       OptionalAttr<F64Attr>:$clip, UnitAttr:$reverse);
  let results = (outs Attune_FloatTensor:$hidden, Attune_FloatTensor:$last_hidden);
  let assemblyFormat = [{
    $input `,` $recurrent (`bias` `(` $bias^ `:` type($bias) `)`)?
    (`lengths` `(` $lengths^ `:` type($lengths) `)`)?
    (`initial` `(` $initial_hidden^ `:` type($initial_hidden) `)`)?
    attr-dict `:` `(` type($input) `,` type($recurrent) `)`
    `->` `(` type($hidden) `,` type($last_hidden) `)`
  }];
}

//===----------------------------------------------------------------------===//
// causal_conv
//===----------------------------------------------------------------------===//

def Attune_CausalConvOp : Attune_PureOp<"causal_conv",
    [AttrSizedOperandSegments,
     DeclareOpInterfaceMethods<KernelOpInterface, ["acceptsEpilogue"]>]> {
  let summary = "Causal convolution of each channel, with carried state";
  let description = [{
    With `x = past ++ input` along the last dimension (`past` `[batch, channels,
    K - 1]`, zeros without; `input` `[batch, channels, length]`) and `weight`
    `[channels, K]`

    `result[b, c, t] = act(bias[c] + sum_j weight[c, j] * x[b, c, t + j])`

    where act is `x / (1 + e^-x)` with `silu`, else the identity. `present`
    `[batch, channels, K - 1]` is the end of x. The formula is that of ONNX's
    CausalConvWithState.

    Example:

    ```mlir
    %r, %s = attune.causal_conv %x, %w past(%p : tensor<?x64x3xf32>) {silu}
        : (tensor<?x64x?xf32>, tensor<64x4xf32>) -> (tensor<?x64x?xf32>, tensor<?x64x3xf32>)
    ```
  }];
  let arguments = (ins Attune_F32Tensor:$input, Attune_F32Tensor:$weight,
                       Optional<Attune_F32Tensor>:$bias,
                       Optional<Attune_F32Tensor>:$past, UnitAttr:$silu);
  let results = (outs Attune_F32Tensor:$result, Attune_F32Tensor:$present);
  let assemblyFormat = [{
    $input `,` $weight (`bias` `(` $bias^ `:` type($bias) `)`)?
    (`past` `(` $past^ `:` type($past) `)`)? attr-dict
    `:` `(` type($input) `,` type($weight) `)` `->` `(` type($result) `,` type($present) `)`
  }];
  let hasVerifier = 1;
}

#endif // ATTUNE_DIALECT_ATTUNE_IR_RECURRENTOPS_TD
