#!/usr/bin/env python3
"""Makes test/EndToEnd/Onnx/*.onnx: small models with random weights, exported as users export theirs.

    onnx_exports.py [--size=small|base|large] [--folder=FOLDER] [NAME...]

NAMEs are those of EXPORTS, e.g. bert-dynamo; without any, all are made. --size=base makes models of published sizes
(0.1 to 0.7 GB each), --size=large a GPT-2 of 3 GB, for scripts/bench/check_real_exports.py and needs a FOLDER outside of the project.

Each model of onnx_exports_models.py is exported by both of torch's exporters, at several opsets, with transformers' eager
attention or torch's scaled_dot_product_attention, and with dynamic batch and sequence lengths; BERT and GPT-2 also come
through onnxruntime's optimiser, which writes operators of its own, and BERT through its dynamic quantisation.

Inputs and onnxruntime's outputs go into golden/MODEL/SIZES/ beside the exports. The exports of a model share them and must
agree to 2e-5; only the quantised one has its own. Every output is also compared with torch's. Those of large models are
compared relative to the largest output, and only inputs are written.

Needs what scripts/requirements/onnx_exports.txt pins (Python 3.11 in a virtual environment; several GB), never needed to
build, test or run Attune.
"""

import argparse
import dataclasses
import inspect
import os
import shutil
import sys
import tempfile
import warnings

import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers import optimizer
from onnxruntime.transformers.fusion_options import FusionOptions

import onnx_exports_models

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "test", "EndToEnd", "Onnx")
LARGEST = 600_000  # bytes of an export


@dataclasses.dataclass
class Export:
    """How one file is made."""

    model: str
    exporter: str  # "torchscript" or "dynamo"
    attention: str  # "eager" or "sdpa"
    opset: int
    named: bool = True  # dynamo: whether dynamic dimensions are named; else every one of an input has a name of its own
    optimised: str = ""  # onnxruntime's optimiser for this type of model
    multi_head: bool = False  # the optimiser writes MultiHeadAttention, not Attention
    quantised: bool = False


EXPORTS = {
    # Below opset 17 norms are decomposed, below 20 GELU is, below 23 attention and RMS norms are.
    "bert-torchscript": Export("bert", "torchscript", "eager", 14),
    "bert-torchscript-sdpa": Export("bert", "torchscript", "sdpa", 17),
    "minilm-torchscript": Export("minilm", "torchscript", "eager", 17),
    "gpt2-torchscript": Export("gpt2", "torchscript", "eager", 13),
    "gpt2-past-torchscript": Export("gpt2-past", "torchscript", "sdpa", 17),
    "llama-torchscript": Export("llama", "torchscript", "eager", 14),
    "llama-past-torchscript": Export("llama-past", "torchscript", "sdpa", 17),
    "t5-encoder-torchscript": Export("t5-encoder", "torchscript", "eager", 12),
    "t5-decoder-torchscript": Export("t5-decoder", "torchscript", "sdpa", 17),
    "vit-torchscript": Export("vit", "torchscript", "eager", 11),
    "bert-dynamo": Export("bert", "dynamo", "sdpa", 18, named=False),
    "gpt2-dynamo-23": Export("gpt2", "dynamo", "sdpa", 23),
    "bert-dynamo-eager": Export("bert", "dynamo", "eager", 18),
    "minilm-dynamo": Export("minilm", "dynamo", "sdpa", 20),
    "gpt2-dynamo": Export("gpt2", "dynamo", "sdpa", 18),
    "gpt2-past-dynamo": Export("gpt2-past", "dynamo", "eager", 18),
    "llama-dynamo": Export("llama", "dynamo", "sdpa", 18),
    "llama-past-dynamo": Export("llama-past", "dynamo", "sdpa", 18),
    "t5-encoder-dynamo": Export("t5-encoder", "dynamo", "sdpa", 23),
    "t5-decoder-dynamo": Export("t5-decoder", "dynamo", "eager", 18),
    "vit-dynamo": Export("vit", "dynamo", "sdpa", 18),
    "bert-optimised": Export("bert", "torchscript", "eager", 17, optimised="bert"),
    "minilm-optimised": Export("minilm", "torchscript", "eager", 17, optimised="bert", multi_head=True),
    "gpt2-optimised": Export("gpt2", "torchscript", "eager", 17, optimised="gpt2"),
    "bert-quantised": Export("bert", "torchscript", "eager", 17, quantised=True),
}


def export(case, wanted, path, external):
    """torch's export of a case."""
    inputs = case.inputs(*case.sizes[0])
    model = case.make()
    options = dict(input_names=list(inputs), output_names=case.outputs, opset_version=wanted.opset)
    if wanted.exporter == "torchscript":
        options.update(dynamo=False, dynamic_axes=case.axes)
    else:
        shapes = [
            dict(case.axes[name]) if wanted.named else dict.fromkeys(case.axes[name], torch.export.Dim.DYNAMIC)
            for name in inputs
        ]
        parameters = inspect.signature(model.forward).parameters.values()
        fixed = [parameter for parameter in parameters if parameter.kind is not parameter.VAR_POSITIONAL]
        if len(fixed) != len(parameters):
            shapes = [*shapes[:len(fixed)], tuple(shapes[len(fixed):])]
        options.update(dynamo=True, dynamic_shapes=tuple(shapes), external_data=external, verbose=False)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(model, tuple(inputs.values()), path, **options)


def optimise(case, wanted, path):
    config = case.make().model.config
    options = FusionOptions(wanted.optimised)
    options.use_multi_head_attention = wanted.multi_head
    model = optimizer.optimize_model(path, model_type=wanted.optimised, num_heads=config.num_attention_heads,
                                     hidden_size=config.hidden_size, opt_level=0, optimization_options=options)
    model.save_model_to_file(path)


def strip(path):
    """Takes out what tells of the machine that exported: stack traces with paths; most of a small file is that."""
    model = onnx.load(path)
    graphs = [model.graph, *model.functions]
    for owner in [model, *graphs]:
        del owner.metadata_props[:]
    for graph in graphs:
        for node in graph.node:
            del node.metadata_props[:]
            node.ClearField("doc_string")
    for value in [*model.graph.value_info, *model.graph.input, *model.graph.output, *model.graph.initializer]:
        del value.metadata_props[:]
    onnx.save(model, path)


def run(path, names, inputs):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    outputs = session.run(names, {name: value.numpy() for name, value in inputs.items()})
    return dict(zip(names, outputs))


def difference(a, b, relative=False):
    """The largest difference of tensors of the same names, relative to the largest value of each tensor if asked."""
    return max(float(np.abs(a[name] - b[name]).max() / (np.abs(b[name]).max() if relative else 1)) for name in a)


def save(folder, tensors):
    os.makedirs(folder, exist_ok=True)
    for name, value in tensors.items():
        np.save(os.path.join(folder, f"{name}.npy"), value)


def check(name, case, wanted, path, options):
    """Compares onnxruntime's outputs with torch's and with the golden ones, which it writes when there are none."""
    golden = os.path.join(options.folder, "golden", name if wanted.quantised else wanted.model)
    large = options.size != "small"
    model = case.make()
    for sizes in case.sizes:
        inputs = case.inputs(*sizes)
        outputs = run(path, case.outputs, inputs)
        with torch.no_grad():
            reference = model(*inputs.values())
        reference = reference if isinstance(reference, tuple) else (reference,)
        reference = {name: tensor.numpy() for name, tensor in zip(case.outputs, reference)}
        off = difference(outputs, reference, relative=large)
        if not off <= (0.5 if wanted.quantised else 4e-5):
            sys.exit(f"{name}, sizes {sizes}: onnxruntime's outputs differ from torch's by {off}")
        folder = os.path.join(golden, "x".join(map(str, sizes)))
        given = {key: value.numpy() for key, value in inputs.items()}
        if large:
            save(folder, given)
        elif os.path.isdir(folder):
            off = difference(outputs, {name: np.load(os.path.join(folder, f"{name}.npy")) for name in outputs})
            if not off <= 2e-5:
                sys.exit(f"{name}, sizes {sizes}: differs from the golden values by {off}: remove {golden} to make them anew")
        else:
            save(folder, {**given, **outputs})


def make(name, scratch, options):
    wanted = EXPORTS[name]
    large = options.size != "small"
    case = next(case for case in onnx_exports_models.cases(wanted.attention, options.size) if case.name == wanted.model)
    # Weights of large models may lie in a file beside the export, which knows it by its name.
    path = os.path.join(options.folder if large else scratch, f"{name}.onnx")
    export(case, wanted, path, external=large)
    if wanted.optimised:
        optimise(case, wanted, path)
    if wanted.quantised:
        quantize_dynamic(path, path, weight_type=QuantType.QInt8)
    if not large:
        strip(path)
    size = os.path.getsize(path)
    if not large and size > LARGEST:
        sys.exit(f"{name}: {size} bytes, the limit is {LARGEST}")
    check(name, case, wanted, path, options)
    if not large:
        shutil.copyfile(path, os.path.join(options.folder, f"{name}.onnx"))
    print(f"{name}: {size} bytes, {len(onnx.load(path, load_external_data=False).graph.node)} nodes", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--size", choices=onnx_exports_models.SIZES, default="small")
    parser.add_argument("--folder", default=None)
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in EXPORTS]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; known are {', '.join(EXPORTS)}")
    if options.size != "small" and not options.folder:
        parser.error("exports of this size are not for the project: say where they go with --folder")
    options.folder = options.folder or FOLDER
    os.makedirs(options.folder, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for name in options.names or EXPORTS:
            make(name, scratch, options)


if __name__ == "__main__":
    main()
