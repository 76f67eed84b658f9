#!/usr/bin/env python3
"""Checks a compiled program against a model's golden values: check_model.py PROGRAM GOLDEN SCRATCH

GOLDEN holds a folder for each case with the inputs and the outputs that transformers computed; the program must come to
within 1e-4 of each. Outputs of a folder `...-sampled` are every eighth token and column of the program's.
"""

import os
import subprocess
import sys

import compare_npy
import npy

INPUTS = ("input_ids", "attention_mask", "token_type_ids")
OUTPUTS = ("last_hidden_state", "pooler_output")
TOLERANCE = 1e-4


def files_of(case, names):
    paths = {name: os.path.join(case, name + ".npy") for name in names}
    return {name: path for name, path in paths.items() if os.path.exists(path)}


def check_case(program, case, scratch):
    inputs, outputs = files_of(case, INPUTS), files_of(case, OUTPUTS)
    got = {name: os.path.join(scratch, f"{os.path.basename(case)}-{name}.npy") for name in outputs}
    command = [program, "run"]
    command += [f"--input={name}=@{path}" for name, path in inputs.items()]
    command += [f"--output={name}=@{path}" for name, path in got.items()]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        sys.exit(f"{' '.join(command)}\nexited with {run.returncode}: {run.stderr}")
    failures = 0
    for name, path in outputs.items():
        expected, result = npy.read(path), npy.read(got[name])
        if case.endswith("-sampled") and len(expected.shape) == 3:
            result = result.strided([1, 8, 8])
        comparison = compare_npy.compare(result, expected, TOLERANCE, 0.0, None)
        print(f"{os.path.basename(case)} {name}: {comparison.message}")
        failures += not comparison.good
    return failures


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    program, golden, scratch = sys.argv[1:]
    os.makedirs(scratch, exist_ok=True)
    cases = sorted(entry.path for entry in os.scandir(golden) if entry.is_dir())
    if not cases:
        sys.exit(f"{golden} has no cases")
    failures = sum(check_case(program, case, scratch) for case in cases)
    if failures:
        sys.exit(f"{failures} outputs are wrong")


if __name__ == "__main__":
    main()
