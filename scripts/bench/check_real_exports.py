#!/usr/bin/env python3
"""Checks what Attune makes of ONNX exports of published sizes, and times it against onnxruntime.

    scripts/golden/onnx_exports.py --size=base --folder=FOLDER
    check_real_exports.py FOLDER [NAME...] [-t 2] [-r 10] [-o md|json] [--write PAGE.md] [--directory MODEL=DIRECTORY]...
                          [--attune build/bin/attune] [--scratch DIRECTORY]

FOLDER has the exports and golden/MODEL/SIZES/INPUT.npy, as the first command makes them. Each is compiled with --require for
attention and norms, and run with all SIZES; the error is the largest difference from onnxruntime's outputs relative to the
largest of an output's values, and must be at most 1e-4. Attentions and norms are counted in the fused model: fused of all
candidates, a softmax that is left counting as an attention that was missed. Times are of the largest SIZES of batch 1,
Attune and onnxruntime (and the same model compiled from a Hugging Face --directory) taking turns. Compile time and memory are those of
`attune compile --emit=shared`, the wall clock's and the largest resident set.

Exit status 1 when an export fails, 2 when it is slower than its directory by more than 5 %. --write puts the table into a page
between the markers BEGIN and END real_exports (docs/results.md has them). Needs NumPy and onnxruntime.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import onnxruntime

from attune_library import Model
from compare_onnx_route import measure, median_ratio
from compare_onnxruntime import session
from fusion_benefit import cpu_name

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MARKERS = ("<!-- BEGIN real_exports -->\n", "<!-- END real_exports -->\n")
NORMS = ("layer-norm", "rms-norm")
LARGEST_ERROR = 1e-4
LARGEST_SLOWDOWN = 1.05


class Failure(Exception):
    """Why an export does not pass."""


def attune(options, *words):
    """Runs attune; returns its output, the seconds it took and the MiB it held."""
    begin = time.perf_counter()
    with tempfile.TemporaryFile() as messages:
        process = subprocess.Popen([options.attune, *words], stdout=subprocess.PIPE, stderr=messages)
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            messages.seek(0)
            text = messages.read().decode(errors="replace").strip()
            raise Failure(f"attune {' '.join(words)}: status {process.returncode}\n{text}")
    return output.decode(), time.perf_counter() - begin, usage.ru_maxrss / 1024


def count_fused(options, path, scratch):
    """(fused, candidates) of attentions and of norms."""
    found = json.loads(attune(options, "explain", path, "--format=json")[0])
    fused = os.path.join(scratch, "fused.mlir")
    attune(options, "compile", "-q", path, "--compile-to=fuse", "-o", fused)
    with open(fused, encoding="utf-8") as file:
        ops = re.findall(r"attune\.(\w+)(?=[( ])", file.read())
    os.remove(fused)
    attentions, norms = ops.count("attention"), ops.count("layer_norm") + ops.count("rms_norm")
    missed = [entry for entry in found if entry["outcome"] == "missed" and entry["pattern"] in ("attention", *NORMS)]
    for entry in missed:
        print(f"{path}: {entry['pattern']} missed at {entry['where']}: {entry['reason']}", file=sys.stderr)
    missed_norms = sum(entry["pattern"] in NORMS for entry in missed)
    missed_attentions = max(len(missed) - missed_norms, ops.count("softmax"))
    return (attentions, attentions + missed_attentions), (norms, norms + missed_norms)


def library(options, source, folder, *words):
    """Compiles to a library; returns it loaded, and the seconds and MiB that took."""
    _, seconds, memory = attune(options, "compile", "-q", source, "-o", os.path.join(folder, "model"), "--emit=shared",
                                "--prefix=model", *words)
    return Model(os.path.join(folder, "libmodel.so"), "model", options.t), seconds, memory


def read_case(folder):
    return {entry[:-len(".npy")]: np.load(os.path.join(folder, entry)) for entry in sorted(os.listdir(folder))}


def find_cases(folder, name):
    """The model that an export NAME is of, and its inputs by sizes."""
    golden = os.path.join(folder, "golden")
    models = [model for model in os.listdir(golden) if name.startswith(model + "-")]
    if not models:
        raise Failure(f"{golden} has no inputs for {name}")
    model = max(models, key=len)
    sizes = [tuple(map(int, entry.split("x"))) for entry in os.listdir(os.path.join(golden, model))]
    return model, {size: read_case(os.path.join(golden, model, "x".join(map(str, size)))) for size in sorted(sizes)}


def check_case(name, size, model, other, inputs):
    """Runs one case; returns the relative error and functions that run it again."""
    names = [output.name for output in other.get_outputs()]
    wanted = dict(zip(names, other.run(names, inputs)))
    got = {key: np.full(value.shape, np.nan, value.dtype) for key, value in wanted.items()}
    run = model.prepare(inputs, got)
    try:
        run()
    except RuntimeError as error:
        raise Failure(f"{name}, sizes {size}: {error}") from error
    off = 0.0
    for key, value in wanted.items():
        off = max(off, float(np.abs(got[key] - value).max() / np.abs(value).max()))
        if np.isnan(got[key]).any():
            off = float("nan")
    return off, run, lambda: other.run(names, inputs)


def check(options, name):
    path = os.path.join(options.folder, f"{name}.onnx")
    kind, cases = find_cases(options.folder, name)
    scratch = os.path.join(options.scratch, name)
    os.makedirs(scratch, exist_ok=True)
    try:
        attentions, norms = count_fused(options, path, scratch)
        row = {"model": kind, "export": name[len(kind) + 1:], "attentions": attentions, "norms": norms}
        patterns = {entry["pattern"] for entry in json.loads(attune(options, "explain", "--list", "--format=json")[0])}
        require = ",".join(pattern for pattern in ("attention", *NORMS) if pattern in patterns)
        model, row["compile_s"], row["compile_mib"] = library(options, path, scratch, f"--require={require}")
        other = session(path, options.t, True)
        row["error"], routes = 0.0, {}
        timed = max((size for size in cases if size[0] == 1), default=max(cases))
        for size, inputs in cases.items():
            off, run, reference = check_case(name, size, model, other, inputs)
            # The comparison must be one that no NaN passes.
            if not off <= row["error"]:
                row["error"], row["error_at"] = off, size
            if size == timed:
                routes = {"attune": run, "onnxruntime": reference}
        if kind in options.directories:
            folder = os.path.join(scratch, "directory")
            os.makedirs(folder)
            directory, _, _ = library(options, options.directories[kind], folder)
            given, got = cases[timed], np.empty_like(reference_output(other, cases[timed]))
            routes["directory"] = directory.prepare(given, {other.get_outputs()[0].name: got})
        times = dict(zip(routes, measure(list(routes.values()), options.r)))
        for route, values in times.items():
            row[f"{route}_ms"] = (min(values), statistics.median(values))
        row["sizes"] = timed
        row["onnxruntime_over_attune"] = median_ratio(times["onnxruntime"], times["attune"])
        if "directory" in times:
            row["attune_over_directory"] = median_ratio(times["attune"], times["directory"])
            directory.close()
        model.close()
        return row
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def reference_output(other, inputs):
    return other.run([other.get_outputs()[0].name], inputs)[0]


def problems(row):
    """What is wrong with a row, and whether it is only slow."""
    found = []
    for part in ("attentions", "norms"):
        fused, candidates = row[part]
        if fused != candidates or not candidates:
            found.append(f"{fused} of {candidates} {part} fused")
    if not row["error"] <= LARGEST_ERROR:
        found.append(f"relative error {row['error']:.2g} at sizes {row['error_at']}")
    return found


def table(options, rows):
    text = (f"onnxruntime {onnxruntime.__version__}, {options.t} threads, {options.r} rounds in turns, {cpu_name()}. Times are "
            "minimum, median; a ratio above 1 says that Attune is faster.\n\n"
            "| model | export | attention | norms | largest error | compile s | MiB | sizes | Attune ms | onnxruntime ms "
            "| onnxruntime / Attune | directory ms | Attune / directory |\n"
            "|---|---|--:|--:|--:|--:|--:|---|--:|--:|--:|--:|--:|\n")
    pair = lambda values: "" if values is None else f"{values[0]:.1f}, {values[1]:.1f}"
    for row in rows:
        ratio = row.get("attune_over_directory")
        text += (f"| {row['model']} | {row['export']} | {row['attentions'][0]}/{row['attentions'][1]} "
                 f"| {row['norms'][0]}/{row['norms'][1]} | {row['error']:.1e} | {row['compile_s']:.1f} "
                 f"| {row['compile_mib']:.0f} | {'x'.join(map(str, row['sizes']))} | {pair(row['attune_ms'])} "
                 f"| {pair(row['onnxruntime_ms'])} | {row['onnxruntime_over_attune']:.2f} "
                 f"| {pair(row.get('directory_ms'))} | {'' if ratio is None else f'{ratio:.3f}'} |\n")
    return text


def write(page, text):
    with open(page, encoding="utf-8") as file:
        old = file.read()
    begin, end = old.find(MARKERS[0]), old.find(MARKERS[1])
    if begin < 0 or end < begin:
        sys.exit(f"{page}: expected the lines {MARKERS[0].strip()} and {MARKERS[1].strip()}")
    with open(page, "w", encoding="utf-8") as file:
        file.write(old[:begin + len(MARKERS[0])] + text + old[end:])


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("-t", type=int, default=2)
    parser.add_argument("-r", type=int, default=10)
    parser.add_argument("-o", choices=["md", "json"], default="md")
    parser.add_argument("--write", metavar="PAGE.md")
    parser.add_argument("--directory", action="append", default=[], metavar="MODEL=DIRECTORY")
    parser.add_argument("--attune", default=os.path.join(ROOT, "build", "bin", "attune"))
    parser.add_argument("--scratch", metavar="DIRECTORY")
    options = parser.parse_args()
    options.directories = dict(entry.split("=", 1) for entry in options.directory)
    suffix = ".onnx"
    options.names = options.names or sorted(
        entry[:-len(suffix)] for entry in os.listdir(options.folder) if entry.endswith(suffix))
    return options


def main():
    options = parse()
    rows, failed, slow = [], False, False
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        options.scratch = scratch
        for name in options.names:
            try:
                row = check(options, name)
            except Failure as failure:
                print(f"{name}: {failure}", file=sys.stderr, flush=True)
                failed = True
                continue
            rows.append(row)
            print(f"{name}: {', '.join(problems(row)) or 'passes'}: {row}", file=sys.stderr, flush=True)
            failed = failed or bool(problems(row))
            slow = slow or row.get("attune_over_directory", 0) > LARGEST_SLOWDOWN
    if options.write:
        write(options.write, table(options, rows))
    print(json.dumps(rows, indent=1) if options.o == "json" else table(options, rows), end="" if options.o == "md" else "\n")
    sys.exit(1 if failed else 2 if slow else 0)


if __name__ == "__main__":
    main()
