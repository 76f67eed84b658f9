#!/usr/bin/env python3
"""Checks --no-fuse of every command that compiles: check_no_fuse.py MODEL, with the output of `attune explain --list` as input."""

import re
import subprocess
import sys

COMMANDS = {
    "leave out fusions, all or: ": ("compile", "verify", "explain", "inspect", "tune"),
    "leaves out all fusions or ": ("run", "bench", "embed", "info"),
}


def run(*words):
    return subprocess.run(["attune", *words], capture_output=True, text=True, check=False, timeout=300)


def main():
    patterns = sys.stdin.read().splitlines()
    fusions = [name for name in patterns if re.fullmatch(r"[a-z][a-z0-9-]*", name)]
    if not {"linear", "attention", "projections", "elementwise"} <= set(fusions):
        sys.exit(f"not the fusions: {fusions}")
    for phrase, command in ((phrase, command) for phrase, commands in COMMANDS.items() for command in commands):
        text = re.sub(r"\s+", " ", run(command, "--help").stdout)
        if phrase + ", ".join(fusions) not in text:
            sys.exit(f"{command} --help does not list {fusions}: {text}")
        wrong = run(command, sys.argv[1], "--no-fuse=linear,everything")
        if wrong.returncode != 2 or f"--no-fuse=everything: expected fusions among {', '.join(fusions)}, or all" not in wrong.stderr:
            sys.exit(f"{command} --no-fuse=everything: status {wrong.returncode}: {wrong.stderr}")


if __name__ == "__main__":
    main()
