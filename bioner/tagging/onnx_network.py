"""Token classifiers on ONNX Runtime: the export of a model folder, and running it on the CPU."""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import logging
import math
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from bioner.errors import ModelError

if TYPE_CHECKING:
    from onnx import ModelProto
    from onnxruntime import InferenceSession

Precision = Literal["int8", "fp32"]
Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

WEIGHTS_KEY = "bioner.weights"
"""Metadata of the ONNX file: the hash of the safetensors that it was made of."""

_PREFERRED: tuple[Precision, ...] = ("int8", "fp32")
_EMBEDDING_VALUES = 1_000_000


def onnx_path(folder: Path, precision: Precision) -> Path:
    """Return where a model folder keeps its ONNX file of this precision."""
    return folder / f"model.{precision}.onnx"


def weights_hash(folder: Path) -> str:
    """Hash a model folder's safetensors and configuration (the tags, the shape) with SHA-256."""
    digest = hashlib.sha256()
    for path in [*sorted(folder.glob("*.safetensors")), folder / "config.json"]:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def cpu_threads() -> int:
    """Return how many CPUs this process may really use.

    The least of the affinity mask and the container's quota (cgroup v2, then v1);
    ``BIONER_THREADS`` or ``OMP_NUM_THREADS`` override it.
    """
    for name in ("BIONER_THREADS", "OMP_NUM_THREADS"):
        value = os.environ.get(name, "")
        if value.isdigit() and int(value) > 0:
            return int(value)
    if hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    quota = cgroup_quota(Path("/sys/fs/cgroup"))
    return max(1, min(count, math.ceil(quota)) if quota else count)


def cgroup_quota(root: Path) -> float | None:
    """Return the CPUs that a container's quota grants, or None where there is no quota."""
    with contextlib.suppress(OSError, ValueError):
        granted, period = (root / "cpu.max").read_text(encoding="ascii").split()
        return None if granted == "max" else int(granted) / int(period)
    with contextlib.suppress(OSError, ValueError):
        v1 = root / "cpu"
        granted_us = int((v1 / "cpu.cfs_quota_us").read_text(encoding="ascii"))
        period_us = int((v1 / "cpu.cfs_period_us").read_text(encoding="ascii"))
        return granted_us / period_us if granted_us > 0 else None
    return None


class OnnxNetwork:
    """A token classifier on the CPU: one row a run, as many runs at a time as there are threads.

    Dynamic int8 scales the activations of a whole run together, so in a padded batch a sentence's
    result would depend on its neighbours. One row a run, its padding cut off, makes every result
    a function of its own sentence alone; single-threaded runs side by side keep the cores busy.
    """

    def __init__(self, session: InferenceSession, *, name: str, threads: int) -> None:
        self._session = session
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="onnx") if threads > 1 else None
        self.name = name
        self.threads = threads

    def __call__(self, input_ids: Ints, attention_mask: Ints) -> Floats:
        """Classify right-padded rows. *Shape:* (rows, pieces) → (rows, pieces, tags), padding 0."""
        lengths = attention_mask.sum(axis=1).tolist()
        rows = [input_ids[i : i + 1, :length] for i, length in enumerate(lengths)]
        results = list(self._pool.map(self._run, rows) if self._pool else map(self._run, rows))
        logits = np.zeros((*input_ids.shape, results[0].shape[2]), dtype=np.float32)
        for i, length in enumerate(lengths):
            logits[i, :length] = results[i][0]
        return logits

    def _run(self, row: Ints) -> Floats:
        feed = {"input_ids": np.ascontiguousarray(row), "attention_mask": np.ones_like(row)}
        logits: Floats = self._session.run(None, feed)[0]
        return logits


def load_onnx(folder: Path, *, threads: int | None = None) -> OnnxNetwork | None:
    """Load a model folder's ONNX file, int8 rather than fp32; None if it has none.

    Raises ModelError where the file is damaged or was made of other weights.
    """
    for precision in _PREFERRED:
        path = onnx_path(folder, precision)
        if path.is_file():
            return _load(path, precision, threads or cpu_threads())
    return None


def _load(path: Path, precision: Precision, threads: int) -> OnnxNetwork:
    import onnxruntime as ort
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    try:
        session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except (state.Fail, state.InvalidProtobuf, state.InvalidGraph, state.NotImplemented) as error:
        raise ModelError(
            f"{path}: not readable as ONNX; delete it, or export the model again"
        ) from error
    made_of = session.get_modelmeta().custom_metadata_map.get(WEIGHTS_KEY, "")
    if made_of != weights_hash(path.parent):
        raise ModelError(
            f"{path}: was made of other weights than the folder's; delete it, or export the model "
            "again"
        )
    return OnnxNetwork(session, name=f"onnx cpu {precision}", threads=threads)


@dataclass(frozen=True)
class OnnxExport:
    """What an export made: the file, its size, and how far its logits are from the model's.

    ``difference`` is the largest absolute difference of a logit on random input; ``agreement`` the
    share of positions with the same best tag there, 0..1.
    """

    path: Path
    precision: Precision
    size_bytes: int
    difference: float
    agreement: float


def export_onnx(folder: Path, *, precision: Precision = "int8") -> OnnxExport:
    """Write a model folder's ONNX file: dynamic batch and length, weights int8 per channel or fp32.

    int8 weights have 7 bits, since CPUs without VNNI add pairs of products in 16 bits, and each
    token has a scale of its own; embeddings are kept as int8 with a scale a row (float16 beside
    fp32 weights), all else in float32. The file appears whole or not at all. Raises
    ModelError where the architecture cannot be exported.
    """
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
    with tempfile.TemporaryDirectory(dir=folder, prefix=".onnx-") as work:
        plain = Path(work) / "plain.onnx"
        onnx.save_model(_to_onnx(model, folder), plain)
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
        made.replace(target)
    return OnnxExport(target, precision, target.stat().st_size, difference, agreement)


def _to_onnx(model: Any, folder: Path) -> ModelProto:
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
    _scale_rows(graph)
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


def _scale_rows(graph: ModelProto) -> None:
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


def _shrink_embeddings(graph: ModelProto, precision: Precision) -> None:
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
        prog="python -m bioner.tagging.onnx_network",
        description="Write a model folder's ONNX file.",
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--precision", choices=_PREFERRED, default="int8")
    options = parser.parse_args()
    made = export_onnx(options.folder, precision=options.precision)
    sys.stdout.write(
        f"{made.path}: {made.size_bytes:,} bytes, {100 * made.agreement:.1f} % of tags on random "
        f"input as in torch\n"
    )


if __name__ == "__main__":
    main()
