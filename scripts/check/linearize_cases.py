#!/usr/bin/env python3
"""Rewrites small random models with `attune linearize` and checks reports, saved models and refusals.

    scripts/check/linearize_cases.py ATTUNE FOLDER

FOLDER is for the files in between. Figures are checked by linearize_report.py.
"""

import filecmp
import json
import os
import shutil
import subprocess
import sys

import numpy as np

import linearize_report

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../test/EndToEnd/golden")
WINDOW = ["--window=4", "--sinks=2"]
FAVOR = ["--feature-map=favor", "--features=16"]
MAPS = [FAVOR, ["--feature-map=taylor2"], ["--feature-map=calibrated", "--features=24"]]


class Cases:
    def __init__(self, attune, folder):
        self.attune, self.folder, self.failures = attune, folder, 0
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def fail(self, text):
        self.failures += 1
        print("FAILED: " + text)

    def write_texts(self, vocabulary, calibration, holdout):
        random = np.random.default_rng(7)
        for name, (texts, length) in (("calibration", calibration), ("holdout", holdout)):
            np.save(self.path(name + ".npy"), random.integers(1, vocabulary, (texts, length), dtype=np.int64))
        texts, length = holdout
        np.save(self.path("positions.npy"), np.tile(np.arange(length, dtype=np.int64), (texts, 1)))

    def linearize(self, model, name, options, budget="cos:-1"):
        return subprocess.run(
            [self.attune, "linearize", model, "--quiet", "--measure=0", "--seeds=1", "--max-error=" + budget,
             "--calibrate=" + self.path("calibration.npy"), "--holdout=" + self.path("holdout.npy"),
             "--report=" + self.path(name + ".json"), "-o", self.path(name), *options],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)

    def check(self, model, directory, name, output, options):
        """The report's figures, and what the saved model computes."""
        found = self.linearize(model, name, options)
        if found.returncode:
            return self.fail(f"{name}: exit status {found.returncode}: {found.stdout}")
        results = self.path(name + ".npy")
        inputs = ["--input=input_ids=@" + self.path("holdout.npy")]
        if output == "logits":
            inputs.append("--input=position_ids=@" + self.path("positions.npy"))
        saved = self.path(name + "/model.yaml")
        subprocess.run([self.attune, "run", saved, *inputs, f"--output={output}=@{results}"], check=True,
                       stdout=subprocess.DEVNULL)
        checker = linearize_report.check(directory, self.path(name), self.path(name + ".json"), results)
        for problem in checker.problems:
            self.fail(f"{name}: {problem}")
        print(f"{name}: {checker.count} figures checked")

    def check_sensitivity(self, directory, name):
        """That the check itself sees a weight that is off."""
        changed = self.path("changed")
        shutil.copytree(self.path(name), changed)
        file = os.path.join(changed, "model.safetensors")
        with open(file, "rb") as stream:
            data = bytearray(stream.read())
        size = int.from_bytes(data[:8], "little")
        begin, end = json.loads(data[8:8 + size])["layers.1.attention.key_features.mix"]["data_offsets"]
        mix = np.frombuffer(data, "<f4", (end - begin) // 4, 8 + size + begin)
        mix[::5] *= 1.5
        with open(file, "wb") as stream:
            stream.write(data)
        if not linearize_report.check(directory, changed, self.path(name + ".json")).problems:
            self.fail("changed weights of a feature map were not found")

    def check_refusal(self, model, name):
        """Exit status 4 and a report, but no model, when the budget is not kept."""
        found = self.linearize(model, name, FAVOR, budget="rel:0")
        leftovers = [entry for entry in os.listdir(self.folder) if entry.startswith(name) and not entry.endswith(".json")]
        if found.returncode != 4 or leftovers or not os.path.exists(self.path(name + ".json")):
            self.fail(f"{name}: exit status {found.returncode}, {leftovers}: {found.stdout}")

    def check_same(self, model, names):
        """That results are the same bytes with one thread and with two, run by run."""
        for name, threads in zip(names, ("1", "2")):
            if self.linearize(model, name, [*MAPS[2], "--threads=" + threads]).returncode:
                return self.fail(name)
        first, second = (self.path(name + "/model.safetensors") for name in names)
        if not filecmp.cmp(first, second, shallow=False):
            self.fail("weights depend on the number of threads")

    def check_error(self, model, options, words):
        found = self.linearize(model, "error", options)
        if found.returncode in (0, 4) or words not in found.stdout:
            self.fail(f"expected an error that says '{words}', found {found.returncode}: {found.stdout}")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    cases = Cases(*sys.argv[1:])
    bert = os.path.join(GOLDEN, "models/bert-gelu")
    cases.write_texts(199, (16, 30), (6, 36))
    for options in MAPS:
        for window in ([], WINDOW):
            name = options[0].split("=")[1] + ("-hybrid" if window else "")
            cases.check(bert, bert, name, "last_hidden_state", options + window)
    cases.check_sensitivity(bert, "calibrated")
    cases.check_refusal(bert, "refused")
    cases.check_same(bert, ("threads-1", "threads-2"))
    cases.check_error(os.path.join(GOLDEN, "models/albert"), FAVOR, "share their weights")

    decoder = os.path.join(GOLDEN, "linear/transformer-decoder")
    description = os.path.join(decoder, "model.yaml")
    cases.write_texts(61, (16, 40), (6, 48))
    for options in MAPS:
        cases.check(description, decoder, "decoder-" + options[0].split("=")[1], "logits", options)
    cases.check_error(description, FAVOR + WINDOW, "is a decoder")
    cases.check_error(os.path.join(GOLDEN, "linear/mixed-decoder/model.yaml"), FAVOR, "linear layers of its own")
    sys.exit(cases.failures > 0)


if __name__ == "__main__":
    main()
