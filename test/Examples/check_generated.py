#!/usr/bin/env python3
"""Compares what examples/generate.c printed with the model's own program, which takes the whole sequence for each token:

check_generated.py PRINTED PROGRAM SCRATCH TOKEN_ID...
"""

import os
import subprocess
import sys
from array import array

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "EndToEnd"))
import check_steps
import npy


def main():
    printed, program, scratch, *words = sys.argv[1:]
    with open(printed, encoding="utf-8") as file:
        tokens = [int(word) for word in file.read().split()]
    ids = [int(word) for word in words]
    source, result = os.path.join(scratch, "ids.npy"), os.path.join(scratch, "logits.npy")
    for number, token in enumerate(tokens):
        check_steps.write(source, npy.Array([1, len(ids)], array("q", ids)))
        subprocess.run([program, "run", f"--input=input_ids=@{source}", f"--output=logits=@{result}"], check=True)
        last = npy.read(result).rows()[-1]
        best = max(range(len(last)), key=lambda i: last[i])
        if token != best:
            sys.exit(f"token {number} is {token}, expected {best}")
        ids.append(best)
    if len(tokens) != 12 or len(set(tokens)) < 3:
        sys.exit(f"expected 12 tokens of several kinds, found {tokens}")


if __name__ == "__main__":
    main()
