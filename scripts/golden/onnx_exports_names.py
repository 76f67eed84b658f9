#!/usr/bin/env python3
"""Makes test/EndToEnd/Onnx/odd-names.onnx, whose inputs and outputs have names as converters from other frameworks write
them, with golden/odd-names/{first,second,sum}.npy. Needs onnx and numpy."""

import os

import numpy as np
import onnx
from onnx import TensorProto, helper

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "test", "EndToEnd", "Onnx")
FIRST, SECOND, SUM = "serving/x:0", "a=b @c", "résumé.1"


def main():
    shape = ["n", 3]
    graph = helper.make_graph(
        [helper.make_node("Add", [FIRST, SECOND], [SUM], name="while/body/add:0")],
        "odd names",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in (FIRST, SECOND)],
        [helper.make_tensor_value_info(SUM, TensorProto.FLOAT, shape)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, os.path.join(FOLDER, "odd-names.onnx"))
    first = np.arange(6, dtype=np.float32).reshape(2, 3)
    second = np.full((2, 3), 0.5, np.float32)
    golden = os.path.join(FOLDER, "golden", "odd-names")
    os.makedirs(golden, exist_ok=True)
    for name, value in (("first", first), ("second", second), ("sum", first + second)):
        np.save(os.path.join(golden, f"{name}.npy"), value)


if __name__ == "__main__":
    main()
