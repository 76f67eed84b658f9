#!/usr/bin/env python3
"""Lint: words that must not land: reminders to finish something later, paths of one machine, hosts of registries."""

import re

import common

# Written so that this file itself does not hold them.
REMINDERS = re.compile(r"\b(" + "|".join(["TO" "DO", "FIX" "ME", "X" "XX", "HA" "CK"]) + r")\b")
MACHINE_PATHS = re.compile(r"(?:(?<![\w.})~/-])|(?<=\s-[A-Za-z]))/(?:work|root|farm)(?:/|\b(?![\w-]))")
HOSTS = re.compile(
    r"\b(?:" + "|".join(["pypi" r"\.org", "pythonhosted" r"\.org", "deb" r"\.debian\.org", "crates" r"\.io",
                         "registry" r"\.npmjs\.org", "proxy" r"\.golang\.org"]) + r")\b"
)
RULES = (
    (REMINDERS, "a reminder; do it or leave it out"),
    (MACHINE_PATHS, "a path of one machine"),
    (HOSTS, "a registry's host; name the package only"),
)

# Model files and golden values are data: words in them are vocabulary.
DATA = re.compile(r"(^|/)golden/|tokenizer\.json$|vocab\.txt$|\.npy$")


def check(root):
    problems = []
    for name in common.project_files(root):
        if DATA.search(name):
            continue
        text = common.read_text(root, name)
        for number, line in enumerate((text or "").splitlines(), 1):
            for pattern, what in RULES:
                match = pattern.search(line)
                if match:
                    problems.append(f"{name}:{number}: '{match.group(0)}' is {what}")
    return problems


def self_test():
    bad = {
        "lib/a.cpp": "int a; // TO" "DO: more\n",
        "lib/b.cpp": "// the FIX" "ME of tomorrow\n",
        "lib/c.py": "path = '/wo" "rk/main'\n",
        "d.txt": "cc -I/ro" "ot/include\n",
        "e.sh": "get https://pypi" ".org/simple\n",
        "f.sh": "cd /fa" "rm\n",
    }
    common.expect(check, bad, ["lib/a.cpp:1", "lib/b.cpp:1", "lib/c.py:1", "d.txt:1", "e.sh:1", "f.sh:1"])
    good = {
        "a.sh": "mktemp x.XXXXXX\nls build/root/x ./work/y $A/work/z /workbench\n",
        "docs/HACKING.md": "see HACKING.md\n",
        "test/golden/vocab.txt": "TO" "DO\n",
    }
    common.expect(check, good, [])


if __name__ == "__main__":
    common.main(check, self_test)
