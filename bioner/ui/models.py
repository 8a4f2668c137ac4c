"""Models as the pages offer them."""

from __future__ import annotations

from bioner.models.catalogue import ModelEntry


def model_label(entry: ModelEntry) -> str:
    """Return a model's name, with its stage if it is not a finished one."""
    stage = entry.card.stage if entry.card else ""
    return f"{entry.name} ({stage})" if stage and stage != "final" else entry.name
