"""Reads .npy files with Python's standard library alone."""

import ast
import struct
import sys
from array import array

TYPES = {"f4": "f", "f8": "d", "i4": "i", "i8": "q", "u1": "B", "i1": "b", "b1": "B"}


class Array:
    """A row-major array: shape, and values as a flat array."""

    def __init__(self, shape, values):
        self.shape = tuple(shape)
        self.values = values

    def rows(self):
        """The innermost rows, each a flat array."""
        width = self.shape[-1] if self.shape else 1
        return [self.values[i:i + width] for i in range(0, len(self.values), width)] if width else []

    def strided(self, strides):
        """Every strides[i]-th index of dimension i, beginning with the first."""
        values, shape = self.values, list(self.shape)
        if len(strides) != len(shape):
            raise ValueError(f"{len(strides)} strides for the shape {self.shape}")
        offsets = [0]
        pitch = len(values)
        for extent, stride in zip(shape, strides):
            pitch //= max(extent, 1)
            offsets = [base + i * pitch for base in offsets for i in range(0, extent, stride)]
        picked = array(values.typecode, (values[offset] for offset in offsets))
        return Array([-(-extent // stride) for extent, stride in zip(shape, strides)], picked)


def read(path):
    """The array in a file; ValueError when it is not such a file."""
    with open(path, "rb") as file:
        data = file.read()
    if data[:6] != b"\x93NUMPY" or len(data) < 12:
        raise ValueError(f"{path}: not a .npy file")
    wide = data[6] >= 2
    (length,) = struct.unpack_from("<I" if wide else "<H", data, 8)
    start = (12 if wide else 10) + length
    header = ast.literal_eval(data[12 if wide else 10:start].decode("latin-1").strip())
    descr, shape = header["descr"], header["shape"]
    if header["fortran_order"] or descr[1:] not in TYPES or descr[0] == ">":
        raise ValueError(f"{path}: {header}: only row-major, little-endian arrays of {sorted(TYPES)}")
    values = array(TYPES[descr[1:]])
    values.frombytes(data[start:])
    if sys.byteorder == "big":
        values.byteswap()
    count = 1
    for extent in shape:
        count *= extent
    if count != len(values):
        raise ValueError(f"{path}: {len(values)} values for the shape {shape}")
    return Array(shape, values)
