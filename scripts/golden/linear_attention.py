#!/usr/bin/env python3
"""Makes test/Unit/Reference/golden/linear_attention.json: feature maps and linear attention, as the papers define them.

    linear_attention.py

Needs numpy alone. Everything is in float64 and by definition: attention is a matrix of weights of all pairs of tokens, the
delta rules are products of matrices (Schlag et al., 2102.11174; Yang et al., 2412.06464), exponentials are what they are.
None of it is how the compiler or its interpreter go about it. A case is

    {"name", "kernel": an attune.kernel, "tolerance", "inputs": [{"shape", "multiplier", "low", "high"}],
     "results": [{"shape", "stride", "values"}]}

Inputs are not stored: element i is low + (high - low) * ((i * multiplier + 3) mod 251) / 256, rounded down when "integers" is
set; bounds are such that float32 holds it exactly. Of results every `stride`-th element is stored.
"""

import itertools
import json
import os

import numpy as np

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "test", "Unit", "Reference", "golden",
                      "linear_attention.json")


class Kernel:
    """Writes a kernel argument by argument and keeps the inputs."""

    def __init__(self, name):
        self.name, self.inputs, self.arrays, self.arguments, self.body = name, [], [], [], []

    def add(self, name, dims, shape, low=-1, high=1, integers=False):
        """An argument of the type `dims` with a value of `shape`."""
        multiplier = 2 * len(self.inputs) + 5
        spec = {"shape": list(shape), "multiplier": multiplier, "low": low, "high": high}
        if integers:
            spec["integers"] = True
        self.inputs.append(spec)
        type = tensor(dims, "i64" if integers else "f32")
        self.arguments.append(f"%{name}: {type}")
        i = np.arange(int(np.prod(shape)))
        values = low + (high - low) * ((i * multiplier + 3) % 251) / 256
        return f"%{name}", type, (np.floor(values) if integers else values).reshape(shape)

    def case(self, name, results, types, values, tolerance=1e-12):
        signature = f"({', '.join(self.arguments)}) -> ({', '.join(types)})"
        lines = self.body + [f"attune.yield {', '.join(results)} : {', '.join(types)}"]
        text = f"attune.kernel @{self.name}{signature} {{\n  " + "\n  ".join(lines) + "\n}"
        stored = []
        for value in values:
            flat = np.asarray(value, dtype=np.float64).ravel()
            assert np.isfinite(flat).all(), name
            stride = next(s for s in (1, 3, 5, 7, 11, 13, 29, 101, 499, 997) if len(flat) <= 24 * s)
            stored.append({"shape": list(value.shape), "stride": stride, "values": flat[::stride].tolist()})
        return {"name": name, "kernel": text, "inputs": self.inputs, "tolerance": tolerance, "results": stored}


def tensor(dims, element="f32"):
    return f"tensor<{'x'.join('?' if d is None else str(d) for d in dims)}x{element}>"


# ----------------------------------------------------------------------------------------------------------------------
# Feature maps
# ----------------------------------------------------------------------------------------------------------------------


def softmax(x):
    e = np.exp(x)
    return e / e.sum(-1, keepdims=True)


def dpfp(y, order):
    z = np.concatenate([np.maximum(y, 0), np.maximum(-y, 0)], -1)
    return np.concatenate([z * np.roll(z, j, axis=-1) for j in range(1, order + 1)], -1)


def taylor2(y):
    pairs = [y[..., i] * y[..., j] / (np.sqrt(2) if i == j else 1)
             for i in range(y.shape[-1]) for j in range(i, y.shape[-1])]
    return np.concatenate([np.ones_like(y[..., :1]), y, np.stack(pairs, -1)], -1)


MAPS = {
    "identity": lambda x, y, order: y,
    "elu1": lambda x, y, order: np.where(y > 0, y, np.expm1(np.minimum(y, 0))) + 1,
    "relu": lambda x, y, order: np.maximum(y, 0),
    "exp": lambda x, y, order: np.exp(y),
    "favor": lambda x, y, order: np.exp(y - (x * x).sum(-1, keepdims=True) / 2) / np.sqrt(y.shape[-1]),
    "favor_hyperbolic": lambda x, y, order: np.exp(np.concatenate([y, -y], -1) - (x * x).sum(-1, keepdims=True) / 2)
    / np.sqrt(2 * y.shape[-1]),
    "dpfp": lambda x, y, order: dpfp(y, order),
    "taylor2": lambda x, y, order: taylor2(y),
    "softmax": lambda x, y, order: softmax(np.concatenate([y, -y], -1)),
    "softmax_halves": lambda x, y, order: np.concatenate([softmax(y), softmax(-y)], -1),
}
EXPONENTIAL = ("exp", "favor", "favor_hyperbolic")


def feature_map(kernel, result, map, source, heads, rows=0, bias=False, features=0, tilt=False, scaled=False, scale=1.0,
                order=1, epsilon=0.0, norm="none", shared=False, norm_epsilon=1e-6):
    """Adds the op to the kernel; gives its results, their types and values. A value has heads apart: [b, n, h, m].
    `rows` are those of a projection, `features` those of a mix, 0 without."""
    value, type, array = source
    b, n, columns = array.shape
    d = columns // heads
    x = scale * array.reshape(b, n, heads, d)
    weights = ""

    def weight(name, *shape, low=-1, high=1):
        nonlocal weights
        shape = (1 if shared else heads,) + shape
        text, weight_type, number = kernel.add(f"{result[1:]}_{name}", shape, shape, low, high)
        weights += f" {name}({text} : {weight_type})"
        return number + np.zeros((heads,) + (1,) * (len(shape) - 1))

    y = x
    if rows:
        y = np.einsum("hrd,bnhd->bnhr", weight("projection", rows, d), x)
    if bias:
        y = y + weight("bias", y.shape[-1])
    f = MAPS[map](x, y, order)
    log_scale = np.zeros((b, n, heads))
    if scaled and map in EXPONENTIAL:
        # What the largest exponential is, whatever it is divided by.
        constant = {"exp": 1, "favor": np.sqrt(y.shape[-1]), "favor_hyperbolic": np.sqrt(2 * y.shape[-1])}[map]
        largest = f.max(-1, keepdims=True) * constant
        f = f / largest
        if norm == "none":
            log_scale = np.log(largest[..., 0])
    f = f + epsilon
    if norm != "none":
        total = f.sum(-1, keepdims=True) if norm == "sum" else np.sqrt((f * f).sum(-1, keepdims=True))
        f = f / np.maximum(total, norm_epsilon)
    if features:
        f = np.einsum("hmr,bnhr->bnhm", weight("mix", features, f.shape[-1]), f)
    if tilt:
        log_scale = log_scale + np.einsum("hd,bnhd->bnh", weight("tilt", d), array.reshape(b, n, heads, d))
    results, types, values = [result], [tensor((None, None, heads * f.shape[-1]))], [f]
    if scaled:
        results.append(result + "_scale")
        types.append(tensor((None, None, heads)))
        values.append(log_scale)
    attributes = f"heads = {heads} : i64, scale = {scale:e} : f64"
    if order != 1:
        attributes += f", order = {order} : i64"
    if epsilon:
        attributes += f", epsilon = {epsilon:e} : f64"
    if norm != "none":
        attributes += f", norm = #attune.feature_norm<{norm}>, norm_epsilon = {norm_epsilon:e} : f64"
    kernel.body.append(f"{', '.join(results)} = attune.feature_map {map} {value}{weights} {{{attributes}}}"
                       f" : {type} -> {', '.join(types)}")
    return results, types, values


def map_case(name, map, b=1, n=3, heads=2, d=4, low=-1, high=1, **options):
    kernel = Kernel("feature_map")
    source = kernel.add("x", (None, None, heads * d), (b, n, heads * d), low, high)
    results, types, values = feature_map(kernel, "%f", map, source, heads, **options)
    values[0] = values[0].reshape(b, n, -1)
    return kernel.case(f"{name}_{map}", results, types, values)


def map_cases():
    for map in MAPS:
        order = {"order": 3} if map == "dpfp" else {}
        yield map_case("plain", map, scale=0.5, **order)
        yield map_case("token", map, n=1, heads=1, d=1)
        yield map_case("projected", map, b=2, d=3, rows=5, bias=True)
        yield map_case("shared", map, heads=3, d=5, rows=3, bias=True, shared=True, scale=0.25)
        yield map_case("mixed", map, rows=3, features=4, **order)
        yield map_case("biased", map, bias=True, epsilon=0.001)
        yield map_case("tilted", map, rows=6, tilt=True, scaled=True, epsilon=0.5, low=-4, high=4)
        yield map_case("scaled", map, scaled=True, low=-2, high=2)
        yield map_case("sum", map, norm="sum", epsilon=2.0)
        yield map_case("l2", map, norm="l2", rows=3, scaled=True, tilt=True, **order)
    yield map_case("vanishing", "relu", low=-1, high=0, norm="sum")
    yield map_case("calibrated", "exp", d=8, rows=6, bias=True, features=5, tilt=True, scaled=True)


# ----------------------------------------------------------------------------------------------------------------------
# Linear attention
# ----------------------------------------------------------------------------------------------------------------------

SQUASHES = {
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "relu": lambda x: np.maximum(x, 0),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "softplus": lambda x: np.log(1 + np.exp(x)),
}


def attend_pairs(q, k, v, s, z, g, w, full, denominator, scale):
    """One head without a correction: the weights of all pairs. g: logarithms of decays [n, dk], w: of weights [n];
    s and z: the true state before. Gives results and the true state after."""
    n = len(k)
    since = np.cumsum(g, 0)  # of the tokens up to this one
    rows = np.full(len(q), n - 1) if full else np.arange(n)
    weights = np.zeros((len(q), n))
    past = np.zeros((len(q), len(s)))
    for i, last in enumerate(rows):
        seen = np.exp(since[last] - since[:last + 1])
        weights[i, :last + 1] = (seen * k[:last + 1] * np.exp(w[:last + 1])[:, None]) @ q[i]
        past[i] = q[i] * np.exp(since[last])
    numerator = past @ s + weights @ v
    divisor = past @ z + weights.sum(1)
    left = np.exp(since[-1] - since) * k * np.exp(w)[:, None]
    s, z = np.exp(since[-1])[:, None] * s + left.T @ v, np.exp(since[-1]) * z + left.sum(0)
    if denominator is None:
        return scale * numerator, s, z
    divisor = divisor[:, None] + denominator
    return scale * np.divide(numerator, divisor, out=np.zeros_like(numerator), where=divisor != 0), s, z


def attend_products(q, k, v, s, g, beta, squash, scale):
    """One head whose state is corrected or squashed: the products of the papers, token by token."""
    results = []
    for t in range(len(k)):
        keep = np.diag(np.exp(g[t])) if beta is None else (np.eye(len(s)) - beta[t] * np.outer(k[t], k[t])) @ np.diag(np.exp(g[t]))
        s = keep @ s + np.outer(k[t], v[t]) * (1 if beta is None else beta[t])
        s = SQUASHES[squash](s) if squash else s
        results.append(scale * (q[t] @ s))
    return np.array(results), s


def attention(kernel, rule, query, key, value, heads, kv_heads, dv, features=None, weights=None, mask=False, decay="",
              beta="", log_weights=False, bounds=(-1, 1), past=False, full=False, denominator=None, squash=None, scale=0.75):
    """Adds the op; query, key and value as (name, type, array [b, n, h, d]); `weights` likewise as [b, n, h], or made here
    with `log_weights`."""
    b, n, _, dk = query[2].shape
    keys = key[2].shape[1]
    operands = ""

    def operand(keyword, dims, shape, **options):
        nonlocal operands
        text, type, array = kernel.add(keyword, dims, shape, **options)
        operands += f" {keyword}({text} : {type})"
        return array

    def of_tokens(keyword, columns, **options):
        return operand(keyword, (None, None, columns), (b, keys, columns), **options)

    k, v = np.array(key[2]), value[2]
    if mask:
        kept = operand("mask", (None, None), (b, keys), low=0, high=4, integers=True)
        k[kept == 0] = 0
    g = np.zeros((b, keys, kv_heads, dk))
    if decay == "fixed":
        g = g + operand("decay", (kv_heads,), (kv_heads,), low=-1, high=0)[:, None]
    elif decay == "head":
        g = g + of_tokens("decay", kv_heads, low=-1, high=0)[..., None]
    elif decay == "column":
        g = of_tokens("decay", kv_heads * dk, low=-1, high=0).reshape(g.shape)
    rate = None
    if beta:
        rate = of_tokens("beta", kv_heads if beta == "head" else 1, low=0, high=1) + np.zeros((b, keys, kv_heads))
    w = np.zeros((b, keys, kv_heads))
    if log_weights:
        w = of_tokens("log_weights", kv_heads, low=bounds[0], high=bounds[1])
    elif weights:
        operands += f" log_weights({weights[0]} : {weights[1]})"
        w = weights[2]
    weighted = log_weights or weights
    state = np.zeros((b, kv_heads, dk, dv))
    total = np.zeros((b, kv_heads, dk))
    largest = np.full((b, kv_heads), -np.inf)
    if past:
        state = operand("past", (None,) + state.shape[1:], state.shape)
        if denominator is not None:
            total = operand("past_sum", (None,) + total.shape[1:], total.shape, low=0)
        if weighted:
            largest = operand("past_max", (None, kv_heads), largest.shape)

    result = np.zeros((b, n, heads, dv))
    present, present_sum, present_max = np.zeros_like(state), np.zeros_like(total), np.zeros_like(largest)
    for s, h in itertools.product(range(b), range(heads)):
        o = h * kv_heads // heads
        before = np.exp(largest[s, o])
        if rate is None and not squash:
            result[s, :, h], true_state, true_sum = attend_pairs(
                query[2][s, :, h], k[s, :, o], v[s, :, o], before * state[s, o] if weighted else state[s, o],
                before * total[s, o] if weighted else total[s, o], g[s, :, o], w[s, :, o], full, denominator, scale)
            if weighted:
                present_max[s, o] = max(largest[s, o], w[s, :, o].max())
            present[s, o] = true_state / np.exp(present_max[s, o])
            present_sum[s, o] = true_sum / np.exp(present_max[s, o])
        else:
            result[s, :, h], present[s, o] = attend_products(query[2][s, :, h], k[s, :, o], v[s, :, o], state[s, o],
                                                             g[s, :, o], None if rate is None else rate[s, :, o], squash, scale)
    names = ["%r", "%present"]
    types = [tensor((None, None, heads * dv)), tensor((None, kv_heads, dk, dv))]
    values = [result.reshape(b, n, heads * dv), present]
    signature = ", ".join(types)
    if denominator is not None:
        names.append("%present_sum")
        types.append(tensor((None, kv_heads, dk)))
        values.append(present_sum)
        signature += " sum " + types[-1]
    if weighted:
        names.append("%present_max")
        types.append(tensor((None, kv_heads)))
        values.append(present_max)
        signature += " max " + types[-1]
    attributes = f"heads = {heads} : i64, kv_heads = {kv_heads} : i64, scale = {scale} : f64"
    attributes += ", full" if full else ""
    attributes += "" if denominator is None else f", denominator = {denominator:e} : f64"
    attributes += f", squash = #attune.gate<{squash}>" if squash else ""
    kernel.body.append(f"{', '.join(names)} = attune.linear_attention {rule} {query[0]}, {key[0]}, {value[0]}{operands} "
                       f"{{{attributes}}} : ({query[1]}, {key[1]}, {value[1]}) -> ({signature})")
    return names, types, values


def packed(kernel, name, b, n, heads, d, **options):
    text, type, array = kernel.add(name, (None, None, heads * d), (b, n, heads * d), **options)
    return text, type, array.reshape(b, n, heads, d)


def attention_case(name, rule="linear", b=1, n=7, keys=None, heads=2, kv_heads=2, dk=3, dv=4, positive=False, **options):
    kernel = Kernel("linear_attention")
    low = 0.0625 if positive else -1
    bound = 0.5 if rule.endswith("delta") else 1
    query = packed(kernel, "q", b, n, heads, dk, low=low, high=1)
    key = packed(kernel, "k", b, keys or n, kv_heads, dk, low=max(low, -bound), high=bound)
    value = packed(kernel, "v", b, keys or n, kv_heads, dv)
    if rule.startswith("gated"):
        options.setdefault("decay", "head")
    if rule.endswith("delta"):
        options.setdefault("beta", "head")
    return kernel.case(f"{name}_{rule}", *attention(kernel, rule, query, key, value, heads, kv_heads, dv, **options))


def attention_cases():
    for rule in ("linear", "gated", "delta", "gated_delta"):
        columns = {"decay": "column"} if rule.startswith("gated") else {}
        one = {"beta": "one"} if rule.endswith("delta") else {}
        yield attention_case("plain", rule)
        for n in (1, 2, 15, 16, 17, 63, 64, 65):
            yield attention_case(f"length{n}", rule, n=n, dk=4, past=n % 2 == 0, **columns)
        yield attention_case("long", rule, n=1000, heads=1, kv_heads=1, dk=2, dv=2, past=True)
        yield attention_case("groups", rule, b=2, heads=6, kv_heads=2, past=True, **columns, **one)
        yield attention_case("masked", rule, b=2, n=9, mask=True, past=True, **columns)
        yield attention_case("wide", rule, n=20, heads=1, kv_heads=1, dk=16, dv=9, mask=True)
    for decay in ("fixed", "head", "column"):
        for denominator in (None, 1e-6, 0.0):
            yield attention_case(f"decay_{decay}_{denominator}", "gated", b=2, n=18, decay=decay, past=True, mask=True,
                                 heads=4, denominator=denominator, positive=True)
    yield attention_case("slopes", "gated_delta", decay="fixed", n=11)
    for full, past in itertools.product((False, True), (False, True)):
        word = ("full" if full else "causal") + ("_past" if past else "")
        common = {"b": 2, "n": 5, "heads": 4, "full": full, "past": past, "mask": True, "keys": 8 if full else None}
        yield attention_case(word, **common)
        yield attention_case(f"{word}_denominator", denominator=0.5, positive=True, **common)
        yield attention_case(f"{word}_weighted", log_weights=True, **common)
        yield attention_case(f"{word}_weighted_denominator", log_weights=True, denominator=1e-6, positive=True,
                             bounds=(-16, 16), **common)
    yield attention_case("zero_divisor", denominator=0.0, n=4)
    for squash in SQUASHES:
        yield attention_case(f"squash_{squash}", squash=squash, b=2, heads=4, past=True, mask=True)


# ----------------------------------------------------------------------------------------------------------------------
# Models: maps and attention together
# ----------------------------------------------------------------------------------------------------------------------


def model_case(name, rule, map, b=2, n=19, heads=4, kv_heads=2, d=4, dv=3, scaled=False, map_options=None, **options):
    """Maps of queries and of keys, and the attention that reads them."""
    kernel = Kernel("linear_attention")
    query = kernel.add("q", (None, None, heads * d), (b, n, heads * d))
    key = kernel.add("k", (None, None, kv_heads * d), (b, n, kv_heads * d))
    value = packed(kernel, "v", b, n, kv_heads, dv)
    of_queries = feature_map(kernel, "%fq", map, query, heads, **map_options)
    of_keys = feature_map(kernel, "%fk", map, key, kv_heads, scaled=scaled, tilt=scaled, **map_options)
    query, key = [(results[0], types[0], values[0]) for results, types, values in (of_queries, of_keys)]
    if scaled:
        options["weights"] = tuple(part[1] for part in of_keys)
    return kernel.case(name, *attention(kernel, rule, query, key, value, heads, kv_heads, dv, **options))


def model_cases():
    yield model_case("linear_transformer", "linear", "elu1", map_options={}, denominator=1e-6, mask=True)
    yield model_case("linear_transformer_encoder", "linear", "elu1", map_options={}, denominator=1e-6, mask=True, full=True)
    favor = {"rows": 8, "scale": 0.5, "shared": True, "epsilon": 0.0001}
    yield model_case("performer", "linear", "favor", map_options=favor, scaled=True, denominator=0.0, past=True)
    yield model_case("performer_hyperbolic", "linear", "favor_hyperbolic", map_options=favor, scaled=True, denominator=0.0,
                     full=True, mask=True)
    yield model_case("fast_weights", "delta", "dpfp", map_options={"order": 2, "norm": "sum"}, beta="head", past=True)
    yield model_case("hedgehog", "linear", "softmax", map_options={"rows": 5}, denominator=0.0)
    yield model_case("alibi", "gated", "elu1", map_options={}, decay="fixed", denominator=1e-6)
    yield model_case("gated_delta_net", "gated_delta", "identity", map_options={"norm": "l2"}, decay="head", beta="head")


# ----------------------------------------------------------------------------------------------------------------------
# Hybrid attention
# ----------------------------------------------------------------------------------------------------------------------


def hybrid_case(name, b=1, n=12, heads=2, kv_heads=2, d=3, dv=4, features=5, window=4, sinks=0, full=False, mask=False,
                scales=False, low=0, scale=0.5):
    kernel = Kernel("hybrid_attention")
    query, key, value = (packed(kernel, name, b, n, h, size, low=-2, high=2)
                         for name, h, size in (("q", heads, d), ("k", kv_heads, d), ("v", kv_heads, dv)))
    fq, fk = (packed(kernel, name, b, n, heads, features, low=low) for name in ("fq", "fk"))
    operands = f" features({fq[0]}, {fk[0]} : {fq[1]}, {fk[1]})"
    sq = sk = np.zeros((b, n, heads))
    if scales:
        (tq, type, sq), (tk, _, sk) = (kernel.add(name, (None, None, heads), (b, n, heads), -3, 3) for name in ("sq", "sk"))
        operands += f" scales({tq}, {tk} : {type}, {type})"
    kept = np.ones((b, n))
    if mask:
        text, type, kept = kernel.add("mask", (None, None), (b, n), 0, 3, integers=True)
        operands += f" mask({text} : {type})"
    group = heads // kv_heads
    near = scale * np.einsum("bihd,bjhd->bhij", query[2], np.repeat(key[2], group, axis=2))
    far = np.einsum("bihm,bjhm->bhij", fq[2], fk[2])
    far = far * np.exp(sq.transpose(0, 2, 1)[:, :, :, None] + sk.transpose(0, 2, 1)[:, :, None, :])
    i, j = np.arange(n)[:, None], np.arange(n)[None, :]
    is_near = (np.abs(i - j) < window) | (j < sinks)
    weights = np.where(is_near, np.exp(near), far) * (kept != 0)[:, None, None, :]
    weights = weights * (1 if full else (j <= i))
    total = weights.sum(-1, keepdims=True)
    weights = np.divide(weights, total, out=np.zeros_like(weights), where=total != 0)
    result = np.einsum("bhij,bjhd->bihd", weights, np.repeat(value[2], group, axis=2)).reshape(b, n, heads * dv)
    attributes = (f"heads = {heads} : i64, kv_heads = {kv_heads} : i64, scale = {scale} : f64, window = {window} : i64, "
                  f"sinks = {sinks} : i64" + (", full" if full else ""))
    type = tensor((None, None, heads * dv))
    kernel.body.append(f"%r = attune.hybrid_attention {query[0]}, {key[0]}, {value[0]}{operands} {{{attributes}}} "
                       f": ({query[1]}, {key[1]}, {value[1]}) -> {type}")
    return kernel.case(f"hybrid_{name}", ["%r"], [type], [result])


def hybrid_cases():
    for full in (False, True):
        word = "full_" if full else ""
        yield hybrid_case(f"{word}window", full=full)
        yield hybrid_case(f"{word}sinks", full=full, sinks=3, scales=True)
        yield hybrid_case(f"{word}masked", full=full, sinks=2, window=3, mask=True, b=2, scales=True)
        yield hybrid_case(f"{word}groups", full=full, heads=6, kv_heads=2, sinks=1, window=2, scales=True)
        yield hybrid_case(f"{word}no_window", full=full, window=0)
        yield hybrid_case(f"{word}all_near", full=full, window=40)
        yield hybrid_case(f"{word}token", full=full, n=1)
    yield hybrid_case("only_sinks", window=0, sinks=40, mask=True)
    yield hybrid_case("long", n=150, window=16, sinks=4, heads=1, kv_heads=1, scales=True, mask=True)


def main():
    cases = [*map_cases(), *attention_cases(), *model_cases(), *hybrid_cases()]
    assert len({case["name"] for case in cases}) == len(cases)
    os.makedirs(os.path.dirname(GOLDEN), exist_ok=True)
    with open(GOLDEN, "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


if __name__ == "__main__":
    main()
