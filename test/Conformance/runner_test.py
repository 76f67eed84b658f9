#!/usr/bin/env python3
"""Tests scripts/conformance/run_cases.py with programs that pass, differ, die and hang in place of attune."""

import json
import os
import stat
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
SCRIPTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scripts", "conformance")
sys.path.insert(0, SCRIPTS)
import run_cases
from expected import ExpectedFailures

# Does what the model's name says.
PROGRAM = """#!/bin/sh
case "$2" in
*pass*) exit 0 ;;
*wrong*) echo "error: output 'y' differs" >&2; exit 4 ;;
*unsupported*) echo "error: 1 unsupported operator" >&2; exit 3 ;;
*usage*) exit 2 ;;
*abort*) kill -ABRT $$ ;;
*assert*) echo "x.cpp:1: f: Assertion \\`a' failed." >&2; exit 1 ;;
*hang*) exec sleep 60 ;;
*arguments*) shift 2; printf '%s\\n' "$@" >&2; exit 4 ;;
esac
"""


class Runner(unittest.TestCase):

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = scratch.name
        self.program = self.write("attune", PROGRAM)
        os.chmod(self.program, stat.S_IRWXU)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def run_on(self, cases, *options, failures=""):
        """The finished run over cases, a dict of name to group, and its results by name."""
        tensor = [{"name": "a=b:0 c", "file": "x.npy"}]
        self.write("manifest.json", json.dumps([
            {"name": name, "group": group, "model": name, "inputs": tensor, "outputs": tensor, "rtol": 1e-3, "atol": 1e-7,
             "ops": ["Add"]} for name, group in cases.items()
        ]))
        results = os.path.join(self.folder, "results.json")
        done = subprocess.run(
            [sys.executable, "-B", os.path.join(SCRIPTS, "run_cases.py"), self.folder, f"--attune={self.program}",
             f"--results={results}", f"--expected-failures={self.write('failures.txt', failures)}", *options],
            capture_output=True, text=True, check=False)
        with open(results, encoding="utf-8") as file:
            return done, {result["name"]: result for result in json.load(file)["results"]}

    def test_outcomes(self):
        names = ("pass", "wrong", "unsupported", "usage", "abort", "assert", "hang")
        done, results = self.run_on({name: "other" for name in names}, "--timeout=1")
        self.assertEqual([results[name]["outcome"] for name in names],
                         ["pass", "wrong", "unsupported", "error", "crash", "crash", "timeout"])
        self.assertEqual(done.returncode, 1)
        self.assertIn("| other | 7 | 1 | 1 | 1 | 1 | 1 | 2 |", done.stdout)
        self.assertIn("wrong: wrong: error: output 'y' differs", done.stdout)

    def test_all_pass(self):
        done, _ = self.run_on({"pass-1": "gemm", "pass-2": "other"}, "--min-share=100")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("100.0 % of the other cases pass", done.stdout)

    def test_expected_failures(self):
        done, _ = self.run_on({"pass": "other", "wrong-1": "other", "wrong-2": "other"}, failures="wrong-*: rounding\n")
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_unexpected_pass(self):
        done, _ = self.run_on({"pass": "other"}, failures="pass: rounding\n")
        self.assertEqual(done.returncode, 1)
        self.assertIn("pass: passes although it is expected not to (rounding): remove its line", done.stdout)

    def test_crashes_are_never_expected(self):
        done, _ = self.run_on({"abort": "other"}, failures="abort: dies\n")
        self.assertEqual(done.returncode, 1)
        self.assertIn("abort: crashed", done.stdout)

    def test_groups_must_pass_wholly(self):
        done, _ = self.run_on({"wrong": "softmax"}, failures="wrong: rounding\n")
        self.assertEqual(done.returncode, 1)
        self.assertIn("the group softmax must pass wholly", done.stdout)

    def test_lines_without_a_case(self):
        done, _ = self.run_on({"pass": "other"}, failures="gone: rounding\n")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no case is named 'gone'", done.stdout)

    def test_share(self):
        cases = {"pass": "other", "wrong": "other"}
        done, _ = self.run_on(cases, "--min-share=51", failures="wrong: rounding\n")
        self.assertEqual(done.returncode, 1)
        self.assertIn("1 of 2 other cases pass, fewer than 51", done.stdout)

    def test_selection(self):
        cases = {"pass-1": "gemm", "pass-2": "other", "wrong": "other"}
        _, results = self.run_on(cases, "--filter=pass")
        self.assertEqual(list(results), ["pass-1", "pass-2"])
        _, results = self.run_on(cases, "--group=gemm,gru")
        self.assertEqual(list(results), ["pass-1"])

    def test_causes(self):
        done, _ = self.run_on({"wrong-1": "other", "wrong-2": "other", "usage": "other"}, "--causes")
        self.assertIn("2 wrong: error: output 'y' differs\n  wrong-1 wrong-2\n", done.stdout)

    def test_arguments(self):
        _, results = self.run_on({"arguments": "other"}, "--option=--no-fuse=all")
        file = os.path.join(self.folder, "x.npy")
        self.assertEqual(results["arguments"]["message"].splitlines(),
                         [f"--input=a=b:0 c=@{file}", f"--expected=a=b:0 c=@{file}", "--rtol=0.001", "--atol=1e-07",
                          "--threads=1", "--no-fuse=all"])

    def test_wrong_list(self):
        with self.assertRaisesRegex(ValueError, "failures.txt:2: expected 'CASE: REASON'"):
            ExpectedFailures.read(self.write("failures.txt", "a: b\nno reason\n"))

    def test_sanitizer_reports_are_crashes(self):
        self.assertEqual(run_cases.classify(1, "a.cpp:3:4: runtime error: signed integer overflow"), "crash")
        self.assertEqual(run_cases.classify(1, "error: broken"), "error")


if __name__ == "__main__":
    unittest.main()
