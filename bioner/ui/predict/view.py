"""What of a tagged document is shown: types or groups, how sure, which labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import streamlit as st

from bioner.labels import LabelSchema
from bioner.spans import Alternative, Document, Mention
from bioner.ui.chips import color_of
from bioner.ui.plain import plain_label
from bioner.ui.session import keep_in_url, url_choice, url_choices, url_int, url_text


def choose_view(schema: LabelSchema) -> View:
    """Let a person choose types or groups, the threshold and the confidence colouring."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        left, middle, right = (st.container(width=width) for width in ("content", 190, "content"))
    numbers = {"types": schema.names, "groups": tuple(schema.groups)}
    coarse = left.segmented_control(
        "Show",
        ["types", "groups"],
        default=url_choice("view", ("types", "groups"), "types"),
        key="predict_view",
        format_func=lambda name: f"{len(numbers[name])} {plain_label(name)}",
        help="Groups put together the types that corpora themselves do not tell apart, "
        "such as gene and protein.",
        required=True,
    )
    least = middle.slider(
        "At least this sure",
        0,
        100,
        url_int("sure", 0, low=0, high=100),
        step=5,
        format="%d%%",
        key="predict_sure",
        help="Mentions that the model is less sure of are left out.",
    )
    heat = right.toggle(
        "Show how sure",
        url_text("heat") == "1",
        key="predict_heat",
        help="Paler and dashed or dotted: less sure (dashed below 90%, dotted below 60%).",
    )
    is_coarse = coarse == "groups"
    keep_in_url(
        view="groups" if is_coarse else "",
        sure=str(least) if least else "",
        heat="1" if heat else "",
    )
    return View(is_coarse, least / 100, has_heat=bool(heat))


def choose_labels(documents: Sequence[Document], schema: LabelSchema, view: View) -> View:
    """Draw the legend, each label with its colour and counts; hide what is switched off."""
    counts = label_counts(documents, schema)
    if not counts:
        return view
    by_document = [label_counts([document], schema) for document in documents]
    told = {label: " / ".join(f"{one.get(label, 0):,}" for one in by_document) for label in counts}
    asked = set(url_choices("hide", counts))
    key = "predict_legend_" + "_".join(sorted(counts))
    draw_legend_colors(list(counts), schema)
    with st.container(key="legend"):
        shown = st.pills(
            "Legend",
            list(counts),
            selection_mode="multi",
            default=[label for label in counts if label not in asked],
            key=key,
            format_func=lambda label: f"{plain_label(label)} {told[label]}",
            label_visibility="collapsed",
            help="Click a type to leave it out or take it back in.",
        )
    hidden = frozenset(set(counts) - set(shown or ()))
    keep_in_url(hide=",".join(sorted(hidden)))
    return replace(view, hidden=hidden)


def draw_legend_colors(labels: Sequence[str], schema: LabelSchema) -> None:
    """Give each button of the legend its label's colour."""
    rules = "".join(
        f".st-key-legend button:nth-of-type({i}){{--c:{color_of(schema, label)}}}"
        for i, label in enumerate(labels, 1)
    )
    st.html(f"<style>{rules}</style>")


@dataclass(frozen=True)
class View:
    """A way of looking at mentions; ``hidden`` are label names as shown (types or groups)."""

    is_coarse: bool = False
    threshold: float = 0.0
    hidden: frozenset[str] = frozenset()
    has_heat: bool = False


def group_title(schema: LabelSchema, group: str) -> str:
    """Return a group's name as shown: of two types both names, of more the group's own."""
    members = schema.groups.get(group, ())
    return "/".join(members) if len(members) == 2 else group


def shown_label(schema: LabelSchema, label: str, view: View) -> str:
    """Return a label as this view shows it."""
    group = schema.group_of.get(label)
    return group_title(schema, group) if view.is_coarse and group else label


def in_view(document: Document, schema: LabelSchema, view: View) -> Document:
    """Return the document with the mentions that the threshold lets through, labels as shown."""
    return replace(
        document,
        mentions=tuple(
            _shown(one, schema, view)
            for one in document.mentions
            if one.score is None or one.score >= view.threshold
        ),
    )


def _shown(one: Mention, schema: LabelSchema, view: View) -> Mention:
    if not view.is_coarse:
        return one
    label = shown_label(schema, one.label, view)
    score, others = one.score, dict[str, float]()
    for other in one.alternatives:
        name = shown_label(schema, other.label, view)
        if name == label:
            score = None if score is None else min(1.0, score + other.score)
        else:
            others[name] = others.get(name, 0.0) + other.score
    alternatives = tuple(
        Alternative(name, value if score is None else min(value, score))
        for name, value in sorted(others.items(), key=lambda i: -i[1])
    )
    return replace(one, label=label, score=score, alternatives=alternatives)


def without_hidden(document: Document, view: View) -> Document:
    """Return the document without the labels that the legend has switched off."""
    return replace(
        document, mentions=tuple(one for one in document.mentions if one.label not in view.hidden)
    )


def label_counts(documents: Sequence[Document], schema: LabelSchema) -> dict[str, int]:
    """Count mentions by label: the schema's order first, then unknown labels by name."""
    counts = Counter(one.label for document in documents for one in document.mentions)
    groups = [group_title(schema, group) for group in schema.groups]
    order = {name: i for i, name in enumerate(dict.fromkeys([*schema.names, *groups]))}
    return {
        name: counts[name] for name in sorted(counts, key=lambda n: (order.get(n, len(order)), n))
    }


def within_view(document: Document, schema: LabelSchema, view: View) -> Document:
    """Return what is shown of a document: threshold, groups and legend applied."""
    return without_hidden(in_view(document, schema, view), view)
