#!/usr/bin/env python3
"""Unpacks a wheel: unpack_wheel.py WHEEL FOLDER.

Python's zipfile drops the permissions that wheels carry; programs inside them need theirs.
"""

import os
import sys
import zipfile


def unpack(wheel, folder):
    with zipfile.ZipFile(wheel) as archive:
        for info in archive.infolist():
            path = archive.extract(info, folder)
            mode = (info.external_attr >> 16) & 0o777
            if mode and not info.is_dir():
                os.chmod(path, mode | 0o600)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: unpack_wheel.py WHEEL FOLDER")
    unpack(sys.argv[1], sys.argv[2])
