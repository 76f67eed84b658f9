#!/usr/bin/env python3
"""Makes test/EndToEnd/golden/linear: small models of linear attention as YAML and safetensors, and what they compute.

    make_linear_golden.py [NAME...]          all of linear_models.py when none is named

Needs numpy alone. The values are those of linear_reference.py, in float64 with weights as the files have them in f32. Per
model, model.yaml, model.safetensors, and a folder a case with the inputs and outputs: an encoder's cases have a mask with
padding; a decoder's, which all begin with no past, have what is carried on after the last token too.
"""

import json
import os
import shutil
import struct
import sys

import numpy as np

import linear_models
import linear_reference

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "test", "EndToEnd", "golden", "linear")


def flow(value):
    """A value in YAML's flow form."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key}: {flow(v)}" for key, v in value.items()) + " }"
    if isinstance(value, list):
        return "[ " + ", ".join(flow(v) for v in value) + " ]"
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else repr(value) if isinstance(value, float) else str(value)


def to_yaml(model):
    lines = []
    for key, value in model.items():
        if isinstance(value, dict):
            lines.append(f"{key}:")
            lines += [f"  {k}: {flow(v)}" for k, v in value.items()]
        else:
            lines.append(f"{key}: {flow(value)}")
    return "\n".join(lines) + "\n"


def shapes(model):
    """Every weight's shape, by name."""
    hidden, inner, vocabulary = model["hidden_size"], model["ffn"]["dim"], model["vocabulary_size"]
    attention = model["attention"]
    heads = attention["heads"]
    kv_heads, size = attention.get("kv_heads", heads), hidden // heads
    result = {"embedding.token": (vocabulary, hidden)}
    if model["position"].get("kind", "learned") == "learned":
        result["embedding.position"] = (model["position"]["rows"], hidden)

    def add_linear(name, rows, columns, bias=True):
        result[name + ".weight"] = (rows, columns)
        if bias:
            result[name + ".bias"] = (rows,)

    def add_norm(name):
        result.update({name + ".weight": (hidden,), name + ".bias": (hidden,)})

    def add_features(name, features, own_heads):
        sets = 1 if features.get("shared") else own_heads
        rows = features.get("projection", size)
        twice = features["kind"] in ("favor_hyperbolic", "softmax", "softmax_halves")
        number = {"dpfp": 2 * rows * features.get("order", 1), "taylor2": 1 + rows + rows * (rows + 1) // 2}.get(
            features["kind"], 2 * rows if twice else rows)
        parts = {"projection": (sets, rows, size), "bias": (sets, rows), "mix": (sets, features.get("mix", 0), number),
                 "tilt": (sets, size), "offset": (sets,)}
        result.update({f"{name}.{part}": shape for part, shape in parts.items() if features.get(part)})
        return features.get("mix", number)

    if model["norm"].get("embedding_norm", True):
        add_norm("embedding.norm")
    for layer in range(model["layers"]):
        name = f"layers.{layer}"
        for part, rows in (("query", hidden), ("key", kv_heads * size), ("value", kv_heads * size)):
            add_linear(f"{name}.attention.{part}", rows, hidden, attention.get(part + "_bias", True))
        add_linear(f"{name}.attention.output", hidden, hidden)
        add_norm(f"{name}.attention.norm")
        add_linear(f"{name}.ffn.input", inner, hidden)
        add_linear(f"{name}.ffn.output", hidden, inner)
        add_norm(f"{name}.ffn.norm")
        linear = attention.get("linear", {})
        if attention.get("kind") != "linear" or layer not in linear.get("layers", [layer]):
            continue
        hybrid = linear.get("window") or linear.get("sinks")
        count = add_features(f"{name}.attention.query_features", linear["features"], heads)
        if "key_features" in linear:
            add_features(f"{name}.attention.key_features", linear["key_features"], heads if hybrid else kv_heads)
        decay = linear.get("decay", {})
        gates = kv_heads * (count if decay.get("columns") else 1)
        if decay.get("kind") in ("slopes", "softplus"):
            result[f"{name}.attention.decay.slopes"] = (gates,)
        if decay.get("kind") in ("log_sigmoid", "softplus"):
            add_linear(f"{name}.attention.decay", gates, hidden, decay.get("bias", False))
        if linear.get("rule") in ("delta", "gated_delta"):
            add_linear(f"{name}.attention.beta", kv_heads, hidden, linear.get("beta", {}).get("bias", False))
    if model["norm"].get("final_norm"):
        add_norm("final_norm")
    if "head" in model:
        if not model["head"].get("tied", True):
            result["head.weight"] = (vocabulary, hidden)
        if model["head"].get("bias"):
            result["head.bias"] = (vocabulary,)
    return result


def orthogonal(random, sets, rows, size):
    """Rows of blocks of orthogonal matrices, each as long as a Gaussian row of its own (2009.14794)."""
    result = np.zeros((sets, rows, size))
    for s in range(sets):
        for begin in range(0, rows, size):
            q, r = np.linalg.qr(random.standard_normal((size, size)))
            block = (q * np.sign(np.diag(r))).T * np.linalg.norm(random.standard_normal((size, size)), axis=1)[:, None]
            result[s, begin:begin + size] = block[:rows - begin]
    return result


def make_weight(random, model, name, shape):
    if name.endswith("norm.weight"):
        return 1 + 0.2 * random.standard_normal(shape)
    if name.endswith("features.projection") and "favor" in model["attention"]["linear"]["features"]["kind"]:
        return orthogonal(random, *shape)
    if name.endswith("decay.slopes"):
        return -(2.0 ** -np.arange(1, shape[0] + 1))
    if name.startswith("embedding."):
        return 0.5 * random.standard_normal(shape)
    if len(shape) == 1 or name.endswith(".bias") or name.endswith((".tilt", ".offset")):
        return 0.2 * random.standard_normal(shape)
    values = random.standard_normal(shape) / np.sqrt(shape[-1])
    # Sums of weights that cancel are no test of precision.
    return abs(values) if name.endswith(".mix") else values


def write_safetensors(path, weights):
    header, offset = {}, 0
    for name, value in weights.items():
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [offset, offset + value.nbytes]}
        offset += value.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for value in weights.values():
            out.write(value.tobytes())


def save(folder, name, value):
    np.save(os.path.join(folder, name + ".npy"), np.ascontiguousarray(value.astype(np.int64 if value.dtype.kind == "i" else np.float32)))


def make_case(folder, model, weights, random, lengths):
    os.makedirs(folder)
    length = max(lengths)
    is_decoder = model["topology"] == "decoder"
    mask = (np.arange(length)[None, :] < np.array(lengths)[:, None]).astype(np.int64)
    ids = np.where(mask == 1, random.integers(1, model["vocabulary_size"], size=mask.shape), 0)
    result, carried = linear_reference.run(model, weights, ids, np.ones_like(mask) if is_decoder else mask)
    save(folder, "input_ids", ids)
    save(folder, "logits" if "head" in model else "last_hidden_state", result)
    if is_decoder:
        for name, value in carried.items():
            save(folder, name, value)
    else:
        save(folder, "attention_mask", mask)
    largest = max([abs(result).max()] + [abs(v[np.isfinite(v)]).max() for v in carried.values()])
    print(f"{os.path.relpath(folder, GOLDEN)}: deviation {result.std():.3f}, largest of all {largest:.2f}", flush=True)


def make(name, settings):
    folder = os.path.join(GOLDEN, name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    random = np.random.default_rng(sum(name.encode()))
    model = dict(name=name, **settings, weights=dict(scheme="attune", path="model.safetensors"))
    weights = {n: make_weight(random, model, n, s).astype(np.float32) for n, s in shapes(model).items()}
    with open(os.path.join(folder, "model.yaml"), "w", encoding="utf-8") as out:
        out.write(to_yaml(model))
    write_safetensors(os.path.join(folder, "model.safetensors"), weights)
    cases = {"1x17": [17], "2x6": [6, 6]} if model["topology"] == "decoder" else {"1x1": [1], "3x13": [13, 13, 5]}
    for case, lengths in cases.items():
        make_case(os.path.join(folder, case), model, weights, random, lengths)


def main():
    for name in sys.argv[1:] or linear_models.MODELS:
        make(name, linear_models.MODELS[name])


if __name__ == "__main__":
    main()
