#!/usr/bin/env python3
"""Exports a Hugging Face encoder directory to ONNX: export_onnx.py MODEL OUTPUT.onnx

As its own exporters do it: opset 17, f32, batch and length dynamic, inputs input_ids, attention_mask and token_type_ids,
output last_hidden_state. Needs torch and transformers; used for comparisons only.
"""

import os
import sys

import torch
import transformers


class Hidden(torch.nn.Module):
    """The encoder with its last hidden state as the only output."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask, token_type_ids):
        return self.model(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)[0]


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder, output = sys.argv[1:]
    model = Hidden(transformers.AutoModel.from_pretrained(folder, add_pooling_layer=False)).eval()
    names = ["input_ids", "attention_mask", "token_type_ids"]
    ids = torch.randint(3, 1000, (2, 16))
    os.makedirs(os.path.dirname(os.path.abspath(output)), exist_ok=True)
    partial = output + ".partial"
    axes = {0: "batch", 1: "length"}
    torch.onnx.export(
        model,
        (ids, torch.ones_like(ids), torch.zeros_like(ids)),
        partial,
        input_names=names,
        output_names=["last_hidden_state"],
        dynamic_axes={name: axes for name in [*names, "last_hidden_state"]},
        opset_version=17,
        do_constant_folding=True,
    )
    os.replace(partial, output)


if __name__ == "__main__":
    main()
