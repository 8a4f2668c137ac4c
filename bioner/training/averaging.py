"""A retrained model's weights averaged with its parent's, as near to the new ones as devel allows.

What lies between two models of one training history keeps most of both (Wortsman et al. 2022,
WiSE-FT): the more of the parent, the less is forgotten, and the less is learned. Devel says how
much is needed, so that the gate's test sentences never choose it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bioner.evaluation.gate import check_reports
from bioner.evaluation.scores import Report
from bioner.evaluation.scoring import evaluate_sentences
from bioner.evaluation.verdicts import Verdict
from bioner.figures import percent
from bioner.files import staged_file
from bioner.labels import LabelSchema
from bioner.machine import Device
from bioner.models.reserved_pieces import EMBEDDINGS, read_conventions
from bioner.spans import Sentence
from bioner.tagging.load import load_tagger, load_tokenizer
from bioner.training.progress import tenths

STEP = 0.1
MOST = 0.9
"""The parent's largest share: beyond it hardly anything is learned."""

Tell = Callable[[str], None]


def average_weights(
    parent: Path,
    out: Path,
    least: float,
    devel: Sequence[Sentence],
    schema: LabelSchema,
    *,
    device: Device = Device.AUTO,
    is_filled_in: bool = False,
    tell: Tell = lambda _: None,
    pulse: Callable[[], None] = lambda: None,
) -> float:
    """Move the weights in ``out`` back towards the parent's; return the parent's share, 0..1.

    The share is the smallest one from ``least`` on, in steps of a tenth, with which no corpus of
    ``devel`` falls significantly behind the parent and no type over-fires more; without devel
    sentences it is ``least``. 0 where there is nothing to average: the two have other shapes, or
    ``least`` is 0. The pieces of conventions that the parent did not know stay as they were
    learned: there is nothing of the parent's in them. ``is_filled_in``: ``out``, which has no card
    yet, was filled in by a teacher. ``pulse`` is called as devel is read and may
    raise.
    """
    from safetensors.torch import load_file

    path = out / "model.safetensors"
    new, old = load_file(path), load_file(parent / "model.safetensors")
    shapes = [{name: one.shape for name, one in weights.items()} for weights in (new, old)]
    if not least or shapes[0] != shapes[1]:
        return 0.0
    _keep_new_pieces(out, parent, new, old)
    shares = [least]
    while devel and shares[-1] + STEP <= MOST + 1e-9:
        shares.append(round(shares[-1] + STEP, 4))
    if len(shares) == 1:
        _write(path, new, old, least)
        return least

    def report_of(folder: Path, what: str) -> Report:
        tagger = load_tagger(
            folder,
            device=device,
            backend="torch",
            is_calibrated=False,
            is_filled_in=is_filled_in and folder == out,
        )
        return evaluate_sentences(
            tagger, devel, schema, bootstrap=0, progress=tenths(tell, what, pulse)
        )

    before = report_of(parent, f"{parent.name} reads devel")
    low, high = 0, len(shares) - 1
    written = -1
    while low < high:
        written = (low + high) // 2
        _write(path, new, old, shares[written])
        after = report_of(out, f"with {percent(shares[written])} of {parent.name}, on devel")
        if any(one.verdict is Verdict.FELL for one in check_reports(before, after)):
            low = written + 1
        else:
            high = written
    if written != low:
        _write(path, new, old, shares[low])
    return shares[low]


def _keep_new_pieces(out: Path, parent: Path, new: dict[str, Any], old: dict[str, Any]) -> None:
    """Put the embeddings of conventions new in ``out`` into the parent's weights, in memory."""
    before, after = read_conventions(parent), read_conventions(out)
    fresh = [one.piece for one in after.known if one.name not in before]
    if not fresh:
        return
    tokenizer, _ = load_tokenizer(out)
    rows = [tokenizer.token_to_id(piece) for piece in fresh]
    (name,) = [name for name in new if name.endswith(EMBEDDINGS)]
    old[name][rows] = new[name][rows].to(old[name].dtype)


def _write(path: Path, new: dict[str, Any], old: dict[str, Any], share: float) -> None:
    """Write the average whole or not at all."""
    import torch
    from safetensors.torch import save_file

    mixed = {
        name: torch.lerp(one.float(), old[name].float(), share).contiguous()
        for name, one in new.items()
    }
    with staged_file(path) as work:
        save_file(mixed, work, metadata={"format": "pt"})
