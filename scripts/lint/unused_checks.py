#!/usr/bin/env python3
"""Lint: FileCheck lines that check nothing.

FileCheck ignores every comment that is not a directive of one of its prefixes, so a line under a prefix that no RUN line
names, a misspelt directive (CHECK-NETX:) or a forgotten colon pass in silence. This reports them.
"""

import re

import common

TESTS = re.compile(r"^test/.*\.(mlir|test|yaml|ll|td|c|cpp)$")
COMMENT = re.compile(r"^\s*(?://|#|;)\s*([A-Z][A-Z0-9_-]*)(\{[A-Z, ]*\})?(\s*)(:?)")
RUN = re.compile(r"(?://|#|;)\s*RUN:\s*(.*)$")
SUFFIXES = re.compile(r"(?:-(?:NEXT|SAME|NOT|DAG|LABEL|EMPTY|COUNT-\d+))?$")
# Words in capitals with a colon that lit knows, or that are prose.
OTHER = {"RUN", "REQUIRES", "UNSUPPORTED", "XFAIL", "COM", "NOTE", "DEFINE", "REDEFINE", "ALLOW_RETRIES", "END"}


def run_lines(text):
    """The RUN commands with continuations joined."""
    commands, pending = [], ""
    for line in text.splitlines():
        match = RUN.search(line)
        if not match:
            continue
        part = match.group(1).strip()
        if part.endswith("\\"):
            pending += part[:-1] + " "
        else:
            commands.append(pending + part)
            pending = ""
    if pending:
        commands.append(pending)
    return commands


def prefixes_of(commands):
    """All prefixes that the FileCheck calls of these commands read."""
    prefixes = set()
    for command in commands:
        for call in re.split(r"\||&&|;", command):
            if "FileCheck" not in call:
                continue
            named = re.findall(r"--?check-prefix(?:es)?[= ]\s*([\w,-]+)", call)
            prefixes.update(prefix for group in named for prefix in group.split(","))
            if not named:
                prefixes.add("CHECK")
    return prefixes


def problem_in(line, prefixes):
    match = COMMENT.match(line)
    if not match:
        return None
    word, _, space, colon = match.groups()
    if word in OTHER:
        return None
    for prefix in prefixes:
        if word.startswith(prefix) and SUFFIXES.fullmatch(word[len(prefix):]):
            if colon and not space:
                return None
            # A sentence may begin with the prefix's word; a directive with a dash in it is no sentence.
            if colon or word != prefix:
                return f"'{word}' lacks its colon right behind it"
            return None
    for prefix in prefixes:
        if word.startswith(prefix + "-") and (colon or "-" in word[len(prefix) + 1:]):
            return f"'{word}' is no directive of FileCheck (prefix {prefix}, then NEXT, SAME, NOT, DAG, LABEL, EMPTY, COUNT-n)"
    if colon and len(word) > 2:
        return f"no RUN line uses the prefix of '{word}:'"
    return None


def check(root):
    problems = []
    for name in common.project_files(root):
        if not TESTS.search(name):
            continue
        text = common.read_text(root, name)
        commands = run_lines(text) if text else []
        if not commands:
            continue
        prefixes = prefixes_of(commands)
        for number, line in enumerate(text.splitlines(), 1):
            problem = problem_in(line, prefixes)
            if problem:
                problems.append(f"{name}:{number}: {problem}")
    return problems


def self_test():
    samples = {
        "test/bad.mlir": """// RUN: tool %s | FileCheck %s
// RUN: tool --other %s \\
// RUN:   | FileCheck %s --check-prefixes=A,B-C
// REQUIRES: thing
// NOTE: fine
// CHECK-LABEL: fine
// CHECK-COUNT-3: fine
// CHECK{LITERAL}: fine
// A-NEXT: fine
// B-C-NOT: fine
// A sentence that begins so.
// CHECK-SMAE: misspelt
// CHECKS: misspelt
// OTHER: unused
// OTHER-NEXT: unused
// CHECK-NEXT forgot the colon
// CHECK-DAG : space
""",
        "test/no-default.mlir": "// RUN: tool | FileCheck %s --check-prefix=X\n// X: fine\n// CHECK: unused\n",
        "test/no-run.mlir": "// CHECK: an input of another test\n",
        "lib/a.cpp": "// CHECK: not a test\n",
    }
    common.expect(
        check,
        samples,
        [f"test/bad.mlir:{line}" for line in (12, 13, 14, 15, 16, 17)] + ["test/no-default.mlir:3"],
    )


if __name__ == "__main__":
    common.main(check, self_test)
