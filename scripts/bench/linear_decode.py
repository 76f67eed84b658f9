#!/usr/bin/env python3
"""Times generation by a linear decoder against softmax decoders with caches, batch 1, and all of them in turn.

    linear_decode.py [-t 2] [-r 2] [--steps=784,3072] [--layers=6] [--hidden=512] [--heads=8] [--ffn=2048] [--no-torch]
                     [--write PAGE.md] [--attune build/bin/attune]

The models are those of examples/models/linear-transformer.yaml and transformer-decoder.yaml with random weights, the same for
both. Generations go on in turn, a block of steps each, every step with the token that the one before found most likely; the
time of n steps is the sum of the first n. Before that, each one's logits are compared with a float64 reference.
`cache copied` is the compiled softmax decoder: what it hands on are new arrays, into which each step copies all keys and
values. `cache in place` is a bound for one that does not: a step of the linear decoder and, for each layer, a call of
Attune's softmax attention kernel on keys and values of that layer which stay where they are. --write puts the table
into a page, between the markers BEGIN and END linear_decode. Needs NumPy, and torch unless --no-torch; scripts/bench/linear
brings both.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

import bench_page as page
import linear_kernels as kernels
from attune_library import Model, describe

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "scripts", "golden"))

import linear_reference  # noqa: E402
import make_linear_golden as golden  # noqa: E402
import random_weights  # noqa: E402

BLOCK = 16  # steps of one before it is the next one's turn
CHECKED = 24
LINEAR, COPIED, IN_PLACE = "Attune, linear", "Attune, softmax, cache copied", "Attune, softmax, cache in place"


def description(options, linear):
    attention = {"heads": options.heads}
    if linear:
        attention.update(kind="linear", linear={"features": {"kind": "elu1"}, "denominator": 1e-6})
    return {
        "name": "linear" if linear else "softmax", "family": "decoder", "topology": "decoder", "vocabulary_size": 256,
        "hidden_size": options.hidden, "layers": options.layers, "position": {"kind": "sinusoidal", "rows": 4096},
        "norm": {"epsilon": 1e-5, "embedding_norm": False, "final_norm": True}, "attention": attention,
        "ffn": {"dim": options.ffn, "activation": "relu"}, "head": {"tied": False, "bias": True},
        "weights": {"scheme": "attune", "path": "model.safetensors"},
    }


def compile_model(options, folder, model, weights):
    path = os.path.join(folder, model["name"])
    os.makedirs(path)
    with open(os.path.join(path, "model.yaml"), "w", encoding="utf-8") as file:
        file.write(golden.to_yaml(model))
    golden.write_safetensors(os.path.join(path, "model.safetensors"), weights)
    run = subprocess.run([options.attune, "compile", os.path.join(path, "model.yaml"), "-q", "-o", os.path.join(path, "model"),
                          "--emit=shared", "--prefix=model", "--optimize-for=batch=1,length=1"],
                         capture_output=True, text=True, check=False)
    if run.returncode != 0:
        sys.exit(run.stderr)
    return Model(os.path.join(path, "libmodel.so"), "model", options.t)


class Decoder:
    """A compiled decoder and what it carries: two sets of arrays, each step reads one and writes the other."""

    def __init__(self, model, options, linear, capacity):
        self.model, self.linear = model, linear
        self.ids, self.positions = np.zeros((1, 1), np.int64), np.zeros((1, 1), np.int64)
        self.logits = np.zeros((1, 1, 256), np.float32)
        size = options.hidden // options.heads
        shapes = ({"state": (1, options.heads, size, size), "sum": (1, options.heads, size)} if linear
                  else {"key": (1, capacity, options.hidden), "value": (1, capacity, options.hidden)})
        sets = [{f"{layer}.{part}": np.zeros(shape, np.float32) for layer in range(options.layers)
                 for part, shape in shapes.items()} for _ in range(2)]
        self.keep = sets
        self.calls = []
        for past, present in (sets, sets[::-1]):
            ins = describe({"input_ids": self.ids, "position_ids": self.positions,
                            **{f"past.{name}": array for name, array in past.items()}})
            outs = describe({"logits": self.logits, **{f"present.{name}": array for name, array in present.items()}})
            self.calls.append((ins, outs))
        self.width = options.hidden
        self.forward = model.function("forward")

    def begin(self):
        for arrays in self.keep:
            for array in arrays.values():
                array.fill(0)

    def step(self, token, position):
        self.ids[0, 0], self.positions[0, 0] = token, position
        ins, outs = self.calls[position % 2]
        if not self.linear:
            # Keys and values so far, and those with this token's behind them.
            for tensors, first, length in ((ins, 2, position), (outs, 1, position + 1)):
                for i in range(first, len(tensors)):
                    tensors[i].dims[1] = length
                    tensors[i].bytes = length * self.width * 4
        if self.forward(self.model.handle, ins, len(ins), outs, len(outs), None, 0) != 0:
            sys.exit(self.model.function("error")().decode())
        return int(self.logits.argmax())


class InPlace:
    """A step of the linear decoder, and beside it each layer's softmax attention over a cache that nobody copies."""

    def __init__(self, decoder, kernel, layers, capacity):
        self.decoder, self.model = decoder, kernel.model
        self.forward = self.model.function("forward")
        random = np.random.default_rng(2)
        self.query = kernels.tokens(random, 1)
        self.result = np.empty_like(self.query)
        self.caches = [(kernels.tokens(random, capacity), kernels.tokens(random, capacity)) for _ in range(layers)]
        self.outs = describe({"result": self.result})
        self.ins = [describe({"q": self.query, "k": k, "v": v}) for k, v in self.caches]

    def begin(self):
        self.decoder.begin()

    def step(self, token, position):
        token = self.decoder.step(token, position)
        for ins in self.ins:
            for i in (1, 2):
                ins[i].dims[1] = position + 1
                ins[i].bytes = (position + 1) * kernels.WIDTH * 4
            if self.forward(self.model.handle, ins, 3, self.outs, 1, None, 0) != 0:
                sys.exit(self.model.function("error")().decode())
        return token


def check(name, decoder, model, weights):
    """Logits of the first steps, on tokens that are given, against float64."""
    ids = np.random.default_rng(3).integers(0, 256, (1, CHECKED))
    wanted, _ = linear_reference.run(model, weights, ids, np.ones_like(ids))
    decoder.begin()
    for position in range(CHECKED):
        decoder.step(int(ids[0, position]), position)
        difference = np.abs(np.asarray(decoder.logits).reshape(-1) - wanted[0, position]).max() / max(1, np.abs(wanted).max())
        if not difference <= 1e-5:
            sys.exit(f"{name}: logits of step {position} differ by {difference}")


def generate(decoders, steps):
    """Seconds that each one's steps took, added up step by step: [decoder][steps + 1]."""
    taken = {name: [0.0] for name in decoders}
    tokens = dict.fromkeys(decoders, 1)
    for decoder in decoders.values():
        decoder.begin()
    names = list(decoders)
    for block, first in enumerate(range(0, steps, BLOCK)):
        for name in names[block % len(names):] + names[:block % len(names)]:
            step, token, sums = decoders[name].step, tokens[name], taken[name]
            time.sleep(0.005)
            begin = time.perf_counter()
            before = sums[-1]
            for position in range(first, min(first + BLOCK, steps)):
                token = step(token, position)
                sums.append(before + time.perf_counter() - begin)
            tokens[name] = token
    return taken


def table(options, rounds):
    rows = []
    for steps in options.steps:
        ours = [taken[LINEAR][steps] for taken in rounds]
        for name in rounds[0]:
            of = [taken[name][steps] for taken in rounds]
            ratios = page.ratios(of, ours)
            rows.append((f"{steps}, {name}", f"{min(of):.2f}", f"{statistics.median(of):.2f}", f"{steps / min(of):.0f}",
                         *(("", "") if name == LINEAR else (f"{ratio:.2f}" for ratio in ratios))))
    text = (f"{options.layers} layers, {options.hidden} wide, {options.heads} heads, batch 1, {options.t} threads, {len(rounds)} generations of each "
            f"in turn, {page.cpu_name()}. The ratio is to Attune's linear decoder; the paper's on a CPU is 1.6.\n\n")
    text += page.table(("steps, decoder", "min s", "median s", "steps a second", "ratio min", "ratio median"), rows)
    return text + (
        "\n`cache copied` is what Attune compiles today: keys and values of all tokens are copied to new arrays in every step. "
        "`cache in place` is a bound for a softmax decoder without that copy: a step of the linear decoder plus the softmax "
        "kernel of each layer on arrays that stay in place, a little more work than such a decoder has (the states, and "
        "the calls); its keys and values are random. torch's caches are allocated at full length and written in place, and it has "
        "as many threads as it is fastest with, up to the same number.\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-t", type=int, default=2)
    parser.add_argument("-r", type=int, default=2)
    parser.add_argument("--steps", type=lambda text: [int(part) for part in text.split(",")], default=[784, 3072])
    for name, value in (("layers", 6), ("hidden", 512), ("heads", 8), ("ffn", 2048)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--no-torch", action="store_true")
    parser.add_argument("--write")
    parser.add_argument("--attune", default=os.path.join(ROOT, "build", "bin", "attune"))
    options = parser.parse_args()
    longest = max([*options.steps, CHECKED])
    if longest > 4096:
        sys.exit("--steps: expected at most 4096, the rows of positions")
    models = {linear: description(options, linear) for linear in (True, False)}
    weights = {name: random_weights.tensor(1, name, shape) for name, shape in golden.shapes(models[True]).items()}
    with tempfile.TemporaryDirectory() as folder:
        libraries = {linear: compile_model(options, folder, model, weights) for linear, model in models.items()}
        decoders = {LINEAR: Decoder(libraries[True], options, True, longest),
                    COPIED: Decoder(libraries[False], options, False, longest)}
        checks = {LINEAR: True, COPIED: False}
        if (options.heads, options.hidden) == (kernels.HEADS, kernels.WIDTH):
            kernel = kernels.Kernel(options.attune, folder, "attention", kernels.softmax(True), options.t)
            decoders[IN_PLACE] = InPlace(Decoder(libraries[True], options, True, longest), kernel, options.layers, longest)
        if not options.no_torch:
            import linear_decode_torch as other

            for name, linear in (("torch, softmax, cache in place", False), ("torch, linear", True)):
                decoder = other.Decoder(models[linear], weights, longest, options.t)
                name += f", {decoder.threads} threads"
                decoders[name], checks[name] = decoder, linear
        for name, linear in checks.items():
            check(name, decoders[name], models[linear], {n: w.astype(np.float64) for n, w in weights.items()})
        generate(decoders, min(2 * BLOCK, longest))
        text = table(options, [generate(decoders, max(options.steps)) for _ in range(options.r)])
    print(text, end="")
    if options.write:
        page.write_part(options.write, "linear_decode", text)


if __name__ == "__main__":
    main()
