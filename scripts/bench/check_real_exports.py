#!/usr/bin/env python3
"""Checks what Attune makes of ONNX exports of published sizes, and times it against onnxruntime.

    scripts/golden/onnx_exports.py --size=base --folder=FOLDER
    check_real_exports.py FOLDER [NAME...] [-t 2] [-r 10] [-o md|json] [--write PAGE.md] [--directory MODEL=DIRECTORY]...
                          [--layers N] [--attune build/bin/attune] [--scratch DIRECTORY]

FOLDER has the exports and golden/MODEL/SIZES/INPUT.npy, as the first command makes them. Each is compiled with --require for
attention and norms, and run with all SIZES; the error is the largest difference from onnxruntime's outputs relative to the
largest of an output's values, and must be at most 1e-4. Where rounding decides more than that, as in quantised models, it must be
at most twice the difference between onnxruntime with and without its own optimiser, which the table then shows. Attentions
and norms are counted in the fused model, of those that its layers have, and no softmax may be left. Times are of the largest SIZES of batch 1,
Attune and onnxruntime (and the same model compiled from a Hugging Face --directory) taking turns. Compile time and memory are those of
`attune compile --emit=shared`: the wall clock's, which includes writing the weights, and the most that it holds beside mapped files.

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
# Attentions and norms of a model of so many layers; `layers` is that of the base sizes of onnx_exports_models.py.
COUNTS = {
    "bert": lambda layers=12: (layers, 2 * layers + 1),
    "minilm": lambda layers=6: (layers, 2 * layers + 1),
    "gpt2": lambda layers=12: (layers, 2 * layers + 1),
    "gpt2-past": lambda layers=12: (layers, 2 * layers + 1),
    "llama": lambda layers=12: (layers, 2 * layers + 1),
    "llama-past": lambda layers=12: (layers, 2 * layers + 1),
    "t5-encoder": lambda layers=6: (layers, 2 * layers + 1),
    "t5-decoder": lambda layers=6: (2 * layers, 3 * layers + 1),
    "vit": lambda layers=12: (layers, 2 * layers + 1),
}
LARGEST_ERROR = 1e-4
LARGEST_SLOWDOWN = 1.05


class Failure(Exception):
    """Why an export does not pass."""


def own_mib(pid):
    """The memory that a process holds beside files that it maps, 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            found = re.search(r"^RssAnon:\s*(\d+) kB$", file.read(), re.M)
    except OSError:
        return 0
    return int(found.group(1)) / 1024 if found else 0


def attune(options, *words):
    """Runs attune; returns its output, the seconds it took and the MiB it held."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as messages:
        begin, memory = time.perf_counter(), 0
        process = subprocess.Popen([options.attune, *words], stdout=output, stderr=messages)
        # What the kernel tells of children that ended has the weights that they map, and what this process held itself.
        while process.poll() is None:
            memory = max(memory, own_mib(process.pid))
            time.sleep(0.01)
        seconds = time.perf_counter() - begin
        output.seek(0)
        messages.seek(0)
        if process.returncode != 0:
            text = messages.read().decode(errors="replace").strip()
            raise Failure(f"attune {' '.join(words)}: status {process.returncode}\n{text}")
        return output.read().decode(), seconds, memory


def count_fused(options, path, scratch, wanted):
    """Attentions and norms of the fused model, and what is wrong with them."""
    fused = os.path.join(scratch, "fused.mlir")
    attune(options, "compile", "-q", path, "--compile-to=fuse", "-o", fused)
    with open(fused, encoding="utf-8") as file:
        ops = re.findall(r"attune\.(\w+)(?=[( ])", file.read())
    os.remove(fused)
    found = ops.count("attention"), ops.count("layer_norm") + ops.count("rms_norm")
    wrong = [f"{count} of {expected} {part} fused" for part, count, expected in zip(("attentions", "norms"), found, wanted)
             if count != expected]
    if ops.count("softmax"):
        wrong.append(f"{ops.count('softmax')} softmax left")
    for entry in json.loads(attune(options, "explain", path, "--format=json")[0]):
        if entry["outcome"] == "missed" and entry["pattern"] in ("attention", *NORMS):
            wrong.append(f"{entry['pattern']} missed at {entry['where']}: {entry['reason']}")
    return found, wrong


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


def difference(got, wanted):
    """The largest difference of tensors relative to the largest value of each; NaN when there is one."""
    return float(np.max([np.abs(got[key] - value).max() / np.abs(value).max() for key, value in wanted.items()]))


def output_names(other):
    return [output.name for output in other.get_outputs()]


def run_reference(other, inputs):
    return dict(zip(output_names(other), other.run(None, inputs)))


def prepare(model, other, inputs):
    """The arrays for the outputs, and a function that fills them."""
    got = {key: np.full(value.shape, np.nan, value.dtype) for key, value in run_reference(other, inputs).items()}
    return got, model.prepare(inputs, got)


def check_errors(row, path, model, other, cases):
    """Compares with onnxruntime for all sizes."""
    row["error"], row["own_error"], plain = 0.0, None, None
    for size, inputs in cases.items():
        wanted = run_reference(other, inputs)
        got, run = prepare(model, other, inputs)
        try:
            run()
        except RuntimeError as error:
            row["wrong"].append(f"sizes {size}: {error}")
            continue
        off, allowed = difference(got, wanted), LARGEST_ERROR
        # Comparisons are written so that no NaN passes.
        if not off <= allowed:
            plain = plain or plain_session(path)
            own = difference(run_reference(plain, inputs), wanted)
            row["own_error"] = max(own, row["own_error"] or 0)
            allowed = max(allowed, 2 * own)
        if not off <= allowed:
            row["wrong"].append(f"relative error {off:.2g} at sizes {size}, at most {allowed:.2g} wanted")
        if not off <= row["error"]:
            row["error"] = off


def plain_session(path):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def time_routes(options, row, model, directory, other, sizes, inputs):
    """Times what there is of Attune, onnxruntime and the model compiled from its directory."""
    routes = {"attune": prepare(model, other, inputs)[1], "onnxruntime": lambda: other.run(None, inputs)}
    if directory:
        wanted = run_reference(other, inputs)
        name = output_names(other)[0]
        routes["directory"] = directory.prepare(inputs, {name: np.empty_like(wanted[name])})
    times = dict(zip(routes, measure(list(routes.values()), options.r)))
    for route, values in times.items():
        row[f"{route}_ms"] = (min(values), statistics.median(values))
    row["sizes"] = sizes
    row["onnxruntime_over_attune"] = median_ratio(times["onnxruntime"], times["attune"])
    if directory:
        row["attune_over_directory"] = median_ratio(times["attune"], times["directory"])


def check(options, name):
    path = os.path.join(options.folder, f"{name}.onnx")
    kind, cases = find_cases(options.folder, name)
    expected = COUNTS[kind]() if options.layers is None else COUNTS[kind](options.layers)
    scratch = os.path.join(options.scratch, name)
    os.makedirs(os.path.join(scratch, "directory"))
    try:
        row = {"model": kind, "export": name[len(kind) + 1:], "expected": expected}
        row["found"], row["wrong"] = count_fused(options, path, scratch, expected)
        model, row["compile_s"], row["compile_mib"] = library(options, path, scratch,
                                                              f"--require={','.join(('attention', *NORMS))}")
        other = session(path, options.t, True)
        check_errors(row, path, model, other, cases)
        sizes = max((size for size in cases if size[0] == 1), default=max(cases))
        directory = None
        if kind in options.directories and not name.endswith("-quantised"):
            directory, _, _ = library(options, options.directories[kind], os.path.join(scratch, "directory"))
        if not row["wrong"]:
            time_routes(options, row, model, directory, other, sizes, cases[sizes])
        for handle in (model, directory):
            if handle:
                handle.close()
        return row
    except RuntimeError as error:
        raise Failure(str(error)) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def table(options, rows):
    text = (f"onnxruntime {onnxruntime.__version__}, {options.t} threads, {options.r} rounds in turns, {cpu_name()}. Times are "
            "minimum, median; a ratio above 1 says that Attune is faster.\n\n"
            "| model | export | attention | norms | largest error | compile s | MiB | sizes | Attune ms | onnxruntime ms "
            "| onnxruntime / Attune | directory ms | Attune / directory |\n"
            "|---|---|--:|--:|--:|--:|--:|---|--:|--:|--:|--:|--:|\n")
    for row in rows:
        (attentions, norms), (all_attentions, all_norms) = row["found"], row["expected"]
        own = row["own_error"]
        error = f"{row['error']:.1e}" + ("" if own is None else f" (onnxruntime's own {own:.1e})")
        text += (f"| {row['model']} | {row['export']} | {attentions}/{all_attentions} | {norms}/{all_norms} | {error} "
                 f"| {row['compile_s']:.1f} | {row['compile_mib']:.0f} | {'x'.join(map(str, row.get('sizes', ())))} "
                 f"| {pair(row, 'attune_ms')} | {pair(row, 'onnxruntime_ms')} | {ratio(row, 'onnxruntime_over_attune')} "
                 f"| {pair(row, 'directory_ms')} | {ratio(row, 'attune_over_directory')} |\n")
    return text


def pair(row, key):
    return ", ".join(f"{value:.1f}" for value in row.get(key, ()))


def ratio(row, key):
    return f"{row[key]:.2f}" if key in row else ""


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
    parser.add_argument("--layers", type=int, help="layers of the models, where they are not the base sizes")
    parser.add_argument("--scratch", metavar="DIRECTORY")
    options = parser.parse_intermixed_args()
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
            print(f"{name}: {'; '.join(row['wrong']) or 'passes'}", file=sys.stderr, flush=True)
            failed = failed or bool(row["wrong"])
            slow = slow or row.get("attune_over_directory", 0) > LARGEST_SLOWDOWN
    if options.write:
        write(options.write, table(options, rows))
    print(json.dumps(rows, indent=1) if options.o == "json" else table(options, rows), end="" if options.o == "md" else "\n")
    sys.exit(1 if failed else 2 if slow else 0)


if __name__ == "__main__":
    main()
