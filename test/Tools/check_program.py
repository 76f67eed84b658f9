#!/usr/bin/env python3
"""Checks an executable: its code without the weights is under 2 MB, and it loads libc and libm alone."""

import os
import re
import struct
import subprocess
import sys

LIMIT = 2_000_000
ALLOWED = re.compile(r"linux-vdso\.so|lib(c|m|pthread)\.so\.\d+|ld-linux[\w-]*\.so\.\d+")


def main():
    path = sys.argv[1]
    with open(path, "rb") as file:
        file.seek(-64, os.SEEK_END)
        magic, _, image = struct.unpack("<8sQQ", file.read(24))
    if magic != b"ATTUNEX1":
        sys.exit(f"{path} does not end with a trailer")
    code = os.path.getsize(path) - image
    if code >= LIMIT:
        sys.exit(f"{path} has {code} bytes without its weights, at most {LIMIT} are allowed")
    listing = subprocess.run(["ldd", path], capture_output=True, text=True, check=True).stdout
    libraries = [os.path.basename(line.split()[0]) for line in listing.splitlines()]
    if foreign := [name for name in libraries if not ALLOWED.match(name)]:
        sys.exit(f"{path} needs {foreign}")
    print(f"{code} bytes, {libraries}")


if __name__ == "__main__":
    main()
