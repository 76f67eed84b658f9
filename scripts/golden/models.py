"""The random-weight models that the golden values are made for.

Small ones are committed as complete Hugging Face directories. Of the full-size ones only config.json and weights.json
(names and shapes) are committed: attune-random-model writes their safetensors file from the formula in random_weights.py.
"""

BERT = dict(
    model_type="bert", architectures=["BertModel"], vocab_size=199, hidden_size=64, num_hidden_layers=2,
    num_attention_heads=4, intermediate_size=128, hidden_act="gelu", max_position_embeddings=40, type_vocab_size=2,
    layer_norm_eps=1e-12, pad_token_id=0,
)
ROBERTA = dict(
    BERT, model_type="roberta", architectures=["RobertaModel"], max_position_embeddings=42, type_vocab_size=1,
    layer_norm_eps=1e-5, pad_token_id=1, bos_token_id=0, eos_token_id=2,
)
DISTILBERT = dict(
    model_type="distilbert", architectures=["DistilBertModel"], vocab_size=199, dim=64, hidden_dim=128, n_layers=2,
    n_heads=4, activation="gelu", max_position_embeddings=40, sinusoidal_pos_embds=False, pad_token_id=0,
)
ALBERT = dict(
    model_type="albert", architectures=["AlbertModel"], vocab_size=199, embedding_size=24, hidden_size=64,
    num_hidden_layers=4, num_hidden_groups=1, inner_group_num=1, num_attention_heads=4, intermediate_size=128,
    hidden_act="gelu_new", max_position_embeddings=40, type_vocab_size=2, layer_norm_eps=1e-12, pad_token_id=0,
)

# Options of how a directory is written:
#   prefix    put before every tensor's name, as a checkpoint of a model with a head has it
#   dtype     F32, F16 or BF16, of every tensor
#   shards    number of files, with an index
#   old_norms LayerNorm.gamma and .beta, as the oldest checkpoints call them
#   extra     add tensors that an encoder does not need (a head, the position_ids buffer)
#   pooler    False: a checkpoint without the pooler's weights
SMALL = {
    "bert-gelu": dict(config=BERT),
    "bert-gelu-new-prefixed": dict(
        config=dict(BERT, hidden_size=48, num_attention_heads=2, intermediate_size=80, hidden_act="gelu_new",
                    type_vocab_size=1, layer_norm_eps=1e-5, architectures=["BertForMaskedLM"]),
        prefix="bert.", old_norms=True, extra=True,
    ),
    "bert-relu-f16": dict(config=dict(BERT, num_attention_heads=1, hidden_act="relu"), dtype="F16"),
    "bert-silu-bf16-sharded": dict(
        config=dict(BERT, num_hidden_layers=3, num_attention_heads=8, hidden_act="silu", layer_norm_eps=1e-6),
        dtype="BF16", shards=3,
    ),
    "bert-odd-sizes": dict(
        config=dict(BERT, vocab_size=131, hidden_size=51, num_attention_heads=3, intermediate_size=77,
                    num_hidden_layers=1, max_position_embeddings=33),
    ),
    "roberta": dict(config=ROBERTA),
    "roberta-no-pooler-prefixed": dict(
        config=dict(ROBERTA, architectures=["RobertaForMaskedLM"], num_hidden_layers=1), prefix="roberta.", pooler=False, extra=True,
    ),
    "distilbert": dict(config=DISTILBERT),
    "distilbert-relu-prefixed": dict(
        config=dict(DISTILBERT, activation="relu", architectures=["DistilBertForMaskedLM"], dim=48, n_heads=6),
        prefix="distilbert.",
    ),
    "albert": dict(config=ALBERT),
    "albert-groups-prefixed": dict(
        config=dict(ALBERT, hidden_size=40, num_hidden_groups=2, inner_group_num=2, hidden_act="gelu",
                    architectures=["AlbertForMaskedLM"]),
        prefix="albert.",
    ),
}

FULL = {
    "bert-base": dict(
        config=dict(BERT, vocab_size=30522, hidden_size=768, num_hidden_layers=12, num_attention_heads=12,
                    intermediate_size=3072, max_position_embeddings=512),
    ),
    "roberta-base": dict(
        config=dict(ROBERTA, vocab_size=50265, hidden_size=768, num_hidden_layers=12, num_attention_heads=12,
                    intermediate_size=3072, max_position_embeddings=514),
    ),
    "distilbert-base": dict(
        config=dict(DISTILBERT, vocab_size=30522, dim=768, hidden_dim=3072, n_layers=6, n_heads=12,
                    max_position_embeddings=512),
    ),
    "albert-base": dict(
        config=dict(ALBERT, vocab_size=30000, embedding_size=128, hidden_size=768, num_hidden_layers=12,
                    num_attention_heads=12, intermediate_size=3072, max_position_embeddings=512),
    ),
}
