#!/usr/bin/env python3
"""Lint: C and C++ files are formatted as clang-format 22 formats them (scripts/lint/format.py --fix does it)."""

import os
import re
import shutil
import subprocess
import sys

import common

SOURCES = re.compile(r"\.(cpp|h|c)$")


def clang_format():
    for name in ("clang-format-22", "/usr/lib/llvm-22/bin/clang-format"):
        if shutil.which(name):
            return name
    sys.exit("clang-format 22 is not installed: run scripts/setup")


def sources(root):
    return [os.path.join(root, name) for name in common.project_files(root) if SOURCES.search(name)]


def check(root):
    files = sources(root)
    if not files:
        return []
    style = "--style=file:" + os.path.join(common.ROOT, ".clang-format")
    run = subprocess.run([clang_format(), style, "--dry-run", *files], capture_output=True, text=True, check=False)
    places = re.findall(r"^(.*?):(\d+):\d+: (?:warning|error): code should be clang-formatted", run.stderr, re.M)
    if run.returncode != 0 and not places:
        return [run.stderr.strip()]
    first = {}
    for name, line in places:
        first.setdefault(os.path.relpath(name, root), line)
    return [f"{name}:{line}: not formatted (scripts/lint/format.py --fix)" for name, line in first.items()]


def self_test():
    common.expect(check, {"lib/bad.cpp": "int  a ;\n", "lib/good.cpp": "int a;\n"}, ["lib/bad.cpp:1"])


if __name__ == "__main__":
    if sys.argv[1:] == ["--fix"]:
        subprocess.run([clang_format(), "-i", *sources(common.ROOT)], check=True)
    else:
        common.main(check, self_test)
