"""Small models of linear attention, and one of softmax attention, that make_linear_golden.py makes golden values for.

Descriptions as the YAML has them. Those of a paper are the files of examples/models of the same name in small; the others
are for parts of the schema that no paper has together.
"""

SIZES = dict(vocabulary_size=61, hidden_size=32, layers=2)
NORM = dict(epsilon=1e-5, embedding_norm=False)


def model(family, topology, attention, **parts):
    settings = dict(SIZES, family=family, topology=topology, norm=NORM, attention=dict(heads=4, **attention), ffn=dict(dim=48))
    settings.update(parts)
    return settings


def linear(features, **parts):
    return dict(kind="linear", linear=dict(features=features, **parts))


SINUSOIDS = dict(kind="sinusoidal", rows=64)
UNPLACED = dict(kind="none")
PRE = dict(NORM, placement="pre", final_norm=True)
POST = dict(NORM, placement="post", final_norm=True)
RELU = dict(dim=48, activation="relu")

MODELS = {
    # fast-transformers: norms behind sub-layers, one more at the end, ReLU.
    "linear-transformer": model(
        "linear-transformer", "decoder", linear(dict(kind="elu1"), denominator=1e-6),
        position=SINUSOIDS, norm=POST, ffn=RELU, head=dict(tied=False, bias=True)),
    "linear-transformer-encoder": model(
        "linear-transformer", "encoder", linear(dict(kind="elu1"), denominator=1e-6),
        position=dict(rows=40), norm=dict(NORM, embedding_norm=True)),
    "performer": model(
        "performer", "decoder", linear(dict(kind="favor", projection=16, shared=True), denominator=1e-6),
        position=dict(SINUSOIDS, interleaved=False), norm=PRE, head=dict(tied=True)),
    "performer-encoder": model(
        "performer", "encoder", linear(dict(kind="favor_hyperbolic", projection=12), denominator=0.0),
        position=dict(rows=40), norm=PRE),
    "performer-relu-encoder": model(
        "performer", "encoder", dict(linear(dict(kind="relu", epsilon=1e-3), denominator=0.0), kv_heads=2),
        position=dict(rows=40), norm=PRE),
    "delta-net": model(
        "delta-net", "decoder",
        dict(linear(dict(kind="dpfp", order=2, norm="sum"), rule="delta", scale=8**-0.5), query_bias=False, key_bias=False, value_bias=False),
        position=UNPLACED, norm=PRE, head=dict(tied=True)),
    "fast-weight-programmer-1991": model(
        "fast-weight-programmer", "decoder", linear(dict(kind="identity")), position=UNPLACED, norm=PRE, ffn=RELU),
    "fast-weight-programmer-1992": model(
        "fast-weight-programmer", "decoder", linear(dict(kind="identity"), squash="tanh"), position=UNPLACED, norm=PRE, ffn=RELU),
    "transformer-decoder": model(
        "transformer-decoder", "decoder", dict(kv_heads=2), position=dict(rows=66, offset=2), norm=PRE, head=dict(tied=True)),
    # Retention-like decay of heads (as ALiBi), and the gated rules with gates for columns and for heads.
    "alibi-linear": model(
        "linear-transformer", "decoder", linear(dict(kind="elu1"), rule="gated", decay=dict(kind="slopes"), denominator=1e-6),
        position=UNPLACED, norm=PRE, head=dict(tied=True)),
    "gated-linear": model(
        "gated-linear", "decoder",
        dict(linear(dict(kind="identity"), rule="gated", scale=8**-0.5,
                    decay=dict(kind="log_sigmoid", columns=True, bias=True, temperature=4.0)), kv_heads=2),
        position=UNPLACED, norm=PRE, head=dict(tied=True)),
    "gated-delta-net": model(
        "gated-delta-net", "decoder",
        linear(dict(kind="identity", norm="l2"), rule="gated_delta", scale=8**-0.5, beta=dict(bias=True),
               decay=dict(kind="softplus", bias=True)),
        position=UNPLACED, norm=PRE, ffn=dict(dim=48, activation="silu"), head=dict(tied=True)),
    # A layer of each kind, grouped heads, features that were learned.
    "mixed-decoder": model(
        "mixed", "decoder",
        dict(kv_heads=2, **linear(
            dict(kind="softmax", projection=8), denominator=1e-6, layers=[1],
            key_features=dict(kind="softmax", projection=8))),
        position=dict(rows=64), norm=PRE, head=dict(tied=True)),
    "mapped-decoder": model(
        "mapped", "decoder",
        linear(dict(kind="softmax_halves", projection=6, bias=True, shared=True, mix=10), denominator=0.0,
               key_features=dict(kind="exp", projection=5, mix=10, tilt=True)),
        position=UNPLACED, norm=PRE, head=dict(tied=True)),
    # Near keys exactly, the others through features.
    "hybrid-encoder": model(
        "hybrid", "encoder", linear(dict(kind="favor", projection=16, shared=True), window=3, sinks=2),
        position=dict(rows=40), norm=PRE),
    "hybrid-causal": model(
        "hybrid", "encoder",
        dict(mask="causal", kv_heads=2, **linear(
            dict(kind="taylor2", tilt=True, offset=True), window=2, sinks=1, key_features=dict(kind="taylor2", tilt=True, offset=True))),
        position=dict(rows=40), norm=PRE),
    "delta-net-causal": model(
        "delta-net", "encoder", dict(mask="causal", **linear(dict(kind="elu1", norm="sum"), rule="delta")),
        position=dict(rows=40), norm=PRE),
    "causal-encoder": model("transformer", "encoder", dict(mask="causal"), position=dict(rows=40), norm=PRE),
}
