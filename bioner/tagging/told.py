"""What a model that is told a convention says: two readings made one, and the pieces that tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from bioner.conventions import Convention, Conventions
from bioner.errors import ModelError
from bioner.labels import LabelSchema
from bioner.tagging.network import Floats

_LEAST = 1e-30

Columns = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class ToldPieces:
    """The conventions that a model knows, and the number of each one's piece in its vocabulary."""

    conventions: Conventions = field(default_factory=Conventions)
    numbers: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        missing = [p for p in self.conventions.reserved if p not in self.numbers]
        if missing:
            raise ModelError(
                f"the vocabulary lacks the reserved piece {missing[0]}; copy the whole model "
                "folder again"
            )

    def prefix(self, convention: Convention) -> tuple[int, ...]:
        """Return what stands between the begin piece and the text: nothing without conventions."""
        return (self.numbers[convention.piece],) if self.conventions else ()


def own_columns(convention: Convention, schema: LabelSchema) -> Columns:
    """Return which tags a convention decides on. *Shape:* (1 + 2 · types), ``O`` excluded.

    Those of the types that it looks for, and of their other names: BioNLP09 calls a gene a protein,
    so that "Gene" is none of anybody else's there. A convention without covers decides on all.
    """
    mapping = schema.mapping_for(convention.name)
    terms = {mapping.fold_label(name) for name in convention.covers}
    own = np.zeros(1 + 2 * len(schema.names), dtype=np.bool_)
    for i, name in enumerate(schema.names):
        if not convention.covers or mapping.fold_label(name) in terms:
            own[1 + 2 * i : 3 + 2 * i] = True
    return own


def join_readings(told: Floats, untold: Floats, own: Columns) -> Floats:
    """Return log-probabilities of one sentence: a convention's types from ``told``, others from
    ``untold`` (the same words under ``any``). *Shape:* (words, tags) each; ``own``: (tags).

    Each word keeps what the convention gives to its own types; the rest is shared out among the
    other types and O as ``any`` has it, where what ``any`` gives to the convention's types counts
    as O: the convention has said that they are none.
    """
    mine = _probabilities(told)
    theirs = _probabilities(untold)
    others = ~own
    others[0] = False
    joined = np.zeros_like(mine)
    joined[:, own] = mine[:, own]
    left = 1.0 - joined.sum(axis=1, keepdims=True)
    joined[:, others] = left * theirs[:, others]
    joined[:, 0] = np.maximum(0.0, 1.0 - joined.sum(axis=1))
    logs: Floats = np.log(np.maximum(joined, _LEAST)).astype(np.float32)
    return logs


def _probabilities(logits: Floats) -> npt.NDArray[np.float64]:
    raised = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    total: npt.NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
    return total
