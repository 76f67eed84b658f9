#!/usr/bin/env python3
"""Compiles broken copies of a model: each must end with its status and a message, leave no file, and not crash.

break_model.py MODEL SCRATCH
"""

import json
import os
import shutil
import struct
import subprocess
import sys


def split(data):
    """The header and the bytes of a safetensors file."""
    size = struct.unpack("<Q", data[:8])[0]
    return json.loads(data[8 : 8 + size]), data[8 + size :]


def join(header, body):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def on_header(change):
    def apply(folder):
        path = os.path.join(folder, "model.safetensors")
        with open(path, "rb") as file:
            header, body = split(file.read())
        body = change(header) or body
        with open(path, "wb") as file:
            file.write(join(header, body))

    return apply


def on_bytes(change):
    def apply(folder):
        path = os.path.join(folder, "model.safetensors")
        with open(path, "rb") as file:
            data = file.read()
        with open(path, "wb") as file:
            file.write(change(data))

    return apply


def on_config(**values):
    def apply(folder):
        path = os.path.join(folder, "config.json")
        with open(path, encoding="utf-8") as file:
            config = json.load(file)
        for key, value in values.items():
            if value is None:
                config.pop(key, None)
            else:
                config[key] = value
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)

    return apply


def config_text(text):
    def apply(folder):
        with open(os.path.join(folder, "config.json"), "wb") as file:
            file.write(text)

    return apply


def remove(name):
    return lambda folder: os.remove(os.path.join(folder, name))


WEIGHT = "encoder.layer.1.output.dense.weight"


def set_entry(name, key, value):
    def change(header):
        header[name][key] = value

    return on_header(change)


def rename(name):
    def change(header):
        header["other." + name] = header.pop(name)

    return on_header(change)


# What is done, the status, and a part of the message.
CASES = {
    # The safetensors header.
    "empty": (on_bytes(lambda data: b""), 2, "model.safetensors"),
    "short": (on_bytes(lambda data: data[:7]), 2, "model.safetensors"),
    "header-cut": (on_bytes(lambda data: data[:500]), 2, "model.safetensors"),
    "body-cut": (on_bytes(lambda data: data[:-1]), 2, "model.safetensors"),
    "body-long": (on_bytes(lambda data: data + b"\0" * 64), 2, "model.safetensors"),
    "header-huge": (on_bytes(lambda data: struct.pack("<Q", 2**63) + data[8:]), 2, "model.safetensors"),
    "header-beyond": (on_bytes(lambda data: struct.pack("<Q", len(data)) + data[8:]), 2, "model.safetensors"),
    "header-zero": (on_bytes(lambda data: struct.pack("<Q", 0) + data[8:]), 2, "model.safetensors"),
    "header-text": (on_bytes(lambda data: struct.pack("<Q", 4) + b"null" + data), 2, "model.safetensors"),
    "not-json": (on_bytes(lambda data: data[:8] + b"[" + data[9:]), 2, "model.safetensors"),
    # Its entries.
    "missing": (rename(WEIGHT), 2, WEIGHT),
    "dtype-unknown": (set_entry(WEIGHT, "dtype", "F9"), 2, WEIGHT),
    "dtype-integer": (set_entry(WEIGHT, "dtype", "I32"), None, WEIGHT),
    "dtype-wide": (set_entry(WEIGHT, "dtype", "F64"), 2, WEIGHT),
    "shape": (set_entry(WEIGHT, "shape", [128, 64]), 2, WEIGHT),
    "shape-flat": (set_entry(WEIGHT, "shape", [64 * 128]), 2, WEIGHT),
    "shape-negative": (set_entry(WEIGHT, "shape", [-64, -128]), 2, WEIGHT),
    "shape-huge": (set_entry(WEIGHT, "shape", [2**40, 2**40]), 2, WEIGHT),
    "offsets-beyond": (set_entry(WEIGHT, "data_offsets", [2**40, 2**40 + 32768]), 2, WEIGHT),
    "offsets-swapped": (set_entry(WEIGHT, "data_offsets", [32768, 0]), 2, WEIGHT),
    "offsets-negative": (set_entry(WEIGHT, "data_offsets", [-4, 32764]), 2, WEIGHT),
    "offsets-text": (set_entry(WEIGHT, "data_offsets", "all"), 2, WEIGHT),
    # The configuration.
    "no-config": (remove("config.json"), 2, "config.json"),
    "no-weights": (remove("model.safetensors"), 2, "safetensors"),
    "config-garbage": (config_text(b"\xff\xfe{]"), 2, "config.json"),
    "config-list": (config_text(b"[]"), 2, "config.json"),
    "config-deep": (config_text(b'{"a":' * 5000), 2, "config.json"),
    "type-unknown": (on_config(model_type="gpt5"), 3, "gpt5"),
    "type-missing": (on_config(model_type=None), 2, "model_type"),
    "type-number": (on_config(model_type=7), 2, "model_type"),
    "activation-unknown": (on_config(hidden_act="sparkle"), 3, "sparkle"),
    "positions-relative": (on_config(position_embedding_type="relative_key"), 3, "relative_key"),
    "heads-odd": (on_config(num_attention_heads=5), 2, "num_attention_heads"),
    "heads-zero": (on_config(num_attention_heads=0), 2, "num_attention_heads"),
    "hidden-negative": (on_config(hidden_size=-64), 2, "hidden_size"),
    "hidden-text": (on_config(hidden_size="wide"), 2, "hidden_size"),
    "layers-huge": (on_config(num_hidden_layers=10**9), 2, "num_hidden_layers"),
    "layers-beyond": (on_config(num_hidden_layers=10**30), 2, "num_hidden_layers"),
    "layers-more": (on_config(num_hidden_layers=3), 2, "encoder.layer.2"),
    "vocabulary-huge": (on_config(vocab_size=2**62), 2, "vocab_size"),
    "vocabulary-other": (on_config(vocab_size=200), 2, "word_embeddings"),
    "epsilon-negative": (on_config(layer_norm_eps=-1.0), 2, "layer_norm_eps"),
    "positions-zero": (on_config(max_position_embeddings=0), 2, "max_position_embeddings"),
}


def check(name, model, scratch):
    change, status, message = CASES[name]
    folder, out = os.path.join(scratch, name), os.path.join(scratch, name + "-out")
    os.makedirs(out)
    shutil.copytree(model, folder, ignore=shutil.ignore_patterns("*x*"))
    change(folder)
    command = ["attune", "compile", folder, "-o", os.path.join(out, "program")]
    run = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, timeout=300)
    problems = []
    if run.returncode != status and (status or run.returncode not in (2, 3)):
        problems.append(f"exited with {run.returncode}, expected {status}")
    if message not in run.stderr:
        problems.append(f"does not mention {message}")
    if run.stderr.count("\n") > 24 or len(run.stderr) > 4000:
        problems.append("says more than a screen")
    if left := os.listdir(out):
        problems.append(f"left {left}")
    shutil.rmtree(folder)
    for problem in problems:
        print(f"{name} {problem}:\n{run.stderr[:2000]}")
    return not problems


def main():
    model, scratch = sys.argv[1:]
    shutil.rmtree(scratch, ignore_errors=True)
    failures = [name for name in CASES if not check(name, model, scratch)]
    print(f"{len(CASES)} broken models, failures: {failures}")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
