#!/usr/bin/env python3
"""Checks a program of a linear or causal model against golden values: check_steps.py GOLDEN SCRATCH COMMAND...

GOLDEN is a folder of scripts/golden/make_linear_golden.py. COMMAND runs the model: `PROGRAM run`, or `attune run MODEL`.
Encoders run once a case. Decoders run in one go, token by token, and in parts of several lengths, with what they carry as
input of the next call; whatever the parts, their outputs and what is carried in the end must be the golden ones, to
1e-5 + 1e-5 |expected|.
"""

import json
import os
import struct
import subprocess
import sys
from array import array

import compare_npy
import npy

ATOL, RTOL = 1e-5, 1e-5


def write(path, value):
    """An array of numbers as a .npy file."""
    descr = {"q": "<i8", "f": "<f4"}[value.values.typecode]
    header = repr({"descr": descr, "fortran_order": False, "shape": value.shape}).encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    with open(path, "wb") as out:
        out.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + value.values.tobytes())


def tokens(value, begin, end):
    """value[:, begin:end]."""
    batch, length, *rest = value.shape
    width = 1
    for extent in rest:
        width *= extent
    values = array(value.values.typecode)
    for b in range(batch):
        values += value.values[(b * length + begin) * width:(b * length + end) * width]
    return npy.Array([batch, end - begin, *rest], values)


class Case:
    """One folder of golden values."""

    def __init__(self, folder, scratch, command):
        self.golden = {name[:-4]: npy.read(os.path.join(folder, name)) for name in os.listdir(folder)}
        self.name, self.scratch, self.command = os.path.basename(folder), scratch, command
        self.failures = 0

    def call(self, inputs, outputs):
        """The outputs that a run of the program has for arrays by name."""
        options = []
        for name, value in inputs.items():
            write(os.path.join(self.scratch, f"in-{name}.npy"), value)
            options.append(f"--input={name}=@{os.path.join(self.scratch, f'in-{name}.npy')}")
        paths = {name: os.path.join(self.scratch, f"out-{name}.npy") for name in outputs}
        options += [f"--output={name}=@{path}" for name, path in paths.items()]
        run = subprocess.run(self.command + options, capture_output=True, text=True, check=False)
        if run.returncode != 0:
            sys.exit(f"{' '.join(self.command + options)}\nexited with {run.returncode}: {run.stderr}")
        return {name: npy.read(path) for name, path in paths.items()}

    def expect(self, what, got, expected):
        comparison = compare_npy.compare(got, expected, ATOL, RTOL, None)
        if not comparison.good:
            print(f"{self.name}, {what}: {comparison.message}")
        self.failures += not comparison.good


def check_encoder(case):
    inputs = {name: case.golden[name] for name in ("input_ids", "attention_mask")}
    got = case.call(inputs, ["last_hidden_state"])
    case.expect("last_hidden_state", got["last_hidden_state"], case.golden["last_hidden_state"])


def check_decoder(case, has_positions, parts):
    """`parts` are the lengths of the calls."""
    ids = case.golden["input_ids"]
    batch = ids.shape[0]
    result = "logits" if "logits" in case.golden else "last_hidden_state"
    presents = [name for name in case.golden if name.startswith("present.")]
    # States of linear layers may be left out in the first call; keys and values are there, with no tokens.
    past = {name.replace("present", "past"): npy.Array([batch, 0, case.golden[name].shape[2]], array("f"))
            for name in presents if name.endswith((".key", ".value"))}
    begin = 0
    for length in parts:
        inputs = dict(past, input_ids=tokens(ids, begin, begin + length))
        if has_positions:
            inputs["position_ids"] = npy.Array([batch, length], array("q", list(range(begin, begin + length)) * batch))
        got = case.call(inputs, [result, *presents])
        expected = tokens(case.golden[result], begin, begin + length)
        case.expect(f"parts {parts}, {result} from token {begin}", got[result], expected)
        past = {name.replace("present", "past"): got[name] for name in presents}
        begin += length
    for name in presents:
        case.expect(f"parts {parts}, {name}", got[name], case.golden[name])


def check_case(case, has_positions):
    if "attention_mask" in case.golden:
        check_encoder(case)
        return
    length = case.golden["input_ids"].shape[1]
    for parts in ([length], [1] * length, [length // 2, 1, length - length // 2 - 1]):
        check_decoder(case, has_positions, parts)


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    golden, scratch, command = sys.argv[1], sys.argv[2], sys.argv[3:]
    os.makedirs(scratch, exist_ok=True)
    program = [command[0], "info", *command[2:], "--format=json"]
    info = subprocess.run(program, capture_output=True, text=True, check=False)
    if info.returncode != 0:
        sys.exit(f"{' '.join(program)}\nexited with {info.returncode}: {info.stderr}")
    has_positions = any(tensor["name"] == "position_ids" for tensor in json.loads(info.stdout)["inputs"])
    cases = sorted(entry.path for entry in os.scandir(golden) if entry.is_dir())
    if not cases:
        sys.exit(f"{golden} has no cases")
    failures = 0
    for folder in cases:
        case = Case(folder, scratch, command)
        check_case(case, has_positions)
        failures += case.failures
    if failures:
        sys.exit(f"{failures} outputs are wrong")


if __name__ == "__main__":
    main()
