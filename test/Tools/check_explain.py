#!/usr/bin/env python3
"""Checks explain's list of candidates: check_explain.py FILE.json FILE.yaml PATTERN=FUSED+MISSED...

Both files must say the same; "-" stands for any number above 0.
"""

import ast
import json
import re
import sys

KEYS = ["pattern", "outcome", "where", "reason", "hint"]


def parse_scalar(text):
    """A scalar as LLVM writes it: plain, in single quotes, or in double ones with C's escapes."""
    if text.startswith("'"):
        return text[1:-1].replace("''", "'")
    if text.startswith('"'):
        return ast.literal_eval(re.sub(r"\\e", r"\\x1b", text))
    return text


def parse_yaml(text):
    entries = []
    for line in text.splitlines():
        if match := re.match(r"^(- |  )(\w+): +(.*)$", line):
            if match.group(1) == "- ":
                entries.append({})
            entries[-1][match.group(2)] = parse_scalar(match.group(3).rstrip())
        elif line not in ("---", "...", "[]", "--- []"):
            sys.exit(f"not expected in YAML: {line}")
    return entries


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        entries = json.load(file)
    with open(sys.argv[2], encoding="utf-8") as file:
        other = parse_yaml(file.read())
    if entries != other:
        sys.exit(f"JSON and YAML differ:\n{entries}\n{other}")
    for entry in entries:
        assert sorted(entry) == sorted(KEYS), entry
        assert entry["outcome"] in ("fused", "missed") and entry["where"] and entry["reason"], entry
        assert bool(entry["hint"]) == (entry["outcome"] == "missed"), entry
    for word in sys.argv[3:]:
        pattern, _, counts = word.partition("=")
        for outcome, count in zip(("fused", "missed"), counts.split("+")):
            found = sum(entry["pattern"] == pattern and entry["outcome"] == outcome for entry in entries)
            if found != int(count) if count != "-" else not found:
                sys.exit(f"{pattern}: {found} {outcome}, expected {count}")


if __name__ == "__main__":
    main()
