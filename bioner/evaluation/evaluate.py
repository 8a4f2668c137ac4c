"""Evaluate a model once: the kept evaluation of these very files, or tag, score and keep it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bioner.corpora.dataset import Dataset
from bioner.corpora.dataset_folder import read_dataset, read_manifest
from bioner.errors import CorpusError
from bioner.evaluation.keys import EvaluationKey, evaluation_key
from bioner.evaluation.reports import (
    OWN_TEST,
    Evaluation,
    find_evaluation,
    prune_evaluations,
    reports_folder,
    write_evaluation,
)
from bioner.evaluation.scoring import score, select, with_untold
from bioner.evaluation.surfaces import (
    agreeing_corpora,
    read_lexicon,
    read_treatments,
)
from bioner.machine import Device
from bioner.models.card import training_hashes
from bioner.progress import OnProgress
from bioner.spans import Sentence
from bioner.tagging.load import load_tagger
from bioner.tagging.tagger import Tagger


def evaluate_cached(
    model: Path,
    data: Path | None,
    *,
    split: str = "test",
    corpora: Sequence[str] | None = None,
    own_test: Sequence[Sentence] = (),
    reports: Path | None = None,
    device: Device = Device.AUTO,
    progress: OnProgress | None = None,
) -> Evaluation:
    """Return the stored evaluation of a model folder on a merged folder; make it if there is none.

    ``own_test``: a team's reviewed test sentences, scored as the corpus "my test" beside the
    others, or alone where ``data`` is None. Raises CorpusError or ModelError for what is not there.
    """
    place = reports_folder() if reports is None else reports
    key = evaluation_key(model, data, split=split, corpora=corpora, own_test=own_test)
    found = find_evaluation(key, place)
    if found:
        return found
    tagger = load_tagger(model, device=device)
    dataset = _dataset(data, split, tagger, own_test)
    return evaluate_and_store(
        tagger,
        dataset,
        key,
        place,
        trained_on=training_hashes(model),
        parts=_parts(data),
        progress=progress,
    )


def _parts(data: Path | None) -> tuple[str, ...]:
    return read_manifest(data).report.parts if data else ()


def _dataset(
    data: Path | None, split: str, tagger: Tagger, own_test: Sequence[Sentence]
) -> Dataset:
    """Read the split and the train split, with the own test sentences put into the split."""
    if data is None:
        dataset = Dataset((), (), (), tagger.schema, "")
    else:
        dataset = read_dataset(data, ("train", split))
    if own_test:
        own = tuple(replace(s, corpus=OWN_TEST, split=split) for s in own_test)
        dataset = replace(dataset, **{split: (*dataset.split(split), *own)})  # type: ignore[arg-type]
    return dataset


def evaluate_and_store(
    tagger: Tagger,
    dataset: Dataset,
    key: EvaluationKey,
    reports: Path,
    *,
    trained_on: frozenset[str] = frozenset(),
    parts: Iterable[str] = (),
    progress: OnProgress | None = None,
) -> Evaluation:
    """Tag and score the key's split, and write the report's folder whole.

    Raises CorpusError where there is no sentence that the model was not trained on.
    """
    started = time.monotonic()
    schema = dataset.schema
    chosen = [*key.corpora, *([OWN_TEST] if key.own_test else [])] if key.corpora else None
    gold, leaked = select(dataset, split=key.split, corpora=chosen, trained_on=trained_on)
    if not gold:
        known = f"all {leaked:,} are among {key.model}'s training sentences" if leaked else "none"
        raise CorpusError(f"there are no {key.split} sentences to score ({known})")
    raw = tagger.tag_own(gold, progress=progress)
    report = score(
        gold,
        raw,
        schema,
        model=key.model,
        split=key.split,
        lexicon=read_lexicon(dataset.train) if dataset.train and key.split != "train" else None,
    )
    if tagger.conventions:
        untold = tagger.tag(gold, progress=progress)
        report = with_untold(report, score(gold, untold, schema, model=key.model, split=key.split))
    surfaces = {s for m in report.mistakes for s in (m.surface, m.predicted_surface) if s}
    treatments = read_treatments(dataset.train, surfaces, schema) if key.split != "train" else {}
    report = replace(
        report,
        leaked=leaked,
        parts=tuple(p for p in parts if p in report.by_corpus),
        unknown_types=tuple(n for n in schema.names if n not in tagger.types),
        mistakes=tuple(
            replace(m, agreeing=agreeing_corpora(m, treatments, schema)) for m in report.mistakes
        ),
    )
    stored = Evaluation(
        folder=reports / key.id,
        key=key,
        report=report,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=round(time.monotonic() - started, 1),
        backend=tagger.backend,
        model_schema=key.schema if tagger.schema.agrees_with(schema) else tagger.schema.fingerprint,
        has_hashes=bool(trained_on),
    )
    write_evaluation(stored, gold, raw, schema, treatments)
    prune_evaluations(reports)
    return stored
