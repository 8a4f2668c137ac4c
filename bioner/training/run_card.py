"""The run card: all that somebody needs to repeat, report and judge a run, as Markdown or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bioner.corpora.catalogue import published
from bioner.figures import duration, percent, points
from bioner.models.card import ModelCard


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """What a run card says of the run itself; ``command`` repeats it, ``spec`` is what was asked.

    ``duration_s`` and ``peak_memory_bytes`` are 0 where nothing was measured.
    """

    id: str
    title: str
    status: str
    started: str
    base: str
    device: str
    command: str
    duration_s: float = 0.0
    peak_memory_bytes: int = 0
    spec: Mapping[str, Any] = field(default_factory=dict)


def run_card_markdown(run: RunFacts, card: ModelCard | None) -> str:
    """Write the run card as Markdown."""
    parts = [f"# Run card: {run.title}", "", _table(_facts(run, card)), ""]
    if card is not None and card.config:
        parts += ["## Configuration", "", _table((k, v) for k, v in card.config.items()), ""]
    if card is not None and card.scores:
        parts += ["## Scores", "", _table(_scores(card)), ""]
    parts += ["## Repeat", "", "```sh", run.command, "```", ""]
    if card is not None:
        parts += ["## Methods paragraph", "", methods_paragraph(card), ""]
        if card.limits:
            parts += ["## Known limits", "", *(f"- {limit}" for limit in card.limits), ""]
    return "\n".join(parts)


def run_card_json(run: RunFacts, card: ModelCard | None) -> str:
    """Write the run card as JSON."""
    raw = {
        "job": {"id": run.id, "status": run.status, "spec": dict(run.spec)},
        "command": run.command,
        "model": card.to_json() if card else None,
        "methods": methods_paragraph(card) if card else "",
    }
    return json.dumps(raw, indent=2, ensure_ascii=False) + "\n"


def _facts(run: RunFacts, card: ModelCard | None) -> Iterable[tuple[str, Any]]:
    yield "Job", run.id
    yield "State", run.status
    yield "Started", run.started
    yield "Duration", duration(run.duration_s or (card.duration_s if card else 0.0))
    yield "Peak memory", f"{run.peak_memory_bytes / 1e9:.1f} GB" if run.peak_memory_bytes else "–"
    if card is None:
        yield "Base encoder", run.base
        yield "Device", run.device
        return
    yield "Model", card.name
    yield "Base encoder", card.base
    yield "Corpora", ", ".join(card.corpora)
    yield "Types", ", ".join(card.types)
    yield "Mapping", card.mapping
    yield "Data fingerprint", card.data_fingerprint
    yield "Schema fingerprint", card.schema_fingerprint
    yield "Training sentences", f"{card.train_sentences:,}"
    yield "of these corrections", f"{card.corrections:,}"
    yield "Loss", card.loss
    yield "Seed", card.seed
    yield "Steps", f"{card.steps:,} ({card.epochs:.2f} epochs)"
    yield "Commit", card.commit or "unknown"
    yield "Hardware", ", ".join(f"{k} {v}" for k, v in card.hardware.items() if v)
    yield "Versions", ", ".join(f"{k} {v}" for k, v in card.versions.items())
    yield "Licence", card.licence


def _scores(card: ModelCard) -> Iterable[tuple[str, Any]]:
    if card.f1 is not None:
        yield "All corpora, micro F1", points(card.f1)
    for corpus, scores in card.scores.get("by_corpus", {}).items():
        value = scores.get("micro", {}).get("f1")
        if value is not None:
            untold = card.scores.get("by_corpus_any", {}).get(corpus, {}).get("micro", {}).get("f1")
            beside = "" if untold is None else f" (told no convention: {points(untold)})"
            yield f"{corpus}, micro F1", f"{points(value)}{beside}"


def _table(rows: Iterable[tuple[str, Any]]) -> str:
    lines = ["| | |", "|---|---|"]
    for name, value in rows:
        text = str(value).replace("|", "\\|").replace("\n", " ")
        lines.append(f"| {name} | {text} |")
    return "\n".join(lines)


def methods_paragraph(card: ModelCard) -> str:
    """Write the paragraph for a paper's methods section, from what the card records alone."""
    config = card.config
    cited = [
        f"{corpus} ({info.citation})" if (info := published(corpus)) else corpus
        for corpus in card.corpora
    ]
    loss = (
        "a partial-label loss, in which the absence of a label counts as evidence only against the "
        "types that a corpus annotates"
        if card.loss == "partial"
        else "cross-entropy, every unlabelled token counting as outside"
    )
    parts = [
        f"We fine-tuned {card.base} for token classification into {len(card.types)} entity types "
        f"(IOB2: {', '.join(card.types)}) with {loss}.",
        f"The training data were {card.train_sentences:,} sentences of {_listed(cited)}, merged "
        f"under the {card.mapping} mapping (data fingerprint {card.data_fingerprint}), without the "
        "sentences that occur in a development or test split.",
    ]
    if card.corrections:
        parts.append(f"Of these, {card.corrections:,} were corrected by reviewers.")
    if config:
        parts.append(
            f"We used AdamW with a learning rate of {config.get('learning_rate')} "
            f"({config.get('head_learning_rate')} for the classifier), batches of "
            f"{_sentences_a_step(card)}, a linear schedule with {percent(config.get('warmup', 0))} "
            f"warm-up, weight decay {config.get('weight_decay')} and seed {card.seed}, for "
            f"{card.epochs:g} epochs ({card.steps:,} steps) in {config.get('precision')} on "
            f"{card.hardware.get('name') or card.hardware.get('device') or 'this machine'}."
        )
    if card.f1 is not None:
        parts.append(
            f"On the test splits, micro-averaged F1 over mentions (strict IOB2, seqeval) was "
            f"{points(card.f1)}."
        )
    return " ".join(parts)


def _sentences_a_step(card: ModelCard) -> str:
    processes = int(card.hardware.get("processes", 1))
    batch = int(card.config.get("batch_size", 0))
    shared = batch * processes * int(card.config.get("gradient_accumulation", 1))
    return str(batch) if shared == batch else f"{shared} ({batch} at a time)"


def _listed(items: list[str]) -> str:
    if len(items) < 2:
        return "".join(items) or "no corpus"
    return f"{', '.join(items[:-1])} and {items[-1]}"
