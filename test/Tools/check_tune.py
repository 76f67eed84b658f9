#!/usr/bin/env python3
"""Checks what attune tune leaves.

check_tune.py result FILE.json [kernel|model]   the JSON on stdout: keys, types, sums
check_tune.py same A.jsonl B.jsonl              both databases have the same trials in the same order
check_tune.py differ A.jsonl B.jsonl            they do not
check_tune.py interrupt DATABASE COMMAND...     SIGINT after the first record: status 5, a result, a database without torn lines
check_tune.py page FILE.html                    the report: nothing from elsewhere, balanced tags
"""

import html.parser
import json
import os
import signal
import subprocess
import sys
import time


def trials(path):
    with open(path, encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    return [(r["workload"], r["backend"], r["schedule"], r["source"]) for r in records if not r.get("confirmed")]


def check_result(text, kind):
    result = json.loads(text)
    for name in ("trials", "seconds", "model_ms_before", "model_ms_after", "kernels"):
        assert name in result, f"no {name}"
    kernels = result["kernels"]
    assert kernels and result["trials"] == sum(kernel["trials"] for kernel in kernels), result
    assert result["seconds"] > 0
    for kernel in kernels:
        assert kernel["calls"] >= 1 and kernel["backend"] and kernel["source"], kernel
        assert kernel["default_ms"] is None or (kernel["default_ms"] > 0 and kernel["gain"] >= 0), kernel
        assert kernel["gain"] is None or kernel["gain"] == 0 or kernel["backend"], kernel
    if kind == "model":
        assert result["model_ms_before"] > 0 and result["model_ms_after"] > 0, result
        assert result["model"]["pairs"] >= 9 and result["model"]["low"] <= result["model"]["speedup"], result["model"]
        assert abs(sum(kernel["share"] for kernel in kernels) - 1) < 1e-6, kernels
    elif kind == "kernel":
        assert result["model_ms_before"] is None and result["model_ms_after"] is None, result
        assert len(kernels) == 1
    return result


def interrupt(database, command):
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) as process:
        deadline = time.monotonic() + 120
        while not os.path.exists(database) or not os.path.getsize(database):
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"no record came: {process.stderr.read().decode()}")
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
    if process.returncode != 5:
        sys.exit(f"ended with status {process.returncode}, expected 5: {err.decode()}")
    result = check_result(out, "any")
    assert result["interrupted"], result
    assert len(trials(database)) == result["trials"], result


class Tags(html.parser.HTMLParser):
    """Opened tags must be closed, and nothing may be fetched."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag in ("script", "link", "img", "iframe") or any(name in ("src", "onload") for name, _ in attrs):
            sys.exit(f"the page has <{tag} {attrs}>")
        if any(name == "href" and not value.startswith("#") for name, value in attrs):
            sys.exit(f"the page refers to {attrs}")
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            sys.exit(f"</{tag}> at {self.getpos()} closes nothing")

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.open.pop()


def check_page(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    tags = Tags()
    tags.feed(text)
    tags.close()
    assert not tags.open, tags.open
    assert "nan" not in text.split("</style>")[1].lower().split("<svg")[0], "a number is missing"


def main():
    what, *words = sys.argv[1:]
    if what == "result":
        with open(words[0], encoding="utf-8") as file:
            check_result(file.read(), words[1])
    elif what in ("same", "differ"):
        if (trials(words[0]) == trials(words[1])) != (what == "same"):
            sys.exit(f"{words[0]} and {words[1]} are not what they should be: {what}")
    elif what == "interrupt":
        interrupt(words[0], words[1:])
    elif what == "page":
        check_page(words[0])


if __name__ == "__main__":
    main()
