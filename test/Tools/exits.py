#!/usr/bin/env python3
"""Runs a command that must end with a certain status: exits.py STATUS [--empty=DIR]... COMMAND...

Checks besides that what it says on stderr fits a screen, and that the folders named by --empty hold nothing afterwards.
"""

import os
import subprocess
import sys


def main():
    status, words = int(sys.argv[1]), sys.argv[2:]
    folders = []
    while words and words[0].startswith("--empty="):
        folders.append(words.pop(0).split("=", 1)[1])
    run = subprocess.run(words, capture_output=True, check=False, timeout=600)
    sys.stdout.buffer.write(run.stdout)
    sys.stdout.buffer.flush()
    sys.stderr.buffer.write(run.stderr)
    sys.stderr.buffer.flush()
    if run.returncode != status:
        sys.exit(f"{' '.join(words)}\nexited with {run.returncode}, expected {status}")
    if status and (len(run.stderr) > 4000 or run.stderr.count(b"\n") > 24):
        sys.exit(f"{' '.join(words)}\nsaid more than a screen")
    for folder in folders:
        if left := os.listdir(folder) if os.path.isdir(folder) else []:
            sys.exit(f"{' '.join(words)}\nleft {left} in {folder}")


if __name__ == "__main__":
    main()
