#!/usr/bin/env python3
"""Compares two .npy files: compare_npy.py GOT EXPECTED [--atol=A] [--rtol=R] [--cosine=C] [--stride=S,S,...]

Fails when shapes differ, a value is not finite, |got - expected| > atol + rtol |expected| somewhere, or (with --cosine) an
innermost row has a smaller cosine to its partner. --stride takes every S-th index of each dimension of GOT first.
"""

import argparse
import math
import sys
from typing import NamedTuple, Optional

import npy


def cosine(a, b):
    dot = math.fsum(x * y for x, y in zip(a, b))
    norms = math.sqrt(math.fsum(x * x for x in a) * math.fsum(x * x for x in b))
    return dot / norms if norms else float(list(a) == list(b))


class Comparison(NamedTuple):
    message: str  # how large the difference is
    good: bool  # whether it is small enough
    worst: float = math.inf
    cosine: Optional[float] = None  # the lowest, when asked for


def compare(got, expected, atol, rtol, least_cosine):
    if got.shape != expected.shape:
        return Comparison(f"shape {got.shape}, expected {expected.shape}", False)
    worst, at, good = 0.0, 0, True
    for index, (g, e) in enumerate(zip(got.values, expected.values)):
        if not math.isfinite(g):
            return Comparison(f"element {index} of {got.shape} is {g}, expected {e}", False)
        difference = abs(g - e)
        if difference > worst:
            worst, at = difference, index
        good = good and difference <= atol + rtol * abs(e)
    message = f"{len(got.values)} values, largest difference {worst:.3g}"
    if worst:
        message += f" at element {at} of {got.shape}: {got.values[at]!r}, expected {expected.values[at]!r}"
    lowest = None
    if least_cosine is not None:
        lowest = min((cosine(g, e) for g, e in zip(got.rows(), expected.rows())), default=1.0)
        message += f"; lowest cosine {lowest:.7f}"
        good = good and lowest >= least_cosine
    return Comparison(message, good, worst, lowest)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("got")
    parser.add_argument("expected")
    parser.add_argument("--atol", type=float, default=1e-4)
    parser.add_argument("--rtol", type=float, default=0.0)
    parser.add_argument("--cosine", type=float)
    parser.add_argument("--stride", help="e.g. 1,8,8")
    options = parser.parse_args()
    try:
        got, expected = npy.read(options.got), npy.read(options.expected)
        if options.stride:
            got = got.strided([int(s) for s in options.stride.split(",")])
    except (OSError, ValueError) as error:
        sys.exit(f"compare_npy: {error}")
    comparison = compare(got, expected, options.atol, options.rtol, options.cosine)
    print(f"{options.got}: {comparison.message}")
    if not comparison.good:
        sys.exit(1)


if __name__ == "__main__":
    main()
