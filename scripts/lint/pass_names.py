#!/usr/bin/env python3
"""Lint: from a pass's flag one finds its file and its test.

The pass `attune-fuse-attention` lives in lib/.../FuseAttention.cpp and is tested in test/.../fuse-attention.mlir, which also
checks what `--attune-statistics` counts, and its definition has a summary and a description.
"""

import os
import re

import common

PASS = re.compile(r'\bdef\s+(\w+)\s*:\s*(?:Interface)?Pass<\s*"([^"]*)"[^{;]*([{;])', re.S)


def body_at(text, start):
    """The text between the brace before start and its partner."""
    depth = 1
    for position in range(start, len(text)):
        if text[position] == "{":
            depth += 1
        elif text[position] == "}":
            depth -= 1
            if depth == 0:
                return text[start:position]
    return text[start:]


def strip_comments(text):
    return re.sub(r"//[^\n]*", lambda match: " " * len(match.group(0)), text)


def passes_of(text):
    """(name, flag, body) of every pass that a .td file defines."""
    # `[{ ... }]` code blocks hold balanced braces as far as brace counting is concerned.
    text = strip_comments(text)
    for match in PASS.finditer(text):
        body = body_at(text, match.end()) if match.group(3) == "{" else ""
        yield match.group(1), match.group(2), body


def counts(text, flag):
    return "--attune-statistics" in text and re.search(rf": {re.escape(flag)}: \d+ fused, \d+ missed", text)


def check(root):
    files = common.project_files(root)
    problems = []
    for td in (name for name in files if name.endswith(".td")):
        for name, flag, body in passes_of(common.read_text(root, td) or ""):
            if not re.fullmatch(r"attune(-[a-z0-9]+)+", flag):
                problems.append(f"{td}: {name}: flag '{flag}' is not of the form attune-words-with-dashes")
                continue
            words = flag.split("-")[1:]
            source = "".join(word[0].upper() + word[1:] for word in words)
            sources = [f for f in files if f.startswith("lib/") and os.path.basename(f).lower() == source.lower() + ".cpp"]
            if not sources:
                problems.append(f"{td}: {flag}: no lib/**/{source}.cpp")
            test = "-".join(words) + ".mlir"
            tests = [f for f in files if f.startswith("test/") and os.path.basename(f) == test]
            if not tests:
                problems.append(f"{td}: {flag}: no test/**/{test}")
            elif not any(counts(common.read_text(root, f) or "", flag) for f in tests):
                problems.append(f"{td}: {flag}: {tests[0]} does not check the counts of --attune-statistics")
            for field in ("summary", "description"):
                if not re.search(rf"\blet\s+{field}\s*=", body):
                    problems.append(f"{td}: {flag}: no 'let {field} = ...'")
    return problems


def self_test():
    fields = 'let summary = "s"; let description = [{ {a} }];'
    counted = "// RUN: attune-opt --attune-statistics\n// COUNTS: attune-{}: 1 fused, 2 missed\n"
    samples = {
        "include/attune/Passes.td": f"""
def NoCounts : Pass<"attune-no-counts"> {{ {fields} }}
def Good : Pass<"attune-fuse-all", "mlir::ModuleOp"> {{ {fields} }}
def NoFile : Pass<"attune-no-file"> {{ {fields} }}
def NoTest : InterfacePass<"attune-no-test", "I"> {{ {fields} }}
def NoText : Pass<"attune-no-text"> {{ let summary = "s"; }}
def Misnamed : Pass<"attune_misnamed"> {{ {fields} }}
// def Gone : Pass<"attune-gone"> {{}}
def NoBody : Pass<"attune-no-body">;
""",
        "lib/FuseAll.cpp": "",
        "lib/NoCounts.cpp": "",
        "lib/NoTest.cpp": "",
        "lib/NoText.cpp": "",
        "lib/NoBody.cpp": "",
        "test/fuse-all.mlir": counted.format("fuse-all"),
        "test/no-counts.mlir": counted.format("another"),
        "test/no-file.mlir": counted.format("no-file"),
        "test/no-text.mlir": counted.format("no-text"),
        "test/no-body.mlir": counted.format("no-body"),
    }
    common.expect(
        check,
        samples,
        [
            "test/no-counts.mlir does not check the counts",
            "attune-no-file: no lib/**/NoFile.cpp",
            "attune-no-test: no test/**/no-test.mlir",
            "attune-no-text: no 'let description",
            "'attune_misnamed' is not of the form",
            "attune-no-body: no 'let summary",
            "attune-no-body: no 'let description",
        ],
    )


if __name__ == "__main__":
    common.main(check, self_test)
