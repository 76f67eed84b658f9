#!/usr/bin/env python3
"""Writes the node cases of the onnx package as files: make_cases.py FOLDER

FOLDER gets, for each case, a folder of its name with model.onnx and, for each data set, its inputs and expected outputs as
.npy (bfloat16 as two raw bytes an element), and manifest.json, a list with an object for each data set:

    name      the case's name, with -1, -2, ... behind it when it has several data sets
    group     attention, softmax, ...: one of GROUPS, which must pass wholly, or "other"
    model     the path of its model, relative to FOLDER as all paths
    inputs    a list of {"name", "file"}; outputs the same
    rtol      what the onnx package allows; two units in the last place for outputs of bfloat16
    atol
    ops       the operators of the model, also those inside the bodies of If, Loop and Scan

A case is of group G when its name is test_G or begins with test_G_ (test_matmulinteger is not of matmul). Of the others
those are written whose operators and types are all in op_set.txt. What is left out is counted by reason on stderr.
Needs the packages onnx and numpy; scripts/conformance/run installs them.
"""

import collections
import fnmatch
import json
import os
import re
import shutil
import sys
import warnings

import numpy as np
import onnx
from onnx.backend.test.case.node import collect_testcases

GROUPS = (
    "attention",
    "linear_attention",
    "flexattention",
    "softmax",
    "layer_normalization",
    "rms_normalization",
    "rotary_embedding",
    "gelu",
    "gemm",
    "matmul",
    "gru",
    "lstm",
    "causal_conv_with_state",
)
# How many cases the pinned version has for them: a new version of the package is to be looked at.
WANTED = 432

TYPE_NAMES = {
    onnx.TensorProto.FLOAT: "float32",
    onnx.TensorProto.DOUBLE: "float64",
    **{value: name.lower() for name, value in onnx.TensorProto.DataType.items() if name not in ("FLOAT", "DOUBLE")},
}


class OpSet:
    """What op_set.txt says."""

    def __init__(self, path):
        self.ops, self.types, self.left_out = set(), set(), []
        section = None
        with open(path, encoding="utf-8") as file:
            for line in file:
                line = line.split("#")[0].strip()
                if line.startswith("["):
                    section = line.strip("[]")
                elif section == "types":
                    self.types |= set(line.split())
                elif section == "left out":
                    self.left_out += line.split()
                else:
                    self.ops |= set(line.split())

    def objection(self, name, ops, types):
        """Why a case is not in the set; None when it is."""
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in self.left_out):
            return "by name (training)"
        others = sorted(ops - self.ops)
        if others:
            return f"operator {others[0]}"
        others = sorted(types - self.types)
        return f"type {others[0]}" if others else None


def group_of(name):
    for group in GROUPS:
        if re.match(f"test_{group}(_|$)", name):
            return group
    return "other"


def collect(graph, ops, types):
    """The operators of a graph and the types that its nodes name."""
    for node in graph.node:
        ops.add(f"{node.domain}:{node.op_type}" if node.domain not in ("", "ai.onnx") else node.op_type)
        for attribute in node.attribute:
            if attribute.HasField("g"):
                collect(attribute.g, ops, types)
            for inner in attribute.graphs:
                collect(inner, ops, types)
            if attribute.HasField("t"):
                types.add(TYPE_NAMES[attribute.t.data_type])
            if attribute.name == "to" and node.op_type in ("Cast", "BitCast"):
                types.add(TYPE_NAMES[attribute.i])
    types |= {TYPE_NAMES[tensor.data_type] for tensor in graph.initializer}


def value_types(values):
    """The element types of inputs or outputs; "sequence" and the like for what is no tensor."""
    found = set()
    for value in values:
        kind = value.type.WhichOneof("value")
        found.add(TYPE_NAMES[value.type.tensor_type.elem_type] if kind == "tensor_type" else kind.replace("_type", ""))
    return found


def save(path, value):
    """Writes a tensor; returns whether it is of bfloat16."""
    array = onnx.numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else np.asarray(value)
    # ascontiguousarray makes scalars one-dimensional.
    array = np.ascontiguousarray(array).reshape(array.shape)
    is_bfloat16 = array.dtype.name == "bfloat16"
    np.save(path, array.view("V2") if is_bfloat16 else array, allow_pickle=False)
    return is_bfloat16


def write(folder, case, group, ops):
    """Writes one case; returns its entries of the manifest."""
    os.makedirs(os.path.join(folder, case.name))
    model = os.path.join(case.name, "model.onnx")
    onnx.save(case.model, os.path.join(folder, model))
    entries = []
    for number, data_set in enumerate(case.data_sets):
        files = {}
        coarse = False
        for kind, values, tensors in zip(("input", "output"), (case.model.graph.input, case.model.graph.output), data_set):
            if len(values) != len(tensors):
                raise ValueError(f"{case.name}: {len(tensors)} {kind} tensors for {len(values)} names")
            files[kind] = []
            for index, (value, tensor) in enumerate(zip(values, tensors)):
                path = os.path.join(case.name, f"{number}-{kind}-{index}.npy")
                is_bfloat16 = save(os.path.join(folder, path), tensor)
                coarse = coarse or (is_bfloat16 and kind == "output")
                files[kind].append({"name": value.name, "file": path})
        entries.append({
            "name": case.name if len(case.data_sets) == 1 else f"{case.name}-{number + 1}",
            "group": group,
            "model": model,
            "inputs": files["input"],
            "outputs": files["output"],
            "rtol": max(case.rtol, 2**-6) if coarse else case.rtol,
            "atol": case.atol,
            "ops": sorted(ops),
        })
    return entries


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    folder = sys.argv[1]
    op_set = OpSet(os.path.join(os.path.dirname(os.path.abspath(__file__)), "op_set.txt"))
    # The reference code of some cases divides by zero, as it should.
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    cases = collect_testcases(None)

    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    manifest, left_out = [], collections.Counter()
    for case in sorted(cases, key=lambda case: case.name):
        ops, types = set(), value_types([*case.model.graph.input, *case.model.graph.output])
        collect(case.model.graph, ops, types)
        group = group_of(case.name)
        objection = op_set.objection(case.name, ops, types) if group == "other" else None
        if objection:
            left_out[objection] += 1
        else:
            manifest += write(folder, case, group, ops)

    counts = collections.Counter(entry["group"] for entry in manifest)
    wanted = sum(counts[group] for group in GROUPS)
    if wanted != WANTED:
        sys.exit(f"onnx {onnx.__version__} has {wanted} cases of the groups that must pass, {WANTED} are known: look at the "
                 "new ones, then change WANTED")
    # Last, so that an interrupted run is not taken for a complete one.
    with open(os.path.join(folder, "manifest.json"), "w", encoding="utf-8") as file:
        json.dump(manifest, file, indent=1)
    print(f"{len(cases)} cases: {wanted} of the groups that must pass, {counts['other']} others written, "
          f"{sum(left_out.values())} left out:", file=sys.stderr)
    for reason, count in left_out.most_common():
        print(f"  {count:4} {reason}", file=sys.stderr)


if __name__ == "__main__":
    main()
