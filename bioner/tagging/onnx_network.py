"""Token classifiers on ONNX Runtime, on the CPU, and which file of a folder is theirs."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bioner.errors import ModelError
from bioner.models.onnx_files import PREFERRED, OnnxPrecision, onnx_path
from bioner.settings import cpu_threads
from bioner.tagging.network import Floats, Ints

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

WEIGHTS_KEY = "bioner.weights"
"""Metadata of the ONNX file: the hash of the safetensors that it was made of."""


def weights_hash(folder: Path) -> str:
    """Hash a model folder's safetensors and configuration (the tags, the shape) with SHA-256."""
    digest = hashlib.sha256()
    for path in [*sorted(folder.glob("*.safetensors")), folder / "config.json"]:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


class OnnxNetwork:
    """A token classifier on the CPU: one row a run, as many runs at a time as there are threads.

    Dynamic int8 scales the activations of a whole run together, so in a padded batch a sentence's
    result would depend on its neighbours. One row a run, its padding cut off, makes every result
    a function of its own sentence alone; single-threaded runs side by side keep the cores busy.
    Calls at the same time share the threads row by row, so that one of few rows waits for none of
    many.
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
        results = list(self._shared(self._pool, rows) if self._pool else map(self._run, rows))
        logits = np.zeros((*input_ids.shape, results[0].shape[2]), dtype=np.float32)
        for i, length in enumerate(lengths):
            logits[i, :length] = results[i][0]
        return logits

    def _shared(self, pool: ThreadPoolExecutor, rows: Iterable[Ints]) -> Iterator[Floats]:
        """Yield what comes of each row; of one call's rows hardly more are in line than run."""
        given: deque[Future[Floats]] = deque()
        for row in rows:
            given.append(pool.submit(self._run, row))
            if len(given) > self.threads:
                yield given.popleft().result()
        while given:
            yield given.popleft().result()

    def _run(self, row: Ints) -> Floats:
        feed = {"input_ids": np.ascontiguousarray(row), "attention_mask": np.ones_like(row)}
        logits: Floats = self._session.run(None, feed)[0]
        return logits


def load_onnx(folder: Path, *, threads: int | None = None) -> OnnxNetwork | None:
    """Load a model folder's ONNX file, int8 rather than fp32; None if it has none.

    Raises ModelError where the file is damaged or was made of other weights.
    """
    for precision in PREFERRED:
        path = onnx_path(folder, precision)
        if path.is_file():
            return _load(path, precision, threads or cpu_threads())
    return None


def _load(path: Path, precision: OnnxPrecision, threads: int) -> OnnxNetwork:
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
