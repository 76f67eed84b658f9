#!/usr/bin/env python3
"""Assembles every .ptx file of a folder: assemble_ptx.py PTXAS SM FOLDER"""

import os
import subprocess
import sys


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    ptxas, sm, folder = sys.argv[1:]
    files = sorted(name for name in os.listdir(folder) if name.endswith(".ptx"))
    if not files:
        sys.exit(f"{folder} has no .ptx files")
    for name in files:
        path = os.path.join(folder, name)
        cubin = path[:-len(".ptx")] + ".cubin"
        run = subprocess.run([ptxas, f"-arch={sm}", path, "-o", cubin], capture_output=True, text=True, check=False)
        if run.returncode != 0 or not os.path.getsize(cubin):
            sys.exit(f"{name}: {run.stdout}{run.stderr}")
    print(f"{len(files)} files assembled for {sm}")


if __name__ == "__main__":
    main()
