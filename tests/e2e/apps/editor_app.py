"""A page with nothing but the span editor; every operation that arrives is written to a file.

``?case=NAME`` reads text, mentions and options from ``NAME.json`` in ``EDITOR_FOLDER``;
``NAME.log`` receives one operation a line, ``NAME.state`` holds the mentions for a reload.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import streamlit as st

from bioner.errors import BionerError
from bioner.labels import read_schema
from bioner.review.offers import Offer
from bioner.review.operations import (
    Answer,
    Operation,
    Swap,
    Unit,
    apply_operation,
    mention_from_json,
    mention_to_json,
)
from bioner.spans import Mention
from bioner.tokens import tokenize
from bioner.ui.span_editor.concepts import ConceptHelp
from bioner.ui.span_editor.editor import Command, EditorView, Layer, draw_editor, received

KEY = "editor"
NAME = Path(os.environ["EDITOR_FOLDER"], st.query_params.get("case", "case"))
LOG = NAME.with_suffix(".log")
CASE = json.loads(NAME.with_suffix(".json").read_text(encoding="utf-8"))
STATE = LOG.with_suffix(".state")


def read_state() -> dict[str, object]:
    if STATE.exists():
        return json.loads(STATE.read_text(encoding="utf-8"))
    return {"mentions": CASE.get("mentions", []), "done": [], "undo": [], "redo": [], "revision": 0}


def mentions_of(raw: list[dict[str, object]]) -> tuple[Mention, ...]:
    return tuple(mention_from_json(one) for one in raw)


def save(operation: Operation, state: dict[str, object]) -> None:
    with LOG.open("a", encoding="utf-8") as log:
        log.write(
            json.dumps(
                {
                    "op_id": operation.op_id,
                    "kind": operation.kind,
                    "name": operation.name,
                    "removed": [mention_to_json(one) for one in operation.removed],
                    "added": [mention_to_json(one) for one in operation.added],
                    "surfaces": operation.surfaces,
                    "view": operation.view,
                }
            )
            + "\n"
        )
    if operation.kind == "command":
        return
    for one, surface in zip(operation.added, operation.surfaces, strict=True):
        shown = " ".join(CASE["text"][start:end] for start, end in one.fragments)
        if shown != surface:
            raise BionerError(f"expected {shown!r}, got {surface!r}")
    mentions = apply_operation(mentions_of(state["mentions"]), operation)
    state["mentions"] = [mention_to_json(one) for one in mentions]
    state["revision"] += 1
    change = {
        "removed": [mention_to_json(one) for one in operation.removed],
        "added": [mention_to_json(one) for one in operation.added],
    }
    if operation.kind == "undo":
        state["redo"].append(state["undo"].pop())
    elif operation.kind == "redo":
        state["undo"].append(state["redo"].pop())
    else:
        state["undo"].append(change)
        state["redo"] = []


def handle(operations: list[Operation]) -> Answer:
    state = read_state()
    refused = dict(st.session_state.setdefault("refused", {}))
    for operation in operations:
        if operation.op_id in state["done"] or operation.op_id in refused:
            continue
        try:
            save(operation, state)
            state["done"].append(operation.op_id)
        except BionerError as error:
            refused[operation.op_id] = str(error)
    st.session_state["refused"] = refused
    temporary = STATE.with_suffix(".tmp")
    temporary.write_text(json.dumps(state), encoding="utf-8")
    temporary.replace(STATE)
    time.sleep(CASE.get("slow", 0))
    return Answer(
        tuple(one.op_id for one in operations if one.op_id not in refused),
        {one.op_id: refused[one.op_id] for one in operations if one.op_id in refused},
    )


@st.fragment
def editor() -> None:
    operations = received(KEY)
    answer = handle(operations)
    state = read_state()
    schema = read_schema()
    text = CASE["text"]
    units = CASE.get("units") or [[0, len(text)]]
    view = EditorView(
        view="case",
        text=text,
        tokens=tokenize(text),
        mentions=mentions_of(state["mentions"]),
        types=schema.types,
        units=[Unit(i, start, end) for i, (start, end) in enumerate(units)],
        title=CASE.get("title", "Case"),
        revision=state["revision"],
        covers=frozenset(CASE["covers"]) if "covers" in CASE else None,
        layers=[
            Layer(one["name"], one["title"], mentions_of(one["mentions"]))
            for one in CASE.get("layers", [])
        ],
        commands=[
            Command("accept", "Accept", "Enter", "accept and go on", primary=True),
            Command("reject", "Reject", "Shift+Enter", "reject and go on"),
        ],
        undo=[
            Swap(mentions_of(one["removed"]), mentions_of(one["added"]))
            for one in state["undo"][-50:]
        ],
        concepts=ConceptHelp(
            vocabularies=["taxa"],
            offers={
                (surface, label): [
                    Offer(identifier=id, name=name, matched=surface, how="exact", vocabulary="taxa")
                ]
                for surface, label, id, name in CASE["concepts"]
            },
            names={id: name for *_, id, name in CASE["concepts"]},
        )
        if "concepts" in CASE
        else None,
        redo=[
            Swap(mentions_of(one["removed"]), mentions_of(one["added"]))
            for one in state["redo"][-50:]
        ],
        has_more=(len(state["undo"]) > 50, len(state["redo"]) > 50),
    )
    drawn = draw_editor(KEY, view, answer)
    if {one.op_id for one in drawn} != {one.op_id for one in operations}:
        st.rerun(scope="fragment")


st.set_page_config(layout="wide")
editor()
st.text_input("Outside", key="outside")
