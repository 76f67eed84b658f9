"""Weights out of a formula, the same in numpy and in test/EndToEnd/RandomModel.cpp.

Element i (row-major) of the tensor NAME in a model with seed S is

    key   = fnv1a64(NAME) xor S
    h     = splitmix64(key + (i + 1) * 0x9e3779b97f4a7c15)       (all modulo 2^64)
    u     = (h >> 40) * 2^-23 - 1                                uniform in [-1, 1), exact in f32
    value = f32(mean + scale * u)

where splitmix64 is the finaliser of that generator. mean and scale depend on the name and the shape: scale is a power of
two, so that the product is exact and the sum is rounded once, whatever the machine. Matrices get the power of two next
to sqrt(3 / columns), which makes their products about as large as their inputs.
"""

import numpy as np

SPLITMIX_STEP = np.uint64(0x9E3779B97F4A7C15)


def fnv1a64(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


def splitmix64(x):
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def mean_and_scale(name, shape):
    """The distribution of a tensor's elements."""
    lower = name.lower()
    if lower.endswith("decay.slopes"):
        return -0.25, 2.0**-4
    norm = "norm." in lower
    if norm and lower.endswith((".weight", ".gamma")):
        return 1.0, 2.0**-3
    if norm or len(shape) < 2:
        return 0.0, 2.0**-4
    if ("embeddings." in lower or lower.startswith("embedding.")) and "projection" not in lower:
        return 0.0, 2.0**-2
    scale = 1.0
    while scale * scale * shape[-1] > 4.5:
        scale /= 2
    return 0.0, scale


def tensor(seed, name, shape):
    """The f32 values of a tensor."""
    count = int(np.prod(shape, dtype=np.int64))
    mean, scale = mean_and_scale(name, shape)
    key = np.uint64(fnv1a64(name) ^ seed)
    with np.errstate(over="ignore"):
        h = splitmix64(key + (np.arange(1, count + 1, dtype=np.uint64)) * SPLITMIX_STEP)
    u = (h >> np.uint64(40)).astype(np.float64) * 2.0**-23 - 1.0
    return (mean + scale * u).astype(np.float32).reshape(shape)
