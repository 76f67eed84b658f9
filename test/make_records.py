#!/usr/bin/env python3
"""Writes a database of tuning records for kernels of some IR: make_records.py [--cpu=NAME] IR OUT.jsonl RECORD...

A RECORD is KERNEL[:key=value,...]. Keys: speedup (1.25), target (exact, similar: another model of CPU, foreign: another
instruction set), version (the backend's own), backend (the one of the default), status (ok), scale (1: factor of the
batch that was measured); others are knobs that differ from the default schedule. "damaged" and "newer" are lines that
are no records. What the kernels are called in records is asked of attune explain.
"""

import json
import os
import subprocess
import sys

# What lib/Kernel/Target.cpp says of the levels.
TARGETS = {
    "x86-64-v3": {"features": ["avx2", "f16c", "fma"], "vector_bits": 256, "l1": 32 << 10, "l2": 512 << 10, "l3": 8 << 20},
    "x86-64-v4": {
        "features": ["avx2", "avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl", "f16c", "fma"],
        "vector_bits": 512, "l1": 32 << 10, "l2": 1 << 20, "l3": 8 << 20,
    },
}


def make_target(cpu, how):
    name = cpu if how != "foreign" else next(other for other in TARGETS if other != cpu)
    target = {"arch": "x86_64", "cpu": name, **TARGETS[name], "cores": len(os.sched_getaffinity(0))}
    if how == "similar":
        target["cpu"] = "haswell" if cpu == "x86-64-v3" else "skylake-avx512"
    return target


def make_record(cpu, kernels, text):
    if text == "damaged":
        return '{"schema": 1, "workload": '
    if text == "newer":
        return json.dumps({"schema": 1000})
    name, _, settings = text.partition(":")
    values = dict(setting.split("=", 1) for setting in settings.split(",") if setting)
    kernel = kernels[name]
    scale = int(values.pop("scale", 1))
    shapes = [list(shape) for shape in kernel["shapes"]]
    for shape in shapes if scale != 1 else []:
        # The symbol is 1 or 128 by default, no static extent of the tests is.
        shape[0] *= scale if shape[0] in (1, 128) else 1
    record = {
        "schema": 1,
        "workload": kernel["workload"],
        "family": kernel["family"],
        "label": kernel["what"],
        "shapes": shapes,
        "target": make_target(cpu, values.pop("target", "exact")),
        "threads": 1,
        "backend": values.pop("backend", kernel["backend"]),
        "source": "random",
        "schedule_version": values.pop("version", kernel["schedule_version"]),
        "compiler": "test",
        "status": values.pop("status", "ok"),
        "time": "2026-01-31T12:00:00Z",
        "samples": 9,
        "min_ms": 1,
        "median_ms": 1,
        "q1_ms": 1,
        "q3_ms": 1,
        "speedup": float(values.pop("speedup", 1.25)),
    }
    schedule = dict(knob.split("=") for knob in kernel["schedule"].split())
    record["schedule"] = {knob: int(value) for knob, value in {**schedule, **values}.items()}
    return json.dumps(record)


def main():
    words = sys.argv[1:]
    cpu = "x86-64-v3"
    if words[0].startswith("--cpu="):
        cpu = words.pop(0).split("=", 1)[1]
    ir, out, *records = words
    command = ["attune", "explain", ir, "--kernels", "--format=json", f"--cpu={cpu}", "--no-seed-db"]
    kernels = {entry["kernel"]: entry for entry in json.loads(subprocess.check_output(command))}
    with open(out, "w", encoding="utf-8") as file:
        for record in records:
            file.write(make_record(cpu, kernels, record) + "\n")


if __name__ == "__main__":
    main()
