#!/usr/bin/env python3
"""Checks a report of `attune linearize` against a computation of its own, in float64 and with NumPy alone.

    scripts/check/linearize_report.py MODEL SAVED REPORT [RESULTS.npy]

MODEL is what was rewritten: a BERT directory as transformers writes it, or a directory with a decoder in Attune's own form
(pre-norm, learned positions, tied head). SAVED is the directory of -o, written with all layers linear, and REPORT the file of
--report. RESULTS are the hidden states or logits that `attune run` gives of SAVED and the held-out texts. Calibration and held-out texts were given as .npy. Nothing of Attune's code is used: forward passes, features,
baselines and statistics are written here from their formulas.
"""

import json
import math
import os
import struct
import sys

import numpy as np

RELATIVE = 1e-3
ERF = np.vectorize(math.erf)


def read_weights(directory):
    with open(os.path.join(directory, "model.safetensors"), "rb") as file:
        data = file.read()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    weights = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        assert entry["dtype"] == "F32", f"{name}: expected F32, found {entry['dtype']}"
        begin, end = entry["data_offsets"]
        array = np.frombuffer(data[8 + size + begin:8 + size + end], dtype="<f4")
        weights[name] = array.reshape(entry["shape"]).astype(np.float64)
    return weights


def layer_norm(x, weight, bias, epsilon):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred ** 2).mean(-1, keepdims=True) + epsilon) * weight + bias


def gelu(x):
    return 0.5 * x * (1 + ERF(x / math.sqrt(2)))


class Bert:
    """BERT's encoder; what counts is the mean of its hidden states over the tokens."""
    is_decoder = causal = False

    def __init__(self, directory):
        with open(os.path.join(directory, "config.json"), encoding="utf-8") as file:
            config = json.load(file)
        assert config["hidden_act"] == "gelu"
        self.weights = read_weights(directory)
        self.layers = config["num_hidden_layers"]
        self.heads = self.kv_heads = config["num_attention_heads"]
        self.dim = config["hidden_size"] // self.heads
        self.epsilon = config["layer_norm_eps"]

    def linear(self, x, name):
        return x @ self.weights[name + ".weight"].T + self.weights[name + ".bias"]

    def norm(self, x, name):
        return layer_norm(x, self.weights[name + ".weight"], self.weights[name + ".bias"], self.epsilon)

    def forward(self, ids, attend):
        w = self.weights
        x = (w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][:len(ids)]
             + w["embeddings.token_type_embeddings.weight"][0])
        x = self.norm(x, "embeddings.LayerNorm")
        for layer in range(self.layers):
            at = f"encoder.layer.{layer}."
            query, key, value = (self.linear(x, at + "attention.self." + part) for part in ("query", "key", "value"))
            attended = self.linear(attend(layer, query, key, value), at + "attention.output.dense")
            x = self.norm(x + attended, at + "attention.output.LayerNorm")
            inner = gelu(self.linear(x, at + "intermediate.dense"))
            x = self.norm(x + self.linear(inner, at + "output.dense"), at + "output.LayerNorm")
        return x

    def summarize(self, hidden):
        return hidden.mean(0, keepdims=True)


class Decoder:
    """A pre-norm decoder with logits by the embedding's table; sizes follow from the weights but for those given."""
    is_decoder = causal = True

    def __init__(self, directory, heads=4, offset=2, epsilon=1e-5):
        self.weights = read_weights(directory)
        self.layers = len({name.split(".")[1] for name in self.weights if name.startswith("layers.")})
        self.heads, self.offset, self.epsilon = heads, offset, epsilon
        self.dim = len(self.weights["layers.0.attention.query.weight"]) // heads
        self.kv_heads = len(self.weights["layers.0.attention.key.weight"]) // self.dim

    linear, norm = Bert.linear, Bert.norm

    def forward(self, ids, attend):
        table = self.weights["embedding.token"]
        x = table[ids] + self.weights["embedding.position"][self.offset:self.offset + len(ids)]
        for layer in range(self.layers):
            at = f"layers.{layer}."
            y = self.norm(x, at + "attention.norm")
            query, key, value = (self.linear(y, at + "attention." + part) for part in ("query", "key", "value"))
            x = x + self.linear(attend(layer, query, key, value), at + "attention.output")
            y = self.norm(x, at + "ffn.norm")
            x = x + self.linear(gelu(self.linear(y, at + "ffn.input")), at + "ffn.output")
        return self.norm(x, "final_norm") @ table.T

    def summarize(self, logits):
        return logits


# Attention as a matrix of weights.

def seen(length, causal):
    return np.tril(np.ones((length, length), bool)) if causal else np.ones((length, length), bool)


def near(length, window, sinks):
    i, j = np.indices((length, length))
    return (np.abs(i - j) < window) | (j < sinks)


def normalise(exponents, factors, visible):
    """Rows of factors * e^exponents that sum to one, and their sums relative to the largest weight."""
    visible = visible & (factors != 0)
    exponents = np.where(visible, exponents, -np.inf)
    top = exponents.max(1, keepdims=True)
    top[~np.isfinite(top)] = 0
    weights = np.where(visible, factors * np.exp(exponents - top), 0)
    sums, most = weights.sum(1), np.abs(weights).max(1)
    rows = np.divide(weights, sums[:, None], out=np.zeros_like(weights), where=sums[:, None] != 0)
    return rows, np.divide(sums, most, out=np.zeros_like(sums), where=most > 0), weights


class Linear:
    """Feature maps as a report names them and the saved weights have them."""

    def __init__(self, model, weights, report):
        self.model, self.weights = model, weights
        self.map, self.window, self.sinks = report["feature_map"], report["window"], report["sinks"]
        self.hybrid = self.window > 0 or self.sinks > 0
        self.root = model.dim ** -0.25
        self.key_heads = model.heads if self.hybrid else model.kv_heads

    def part(self, layer, side, name, head):
        values = self.weights.get(f"layers.{layer}.attention.{side}_features.{name}")
        return None if values is None else values[head]

    def features(self, layer, side, head, x):
        """x is multiplied by the root of the scale. Values and logarithms of what they are multiplied by."""
        projection, bias, mix, tilt, offset = (self.part(layer, side, name, head)
                                               for name in ("projection", "bias", "mix", "tilt", "offset"))
        y = x if projection is None else x @ projection.T
        if bias is not None:
            y = y + bias
        scale = np.zeros(len(x))
        if tilt is not None:
            scale = scale + (x / self.root) @ tilt
        if offset is not None:
            scale = scale + offset
        if self.map == "elu1":
            values = np.where(y > 0, y + 1, np.exp(np.minimum(y, 0)))
        elif self.map == "relu":
            values = np.maximum(y, 0)
        elif self.map == "taylor2":
            i, j = np.triu_indices(y.shape[1])
            values = np.concatenate([np.ones((len(y), 1)), y, y[:, i] * y[:, j] * np.where(i == j, math.sqrt(0.5), 1)], 1)
        else:
            if self.map == "favor-hyperbolic":
                y = np.concatenate([y, -y], 1)
            if self.map != "calibrated":
                y = y - (x ** 2).sum(1, keepdims=True) / 2 - math.log(y.shape[1]) / 2
            top = y.max(1)
            values, scale = np.exp(y - top[:, None]), scale + top
        return (values if mix is None else values @ mix.T), scale

    def rows(self, layer, head, q, k):
        query, query_scale = self.features(layer, "query", head, q)
        key, key_scale = self.features(layer, "key", head * self.key_heads // self.model.heads, k)
        exact = near(len(q), self.window, self.sinks)
        exponents = np.where(exact, q @ k.T, query_scale[:, None] + key_scale[None])
        return normalise(exponents, np.where(exact, 1, query @ key.T), seen(len(q), self.model.causal))

    def state_bytes(self):
        features = len(self.features(0, "query", 0, np.zeros((1, self.model.dim)))[0][0])
        return 4 * (self.key_heads * features * (self.model.dim + 1)
                    + (self.window + self.sinks) * self.model.kv_heads * 2 * self.model.dim)


def softmax_rows(q, k, causal):
    return normalise(q @ k.T, np.ones((len(q), len(k))), seen(len(q), causal))[0]


class Run:
    """A model with some layers linear."""

    def __init__(self, model, linear, layers):
        self.model, self.linear, self.layers = model, linear, set(layers)

    def head(self, head, query, key, value):
        dim, kv = self.model.dim, head * self.model.kv_heads // self.model.heads
        cut = lambda x, h: x[:, h * dim:(h + 1) * dim]
        return cut(query, head) * self.linear.root, cut(key, kv) * self.linear.root, cut(value, kv)

    def __call__(self, ids, capture=None):
        return self.model.summarize(self.forward(ids, capture))

    def forward(self, ids, capture=None):
        def attend(layer, query, key, value):
            outputs = []
            for head in range(self.model.heads):
                q, k, v = self.head(head, query, key, value)
                if capture is not None:
                    capture.setdefault((layer, head), []).append((q, k, v))
                rows = (self.linear.rows(layer, head, q, k)[0] if layer in self.layers
                        else softmax_rows(q, k, self.model.causal))
                outputs.append(rows @ v)
            return np.concatenate(outputs, 1)
        return self.model.forward(ids, attend)


# Statistics.

def quantile(values, share):
    values = np.sort(np.asarray(values))
    return values[min(len(values) - 1, int(share * len(values)))]


def ranks(values):
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts) - 1
    return (last - (counts - 1) / 2)[inverse]


def log_softmax(x):
    x = x - x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def compare(exact, found, texts, is_decoder):
    norm = lambda x: np.linalg.norm(x, axis=-1)
    x, y = np.concatenate(exact), np.concatenate(found)
    cosines = (x * y).sum(1) / (norm(x) * norm(y))
    result = {"relative_error": (norm(y - x) / norm(x)).mean(), "cosine_mean": cosines.mean(), "cosine_min": cosines.min()}
    if not is_decoder:
        pairs = np.tril_indices(len(x), -1)
        similar = [(z @ z.T / np.outer(norm(z), norm(z)))[pairs] for z in (x, y)]
        if len(x) >= 3:
            result["rank_correlation"] = np.corrcoef(ranks(similar[0]), ranks(similar[1]))[0, 1]
        return result
    p, q = log_softmax(x), log_softmax(y)
    divergence = (np.exp(p) * (p - q)).sum(1)
    best = p.argmax(1)
    better = (q > np.take_along_axis(q, best[:, None], 1)).sum(1)
    before = np.concatenate([log_softmax(z)[np.arange(len(t) - 1), t[1:]] for z, t in zip(exact, texts)])
    after = np.concatenate([log_softmax(z)[np.arange(len(t) - 1), t[1:]] for z, t in zip(found, texts)])
    result.update(kl_mean=divergence.mean(), kl_p99=quantile(divergence, 0.99), top1=(better == 0).mean(),
                  top5=(better < 5).mean(), perplexity=math.exp(-before.mean()),
                  perplexity_ratio=math.exp(before.mean() - after.mean()))
    return result


def row_errors(samples, make_rows, causal):
    errors, variations = [], []
    for q, k, v in samples:
        exact, rows = softmax_rows(q, k, causal), make_rows(q, k)
        output = exact @ v
        errors.append(np.linalg.norm(rows @ v - output, axis=1) / np.linalg.norm(output, axis=1))
        variations.append(np.abs(rows - exact).sum(1) / 2)
    errors = np.concatenate(errors)
    return {"mean": errors.mean(), "p99": quantile(errors, 0.99), "max": errors.max(),
            "total_variation": np.concatenate(variations).mean()}


def predict(samples, causal, features):
    queries, keys = (np.concatenate([sample[part] for sample in samples]) for part in (0, 1))
    query_mean, key_mean = queries.mean(0), keys.mean(0)
    square = lambda x: (x ** 2).sum(-1)
    pairs, centred, entropy, first = [], [], [], []
    for q, k, _ in samples:
        place = np.arange(0, len(q) ** 2, 7)
        sums = q[place // len(q)] + k[place % len(q)]
        pairs.append(square(sums))
        centred.append(square(sums - query_mean - key_mean))
        rows = softmax_rows(q, k, causal)
        entropy.append(-(rows * np.log(np.where(rows > 0, rows, 1))).sum(1))
        first.append(rows[:, 0])
    pairs, centred = np.concatenate(pairs), np.concatenate(centred)
    percentiles = lambda x: {"p50": quantile(x, 0.5), "p90": quantile(x, 0.9), "p99": quantile(x, 0.99)}
    return {"query_norm": square(queries).mean(), "key_norm": square(keys).mean(),
            "centred_query_norm": square(queries - query_mean).mean(),
            "centred_key_norm": square(keys - key_mean).mean(),
            "pair_norm": percentiles(pairs), "centred_pair_norm": percentiles(centred),
            "log10_relative_variance": math.log10(math.expm1(quantile(centred, 0.5)) / features),
            "entropy": np.concatenate(entropy).mean(), "first_key_mass": np.concatenate(first).mean()}


class Checker:
    def __init__(self):
        self.count, self.problems = 0, []

    def number(self, place, reported, expected, tolerance=RELATIVE):
        self.count += 1
        if reported is None or not abs(reported - expected) <= tolerance * abs(expected) + 1e-6:
            self.problems.append(f"{place}: the report says {reported}, expected {expected:.8g}")

    def tree(self, place, reported, expected, tolerances=()):
        for name, value in expected.items():
            found = reported.get(name)
            if isinstance(value, dict):
                self.tree(f"{place}.{name}", found or {}, value, tolerances)
            else:
                self.number(f"{place}.{name}", found, float(value), dict(tolerances).get(name, RELATIVE))


# Ranks and shares jump where numbers that are equal up to rounding change places.
JUMPS = {"rank_correlation": 0.01, "top1": 0.02, "top5": 0.02}


def check(model_directory, saved_directory, report_file, results_file=None):
    with open(report_file, encoding="utf-8") as file:
        report = json.load(file)
    model = (Bert if os.path.exists(os.path.join(model_directory, "config.json")) else Decoder)(model_directory)
    linear = Linear(model, read_weights(saved_directory), report)
    calibration, texts = (np.load(report[part]["file"]) for part in ("calibration", "holdout"))
    everything = range(model.layers)
    assert report["chosen_layers"] == list(everything), "expected a report of a model with all layers linear"
    checker = Checker()
    checker.number("holdout.tokens", report["holdout"]["tokens"], texts.size)
    checker.number("calibration.tokens", report["calibration"]["tokens"], calibration.size)

    known, unseen = {}, {}
    exact_run = Run(model, linear, ())
    for ids in calibration:
        exact_run(ids, known)
    exact = [exact_run(ids, unseen) for ids in texts]

    def judge(layers, length=None):
        cut = [ids[:length] for ids in texts]
        before = exact if length is None else [exact_run(ids) for ids in cut]
        return compare(before, [Run(model, linear, layers)(ids) for ids in cut], cut, model.is_decoder)

    state = linear.state_bytes()
    features = len(linear.features(0, "query", 0, np.zeros((1, model.dim)))[0][0])
    window = max(0, state // (model.kv_heads * 2 * model.dim * 4) - linear.sinks)
    for layer, entry in zip(everything, report["layers"]):
        at = f"layer {layer}"
        checker.number(at + ".state_bytes", entry["state_bytes"], state)
        checker.tree(at + ".isolated", entry["isolated"], judge([layer]), JUMPS)
        means = []
        for head, figures in enumerate(entry["heads"]):
            here, samples = f"{at}, head {head}", unseen[layer, head]
            checker.tree(here, figures["predictors"], predict(known[layer, head], model.causal, features))
            errors = row_errors(samples, lambda q, k: linear.rows(layer, head, q, k)[0], model.causal)
            checker.tree(here, figures["rel_error"], errors)
            means.append(errors["mean"])
            limited = lambda w: lambda q, k: normalise(
                q @ k.T, np.ones((len(q), len(q))), seen(len(q), model.causal) & near(len(q), w, linear.sinks))[0]
            baselines = {"uniform": lambda q, k: normalise(np.zeros((len(q), len(q))), np.ones((len(q), len(q))),
                                                           seen(len(q), model.causal))[0],
                         "window_of_equal_bytes": limited(window)}
            if linear.hybrid:
                baselines["window_only"] = limited(linear.window)
            for name, make_rows in baselines.items():
                checker.tree(f"{here}, {name}", figures["baselines"][name], row_errors(samples, make_rows, model.causal))
            rounding = figures["baselines"]["softmax_in_f32"]["max"]
            if not 0 <= rounding < 1e-4:
                checker.problems.append(f"{here}: rounding of softmax in f32 is said to be {rounding}")
            sums = [linear.rows(layer, head, q, k) for q, k, _ in samples]
            checker.number(here + ".min_denominator", figures["min_denominator"], min(s[1].min() for s in sums))
            checker.number(here + ".negative_weights", figures["negative_weights"], sum((s[2] < 0).sum() for s in sums))
        checker.number(at + ".rel_error", entry["rel_error"], np.mean(means))

    order = report["sensitivity_order"]
    isolated = [report["layers"][layer]["isolated"]["relative_error"] for layer in order]
    if sorted(order) != list(everything) or isolated != sorted(isolated):
        checker.problems.append(f"sensitivity_order: {order} is not by rising isolated errors {isolated}")
    for count, layer in enumerate(order, 1):
        checker.tree(f"the first {count} layers", report["layers"][layer]["cumulative"], judge(order[:count]), JUMPS)
    checker.tree("end_to_end", report["end_to_end"], judge(everything), JUMPS)
    for entry in report["lengths"]:
        checker.tree(f"length {entry['length']}", entry, judge(everything, entry["length"]), JUMPS)
    if results_file:
        results = np.load(results_file)
        expected = np.stack([Run(model, linear, everything).forward(ids) for ids in texts])
        if results.shape != expected.shape:
            checker.problems.append(f"{results_file} has the shape {results.shape}, expected {expected.shape}")
        else:
            error = np.abs(results - expected).max() / np.abs(expected).max()
            checker.count += 1
            if not error <= 1e-5:
                checker.problems.append(f"{results_file}: the largest error is {error:.3g} of the largest result")
    return checker


def main():
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    checker = check(*sys.argv[1:])
    for problem in checker.problems:
        print(problem)
    print(f"{checker.count} figures checked, {len(checker.problems)} problems")
    sys.exit(bool(checker.problems))


if __name__ == "__main__":
    main()
