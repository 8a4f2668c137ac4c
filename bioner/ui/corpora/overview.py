"""The Corpora page's overview: labels by corpus, type and split, and the sentence lengths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from bioner.access import VISITOR
from bioner.corpora.corrections import NAME, Corrections, count_corrections
from bioner.corpora.overview import Shelf
from bioner.corpora.registry import SPLITS
from bioner.errors import BionerError
from bioner.settings import Settings
from bioner.ui import cache, charts
from bioner.ui.session import Session, keep_in_url, page_key, url_text


def draw_numbers(shelf: Shelf) -> None:
    """Draw the dataset's few big numbers."""
    report = shelf.report
    numbers = {
        "Corpora": len(shelf.corpora),
        "Sentences": sum(n for splits in report.sentences.values() for n in splits.values()),
        "Entity mentions": sum(report.types.values()),
        "Entity types": sum(1 for n in report.types.values() if n),
        "In several corpora": report.fused_sentences,
        "Kept out of training": report.leaks_dropped,
    }
    helps = {
        "In several corpora": "Training sentences that several corpora contain: made one, "
        "with the labels of all.",
        "Kept out of training": "Training sentences that equal a development or test sentence: "
        "left out, so that scores are honest.",
    }
    for column, (name, number) in zip(st.columns(len(numbers)), numbers.items(), strict=True):
        column.metric(name, f"{number:,}", help=helps.get(name))


def draw_overview(session: Session, shelf: Shelf) -> None:
    """Draw the label distribution by corpus, type and split, and the sentence lengths."""
    asked = url_text("split", "all")
    options = ["all", *SPLITS]
    split = st.segmented_control(
        "Split",
        options,
        default=asked if asked in options else "all",
        key=page_key("corpora_split"),
        format_func=lambda name: "All splits" if name == "all" else name,
        help="Training, development and test sentences.",
        required=True,
    )
    keep_in_url(split="" if split == "all" else str(split))
    splits = SPLITS if split == "all" else (str(split),)
    where = "" if split == "all" else f", {split}"
    corrections = read_corrections(session.settings)
    numbers: Counter[tuple[str, str]] = Counter()
    for one in shelf.counts:
        if one.split in splits:
            numbers[one.corpus, one.type] += one.mentions
    charts.show(
        charts.heatmap(
            [*_cells(shelf, numbers), *_correction_cells(shelf, corrections, splits)],
            f"Mentions by corpus and type{where}",
            row="Corpus",
            column="Type",
        ),
        "Matrix of corpora and types: "
        + "; ".join(f"{c} {t} {n}" for (c, t), n in numbers.most_common(20)),
        key="corpora_heatmap",
        is_wide=True,
    )
    st.caption(
        "A stroke: nobody looked for this type in this corpus, so its absence says nothing. 0: its "
        "annotators looked and marked none under this name. A sentence that two corpora share "
        "counts for both."
        + (" Corrections: what was settled in Review." if corrections.sentences else "")
    )
    left, right = st.columns(2, gap="large")
    with left:
        _draw_types(shelf, corrections, splits, where)
    with right:
        _draw_sizes(shelf, corrections)
        _draw_lengths(shelf, corrections, splits, where)


def _cells(shelf: Shelf, numbers: Counter[tuple[str, str]]) -> list[charts.Cell]:
    return [
        charts.Cell(corpus, name, numbers[corpus, name] if shelf.looked_for(corpus, name) else None)
        for corpus in shelf.corpora
        for name in shelf.schema.names
    ]


def _correction_cells(
    shelf: Shelf, corrections: Corrections, splits: Sequence[str]
) -> list[charts.Cell]:
    if not corrections.sentences:
        return []
    return [
        charts.Cell(
            NAME.capitalize(),
            name,
            corrections.count(name, splits) if name in corrections.covers else None,
        )
        for name in shelf.schema.names
    ]


def _draw_types(shelf: Shelf, corrections: Corrections, splits: Sequence[str], where: str) -> None:
    totals: Counter[str] = Counter(dict.fromkeys(shelf.schema.names, 0))
    totals.update({name: corrections.count(name, splits) for name in shelf.schema.names})
    for by_split in shelf.report.mentions.values():
        for name, counts in by_split.items():
            if name in splits:
                totals.update(counts)
    charts.show(
        charts.bars(
            [charts.Bar(name, number) for name, number in totals.most_common()],
            f"Mentions by type{where}",
            colors=shelf.schema.colors,
        ),
        "Bars: " + ", ".join(f"{name} {number}" for name, number in totals.most_common()),
        key="corpora_types",
    )
    total = sum(totals.values())
    rare = [name for name, number in totals.items() if total and number / total < 0.01]
    if rare:
        st.caption(
            f":material/info: Rare, under 1% of the mentions: {', '.join(rare)}. "
            "Expect a model to be less sure of these."
        )


def _draw_sizes(shelf: Shelf, corrections: Corrections) -> None:
    sizes = dict(shelf.sizes)
    if corrections.sentences:
        sizes[NAME.capitalize()] = corrections.sentences
    rows = [
        charts.Bar(corpus, splits.get(split, 0), series=split)
        for corpus, splits in sizes.items()
        for split in SPLITS
    ]
    charts.show(
        charts.stacked(rows, "Sentences by corpus and split", value="Sentences"),
        "Bars: " + ", ".join(f"{row.name} {row.series} {row.value:.0f}" for row in rows),
        key="corpora_sizes",
    )


def _draw_lengths(
    shelf: Shelf, corrections: Corrections, splits: Sequence[str], where: str
) -> None:
    lengths = shelf.lengths(splits) + corrections.lengths(splits)
    if not lengths:
        return
    middle = sorted(lengths.elements())[lengths.total() // 2]
    longest = max(lengths)
    charts.show(
        charts.histogram(lengths, f"Sentence lengths{where}", x="Tokens", limit=120),
        f"Histogram: half of the sentences have at most {middle} tokens, the longest {longest}",
        key="corpora_lengths",
    )
    st.caption(f"Half have at most {middle} tokens; the longest has {longest:,}.")


def read_corrections(settings: Settings) -> Corrections:
    """Read what has been reviewed in all projects; nothing where the store cannot be opened."""
    try:
        store = cache.store(settings.database_url, str(settings.backups)).acting(VISITOR)
        by_split = {"train": store.corrections(), "test": store.my_test()}
    except BionerError:
        return Corrections()
    return count_corrections(by_split)
