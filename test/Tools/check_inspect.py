#!/usr/bin/env python3
"""Checks the keys and the values of inspect's JSON: check_inspect.py FILE PARAMETERS|- LAYERS"""

import json
import sys

KEYS = ("parameters", "layers", "flops_per_token", "weight_bytes", "activation_bytes", "ops")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        report = json.load(file)
    if missing := [key for key in KEYS if key not in report]:
        sys.exit(f"keys that are missing: {missing}")
    if sys.argv[2] != "-" and report["parameters"] != int(sys.argv[2]):
        sys.exit(f"parameters: {report['parameters']}, expected {sys.argv[2]}")
    if report["layers"] != int(sys.argv[3]):
        sys.exit(f"layers: {report['layers']}, expected {sys.argv[3]}")
    if report["weight_bytes"] < 4 * report["parameters"]:
        sys.exit("weights take less than their parameters as f32")
    if not 0 < report["activation_bytes"] < 1e9 or report["flops_per_token"] <= 0:
        sys.exit(f"unlikely: {report}")
    if report["ops"].get("softmax") != report["layers"]:
        sys.exit(f"one softmax a layer expected in {report['ops']}")


if __name__ == "__main__":
    main()
