"""The models that onnx_exports.py exports: real architectures of transformers with random weights, small or as published.

Each has wrappers that take and give plain tensors, example inputs, and the names of its dynamic dimensions.
"""

import dataclasses
import functools
from typing import Callable, Dict, List, Tuple

import torch
import transformers
from transformers import DynamicCache

BERT = ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "max_position_embeddings")
GPT2 = ("vocab_size", "n_embd", "n_layer", "n_head", "n_inner", "n_positions")
LLAMA = (*BERT, "num_key_value_heads")
T5 = ("vocab_size", "d_model", "d_kv", "d_ff", "num_layers", "num_heads", "feed_forward_proj",
      "relative_attention_num_buckets", "relative_attention_max_distance")
VIT = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "image_size", "patch_size")

# What the configurations of transformers are made with: "base" are BERT-base, all-MiniLM-L6-v2, GPT-2, a LLaMA of 12
# layers with grouped heads, T5-small and ViT-base. "large" have more than 2 GB of weights, which no ONNX file holds: GPT-2 large.
SIZES = {
    "small": {
        "bert": dict(zip(BERT, (64, 48, 2, 4, 96, 64))),
        "minilm": dict(zip(BERT, (64, 32, 3, 4, 64, 64))),
        "gpt2": dict(zip(GPT2, (64, 48, 2, 4, 96, 64))),
        "llama": dict(zip(LLAMA, (64, 48, 2, 4, 64, 64, 2))),
        "t5": dict(zip(T5, (64, 48, 12, 96, 2, 4, "gated-gelu", 8, 20))),
        "vit": dict(zip(VIT, (48, 2, 4, 96, 32, 8))),
    },
    "base": {
        "bert": dict(zip(BERT, (30522, 768, 12, 12, 3072, 512))),
        "minilm": dict(zip(BERT, (30522, 384, 6, 12, 1536, 512))),
        "gpt2": dict(zip(GPT2, (50257, 768, 12, 12, 3072, 1024))),
        "llama": dict(zip(LLAMA, (32000, 768, 12, 12, 2048, 2048, 4))),
        "t5": dict(zip(T5, (32128, 512, 64, 2048, 6, 8, "relu", 32, 128))),
        "vit": dict(zip(VIT, (768, 12, 12, 3072, 224, 16))),
    },
}
SIZES["large"] = {**SIZES["base"], "gpt2": dict(zip(GPT2, (50257, 1280, 36, 20, 5120, 1024)))}


@dataclasses.dataclass
class Case:
    """A model to export and the inputs to run it with."""

    name: str
    make: Callable[[], torch.nn.Module]  # the wrapper, whose forward takes the inputs in their order
    inputs: Callable[..., Dict[str, torch.Tensor]]  # one set of inputs for a tuple of sizes
    outputs: List[str]
    axes: Dict[str, Dict[int, str]]  # dynamic dimensions of inputs and outputs, by name
    sizes: List[Tuple[int, ...]]  # what inputs() is called with for the tests; the first one is exported with


def randomised(model, seed, scale=1.5):
    """Gives a model weights that let every part of it matter: norms and biases away from one and zero."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            is_norm = "norm" in name.lower() or ".ln_" in name
            is_embedding = any(part in name for part in ("embed", "wte", "wpe", "shared"))
            if parameter.dim() > 1:
                parameter.copy_(noise * (1.0 if is_embedding else scale * parameter.shape[-1]**-0.5))
            else:
                parameter.copy_(noise * 0.2 + (1.0 if is_norm and name.endswith("weight") else 0.0))
    return model.eval()


def token_ids(vocabulary, batch, length, seed=0):
    generator = torch.Generator().manual_seed(1000 * batch + length + seed)
    return torch.randint(1, vocabulary, (batch, length), generator=generator)


def padding_mask(batch, length):
    """Ones, and in every second row zeros at the last third of the positions."""
    mask = torch.ones(batch, length, dtype=torch.int64)
    if length >= 3:
        mask[1::2, length - length // 3:] = 0
    return mask


def random_states(*shape, seed):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


# --- encoders -------------------------------------------------------------------------------------------------------


class Encoder(torch.nn.Module):
    """BERT, with its last hidden state as the only output."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask, token_type_ids):
        return self.model(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)[0]


class SentenceEncoder(Encoder):
    """MiniLM as sentence-transformers uses it: the mean over the tokens that are not padding, of length one."""

    def forward(self, input_ids, attention_mask, token_type_ids):
        hidden = super().forward(input_ids, attention_mask, token_type_ids)
        weights = attention_mask.unsqueeze(-1).to(hidden.dtype)
        mean = (hidden * weights).sum(1) / weights.sum(1).clamp(min=1e-9)
        return hidden, torch.nn.functional.normalize(mean, p=2, dim=1)


def bert_inputs(sizes, batch, length):
    return {
        "input_ids": token_ids(sizes["vocab_size"], batch, length),
        "attention_mask": padding_mask(batch, length),
        "token_type_ids": torch.arange(length).ge(length // 2).long().expand(batch, length).contiguous(),
    }


def bert(sizes, implementation, seed=1):
    config = transformers.BertConfig(**sizes, attn_implementation=implementation)
    return randomised(transformers.BertModel(config, add_pooling_layer=False), seed)


# --- decoders -------------------------------------------------------------------------------------------------------


class Decoder(torch.nn.Module):
    """A causal language model without a cache."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids=input_ids, attention_mask=attention_mask, use_cache=False).logits


class CachedDecoder(torch.nn.Module):
    """A causal language model whose cache goes in and out as tensors."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask, *past):
        cache = DynamicCache()
        for layer in range(len(past) // 2):
            cache.update(past[2 * layer], past[2 * layer + 1], layer)
        result = self.model(input_ids=input_ids, attention_mask=attention_mask, past_key_values=cache, use_cache=True)
        present = [tensor for layer in result.past_key_values.layers for tensor in (layer.keys, layer.values)]
        return (result.logits, *present)


def decoder_inputs(sizes, batch, length):
    return {"input_ids": token_ids(sizes["vocab_size"], batch, length), "attention_mask": padding_mask(batch, length)}


def cached_inputs(vocabulary, layers, heads, width):

    def make(batch, length, past):
        ids = token_ids(vocabulary, batch, length)
        inputs = {"input_ids": ids, "attention_mask": torch.ones(batch, past + length, dtype=torch.int64)}
        # Left padding, as for generation in batches.
        if past >= 2:
            inputs["attention_mask"][1::2, :1] = 0
        for layer in range(layers):
            for index, part in enumerate(("key", "value")):
                inputs[f"past_{part}_{layer}"] = random_states(batch, heads, past, width, seed=10 * layer + index)
        return inputs

    return make


def cached_names(layers):
    return [f"present_{part}_{layer}" for layer in range(layers) for part in ("key", "value")]


def cached_axes(layers):
    axes = {
        "input_ids": {0: "batch", 1: "sequence"},
        "attention_mask": {0: "batch", 1: "total_sequence"},
        "logits": {0: "batch", 1: "sequence"},
    }
    for layer in range(layers):
        for part in ("key", "value"):
            axes[f"past_{part}_{layer}"] = {0: "batch", 2: "past_sequence"}
            axes[f"present_{part}_{layer}"] = {0: "batch", 2: "total_sequence"}
    return axes


def gpt2(sizes, implementation):
    return randomised(transformers.GPT2LMHeadModel(transformers.GPT2Config(**sizes, attn_implementation=implementation)), 3)


def llama(sizes, implementation):
    return randomised(transformers.LlamaForCausalLM(transformers.LlamaConfig(**sizes, attn_implementation=implementation)), 4)


# --- T5 and ViT -----------------------------------------------------------------------------------------------------


def t5_config(sizes, implementation):
    return transformers.T5Config(**sizes, decoder_start_token_id=0, attn_implementation=implementation)


class T5Encoder(torch.nn.Module):

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids=input_ids, attention_mask=attention_mask)[0]


class T5Decoder(torch.nn.Module):
    """The decoder over an encoder's states, without a cache, with its head."""

    def __init__(self, model):
        super().__init__()
        self.decoder, self.head = model.decoder, model.lm_head

    def forward(self, input_ids, encoder_hidden_states, encoder_attention_mask):
        hidden = self.decoder(input_ids=input_ids, encoder_hidden_states=encoder_hidden_states,
                              encoder_attention_mask=encoder_attention_mask, use_cache=False)[0]
        return self.head(hidden)


def t5_encoder(sizes, implementation):
    return T5Encoder(randomised(transformers.T5EncoderModel(t5_config(sizes, implementation)), 5, scale=0.7))


def t5_decoder(sizes, implementation):
    model = transformers.T5ForConditionalGeneration(t5_config(sizes, implementation))
    return T5Decoder(randomised(model, 6, scale=0.7))


def t5_decoder_inputs(sizes, batch, length, encoder_length):
    return {
        "input_ids": token_ids(sizes["vocab_size"], batch, length),
        "encoder_hidden_states": random_states(batch, encoder_length, sizes["d_model"], seed=7),
        "encoder_attention_mask": padding_mask(batch, encoder_length),
    }


class ImageEncoder(torch.nn.Module):

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, pixel_values):
        return self.model(pixel_values=pixel_values)[0]


def vit(sizes, implementation):
    config = transformers.ViTConfig(**sizes, attn_implementation=implementation)
    return ImageEncoder(randomised(transformers.ViTModel(config, add_pooling_layer=False), 8))


def vit_inputs(sizes, batch):
    return {"pixel_values": random_states(batch, 3, sizes["image_size"], sizes["image_size"], seed=9)}


TOKENS = {0: "batch", 1: "sequence"}
ENCODER_AXES = {name: TOKENS for name in ("input_ids", "attention_mask", "token_type_ids", "last_hidden_state")}
DECODER_AXES = {name: TOKENS for name in ("input_ids", "attention_mask", "logits")}
T5_DECODER_AXES = {
    "input_ids": TOKENS,
    "encoder_hidden_states": {0: "batch", 1: "encoder_sequence"},
    "encoder_attention_mask": {0: "batch", 1: "encoder_sequence"},
    "logits": TOKENS,
}

# Batch and lengths that exports of a size are run with.
RUNS = {
    "small": {
        "tokens": [(2, 7), (1, 1), (3, 24)],
        "past": [(2, 3, 5), (1, 1, 9), (3, 17, 2), (2, 6, 0)],
        "two": [(2, 5, 7), (1, 1, 3), (3, 24, 11)],
        "images": [(2,), (1,), (3,)],
    },
    "base": {
        "tokens": [(2, 7), (1, 1), (1, 7), (1, 128), (2, 1), (2, 128)],
        "past": [(2, 7, 5), (1, 1, 127), (2, 1, 127), (1, 128, 0), (2, 128, 9)],
        "two": [(2, 7, 9), (1, 1, 7), (1, 7, 128), (1, 128, 128), (2, 1, 128), (2, 128, 128)],
        "images": [(2,), (1,)],
    },
}


RUNS["large"] = {**RUNS["base"], "tokens": [(2, 7), (1, 1), (1, 128)]}


def cached_case(name, make, vocabulary, layers, heads, width, runs):
    return Case(name, make, cached_inputs(vocabulary, layers, heads, width), ["logits", *cached_names(layers)],
                cached_axes(layers), runs["past"])


def cases(implementation, size="small"):
    """All models of a size with an attention implementation of transformers: "eager" or "sdpa"."""
    bert_sizes, minilm_sizes, gpt2_sizes, llama_sizes, t5_sizes, vit_sizes = (
        SIZES[size][model] for model in ("bert", "minilm", "gpt2", "llama", "t5", "vit"))
    runs = RUNS[size]

    def inputs(function, sizes):
        return functools.partial(function, sizes)

    return [
        Case("bert", lambda: Encoder(bert(bert_sizes, implementation)), inputs(bert_inputs, bert_sizes),
             ["last_hidden_state"], ENCODER_AXES, runs["tokens"]),
        Case("minilm", lambda: SentenceEncoder(bert(minilm_sizes, implementation, seed=2)), inputs(bert_inputs, minilm_sizes),
             ["last_hidden_state", "sentence_embedding"], {**ENCODER_AXES, "sentence_embedding": {0: "batch"}}, runs["tokens"]),
        Case("gpt2", lambda: Decoder(gpt2(gpt2_sizes, implementation)), inputs(decoder_inputs, gpt2_sizes), ["logits"],
             DECODER_AXES, runs["tokens"]),
        cached_case("gpt2-past", lambda: CachedDecoder(gpt2(gpt2_sizes, implementation)), gpt2_sizes["vocab_size"],
                    gpt2_sizes["n_layer"], gpt2_sizes["n_head"], gpt2_sizes["n_embd"] // gpt2_sizes["n_head"], runs),
        Case("llama", lambda: Decoder(llama(llama_sizes, implementation)), inputs(decoder_inputs, llama_sizes), ["logits"],
             DECODER_AXES, runs["tokens"]),
        cached_case("llama-past", lambda: CachedDecoder(llama(llama_sizes, implementation)), llama_sizes["vocab_size"],
                    llama_sizes["num_hidden_layers"], llama_sizes["num_key_value_heads"],
                    llama_sizes["hidden_size"] // llama_sizes["num_attention_heads"], runs),
        Case("t5-encoder", lambda: t5_encoder(t5_sizes, implementation), inputs(decoder_inputs, t5_sizes),
             ["last_hidden_state"], {name: TOKENS for name in ("input_ids", "attention_mask", "last_hidden_state")},
             runs["tokens"]),
        Case("t5-decoder", lambda: t5_decoder(t5_sizes, implementation), inputs(t5_decoder_inputs, t5_sizes), ["logits"],
             T5_DECODER_AXES, runs["two"]),
        Case("vit", lambda: vit(vit_sizes, implementation), inputs(vit_inputs, vit_sizes), ["last_hidden_state"],
             {"pixel_values": {0: "batch"}, "last_hidden_state": {0: "batch"}}, runs["images"]),
    ]
