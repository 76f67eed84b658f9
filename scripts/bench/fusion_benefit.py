#!/usr/bin/env python3
"""Measures what each fusion gains: a model with all of them against the same with one left out.

    fusion_benefit.py MODEL [-b 1] [-p 128] [-t 2] [-r 40] [-o md|json] [--write PAGE.md]
                      [--attune build/bin/attune] [-- OPTION OF attune compile...]

Compiles the model once for each fusion that has candidates in it and once without any, loads all of them into one process,
and runs them in turn, the order rotated from round to round, so that what the machine does meanwhile meets all. A
ratio is the time with that fusion left out over the time with all: above 1 the fusion gains. Outputs must agree. --write puts
the table into a page, between the markers BEGIN and END fusion_benefit. Needs NumPy.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

from attune_library import Model

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MARKERS = ("<!-- BEGIN fusion_benefit -->\n", "<!-- END fusion_benefit -->\n")
NONE = "(none)"
ALL = "all"


def attune(options, *words):
    run = subprocess.run([options.attune, *words], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        sys.exit(f"attune {' '.join(words)}\n{run.stderr}")
    return run.stdout


def count_candidates(options):
    """Of each fusion: how many candidates it fuses in the model, and how many it finds."""
    patterns = json.loads(attune(options, "explain", "--list", "--format=json"))
    found = json.loads(attune(options, "explain", options.model, "--format=json"))
    counts = {}
    for pattern in patterns:
        outcomes = [entry["outcome"] for entry in found if entry["pattern"] == pattern["pattern"]]
        fused, candidates = counts.get(pattern["fusion"], (0, 0))
        counts[pattern["fusion"]] = (fused + outcomes.count("fused"), candidates + len(outcomes))
    return counts


def load(options, folder, number, left_out):
    """The model with a fusion left out, as a library of its own."""
    words = [] if left_out == NONE else [f"--no-fuse={left_out}"]
    path = os.path.join(folder, str(number), "model")
    attune(options, "compile", options.model, "-q", "-o", path, "--emit=shared", "--prefix=model", *words, *options.compile)
    return Model(os.path.join(folder, str(number), "libmodel.so"), "model", options.t)


def make_inputs(info, sizes):
    """Tensors for what the model asks for: ones for masks, else small numbers that any vocabulary has."""
    random = np.random.default_rng(1)
    inputs = {}
    for entry in info["inputs"]:
        if entry["optional"]:
            continue
        shape = [sizes[extent] if isinstance(extent, str) else extent for extent in entry["shape"]]
        if "int" in entry["type"]:
            inputs[entry["name"]] = random.integers(0, 2, shape).astype(entry["type"])
        else:
            inputs[entry["name"]] = random.standard_normal(shape).astype(entry["type"])
    return inputs


def make_outputs(info, sizes):
    return {
        entry["name"]: np.empty([sizes[extent] if isinstance(extent, str) else extent for extent in entry["shape"]],
                                entry["type"])
        for entry in info["outputs"]
    }


def check_outputs(name, got, wanted):
    for output, array in got.items():
        difference = float(np.abs(array.astype(np.float64) - wanted[output]).max(initial=0))
        if not difference <= 1e-3:
            sys.exit(f"without {name}: '{output}' differs by {difference}")


def measure(runs, rounds):
    """Milliseconds of each, one run a round, in rotated order."""
    for run in runs * 2:
        run()
    times = [[] for _ in runs]
    for number in range(rounds):
        for k in range(len(runs)):
            which = (number + k) % len(runs)
            # The threads of the one before may still be spinning for work.
            time.sleep(0.01)
            runs[which]()
            begin = time.perf_counter()
            runs[which]()
            times[which].append((time.perf_counter() - begin) * 1e3)
    return times


def benefit(options):
    info = json.loads(attune(options, "info", options.model, "--format=json"))
    counts = count_candidates(options)
    # Without candidates there is nothing to leave out.
    names = [NONE, *(name for name, (_, candidates) in counts.items() if candidates), ALL]
    sizes = {"batch": options.b, "length": options.p}
    for symbol in info["symbols"]:
        if symbol["max"] and sizes.get(symbol["name"], 1) > symbol["max"]:
            sys.exit(f"{symbol['name']}: expected at most {symbol['max']}, which is the model's largest")
    inputs = make_inputs(info, sizes)
    outputs = [make_outputs(info, sizes) for _ in names]
    with tempfile.TemporaryDirectory() as folder:
        models = [load(options, folder, number, name) for number, name in enumerate(names)]
        runs = [model.prepare(inputs, output) for model, output in zip(models, outputs)]
        times = measure(runs, options.r)
        for name, output in zip(names, outputs):
            check_outputs(name, output, outputs[0])
        for model in models:
            model.close()
    rows = []
    for name, of in zip(names, times):
        fused, candidates = counts.get(name, (None, None))
        rows.append({
            "left_out": name, "fused": fused, "candidates": candidates,
            "ms_min": min(of), "ms_median": statistics.median(of),
            "ratio_min": min(of) / min(times[0]),
            "ratio_median": statistics.median(of) / statistics.median(times[0]),
        })
    return info["name"], rows


def cpu_name():
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            return re.search(r"^model name\s*: (.*)$", file.read(), re.M).group(1)
    except (OSError, AttributeError):
        return "unknown CPU"


def table(options, name, rows):
    text = (f"{name}, batch {options.b}, length {options.p}, {options.t} threads, {options.r} rounds, {cpu_name()}:\n\n"
            "| left out | fused of candidates | min ms | median ms | ratio min | ratio median |\n"
            "|---|--:|--:|--:|--:|--:|\n")
    for row in rows:
        found = "" if row["fused"] is None else f"{row['fused']} of {row['candidates']}"
        text += (f"| {row['left_out']} | {found} | {row['ms_min']:.3f} | {row['ms_median']:.3f} "
                 f"| {row['ratio_min']:.3f} | {row['ratio_median']:.3f} |\n")
    return text


def write_page(path, text):
    with open(path, encoding="utf-8") as file:
        page = file.read()
    begin, end = (page.find(marker) for marker in MARKERS)
    if begin < 0 or end < begin:
        sys.exit(f"{path}: expected the lines {' and '.join(marker.strip() for marker in MARKERS)}")
    page = page[: begin + len(MARKERS[0])] + text + page[end:]
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(page)
    os.replace(path + ".new", path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("-b", type=int, default=1)
    parser.add_argument("-p", type=int, default=128)
    parser.add_argument("-t", type=int, default=2)
    parser.add_argument("-r", type=int, default=40)
    parser.add_argument("-o", choices=["md", "json"], default="md")
    parser.add_argument("--write")
    parser.add_argument("--attune", default=os.path.join(ROOT, "build", "bin", "attune"))
    parser.add_argument("compile", nargs="*", help="options of attune compile, behind --")
    options = parser.parse_args()
    name, rows = benefit(options)
    if options.write:
        write_page(options.write, table(options, name, rows))
    elif options.o == "json":
        print(json.dumps([dict(row, model=name, batch=options.b, length=options.p, threads=options.t) for row in rows],
                         indent=1))
    else:
        print(table(options, name, rows), end="")


if __name__ == "__main__":
    main()
