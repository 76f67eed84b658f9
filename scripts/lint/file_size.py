#!/usr/bin/env python3
"""Lint: a source file of more than 800 lines holds more than one idea."""

import re

import common

LIMIT = 800
SOURCES = re.compile(r"\.(cpp|h|c|td|py|sh|cmake|mlir|test)$|CMakeLists\.txt$|^scripts/[^.]+$")


def check(root):
    problems = []
    for name in common.project_files(root):
        if SOURCES.search(name):
            lines = (common.read_text(root, name) or "").count("\n")
            if lines > LIMIT:
                problems.append(f"{name}: {lines} lines, the limit is {LIMIT}: split it by idea")
    return problems


def self_test():
    samples = {"lib/Long.cpp": "\n" * (LIMIT + 1), "lib/Short.cpp": "\n" * LIMIT, "docs/long.md": "\n" * 2000}
    common.expect(check, samples, ["lib/Long.cpp"])


if __name__ == "__main__":
    common.main(check, self_test)
