"""What the editor is given to show: the sentence with its context, or the whole document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bioner.access import Action
from bioner.identifiers import Clash, clashes, marks_with_ids
from bioner.review.editing import WINDOW, Step, merge_steps, unit
from bioner.spans import Document, Mention, Range
from bioner.store import ReviewItem
from bioner.tokens import tokenize
from bioner.ui.review.desk import Desk
from bioner.ui.span_editor.concepts import ConceptHelp
from bioner.ui.span_editor.editor import Command, EditorView, Layer

CONTEXT = 300
"""Characters of the document shown on either side of the sentence."""


COMMANDS = (
    Command("accept", "Accept", "Enter", "accept what is marked; next", leaves=True, primary=True),
    Command("reject", "Reject", "R", "reject the sentence: no training data; next", leaves=True),
    Command("unsure", "Unsure", "Q", "unsure: leave it to others; next", leaves=True),
    Command("skip", "Skip", "K", "next without a verdict", leaves=True),
    Command("back", "Back", "B", "the sentence before", leaves=True),
    Command(
        "everywhere",
        "Everywhere",
        "W",
        "mark every occurrence in all texts of the project",
        needs_selection=True,
    ),
    Command("guidelines", "Guidelines", "G", "what the selected mark's type means here"),
    Command("split", "Split", "I", "begin a new sentence at the selection", needs_selection=True),
)


def _tokens(text: str, low: int, high: int, reviews: Sequence[ReviewItem]) -> list[Range]:
    """Return the tokens of what is shown: those that training sees, between them as usual."""
    found: list[Range] = []
    at = low
    for review in sorted(reviews, key=lambda one: one.start):
        found += [*tokenize(text, at, review.start), *review.tokens]
        at = review.end
    return [*found, *tokenize(text, at, high)]


def view_of(
    desk: Desk,
    focus: ReviewItem,
    reviews: Sequence[ReviewItem],
    concepts: ConceptHelp | None = None,
) -> EditorView:
    """Return what the editor shows of the open sentences, with this reviewer's rights."""
    low, high = _window(focus, reviews)
    done: list[Sequence[Step]] = []
    undone: list[Sequence[Step]] = []
    for review in reviews:
        undo, redo = desk.steps(review)
        done.append(undo)
        undone.append(redo)
    undo_steps, redo_steps = merge_steps(done), merge_steps(undone)
    schema = desk.session.schema
    types = [schema.type(name) for name in desk.types if name in schema.names]
    held = focus.claimed_by not in ("", desk.reviewer)
    return EditorView(
        view=f"{desk.project.name}/{desk.scope}/{focus.item}",
        text=focus.text[low:high],
        offset=low,
        cut=(bool(focus.text[:low].strip()), bool(focus.text[high:].strip())),
        tokens=_tokens(focus.text, low, high, reviews),
        mentions=[one for review in reviews for one in review.mentions],
        types=types,
        units=[unit(one) for one in reviews],
        title=f"{focus.document}, {len(reviews)} sentence{'s' * (len(reviews) > 1)}",
        revision=max(one.base for one in reviews),
        last_saved=desk.memory.last_saved,
        reviewer=desk.reviewer,
        session=desk.memory.session,
        covers=focus.covers,
        layers=_layers(reviews),
        commands=[_for_document(one) for one in COMMANDS] if len(reviews) > 1 else COMMANDS,
        undo=undo_steps[-WINDOW:],
        redo=redo_steps[-WINDOW:],
        has_more=(len(undo_steps) > WINDOW, len(redo_steps) > WINDOW),
        focus=(focus.start, focus.end),
        read_only=held or not desk.may(Action.ANNOTATE),
        clashes=clashes_of(reviews),
        concepts=concepts,
        outside="Only this sentence is open: choose “Document”, or mend the sentence split",
    )


def clashes_of(reviews: Sequence[ReviewItem]) -> list[Clash]:
    """Return where marks of the open sentences contradict one another about a concept."""
    mentions = tuple(one for review in reviews for one in review.mentions)
    return clashes(marks_with_ids(Document("", reviews[0].text, mentions)))


def _for_document(command: Command) -> Command:
    if command.name not in ("accept", "reject", "unsure"):
        return command
    return replace(
        command,
        label=f"{command.label} all",
        for_all=True,
        title=f"{command.name} every sentence of this document that has no verdict yet; next",
    )


def _window(focus: ReviewItem, reviews: Sequence[ReviewItem]) -> tuple[int, int]:
    """Return the part of the document to show: whole words around what may be edited."""
    if len(reviews) > 1:
        return 0, len(focus.text)
    low = max(0, focus.start - CONTEXT)
    high = min(len(focus.text), focus.end + CONTEXT)
    if low:
        gap = focus.text.find(" ", low, focus.start)
        low = focus.start if gap < 0 else gap + 1
    if high < len(focus.text):
        gap = focus.text.rfind(" ", focus.end, high)
        high = focus.end if gap < 0 else gap
    return low, high


def _layers(reviews: Sequence[ReviewItem]) -> list[Layer]:
    """Return the other layers, without the one that alone is shown as the mentions."""
    found: dict[tuple[str, str], list[Mention]] = {}
    shown = {review.layer for review in reviews}
    for review in reviews:
        if review.gold is not None and shown != {"gold"}:
            found.setdefault(("gold", "gold"), []).extend(review.gold)
        for number, one in enumerate(review.predictions):
            if number or shown != {"prediction"}:
                title = f"prediction of {one.model}" if one.model else "prediction"
                found.setdefault(("prediction", title), []).extend(one.mentions)
        for other in review.others:
            who = other.reviewer or "shared copy"
            found.setdefault(("other", who), []).extend(other.mentions)
    return [Layer(name, title, tuple(ones)) for (name, title), ones in found.items()]
