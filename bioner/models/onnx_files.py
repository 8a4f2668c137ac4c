"""The ONNX files of a model folder: how they are called, and which is taken first."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

OnnxPrecision = Literal["int8", "fp32"]

PREFERRED: tuple[OnnxPrecision, ...] = ("int8", "fp32")


def onnx_name(precision: OnnxPrecision) -> str:
    """Return what the ONNX file of this precision is called."""
    return f"model.{precision}.onnx"


def onnx_path(folder: Path, precision: OnnxPrecision) -> Path:
    """Return where a model folder keeps its ONNX file of this precision."""
    return folder / onnx_name(precision)


def has_onnx(folder: Path) -> bool:
    """Return whether a model folder has a file for ONNX Runtime, of its weights or of older ones.

    Whether the weights are its own is asked as it is loaded.
    """
    return any(onnx_path(folder, one).is_file() for one in PREFERRED)
