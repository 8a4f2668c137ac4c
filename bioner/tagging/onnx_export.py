"""A model folder's ONNX file: exported, shrunk, compared with the model."""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
import math
import sys
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bioner.errors import ModelError
from bioner.extras import require_extra
from bioner.figures import percent
from bioner.files import staged_file
from bioner.models.onnx_files import PREFERRED, OnnxPrecision, onnx_path
from bioner.tagging.onnx_network import (
    WEIGHTS_KEY,
    weights_hash,
)

if TYPE_CHECKING:
    from onnx import ModelProto

_EMBEDDING_VALUES = 1_000_000


@dataclass(frozen=True)
class OnnxExport:
    """What an export made: the file, its size, and how far its logits are from the model's.

    ``difference`` is the largest absolute difference of a logit on random input; ``agreement`` the
    share of positions with the same best tag there, 0..1.
    """

    path: Path
    precision: OnnxPrecision
    size_bytes: int
    difference: float
    agreement: float


def export_onnx(folder: Path, *, precision: OnnxPrecision = "int8") -> OnnxExport:
    """Write a model folder's ONNX file: dynamic batch and length, weights int8 per channel or fp32.

    int8 weights have 7 bits, since CPUs without VNNI add pairs of products in 16 bits, and each
    token has a scale of its own; embeddings are kept as int8 with a scale a row (float16 beside
    fp32 weights), all else in float32. The file appears whole or not at all. Raises
    ModelError where the architecture cannot be exported.
    """
    require_extra("train", "Writing an ONNX file")
    import onnx
    import torch
    from transformers import AutoModelForTokenClassification

    model = AutoModelForTokenClassification.from_pretrained(
        folder,
        dtype=torch.float32,
        use_safetensors=True,
        trust_remote_code=False,
        attn_implementation="eager",
    ).eval()
    target = onnx_path(folder, precision)
    with (
        staged_file(target) as whole,
        tempfile.TemporaryDirectory(dir=folder, prefix=".onnx-") as work,
    ):
        plain = Path(work) / "plain.onnx"
        onnx.save_model(to_onnx(model, folder), plain)
        made = _quantise(plain) if precision == "int8" else plain
        graph = onnx.load(made)
        _shrink_embeddings(graph, precision)
        onnx.helper.set_model_props(graph, {WEIGHTS_KEY: weights_hash(folder)})
        onnx.save_model(graph, made)
        difference, agreement = _compare(model, made)
        if precision == "fp32" and difference > 0.05:
            raise ModelError(
                f"{folder}: its ONNX export computes other logits (off by {difference:.3f}); "
                "use the torch backend for this model"
            )
        made.replace(whole)
    return OnnxExport(target, precision, target.stat().st_size, difference, agreement)


def to_onnx(model: Any, folder: Path) -> ModelProto:
    """Export a token classifier as an ONNX graph in float32."""
    import torch
    from torch.export import Dim

    class Logits(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            found: torch.Tensor = self.model(
                input_ids=input_ids, attention_mask=attention_mask
            ).logits
            return found

    positions = int(getattr(model.config, "max_position_embeddings", 512))
    ids = torch.randint(5, min(1000, model.config.vocab_size), (2, 16))
    axes = {0: Dim("batch", min=1, max=4096), 1: Dim("sequence", min=2, max=positions)}
    with _quiet():
        try:
            program = torch.onnx.export(
                Logits(),
                (ids, torch.ones_like(ids)),
                dynamo=True,
                verbose=False,
                input_names=["input_ids", "attention_mask"],
                output_names=["logits"],
                dynamic_shapes={"input_ids": axes, "attention_mask": axes},
                opset_version=18,
            )
        except (RuntimeError, torch.onnx.OnnxExporterError) as error:
            raise ModelError(
                f"{folder}: this architecture cannot be exported to ONNX; use the torch backend"
            ) from error
    if program is None:
        raise ModelError(f"{folder}: the ONNX export returned nothing; use the torch backend")
    return program.model_proto


def _quantise(plain: Path) -> Path:
    import onnx
    from onnx import TensorProto
    from onnxruntime.quantization import QuantType, quantize_dynamic

    made, even = plain.with_name("int8.onnx"), plain.with_name("even.onnx")
    graph = onnx.load(plain)
    scale_rows(graph)
    onnx.save_model(graph, even)
    with _quiet():
        quantize_dynamic(
            even,
            made,
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["MatMul", "Gemm"],
            extra_options={"MatMulConstBOnly": True, "DefaultTensorType": TensorProto.FLOAT},
        )
    return made


def scale_rows(graph: ModelProto) -> None:
    """Give each token its own scale: divide a layer's input by its largest value, multiply after.

    Exact in float. In int8 one scale serves all tokens of a run, and the few that BERT gives huge
    values ([CLS], [SEP], full stops) would leave the others a handful of steps.
    """
    from onnx import helper, numpy_helper

    widths = {one.name: tuple(one.dims) for one in graph.graph.initializer}
    nodes: list[Any] = []
    scaled: set[str] = set()
    for node in graph.graph.node:
        if node.op_type != "MatMul" or len(widths.get(node.input[1], ())) != 2:
            nodes.append(node)
            continue
        source, result = node.input[0], node.output[0]
        size, top, scale, even = (f"{source}_{part}" for part in ("size", "top", "scale", "even"))
        if source not in scaled:
            scaled.add(source)
            nodes += [
                helper.make_node("Abs", [source], [size]),
                helper.make_node("ReduceMax", [size, "last_axis"], [top], keepdims=1),
                helper.make_node("Max", [top, "smallest_scale"], [scale]),
                helper.make_node("Div", [source, scale], [even]),
            ]
        node.input[0], node.output[0] = even, f"{result}_even"
        nodes += [node, helper.make_node("Mul", [f"{result}_even", scale], [result])]
    constants: dict[str, npt.NDArray[Any]] = {
        "last_axis": np.array([-1], dtype=np.int64),
        "smallest_scale": np.array(1e-6, dtype=np.float32),
    }
    for name, value in constants.items():
        graph.graph.initializer.append(numpy_helper.from_array(value, name))
    del graph.graph.node[:]
    graph.graph.node.extend(nodes)
    del graph.graph.value_info[:]


def _shrink_embeddings(graph: ModelProto, precision: OnnxPrecision) -> None:
    """Store large tables that are only looked up smaller, and restore what is looked up.

    Beside int8 weights a row is int8 values times the row's own scale, else it is float16.
    """
    from onnx import TensorProto, helper, numpy_helper

    tables = {
        one.name: one
        for one in graph.graph.initializer
        if one.data_type == TensorProto.FLOAT and math.prod(one.dims) >= _EMBEDDING_VALUES
    }
    users: dict[str, list[Any]] = {}
    for node in graph.graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    for name, table in tables.items():
        if not all(n.op_type == "Gather" and n.input[0] == name for n in users.get(name, ())):
            continue
        values = numpy_helper.to_array(table)
        scales = np.abs(values).max(axis=1, keepdims=True) / 127 + np.float32(1e-12)
        if precision == "int8":
            small = np.round(values / scales).astype(np.int8)
            scale = numpy_helper.from_array(scales.astype(np.float32), f"{name}_scale")
            graph.graph.initializer.append(scale)
        else:
            small = values.astype(np.float16)
        table.CopyFrom(numpy_helper.from_array(small, name))
        for node in users.get(name, ()):
            looked_up, ids = node.output[0], node.input[1]
            node.output[0] = f"{looked_up}_small"
            cast = f"{looked_up}_cast" if precision == "int8" else looked_up
            made = [helper.make_node("Cast", [node.output[0]], [cast], to=TensorProto.FLOAT)]
            if precision == "int8":
                rows = f"{looked_up}_scale"
                made += [
                    helper.make_node("Gather", [f"{name}_scale", ids], [rows], axis=0),
                    helper.make_node("Mul", [cast, rows], [looked_up]),
                ]
            at = list(graph.graph.node).index(node)
            for offset, one in enumerate(made, start=1):
                graph.graph.node.insert(at + offset, one)
    _forget_types(graph, tables)


def _forget_types(graph: ModelProto, tables: dict[str, Any]) -> None:
    stale = {f"{name}_small" for name in tables} | set(tables)
    kept = [info for info in graph.graph.value_info if info.name not in stale]
    del graph.graph.value_info[:]
    graph.graph.value_info.extend(kept)


def _compare(model: Any, path: Path) -> tuple[float, float]:
    import onnxruntime as ort
    import torch

    options = ort.SessionOptions()
    options.log_severity_level = 3
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    draw = np.random.default_rng(0)
    difference, same, count = 0.0, 0, 0
    for length in (3, 17, 40):
        ids = draw.integers(5, min(1000, model.config.vocab_size), (1, length))
        mask = np.ones_like(ids)
        with torch.inference_mode():
            expected = model(
                input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask)
            ).logits.numpy()
        found = session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
        difference = max(difference, float(np.abs(expected - found).max()))
        same += int((expected.argmax(-1) == found.argmax(-1)).sum())
        count += length
    return difference, same / count


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporters' chatter off the terminal; their errors still come through."""
    root = logging.getLogger()
    before = root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def main() -> None:
    """Export the model folder named on the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bioner.tagging.onnx_export",
        description="Write a model folder's ONNX file.",
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--precision", choices=PREFERRED, default="int8")
    options = parser.parse_args()
    made = export_onnx(options.folder, precision=options.precision)
    sys.stdout.write(
        f"{made.path}: {made.size_bytes:,} bytes, {percent(made.agreement, 1)} of tags on random "
        f"input as in torch\n"
    )


if __name__ == "__main__":
    main()
