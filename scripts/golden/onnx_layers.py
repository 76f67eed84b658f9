#!/usr/bin/env python3
"""Writes small ONNX models of layers and what onnxruntime computes: onnx_layers.py FOLDER

FOLDER gets for each case a folder of its name with model.onnx, an .npy of every input (in-NAME.npy) and of every output
(out-NAME.npy). Weights are initializers. Cases are what the node cases of the onnx package do not have: operators of
com.microsoft, weights, lengths of sequences, equations. Needs the packages onnx, onnxruntime and numpy.
"""

import os
import shutil
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

CONTRIB = "com.microsoft"
rng = np.random.default_rng(5)


def floats(*shape):
    return rng.uniform(-1, 1, shape).astype(np.float32)


def case(op, inputs, outputs, weights=(), domain="", opset=21, **attributes):
    """One node. `inputs` and `weights` are lists of (name, array), an array of None for what is left out; those of
    `weights` come behind the inputs. `outputs` are names."""
    given = list(inputs) + list(weights)
    names = [name if array is not None else "" for name, array in given]
    node = helper.make_node(op, names, outputs, domain=domain, name="node", **attributes)
    return (node, [(n, a) for n, a in inputs if a is not None], [(n, a) for n, a in weights if a is not None], opset)


def contrib(op, inputs, outputs, weights=(), **attributes):
    return case(op, inputs, outputs, weights, domain=CONTRIB, **attributes)


def cases():
    x = floats(2, 5, 16)
    # Products with weights.
    yield "matmul_weight", case("MatMul", [("x", x)], ["y"], [("w", floats(16, 12))])
    yield "matmul_vector", case("MatMul", [("x", x)], ["y"], [("w", floats(16))])
    yield "gemm_weight", case("Gemm", [("x", floats(3, 7))], ["y"], [("w", floats(7, 5)), ("b", floats(5))], alpha=0.5,
                              beta=2.0)
    yield "gemm_weight_transposed", case("Gemm", [("x", floats(7, 3))], ["y"], [("w", floats(5, 7)), ("b", floats(3, 1))],
                                         transA=1, transB=1)
    yield "fused_matmul", contrib("FusedMatMul", [("x", floats(2, 7, 3)), ("z", floats(2, 5, 7))], ["y"], transA=1,
                                  transB=1, alpha=0.25)
    for name, equation, shapes in (
            ("heads", "bshd,bthd->bhst", [(2, 3, 4, 5), (2, 6, 4, 5)]),
            ("trace", "ii->", [(4, 4)]),
            ("diagonal", "bii->bi", [(2, 3, 3)]),
            ("implicit", "ca,ab", [(3, 4), (4, 2)]),
            ("three", "ij,jk,kl->il", [(2, 3), (3, 4), (4, 5)]),
            ("outer", "i,j->ij", [(3,), (4,)]),
            ("sum", "abc->b", [(2, 3, 4)]),
            ("ellipsis", "...ij,jk->...ik", [(2, 3, 4, 5), (5, 6)])):
        operands = [(f"x{i}", floats(*shape)) for i, shape in enumerate(shapes)]
        yield "einsum_" + name, case("Einsum", operands, ["y"], equation=equation)
    # Convolutions and pooling.
    image = floats(2, 4, 8, 12)
    yield "conv_patches", case("Conv", [("x", image)], ["y"], [("w", floats(6, 4, 4, 4)), ("b", floats(6))], strides=[4, 4])
    yield "conv_groups", case("Conv", [("x", image)], ["y"], [("w", floats(6, 2, 3, 3)), ("b", floats(6))], group=2,
                              pads=[1, 0, 1, 2], strides=[2, 1], dilations=[1, 2])
    yield "conv_same", case("Conv", [("x", floats(1, 3, 9))], ["y"], [("w", floats(5, 3, 4))], auto_pad="SAME_LOWER",
                            strides=[2])
    yield "conv_3d", case("Conv", [("x", floats(1, 2, 4, 5, 6))], ["y"], [("w", floats(3, 2, 2, 3, 2))], pads=[1] * 6)
    yield "average_pool_ceil", case("AveragePool", [("x", image)], ["y"], kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1,
                                    pads=[1, 1, 1, 1], count_include_pad=1)
    yield "max_pool_dilated", case("MaxPool", [("x", image)], ["y"], kernel_shape=[2, 3], strides=[1, 2], dilations=[2, 1],
                                   pads=[1, 1, 0, 1])
    yield "lp_pool", case("LpPool", [("x", image)], ["y"], kernel_shape=[2, 2], p=3)
    yield "global_lp_pool", case("GlobalLpPool", [("x", image)], ["y"], p=1)
    # Norms.
    gamma, beta, bias = floats(16), floats(16), floats(16)
    skip = floats(2, 5, 16)
    yield "skip_layer_norm", contrib("SkipLayerNormalization", [("x", x), ("s", skip)], ["y", "", "", "sum"],
                                     [("g", gamma), ("b", beta), ("c", bias)], epsilon=1e-5)
    yield "skip_rms_norm", contrib("SkipSimplifiedLayerNormalization", [("x", x), ("s", skip)], ["y", "", "", "sum"],
                                   [("g", gamma)], epsilon=1e-6)
    yield "rms_norm_contrib", case("SimplifiedLayerNormalization", [("x", x)], ["y"], [("g", gamma)], epsilon=1e-6)
    ids = rng.integers(0, 11, (2, 5)).astype(np.int32)
    mask = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]], np.int32)
    yield "embed_layer_norm", contrib(
        "EmbedLayerNormalization", [("ids", ids), ("segments", (ids % 2).astype(np.int32))], ["y", "lengths", "sum"],
        [("words", floats(11, 16)), ("positions", floats(9, 16)), ("types", floats(2, 16)), ("g", gamma), ("b", beta),
         ("mask", mask)])
    # Activations.
    yield "bias_gelu", contrib("BiasGelu", [("x", x)], ["y"], [("b", bias)])
    yield "fast_gelu", contrib("FastGelu", [("x", x)], ["y"], [("b", bias)])
    yield "gelu_contrib", contrib("Gelu", [("x", x)], ["y"])
    yield "quick_gelu", contrib("QuickGelu", [("x", x)], ["y"])
    yield "quick_gelu_alpha", contrib("QuickGelu", [("x", x)], ["y"], alpha=0.7)
    # Attention.
    q, k, v = floats(2, 3, 16), floats(2, 6, 16), floats(2, 6, 16)
    keys = np.array([[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0]], np.int32)
    yield "multi_head", contrib("MultiHeadAttention", [("q", q), ("k", k), ("v", v)], ["y"], num_heads=4)
    yield "multi_head_masked", contrib("MultiHeadAttention", [("q", q), ("k", k), ("v", v), ("b", floats(48)), ("m", keys),
                                                              ("a", floats(1, 4, 3, 6))], ["y"], num_heads=4, scale=0.3)
    yield "multi_head_past", contrib(
        "MultiHeadAttention", [("q", q), ("k", k[:, :3]), ("v", v[:, :3]), ("b", None), ("m", None), ("a", None),
                               ("pk", floats(2, 4, 2, 4)), ("pv", floats(2, 4, 2, 4))], ["y", "k2", "v2"], num_heads=4,
        unidirectional=1)
    total = np.array(6, np.int32)
    cos, sin = floats(12, 8), floats(12, 8)
    yield "group_query", contrib(
        "GroupQueryAttention", [("q", floats(2, 6, 64)), ("k", floats(2, 6, 32)), ("v", floats(2, 6, 32)), ("pk", None),
                                ("pv", None), ("n", np.array([5, 5], np.int32)), ("t", total)], ["y", "k2", "v2"],
        num_heads=4, kv_num_heads=2)
    yield "group_query_past", contrib(
        "GroupQueryAttention", [("q", floats(2, 1, 64)), ("k", floats(2, 1, 32)), ("v", floats(2, 1, 32)),
                                ("pk", floats(2, 2, 5, 16)), ("pv", floats(2, 2, 5, 16)),
                                ("n", np.array([5, 5], np.int32)), ("t", total)], ["y", "k2", "v2"],
        [("cos", cos), ("sin", sin)], num_heads=4, kv_num_heads=2, do_rotary=1, softcap=5.0)
    yield "group_query_window", contrib(
        "GroupQueryAttention", [("q", floats(1, 6, 128)), ("k", None), ("v", None), ("pk", None), ("pv", None),
                                ("n", np.array([5], np.int32)), ("t", total)], ["y", "k2", "v2"], num_heads=4,
        kv_num_heads=2, local_window_size=3)
    weights = [("w", floats(16, 48)), ("b", floats(48))]
    yield "packed_attention", contrib("Attention", [("x", x)], ["y"], weights + [("m", mask)], num_heads=4)
    yield "packed_attention_causal", contrib("Attention", [("x", x)], ["y"], weights, num_heads=4, unidirectional=1)
    yield "packed_attention_past", contrib("Attention", [("x", x)], ["y", "present"],
                                           weights + [("m", None), ("past", floats(2, 2, 4, 3, 4))], num_heads=4,
                                           unidirectional=1)
    positions = np.array([[0, 1, 2, 3, 4], [3, 4, 5, 6, 7]], np.int64)
    yield "rotary_contrib", contrib("RotaryEmbedding", [("x", x), ("p", positions)], ["y"],
                                    [("cos", floats(9, 4)), ("sin", floats(9, 4))])
    yield "rotary_contrib_offset", contrib("RotaryEmbedding", [("x", floats(2, 4, 5, 8)), ("p", np.array([2], np.int64))],
                                           ["y"], [("cos", floats(9, 4)), ("sin", floats(9, 4))], interleaved=1)
    # Recurrent layers: sequences of several lengths, both directions, activations.
    steps, hidden = floats(5, 2, 3), 4
    lengths = np.array([5, 3], np.int32)

    def recurrent(op, gates, outputs, extra=(), **attributes):
        parts = [("w", floats(2, gates * hidden, 3)), ("r", floats(2, gates * hidden, hidden)),
                 ("b", floats(2, 2 * gates * hidden)), ("n", lengths), ("h0", floats(2, 2, hidden))]
        return case(op, [("x", steps)], outputs, parts + list(extra), direction="bidirectional", hidden_size=hidden,
                    **attributes)

    yield "rnn", recurrent("RNN", 1, ["y", "h"], activations=["Relu", "HardSigmoid"], activation_alpha=[0.3],
                           activation_beta=[0.4])
    yield "gru", recurrent("GRU", 3, ["y", "h"])
    yield "gru_linear", recurrent("GRU", 3, ["y", "h"], linear_before_reset=1, clip=0.5)
    yield "lstm", recurrent("LSTM", 4, ["y", "h", "c"], [("c0", floats(2, 2, hidden)), ("p", floats(2, 3 * hidden))])


def write(folder, node, inputs, weights, opset):
    os.makedirs(folder)
    values = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape) for n, a in inputs]
    names = [name for name in node.output if name]
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid(CONTRIB, 1)]

    def model(outputs):
        initializers = [numpy_helper.from_array(a, n) for n, a in weights]
        graph = helper.make_graph([node], "layer", values, outputs, initializers)
        return helper.make_model(graph, opset_imports=opsets, ir_version=10)

    session = onnxruntime.InferenceSession(
        model([onnx.ValueInfoProto(name=n) for n in names]).SerializeToString(),
        providers=["CPUExecutionProvider"])
    results = session.run(names, dict(inputs))
    outputs = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(r.dtype), r.shape)
               for n, r in zip(names, results)]
    onnx.save(model(outputs), os.path.join(folder, "model.onnx"))
    for name, array in inputs:
        np.save(os.path.join(folder, f"in-{name}.npy"), array)
    for name, array in zip(names, results):
        np.save(os.path.join(folder, f"out-{name}.npy"), array)


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    target = sys.argv[1]
    shutil.rmtree(target, ignore_errors=True)
    for name, (node, inputs, weights, opset) in cases():
        try:
            write(os.path.join(target, name), node, inputs, weights, opset)
        except Exception as error:  # what onnxruntime says is long; the name of the case comes first
            sys.exit(f"{name}: {error}")


main()
