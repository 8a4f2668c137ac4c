"""TensorBoard's event files beside a job's metrics, where TensorBoard is installed."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

SCALARS = ("loss", "learning_rate", "tokens_per_s", "devel_f1", "parent_f1")


def event_writer(folder: Path) -> EventWriter | None:
    """Return what writes event files into a job's folder; None where TensorBoard is missing."""
    if find_spec("tensorboard") is None:
        return None
    from torch.utils.tensorboard import SummaryWriter

    return EventWriter(SummaryWriter(str(folder)))


class EventWriter:
    """Writes the numbers of each report under its step."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def write(self, row: Mapping[str, Any]) -> None:
        """Write what of a report is a number."""
        step = int(row.get("step") or 0)
        by_type = row.get("devel_by_type") or {}
        values = {name: row.get(name) for name in SCALARS}
        values |= {f"devel_f1_by_type/{name}": value for name, value in by_type.items()}
        for name, value in values.items():
            if isinstance(value, int | float):
                self._writer.add_scalar(name, value, step)
        self._writer.flush()

    def close(self) -> None:
        """Close the file."""
        self._writer.close()
