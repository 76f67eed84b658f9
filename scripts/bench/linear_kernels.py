"""Attention kernels of one head count and size as compiled libraries: linear attention by rule, and softmax attention.

Each is a function of its own in Attune's IR, compiled by `attune compile --emit=shared` with default schedules and called
through ctypes on NumPy arrays [1, length, heads * size], so that kernels may be timed in turn with anything else in the
process.
"""

import ctypes
import os
import subprocess
import sys

import numpy as np

from attune_library import Model

HEADS, SIZE = 8, 64
WIDTH = HEADS * SIZE
DENOMINATOR = 1e-6
MAX_LENGTH = 1 << 17

TOKENS = f"tensor<?x?x{WIDTH}xf32>"
STATE = f"tensor<?x{HEADS}x{SIZE}x{SIZE}xf32>"
SUM = f"tensor<?x{HEADS}x{SIZE}xf32>"
RATES = f"tensor<?x?x{HEADS}xf32>"

MODULE = """module attributes {{attune.phase = "import", attune.max_dims = {{{limits}}}}} {{
  func.func @forward({arguments})
      -> ({results}) {{
{body}
  }}
}}
"""


def tensor(kind, name, dims, extra=""):
    value = f"%{name}: " if extra is not None else ""
    words = ", ".join(f'"{dim}"' for dim in dims)
    return f'{value}{kind} {{attune.name = "{name}", attune.dims = [{words}]{extra or ""}}}'


def module(arguments, results, body, symbols):
    limits = ", ".join(f"{symbol} = {1 if symbol == 'batch' else MAX_LENGTH} : i64" for symbol in symbols)
    return MODULE.format(limits=limits, arguments=",\n                     ".join(tensor(*entry) for entry in arguments),
                         results=",\n          ".join(tensor(*entry, None) for entry in results),
                         body="\n".join("    " + line for line in body))


PACKED = ("batch", "length", "")


def linear(rule="linear", full=False, denominator=True, norm="none", past=False):
    """Linear attention of elu + 1 with the map inside the kernel; `past` carries a state from call to call."""
    body = []
    for name in ("q", "k"):
        body.append(f"%f{name} = attune.feature_map elu1 %{name} {{heads = {HEADS} : i64, norm = #attune.feature_norm<{norm}>}}"
                    f" : {TOKENS} -> {TOKENS}")
    arguments = [(TOKENS, name, PACKED) for name in ("q", "k", "v")]
    results = [(TOKENS, "result", PACKED), (STATE, "state", ("batch", "", "", ""))]
    operands = ""
    if rule == "delta":
        arguments.append((RATES, "beta", PACKED))
        operands += f" beta(%beta : {RATES})"
    if past:
        arguments.append((STATE, "past", ("batch", "", "", "")))
        operands += f" past(%past : {STATE})"
        if denominator:
            arguments.append((SUM, "past_sum", ("batch", "", "")))
            operands += f" past_sum(%past_sum : {SUM})"
    attributes = [f"heads = {HEADS} : i64", f"kv_heads = {HEADS} : i64", "scale = 1.0 : f64"]
    attributes += ["full"] * full + [f"denominator = {DENOMINATOR:e} : f64"] * denominator
    values, types = "%r, %s", f"{TOKENS}, {STATE}"
    if denominator:
        values, types = values + ", %z", f"{types} sum {SUM}"
        results.append((SUM, "sum", ("batch", "", "")))
    body.append(f"{values} = attune.linear_attention {rule} %fq, %fk, %v{operands} {{{', '.join(attributes)}}}"
                f" : ({TOKENS}, {TOKENS}, {TOKENS}) -> ({types})")
    body.append(f"return {values} : {', '.join(kind for kind, *_ in results)}")
    return module(arguments, results, body, ("batch", "length"))


def softmax(causal):
    """Softmax attention; causal queries end where keys end, so that one query sees all keys."""
    keys = ("batch", "keys", "")
    arguments = [(TOKENS, "q", PACKED), (TOKENS, "k", keys), (TOKENS, "v", keys)]
    mask = ", causal = #attune.causal<end>" if causal else ""
    body = [f"%r = attune.attention %q, %k, %v {{heads = {HEADS} : i64, kv_heads = {HEADS} : i64, "
            f"scale = {SIZE ** -0.5} : f32{mask}}} : ({TOKENS}, {TOKENS}, {TOKENS}) -> {TOKENS}",
            f"return %r : {TOKENS}"]
    return module(arguments, [(TOKENS, "result", PACKED)], body, ("batch", "length", "keys"))


class Kernel:
    """One compiled function."""

    def __init__(self, attune, folder, name, text, threads, compile_options=()):
        path = os.path.join(folder, name)
        os.makedirs(path, exist_ok=True)
        source = os.path.join(path, f"{name}.mlir")
        with open(source, "w", encoding="utf-8") as file:
            file.write(text)
        run = subprocess.run([attune, "compile", source, "-q", "-o", os.path.join(path, name), "--emit=shared",
                              "--prefix=kernel", *compile_options], capture_output=True, text=True, check=False)
        if run.returncode != 0:
            sys.exit(f"{source}:\n{run.stderr}")
        self.model = Model(os.path.join(path, f"lib{name}.so"), "kernel", threads)

    def prepare(self, inputs, outputs):
        """A function that runs the kernel from these arrays by name into those."""
        return self.model.prepare(inputs, outputs)

    def workspace(self, *extents):
        """Bytes that a call with these extents of its symbols needs beside inputs and outputs."""
        dims = (ctypes.c_int64 * len(extents))(*extents)
        size = ctypes.c_size_t()
        self.model.call("workspace_size", self.model.handle, dims, ctypes.c_size_t(len(extents)), ctypes.byref(size))
        return size.value


def tokens(random, length):
    return random.standard_normal((1, length, WIDTH), dtype=np.float32)


def heads_of(packed):
    """[1, length, heads * size] as float64 [heads, length, size]."""
    return packed[0].astype(np.float64).reshape(packed.shape[1], HEADS, -1).transpose(1, 0, 2)


def elu1(x, norm="none"):
    features = np.where(x > 0, x + 1, np.exp(np.minimum(x, 0)))
    return features / features.sum(-1, keepdims=True) if norm == "sum" else features


def reference(q, k, v, beta=None, full=False, denominator=True, norm="none"):
    """What the kernels compute, token by token in float64: the result, packed, the state, and its sum."""
    q, k, v = elu1(heads_of(q), norm), elu1(heads_of(k), norm), heads_of(v)
    length = q.shape[1]
    state, total = np.zeros((HEADS, SIZE, SIZE)), np.zeros((HEADS, SIZE))
    result = np.zeros((HEADS, length, SIZE))

    def read(t):
        values = np.einsum("hk,hkv->hv", q[:, t], state)
        if denominator:
            values /= np.einsum("hk,hk->h", q[:, t], total)[:, None] + DENOMINATOR
        result[:, t] = values

    for t in range(length):
        value = v[:, t]
        if beta is not None:
            value = beta[0, t].astype(np.float64)[:, None] * (value - np.einsum("hk,hkv->hv", k[:, t], state))
        state += k[:, t, :, None] * value[:, None, :]
        total += k[:, t]
        if not full:
            read(t)
    for t in range(length if full else 0):
        read(t)
    return result.transpose(1, 0, 2).reshape(1, length, WIDTH), state[None], total[None]


def softmax_reference(q, k, v, causal):
    """Softmax attention of the last tokens, in float64, packed."""
    q, k, v = heads_of(q), heads_of(k), heads_of(v)
    scores = np.einsum("hqd,hkd->hqk", q, k) * SIZE ** -0.5
    if causal:
        queries, keys = scores.shape[1:]
        scores = np.where(np.arange(keys) <= np.arange(queries)[:, None] + keys - queries, scores, -np.inf)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    result = np.einsum("hqk,hkd->hqd", weights / weights.sum(-1, keepdims=True), v)
    return result.transpose(1, 0, 2).reshape(1, q.shape[1], WIDTH)
