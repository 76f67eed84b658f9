#!/usr/bin/env python3
"""Compares what an example printed with the model's own program: check_example.py PRINTED PROGRAM OUTPUT TOKEN_ID..."""

import os
import struct
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "EndToEnd"))
import npy


def main():
    printed, program, output, *words = sys.argv[1:]
    with open(printed, encoding="utf-8") as file:
        values = [float(word) for word in file.read().split()]
    ids = [int(word) for word in words]
    header = f"{{'descr': '<i8', 'fortran_order': False, 'shape': (1, {len(ids)}), }}"
    header = header.ljust(128 - 10 - 1) + "\n"
    path = printed + ".ids.npy"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + struct.pack(f"<{len(ids)}q", *ids))
    result = printed + ".out.npy"
    subprocess.run([program, "run", f"--input=input_ids=@{path}", f"--output={output}=@{result}"], check=True)
    expected = npy.read(result).values
    if len(values) != len(expected) or any(abs(a - b) > 1e-5 for a, b in zip(values, expected)):
        sys.exit(f"{values[:8]}..., expected {list(expected)[:8]}...")


if __name__ == "__main__":
    main()
