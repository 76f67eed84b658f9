#!/usr/bin/env python3
"""Checks which variants a program has and that the first that runs here is chosen: check_variants.py INFO.json CPU..."""

import json
import sys


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        variants = json.load(file)["variants"]
    names = [variant["cpu"] for variant in variants]
    if names != sys.argv[2:]:
        sys.exit(f"variants {names}, expected {sys.argv[2:]}")
    fitting = [variant["cpu"] for variant in variants if variant["runs_here"]]
    chosen = [variant["cpu"] for variant in variants if variant["chosen"]]
    if chosen != fitting[:1]:
        sys.exit(f"chosen: {chosen}, expected {fitting[:1]}")


if __name__ == "__main__":
    main()
