"""Writes a BERT of the published base size with random weights as a Hugging Face directory: for measuring speed.

Run it with the reference packages (need_reference and reference_python of scripts/common.sh)."""

import sys

import torch
from transformers import BertConfig, BertModel

if len(sys.argv) != 2:
    sys.exit("usage: random_bert.py FOLDER")
torch.manual_seed(0)
BertModel(BertConfig(), add_pooling_layer=False).eval().save_pretrained(sys.argv[1], safe_serialization=True)
