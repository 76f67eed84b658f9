"""Models of softmax and linear attention in numpy, float64: token by token, sum by sum, written to be read.

`model` is a description as the YAML has it (a dict), `weights` what safetensors files hold by name. Formulas are those of
the papers: Katharopoulos et al. 2006.16236, Choromanski et al. 2009.14794, Schlag et al. 2102.11174, Yang et al. 2312.06635
and 2412.06464, Zhang et al. 2402.04347 and 2410.10254.
"""

import math

import numpy as np


def layer_norm(x, weights, name, epsilon):
    mean = x.mean(-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(-1, keepdims=True)
    return (x - mean) / np.sqrt(variance + epsilon) * weights[name + ".weight"] + weights[name + ".bias"]


def linear(x, weights, name):
    y = x @ weights[name + ".weight"].T
    return y + weights[name + ".bias"] if name + ".bias" in weights else y


def gelu(x):
    return 0.5 * x * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


ACTIVATIONS = {"gelu_erf": gelu, "relu": lambda x: np.maximum(x, 0), "silu": lambda x: x / (1 + np.exp(-x)), "tanh": np.tanh}
SQUASHES = {"none": lambda x: x, "tanh": np.tanh}


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def usual_scale(features, attention):
    if "scale" in features:
        return features["scale"]
    return math.sqrt(attention["scale"]) if features["kind"] in ("favor", "favor_hyperbolic", "taylor2") else 1.0


def map_features(features, x, weights, name, head, scale):
    """The features of one head's row x [D], and the exponent that exponential ones were divided by: phi = e^s * f.

    `name` is the prefix of the weights.
    """
    def own(part):
        weight = weights.get(f"{name}.{part}")
        return None if weight is None else weight[0 if weight.shape[0] == 1 else head]

    x = x * scale
    projection, bias, mix, tilt, offset = (own(part) for part in ("projection", "bias", "mix", "tilt", "offset"))
    y = x if projection is None else projection @ x
    y = y if bias is None else y + bias
    kind, exponent = features["kind"], 0.0
    if kind == "identity":
        f = y
    elif kind == "elu1":
        f = np.where(y > 0, y + 1, np.exp(np.minimum(y, 0)))
    elif kind == "relu":
        f = np.maximum(y, 0)
    elif kind in ("exp", "favor", "favor_hyperbolic"):
        y = np.concatenate([y, -y]) if kind == "favor_hyperbolic" else y
        y = y if kind == "exp" else y - (x @ x) / 2
        exponent = y.max()
        f = np.exp(y - exponent) / (1 if kind == "exp" else math.sqrt(len(y)))
    elif kind == "dpfp":
        z = np.concatenate([np.maximum(y, 0), np.maximum(-y, 0)])
        f = np.concatenate([z * np.roll(z, j) for j in range(1, features.get("order", 1) + 1)])
    elif kind == "taylor2":
        rows = len(y)
        pairs = [y[i] * y[j] / (math.sqrt(2) if i == j else 1) for i in range(rows) for j in range(i, rows)]
        f = np.concatenate([[1.0], y, pairs])
    elif kind == "softmax":
        f = softmax(np.concatenate([y, -y]))
    elif kind == "softmax_halves":
        f = np.concatenate([softmax(y), softmax(-y)])
    else:
        raise ValueError(kind)
    f = f + features.get("epsilon", 0.0)
    norm = features.get("norm", "none")
    if norm != "none":
        size = f.sum() if norm == "sum" else math.sqrt(f @ f)
        f, exponent = f / max(size, features.get("norm_epsilon", 1e-6)), 0.0
    f = f if mix is None else mix @ f
    # The tilt is of the row before it is scaled.
    exponent += 0.0 if tilt is None else tilt @ (x / scale)
    exponent += 0.0 if offset is None else offset
    return f, exponent


class Attention:
    """The attention of one layer over a sequence x [T, H] of one batch entry."""

    def __init__(self, model, weights, layer):
        self.attention = dict(model["attention"])
        self.heads = self.attention["heads"]
        self.kv_heads = self.attention.setdefault("kv_heads", self.heads)
        self.size = model["hidden_size"] // self.heads
        self.attention.setdefault("scale", 1 / math.sqrt(self.size))
        self.decoder = model.get("topology") == "decoder"
        self.causal = self.decoder or self.attention.get("mask") == "causal"
        self.weights = weights
        self.name = f"layers.{layer}.attention"
        self.linear = self.attention.get("linear", {})
        layers = self.linear.get("layers", [])
        self.is_linear = self.attention.get("kind") == "linear" and (not layers or layer in layers)

    def run(self, x, mask):
        """The result [T, H] and what is carried on, by name."""
        split = lambda part, heads: linear(x, self.weights, f"{self.name}.{part}").reshape(len(x), heads, self.size)
        q, k, v = split("query", self.heads), split("key", self.kv_heads), split("value", self.kv_heads)
        if not self.is_linear:
            result, carried = self.run_softmax(q, k, v, mask)
        elif self.linear.get("window") or self.linear.get("sinks"):
            result, carried = self.run_hybrid(q, k, v, mask)
        else:
            result, carried = self.run_linear(x, q, k, v, mask)
        return linear(result.reshape(len(x), -1), self.weights, f"{self.name}.output"), carried

    def sees(self, i, j, mask):
        return mask[j] and (j <= i or not self.causal)

    def run_softmax(self, q, k, v, mask):
        result = np.zeros((len(q), self.heads, self.size))
        group = self.heads // self.kv_heads
        for i in range(len(q)):
            keys = [j for j in range(len(k)) if self.sees(i, j, mask)]
            for h in range(self.heads if keys else 0):
                scores = np.array([self.attention["scale"] * (q[i, h] @ k[j, h // group]) for j in keys])
                result[i, h] = softmax(scores) @ v[keys, h // group]
        return result, {"key": k.reshape(len(k), -1), "value": v.reshape(len(v), -1)}

    def features(self, rows, heads, of_keys):
        """For each token and head (features, exponent). Each head of keys may stand for a head of queries."""
        own = of_keys and "key_features" in self.linear
        features = self.linear["key_features" if own else "features"]
        name = f"{self.name}.{'key' if own else 'query'}_features"
        scale = usual_scale(features, self.attention)
        share = heads // rows.shape[1]
        return [[map_features(features, row[h // share], self.weights, name, h, scale) for h in range(heads)] for row in rows]

    def run_hybrid(self, q, k, v, mask):
        result = np.zeros((len(q), self.heads, self.size))
        group = self.heads // self.kv_heads
        fq, fk = self.features(q, self.heads, False), self.features(k, self.heads, True)
        window, sinks = self.linear.get("window", 0), self.linear.get("sinks", 0)
        for i in range(len(q)):
            keys = [j for j in range(len(k)) if self.sees(i, j, mask)]
            for h in range(self.heads):
                w = np.zeros(len(keys))
                for at, j in enumerate(keys):
                    (a, s), (b, t) = fq[i][h], fk[j][h]
                    near = j < sinks or abs(i - j) < window
                    w[at] = math.exp(self.attention["scale"] * (q[i, h] @ k[j, h // group])) if near else math.exp(s + t) * (a @ b)
                if w.sum() != 0:
                    result[i, h] = w @ v[keys, h // group] / w.sum()
        return result, {}

    def gates(self, x):
        """decay [T, kv_heads, 1 or M] and beta [T, kv_heads], or None."""
        rule, decay, beta = self.linear.get("rule", "linear"), None, None
        if rule in ("gated", "gated_delta"):
            settings = self.linear["decay"]
            name = f"{self.name}.decay"
            slopes = self.weights.get(name + ".slopes")
            if settings["kind"] == "slopes":
                decay = np.broadcast_to(slopes, (len(x), len(slopes)))
            else:
                z = linear(x, self.weights, name)
                decay = np.logaddexp(0, z) * slopes if settings["kind"] == "softplus" else (
                    -np.logaddexp(0, -z) / settings.get("temperature", 1.0))
            decay = decay.reshape(len(x), self.kv_heads, -1)
        if rule in ("delta", "gated_delta"):
            beta = sigmoid(linear(x, self.weights, f"{self.name}.beta"))
        return decay, beta

    def run_linear(self, x, q, k, v, mask):
        linear_ = self.linear
        fq, fk = self.features(q, self.heads, False), self.features(k, self.kv_heads, True)
        decay, beta = self.gates(x)
        rule, squash = linear_.get("rule", "linear"), SQUASHES[linear_.get("squash", "none")]
        denominator, scale = linear_.get("denominator"), linear_.get("scale", 1.0)
        keys = linear_.get("key_features", linear_["features"])
        # What keeps exponential features in range: the state is e^largest times what is carried.
        has_max = rule == "linear" and linear_.get("squash", "none") == "none" and (
            keys.get("tilt", False) or (keys["kind"] in ("exp", "favor", "favor_hyperbolic") and keys.get("norm", "none") == "none"))
        size = len(fk[0][0][0])
        state, total = np.zeros((self.kv_heads, size, self.size)), np.zeros((self.kv_heads, size))
        largest = np.full(self.kv_heads, -np.inf)
        result = np.zeros((len(q), self.heads, self.size))
        group = self.heads // self.kv_heads

        def read(i, h):
            f, exponent = fq[i][h]
            f = f * math.exp(exponent)
            y = scale * (f @ state[h // group])
            if denominator is None:
                return y
            below = f @ total[h // group] + denominator
            return y / below if below != 0 else np.zeros_like(y)

        for j in range(len(k)):
            for g in range(self.kv_heads):
                f, exponent = fk[j][g]
                f = f * math.exp(exponent) if mask[j] else np.zeros(size)
                if mask[j]:
                    largest[g] = max(largest[g], exponent)
                if decay is not None:
                    state[g] = np.exp(decay[j, g])[:, None] * state[g]
                    total[g] = np.exp(decay[j, g]) * total[g]
                if beta is not None:
                    state[g] = state[g] + beta[j, g] * np.outer(f, v[j, g] - state[g].T @ f)
                else:
                    state[g] = squash(state[g] + np.outer(f, v[j, g]))
                    total[g] = total[g] + f
            if self.causal:
                for h in range(self.heads):
                    result[j, h] = read(j, h)
        if not self.causal:
            for i in range(len(q)):
                for h in range(self.heads):
                    result[i, h] = read(i, h)
        shrink = np.exp(-largest) if has_max else np.ones(self.kv_heads)
        carried = {"state": state * shrink[:, None, None]}
        if denominator is not None:
            carried["sum"] = total * shrink[:, None]
        if has_max:
            carried["max"] = largest
        return result, carried


def positions(model, weights, length):
    position = model.get("position", {})
    kind, offset = position.get("kind", "learned"), position.get("offset", 0)
    if kind == "none":
        return 0.0
    if kind == "learned":
        return weights["embedding.position"][offset:offset + length]
    width = model["hidden_size"]
    half = width // 2
    interleaved, base = position.get("interleaved", True), position.get("base", 10000.0)
    table = np.zeros((length, width))
    for row in range(length):
        for i in range(half):
            angle = (row + offset) * base ** (-i / (half if interleaved else max(half - 1, 1)))
            table[row, 2 * i if interleaved else i] = math.sin(angle)
            table[row, 2 * i + 1 if interleaved else half + i] = math.cos(angle)
    return table


def run_layer(model, weights, layer, x, mask):
    name, ffn = f"layers.{layer}", model["ffn"]
    norm = lambda y, part: layer_norm(y, weights, f"{name}.{part}.norm", model["norm"]["epsilon"])
    attention = Attention(model, weights, layer)
    activation = ACTIVATIONS[ffn.get("activation", "gelu_erf")]
    feed = lambda y: linear(activation(linear(y, weights, name + ".ffn.input")), weights, name + ".ffn.output")
    if model["norm"].get("placement", "post") == "pre":
        y, carried = attention.run(norm(x, "attention"), mask)
        x = x + y
        return x + feed(norm(x, "ffn")), carried
    y, carried = attention.run(x, mask)
    x = norm(x + y, "attention")
    return norm(x + feed(x), "ffn"), carried


def run(model, weights, ids, mask):
    """Logits or hidden states [B, T, ..] of ids [B, T], and what each layer carries after them, stacked over the batch."""
    weights = {name: value.astype(np.float64) for name, value in weights.items()}
    results, carried = [], {}
    for row, row_mask in zip(ids, mask):
        x = weights["embedding.token"][row] * model.get("embedding", {}).get("scale", 1.0)
        x = x + positions(model, weights, len(row))
        if model["norm"].get("embedding_norm", True):
            x = layer_norm(x, weights, "embedding.norm", model["norm"]["epsilon"])
        for layer in range(model["layers"]):
            x, parts = run_layer(model, weights, layer, x, row_mask)
            for part, value in parts.items():
                carried.setdefault(f"present.{layer}.{part}", []).append(value)
        if model["norm"].get("final_norm", False):
            x = layer_norm(x, weights, "final_norm", model["norm"]["epsilon"])
        if "head" in model:
            table = weights["embedding.token"] if model["head"].get("tied", True) else weights["head.weight"]
            x = x @ table.T + weights.get("head.bias", 0.0)
        results.append(x)
    return np.stack(results), {name: np.stack(values) for name, values in carried.items()}
