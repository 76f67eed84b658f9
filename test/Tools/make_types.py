"""Writes inputs of every element type for Inputs/types.mlir and what its outputs are: make_types.py FOLDER ROWS

Needs nothing but Python: .npy files are a header and little-endian numbers; bfloat16 is two bytes of unknown meaning.
"""

import os
import struct
import sys

folder, rows = sys.argv[1], int(sys.argv[2])
count = 3 * rows


def write(name, descr, shape, data):
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (-(10 + len(header) + 1) % 64) + b"\n"
    with open(os.path.join(folder, name + ".npy"), "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data)


def pack(letter, values):
    return struct.pack(f"<{len(values)}{letter}", *values)


def bfloat16(values):
    return b"".join(struct.pack("<f", value)[2:] for value in values)


os.makedirs(folder, exist_ok=True)
shape = (rows, 3)
# Quarters and eighths: exact in every float type, sums too.
halves = [0.25 * (i - 4) for i in range(count)]
brains = [0.5 * (i % 7) for i in range(count)]
sums = [a + b for a, b in zip(halves, brains)]
reals = [1 / (i + 3) for i in range(count)]
bits = [i % 3 == 0 for i in range(count)]
small = [(37 * i) % 256 for i in range(count)]
signed = [value - 128 for value in small]
large = [2**32 - 1 - i for i in range(count)]
huge = [2**64 - 1 - i for i in range(count)]

write("f16", "<f2", shape, pack("e", halves))
write("bf16", "|V2", shape, bfloat16(brains))
write("f64", "<f8", shape, pack("d", reals))
write("bool", "|b1", shape, pack("?", bits))
write("i8", "|i1", shape, pack("b", signed))
write("u8", "|u1", shape, pack("B", small))
write("u16", "<u2", shape, pack("H", small))
write("u32", "<u4", shape, pack("I", large))
write("u64", "<u8", shape, pack("Q", huge))
write("s", "<i2", (), pack("h", [-300]))

write("f16_out", "<f2", shape, pack("e", sums))
write("bf16_out", "<V2", shape, bfloat16(sums))
write("f64_out", "<f8", shape, pack("d", [value * value for value in reals]))
write("bool_out", "|b1", shape, pack("?", [not bit for bit in bits]))
write("i8_out", "|i1", shape, pack("b", [(2 * value + 128) % 256 - 128 for value in signed]))
write("u8_out", "|u1", shape, pack("B", [2 * value % 256 for value in small]))
write("u16_out", "<u2", shape, pack("H", small))
write("u32_out", "<u4", shape, pack("I", [1] * count))
write("u64_out", "<u8", shape, pack("Q", huge))
write("s_out", "<i4", (), pack("i", [-300]))
