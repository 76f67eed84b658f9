"""Copies the records of a tuning database that are worth shipping: seed_filter.py FROM TO

Winners that are a tenth faster than the default or more, confirmed, on kernels that take some time, and the default's records
beside them. What gains less depends on more than a key of a machine says."""

import json
import sys

LEAST_SPEEDUP = 1.1
LEAST_MS = 0.02


def key(record):
    target = json.dumps(record["target"], sort_keys=True)
    return record["workload"], json.dumps(record["shapes"]), target, record["threads"]


def main(source, target):
    with open(source, encoding="utf-8") as file:
        lines = [(json.loads(line), line) for line in file]
    worth = set()
    for record, _ in lines:
        default_ms = record.get("median_ms", 0) * record.get("speedup", 0)
        if record.get("confirmed") and record["speedup"] >= LEAST_SPEEDUP and default_ms >= LEAST_MS:
            worth.add(key(record))
    with open(target, "w", encoding="utf-8") as file:
        file.writelines(line for record, line in lines if key(record) in worth)


if __name__ == "__main__":
    main(*sys.argv[1:])
