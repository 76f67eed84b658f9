"""A library that `attune compile --emit=shared` made, called through ctypes (see include/attune/Runtime/Model.h)."""

import ctypes

import numpy as np

MAX_RANK = 8
TYPES = {np.dtype("float32"): 0, np.dtype("float64"): 1, np.dtype("int32"): 2, np.dtype("int64"): 3}


class Tensor(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("type", ctypes.c_int32),
        ("rank", ctypes.c_int32),
        ("dims", ctypes.c_int64 * MAX_RANK),
        ("data", ctypes.c_void_p),
        ("bytes", ctypes.c_size_t),
    ]


class Options(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_size_t),
        ("weights_path", ctypes.c_char_p),
        ("weights_data", ctypes.c_void_p),
        ("weights_bytes", ctypes.c_size_t),
        ("threads", ctypes.c_int32),
        ("reserved", ctypes.c_int32),
        ("cpu", ctypes.c_char_p),
    ]


def describe(arrays):
    """The C array for a dict of name to numpy array; outputs state their exact shapes."""
    tensors = (Tensor * len(arrays))()
    for tensor, (name, array) in zip(tensors, arrays.items()):
        assert array.flags.c_contiguous
        tensor.name = name.encode()
        tensor.type = TYPES[array.dtype]
        tensor.rank = array.ndim
        tensor.dims[:array.ndim] = array.shape
        tensor.data = array.ctypes.data
        tensor.bytes = array.nbytes
    return tensors


class Model:
    """One handle of a compiled model."""

    def __init__(self, path, prefix, threads):
        self.library = ctypes.CDLL(path)
        self.prefix = prefix
        self.function("error").restype = ctypes.c_char_p
        self.function("destroy").restype = None
        self.handle = ctypes.c_void_p()
        options = Options(size=ctypes.sizeof(Options), threads=threads)
        self.call("create", ctypes.byref(options), ctypes.byref(self.handle))

    def function(self, name):
        return getattr(self.library, f"{self.prefix}_{name}")

    def call(self, name, *arguments):
        status = self.function(name)(*arguments)
        if status != 0:
            raise RuntimeError(f"{self.prefix}_{name}: status {status}: {self.function('error')().decode()}")

    def prepare(self, inputs, outputs):
        """A function that runs the model from these arrays into those."""
        ins, outs = describe(inputs), describe(outputs)
        forward = self.function("forward")
        count = ctypes.c_size_t

        def run():
            status = forward(self.handle, ins, count(len(ins)), outs, count(len(outs)), None, count(0))
            if status != 0:
                raise RuntimeError(self.function("error")().decode())

        run.keep_alive = (inputs, outputs)
        return run

    def close(self):
        self.function("destroy")(self.handle)
        self.handle = None
