#!/usr/bin/env python3
"""Writes the .onnx files of this folder, sound and unsound ones: make_inputs.py. Needs the packages onnx and numpy."""

import os

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FOLDER = os.path.dirname(os.path.abspath(__file__))
FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


def info(name, type=FLOAT, shape=("batch", 4)):
    return helper.make_tensor_value_info(name, type, shape)


def tensor(name, values, type=np.float32):
    return numpy_helper.from_array(np.array(values, type), name)


def save(name, nodes, inputs=None, outputs=None, initializers=(), opset=20, functions=(), extra=()):
    graph = helper.make_graph(
        nodes,
        name,
        inputs or [info("x")],
        outputs or [info("y")],
        list(initializers),
    )
    opsets = [helper.make_opsetid("", opset)] + [helper.make_opsetid(domain, 1) for domain in extra]
    model = helper.make_model(graph, opset_imports=opsets, functions=list(functions), ir_version=9)
    with open(os.path.join(FOLDER, name + ".onnx"), "wb") as file:
        file.write(model.SerializeToString(deterministic=True))


def external(name, location, offset="0", length="16"):
    weight = TensorProto(name="w", data_type=FLOAT, dims=[4], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", location), ("offset", offset), ("length", length)):
        weight.external_data.add(key=key, value=value)
    save(name, [helper.make_node("Add", ["x", "w"], ["y"], name="add")], initializers=[weight])


def function(name, nodes, inputs=("a",), outputs=("b",), attributes=()):
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("local", 1)]
    return helper.make_function("local", name, list(inputs), list(outputs), nodes, opsets, list(attributes))


def sound():
    # Data in every form: raw, as floats, as integers; a subgraph; a function.
    floats = TensorProto(name="floats", data_type=FLOAT, dims=[4], float_data=[1, 2, 3, 4])
    halves = TensorProto(name="halves", data_type=TensorProto.FLOAT16, dims=[2], int32_data=[0x3C00, 0xC000])
    then_branch = helper.make_graph([helper.make_node("Identity", ["t"], ["then"])], "then", [], [info("then")])
    else_branch = helper.make_graph([helper.make_node("Neg", ["t"], ["else"])], "else", [], [info("else")])
    leaky = helper.make_node("LeakyRelu", ["n"], ["b"])
    leaky.attribute.append(onnx.AttributeProto(name="alpha", ref_attr_name="slope", type=onnx.AttributeProto.FLOAT))
    body = [helper.make_node("Neg", ["a"], ["n"], name="negate"), leaky]
    save(
        "sound",
        [
            helper.make_node("Add", ["x", "floats"], ["s"], name="add"),
            helper.make_node("Flip", ["s"], ["t"], name="flip", domain="local", slope=0.5),
            helper.make_node("If", ["yes"], ["i"], then_branch=then_branch, else_branch=else_branch),
            helper.make_node("Reshape", ["i", "shape"], ["y"]),
        ],
        outputs=[info("y", shape=("batch", 2, 2))],
        initializers=[floats, halves, tensor("shape", [0, 2, -1], np.int64), tensor("yes", True, bool)],
        functions=[function("Flip", body, attributes=["slope"])],
        extra=["local"],
    )
    # Extents that become polynomials.
    save(
        "shapes",
        [
            helper.make_node("Shape", ["x"], ["s"]),
            helper.make_node("Gather", ["s", "one"], ["length"], axis=0),
            helper.make_node("Unsqueeze", ["length", "zero"], ["l1"]),
            helper.make_node("Concat", ["minus", "l1", "four"], ["to"], axis=0),
            helper.make_node("Reshape", ["x", "to"], ["heads"]),
            helper.make_node("Transpose", ["heads"], ["y"], perm=[0, 2, 1, 3], name="swap"),
        ],
        inputs=[info("x", shape=("batch", "sequence length", 8))],
        outputs=[info("y", shape=(None, None, None, None))],
        initializers=[
            tensor("one", 1, np.int64),
            tensor("zero", [0], np.int64),
            tensor("minus", [-1], np.int64),
            tensor("four", [4, 2], np.int64),
        ],
    )
    with open(os.path.join(FOLDER, "external.bin"), "wb") as file:
        file.write(np.arange(8, dtype=np.float32).tobytes())
    external("external", "external.bin", offset="16")


def unsound():
    add = helper.make_node("Add", ["x", "x"], ["y"], name="add")
    external("external-parent", "../Inputs/external.bin")
    external("external-absolute", "/etc/passwd")
    external("external-short", "external.bin", offset="20")
    external("external-length", "external.bin", length="12")
    external("external-missing", "nowhere.bin")
    save(
        "cycle",
        [
            helper.make_node("Add", ["x", "b"], ["a"], name="first"),
            helper.make_node("Neg", ["a"], ["b"], name="second"),
            helper.make_node("Neg", ["b"], ["y"]),
        ],
    )
    save("duplicate", [add, helper.make_node("Neg", ["x"], ["y"], name="again")])
    save("undefined", [helper.make_node("Add", ["x", "nothing"], ["y"], name="add")])
    save("no-output", [helper.make_node("Neg", ["x"], ["z"])])
    save("old-opset", [add], opset=6)
    save("new-opset", [add], opset=99)
    huge = TensorProto(name="w", data_type=FLOAT, dims=[1000000, 1000000, 1000000], raw_data=b"1234")
    save("huge", [helper.make_node("Add", ["x", "w"], ["y"])], initializers=[huge])
    negative = TensorProto(name="w", data_type=FLOAT, dims=[-4], raw_data=b"1234")
    save("negative", [helper.make_node("Add", ["x", "w"], ["y"])], initializers=[negative])
    short = TensorProto(name="w", data_type=FLOAT, dims=[4], raw_data=b"1234")
    save("short", [helper.make_node("Add", ["x", "w"], ["y"])], initializers=[short])
    save("huge-input", [add], inputs=[info("x", shape=(10**6, 10**7))], outputs=[info("y", shape=(10**6, 10**7))])
    save("axis", [helper.make_node("ArgMax", ["x"], ["y"], axis=7, name="largest")], outputs=[info("y", INT64)])
    save(
        "broadcast",
        [helper.make_node("Add", ["x", "w"], ["y"], name="add")],
        initializers=[tensor("w", [1, 2, 3])],
    )
    save("attribute", [helper.make_node("LeakyRelu", ["x"], ["y"], alpha="much", name="leaky")])
    save(
        "recursive",
        [helper.make_node("Again", ["x"], ["y"], name="call", domain="local")],
        functions=[function("Again", [helper.make_node("Again", ["a"], ["b"], domain="local")])],
        extra=["local"],
    )
    save(
        "unsupported",
        [
            helper.make_node("NonZero", ["x"], ["n"], name="first"),
            helper.make_node("Neg", ["n"], ["m"]),
            helper.make_node("NonZero", ["x"], ["o"], name="second"),
            helper.make_node("Mystery", ["o"], ["y"], name="third", domain="else.where"),
        ],
        extra=["else.where"],
    )


def extents():
    """Models in which extents of different names have to fit."""
    add = helper.make_node("Add", ["x", "z"], ["y"], name="add")
    save(
        "extents-equal",
        [add],
        inputs=[info("x", shape=("n", 4)), info("z", shape=("m", 4))],
        outputs=[info("y", shape=("n", 4))],
    )
    # A cache of what was before, and a mask of all.
    cache = [
        helper.make_node("Concat", ["past", "x"], ["present"], axis=1, name="append"),
        helper.make_node("Unsqueeze", ["mask", "last"], ["column"]),
        helper.make_node("Mul", ["present", "column"], ["y"], name="hide"),
    ]
    for name, total in (("sum", "total"), ("declared", "past + length")):
        save(
            f"extents-{name}",
            cache,
            inputs=[
                info("mask", shape=("batch", total)),
                info("x", shape=("batch", "length", 4)),
                info("past", shape=("batch", "past", 4)),
            ],
            outputs=[info("y", shape=("batch", "any", 4)), info("present", shape=("batch", "any", 4))],
            initializers=[tensor("last", [2], np.int64)],
        )
    # Nothing uses the mask's columns: the name of the output says how many there are.
    save(
        "extents-output",
        [
            helper.make_node("Concat", ["past", "x"], ["present"], axis=1, name="append"),
            helper.make_node("ReduceSum", ["mask", "last"], ["y"], keepdims=0),
        ],
        inputs=[
            info("mask", shape=("batch", "total")),
            info("x", shape=("batch", "length", 4)),
            info("past", shape=("batch", "past", 4)),
        ],
        outputs=[info("y", shape=("batch",)), info("present", shape=("batch", "total", 4))],
        initializers=[tensor("last", [1], np.int64)],
    )
    # Positions after the past, of a table of 8.
    save(
        "extents-limit",
        [
            helper.make_node("Concat", ["past", "x"], ["present"], axis=0, name="append"),
            helper.make_node("Shape", ["past"], ["begin"], end=1),
            helper.make_node("Shape", ["present"], ["end"], end=1),
            helper.make_node("Slice", ["table", "begin", "end", "first"], ["rows"], name="positions"),
            helper.make_node("Add", ["x", "rows"], ["y"], name="add"),
        ],
        inputs=[info("x", shape=("length", 4)), info("past", shape=("past", 4))],
        outputs=[info("y", shape=("length", 4)), info("present", shape=("any", 4))],
        initializers=[tensor("table", np.arange(32).reshape(8, 4)), tensor("first", [0], np.int64)],
    )
    # Rows and columns of a mask by their numbers, as exporters of attention write it.
    save(
        "extents-gather",
        [
            helper.make_node("Concat", ["past", "x"], ["present"], axis=1, name="append"),
            helper.make_node("Shape", ["present"], ["length"], start=1, end=2),
            helper.make_node("Squeeze", ["length"], ["keys"]),
            helper.make_node("Shape", ["mask"], ["width"], start=1, end=2),
            helper.make_node("Shape", ["x"], ["height"], end=1),
            helper.make_node("Squeeze", ["height"], ["rows"]),
            helper.make_node("Range", ["zero", "rows", "one"], ["row"]),
            helper.make_node("Range", ["zero", "keys", "one"], ["column"]),
            helper.make_node("Unsqueeze", ["row", "last"], ["tall"]),
            helper.make_node("Mul", ["tall", "width"], ["begin"]),
            helper.make_node("Add", ["begin", "column"], ["at"]),
            helper.make_node("Reshape", ["mask", "flat"], ["list"]),
            helper.make_node("Gather", ["list", "at"], ["y"], name="look"),
        ],
        inputs=[
            info("mask", shape=("batch", "total")),
            info("x", shape=("batch", "length", 4)),
            info("past", shape=("batch", "past", 4)),
        ],
        outputs=[info("y", shape=("batch", "any")), info("present", shape=("batch", "any", 4))],
        initializers=[
            tensor("zero", 0, np.int64),
            tensor("one", 1, np.int64),
            tensor("last", [1], np.int64),
            tensor("flat", [-1], np.int64),
        ],
    )
    # An equation that says of no extent what it is.
    save(
        "extents-open",
        [
            helper.make_node("Reshape", ["x", "flat"], ["a"], name="flatten"),
            helper.make_node("Reshape", ["z", "flat"], ["b"]),
            helper.make_node("Add", ["a", "b"], ["y"], name="add"),
        ],
        inputs=[info("x", shape=("n", "n")), info("z", shape=("m", 3, "m"))],
        outputs=[info("y", shape=("any",))],
        initializers=[tensor("flat", [-1], np.int64)],
    )


if __name__ == "__main__":
    sound()
    extents()
    unsound()
