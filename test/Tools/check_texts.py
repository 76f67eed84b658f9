#!/usr/bin/env python3
"""Gives hostile texts to a program's embed and tokenize: check_texts.py PROGRAM"""

import json
import math
import subprocess
import sys

TEXTS = {
    "empty": b"",
    "spaces": b" \t\n ",
    "long": b"word " * 20000,
    "one word": b"x" * 100000,
    "invalid": b"\xff\xfe\x80\x80 abc \xc3",
    "overlong": b"\xc0\xaf \xe0\x80\xaf \xf0\x80\x80\xaf",
    "surrogate": b"\xed\xa0\x80\xed\xb0\x80",
    "beyond": b"\xf4\x90\x80\x80 \xf8\x88\x80\x80\x80",
    "controls": bytes(range(1, 32)),
    "marks": "e".encode() + "\u0301".encode() * 1000,
    "emoji": "\U0001f469\u200d\U0001f469\u200d\U0001f467".encode() * 50,
}


def embed(program, words, text=None):
    run = subprocess.run([program, "embed", "--format=json", *words], input=text, capture_output=True, check=False, timeout=120)
    if run.returncode:
        sys.exit(f"embed {words} exited with {run.returncode}: {run.stderr[:500]}")
    return json.loads(run.stdout.decode())


def check(name, entry):
    norm = math.sqrt(math.fsum(x * x for x in entry["embedding"]))
    if not abs(norm - 1) < 1e-4 or not 2 <= len(entry["token_ids"]) <= 256:
        sys.exit(f"{name}: {len(entry['token_ids'])} ids, a vector of length {norm}")


def main():
    program = sys.argv[1]
    for name, text in TEXTS.items():
        check(name, embed(program, ["--", text])[0])
    # All at once through standard input, a zero byte in the middle of a line.
    lines = [text.replace(b"\n", b" ") for text in TEXTS.values()] + [b"a\0b"]
    entries = embed(program, ["-"], b"\n".join(lines) + b"\n")
    if len(entries) != len(lines):
        sys.exit(f"{len(entries)} vectors of {len(lines)} lines")
    for entry in entries:
        check("standard input", entry)


if __name__ == "__main__":
    main()
