"""Suggestions in a project: a layer of their own, an audit, acceptance only where it is earned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from store_support import cut_off, saved_in_each

from bioner.review.decisions import chosen
from bioner.review.suggest import (
    SuggestError,
    accept,
    audit_sample,
    audits,
    decide,
    fill,
    precisions,
    proposals,
)
from bioner.spans import Document, mention
from bioner.store import Edit, Project, Store

NAME = "list:words"


@dataclass(frozen=True)
class Words:
    """Marks every word of these."""

    words: tuple[str, ...]
    label: str = "Gene"
    name: str = NAME
    version: str = "1"

    def suggest(self, documents: Sequence[Document]) -> list[Document]:
        return [
            replace(
                one,
                mentions=tuple(
                    mention(at, at + len(word), self.label, status="predicted")
                    for word in self.words
                    if (at := one.text.find(word)) >= 0
                ),
            )
            for one in documents
        ]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(f"sqlite:///{tmp_path / 'store.sqlite3'}", tmp_path / "backups")
    made.create_project(Project("p", ("Gene", "Disease"), frozenset({"Gene"})))
    texts = [f"The w{n} gene is here." for n in range(80)]
    marks = (mention(0, 3, "Disease", status="predicted", score=0.5),)
    made.import_documents(
        "p", [Document(f"d{n}", text, marks) for n, text in enumerate(texts)], model="m"
    )
    return made


WORDS = Words(tuple(f"w{n} gene" for n in range(80)))


def filled(store: Store, suggester: Words = WORDS):
    return fill(store, "p", suggester, schema="s", trained=frozenset)


@pytest.mark.slow
def test_suggestions_lie_beside_what_the_reviewer_sees_and_change_nothing_of_it(store: Store):
    before = [store.open_item(n, claim=False) for n in range(1, 81)]
    took = filled(store)
    assert took.receipt.mentions_placed == 80
    assert [store.open_item(n, claim=False) for n in range(1, 81)] == before
    assert store.suggesters("p") == {NAME: 80}
    found = list(proposals(store, "p", NAME))
    assert found[0].surface in WORDS.words
    assert f"{found[0].before}{found[0].surface}{found[0].after}".startswith("The w")
    filled(store, Words(("w11 gene",)))
    assert sum(store.suggesters("p").values()) == 1


def test_types_that_the_project_lacks_are_rejected_by_name(store: Store):
    took = filled(store, replace(WORDS, label="Planet"))
    assert took.receipt.rejected == {'label "Planet" left out': 80}


def test_the_audit_goes_through_one_random_order_of_what_waits(store: Store):
    filled(store)
    first = audit_sample(store, "p", NAME, count=10)
    assert first == audit_sample(store, "p", NAME, count=10)
    assert [one.item for one in first] != sorted(one.item for one in first)
    decide(store, "p", NAME, first[0].id, is_right=True, reviewer="ann")
    assert audit_sample(store, "p", NAME, count=9) == first[1:]
    assert audits(store, "p", NAME) == {first[0].id: True}
    with pytest.raises(SuggestError, match="no such mark"):
        decide(store, "p", NAME, "9:9-10:Gene", is_right=True)


@pytest.mark.slow
def test_bulk_acceptance_is_refused_until_the_lower_limit_is_there_and_undone_as_one(store: Store):
    filled(store)
    with pytest.raises(SuggestError, match=r"0 of 0 audited .* about 52 more are needed"):
        accept(store, "p", NAME, "Gene", target=0.95)
    for number, one in enumerate(audit_sample(store, "p", NAME, count=60)):
        decide(store, "p", NAME, one.id, is_right=number > 0, reviewer="ann")
    known = precisions(store, "p", NAME)["Gene"]
    assert (known.right, known.audited, known.surfaces) == (59, 60, 60)
    with pytest.raises(SuggestError, match="59 of 60"):
        accept(store, "p", NAME, "Gene", target=0.95)
    done = accept(store, "p", NAME, "Gene", target=0.9, reviewer="ann")
    waiting = store.progress("p").test_items
    assert done.marks == done.sentences == 79 - waiting
    item = next(n for n in range(1, 81) if store.open_item(n, claim=False).status == "open")
    marks = store.open_item(item, claim=False).mentions
    assert [(one.label, one.status) for one in marks] == [
        ("Disease", "predicted"),
        ("Gene", "reviewed"),
    ]
    store.undo(item, "ann")
    assert store.progress("p").open == 0


@pytest.mark.slow
def test_acceptance_goes_in_pieces_goes_on_where_it_was_cut_off_and_is_taken_back_as_one(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("bioner.store.turns.PIECE", 8)
    filled(store)
    for one in audit_sample(store, "p", NAME, count=20):
        decide(store, "p", NAME, one.id, is_right=True, reviewer="ann")

    def all_of_it():
        return accept(store, "p", NAME, "Gene", target=0.8, reviewer="ann", op="one")

    with cut_off(store, 20):
        all_of_it()
    assert store.progress("p").open == 16
    [decision] = store.decisions("p", "ann")
    assert (decision.marks, chosen(decision.choice)) == (16, "all that it proposes as Gene")
    made = saved_in_each(store, all_of_it)
    waited = 80 - store.progress("p").test_items
    assert (max(made), sum(made)) == (8, waited - 16)
    assert all_of_it().marks == waited, "a repeated one is told the same"
    [decision] = store.decisions("p", "ann")
    assert store.take_back(decision.number, "ann").sentences == waited
    assert store.progress("p").open == 0


def test_a_mark_that_touches_a_persons_is_left_alone(store: Store):
    filled(store)
    review = store.open_item(1, claim=False)
    at = review.text.find("gene")
    store.save(
        Edit(
            item=1, base=review.base, surface=review.surface, reviewer="ann",
            mentions=(mention(at, at + 4, "Gene", status="reviewed"),), surfaces=("gene",),
        )
    )  # fmt: skip
    assert 1 not in {one.item for one in proposals(store, "p", NAME)}
