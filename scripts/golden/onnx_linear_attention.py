#!/usr/bin/env python3
"""Makes test/EndToEnd/Onnx/linear-attention.onnx: two layers of attention without softmax, as (Q K^T) V. The first has
features elu(x) + 1, a mask of keys that multiplies the scores and the division by their sums; the second is causal, by
Trilu of the scores, and scaled by a constant. Beside it golden/linear-attention/{x,mask,y}.npy, y computed in f64. Needs
onnx and numpy."""

import os

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "test", "EndToEnd", "Onnx")
NAME = "linear-attention"
HIDDEN, HEADS = 32, 4
EPSILON = 1e-3


class Graph:
    """Nodes and weights as they come; every method returns the name of a value."""

    def __init__(self):
        self.nodes, self.weights = [], []

    def node(self, kind, *inputs, **attributes):
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def weight(self, value):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(value, name))
        return name

    def heads(self, x, weight):
        rows = self.node("MatMul", x, self.weight(weight))
        apart = self.node("Reshape", rows, self.weight(np.array([0, 0, HEADS, HIDDEN // HEADS], np.int64)))
        return self.node("Transpose", apart, perm=[0, 2, 1, 3])

    def features(self, x):
        return self.node("Add", self.node("Elu", x), self.weight(np.float32(1)))

    def attention(self, x, scores, value, weight):
        """The residual sum of x and what the heads make of the scores."""
        context = self.node("Transpose", self.node("MatMul", scores, value), perm=[0, 2, 1, 3])
        packed = self.node("Reshape", context, self.weight(np.array([0, 0, HIDDEN], np.int64)))
        return self.node("Add", x, self.node("MatMul", packed, self.weight(weight)))


def heads(x):
    return x.reshape(*x.shape[:2], HEADS, -1).transpose(0, 2, 1, 3)


def merge(x):
    return x.transpose(0, 2, 1, 3).reshape(x.shape[0], x.shape[2], HIDDEN)


def reference(x, mask, weights):
    """The two layers in the precision of x."""
    q, k, v, o = weights[:4]
    features = lambda y: np.where(y > 0, y, np.expm1(np.minimum(y, 0))) + 1
    scores = features(heads(x @ q)) @ features(heads(x @ k)).transpose(0, 1, 3, 2) * (mask != 0)[:, None, None, :]
    scores = scores / (scores.sum(-1, keepdims=True) + EPSILON)
    x = x + merge(scores @ heads(x @ v)) @ o
    q, k, v, o = weights[4:]
    scores = np.tril(heads(x @ q) @ heads(x @ k).transpose(0, 1, 3, 2) / 8)
    return x + merge(scores @ heads(x @ v)) @ o


def main():
    rng = np.random.default_rng(7)
    weights = [(rng.normal(size=(HIDDEN, HIDDEN)) / np.sqrt(HIDDEN)).astype(np.float32) for _ in range(8)]
    graph = Graph()
    q, k, v = (graph.heads("x", w) for w in weights[:3])
    transposed = graph.node("Transpose", graph.features(k), perm=[0, 1, 3, 2])
    scores = graph.node("MatMul", graph.features(q), transposed)
    used = graph.node("Cast", graph.node("Cast", "mask", to=TensorProto.BOOL), to=TensorProto.FLOAT)
    scores = graph.node("Mul", scores, graph.node("Unsqueeze", used, graph.weight(np.array([1, 2], np.int64))))
    sums = graph.node("ReduceSum", scores, graph.weight(np.array([3], np.int64)), keepdims=1)
    scores = graph.node("Div", scores, graph.node("Add", sums, graph.weight(np.float32(EPSILON))))
    x = graph.attention("x", scores, v, weights[3])
    q, k, v = (graph.heads(x, w) for w in weights[4:7])
    scores = graph.node("MatMul", q, graph.node("Transpose", k, perm=[0, 1, 3, 2]))
    scores = graph.node("Trilu", graph.node("Div", scores, graph.weight(np.float32(8))), upper=0)
    y = graph.attention(x, scores, v, weights[7])
    graph.nodes.append(helper.make_node("Identity", [y], ["y"]))

    tokens = ["batch", "length", HIDDEN]
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            NAME,
            [
                helper.make_tensor_value_info("x", TensorProto.FLOAT, tokens),
                helper.make_tensor_value_info("mask", TensorProto.INT64, tokens[:2]),
            ],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, tokens)],
            graph.weights,
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    onnx.checker.check_model(model)
    onnx.save(model, os.path.join(FOLDER, f"{NAME}.onnx"))

    x = rng.normal(size=(2, 41, HIDDEN)).astype(np.float32)
    mask = np.ones((2, 41), np.int64)
    mask[1, 23:] = 0
    y = reference(x.astype(np.float64), mask, [w.astype(np.float64) for w in weights]).astype(np.float32)
    golden = os.path.join(FOLDER, "golden", NAME)
    os.makedirs(golden, exist_ok=True)
    for name, value in (("x", x), ("mask", mask), ("y", y)):
        np.save(os.path.join(golden, f"{name}.npy"), value)


if __name__ == "__main__":
    main()
