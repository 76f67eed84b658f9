#!/usr/bin/env python3
"""Lint: what the documentation names exists.

Checks relative links of *.md files, with their anchors, and every path in `code` that begins with a folder of the project.
`*` in a path stands for any name; words of a path in ANGLE brackets, as in lib/<Part>/<File>.cpp, for one to be chosen.
"""

import fnmatch
import os
import re

import common

FOLDERS = ("cmake", "docs", "examples", "include", "lib", "scripts", "test", "tools")
PATH = re.compile(r"`((?:" + "|".join(FOLDERS) + r")/[^`\s:]*)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+\s+(.*?)\s*$", re.M)


def prose(text):
    """The text without fenced blocks, line numbers kept."""
    return re.sub(r"^```.*?^```", lambda block: "\n" * block.group(0).count("\n"), text, flags=re.M | re.S)


def anchors(text):
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(prose(text))}


def check(root):
    files = common.project_files(root)
    known = set(files)
    for name in files:
        while name := os.path.dirname(name):
            known.add(name)

    def exists(path):
        path = path.rstrip("/")
        if path in known or "<" in path:
            return True
        return "*" in path and bool(fnmatch.filter(known, path))

    problems = []
    for name in (name for name in files if name.endswith(".md")):
        text = common.read_text(root, name) or ""
        for number, line in enumerate(prose(text).splitlines(), 1):
            for path in PATH.findall(line):
                if not exists(path):
                    problems.append(f"{name}:{number}: no {path}")
            for link in LINK.findall(re.sub(r"`[^`]*`\s*(?!\])", "", line)):
                if re.match(r"[a-z]+:", link):
                    continue
                target, _, anchor = link.partition("#")
                target = os.path.normpath(os.path.join(os.path.dirname(name), target)) if target else name
                if target not in known:
                    problems.append(f"{name}:{number}: the link {link} leads nowhere")
                elif anchor and anchor not in anchors(common.read_text(root, target) or ""):
                    problems.append(f"{name}:{number}: {target} has no heading for #{anchor}")
    return problems


def self_test():
    samples = {
        "README.md": """# The title
See [a](docs/a.md), [b](docs/a.md#part-one), [c](#the-title), [d](https://example.org/x), `lib/A.cpp`, `lib/*.cpp`, `lib/`,
`lib/<Part>.cpp`, `lib/A.cpp in words`, [`e`](docs/a.md).
```sh
`lib/Fenced.cpp` [x](fenced.md)
```
[f](docs/gone.md)
[g](docs/a.md#gone)
`lib/Gone.cpp`
`docs/*.txt`
""",
        "docs/a.md": "## Part one\n[up](../README.md)\n",
        "lib/A.cpp": "",
    }
    common.expect(check, samples, ["README.md:7", "README.md:8", "README.md:9", "README.md:10"])


if __name__ == "__main__":
    common.main(check, self_test)
