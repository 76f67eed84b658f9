#!/usr/bin/env python3
"""Times an encoder compiled from its ONNX export against the same encoder compiled from its Hugging Face directory, and both
against onnxruntime on that export, in one process.

    compare_onnx_route.py DIRECTORY.so PREFIX EXPORT.so PREFIX MODEL.onnx [-b 1,8] [-p 128] [-t 2] [-r 30] [-o md|json]
                          [--spinning on|off]

The three take turns, and who begins changes from round to round, so that what the machine does meanwhile meets all. Prints
for each shape the smallest and the median time of each and two ratios of medians over pairs of the same round: directory /
export (above 0.95: the export is at most 5 % slower) and onnxruntime / export (above 1: Attune is faster). Outputs must agree.
scripts/bench/onnx_route makes everything this needs and calls it.
"""

import argparse
import json
import statistics
import sys
import time

import numpy as np
import onnxruntime

from attune_library import Model
from compare_onnxruntime import numbers, seconds, session

ROUTES = ("directory", "export", "onnxruntime")


def measure(functions, rounds):
    """Milliseconds of each function in each round."""
    for _ in range(3):
        for function in functions:
            function()
    times = [[] for _ in functions]
    for number in range(rounds):
        for index in range(len(functions)):
            which = (number + index) % len(functions)
            # Another one's threads may still be spinning for work.
            time.sleep(0.02)
            functions[which]()
            times[which].append(seconds(functions[which]) * 1e3)
    return times


def median_ratio(numerators, denominators):
    """The median over rounds of the ratio within a round: what slows the machine down for a while cancels out."""
    return statistics.median(a / b for a, b in zip(numerators, denominators))


def compare(directory, export, other, batch, length, rounds):
    random = np.random.default_rng(1)
    inputs = {
        "input_ids": random.integers(1000, 20000, (batch, length), dtype=np.int64),
        "attention_mask": np.ones((batch, length), np.int64),
        "token_type_ids": np.zeros((batch, length), np.int64),
    }
    wanted = other.run(None, inputs)[0]
    row, functions = {"batch": batch, "length": length}, []
    for route, model in (("directory", directory), ("export", export)):
        got = np.empty(wanted.shape, np.float32)
        functions.append(model.prepare(inputs, {"last_hidden_state": got}))
        functions[-1]()
        difference = float(np.abs(got - wanted).max())
        if not difference <= 1e-3:
            sys.exit(f"{route}, batch {batch}, length {length}: outputs differ by {difference} from onnxruntime's")
        row[f"{route}_max_difference"] = difference
    times = dict(zip(ROUTES, measure([*functions, lambda: other.run(None, inputs)], rounds)))
    for route in ROUTES:
        row[f"{route}_ms_min"] = min(times[route])
        row[f"{route}_ms_median"] = statistics.median(times[route])
    row["directory_over_export"] = median_ratio(times["directory"], times["export"])
    row["onnxruntime_over_export"] = median_ratio(times["onnxruntime"], times["export"])
    return row


def print_table(rows, threads):
    print("| batch | length | threads | directory min ms | median | export min ms | median "
          f"| onnxruntime {onnxruntime.__version__} min ms | median | directory / export | onnxruntime / export |")
    print("|---" * 11 + "|")
    for row in rows:
        times = " | ".join(f"{row[f'{route}_ms_min']:.2f} | {row[f'{route}_ms_median']:.2f}" for route in ROUTES)
        print(f"| {row['batch']} | {row['length']} | {threads} | {times} | {row['directory_over_export']:.3f} "
              f"| {row['onnxruntime_over_export']:.3f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", metavar="DIRECTORY.so")
    parser.add_argument("directory_prefix", metavar="PREFIX")
    parser.add_argument("export", metavar="EXPORT.so")
    parser.add_argument("export_prefix", metavar="PREFIX")
    parser.add_argument("onnx", metavar="MODEL.onnx")
    parser.add_argument("-b", type=numbers, default=[1, 8])
    parser.add_argument("-p", type=numbers, default=[128])
    parser.add_argument("-t", type=int, default=2)
    parser.add_argument("-r", type=int, default=30)
    parser.add_argument("-o", choices=["md", "json"], default="md")
    parser.add_argument("--spinning", choices=["on", "off"], default="on")
    options = parser.parse_args()

    directory = Model(options.directory, options.directory_prefix, options.t)
    export = Model(options.export, options.export_prefix, options.t)
    other = session(options.onnx, options.t, options.spinning == "on")
    rows = [compare(directory, export, other, b, p, options.r) for b in options.b for p in options.p]
    directory.close()
    export.close()
    if options.o == "json":
        print(json.dumps([dict(row, threads=options.t, onnxruntime=onnxruntime.__version__) for row in rows], indent=1))
    else:
        print_table(rows, options.t)


if __name__ == "__main__":
    main()
