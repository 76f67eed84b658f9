#!/usr/bin/env python3
"""Makes test/EndToEnd/golden/models: random-weight models and what transformers computes for them.

    make_model_golden.py [NAME...]          all of models.py when none is named

Needs torch and transformers (Debian's python3-torch 1.13 with transformers 4.40.2 made the committed files). Everything is
computed in f64, so that the golden values are the exact ones as far as f32 can tell. Per case, a folder with
input_ids.npy, attention_mask.npy, token_type_ids.npy (where the model has segments) and last_hidden_state.npy,
pooler_output.npy. Full-size models keep every eighth token and every eighth column of their long case (`sampled` in the
folder's name; compare_npy.py --stride=1,8,8).
"""

import json
import os
import shutil
import sys

import numpy as np
import torch
import transformers

import models
import random_weights

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "test", "EndToEnd", "golden", "models")
SEED = 20240229
DTYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


def build(config, pooler):
    """The encoder, not yet with its weights."""
    settings = transformers.AutoConfig.for_model(**config)
    options = {} if config["model_type"] == "distilbert" else {"add_pooling_layer": pooler}
    return transformers.MODEL_MAPPING[type(settings)](settings, **options).eval()


def fill(model, spec):
    """Sets the weights from the formula; returns them by the name that the file has for them."""
    prefix = spec.get("prefix", "")
    dtype = DTYPES[spec.get("dtype", "F32")]
    tensors = {}
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            stored = prefix + name
            if spec.get("old_norms"):
                stored = stored.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
            value = torch.from_numpy(random_weights.tensor(SEED, stored, tuple(parameter.shape))).to(dtype)
            tensors[stored] = value
            parameter.data = value.double()
    model.double()
    return tensors


def extra_tensors(config, dtype):
    """What checkpoints hold besides the encoder."""
    hidden = config["hidden_size"]
    extra = {
        "cls.predictions.bias": (config["vocab_size"],),
        "cls.predictions.transform.dense.weight": (hidden, hidden),
    }
    tensors = {n: torch.from_numpy(random_weights.tensor(SEED, n, s)).to(dtype) for n, s in extra.items()}
    positions = torch.arange(config["max_position_embeddings"]).reshape(1, -1)
    tensors[config["model_type"] + ".embeddings.position_ids"] = positions
    return tensors


def write_weights(folder, tensors, shards):
    from safetensors.torch import save_file

    metadata = {"format": "pt"}
    if shards == 1:
        save_file(tensors, os.path.join(folder, "model.safetensors"), metadata)
        return
    names = list(tensors)
    share = -(-len(names) // shards)
    weight_map = {}
    for shard in range(shards):
        file = f"model-{shard + 1:05d}-of-{shards:05d}.safetensors"
        part = names[shard * share:(shard + 1) * share]
        save_file({name: tensors[name] for name in part}, os.path.join(folder, file), metadata)
        weight_map.update({name: file for name in part})
    total = sum(t.numel() * t.element_size() for t in tensors.values())
    with open(os.path.join(folder, "model.safetensors.index.json"), "w", encoding="utf-8") as out:
        json.dump({"metadata": {"total_size": total}, "weight_map": weight_map}, out, indent=1, sort_keys=True)
        out.write("\n")


def inputs(config, batch, length, row_lengths, seed):
    """Token ids with padding at the end of the rows, their mask, and segments when the model has them."""
    random = np.random.RandomState(seed)
    pad = config["pad_token_id"]
    ids = random.randint(3, config["vocab_size"], size=(batch, length)).astype(np.int64)
    mask = (np.arange(length)[None, :] < np.array(row_lengths)[:, None]).astype(np.int64)
    ids = np.where(mask == 1, ids, pad)
    case = {"input_ids": ids, "attention_mask": mask}
    if config.get("type_vocab_size", 0) > 1:
        half = np.array(row_lengths)[:, None] // 2
        case["token_type_ids"] = ((np.arange(length)[None, :] >= half) & (mask == 1)).astype(np.int64)
    return case


def run(model, case):
    with torch.no_grad():
        result = model(**{name: torch.from_numpy(value) for name, value in case.items()})
    out = {"last_hidden_state": result.last_hidden_state.numpy()}
    if getattr(result, "pooler_output", None) is not None:
        out["pooler_output"] = result.pooler_output.numpy()
    return out


def write_case(folder, case, result, stride):
    os.makedirs(folder)
    for name, value in case.items():
        np.save(os.path.join(folder, name + ".npy"), value)
    for name, value in result.items():
        value = value[:, ::stride, ::stride] if value.ndim == 3 else value
        np.save(os.path.join(folder, name + ".npy"), np.ascontiguousarray(value.astype(np.float32)))


def make(name, spec, full):
    config = spec["config"]
    folder = os.path.normpath(os.path.join(GOLDEN, name))
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as out:
        json.dump(config, out, indent=2, sort_keys=True)
        out.write("\n")

    model = build(config, spec.get("pooler", True))
    tensors = fill(model, spec)
    if full:
        with open(os.path.join(folder, "weights.json"), "w", encoding="utf-8") as out:
            rows = [json.dumps({"name": n, "shape": list(t.shape)}) for n, t in tensors.items()]
            out.write('{"seed": %d, "tensors": [\n%s\n]}\n' % (SEED, ",\n".join(rows)))
        cases = {"2x16": (2, 16, [16, 11], 1), "1x128-sampled": (1, 128, [128], 8)}
    else:
        if spec.get("extra"):
            tensors.update(extra_tensors(config, DTYPES[spec.get("dtype", "F32")]))
        write_weights(folder, tensors, spec.get("shards", 1))
        cases = {"1x1": (1, 1, [1], 1), "1x17": (1, 17, [17], 1), "3x24": (3, 24, [24, 7, 1], 1)}

    for number, (case_name, (batch, length, row_lengths, stride)) in enumerate(cases.items()):
        case = inputs(config, batch, length, row_lengths, SEED % 1000 + number)
        result = run(model, case)
        write_case(os.path.join(folder, case_name), case, result, stride)
        hidden = result["last_hidden_state"]
        single = run(model.float(), case)["last_hidden_state"]
        model.double()
        print(f"{name} {case_name}: std {hidden.std():.3f}, max {abs(hidden).max():.2f}, "
              f"f32 against f64 {abs(single - hidden).max():.1e}", flush=True)


def main():
    torch.manual_seed(0)
    wanted = sys.argv[1:] or [*models.SMALL, *models.FULL]
    for name in wanted:
        if name in models.SMALL:
            make(name, models.SMALL[name], full=False)
        else:
            make(name, models.FULL[name], full=True)


if __name__ == "__main__":
    main()
