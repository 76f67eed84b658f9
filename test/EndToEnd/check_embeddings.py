#!/usr/bin/env python3
"""Checks a program's sentence embeddings: check_embeddings.py PROGRAM SENTENCES.json EXPECTED.npy [--batched]

Runs `PROGRAM embed --format=json` on the sentences, several at a time and (without --batched) each alone, and compares
every embedding with its golden row: at most 1e-4 apart, cosine at least 0.99999. Token ids must be equal to the committed
ones.
"""

import json
import subprocess
import sys
from array import array

import compare_npy
import npy

BATCH = 5


def embed(program, texts):
    run = subprocess.run([program, "embed", "--format=json", *texts], capture_output=True, check=False)
    if run.returncode != 0:
        sys.exit(f"embed exited with {run.returncode}: {run.stderr.decode(errors='replace')}")
    results = json.loads(run.stdout)
    if [result["text"] for result in results] != texts:
        sys.exit(f"embed gave other texts back than {texts}")
    return results


def check(results, sentences, expected, what, comparisons):
    failures = 0
    for result, sentence, row in zip(results, sentences, expected):
        got = npy.Array([1, len(result["embedding"])], array("d", result["embedding"]))
        comparison = compare_npy.compare(got, npy.Array([1, len(row)], row), 1e-4, 0.0, 0.99999)
        comparisons.append(comparison)
        message, good = comparison.message, comparison.good
        if result["token_ids"] != sentence["token_ids"]:
            message, good = f"token ids {result['token_ids']}, expected {sentence['token_ids']}", False
        if not good:
            failures += 1
            print(f"{what}, {sentence['text'][:60]!r}: {message}")
    return failures


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--batched"]
    alone = len(arguments) == len(sys.argv) - 1
    if len(arguments) != 3:
        sys.exit(__doc__)
    program, sentences_path, expected_path = arguments
    with open(sentences_path, encoding="utf-8") as file:
        sentences = json.load(file)
    expected = npy.read(expected_path).rows()
    if len(sentences) != len(expected):
        sys.exit(f"{len(sentences)} sentences, {len(expected)} golden rows")
    failures, comparisons = 0, []
    for begin in range(0, len(sentences), BATCH):
        part = sentences[begin:begin + BATCH]
        results = embed(program, [sentence["text"] for sentence in part])
        failures += check(results, part, expected[begin:begin + BATCH], "batched", comparisons)
    for sentence, row in zip(sentences, expected) if alone else []:
        failures += check(embed(program, [sentence["text"]]), [sentence], [row], "alone", comparisons)
    if failures:
        sys.exit(f"{failures} embeddings are wrong")
    worst = max(comparison.worst for comparison in comparisons)
    cosine = min(comparison.cosine for comparison in comparisons)
    print(f"{len(sentences)} sentences agree: largest difference {worst:.3g}, lowest cosine {cosine:.9f}")


if __name__ == "__main__":
    main()
