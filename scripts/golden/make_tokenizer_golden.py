#!/usr/bin/env python3
"""Makes test/EndToEnd/golden/minilm/tokens.json: make_tokenizer_golden.py MODEL

A list of {"text", "token_ids"}: what the `tokenizers` library makes of every string of hard_strings.py with the model's
tokenizer.json, special tokens included, without padding and truncation.
"""

import json
import os
import sys

from tokenizers import Tokenizer

from hard_strings import hard_strings

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "test", "EndToEnd", "golden", "minilm")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    tokenizer = Tokenizer.from_file(os.path.join(sys.argv[1], "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    rows = [{"text": text, "token_ids": tokenizer.encode(text).ids} for text in hard_strings()]
    os.makedirs(GOLDEN, exist_ok=True)
    with open(os.path.join(GOLDEN, "tokens.json"), "w", encoding="utf-8") as out:
        out.write("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
    print(f"{len(rows)} strings, the longest has {max(len(row['token_ids']) for row in rows)} tokens")


if __name__ == "__main__":
    main()
