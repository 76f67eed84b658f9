#!/usr/bin/env python3
"""Times a compiled encoder against onnxruntime on an ONNX export of the same model, in one process.

    compare_onnxruntime.py LIBRARY.so PREFIX MODEL.onnx [-b 1,8] [-p 128] [-t 2] [-r 30] [-o md|json]
                           [--spinning on|off]

Runs alternate, first one, then the other, so that what the machine does meanwhile meets both. --spinning off keeps
onnxruntime's idle threads from spinning, which is not its default but faster on some machines. Prints for each shape the
smallest and the median time of both and the ratio onnxruntime / Attune (above 1: Attune is faster). Outputs must agree.
scripts/bench/onnxruntime makes everything this needs and calls it.
"""

import argparse
import json
import statistics
import sys
import time

import numpy as np
import onnxruntime

from attune_library import Model


def session(path, threads, spinning):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "1" if spinning else "0")
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def seconds(function):
    begin = time.perf_counter()
    function()
    return time.perf_counter() - begin


def measure(first, second, runs):
    """Milliseconds of both, run in turn, the order swapped from pair to pair."""
    for function in (first, second) * 3:
        function()
    times = ([], [])
    for run in range(runs):
        for which in ((0, 1) if run % 2 == 0 else (1, 0)):
            # The other one's threads may still be spinning for work.
            time.sleep(0.02)
            (first, second)[which]()
            times[which].append(seconds((first, second)[which]) * 1e3)
    return times


def compare(model, other, batch, length, runs):
    random = np.random.default_rng(1)
    inputs = {
        "input_ids": random.integers(1000, 20000, (batch, length), dtype=np.int64),
        "attention_mask": np.ones((batch, length), np.int64),
        "token_type_ids": np.zeros((batch, length), np.int64),
    }
    wanted = other.run(None, inputs)[0]
    got = np.empty(wanted.shape, np.float32)
    run_attune = model.prepare(inputs, {"last_hidden_state": got})
    run_attune()
    difference = float(np.abs(got - wanted).max())
    if not difference <= 1e-3:
        sys.exit(f"batch {batch}, length {length}: outputs differ by {difference}")

    ours, theirs = measure(run_attune, lambda: other.run(None, inputs), runs)
    return {
        "batch": batch,
        "length": length,
        "attune_ms_min": min(ours),
        "attune_ms_median": statistics.median(ours),
        "onnxruntime_ms_min": min(theirs),
        "onnxruntime_ms_median": statistics.median(theirs),
        "ratio_min": min(theirs) / min(ours),
        "ratio_median": statistics.median(theirs) / statistics.median(ours),
        "max_difference": difference,
    }


def print_table(rows, threads):
    print(f"| batch | length | threads | Attune min ms | median | onnxruntime {onnxruntime.__version__} min ms | median "
          "| ratio min | ratio median |")
    print("|---|---|---|---|---|---|---|---|---|")
    for row in rows:
        print(f"| {row['batch']} | {row['length']} | {threads} | {row['attune_ms_min']:.2f} | {row['attune_ms_median']:.2f} "
              f"| {row['onnxruntime_ms_min']:.2f} | {row['onnxruntime_ms_median']:.2f} "
              f"| {row['ratio_min']:.3f} | {row['ratio_median']:.3f} |")


def numbers(text):
    return [int(part) for part in text.split(",")]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library")
    parser.add_argument("prefix")
    parser.add_argument("onnx")
    parser.add_argument("-b", type=numbers, default=[1, 8])
    parser.add_argument("-p", type=numbers, default=[128])
    parser.add_argument("-t", type=int, default=2)
    parser.add_argument("-r", type=int, default=30)
    parser.add_argument("-o", choices=["md", "json"], default="md")
    parser.add_argument("--spinning", choices=["on", "off"], default="on")
    options = parser.parse_args()

    model = Model(options.library, options.prefix, options.t)
    other = session(options.onnx, options.t, options.spinning == "on")
    rows = [compare(model, other, b, p, options.r) for b in options.b for p in options.p]
    model.close()
    if options.o == "json":
        print(json.dumps([dict(row, threads=options.t, onnxruntime=onnxruntime.__version__) for row in rows], indent=1))
    else:
        print_table(rows, options.t)


if __name__ == "__main__":
    main()
