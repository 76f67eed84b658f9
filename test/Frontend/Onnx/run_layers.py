"""Runs the cases of Inputs/layers through `attune run`: run_layers.py CASES [NAME...] [-- OPTIONS OF attune run]

Prints a line a case, "NAME: as expected" or what attune said, and fails when one is not as expected.
"""

import os
import subprocess
import sys


def tensors(folder, prefix):
    names = sorted(name for name in os.listdir(folder) if name.startswith(prefix) and name.endswith(".npy"))
    return [f"{name[len(prefix):-4]}=@{os.path.join(folder, name)}" for name in names]


def main():
    arguments = sys.argv[1:]
    options = []
    if "--" in arguments:
        at = arguments.index("--")
        arguments, options = arguments[:at], arguments[at + 1:]
    cases, names = arguments[0], arguments[1:]
    failed = False
    for name in names or sorted(os.listdir(cases)):
        folder = os.path.join(cases, name)
        command = ["attune", "run", os.path.join(folder, "model.onnx"), "--rtol=1e-4", "--atol=1e-5", "--threads=1"]
        command += ["--input=" + text for text in tensors(folder, "in-")]
        command += ["--expected=" + text for text in tensors(folder, "out-")]
        result = subprocess.run(command + options, capture_output=True, text=True)
        failed |= result.returncode != 0
        print(f"{name}: {'as expected' if result.returncode == 0 else result.stderr.strip()}")
    sys.exit(failed)


main()
