#!/usr/bin/env python3
"""Writes .npy files: make_extents.py DIRECTORY NAME=2x3x4...: float32 arrays of these shapes, of 1, 2, 3, ...

Needs nothing but Python: .npy files are a header and little-endian numbers.
"""

import math
import os
import struct
import sys


def main():
    os.makedirs(sys.argv[1], exist_ok=True)
    for argument in sys.argv[2:]:
        name, _, extents = argument.partition("=")
        shape = tuple(int(extent) for extent in extents.split("x"))
        header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}"
        header = header.ljust(117) + "\n"
        count = math.prod(shape)
        with open(os.path.join(sys.argv[1], name + ".npy"), "wb") as file:
            file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
            file.write(struct.pack(f"<{count}f", *range(1, count + 1)))


if __name__ == "__main__":
    main()
