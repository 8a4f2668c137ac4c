"""Decisions: alike marks in one group, one choice as one batch, on record, undone as one."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update
from store_support import empty, postgres_url  # noqa: F401 (a fixture)

from bioner.errors import AccessError, StoreError
from bioner.identifiers import identified, ids_of
from bioner.review.decisions import (
    accept_decided,
    choice_of,
    settle,
    take_following,
)
from bioner.review.groups import Board, examples, fold, make_board, read_board, where
from bioner.spans import Document, Mention, mention
from bioner.store import Edit, Project, Store, WaitingMark, surfaces_of
from bioner.store.alike import Alike, Waiting
from bioner.store.tables import items

TYPES = ("Gene", "Chemical", "Disease")
TEXTS = {
    "d1": ("The OB gene and leptin.", (("OB", "Chemical"), ("leptin", "Gene"))),
    "d2": ("Obese mice lack ob.", (("ob", "Gene"),)),
    "d3": ("OB is found with leptins.", (("OB", "Chemical"), ("leptins", "Gene"))),
}


def documents(names: tuple[str, ...] = tuple(TEXTS), score: float = 0.6) -> list[Document]:
    return [
        Document(
            name,
            TEXTS[name][0],
            tuple(
                mention(
                    TEXTS[name][0].index(surface),
                    TEXTS[name][0].index(surface) + len(surface),
                    label,
                    score=score,
                )
                for surface, label in TEXTS[name][1]
            ),
        )
        for name in names
    ]


@pytest.fixture(params=["sqlite", "postgres"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path / 'b.sqlite3'}"
        if request.param == "postgres":
            url = request.getfixturevalue("postgres_url")
            empty(url)

        def open_one() -> Store:
            store = Store(url, tmp_path / "backups")
            stack.callback(store.close)
            return store

        yield open_one


@pytest.fixture
def store(make: Callable[[], Store]) -> Store:
    one = make()
    one.create_project(Project("P", TYPES, frozenset(TYPES)))
    one.import_documents("P", documents(), model="m")
    return one


def marks_of(store: Store, name: str) -> set[tuple[str, str, str]]:
    [item] = store.items_of("P", name)
    review = store.open_item(item, "Ann", claim=False)
    return {
        (surface, one.label, one.status)
        for surface, one in zip(
            surfaces_of(review.text, review.mentions), review.mentions, strict=True
        )
    }


def status_of(store: Store, name: str) -> str:
    [item] = store.items_of("P", name)
    return store.open_item(item, "Ann", claim=False).status


def decide(store: Store, surface: str, label: str, boundary: str = "", who: str = "Ann") -> int:
    group = read_board(store, "P", who).find(surface)
    assert group is not None
    choice = choice_of(group, label, boundary)  # type: ignore[arg-type]
    return settle(store, "P", group, choice, reviewer=who).number


def accept(store: Store, name: str, who: str) -> None:
    [item] = store.items_of("P", name)
    review = store.open_item(item, who, claim=False)
    store.save(
        Edit(
            item=item,
            base=review.base,
            surface=review.surface,
            mentions=review.mentions,
            surfaces=surfaces_of(review.text, review.mentions),
            reviewer=who,
            verdict="accept",
        )
    )


@pytest.mark.parametrize(
    ("some", "other"),
    [("OB", "ob"), ("kinase", "Kinases"), ("antibody", "antibodies"), ("ob gene", "OB")],
)
def test_case_plural_and_a_flanking_word_are_folded(some: str, other: str) -> None:
    assert fold(some) == fold(other)


@pytest.mark.parametrize("surface", ["AIDS", "virus", "gas", "sepsis", "abscess", "gene"])
def test_what_only_looks_like_a_plural_or_a_flank_stays(surface: str) -> None:
    assert fold(surface) == surface.casefold()


def test_a_group_shows_its_types_its_writings_and_their_counts(store: Store) -> None:
    board = read_board(store, "P", "Ann")
    group = board.find("OB")
    assert group is not None
    assert group.said == "OB: Chemical ×2, Gene ×1"
    assert group.variants == {"OB": 2, "ob": 1}
    assert group.behind == 1
    assert board.marks == 5
    assert board.groups[0] is group, "two types for one thing are the greater doubt"


def mark(item: int, label: str, surface: str, score: float | None) -> WaitingMark:
    return WaitingMark(item, ((0, len(surface)),), label, score, surface, "", False)


def group_marks(marks: Sequence[WaitingMark]) -> Board:
    """Group marks that are known one by one."""
    alike: dict[tuple[str, str], list[WaitingMark]] = {}
    for one in marks:
        alike.setdefault((one.surface, one.label), []).append(one)
    counted = [
        Alike(*key, [m.item for m in ones], [m.score for m in ones]) for key, ones in alike.items()
    ]
    return make_board(Waiting(alike=tuple(counted), test_marks=0), (), lambda _: marks)


def test_groups_are_ranked_by_marks_times_doubt() -> None:
    marks = [
        *(mark(i, "Gene", "sure", 0.99) for i in range(2)),
        *(mark(i, "Gene", "open", 0.5) for i in range(5)),
        mark(9, "Gene", "once", 0.5),
    ]
    assert [one.surface for one in group_marks(marks).groups] == ["open", "once", "sure"]


@pytest.mark.parametrize("seed", range(20))
def test_examples_read_no_more_sentences_than_are_shown_and_are_those_of_the_whole_group(
    seed: int,
) -> None:
    chance = random.Random(seed)
    marks = [
        mark(chance.randrange(12), chance.choice("ABC"), "ob", chance.choice((None, 0.2, 0.5, 0.9)))
        for _ in range(chance.randrange(1, 40))
    ]
    marks = list({where(one): one for one in marks}.values())
    [group] = group_marks(marks).groups
    number = chance.randrange(3, 9)
    read: list[Sequence[int]] = []

    def reading(sentences: Sequence[int]) -> Sequence[WaitingMark]:
        read.append(sentences)
        return [one for one in marks if one.item in sentences]

    found = examples(replace(group, read=reading), number)
    assert [len(one) for one in read] == [min(number, len({one.item for one in marks}))]
    assert group.marks  # now all are known
    assert found == examples(group, number)
    assert len(found) == min(number, len(marks))


def test_examples_show_each_type_first_and_other_sentences_before_the_same() -> None:
    marks = [
        mark(1, "Gene", "ob", 0.5),
        mark(1, "Gene", "ob", 0.6),
        mark(2, "Gene", "ob", 0.9),
        mark(3, "Chemical", "ob", 0.99),
    ]
    [group] = group_marks(marks).groups
    assert [(one.item, one.label) for one in examples(group, 3)] == [
        (3, "Chemical"),
        (1, "Gene"),
        (2, "Gene"),
    ]


def test_one_choice_settles_a_group_and_its_sentences_are_begun_not_accepted(store: Store) -> None:
    number = decide(store, "ob", "Gene")
    assert marks_of(store, "d1") == {("OB", "Gene", "reviewed"), ("leptin", "Gene", "predicted")}
    assert {status_of(store, name) for name in TEXTS} == {"open"}
    assert store.usable("P").sentences == 0, "nobody has read them: training sees none"
    [one] = store.decisions("P", "Ann")
    assert (one.number, one.marks, one.sentences, one.stands) == (number, 3, 3, True)
    assert (one.choice.label, one.choice.key) == ("Gene", "ob")
    assert read_board(store, "P", "Ann").find("ob") is None


def test_no_entity_takes_the_marks_away(store: Store) -> None:
    decide(store, "leptin", "")
    assert marks_of(store, "d3") == {("OB", "Chemical", "predicted")}


def test_the_flanking_word_is_taken_in_or_left_out(store: Store) -> None:
    decide(store, "ob", "Gene", "with")
    assert ("OB gene", "Gene", "reviewed") in marks_of(store, "d1")
    assert ("OB", "Gene", "reviewed") in marks_of(store, "d3"), "no such word stands there"
    text = "The OB gene."
    there = Document("d4", text, (mention(4, 11, "Gene", score=0.5),))
    store.import_documents("P", [there], model="m")
    decide(store, "ob", "Gene", "without")
    assert marks_of(store, "d4") == {("OB", "Gene", "reviewed")}


def test_a_mark_that_becomes_shorter_loses_what_its_concept_said(store: Store) -> None:
    marks = (mention(4, 11, "Gene", score=0.5), mention(16, 18, "Gene", score=0.5))
    told = Document("d4", "The OB gene and OB.", tuple(identified(one, "7") for one in marks))
    store.import_documents("P", [told], model="m")
    decide(store, "ob", "Gene", "without")
    [item] = store.items_of("P", "d4")
    found = {one.start: ids_of(one.attributes) for one in store.open_item(item).mentions}
    assert found == {4: (), 16: ("7",)}


def test_an_exception_that_is_excluded_keeps_waiting(store: Store) -> None:
    group = read_board(store, "P", "Ann").find("ob")
    assert group is not None
    left = next(one for one in group.marks if one.surface == "ob")
    settle(store, "P", group, choice_of(group, "Chemical"), reviewer="Ann", excluded=[where(left)])
    assert marks_of(store, "d2") == {("ob", "Gene", "predicted")}
    assert status_of(store, "d2") == "waiting"


def test_a_decision_is_taken_back_as_one_by_another_process(
    store: Store, make: Callable[[], Store]
) -> None:
    number = decide(store, "ob", "Gene")
    back = make().take_back(number, "Ann")
    assert (back.sentences, back.kept) == (3, 0)
    assert {status_of(store, name) for name in TEXTS} == {"waiting"}
    assert not store.decisions("P", "Ann")[0].stands
    group = read_board(store, "P", "Ann").find("ob")
    assert group is not None
    assert len(group.marks) == 3
    assert group.follows is None
    with pytest.raises(StoreError, match="taken back already"):
        store.take_back(number, "Ann")


def test_a_decision_is_taken_back_under_a_later_one_that_stays(store: Store) -> None:
    first = decide(store, "ob", "Gene")
    decide(store, "leptin", "Chemical")
    assert store.take_back(first, "Ann").kept == 0
    assert marks_of(store, "d1") == {
        ("OB", "Chemical", "predicted"),
        ("leptin", "Chemical", "reviewed"),
    }
    assert status_of(store, "d2") == "waiting"


def test_what_was_accepted_since_is_kept_when_a_decision_is_taken_back(store: Store) -> None:
    number = decide(store, "ob", "Gene")
    accept(store, "d2", "Ben")
    back = store.take_back(number, "Ann")
    assert (back.sentences, back.kept) == (2, 1)
    assert (status_of(store, "d2"), status_of(store, "d1")) == ("done", "waiting")


def test_undo_in_one_sentence_and_redo_say_so_of_the_decision(store: Store) -> None:
    number = decide(store, "ob", "Gene")
    [item] = store.items_of("P", "d2")
    assert len(store.undo(item, "Ann")) == 3
    assert not store.decisions("P", "Ann")[0].stands
    store.redo(item, "Ann")
    assert store.decisions("P", "Ann")[0].stands
    assert store.take_back(number, "Ann").sentences == 3


def test_a_sentence_that_somebody_has_open_is_left_and_counted(store: Store) -> None:
    [item] = store.items_of("P", "d2")
    store.open_item(item, "Ben")
    group = read_board(store, "P", "Ann").find("ob")
    assert group is not None
    settled = settle(store, "P", group, choice_of(group, "Gene"), reviewer="Ann")
    assert (settled.marks, settled.held, settled.changed) == (2, 1, 0)
    assert marks_of(store, "d2") == {("ob", "Gene", "predicted")}


def test_what_another_decided_meanwhile_is_left_and_counted(store: Store) -> None:
    group = read_board(store, "P", "Ann").find("ob")
    assert group is not None
    accept(store, "d2", "Ben")
    decide(store, "ob", "Disease", who="Ben")
    settled = settle(store, "P", group, choice_of(group, "Gene"), reviewer="Ann")
    assert (settled.number, settled.marks, settled.changed) == (0, 0, 3)
    assert ("OB", "Disease", "reviewed") in marks_of(store, "d1")


def test_two_reviewers_at_once_lose_nothing(store: Store, make: Callable[[], Store]) -> None:
    other = make()
    mine, theirs = read_board(store, "P", "Ann"), read_board(other, "P", "Ben")
    ob, leptin = mine.find("ob"), theirs.find("leptin")
    assert ob is not None
    assert leptin is not None
    first = settle(store, "P", ob, choice_of(ob, "Gene"), reviewer="Ann")
    second = settle(other, "P", leptin, choice_of(leptin, "Chemical"), reviewer="Ben")
    assert (first.marks, second.marks) == (3, 2), "their marks lie in the same sentences"
    assert marks_of(store, "d3") == {
        ("OB", "Gene", "reviewed"),
        ("leptins", "Chemical", "reviewed"),
    }


def test_later_texts_are_offered_the_decision_on_the_same_surface(store: Store) -> None:
    first = decide(store, "ob", "Gene")
    text = "Again OB."
    store.import_documents("P", [Document("d9", text, (mention(6, 8, "Disease"),))], model="m")
    board = read_board(store, "P", "Ann")
    assert [one.key for one in board.following] == ["ob"]
    [settled] = take_following(store, "P", board, reviewer="Ann")
    assert settled.marks == 1
    assert marks_of(store, "d9") == {("OB", "Gene", "reviewed")}
    newest = store.decisions("P", "Ann")[0]
    assert newest.choice.follows == first


def test_sentences_with_every_mark_decided_are_accepted_on_request_and_cover_nothing(
    store: Store,
) -> None:
    decide(store, "ob", "Gene")
    assert accept_decided(store, "P", reviewer="Ann").sentences == 1, "d2 has no other mark"
    assert (status_of(store, "d2"), status_of(store, "d1")) == ("done", "open")
    [sentence] = store.corrections("P")
    assert [span.label for span in sentence.spans] == ["Gene"]
    assert sentence.covers == frozenset(), "silence is no evidence where nobody read"
    number = store.decisions("P", "Ann")[0].number
    store.take_back(number, "Ann")
    assert status_of(store, "d2") == "open"


def test_marks_of_my_test_are_left_to_be_read_one_by_one(store: Store) -> None:
    [item] = store.items_of("P", "d2")
    with store.database.write() as connection:
        connection.execute(update(items).where(items.c.id == item).values(is_test=True))
    board = read_board(store, "P", "Ann")
    assert (board.marks, board.test_marks) == (4, 1)


def test_a_moment_stays_until_other_marks_may_wait(store: Store) -> None:
    seen = [store.moment("P")]
    read_board(store, "P", "Ann")
    store.claim_next("P", "Ann")
    assert store.moment("P") == seen[0]
    decide(store, "ob", "Gene")
    seen.append(store.moment("P"))
    store.take_back(store.decisions("P", "Ann")[0].number, "Ann")
    seen.append(store.moment("P"))
    store.import_documents("P", documents(("d2",), score=0.1), model="m")
    seen.append(store.moment("P"))
    store.update_project(replace(store.project("P"), independent=True))
    seen.append(store.moment("P"))
    assert len(set(seen)) == 5


def test_each_reviewer_of_an_independent_project_decides_for_their_own_copy(
    make: Callable[[], Store],
) -> None:
    store = make()
    store.create_project(Project("P", TYPES, frozenset(TYPES), independent=True))
    store.import_documents("P", documents(), model="m")
    decide(store, "ob", "Gene")
    assert read_board(store, "P", "Ann").find("ob") is None
    theirs = read_board(store, "P", "Ben").find("ob")
    assert theirs is not None
    assert len(theirs.marks) == 3
    assert not store.decisions("P", "Ben")


@pytest.mark.parametrize(("label", "ids"), [("Gene", ("HGNC:1",)), ("Chemical", ())])
def test_a_mark_keeps_its_concept_with_its_type_and_loses_it_with_another(
    store: Store, label: str, ids: tuple[str, ...]
) -> None:
    named = identified(mention(0, 7, "Gene", score=0.6), "HGNC:1")
    store.import_documents("P", [Document("d9", "Ghrelin rose.", (named,))], model="m")
    decide(store, "ghrelin", label)
    [item] = store.items_of("P", "d9")
    [mark] = store.open_item(item, "Ann", claim=False).mentions
    assert (mark.label, ids_of(mark.attributes)) == (label, ids)


def test_a_type_that_the_project_lacks_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="not among its types"):
        decide(store, "ob", "Taxon")


def test_a_reader_decides_nothing(store: Store) -> None:
    project = store.project("P")
    people = (("Ann", "curator"), ("Rea", "reader"))
    store.update_project(replace(project, reviewers=people), "Ann")
    with pytest.raises((StoreError, AccessError)):
        decide(store, "ob", "Gene", who="Rea")


def test_a_resent_decision_is_saved_once(store: Store) -> None:
    group = read_board(store, "P", "Ann").find("ob")
    assert group is not None
    choice = choice_of(group, "Gene")
    once = settle(store, "P", group, choice, reviewer="Ann", op="one")
    again = settle(store, "P", group, choice, reviewer="Ann", op="one")
    assert (once.number, once.marks) == (again.number, again.marks)
    assert len(store.decisions("P", "Ann")) == 1


def test_a_discontinuous_mark_keeps_its_parts(store: Store) -> None:
    text = "breast and ovarian cancer"
    parts = Mention(((0, 6), (19, 25)), "Gene", status="predicted", score=0.5)
    store.import_documents("P", [Document("d5", text, (parts,))], model="m")
    decide(store, "breast cancer", "Disease")
    [item] = store.items_of("P", "d5")
    [one] = store.open_item(item, "Ann", claim=False).mentions
    assert one.fragments == parts.fragments
    assert one.label == "Disease"


def test_erasing_the_only_text_of_a_decision_erases_its_words(store: Store) -> None:
    decide(store, "leptin", "Gene")
    text = "Mr Smith has it."
    store.import_documents("P", [Document("d6", text, (mention(3, 8, "Disease"),))], model="m")
    decide(store, "Smith", "")
    store.erase_document("P", "d6", "Ann")
    smith, leptin = store.decisions("P", "Ann")
    assert (smith.choice.surface, smith.choice.key) == ("", "")
    assert leptin.choice.surface == "leptin"
