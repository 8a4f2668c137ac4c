"""The Corpora page: what is in the merged data, sentence by sentence, and how it came to be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from bioner.corpora.overview import Shelf
from bioner.corpora.registry import CORPORA, SPLITS
from bioner.ui import charts
from bioner.ui.corpora.build import draw_builder
from bioner.ui.corpora.corrections import NAME, Corrections, read_corrections
from bioner.ui.corpora.lens import draw_lens, draw_surfaces
from bioner.ui.corpora.mapping import draw_mapping
from bioner.ui.corpora.own import draw_own
from bioner.ui.corpora.sentences import draw_sentences
from bioner.ui.merged import open_shelf
from bioner.ui.session import Session, keep_in_url, page_key, url_text
from bioner.ui.tables import draw_table

SECTIONS = {
    "overview": "Overview",
    "sentences": "Sentences",
    "surfaces": "Top mentions",
    "lens": "Disagreements",
    "mapping": "Mapping",
    "merge": "Merge",
    "own": "Your own",
    "sources": "Sources",
}


def draw(session: Session) -> None:
    """Draw the page: the merged corpora or the sample, a part at a time, and what builds them."""
    st.title("Corpora")
    st.caption(
        "What the models learn from: every sentence, every label, and where each comes from."
    )
    shelf = open_shelf(session)
    is_sample = shelf is None or shelf.is_sample
    if is_sample:
        draw_builder(session, is_sample=True)
    if shelf is not None:
        draw_numbers(shelf)
        draw_section(choose_section(), session, shelf)
    if not is_sample:
        draw_builder(session, is_sample=False)


def choose_section() -> str:
    """Let a person choose a part of the page; return its name."""
    asked = url_text("part", "overview")
    chosen = st.segmented_control(
        "Part",
        list(SECTIONS),
        default=asked if asked in SECTIONS else "overview",
        key=page_key("corpora_part"),
        format_func=lambda name: SECTIONS[name],
        label_visibility="collapsed",
        required=True,
    )
    keep_in_url(part="" if chosen == "overview" else str(chosen))
    return str(chosen)


def draw_section(section: str, session: Session, shelf: Shelf) -> None:
    """Draw one part of the page."""
    if section == "sentences":
        draw_sentences(session, shelf)
    elif section == "surfaces":
        draw_surfaces(session, shelf)
    elif section == "lens":
        draw_lens(session, shelf)
    elif section == "mapping":
        draw_mapping(session, shelf)
    elif section == "merge":
        draw_merge(shelf)
    elif section == "own":
        draw_own(session)
    elif section == "sources":
        draw_sources(shelf)
    else:
        draw_overview(session, shelf)


def draw_numbers(shelf: Shelf) -> None:
    """Draw the dataset's few big numbers."""
    report = shelf.report
    numbers = {
        "Corpora": len(shelf.corpora),
        "Sentences": sum(n for splits in report["sentences"].values() for n in splits.values()),
        "Entity mentions": sum(report["types"].values()),
        "Entity types": sum(1 for n in report["types"].values() if n),
        "Shared": report["fused_sentences"],
        "Leaks removed": report["leaks_dropped"],
    }
    helps = {
        "Shared": "Training sentences that several corpora contain: made one, "
        "with the labels of all.",
        "Leaks removed": "Training sentences that equal a development or test sentence: left out, "
        "so that scores are honest.",
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
    )
    st.caption(
        "A stroke: nobody looked for this type in this corpus, so its absence says nothing. 0: its "
        "annotators looked and marked none under this name. A sentence that two corpora share "
        "counts for both."
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
            NAME, name, corrections.count(name, splits) if name in corrections.covers else None
        )
        for name in shelf.schema.names
    ]


def _draw_types(shelf: Shelf, corrections: Corrections, splits: Sequence[str], where: str) -> None:
    totals: Counter[str] = Counter(dict.fromkeys(shelf.schema.names, 0))
    totals.update({name: corrections.count(name, splits) for name in shelf.schema.names})
    for by_split in shelf.report["mentions"].values():
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
            f":material/info: Rare, under 1 % of the mentions: {', '.join(rare)}. "
            "Expect a model to be less sure of these."
        )


def _draw_sizes(shelf: Shelf, corrections: Corrections) -> None:
    sizes = dict(shelf.sizes)
    if corrections.sentences:
        sizes[NAME] = corrections.sentences
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


def draw_merge(shelf: Shelf) -> None:
    """Draw what the merge read, dropped, joined and left open, in words and numbers."""
    report = shelf.report
    leaks = report["leaks"]
    rows = {
        "Sentences read": (report["read"], "from every file of every corpus"),
        "Training sentences equal to a test or development sentence, left out": (
            leaks["equal"]["sentences"],
            f"{leaks['equal']['distinct']:,} different ones",
        ),
        "The same but for case or punctuation, left out": (
            leaks["equal_but_for_case_or_punctuation"]["sentences"],
            f"{leaks['equal_but_for_case_or_punctuation']['distinct']:,} different ones",
        ),
        "Contained in a test or development sentence, left out": (
            leaks["contained"]["sentences"],
            "long ones only",
        ),
        "Training sentences shared by several corpora, made one": (
            report["fused_sentences"],
            "with the labels of all, and what all of them looked for",
        ),
        "Repeated within one corpus, made one": (report["repeated"], ""),
        "Same boundaries, the finer label kept": (
            report["finer_label_won"],
            "Cell rather than Anatomy",
        ),
        "Boundaries that clash, both readings allowed": (report["boundary_clashes"], ""),
        "Same boundaries, different types, both allowed": (report["type_clashes"], ""),
        "Development sentences equal to a test sentence, not used for tuning": (
            report["devel_equal_to_test"],
            "",
        ),
        "Mentions left open": (
            sum(n for labels in report["ignored"].values() for n in labels.values()),
            "evidence neither for nor against a type",
        ),
        "Tag sequences repaired": (
            sum(n for rules in report["repairs"].values() for n in rules.values()),
            "",
        ),
    }
    draw_table(["What", "How many", "Note"], [(what, n, note) for what, (n, note) in rows.items()])
    left, right = st.columns(2, gap="large")
    with left:
        _draw_counted("Sentences shared by", report["fused"], "corpora_fused")
    with right:
        _draw_counted("Left out as leaks from", report["leaks_by_corpus"], "corpora_leaks")
    st.caption(
        f"Mapping: {report['mapping']} · fingerprint {shelf.fingerprint} · "
        "the same whatever the order in which the corpora are read."
    )


def _draw_counted(title: str, counts: dict[str, int], key: str) -> None:
    found = {name.replace("+", " and "): n for name, n in counts.items() if n}
    if not found:
        return
    rows = [charts.Bar(n, v) for n, v in sorted(found.items(), key=lambda item: -item[1])[:12]]
    charts.show(
        charts.bars(rows, title, value="Sentences"),
        f"Bars, {title}: " + ", ".join(f"{row.name} {row.value:.0f}" for row in rows),
        key=key,
    )


def draw_sources(shelf: Shelf) -> None:
    """Draw where each corpus comes from, its licence, and how to cite it."""
    known = [(corpus, CORPORA.get(corpus)) for corpus in shelf.corpora]
    parts = shelf.report["parts"]
    draw_table(
        ["Corpus", "Annotates", "Licence", "Cite", "Home"],
        [
            (
                f"{corpus} (part)" if corpus in parts else corpus,
                info.annotates if info else "your own labels",
                info.licence if info else "",
                info.citation if info else "",
                info.url if info else "",
            )
            for corpus, info in known
        ],
    )
    if shelf.report["parts"]:
        st.caption(
            f"Only a part of {', '.join(shelf.report['parts'])} is here: the files differ from the "
            "published ones, so scores on it are not comparable with published scores."
        )
