#!/usr/bin/env python3
"""Compiles IR with changed attributes: break_ir.py SCRATCH FILE.mlir...

Takes what --dump-phases-to wrote and drops or replaces each attribute that the compiler itself put on the module, the function
and the weights, one at a time, and says of each phase's IR that it is another phase's. Whatever comes of it, the compiler must
end with a status of its table and not as a defect, and leave no file unless it succeeded.
"""

import os
import re
import shutil
import subprocess
import sys

# name = value, where the value nests at most two levels of brackets.
NEST = r"\[[^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*\]|\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}"
ATTRIBUTE = re.compile(rf'(attune\.\w+|backend|schedule) = ("(?:[^"\\]|\\.)*"|-?\d+ : i64|#?[\w.]+<[^<>]*>|{NEST})(, )?')
WRONG = ('"x"', "9223372036854775807 : i64", "[1, {}]")
PHASES = ("import", "fuse", "kernels", "plan", "llvm", "binary", "none")


def variants(text):
    seen = set()
    for match in ATTRIBUTE.finditer(text):
        # At its first place, which is the module or the first kernel.
        if match[1] in seen:
            continue
        seen.add(match[1])
        before, after = text[: match.start()], text[match.end() :]
        yield f"without {match[1]}", before + after
        for value in WRONG:
            yield f"{match[1]} = {value}", before + f"{match[1]} = {value}" + (match[3] or "") + after
    for phase in PHASES:
        yield f"as {phase}", re.sub(r'attune\.phase = "\w+"', f'attune.phase = "{phase}"', text)
    for place in ("4095", "-64", "9223372036854775744"):
        yield f"weight at {place}", re.sub(r" at 4096 ", f" at {place} ", text)
        yield f"piece at {place}", re.sub(r"(#attune.piece<\"[^\"]*\", )\d+", rf"\g<1>{place}", text, count=1)
    yield "outside", text.replace('#attune.piece<"model.safetensors"', '#attune.piece<"../model.safetensors"')
    for part in (0.5, 0.999):
        yield f"cut at {part}", text[: int(len(text) * part)]


def check(name, text, scratch):
    out = os.path.join(scratch, "out")
    os.makedirs(out, exist_ok=True)
    path = os.path.join(scratch, "changed.mlir")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    command = ["attune", "compile", path, "-q", "-o", os.path.join(out, "x"), "--emit=obj"]
    run = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, timeout=300)
    problems = []
    if run.returncode not in (0, 2, 3):
        problems.append(f"exited with {run.returncode}")
    if run.returncode and "error:" not in run.stderr:
        problems.append("has no message")
    if len(run.stderr) > 12000 or run.stderr.count("\n") > 24:
        problems.append("says more than a screen")
    left = os.listdir(out)
    if run.returncode and left:
        problems.append(f"left {left}")
    shutil.rmtree(out)
    for problem in problems:
        print(f"{name}: {problem}:\n{run.stderr[:2000]}")
    return not problems


def main():
    scratch, files = sys.argv[1], sys.argv[2:]
    shutil.rmtree(scratch, ignore_errors=True)
    count, failures = 0, []
    for path in files:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for what, changed in variants(text):
            count += 1
            name = f"{os.path.basename(path)} {what}"
            if changed != text and not check(name, changed, scratch):
                failures.append(name)
    print(f"{count} changes, failures: {failures}")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
