"""The Review page's texts: bring them in, with or without marks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial

import streamlit as st

from bioner import formats
from bioner.access import Action
from bioner.errors import BionerError
from bioner.formats.registry import file_groups, read_group
from bioner.review.intake import Origin, take_in
from bioner.review.new_types import add_types, type_name
from bioner.review.texts import LEFT_OUT, Texts, looked_for, suggest_meanings
from bioner.store.values import Layer
from bioner.text import split_document
from bioner.ui import cache
from bioner.ui.intake import draw_intake, order_of, progress_bar, tagging_of, trained_here
from bioner.ui.plain import plain, plain_label
from bioner.ui.review.desk import Desk
from bioner.ui.review.export import draw_export
from bioner.ui.review.freeze import draw_freeze
from bioner.ui.roles import shut
from bioner.ui.session import show_problem
from bioner.ui.words import many

LAYERS: Mapping[str, Layer] = {"predictions": "prediction", "gold": "gold"}


def draw_files(desk: Desk) -> None:
    """Draw what brings texts in and what takes them out."""
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Add texts")
        _draw_paste(desk)
        _draw_upload(desk)
        _draw_sample(desk)
    with right:
        st.subheader("Export")
        draw_export(desk)
        draw_freeze(desk)


def _draw_paste(desk: Desk) -> None:
    with st.form("paste", clear_on_submit=True):
        name = st.text_input("Name of the text", key="paste_name", placeholder="text-1")
        text = st.text_area("Text", key="paste_text", height=160)
        predict = st.checkbox(
            "Mark it with the model in use first", value=True, key="paste_predict"
        )
        if (
            st.form_submit_button(
                "Add the text", icon=":material/add:", **shut(desk, Action.IMPORT)
            )
            and text.strip()
        ):
            number = desk.store.progress(desk.project.name).documents + 1
            document = split_document(text, id=name.strip() or f"text-{number}")
            _bring_in(desk, {"pasted": Texts(documents=[document])}, predict=predict)


def _draw_sample(desk: Desk) -> None:
    texts = sorted((desk.session.settings.sample / "texts").glob("*.txt"))
    if texts and st.button(
        f"Add the {len(texts)} sample texts",
        key="add_sample",
        icon=":material/science:",
        **shut(desk, Action.IMPORT),
    ):
        found = [
            split_document(cache.text_of(str(path), cache.stamp(path)), id=path.stem)
            for path in texts
        ]
        _bring_in(desk, {"sample": Texts(documents=found)}, predict=True)


def _draw_upload(desk: Desk) -> None:
    files = st.file_uploader(
        "Files, with or without marks",
        accept_multiple_files=True,
        key="review_files",
        help="The format is told from name and content: "
        + ", ".join(["plain text", *formats.NAMES.values()])
        + ".",
    )
    if not files:
        return
    results: dict[str, formats.ReadResult] = {}
    groups = file_groups((one.name, one.getvalue()) for one in files)
    for number, (given, members) in enumerate(groups, 1):
        name = given if given not in results else f"{number}-{given}"
        try:
            results[name] = read_group(members)
        except BionerError as error:
            show_problem(error)
    if not results:
        return
    reports = [result.report for result in results.values()]
    placed = sum(report.placed for report in reports)
    count = sum(len(result.documents) for result in results.values())
    st.caption(
        f"{many(count, 'text')}; {placed:,} of "
        f"{many(sum(report.read for report in reports), 'annotation')} could be placed."
    )
    for name, result in results.items():
        _draw_losses(name, result.report)
    labels = _map_labels(desk, sum((report.labels for report in reports), Counter[str]()))
    layer = "predictions"
    if placed:
        layer = str(
            st.radio(
                "The marks in these files are",
                list(LAYERS),
                key="upload_layer",
                horizontal=True,
                help="Predictions wait to be corrected; gold is shown as such, and kept apart.",
            )
        )
    covers = None
    if LAYERS[layer] == "gold":
        covers = _ask_looked_for(desk, looked_for(labels))
    added = sorted(set(labels.values()) - {LEFT_OUT} - set(desk.project.types))
    if added:
        st.caption(
            f"New in the project: {plain(', '.join(added))}. Its reviewers look for it once it is "
            "ticked under Project; a type that is new to the studio is learned once the corpora "
            "are built anew."
        )
    predict = st.checkbox(
        "Mark them with the model in use too", value=not placed, key="upload_predict"
    )
    if st.button(
        "Bring them in",
        key="upload_do",
        type="primary",
        icon=":material/upload:",
        **shut(desk, Action.IMPORT),
    ):
        texts = {
            name: Texts(
                documents=() if result.sentences else result.documents,
                sentences=result.sentences,
                read=result.report,
                labels=labels,
            )
            for name, result in results.items()
        }
        try:
            add_types(
                desk.session.settings,
                desk.store,
                desk.project.name,
                added,
                reviewer=desk.reviewer,
            )
        except BionerError as error:
            show_problem(error)
            return
        _bring_in(desk, texts, layer=LAYERS[layer], covers=covers, predict=predict)


def _draw_losses(name: str, report: formats.ReadReport) -> None:
    said = [f"{count} × {rule.replace('_', ' ')}" for rule, count in report.rejections.items()]
    if said:
        st.warning(f"{plain(name)}: not placed: {', '.join(said)}", icon=":material/warning:")
    for line in report.examples[:5]:
        st.text(line)


def _map_labels(desk: Desk, labels: Counter[str]) -> dict[str, str]:
    """Ask what the file's own labels mean here; ours stand for themselves."""
    types = list(desk.project.types)
    mapping = suggest_meanings(labels, types, desk.session.schema)
    foreign = sorted(set(labels) - set(types))
    if foreign:
        st.caption("These labels are not types of the project. What do they mean here?")
    lacking = [name for name in desk.session.schema.names if name not in types]
    for label in foreign:
        own = type_name(label)
        new = [] if own in (*types, *lacking) else [own]
        choices = [*types, LEFT_OUT, *lacking, *new]
        mapping[label] = str(
            st.selectbox(
                f"{plain_label(label)} ({labels[label]:,})",
                choices,
                index=choices.index(mapping[label]),
                key=f"label_{label}",
                format_func=partial(_meaning, lacking=lacking, new=new),
            )
        )
    return mapping


def _meaning(one: str, *, lacking: Sequence[str], new: Sequence[str]) -> str:
    """Name a choice of what a label means here."""
    if one in lacking:
        return f"{one}: add it to the project"
    return f"{one}: add it as a new type" if one in new else one or "leave out"


def _ask_looked_for(desk: Desk, proposed: frozenset[str]) -> frozenset[str]:
    """Ask which types the gold's annotators looked for; what its labels mean is proposed."""
    types = [*desk.project.types, *sorted(proposed - set(desk.project.types))]
    chosen = st.pills(
        "What did its annotators look for?",
        types,
        selection_mode="multi",
        default=[name for name in types if name in proposed],
        format_func=plain_label,
        key=f"upload_covers_{'_'.join(sorted(proposed))}",
        wrap=True,
        help="As its labels say. Only for these types does the absence of a mark count as evidence "
        "in training; for the others nobody looked.",
    )
    return frozenset(chosen)


def _bring_in(
    desk: Desk,
    texts: Mapping[str, Texts],
    *,
    layer: Layer = "prediction",
    covers: frozenset[str] | None = None,
    predict: bool,
) -> None:
    """Bring texts in, by the name of their source, and say what became of each."""
    schema = desk.session.schema.fingerprint
    tagging = tagging_of(desk.session, desk.project.name) if predict else None
    for source, given in texts.items():
        try:
            with progress_bar() as heard:
                took = take_in(
                    desk.store,
                    desk.project.name,
                    given,
                    Origin(
                        source=source,
                        schema=schema,
                        trained=trained_here(desk.session.settings),
                        layer=layer,
                        covers=covers,
                    ),
                    tagging=tagging,
                    order=order_of(desk.session),
                    on_progress=heard,
                )
        except BionerError as error:
            show_problem(error)
            return
        draw_intake(took, source)
        if tagging is not None:
            st.info(
                f"{plain(tagging.model)} marked {many(took.tagged, 'mention')}.",
                icon=":material/ink_highlighter:",
            )
    desk.memory.place = ""
    st.success("Ready: choose “Correct” above.", icon=":material/task_alt:")
