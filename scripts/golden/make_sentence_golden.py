#!/usr/bin/env python3
"""Makes test/EndToEnd/golden/minilm: make_sentence_golden.py MODEL

sentences.json has each sentence with its token ids, embeddings.npy the embeddings [sentences, 384]: mean over the tokens,
then divided by the L2 norm, as the model's sentence-transformers files say. Tokens come from the `tokenizers` library, cut
to max_seq_length of sentence_bert_config.json; hidden states from transformers, computed in f64, one sentence at a time.
"""

import json
import os
import sys

import numpy as np
import torch
import transformers
from tokenizers import Tokenizer

from sentences import SENTENCES

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "test", "EndToEnd", "golden", "minilm")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = sys.argv[1]
    with open(os.path.join(folder, "sentence_bert_config.json"), encoding="utf-8") as file:
        longest = json.load(file)["max_seq_length"]
    tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(longest)
    model = transformers.AutoModel.from_pretrained(folder).eval().double()

    rows, embeddings = [], []
    for text in SENTENCES:
        ids = tokenizer.encode(text).ids
        with torch.no_grad():
            hidden = model(torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long)).last_hidden_state
        mean = hidden[0].mean(dim=0).numpy()
        rows.append({"text": text, "token_ids": ids})
        embeddings.append(mean / max(np.linalg.norm(mean), 1e-12))

    os.makedirs(GOLDEN, exist_ok=True)
    with open(os.path.join(GOLDEN, "sentences.json"), "w", encoding="utf-8") as out:
        out.write("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
    np.save(os.path.join(GOLDEN, "embeddings.npy"), np.array(embeddings, dtype=np.float32))
    print(f"{len(rows)} sentences, token counts {sorted({len(row['token_ids']) for row in rows})}")


if __name__ == "__main__":
    main()
