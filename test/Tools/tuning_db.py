#!/usr/bin/env python3
"""Makes a tuning database of this build: tuning_db.py INPUT OUTPUT MODEL.

In databases of test/Tools/Inputs the version of schedules is @VERSION@; it becomes what the build says.
"""

import json
import subprocess
import sys


def main():
    source, target, model = sys.argv[1:]
    text = subprocess.run(["attune", "explain", model, "--kernels", "--format=json", "--cpu=x86-64-v3"],
                          check=True, capture_output=True, text=True).stdout
    version = next(kernel["schedule_version"] for kernel in json.loads(text) if kernel["backend"] == "llvm")
    with open(source, encoding="utf-8") as file:
        records = file.read()
    with open(target, "w", encoding="utf-8") as file:
        file.write(records.replace("@VERSION@", version))


if __name__ == "__main__":
    main()
