"""What a run takes beside its steps: the start, reading, encoding, scoring, the confidence."""

from __future__ import annotations

from dataclasses import dataclass

START_S = 6.0
"""To import what trains and to load the encoder."""

READ_PER_S = 15_000
ENCODED_PER_S = 6_500
TOLD_FACTOR = 2.2
"""Sentences with their sources' readings are encoded once fused and once for each source."""

FORWARD = 3.0
"""Reading is so much faster than learning: a step goes forward once and back twice."""
BY_ONNX = 6.5
"""And so much faster by ONNX Runtime in 8-bit numbers (6.7 measured, AMD EPYC, one thread)."""

SCORED_PER_CORPUS = 100
FITTED_PER_CORPUS = 300

RETRAINING_SCORED = 46
"""A retraining is scored five times, and its average with its parent on ten times as many sentences
at each of four shares."""

RUNTIME_BYTES = 650_000_000
SENTENCE_BYTES = 4_500
EXAMPLE_BYTES = 2_000

ALL_SPLITS = 1.9
"""Sentences of a merged folder for each one of its train split."""


@dataclass(frozen=True, kw_only=True)
class Beside:
    """What a run does beside its steps.

    ``in_data``: train sentences of the whole merged folder, which is read whatever is chosen of it;
    ``corpora`` are chosen; ``evaluations`` on devel, those at the start and the end counted in;
    ``is_filled_in`` by a teacher, which reads all sentences once, by ONNX Runtime or by torch.
    """

    in_data: int
    corpora: int
    evaluations: int = 0
    is_filled_in: bool = False
    is_filled_by_onnx: bool = False


def seconds_beside(
    beside: Beside, *, sentences: int, pieces: int, is_told: bool, pieces_per_s: float
) -> float:
    """Return the seconds of a run that are not steps; ``pieces`` are those of one epoch.

    The rates of reading and encoding are those of one core of a server's processor.
    """
    forward = FORWARD * pieces_per_s
    each = pieces / max(1, sentences)
    scored = beside.evaluations * SCORED_PER_CORPUS * beside.corpora * (2 if is_told else 1)
    fitted = FITTED_PER_CORPUS * beside.corpora * (3 if is_told else 1)
    encoded = sentences * (TOLD_FACTOR if is_told else 1.0) / ENCODED_PER_S
    reads = (BY_ONNX if beside.is_filled_by_onnx else FORWARD) * pieces_per_s
    filled = pieces / reads if beside.is_filled_in else 0.0
    read = ALL_SPLITS * beside.in_data / READ_PER_S
    return START_S + read + encoded + filled + (scored + fitted) * each / forward


def memory_beside(beside: Beside, *, sentences: int, is_told: bool) -> int:
    """Return the bytes that the runtime, the data and the encoded sentences take.

    What was read and not chosen is let go before the first step, which takes more than it.
    """
    read = ALL_SPLITS * min(sentences, beside.in_data) * SENTENCE_BYTES
    encoded = sentences * EXAMPLE_BYTES * (TOLD_FACTOR if is_told else 1.0)
    return round(RUNTIME_BYTES + read + encoded)
