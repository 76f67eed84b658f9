#!/usr/bin/env python3
"""Checks what Attune makes of an export: check_export.py MODEL.onnx GOLDEN SCRATCH --attentions=N --norms=N [--atol=A]

GOLDEN holds a folder for each choice of batch and lengths with the inputs and onnxruntime's outputs. The smallest goes
through `attune run MODEL`, all go through a program that is compiled once. The model after its fusions must have N
attentions and N norms, no softmax beside them, and `attune explain` must have missed no attention and no norm.
"""

import argparse
import json
import os
import re
import subprocess
import sys

PATTERNS = ("attention", "layer-norm", "rms-norm")


def run(*command):
    """Runs a command that must succeed; returns its standard output."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\nexited with {done.returncode}:\n{done.stdout}{done.stderr}")
    sys.stderr.write(done.stderr)
    return done.stdout


def interface(model):
    """The names of the inputs and outputs, as `attune info` tells them."""
    info = json.loads(run("attune", "info", model, "--format=json"))
    return [[tensor["name"] for tensor in info[kind]] for kind in ("inputs", "outputs")]


def arguments(case, inputs, outputs, atol):
    result = [f"--rtol=0", f"--atol={atol}"]
    for option, names in (("input", inputs), ("expected", outputs)):
        result += [f"--{option}={name}=@{os.path.join(case, name + '.npy')}" for name in names]
    return result


def check_fusions(model, scratch, attentions, norms):
    fused = os.path.join(scratch, "fused.mlir")
    run("attune", "compile", "-q", model, "--compile-to=fuse", "-o", fused)
    with open(fused, encoding="utf-8") as file:
        ops = re.findall(r"attune\.(\w+)(?=[( ])", file.read())
    found = ops.count("attention"), ops.count("layer_norm") + ops.count("rms_norm"), ops.count("softmax")
    problems = []
    if found != (attentions, norms, 0):
        problems.append(f"{found[0]} attentions, {found[1]} norms, {found[2]} softmax; expected {attentions}, {norms}, 0")
    for entry in json.loads(run("attune", "explain", model, "--format=json")):
        if entry["outcome"] == "missed" and entry["pattern"] in PATTERNS:
            problems.append(f"{entry['pattern']} missed at {entry['where']}: {entry['reason']}")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("golden")
    parser.add_argument("scratch")
    parser.add_argument("--attentions", type=int, required=True)
    parser.add_argument("--norms", type=int, required=True)
    parser.add_argument("--atol", type=float, default=1e-4)
    options = parser.parse_args()
    os.makedirs(options.scratch, exist_ok=True)
    cases = sorted(entry.path for entry in os.scandir(options.golden) if entry.is_dir())
    if not cases:
        sys.exit(f"{options.golden} has no cases")

    program = os.path.join(options.scratch, "program")
    run("attune", "compile", "-q", options.model, "-o", program)
    inputs, outputs = interface(program)
    run("attune", "run", options.model, *arguments(cases[0], inputs, outputs, options.atol))
    for case in cases:
        run(program, "run", *arguments(case, inputs, outputs, options.atol))
    problems = check_fusions(options.model, options.scratch, options.attentions, options.norms)
    if problems:
        sys.exit("\n".join([f"{options.model}: fusions:", *problems]))


if __name__ == "__main__":
    main()
