#!/usr/bin/env python3
"""Measures linear attention: against torch, by length, by position, and against softmax attention.

    linear_attention.py [-t 2] [-r 7] [--length=16384] [--longest=131072] [--parts=torch,rules,lengths,decode,crossover]
                        [--no-torch] [--write PAGE.md] [--plot FILE.svg] [--attune build/bin/attune] [--keep FOLDER]

8 heads of 64, batch 1, features elu + 1, f32, default schedules. Every kernel is a library of its own, called in this process
on NumPy arrays, in turn with what it is compared with; the order rotates from round to round. All results are compared with
float64 references before anything is timed. --write puts the tables into a page, between the markers BEGIN and END
linear_attention. Needs NumPy, and torch unless --no-torch; scripts/bench/linear brings both.
"""

import argparse
import os
import statistics
import sys
import tempfile

import numpy as np

import bench_page as page
import linear_kernels as kernels
from linear_kernels import HEADS, SIZE, Kernel, tokens

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CHECKED = 300
PLAIN = {"denominator": False}
NORMED = {"denominator": False, "norm": "sum"}
KINDS = {
    "causal": {},
    "full": {"full": True},
    "sum rule": PLAIN,
    "delta rule": {"rule": "delta", **PLAIN},
    "sum rule, normed": NORMED,
    "delta rule, normed": {"rule": "delta", **NORMED},
    "carried": {"past": True},
}


class Bench:
    """The options, the kernels compiled so far, and arrays that all lengths share the beginnings of."""

    def __init__(self, options, folder):
        self.options, self.folder, self.compiled = options, folder, {}
        random = np.random.default_rng(1)
        longest = max(options.length, options.longest, CHECKED, 100001)
        self.q, self.k, self.v = (tokens(random, longest) for _ in range(3))
        # |elu1(k)|^2 is near 128, and updates are stable up to 2 / |k|^2.
        self.rates = (1 / (1 + np.exp(-random.standard_normal((1, longest, HEADS), dtype=np.float32)))).astype(np.float32)
        self.result = np.zeros_like(self.q)

    def kernel(self, name, text):
        if name not in self.compiled:
            file = name.replace(" ", "-").replace(",", "")
            self.compiled[name] = Kernel(self.options.attune, self.folder, file, text, self.options.t)
        return self.compiled[name]

    def beta(self, kind, length):
        scale = 1 if "norm" in KINDS[kind] else 1 / 128
        return np.ascontiguousarray(self.rates[:, :length] * np.float32(scale))

    def linear(self, kind, length, result=None):
        """A function that runs a kernel on the first tokens, the arrays it writes, and the kernel."""
        settings = KINDS[kind]
        kernel = self.kernel(kind, kernels.linear(**settings))
        inputs = {"q": self.q[:, :length], "k": self.k[:, :length], "v": self.v[:, :length]}
        outputs = {"result": self.result[:, :length] if result is None else result,
                   "state": np.empty((1, HEADS, SIZE, SIZE), np.float32)}
        if settings.get("denominator", True):
            outputs["sum"] = np.empty((1, HEADS, SIZE), np.float32)
        if settings.get("rule") == "delta":
            inputs["beta"] = self.beta(kind, length)
        if settings.get("past"):
            inputs["past"], inputs["past_sum"] = np.zeros_like(outputs["state"]), np.zeros_like(outputs["sum"])
        return kernel.prepare(inputs, outputs), outputs, kernel

    def softmax(self, causal, queries, keys, first=0):
        kernel = self.kernel(f"softmax {'causal' if causal else 'full'}", kernels.softmax(causal))
        return kernel.prepare({"q": self.q[:, first:first + queries], "k": self.k[:, :keys], "v": self.v[:, :keys]},
                              {"result": self.result[:, :queries]})


def agree(what, got, wanted, tolerance=1e-5):
    scale = max(1.0, float(np.abs(wanted).max()))
    difference = float(np.abs(got.astype(np.float64) - wanted).max()) / scale
    if not difference <= tolerance:
        sys.exit(f"{what}: differs by {difference} of the largest value, expected at most {tolerance}")


def check(bench):
    """Every kernel against a float64 reference, at lengths around a chunk and a longer one."""
    for kind, settings in KINDS.items():
        for length in (1, 33, CHECKED):
            run, outputs, _ = bench.linear(kind, length)
            run()
            beta = bench.beta(kind, length) if settings.get("rule") == "delta" else None
            others = {name: value for name, value in settings.items() if name not in ("rule", "past")}
            wanted = kernels.reference(bench.q[:, :length], bench.k[:, :length], bench.v[:, :length], beta, **others)
            for name, array, value in zip(outputs, outputs.values(), wanted):
                agree(f"{kind}, {length} tokens, {name}", array, value, 1e-4 if beta is not None else 1e-5)
    for causal in (False, True):
        for queries, keys in ((CHECKED, CHECKED), (1, CHECKED)):
            bench.softmax(causal, queries, keys)()
            agree(f"softmax, {queries} of {keys}", bench.result[:, :queries],
                  kernels.softmax_reference(bench.q[:, :queries], bench.k[:, :keys], bench.v[:, :keys], causal))


def milliseconds(value):
    return f"{value:.4f}" if value < 1 else f"{value:.2f}"


def compare_torch(bench):
    import linear_torch as other
    import torch

    torch.set_num_threads(bench.options.t)
    torch.set_grad_enabled(False)

    def heads_first(array):
        return torch.from_numpy(np.ascontiguousarray(array[0].reshape(array.shape[1], HEADS, -1).transpose(1, 0, 2)))

    def packed(result):
        return result.numpy().transpose(1, 0, 2).reshape(1, -1, HEADS * SIZE)

    def arguments(length):
        q, k, v = (heads_first(array[:, :length]) for array in (bench.q, bench.k, bench.v))
        return q, k, v, heads_first(bench.beta("delta rule", length))[..., 0].contiguous()

    def variants(kind, length):
        q, k, v, beta = arguments(length)
        if kind == "full":
            return {"": lambda: other.full(q, k, v)}
        if kind == "delta rule":
            return {f"chunk {c}": (lambda c=c: other.delta(q, k, v, beta, c)) for c in other.CHUNKS}
        return {f"{name}, chunk {c}": (lambda function=function, c=c: function(q, k, v, c))
                for name, function in other.CAUSAL.items() for c in other.CHUNKS}

    rows, notes = [], []
    for kind in ("causal", "full", "delta rule"):
        run, outputs, _ = bench.linear(kind, 512)
        run()
        for name, variant in variants(kind, 512).items():
            agree(f"torch, {kind} {name}", packed(variant()), outputs["result"], 1e-4)
        all_variants = variants(kind, bench.options.length)
        times = other.fastest(all_variants, bench.options.tries)
        # Which one is fastest is settled among the first three, in turn with Attune.
        chosen = [name for name in ("at once, chunk 64", "chunk 64") if name in all_variants]
        chosen = list(dict.fromkeys(chosen + sorted(times, key=times.get)[:3]))
        run, outputs, _ = bench.linear(kind, bench.options.length)
        taken = page.in_turn([run, *(all_variants[name] for name in chosen)], bench.options.r)
        best = min(range(len(chosen)), key=lambda i: min(taken[i + 1]))
        agree(f"torch, {kind}", packed(all_variants[chosen[best]]()), outputs["result"], 1e-3)
        for i, (name, of) in enumerate(zip(chosen, taken[1:])):
            smallest, middle = page.ratios(of, taken[0])
            rows.append((kind, name + (" (fastest)" if i == best and len(times) > 1 else ""),
                         milliseconds(min(taken[0])), milliseconds(statistics.median(taken[0])),
                         milliseconds(min(of)), milliseconds(statistics.median(of)), f"{smallest:.2f}", f"{middle:.2f}"))
        if len(times) > 1:
            notes.append(f"{kind}: " + ", ".join(f"{name} {seconds * 1e3:.0f}" for name, seconds in times.items()))
    text = (f"\nAgainst torch {torch.__version__.split('+')[0]}, {bench.options.length} tokens; torch's tensors are [heads, length, "
            "size], without time for transposing:\n\n")
    text += page.table(("attention", "torch's variant", "Attune min ms", "median", "torch min ms", "median", "ratio min",
                        "ratio median"), rows)
    return text + "\nAll of torch's variants, ms of the fastest run: " + "; ".join(notes) + ".\n"


def compare_rules(bench):
    length = bench.options.length
    rows = []
    for first, second in (("sum rule", "delta rule"), ("sum rule, normed", "delta rule, normed"), ("causal", "delta rule")):
        runs = [bench.linear(kind, length)[0] for kind in (first, second)]
        taken = page.in_turn(runs, bench.options.r)
        smallest, middle = page.ratios(taken[1], taken[0])
        label = {"causal": "sum rule with denominator"}.get(first, first)
        rows.append((f"{second} / {label}", *(milliseconds(f(of)) for of in taken for f in (min, statistics.median)),
                     f"{smallest:.3f}", f"{middle:.3f}"))
    text = (f"\nThe delta rule against the sum rule, {length} tokens, with the same features and without a denominator unless it says "
            "so (normed: features divided by their sum, as the delta rule's paper has them):\n\n")
    return text + page.table(("rules", "sum min ms", "median", "delta min ms", "median", "ratio min", "ratio median"), rows)


def peak_growth(run):
    """Bytes by which a call's peak of resident memory is above what was resident before; None where Linux does not say."""
    def status(name):
        with open("/proc/self/status", encoding="ascii") as file:
            return next(int(line.split()[1]) << 10 for line in file if line.startswith(name + ":"))
    try:
        with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
            file.write("5")
        before = status("VmRSS")
        run()
        return max(0, status("VmHWM") - before)
    except (OSError, StopIteration):
        return None


def by_length(bench):
    lengths = [n for n in (1 << power for power in range(10, 18)) if n <= bench.options.longest]
    runs, rows, sizes = [], [], []
    for length in lengths:
        run, outputs, kernel = bench.linear("causal", length)
        # The library's own figure is for a call that leaves out outputs, which are then in the workspace.
        sizes.append(kernel.workspace(1, length) - sum(array.nbytes for array in outputs.values()))
        bench.result[:, :length] = 0
        runs.append((run, peak_growth(run)))
    taken = page.in_turn([run for run, _ in runs], max(3, bench.options.r))
    for length, of, size, (_, grown) in zip(lengths, taken, sizes, runs):
        rows.append((length, milliseconds(min(of)), milliseconds(statistics.median(of)), f"{min(of) * 1e6 / length:.0f}", size,
                     "" if grown is None else f"{grown / 1024:.0f}"))
    fit = [page.exponent(lengths, [f(of) for of in taken]) for f in (min, statistics.median)]
    series = [("linear, causal", lengths, [min(of) for of in taken])]
    text = (f"\nCausal, by length; time grows as length to the power {fit[0]:.3f} (shortest times; {fit[1]:.3f} by medians). Memory is "
            "what the call needs beside its inputs and outputs, by the library's figure, and by what became resident in "
            "the first call:\n\n")
    text += page.table(("tokens", "min ms", "median", "ns a token", "workspace bytes", "peak growth KB"), rows)
    return text, series


def by_position(bench):
    """Decode steps after prefixes: linear attention carries its state, softmax reads keys and values of all tokens."""
    positions = [100, 1000, 10000, 100000]
    linear_runs, softmax_runs = [], []
    for position in positions:
        run, outputs, kernel = bench.linear("carried", position)
        run()
        last = slice(position, position + 1)
        inputs = {name: np.ascontiguousarray(array[:, last]) for name, array in (("q", bench.q), ("k", bench.k), ("v", bench.v))}
        # Each step's state is the next one's past.
        states = [(outputs["state"], outputs["sum"]), (np.empty_like(outputs["state"]), np.empty_like(outputs["sum"]))]
        result = np.empty_like(inputs["q"])
        steps = [kernel.prepare(dict(inputs, past=states[i][0], past_sum=states[i][1]),
                                {"result": result, "state": states[1 - i][0], "sum": states[1 - i][1]}) for i in (0, 1)]

        def two(steps=steps):
            steps[0]()
            steps[1]()

        if position <= 1000:
            steps[0]()
            wanted = kernels.reference(*(array[:, :position + 1] for array in (bench.q, bench.k, bench.v)))
            agree(f"step at {position}", result, wanted[0][:, -1:])
            agree(f"state at {position}", states[1][0], wanted[1])
        linear_runs.append(two)
        softmax_runs.append(bench.softmax(True, 1, position + 1, position))
    ours = [[t / 2 for t in of] for of in page.in_turn(linear_runs, 4 * bench.options.r, repeat=100)]
    theirs = page.in_turn(softmax_runs, bench.options.r, repeat=3)
    rows = [(position, *(f"{f(of) * 1e3:.1f}" for of in (a, b) for f in (min, statistics.median)))
            for position, a, b in zip(positions, ours, theirs)]
    smallest = [min(of) for of in ours]
    text = (f"\nOne token with a carried state, after a prefix; the slowest of the four positions takes {max(smallest) / min(smallest):.3f} "
            "times the fastest (shortest times). Beside it the softmax kernel reading keys and values of all tokens, "
            "without any copy of them:\n\n")
    return text + page.table(("position", "linear min us", "median", "softmax min us", "median"), rows)


def crossing(lengths, linear, softmax):
    """The length from which on linear attention is faster, between two measured ones by their logarithms."""
    gaps = [np.log(a / b) for a, b in zip(linear, softmax)]
    last = max((i for i, gap in enumerate(gaps) if gap > 0), default=None)
    if last is None:
        return f"below {lengths[0]}"
    if last + 1 == len(lengths):
        return f"above {lengths[-1]}"
    part = gaps[last] / (gaps[last] - gaps[last + 1])
    return f"{2 ** (np.log2(lengths[last]) + part * np.log2(lengths[last + 1] / lengths[last])):.0f}"


def crossover(bench):
    lengths = [n for n in (16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192) if n <= bench.options.longest]
    rows, points, ends = {n: [n] for n in lengths}, [], []
    for causal in (True, False):
        shortest = []
        for length in lengths:
            pair = [bench.linear("causal" if causal else "full", length)[0], bench.softmax(causal, length, length)]
            taken = page.in_turn(pair, 3 if length > 2048 else bench.options.r, repeat=max(1, 512 // length))
            shortest.append([min(of) for of in taken])
            rows[length] += [milliseconds(min(of)) for of in taken] + [f"{page.ratios(taken[1], taken[0])[1]:.2f}"]
        linear, softmax = zip(*shortest)
        points.append(crossing(lengths, linear, softmax))
        ends.append((f"softmax, {'causal' if causal else 'full'}", lengths, list(softmax)))
    text = (f"\nAgainst Attune's softmax attention, ms of the fastest run and the median of the rounds' ratios: linear attention is faster from "
            f"{points[0]} tokens on when causal, from {points[1]} on when full:\n\n")
    text += page.table(("tokens", "causal linear", "softmax", "ratio", "full linear", "softmax", "ratio"), rows.values())
    return text, ends[:1]


def measure(options, folder):
    bench = Bench(options, folder)
    check(bench)
    text = (f"8 heads of 64, batch 1, elu + 1, f32, {options.t} threads, {options.r} rounds in turn, {page.cpu_name()}. A ratio above 1 says that "
            "Attune's linear attention is faster.\n")
    series = []
    if "torch" in options.parts and not options.no_torch:
        text += compare_torch(bench)
    if "rules" in options.parts:
        text += compare_rules(bench)
    for part, function in (("lengths", by_length), ("crossover", crossover)):
        if part in options.parts:
            more, lines = function(bench)
            text, series = text + more, series + lines
        if part == "lengths" and "decode" in options.parts:
            text += by_position(bench)
    if options.plot and series:
        page.plot(options.plot, "Attention of 8 heads of 64, ms by length", series, "tokens", "ms")
        text += f"\n![Time by length]({os.path.basename(options.plot)})\n"
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-t", type=int, default=2)
    parser.add_argument("-r", type=int, default=7)
    parser.add_argument("--tries", type=int, default=2, help="runs of each of torch's variants to find the fastest")
    parser.add_argument("--length", type=int, default=16384)
    parser.add_argument("--longest", type=int, default=kernels.MAX_LENGTH)
    parser.add_argument("--parts", type=lambda text: text.split(","),
                        default=["torch", "rules", "lengths", "decode", "crossover"])
    parser.add_argument("--no-torch", action="store_true")
    parser.add_argument("--write")
    parser.add_argument("--plot")
    parser.add_argument("--keep", help="folder for the compiled kernels (default: one that is removed)")
    parser.add_argument("--attune", default=os.path.join(ROOT, "build", "bin", "attune"))
    options = parser.parse_args()
    if options.length % 256:
        sys.exit("--length: expected a multiple of 256, torch's largest chunk")
    if options.keep:
        text = measure(options, options.keep)
    else:
        with tempfile.TemporaryDirectory() as folder:
            text = measure(options, folder)
    print(text, end="")
    if options.write:
        page.write_part(options.write, "linear_attention", text)


if __name__ == "__main__":
    main()
