#!/usr/bin/env python3
"""Checks a program's tokenizer: check_tokens.py PROGRAM TOKENS.json

Token ids must be those that the `tokenizers` library gives, for every string.
"""

import json
import sys

from check_embeddings import embed

BATCH = 40


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[2], encoding="utf-8") as file:
        rows = json.load(file)
    failures = 0
    for begin in range(0, len(rows), BATCH):
        part = rows[begin:begin + BATCH]
        for row, result in zip(part, embed(sys.argv[1], [row["text"] for row in part])):
            if result["token_ids"] != row["token_ids"]:
                failures += 1
                print(f"{ascii(row['text'])}: {result['token_ids']}, expected {row['token_ids']}")
    if failures:
        sys.exit(f"{failures} of {len(rows)} strings are wrong")
    print(f"{len(rows)} strings agree")


if __name__ == "__main__":
    main()
