"""The small models that onnx_exports.py exports: real architectures of transformers with random weights.

Each has wrappers that take and give plain tensors, example inputs, and the names of its dynamic dimensions.
"""

import dataclasses
from typing import Callable, Dict, List, Tuple

import torch
import transformers
from transformers import DynamicCache

VOCABULARY = 64


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


def token_ids(batch, length, seed=0):
    generator = torch.Generator().manual_seed(1000 * batch + length + seed)
    return torch.randint(1, VOCABULARY, (batch, length), generator=generator)


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


def bert_config(implementation, **changes):
    values = dict(vocab_size=VOCABULARY, hidden_size=48, num_hidden_layers=2, num_attention_heads=4, intermediate_size=96,
                  max_position_embeddings=64, attn_implementation=implementation)
    return transformers.BertConfig(**{**values, **changes})


def bert_inputs(batch, length):
    return {
        "input_ids": token_ids(batch, length),
        "attention_mask": padding_mask(batch, length),
        "token_type_ids": torch.arange(length).ge(length // 2).long().expand(batch, length).contiguous(),
    }


def bert(implementation):
    model = transformers.BertModel(bert_config(implementation), add_pooling_layer=False)
    return Encoder(randomised(model, 1))


def minilm(implementation):
    config = bert_config(implementation, hidden_size=32, num_attention_heads=4, intermediate_size=64, num_hidden_layers=3)
    return SentenceEncoder(randomised(transformers.BertModel(config, add_pooling_layer=False), 2))


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


def decoder_inputs(batch, length):
    return {"input_ids": token_ids(batch, length), "attention_mask": padding_mask(batch, length)}


def cached_inputs(heads, width, layers=2):

    def make(batch, length, past):
        inputs = {"input_ids": token_ids(batch, length), "attention_mask": torch.ones(batch, past + length, dtype=torch.int64)}
        # Left padding, as for generation in batches.
        if past >= 2:
            inputs["attention_mask"][1::2, :1] = 0
        for layer in range(layers):
            for index, part in enumerate(("key", "value")):
                inputs[f"past_{part}_{layer}"] = random_states(batch, heads, past, width, seed=10 * layer + index)
        return inputs

    return make


def cached_names(layers=2):
    return [f"present_{part}_{layer}" for layer in range(layers) for part in ("key", "value")]


def cached_axes(layers=2):
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


def gpt2(implementation):
    config = transformers.GPT2Config(vocab_size=VOCABULARY, n_embd=48, n_layer=2, n_head=4, n_inner=96, n_positions=64,
                                     attn_implementation=implementation)
    return randomised(transformers.GPT2LMHeadModel(config), 3)


def llama(implementation):
    config = transformers.LlamaConfig(vocab_size=VOCABULARY, hidden_size=48, num_hidden_layers=2, num_attention_heads=4,
                                      num_key_value_heads=2, intermediate_size=64, max_position_embeddings=64,
                                      attn_implementation=implementation)
    return randomised(transformers.LlamaForCausalLM(config), 4)


# --- T5 and ViT -----------------------------------------------------------------------------------------------------


def t5_config(implementation):
    return transformers.T5Config(vocab_size=VOCABULARY, d_model=48, d_kv=12, d_ff=96, num_layers=2, num_heads=4,
                                 feed_forward_proj="gated-gelu", relative_attention_num_buckets=8,
                                 relative_attention_max_distance=20, decoder_start_token_id=0,
                                 attn_implementation=implementation)


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


def t5_encoder(implementation):
    return T5Encoder(randomised(transformers.T5EncoderModel(t5_config(implementation)), 5, scale=0.7))


def t5_decoder(implementation):
    return T5Decoder(randomised(transformers.T5ForConditionalGeneration(t5_config(implementation)), 6, scale=0.7))


def t5_decoder_inputs(batch, length, encoder_length):
    return {
        "input_ids": token_ids(batch, length),
        "encoder_hidden_states": random_states(batch, encoder_length, 48, seed=7),
        "encoder_attention_mask": padding_mask(batch, encoder_length),
    }


class ImageEncoder(torch.nn.Module):

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, pixel_values):
        return self.model(pixel_values=pixel_values)[0]


def vit(implementation):
    config = transformers.ViTConfig(hidden_size=48, num_hidden_layers=2, num_attention_heads=4, intermediate_size=96,
                                    image_size=32, patch_size=8, attn_implementation=implementation)
    return ImageEncoder(randomised(transformers.ViTModel(config, add_pooling_layer=False), 8))


TOKENS = {0: "batch", 1: "sequence"}
ENCODER_AXES = {name: TOKENS for name in ("input_ids", "attention_mask", "token_type_ids", "last_hidden_state")}
ENCODER_SIZES = [(2, 7), (1, 1), (3, 24)]


def cases(implementation):
    """All models with an attention implementation of transformers: "eager" or "sdpa"."""
    return [
        Case("bert", lambda: bert(implementation), bert_inputs, ["last_hidden_state"], ENCODER_AXES, ENCODER_SIZES),
        Case("minilm", lambda: minilm(implementation), bert_inputs, ["last_hidden_state", "sentence_embedding"],
             {**ENCODER_AXES, "sentence_embedding": {0: "batch"}}, ENCODER_SIZES),
        Case("gpt2", lambda: Decoder(gpt2(implementation)), decoder_inputs, ["logits"],
             {"input_ids": TOKENS, "attention_mask": TOKENS, "logits": TOKENS}, ENCODER_SIZES),
        Case("gpt2-past", lambda: CachedDecoder(gpt2(implementation)), cached_inputs(4, 12), ["logits", *cached_names()],
             cached_axes(), [(2, 3, 5), (1, 1, 9), (3, 17, 2), (2, 6, 0)]),
        Case("llama", lambda: Decoder(llama(implementation)), decoder_inputs, ["logits"],
             {"input_ids": TOKENS, "attention_mask": TOKENS, "logits": TOKENS}, ENCODER_SIZES),
        Case("llama-past", lambda: CachedDecoder(llama(implementation)), cached_inputs(2, 12), ["logits", *cached_names()],
             cached_axes(), [(2, 3, 5), (1, 1, 9), (3, 17, 2), (2, 6, 0)]),
        Case("t5-encoder", lambda: t5_encoder(implementation), decoder_inputs, ["last_hidden_state"],
             {"input_ids": TOKENS, "attention_mask": TOKENS, "last_hidden_state": TOKENS}, ENCODER_SIZES),
        Case("t5-decoder", lambda: t5_decoder(implementation), t5_decoder_inputs, ["logits"],
             {"input_ids": TOKENS, "encoder_hidden_states": {0: "batch", 1: "encoder_sequence"},
              "encoder_attention_mask": {0: "batch", 1: "encoder_sequence"}, "logits": TOKENS},
             [(2, 5, 7), (1, 1, 3), (3, 24, 11)]),
        Case("vit", lambda: vit(implementation), lambda batch: {"pixel_values": random_states(batch, 3, 32, 32, seed=9)},
             ["last_hidden_state"], {"pixel_values": {0: "batch"}, "last_hidden_state": {0: "batch"}}, [(2,), (1,), (3,)]),
    ]
